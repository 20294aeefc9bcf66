/** What an administrator asks of keys from a shell: whether they sign, and what a stolen one has signed. */
import t from 'tap'
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { verifyAudit, linkAudit } from '../../src/audit/audit.ts'
import { createTellOwnKeys } from '../../src/agencies/revoked-keys.ts'
import { openAlarms } from '../../src/alarms/alarms.ts'
import { compromisedCommand, testCommand } from '../../src/cli/keys.ts'
import { handleCompromise } from '../../src/outbound/compromise.ts'
import { fingerprintOf } from '../../src/trust/verdict.ts'
import { createClock } from '../support/axis.ts'
import { A, B, documentPacket, organisation, setupFor, signedPacket, startWorld } from '../support/gateway.ts'
import { until } from '../support/until.ts'

const DAY = 24 * 60 * 60 * 1000
const NEXT = 'so-noi-vu-vi-du'
const fingerprint = (name: string) => fingerprintOf(new X509Certificate(organisation(name).certificates))
const example = (name: string) => ({ keyPem: read(`${name}.key.pem`), certificatePem: read(`${name}.crt.pem`) })
const read = (file: string) => readFileSync(resolve(import.meta.dirname, '../../certs-example', file), 'utf8')
const tomorrow = () => new Date(Date.now() + DAY).toISOString()
const options = { json: true }

const document = (number: string) => signedPacket(documentPacket({ documentId: `H90.01,2026/01/05,${number}/VP`, code: { codeNumber: number, codeNotation: 'VP' } }))

type Tested = { agency: string, standing: string, algorithm: string | null, revocation: string, faults: { code: string }[] }
const testedIn = ({ lines }: { lines: readonly string[] }) => JSON.parse(lines.join('\n')) as Tested[]

t.test('the present and the next key of every agency sign a sample, which is judged for the day they begin', async (t) => {
  const { database, config, apply } = await startWorld(t)
  await apply({ signers: [{ agency: A.codes[0], ...example(`organisations/${NEXT}`), from: tomorrow(), padding: 'pss' }] })
  const outcome = await testCommand(database, config, [], options)
  t.equal(outcome.exitCode, 0)
  t.match(testedIn(outcome).filter(({ agency }) => A.codes.includes(agency)), [
    { standing: 'current', algorithm: /rsa-sha256$/, revocation: 'good', faults: { length: 0 } },
    { standing: 'next', algorithm: /sha256-rsa-MGF1$/, revocation: 'good', faults: { length: 0 } },
  ])
  t.equal(testedIn(outcome).length, 3)
  t.equal(testedIn(await testCommand(database, config, [B.codes[1]!], options)).length, 1, 'or of one agency, by any of its codes')
  await t.rejects(testCommand(database, config, ['H90.99'], options), { code: 'SETUP_INVALID' })
  const { lines } = await testCommand(database, config, [A.codes[0]!], { json: false })
  t.match(lines.join('\n'), /tiếp theo · next .*sha256-rsa-MGF1.*good/)
})

t.test('a next key whose documents would not be believed is told before it takes over', async (t) => {
  for (const [name, code, revocation] of [['bad/revoked', /REVOKED/, 'revoked'], ['bad/expired', /EXPIRED/, 'unknown'], ['bad/wrong-issuer', /ISSUER_UNKNOWN/, 'unknown']] as const) {
    const { database, config, apply } = await startWorld(t)
    await apply({ signers: [{ agency: A.codes[0], ...example(name), from: tomorrow() }] })
    const outcome = await testCommand(database, config, [A.codes[0]!], options)
    t.equal(outcome.exitCode, 1, name)
    t.match(testedIn(outcome), [{ standing: 'current', faults: { length: 0 } }, { standing: 'next', revocation, faults: [{ code }] }], name)
  }
})

t.test('a key that cannot be reached fails the test, without a word of its secret', async (t) => {
  const { database, config, apply } = await startWorld(t)
  await apply({ signers: [{ agency: A.codes[0], remote: { url: 'http://127.0.0.1:1/', secret: 'bi-mat' }, certificatePem: example(`organisations/${NEXT}`).certificatePem, from: tomorrow() }] })
  const outcome = await testCommand(database, config, [A.codes[0]!], options)
  t.equal(outcome.exitCode, 1)
  t.match(testedIn(outcome)[1], { algorithm: null, faults: [{ code: 'SERVER_AWAY' }] })
  t.notMatch(JSON.stringify(outcome), 'bi-mat')
})

