/** Which signatures a PDF has: in its form, beside it, and in revisions that have been overwritten. */
import t from 'tap'
import { examinePdf } from '../../../src/pdf/examine.ts'
import type { ExaminedSignature } from '../../../src/pdf/examination.ts'
import { bytesSource } from '../../../src/pdf/source.ts'
import { flate, makePdf, pagesOf, updateOf, type Objects } from '../../support/pdf.ts'
import { writeMessage } from '../../trust/cms/messages.ts'
import { LEADER, signedPdf, type PdfChange } from '../judge-world.ts'

const signed = (change: PdfChange = {}): Buffer => signedPdf((content) => writeMessage(LEADER, { content }), change)

function examined (pdf: Buffer): ExaminedSignature[] {
  const examination = examinePdf(bytesSource(pdf))
  if (examination.kind === 'unreadable') throw new Error(JSON.stringify(examination.findings))
  return examination.signatures
}

/** Names of the fields, and what is found of each. */
const told = (pdf: Buffer): string[] => examined(pdf).map(({ field, findings }) => [field, ...findings.map(({ code, detail }) => `${code} ${detail ?? ''}`.trim())].join(': '))

const field = (entries: string): string => `<< /Type /Annot /Subtype /Widget /P 4 0 R /Rect [0 0 0 0] ${entries} >>`
const fault = (pdf: Buffer) => {
  const examination = examinePdf(bytesSource(pdf))
  return examination.kind === 'unreadable' ? examination.findings : []
}

t.test('type and value are handed down, and names are joined', async (t) => {
  t.strictSame(told(signed()), ['Signature1'])
  t.strictSame(told(signed({ fields: '[10 0 R]', more: { 10: '<< /FT /Sig /T (Form) /Kids [7 0 R] >>', 7: field('/T (Leader) /V 8 0 R /Parent 10 0 R') } })), ['Form.Leader'])
  t.strictSame(told(signed({ fields: '[10 0 R]', more: { 10: '<< /FT /Sig /T (Form) /V 8 0 R /Kids [7 0 R] >>', 7: field('/Parent 10 0 R') } })), ['Form'], 'a kid that says nothing is a widget of it')
  t.strictSame(told(signed({ fields: '[10 0 R]', more: { 10: '<< /FT 11 0 R /T 12 0 R /V 8 0 R /Kids 14 0 R >>', 11: '/Sig', 12: '(Form)', 14: '[7 0 R]', 7: field('/Parent 10 0 R') } })), ['Form'], 'whatever stands in objects of its own')
  t.strictSame(told(signed({ more: { 7: field('/FT /Tx /T (Text) /V 8 0 R') } })), [], 'a field of another type has no signature')
  t.strictSame(told(signed({ more: { 7: field('/FT /Sig /T (Empty)') } })), [], 'nor has an empty one')
})

t.test('one signature in two fields is none', async (t) => {
  t.strictSame(told(signed({ fields: '[7 0 R 10 0 R]', more: { 10: field('/FT /Sig /T (Agency) /V 8 0 R') } })), ['Signature1: PDF_SIGNATURE_FORM another field has the same signature'])
  t.strictSame(told(signed({ fields: '[10 0 R]', more: { 10: '<< /FT /Sig /V 8 0 R /Kids [7 0 R 11 0 R] >>', 7: field('/T (A) /Parent 10 0 R'), 11: field('/T (B) /Parent 10 0 R') } })).map((line) => line.split(' ')[0]), ['A:'], 'nor when it is handed down to two')
  t.strictSame(told(signed({ fields: '[7 0 R 7 0 R]' })), ['Signature1'], 'a field that is listed twice is one')
})

t.test('a tree of fields that leads back into itself is broken', async (t) => {
  t.match(fault(signed({ fields: '[10 0 R]', more: { 10: '<< /T (A) /Kids [11 0 R] >>', 11: '<< /T (B) /Kids [10 0 R] >>' } })), [{ code: 'PDF_BROKEN', detail: /field 10 leads back to itself/ }])
  const deep: Objects = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [10 + index, `<< /T (x) /Kids [${11 + index} 0 R] >>`]))
  t.match(fault(signed({ fields: '[10 0 R]', more: deep })), [{ code: 'PDF_BROKEN', detail: /too deep/ }])
  const wide: Objects = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [10 + index, `<< /T (x) /Kids [${`${11 + index} 0 R `.repeat(10)}] >>`]))
  t.strictSame(told(signed({ fields: '[10 0 R 7 0 R]', more: wide })), ['Signature1'], 'and one that branches a thousand million times is walked once')
})

t.test('a signature that only a page shows, or only the catalog names, is one of the file, and is told apart', async (t) => {
  t.strictSame(told(signed({ fields: '[]' })), ['Signature1: PDF_FIELD_UNLISTED'])
  t.strictSame(told(signed({ fields: '[]', more: { 7: field('/Parent 10 0 R'), 10: '<< /FT /Sig /T (Above) /V 8 0 R /Kids [7 0 R] >>' } })), ['Above: PDF_FIELD_UNLISTED'])
  const page = '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R >>'
  t.match(told(signed({ more: { 4: page, 1: '<< /Type /Catalog /Pages 2 0 R /Perms << /DocMDP 8 0 R >> >>' } })), [/^Perms\/DocMDP: PDF_FIELD_UNLISTED/])
  t.strictSame(told(signed({ more: { 4: page, 1: '<< /Type /Catalog /Pages 2 0 R /Perms << /UR3 8 0 R >> >>' } })), [], 'usage rights are no signature of the document')
  t.match(fault(signed({ fields: '[]', more: { 7: field('/Parent 10 0 R'), 10: '<< /Parent 7 0 R >>' } })), [{ code: 'PDF_BROKEN', detail: /lead back/ }])
})

