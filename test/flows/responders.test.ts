/** Servers of revocation that are slow, endless, lying or unreachable: documents do not feel them, and nothing wrong is believed. */
import t from 'tap'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { ecKeys, pem } from '../../certs-example/issue.ts'
import { readCrl } from '../../src/trust/revocation/crl.ts'
import { storeBlobs } from '../../src/blobs/blobs.ts'
import { createGateway } from '../../src/gateway.ts'
import { startCa } from '../support/ca.ts'
import { startRevocationWorld } from '../support/revocation.ts'
import { until } from '../support/until.ts'

const HOUR = 3_600_000
const PROGRAM = resolve(import.meta.dirname, '../../src/cli/lienthong.ts')

t.test('documents flow while the CA says nothing', async (t) => {
  const ca = await startCa(t)
  const leaf = ca.issue(['crl', 'ocsp'])
  ca.answer(() => {}) // takes every request, and never answers
  const { gateway, send, settled, packet, a } = await startRevocationWorld(t, { ca, leaves: [leaf], settings: { missingRevocation: 'accept' } })
  await gateway.start()
  await settled(await send(leaf), 'handed-on')
  await until(() => ca.asked.length >= 2)
  const before = performance.now()
  for (const id of await Promise.all(Array.from({ length: 20 }, () => send(leaf)))) await settled(id, 'handed-on')
  t.equal((await a.submit(await packet(leaf))).statusCode, 202)
  t.ok(performance.now() - before < 5000, 'nobody waits for the server')
  t.equal(ca.asked.length, 2, 'which is asked once by each way, not once for each document')
})

t.test('an answer of 2 GB is cut off at its cap, and documents flow meanwhile', async (t) => {
  const ca = await startCa(t)
  const leaf = ca.issue()
  let written = 0
  const block = Buffer.alloc(1 << 20, 0x30)
  ca.answer((response) => {
    const more = () => {
      do written += block.length
      while (written < 2 ** 31 && response.write(block))
    }
    response.on('drain', more)
    more()
  })
  const { gateway, send, settled, source } = await startRevocationWorld(t, { ca, leaves: [leaf], settings: { missingRevocation: 'accept' } })
  await gateway.start()
  for (const id of await Promise.all(Array.from({ length: 10 }, () => send(leaf)))) await settled(id, 'handed-on')
  t.match(await until(async () => { const found = await source('crl'); return found?.outcome && found }, { timeout: 30_000 }), { outcome: 'too-large', failures: 1 })
  t.ok(written < 64 << 20, `${written >> 20} MiB were written before the end`)
})

t.test('what is no CRL, or not the CA\'s, is not kept, and its source says why', async (t) => {
  const ca = await startCa(t)
  const leaf = ca.issue()
  const forged = ca.crl({ issuer: { ...ca.sub, keys: ecKeys('prime256v1') } })
  const changed = Buffer.from(ca.crl())
  changed[changed.indexOf(Buffer.from('CA thử nghiệm')) + 40]! ^= 1
  const cases: [bytes: Buffer, detail: RegExp][] = [
    [Buffer.from('<html>Đăng nhập</html>'), /not a CRL/], [Buffer.alloc(0), /not a CRL/], [ca.crl().subarray(0, 100), /not a CRL/],
    [forged, /no CA known here has signed/], [changed, /not a CRL|no CA known/], [ca.crl({ thisUpdate: new Date(Date.now() + 24 * HOUR) }), /begins at/],
  ]
  const { gateway, database, waiting, send, source, askNow } = await startRevocationWorld(t, { ca, leaves: [leaf] })
  ca.answer((response) => { response.end(cases[0]![0]) })
  await gateway.start()
  await waiting(await send(leaf))
  for (const [index, [bytes, detail]] of cases.entries()) {
    ca.answer((response) => { response.setHeader('etag', '"x"'); response.end(bytes) })
    if (index > 0) await askNow()
    t.match(await until(async () => { const found = await source('crl'); return found?.failures === index + 1 && found }, { timeout: 20_000 }), { outcome: 'rejected', detail })
  }
  const { rowCount } = await database.query(`select from revocation_answer where source like '%sub.crl'`)
  t.equal(rowCount, 0)
})