t.test('a stolen key signs nothing more; what has not left is signed again, what has is listed with what to do', async (t) => {
  const clock = createClock()
  const { gateway, database, simulator, config, a, b, apply } = await startWorld(t, { edges: { now: clock.now } })
  const { rows: [connection] } = await database.query<{ port: string }>(`select substring(base_url from ':(\\d+)/') as port from connection`)
  await gateway.start()
  const sent = (await a.submit(await document('1'))).json<{ id: string }>()
  await until(async () => (await b.mailbox()).items.length === 1)
  await simulator.close()
  const kept = (await a.submit(await document('2'))).json<{ id: string }>()
  await until(async () => (await database.query(`select from dispatch where document_id = $1 and packet is not null and state = 'waiting'`, [kept.id])).rowCount === 1)

  const said = { since: new Date(Date.now() - DAY).toISOString(), json: true }
  await t.rejects(compromisedCommand(database, config, ['00'.repeat(32)], said), { code: 'SETUP_INVALID' })
  await t.rejects(compromisedCommand(database, config, [fingerprint(A.key)], { json: true }), { code: 'REQUEST_INVALID' })
  const { lines } = await compromisedCommand(database, config, [fingerprint(A.key).toUpperCase().replace(/..(?=.)/g, '$&:')], said)
  t.match(JSON.parse(lines.join('\n')), {
    agencies: [A.name], hasOtherKey: false, signedAgain: 1,
    dispatches: [
      { code: '1/VP', state: 'sent', remedy: 'tell-recipient', recipients: [{ code: B.codes[0] }], stampedAt: null },
      { code: '2/VP', state: 'waiting', remedy: 'sign-again' },
    ],
  })

  await apply(setupFor(`http://127.0.0.1:${connection!.port}/axis`)) // says the old key again: it stays retired
  await apply({ signers: [{ agency: A.codes[0], ...example(`organisations/${NEXT}`) }] })
  await simulator.listen({ port: Number(connection!.port) })
  clock.forward(6 * 60 * 1000)
  await a.submit(await document('3'))
  const { items } = await until(async () => { const found = await b.mailbox(); return found.items.length === 3 && found })
  const again = items.find(({ number }) => number === '2')!
  t.match((await b.item(again.id)).seal, { result: 'valid', signer: { fingerprint: fingerprint(NEXT) } })
  t.same((await a.document(kept.id)).deliveries[0].history.map(({ kind }: { kind: string }) => kind).filter((kind: string) => /signed/.test(kind)), ['signed', 'unsigned', 'signed'])

  const table = await compromisedCommand(database, config, [fingerprint(A.key)], { ...said, json: false })
  t.match(table.lines.join('\n'), /1\/VP .*tell the recipients/)
  t.notMatch(table.lines.join('\n'), /2\/VP/)

  // A time-stamp from before the revocation clears what was sent
  const { rows: [batch] } = await database.query<{ id: string }>(`insert into stamp_batch (root, size, made_at) values ('\\x00', 1, now()) returning id`)
  await database.query(`insert into stamp_leaf (batch_id, position, kind, subject, hash) select $1, 0, 'dispatch', id::text, packet from dispatch where document_id = $2`, [batch!.id, sent.id])
  await database.query(`insert into stamp_token (batch_id, token, gen_time, verdict, received_at) values ($1, '\\x00', now(), '{"result": "valid"}', now())`, [batch!.id])
  const revoked = { database, fingerprint: fingerprint(A.key), since: new Date(said.since), now: clock.now(), actor: 'test' }
  t.match(await handleCompromise({ ...revoked, revokedAt: new Date(Date.now() + DAY) }), { dispatches: [{ remedy: 'proved' }] })
  t.match(await handleCompromise({ ...revoked, revokedAt: new Date(Date.now() - DAY) }), { dispatches: [{ remedy: 'tell-recipient' }] })

  await linkAudit(database)
  t.match(await verifyAudit(database), { ok: true })
  t.equal((await database.query(`select from audit_entry where action = 'key.retired' and subject = $1`, [fingerprint(A.key)])).rowCount, 4)
})

t.test('a key of ours that its CA has revoked is told to a person, until it is retired', async (t) => {
  const { database } = await startWorld(t)
  const log = { info () {}, error () {} }
  const tellOwnKeys = createTellOwnKeys({ database, log, now: () => new Date() })
  const since = new Date('2026-11-20T00:00:00Z')
  const revoked = [{ fingerprint: fingerprint(A.key), since, reason: 'keyCompromise' }, { fingerprint: '00'.repeat(32), since, reason: 'keyCompromise' }]
  async function * news () { yield * revoked }
  t.same(await Array.fromAsync(tellOwnKeys(news())), revoked, 'everybody else hears of all')
  t.match(await openAlarms(database), [{ kind: 'signer.revoked', subject: fingerprint(A.key), en: new RegExp(`compromised ${fingerprint(A.key)} --since 2026-11-20T00:00:00.000Z`) }])
  await handleCompromise({ database, fingerprint: fingerprint(A.key), since, revokedAt: since, now: new Date(), actor: 'test' })
  t.same(await openAlarms(database), [])
})
