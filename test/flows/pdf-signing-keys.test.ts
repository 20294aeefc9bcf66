/** What becomes of PDFs when the key that signs them is away, or turns out not to be safe. */
import t from 'tap'
import { X509Certificate, createPrivateKey, createPublicKey } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Signers } from '../../src/agencies/signers.ts'
import type { ConnectionPolicy } from '../../src/axis/connections.ts'
import { handleCompromise } from '../../src/outbound/compromise.ts'
import { createRender } from '../../src/outbound/render.ts'
import type { ClaimedDispatch } from '../../src/outbound/store.ts'
import { importAnswer } from '../../src/trust/revocation/import.ts'
import { signerFromPem } from '../../src/trust/signers/pem.ts'
import { loadTrust, storesOf } from '../../src/trust/store.ts'
import { fingerprintOf } from '../../src/trust/verdict.ts'
import { createClock } from '../support/axis.ts'
import { startCa } from '../support/ca.ts'
import { A, organisation } from '../support/gateway.ts'
import { makePdf, pagesOf } from '../support/pdf.ts'
import { startSigning } from '../support/pdf-signing.ts'
import { startRevocationWorld } from '../support/revocation.ts'
import { until } from '../support/until.ts'
import { signDigest } from '../trust/signers/signing-server.ts'
import { needsOpenssl } from '../trust/world.ts'

const file = { name: 'Phụ lục.pdf', bytes: makePdf(pagesOf('Phu luc')) }
const annex = [{ file: 1, as: 'annex' }]
const OTHER = 'so-tai-chinh-vi-du'
const fingerprint = (name: string) => fingerprintOf(new X509Certificate(organisation(name).certificates))
const keyOf = (name: string) => ({ agency: A.codes[0], keyPem: organisation(name).key, certificatePem: organisation(name).certificates })

t.test('while the signer is away the document waits, visibly, and nobody is refused; when it is back, it is signed once and goes', needsOpenssl, async (t) => {
  const clock = createClock()
  const keys = { privateKey: createPrivateKey(organisation(OTHER).key), publicKey: createPublicKey(organisation(OTHER).key) }
  let isAway = true
  let signatures = 0
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
      if (isAway) return void response.writeHead(503).end()
      signatures++
      response.end(JSON.stringify({ signature: signDigest(keys, JSON.parse(Buffer.concat(chunks).toString())).toString('base64') }))
    })
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  t.teardown(() => { server.close().closeAllConnections() })
  const world = await startSigning(t, { edges: { now: clock.now } })
  await world.apply({ signers: [{ agency: A.codes[0], remote: { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, secret: 'bi-mat' }, certificatePem: organisation(OTHER).certificates }] })
  await world.gateway.start()
  const answer = await world.submit([file], annex)
  t.equal(answer.statusCode, 202, answer.body)
  const { id } = answer.json()
  const document = await world.when(id, ({ attachments: [attachment] }) => attachment!.signing!.reason !== null)
  t.match(document, { attachments: [{ signing: { state: 'waiting', reason: 'the signer is away' } }], deliveries: [{ state: 'waiting' }] })
  t.match(document.deliveries[0]!.history.at(-1), { kind: 'waiting', detail: { attachment: 1, reason: 'the signer is away' } })

  isAway = false
  clock.forward(120_000)
  const { item } = await world.arrived()
  t.match(item.attachments[0]!.pdf, { result: 'valid', signatures: [{ signer: { fingerprint: fingerprint(OTHER) } }] })
  t.equal(signatures, 3, 'of the file, the seal and the packet, one each')
})

t.test('a PDF that a compromised key has signed and that has not left is signed anew, and its packet made anew', async (t) => {
  const world = await startSigning(t, { edges: { connect: () => { throw new Error('no way out yet') } } })
  await world.gateway.start()
  const { id } = (await world.submit([file], annex)).json()
  await world.when(id, ({ attachments: [attachment] }) => attachment!.signing!.state === 'finished')
  await world.apply({ signers: [keyOf(OTHER)] })
  const report = await handleCompromise({ database: world.database, fingerprint: fingerprint(A.key), since: new Date(0), now: new Date(), actor: 'test' })
  t.match(report, { filesSignedAgain: 1, hasOtherKey: true, dispatches: [{ state: 'waiting', remedy: 'sign-again' }] })
  const document = await world.when(id, ({ attachments: [attachment] }) => attachment!.signing!.pdf?.signatures[0]?.signer?.fingerprint === fingerprint(OTHER))
  t.match(document.deliveries[0]!.history.map(({ kind }) => kind), ['submitted', 'waiting', 'file-signed', 'file-ready', 'file-unsigned', 'file-signed', 'file-ready'])
})