t.test('an older CRL is kept, and takes nothing back', async (t) => {
  const ca = await startCa(t)
  const [leaf, other] = [ca.issue(), ca.issue()]
  const older = ca.crl({ thisUpdate: new Date(Date.now() - 3 * HOUR) })
  ca.revoke(leaf)
  ca.publish()
  const { gateway, database, send, settled, source, askNow } = await startRevocationWorld(t, { ca, leaves: [leaf, other] })
  await gateway.start()
  await settled(await send(leaf), 'quarantined')
  ca.answer((response) => { response.end(older) })
  await askNow()
  await until(async () => (await source('crl'))?.outcome === 'older', { timeout: 20_000 })
  const { rows } = await database.query<{ versions: number }>(`select count(*)::int as versions from revocation_answer where source like '%sub.crl'`)
  t.same(rows, [{ versions: 2 }])
  await settled(await send(leaf), 'quarantined')
  await settled(await send(other), 'handed-on')
})

t.test('a CRL that has not changed is not sent again', async (t) => {
  const ca = await startCa(t)
  const leaf = ca.issue()
  const bytes = ca.crl()
  const validators: unknown[] = []
  ca.answer((response, { headers }) => {
    validators.push(headers['if-none-match'])
    response.setHeader('etag', '"v1"')
    if (headers['if-none-match'] === '"v1"') response.writeHead(304).end()
    else response.end(bytes)
  })
  const { gateway, send, settled, source, askNow } = await startRevocationWorld(t, { ca, leaves: [leaf] })
  await gateway.start()
  await settled(await send(leaf), 'handed-on')
  await askNow()
  await until(async () => (await source('crl'))?.outcome === 'unchanged', { timeout: 20_000 })
  t.same(validators, [undefined, '"v1"'])
})

t.test('a certificate leads to no host that is not on the list, nor to a private address unless that is allowed', async (t) => {
  const ca = await startCa(t)
  const leaf = ca.issue()
  const { gateway, apply, send, waiting, source, askNow } = await startRevocationWorld(t, { ca, leaves: [leaf], settings: { rewrite: {} } })
  await gateway.start()
  await waiting(await send(leaf))
  t.match(await until(async () => { const found = await source('crl'); return found?.outcome && found }), { outcome: 'forbidden', detail: /ca\.gov\.vn is not in/ })
  await apply({ trust: { ...ca.settings(), privateNetworks: false } })
  await until(async () => { await askNow(); return (await source('crl'))?.outcome === 'unreachable' }, { timeout: 20_000, every: 1000 })
  t.match(await source('crl'), { detail: /127\.0\.0\.1 is at an address that may not be reached/ })
  t.same(ca.asked, [])
})

t.test('a submission that only waits for an answer is refused for now, and taken when the answer is here', async (t) => {
  const ca = await startCa(t)
  const leaf = ca.issue()
  ca.answer((response) => { response.destroy() })
  const { gateway, database, a, packet, askNow } = await startRevocationWorld(t, { ca, leaves: [leaf] })
  await gateway.start()
  const bytes = await packet(leaf)
  const refused = await a.submit(bytes, { 'idempotency-key': 'k' })
  t.equal(refused.statusCode, 503)
  t.match(refused.json(), { code: 'SIGNATURE_UNDECIDED', detail: /REVOCATION_UNKNOWN/ })
  t.equal((await database.query('select from document')).rowCount, 0)
  ca.publish()
  await until(async () => (await database.query(`select from revocation_source where outcome = 'broken'`)).rowCount === 1)
  await askNow()
  await until(async () => (await a.submit(bytes, { 'idempotency-key': 'k' })).statusCode === 202, { timeout: 20_000 })
})

t.test('what one gateway is told, the other knows; each source is asked by one of them', async (t) => {
  const ca = await startCa(t)
  const leaf = ca.issue()
  const { gateway, config, a, packet, keys } = await startRevocationWorld(t, { ca, leaves: [leaf] })
  await using second = await createGateway(config, '0.0.0')
  await Promise.all([gateway.start(), second.start()])
  const bytes = await packet(leaf)
  await until(async () => (await a.submit(bytes)).statusCode === 202)
  const elsewhere = await packet(leaf)
  await until(async () => (await second.http.inject({ method: 'POST', url: '/v1/documents', headers: { authorization: `Bearer ${keys.a}`, 'content-type': 'application/xml' }, payload: elsewhere })).statusCode === 202, { timeout: 20_000, every: 100 })
  t.equal(ca.asked.length, 1)
})

