/** The gateway is killed (SIGKILL) at every step of signing a PDF, and started again: the file is signed once, and its document arrives once. */
import t from 'tap'
import { createPrivateKey, createPublicKey } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createSystemKey } from '../../src/access/keys.ts'
import { createVault } from '../../src/access/secrets.ts'
import { applySetup } from '../../src/admin/apply.ts'
import { parseSetup } from '../../src/admin/setup.ts'
import { loadConfig } from '../../src/config.ts'
import type { DocumentView } from '../../src/outbound/view.ts'
import { createTestDatabase } from '../support/database.ts'
import { A, documentPacket, organisation, setupFor, signedPacket, simulatorFor } from '../support/gateway.ts'
import { makePdf, pagesOf } from '../support/pdf.ts'
import { startTsa } from '../support/pdf-signing.ts'
import { freePort, superviseGateway } from '../support/supervised.ts'
import { until } from '../support/until.ts'
import { signDigest } from '../trust/signers/signing-server.ts'
import { needsOpenssl } from '../trust/world.ts'

const SIGNER = 'so-tai-chinh-vi-du'

t.test('a gateway killed at any step of signing goes on, makes one signature of the file, and sends it once', { ...needsOpenssl, timeout: 120_000 }, async (t) => {
  const authority = await startTsa(t)
  const keys = { privateKey: createPrivateKey(organisation(SIGNER).key), publicKey: createPublicKey(organisation(SIGNER).key) }
  const test = await createTestDatabase()
  const killed: string[] = []
  const killOnce = (step: string) => {
    if (killed.includes(step)) return false
    killed.push(step)
    gateway.kill()
    return true
  }
  const signing = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
      if (killOnce('the signer is asked')) return response.destroy()
      response.end(JSON.stringify({ signature: signDigest(keys, JSON.parse(Buffer.concat(chunks).toString())).toString('base64') }))
      return response
    })
  }).listen(0, '127.0.0.1')
  await once(signing, 'listening')
  authority.server.answering = async (query, response, request) => {
    if (killOnce('the authority is asked')) response.destroy()
    else await authority.server.honest(query, response, request)
  }
  const port = await freePort()
  const simulator = simulatorFor({ onEvent: (event) => { if (event.kind === 'accepted' && event.packet === 'document') killOnce('the axis has it') } })
  const { url: axisUrl } = await simulator.listen()
  const { masterKey } = loadConfig({ LIENTHONG_MODE: 'test' })
  const made = { at: new Date(), actor: 'test' }
  const base = setupFor(axisUrl, { policy: { sendTimeoutSeconds: 1 } })
  const setup = {
    ...base,
    signers: [...base.signers.filter(({ agency }) => agency !== A.codes[0]), { agency: A.codes[0], remote: { url: `http://127.0.0.1:${(signing.address() as AddressInfo).port}/`, secret: 'bi-mat' }, certificatePem: organisation(SIGNER).certificates }],
    trust: { timeStamping: { url: authority.server.url, everySeconds: 86_400 } },
  }
  await applySetup(parseSetup(JSON.stringify(setup)), { database: test.database, vault: createVault(masterKey), now: made.at, actor: made.actor })
  const [keyA, keyB] = await test.database.transaction(async (tx) => [await createSystemKey(tx, { ...made, systemId: 'dms-a' }), await createSystemKey(tx, { ...made, systemId: 'dms-b' })])
  const gateway = superviseGateway(port, { DATABASE_URL: test.gatewayUrl, DATABASE_OWNER_URL: test.ownerUrl, TRUST_DIR: authority.folder })
  t.teardown(async () => {
    await gateway.stop()
    signing.close().closeAllConnections()
    await simulator.close()
    await test.drop()
  })
  const ask = async (key: string, path: string, body?: Buffer): Promise<Response | null> =>
    fetch(`http://127.0.0.1:${port}/v1${path}`, { method: body ? 'POST' : 'GET', headers: { authorization: `Bearer ${key}`, ...body && { 'content-type': 'application/xml' } }, ...body && { body: new Uint8Array(body) } }).catch(() => null)
  const json = async <Body>(key: string, path: string): Promise<Body | null> => { const answer = await ask(key, path); return answer?.ok ? answer.json() as Promise<Body> : null }
  const patience = { timeout: 90_000 }

  const packet = await signedPacket(documentPacket({}, [{ name: 'Phụ lục.pdf', bytes: makePdf(pagesOf('Phu luc')) }]), SIGNER)
  const path = `/documents?sign=${encodeURIComponent('[{"file":1,"as":"annex"}]')}`
  const { id } = await until(async () => { const answer = await ask(keyA!.text, path, packet); return answer?.status === 202 && await answer.json() as { id: string } }, patience)
  killed.push('accepted')
  gateway.kill()
  const isAt = async (condition: string) => (await test.database.query(`select from pdf_signing where ${condition}`)).rowCount === 1
  await until(() => isAt(`level = 'B-T'`), { ...patience, every: 5 })
  killOnce('stamped')
  await until(() => isAt(`state = 'finished'`), { ...patience, every: 5 })
  killOnce('finished')

  const { items: [item] } = await until(async () => { const page = await json<{ items: { id: string }[] }>(keyB!.text, '/mailbox'); return page && page.items.length > 0 ? page : null }, patience)
  const arrived = (await until(() => json<{ attachments: { sha256: string, pdf: { result: string, signatures: { level: string }[] } }[] }>(keyB!.text, `/mailbox/${item!.id}`), patience)).attachments[0]!
  const document = await until(async () => { const document = await json<DocumentView>(keyA!.text, `/documents/${id}`); return document?.deliveries[0]!.state === 'sent' ? document : null }, patience)

  t.same(killed.toSorted(), ['accepted', 'finished', 'stamped', 'the authority is asked', 'the axis has it', 'the signer is asked'])
  t.match(arrived.pdf, { result: 'valid', signatures: [{ level: 'B-T' }] })
  t.equal(arrived.pdf.signatures.length, 1, 'one signature in the file')
  t.equal(document.attachments[0]!.signing!.sha256, arrived.sha256, 'what the sender sees is what has arrived')
  t.equal(document.deliveries[0]!.history.filter(({ kind }) => kind === 'file-signed').length, 1)
  t.equal(document.deliveries[0]!.history.filter(({ kind }) => kind === 'file-ready').length, 1)
  t.equal(simulator.events.filter((event) => event.kind === 'accepted' && event.packet === 'document').length, 1, 'the axis was given the document once')
})
