/** What the verdict on a PDF rests on goes with the evidence of its arrival, and gives the same verdict without a gateway. */
import t from 'tap'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeBundle } from '../../src/evidence/bundle.ts'
import { EXAMPLE_TRUST_DIR } from '../../src/trust/example.ts'
import { loadTrust } from '../../src/trust/store.ts'
import { agencySigned } from '../support/agency-signed.ts'
import { runAll, verify } from '../support/bundle.ts'
import { A, documentPacket, signedPacket, startWorld } from '../support/gateway.ts'
import { makePdf, pagesOf } from '../support/pdf.ts'
import { needsPrograms } from '../support/signed-pdf.ts'
import { until } from '../support/until.ts'
import { needsOpenssl } from '../trust/world.ts'

t.test('each PDF of an arrival is judged again from the folder; openssl and pdfsig agree', { ...needsOpenssl, ...needsPrograms('pdfsig') }, async (t) => {
  const { gateway, database, a, b } = await startWorld(t)
  await gateway.start()
  const signed = await agencySigned(A.key, 'so-noi-vu-vi-du')
  await a.submit(await signedPacket(documentPacket({}, [{ name: 'Công văn.pdf', bytes: signed }, { name: 'Phụ lục.pdf', bytes: makePdf(pagesOf('Phu luc')) }])))
  const [item] = await until(async () => { const { items } = await b.mailbox(); return items.length > 0 && items })
  const folder = join(t.testdir(), 'evidence')
  t.strictSame((await writeBundle({ database, trusted: loadTrust(EXAMPLE_TRUST_DIR), id: item!.id, folder })).missing, [])
  t.ok(readFileSync(join(folder, 'pdf/1.pdf')).equals(signed))
  t.match(JSON.parse(readFileSync(join(folder, 'verdict.json'), 'utf8')), {
    verdict: 'valid',
    pdfs: [{ number: 1, name: 'Công văn.pdf', sha256: createHash('sha256').update(signed).digest('hex'), verdict: { result: 'valid' } }, { number: 2, verdict: { result: 'indeterminate' } }],
  })
  const [first, second] = [await verify(folder, [], 'pdf/1.pdf'), await verify(folder, [], 'pdf/2.pdf')]
  t.equal(first.code, 0, first.out)
  t.match(JSON.parse(first.out), { kind: 'pdf', verdict: 'valid' })
  t.equal(second.code, 2)
  t.match(runAll(folder, 'openssl').map(({ status, told }) => [status, told.trim()]), [[0, 'seal-signer.pem: OK'], [0, 'pdf-1-1-signer.pem: OK'], [0, 'pdf-1-2-signer.pem: OK']])
  const [said] = runAll(folder, 'pdfsig')
  t.equal(said!.status, 0)
  t.equal(said!.told.match(/Signature is Valid/g)?.length, 2)
})
