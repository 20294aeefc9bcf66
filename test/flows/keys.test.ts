/** Keys that come, take over, go away and come back. */
import t from 'tap'
import type { Test } from 'tap'
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { openAlarms } from '../../src/alarms/alarms.ts'
import { fingerprintOf } from '../../src/trust/verdict.ts'
import { createClock } from '../support/axis.ts'
import { A, B, documentPacket, organisation, signedPacket, startWorld } from '../support/gateway.ts'
import { until } from '../support/until.ts'
import { signDigest } from '../trust/signers/signing-server.ts'
import { createToken, MODULE, needsToken } from '../trust/signers/softhsm.ts'
import { needsOpenssl } from '../trust/world.ts'

const SECOND = 1000
const DAY = 24 * 60 * 60 * SECOND
type Event = { kind: string, detail: { certificate?: string, reason?: string } }

/** A second key for A: the example PKI gave it to somebody else, the registry says whom it speaks for. */
const NEXT = 'so-noi-vu-vi-du'
const keysOf = (name: string) => ({ privateKey: createPrivateKey(organisation(name).key), publicKey: createPublicKey(organisation(name).key) })
const fingerprint = (name: string) => fingerprintOf(new X509Certificate(organisation(name).certificates))
const pkcs12Base64 = readFileSync(resolve(import.meta.dirname, `../../certs-example/organisations/${NEXT}.p12`), 'base64')

const document = (number: string) => signedPacket(documentPacket({ documentId: `H90.01,2026/01/05,${number}/VP`, code: { codeNumber: number, codeNotation: 'VP' } }))
const answer = (number: string) => signedPacket(documentPacket({
  from: { organId: B.codes[0]!, organName: B.name }, to: [{ organId: A.codes[0]!, organName: A.name }],
  documentId: `H90.27,2026/01/05,${number}/UBND`, code: { codeNumber: number, codeNotation: 'UBND' },
}), B.key)

t.test('the next key takes over on its day, and what it signs is valid', async (t) => {
  const clock = createClock()
  const { gateway, database, a, b, apply } = await startWorld(t, { edges: { now: clock.now } })
  const next = { agency: A.codes[0], pkcs12Base64, password: 'vi-du', padding: 'pss', from: new Date(Date.now() + DAY).toISOString() }
  await apply({ signers: [next] })
  await apply({ signers: [next] })
  await gateway.start()
  const signedBy = async (number: string) => {
    const { id } = (await a.submit(await document(number))).json()
    const item = await until(async () => (await b.mailbox()).items.find((item) => item.number === number))
    t.match((await b.item(item.id)).seal, { result: 'valid' })
    return (await a.document(id)).deliveries[0].history.find(({ kind }: Event) => kind === 'signed').detail.certificate
  }
  t.equal(await signedBy('1'), fingerprint(A.key))
  clock.forward(DAY + SECOND)
  t.equal(await signedBy('2'), fingerprint(NEXT))
  t.strictSame(await openAlarms(database), [])
  t.match((await database.query(`select encode(signed_by, 'hex') as by from dispatch where document_id is not null order by sequence`)).rows, [{ by: fingerprint(A.key) }, { by: fingerprint(NEXT) }])
})

type Away = { signer: object, leave (): void | Promise<void>, comeBack (): void | Promise<void> }

/** A signing server that keeps A's next key, at first not there. */
async function signingServer (t: Test): Promise<Away> {
  const keys = keysOf(NEXT)
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => response.end(JSON.stringify({ signature: signDigest(keys, JSON.parse(Buffer.concat(chunks).toString())).toString('base64') })))
  })
  const listen = (port: number) => new Promise<void>((resolve) => { server.listen(port, '127.0.0.1', resolve) })
  await listen(0)
  const { port } = server.address() as AddressInfo
  const close = () => new Promise((resolve) => { server.close(resolve).closeAllConnections() })
  t.teardown(close)
  return {
    signer: { agency: A.codes[0], remote: { url: `http://127.0.0.1:${port}/`, secret: 'bi-mat-cua-may-chu' }, certificatePem: organisation(NEXT).certificates },
    leave: async () => { await close() },
    comeBack: () => listen(port),
  }
}