t.test('a packet that is made while its file waits for another signature does not leave with the file unsigned', async (t) => {
  const world = await startSigning(t)
  await world.gateway.start()
  const { id } = (await world.submit([file], annex)).json()
  await world.arrived()
  // As between the claim of a dispatch and its packet: the key turns out to be revoked over another connection
  await world.database.query(`update pdf_signing set state = 'waiting', level = null, increment = null, work = null, signed_by = null, sha256 = null, verdict = null, next_at = now() + interval '1 day'`)
  const { rows: [dispatch] } = await world.database.query<ClaimedDispatch>('select id, document_id as "documentId", null as packet, null as "signedBy" from dispatch where document_id = $1', [id])
  const signers = { signerOf: async () => signerFromPem(organisation(A.key)), isRevoked: async () => false } as unknown as Signers
  const render = createRender({ database: world.database, signers, now: () => new Date() })
  t.equal(await render(dispatch!, { sealing: true } as ConnectionPolicy), null)
})

t.test('what has left with a compromised key\'s signature stays as it is, for all recipients', async (t) => {
  const world = await startSigning(t)
  await world.gateway.start()
  const { id } = (await world.submit([file], annex)).json()
  await world.arrived()
  await until(async () => (await world.view(id)).deliveries[0]!.state === 'sent')
  const before = (await world.view(id)).attachments
  await world.apply({ signers: [keyOf(OTHER)] })
  const report = await handleCompromise({ database: world.database, fingerprint: fingerprint(A.key), since: new Date(0), now: new Date(), actor: 'test' })
  t.match(report, { filesSignedAgain: 0, dispatches: [{ state: 'sent', remedy: 'tell-recipient' }] })
  t.strictSame((await world.view(id)).attachments, before)
})

t.test('a PDF whose key its CA revokes before it has left is signed anew with the key in use', async (t) => {
  const ca = await startCa(t)
  const [old, present, sender] = [ca.issue(), ca.issue(), ca.issue()]
  const world = await startRevocationWorld(t, { ca, leaves: [sender], settings: { missingRevocation: 'accept' }, policy: { packetSignature: 'ignored' } })
  const { a, apply, clock, database, simulator } = world
  const key = (leaf: typeof old, from: string) => ({ agency: A.codes[0], keyPem: leaf.keyPem, certificatePem: leaf.pem, from })
  await apply({ signers: [key(old, '2021-01-01'), key(present, '2022-01-01')] })
  const { rows: [connection] } = await database.query<{ port: string }>(`select substring(base_url from ':(\\d+)/') as port from connection`)
  await world.gateway.start()
  await simulator.close()
  const packet = await world.packet(sender)
  const { id } = (await until(async () => { const answer = await a.ask('POST', `/documents?sign=${encodeURIComponent(JSON.stringify(annex))}`, packet); return answer.statusCode === 202 && answer })).json()
  const signing = async () => (await a.document(id)).attachments[0].signing
  await until(async () => (await signing()).state === 'finished')
  t.equal((await signing()).pdf.signatures[0].signer.fingerprint, fingerprintOf(present.certificate))
  await until(async () => (await database.query(`select from dispatch where document_id = $1 and packet is not null`, [id])).rowCount === 1)
  ca.revoke(present)
  t.match(await importAnswer('sub.crl', ca.crl(), { database, stores: storesOf(loadTrust(ca.trustDir)), now: clock.now(), actor: 'test' }), { isNew: true })
  await until(async () => (await world.alarms()).some(({ kind }) => kind === 'signer.revoked'), { timeout: 20_000 })
  await simulator.listen({ port: Number(connection!.port) })
  clock.forward(6 * 60_000)
  const document = await until(async () => { const document = await a.document(id); return document.deliveries[0].state === 'sent' && document }, { timeout: 30_000 })
  t.match(document.attachments[0].signing.pdf, { result: 'valid', signatures: [{ signer: { fingerprint: fingerprintOf(old.certificate) } }] })
  t.same(document.deliveries[0].history.map(({ kind }: { kind: string }) => kind).filter((kind: string) => /^(file|sent)/.test(kind)), ['file-signed', 'file-ready', 'file-unsigned', 'file-signed', 'file-ready', 'sent'])
})
