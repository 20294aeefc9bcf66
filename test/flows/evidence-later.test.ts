/** A verdict that is given again later comes with what it rests on then. */
import t from 'tap'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeBundle } from '../../src/evidence/bundle.ts'
import { loadTrust } from '../../src/trust/store.ts'
import { runAll, verify } from '../support/bundle.ts'
import { startCa } from '../support/ca.ts'
import { startRevocationWorld } from '../support/revocation.ts'
import { until } from '../support/until.ts'
import { needsOpenssl } from '../trust/world.ts'

type Told = { verdict: string, reasons: { code: string }[] }

t.test('what passed without an answer on revocation is shown so; once its signer turns out revoked, the evidence shows that, and both verdicts', async (t) => {
  const ca = await startCa(t)
  const leaf = ca.issue()
  ca.answer((response) => { response.writeHead(503).end() })
  const { gateway, database, send, settled, askNow } = await startRevocationWorld(t, { ca, leaves: [leaf], settings: { missingRevocation: 'accept' } })
  await gateway.start()
  const { id } = await settled(await send(leaf), 'handed-on')
  const place = t.testdir()
  const bundle = async (name: string) => {
    const folder = join(place, name)
    t.strictSame((await writeBundle({ database, trusted: loadTrust(ca.trustDir), id, folder })).missing, [])
    const { code, out } = await verify(folder)
    const { verdict, reasons } = JSON.parse(out) as Told
    return { told: [code, verdict, ...new Set(reasons.map((reason) => reason.code))].join(' '), kept: JSON.parse(readFileSync(join(folder, 'verdict.json'), 'utf8')) as object }
  }
  const before = await bundle('before')
  t.equal(before.told, '0 valid REVOCATION_UNKNOWN_ACCEPTED')
  t.match(before.kept, { verdict: 'valid', signature: { result: 'valid' } })

  ca.revoke(leaf)
  ca.publish()
  await askNow()
  await until(async () => (await database.query(`select from arrival_recheck where arrival_id = $1 and state = 'revoked'`, [id])).rowCount === 1, { timeout: 20_000 })
  const after = await bundle('after')
  t.equal(after.told, '1 invalid CERTIFICATE_REVOKED')
  t.match(after.kept, { verdict: 'invalid', signature: { result: 'valid' }, recheck: { state: 'revoked', verdicts: { signature: { result: 'invalid' } } } })
})

t.test('an OCSP answer is checked by openssl as the evidence says, and the CA above by its CRL', needsOpenssl, async (t) => {
  const ca = await startCa(t)
  const leaf = ca.issue(['ocsp'])
  const { gateway, database, send, settled } = await startRevocationWorld(t, { ca, leaves: [leaf], settings: ca.settings(await ca.startResponder([leaf])) })
  await gateway.start()
  const { id, signature } = await settled(await send(leaf), 'handed-on')
  t.strictSame(signature!.revocation.map(({ from }) => from), ['ocsp', 'crl'])
  const folder = join(t.testdir(), 'evidence')
  await writeBundle({ database, trusted: loadTrust(ca.trustDir), id, folder })
  t.match(runAll(folder, 'openssl'), [
    { status: 0, told: /^signature-signer\.pem: OK\n$/ }, { status: 0, told: /^signature-signer\.pem: good\n(?![^]*WARNING)[^]*Response verify OK\n$/ }, { status: 0, told: /^intermediates\/[0-9a-f]{64}\.pem: OK\n$/ },
  ])
  t.equal((await verify(folder)).code, 0)
})