async function token (t: Test): Promise<Away> {
  const folder = mkdtempSync(join(tmpdir(), 'lienthong-softhsm-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const made = createToken(folder, 'so-van-thu')
  made.add(keysOf(NEXT), 'ky-so', 'a1')
  return {
    signer: { agency: A.codes[0], pkcs11: { module: MODULE, token: { label: 'so-van-thu' }, key: { label: 'ky-so' }, pin: made.pin }, certificatePem: organisation(NEXT).certificates },
    leave: () => made.pull(),
    comeBack: () => made.plug(),
  }
}

for (const [what, needs, make] of [['signing server', needsOpenssl, signingServer], ['token', needsToken, token]] as const) {
  t.test(`a ${what} that is away delays its documents with one alarm, and nobody else's; back, it signs them`, needs, async (t) => {
    const clock = createClock()
    const { gateway, database, a, b, apply } = await startWorld(t, { edges: { now: clock.now } })
    const { signer, leave, comeBack } = await make(t)
    await apply({ signers: [signer] })
    await leave()
    await gateway.start()
    const { id } = (await a.submit(await document('1'))).json()
    await b.submit(await answer('2'))
    await until(async () => (await a.mailbox()).items.length === 1)
    const alarms = await until(async () => { const open = await openAlarms(database); return open.length > 0 && open })
    t.match(alarms, [{ kind: 'signer.away', subject: new RegExp(`/${fingerprint(NEXT)}$`), vi: /văn bản đang chờ/ }])

    clock.forward(11 * DAY)
    await a.submit(await document('3'))
    await until(async () => (await database.query(`select from dispatch where state = 'waiting' and next_at > $1`, [clock.now()])).rowCount === 2)
    t.same((await database.query('select state, attempts from dispatch where signed_at is null')).rows, [{ state: 'waiting', attempts: 0 }, { state: 'waiting', attempts: 0 }], 'nothing is refused or parked, however long it takes')
    t.equal((await openAlarms(database)).length, 1)

    await comeBack()
    clock.forward(61 * SECOND)
    await a.submit(await document('4'))
    const { items } = await until(async () => { const found = await b.mailbox(); return found.items.length === 3 && found })
    t.match((await b.item(items[0]!.id)).seal, { result: 'valid' })
    t.same((await a.document(id)).deliveries[0].history.map(({ kind }: Event) => kind).slice(0, 3), ['submitted', 'waiting', 'signed'])
    t.equal((await a.document(id)).deliveries[0].history[1].detail.reason, 'the signer is away')
    await until(async () => (await openAlarms(database)).length === 0)
    t.notMatch(JSON.stringify((await database.query('select * from alarm')).rows), /bi-mat-cua-may-chu|mã-pin/)
  })
}

t.test('an agency whose only key is retired has its documents wait for another', async (t) => {
  const clock = createClock()
  const { gateway, database, a, b, apply } = await startWorld(t, { edges: { now: clock.now } })
  await database.query(`update signer set retired_at = now(), retired_reason = 'compromised' where encode(fingerprint, 'hex') = $1`, [fingerprint(A.key)])
  await gateway.start()
  t.equal((await a.submit(await document('1'))).statusCode, 202)
  t.match(await until(async () => { const open = await openAlarms(database); return open.length > 0 && open }), [{ kind: 'signer.away', subject: /\/none$/ }])
  await apply({ signers: [{ agency: A.codes[0], pkcs12Base64, password: 'vi-du' }] })
  clock.forward(61 * SECOND)
  await until(async () => (await b.mailbox()).items.length === 1)
  t.strictSame(await openAlarms(database), [])
})