t.test('a signature that a later update drops, or overwrites, stays one of the file', async (t) => {
  const pdf = signed()
  const dropped = updateOf(pdf, { 1: '<< /Type /Catalog /Pages 2 0 R >>' })
  t.match(examined(dropped), [{ field: 'Signature1', revision: 2, coversWholeFile: false, later: [{ permitted: false }] }])
  const [first, second, ...others] = examined(signed({ base: pdf }))
  t.match([first, second], [{ revision: 2, findings: [] }, { revision: 3, findings: [] }], 'both of them, though the second took the number of the first')
  t.ok(first?.later.some(({ permitted }) => !permitted))
  t.strictSame(others, [])
})

t.test('kinds are told by what they are: a type that says otherwise is no honest one', async (t) => {
  const entries = (subFilter: string) => `/Filter /Adobe.PPKLite /SubFilter /${subFilter}`
  t.match(examined(signed({ entries: entries('ETSI.RFC3161') })), [{ kind: 'document-time-stamp', findings: [{ code: 'PDF_SIGNATURE_FORM', detail: 'Type Sig' }] }])
  t.match(examined(signed({ entries: '/SubFilter /ETSI.CAdES.detached' })), [{ kind: 'signature', findings: [{ code: 'PDF_SIGNATURE_FORM', detail: 'Filter' }] }])
})

t.test('what it claims, and where it is shown', async (t) => {
  const claims = "/Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /M (D:20261122101458+07'00') /Name (A) /Reason <FEFF00500068> /Location 20 0 R /ContactInfo (x@example.invalid)"
  const more = { 20: '(Ha Noi)', 7: '<< /Type /Annot /Subtype /Widget /FT /Sig /T (S) /V 8 0 R /P 4 0 R /Rect [300 200 100 100] /F 4 >>' }
  t.match(examined(signed({ base: makePdf(pagesOf('one')), entries: claims, more })), [{
    claims: { time: '2026-11-22T03:14:58.000Z', name: 'A', reason: 'Ph', location: 'Ha Noi', contact: 'x@example.invalid' }, appearance: { page: 1, rect: [100, 100, 300, 200] },
  }])
  for (const unseen of ['/Rect [10 10 10 50]', '/Rect [0 0 50 50] /F 2', '/Rect [0 0 50 50] /F 32', '/Rect [0 0 50]', '']) {
    const [signature] = examined(signed({ more: { 7: `<< /Subtype /Widget /FT /Sig /T (S) /V 8 0 R ${unseen} >>` } }))
    t.equal(signature?.appearance, undefined, unseen)
  }
})

t.test('one that is broken in itself does not keep the others from being judged', async (t) => {
  const broken = { 10: field('/FT /Sig /T (Broken) /V 12 0 R'), 12: '<< /Type /Sig /Filter 30 0 R /ByteRange [0 1 2 3] /Contents <3000> >>', 30: '(no end' }
  t.match(examined(signed({ fields: '[7 0 R 10 0 R]', more: broken })), [{ field: 'Signature1', findings: [] }, { field: 'Broken', cms: { length: 0 }, findings: [{ code: 'PDF_BROKEN' }] }])
})

t.test('more signatures than anybody gives are too many, and long names are cut off', async (t) => {
  // One stands on the page already, which no form lists
  const many = (count: number) => {
    const numbers = Array.from({ length: count - 1 }, (_, index) => 100 + 2 * index)
    const more: Objects = Object.fromEntries(numbers.flatMap((number) => [[number, field(`/FT /Sig /T (${number}) /V ${number + 1} 0 R`)], [number + 1, '<< /Type /Sig /Contents <00> >>']]))
    return signed({ fields: `[${numbers.map((number) => `${number} 0 R`).join(' ')}]`, more })
  }
  t.equal(examined(many(64)).length, 64)
  t.match(fault(many(65)), [{ code: 'PDF_TOO_COMPLEX', detail: 'more than 64 signatures' }])
  const [signature] = examined(signed({ entries: `/Filter /Adobe.PPKLite /SubFilter /${'x'.repeat(1_000_000)}`, more: { 7: field(`/FT /Sig /T (${'y'.repeat(1_000_000)}) /V 8 0 R`) } }))
  t.strictSame([signature?.subFilter.length, signature?.field.length], [127, 1000])
})

t.test('a document security store is read, those of single signatures too, and what is too much or broken is left out', async (t) => {
  const more: Objects = {
    1: '<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [7 0 R] /SigFlags 3 >> /DSS 20 0 R >>',
    20: '<< /Certs [21 0 R 22 0 R 26 0 R 99 0 R] /CRLs 23 0 R /VRI << /ABCD << /Cert [21 0 R 24 0 R] /OCSP [25 0 R] >> /EF 0 >> >>',
    21: flate('certificate'), 22: { data: 'other' }, 23: '[22 0 R 7]', 24: { data: 'single' }, 25: flate('answer'), 26: { entries: '/Filter /FlateDecode', data: 'no flate' },
  }
  const examination = examinePdf(bytesSource(signed({ more })))
  const texts = (items: Uint8Array[]) => items.map((item) => Buffer.from(item).toString())
  if (examination.kind === 'unreadable') throw new Error('it can be read')
  const { certificates, crls, ocsps } = examination.material
  t.strictSame([certificates, crls, ocsps].map(texts), [['certificate', 'other', 'single'], ['other'], ['answer']])
  t.ok(certificates.every(({ buffer, length }) => buffer.byteLength === length), 'each owns its bytes')
})