t.test('a gateway that starts again knows what it was told before, and stumbles over nothing that it cannot read any more', async (t) => {
  const ca = await startCa(t)
  const leaf = ca.issue()
  const { gateway, database, config, a, packet, keys } = await startRevocationWorld(t, { ca, leaves: [leaf] })
  await gateway.start()
  const first = await packet(leaf)
  await until(async () => (await a.submit(first)).statusCode === 202)
  await database.transaction(async (tx) => {
    const [blob] = await storeBlobs(tx, [Buffer.from('as an earlier version took it')])
    await tx.query(`insert into revocation_answer (kind, answer, issuer_name, scope, this_update, source, fetched_at) values ('crl', $1, 'x', '', now(), 'x', now())`, [blob!.sha256])
  })
  t.equal((await database.query('select from revocation_answer')).rowCount, 3)
  await gateway[Symbol.asyncDispose]()
  ca.answer((response) => { response.destroy() })
  await using again = await createGateway(config, '0.0.0')
  const answer = await again.http.inject({ method: 'POST', url: '/v1/documents', headers: { authorization: `Bearer ${keys.a}`, 'content-type': 'application/xml' }, payload: await packet(leaf) })
  t.equal(answer.statusCode, 202)
})

t.test('a network without a way to the CA gets its answers from files', async (t) => {
  const ca = await startCa(t)
  const [leaf, bad] = [ca.issue(), ca.issue()]
  ca.answer((response) => { response.destroy() })
  ca.revoke(bad)
  const { gateway, database, config, send, waiting, settled } = await startRevocationWorld(t, { ca, leaves: [leaf, bad] })
  await gateway.start()
  const [waits, revoked] = [await send(leaf), await send(bad)]
  await waiting(waits)
  const folder = mkdtempSync(join(tmpdir(), 'lienthong-import-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = (name: string, bytes: Buffer) => { writeFileSync(join(folder, name), bytes); return join(folder, name) }
  const newest = ca.crl()
  const both = Buffer.from([newest, ca.rootCrl].map((crl) => pem('X509 CRL', crl)).join('Hai danh sách\n'))
  const { url, ownerUrl } = config.database as { url: string, ownerUrl: string }
  const run = (...args: string[]) => promisify(execFile)(process.execPath, [PROGRAM, 'revocation', ...args], {
    env: { PATH: process.env['PATH'], LIENTHONG_MODE: 'test', DATABASE_URL: url, DATABASE_OWNER_URL: ownerUrl, TRUST_DIR: ca.trustDir },
  }).then(({ stdout, stderr }) => ({ code: 0, stdout, stderr }), (error: { code: number, stdout: string, stderr: string }) => error)

  const imported = await run('import', file('sub.crl', both), file('root.crl', ca.rootCrl), file('other.crl', ca.crl({ issuer: { ...ca.sub, keys: ecKeys('prime256v1') } })), file('page.html', Buffer.from('<html>')))
  t.equal(imported.code, 1, 'since two were not taken')
  t.match(imported.stdout, /sub\.crl: đã nhận · taken: CRL .*the newest, SHA-256 [0-9a-f]{64}\n/)
  t.match(imported.stdout, /root\.crl: đã nhận · taken: CRL .*here already/, 'it was in the first file too')
  t.match(imported.stdout, /other\.crl: không nhận · not taken: không CA nào đã biết ký CRL này · no CA known here has signed this CRL of ca thử nghiệm, vn/)
  t.match(imported.stdout, /page\.html: không nhận · not taken: không phải CRL · not a CRL/)
  await settled(waits, 'handed-on')
  await settled(revoked, 'quarantined')
  const { rows: [entry] } = await database.query(`select actor, subject, detail from audit_entry where action = 'revocation.imported' order by id`)
  t.match(entry, { actor: 'lienthong revocation import', subject: readCrl(newest).sha256, detail: { file: 'sub.crl', found: 'CRL', isNew: true } })
  t.match(await run('import', join(folder, 'absent.crl')), { code: 1, stderr: /FILE_UNREADABLE: Không đọc được tệp · The file cannot be read \(.*absent\.crl: không tìm thấy · not found\)/ })
  const list = await run('list')
  t.match(list.stdout, /CRL\s+http:\/\/ca\.gov\.vn\/pki\/pub\/crl\/sub\.crl\s+.*đứt quãng · broken/)
  t.match(list.stdout, /nơi cấp · issuer +số · number +thisUpdate/)
  t.match(list.stdout, /ca thử nghiệm, vn\s+\d+ .*file sub\.crl\s+1/)
})
