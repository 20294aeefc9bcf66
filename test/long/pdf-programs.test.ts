import t from 'tap'
import { examinePdf } from '../../src/pdf/examine.ts'
import type { LaterChange } from '../../src/pdf/examination.ts'
import { bytesSource } from '../../src/pdf/source.ts'
import { makeSignedSet } from '../support/signed-pdf-set.ts'
import { makeNss, makePdfPki, needsPrograms, p12Of, signWithSignpdf } from '../support/signed-pdf.ts'

/** What these programs did on purpose to a signed file, so that its signatures must not bear it. */
const ON_PURPOSE = /annotated|page changed|wrong size/

function changes (bytes: Buffer): Pick<LaterChange, 'kind' | 'detail'>[] {
  const examined = examinePdf(bytesSource(bytes))
  if (examined.kind !== 'read') throw new Error(JSON.stringify(examined))
  return examined.signatures.flatMap(({ later }) => later.map(({ kind, detail }) => ({ kind, ...detail !== undefined && { detail } })))
}

t.test('what programs write when they sign is nothing but signatures, and what goes with them', needsPrograms('pdfsig', 'certutil', 'mutool', 'qpdf', 'gs', 'java', 'chromium'), async (t) => {
  const pki = makePdfPki()
  const nss = makeNss(t, pki)
  const set = (await makeSignedSet(t, pki)).filter(({ name }) => !ON_PURPOSE.test(name))
  t.ok(set.length > 40)
  for (const { name, bytes } of set) t.same(changes(bytes).filter(({ kind }) => kind === 'other'), [], name)

  for (const name of ['nss on qpdf object streams', 'nss on empty field', 'mutool empty field', 'signpdf pkcs7', 'itext cades', 'itext long-term', 'pdfbox image', 'pdfbox on qpdf linearised object streams', 'pdfbox form signed', 'itext certified P2']) {
    const { bytes } = set.find((file) => file.name === name)!
    t.same(changes(nss.sign(bytes, { nick: 'agency', field: 'Second' })).at(-1), { kind: 'signature', detail: 'field Second' }, `nss after ${name}`)
  }
  const twice = await signWithSignpdf(set.find(({ name }) => name === 'signpdf cades')!.bytes, p12Of(pki.ofAscii, [pki.asciiSub], 'leader'))
  t.same(changes(twice).map(({ kind }) => kind), ['signature'], '@signpdf after @signpdf')
})
