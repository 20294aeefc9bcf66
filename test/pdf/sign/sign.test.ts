import t from 'tap'
import { formsOf, makePdf, pagesOf, pdfWriter, updateOf } from '../../support/pdf.ts'
import { drawWithPoppler, extentOf } from '../../support/rendered.ts'
import { makeNss } from '../../support/signed-pdf.ts'
import { agency, complaints, judge, pki, sealDocument, signAsLeader, textOf, workers } from './world.ts'
import { signPdf } from '../../../src/pdf/sign/sign.ts'

const plain = makePdf(pagesOf('Quyet dinh', 'Trang hai'))
const files = new Map([
  ['plain', plain],
  ...formsOf(plain),
  ['hybrid', hybrid()],
  ['already updated', updateOf(plain, { 5: { data: 'BT /F1 24 Tf 72 720 Td (Sua) Tj ET' } })],
  ['without an end of line at its end', plain.subarray(0, plain.lastIndexOf('%%EOF') + 5)],
  ['with whitespace before its table', Buffer.from(plain.toString('latin1').replace('\nxref', '\n\nxref'), 'latin1')],
  ['with CR alone at its end', Buffer.concat([plain.subarray(0, plain.lastIndexOf('%%EOF') + 5), Buffer.from('\r')])],
  ['form, and annotations by themselves', withForm('/AcroForm 20 0 R', { 20: '<< /Fields 21 0 R /DA (/F1 0 Tf) >>', 21: '[]', 22: '[]' })],
  ['form within its catalog', withForm('/AcroForm << /Fields [] /SigFlags 1 >>', { 22: '[]' })],
])

t.test('a leader\'s and then an agency\'s signature are valid for pdfsig and for us, on every form of file', async (t) => {
  const nss = makeNss(t, pki)
  for (const [name, pdf] of files) {
    await t.test(name, async (t) => {
      const first = await signAsLeader(pdf)
      const second = await sealDocument(first)
      t.ok(first.subarray(0, pdf.length).equals(pdf), 'not one byte of the file changes')
      t.ok(second.subarray(0, first.length).equals(first), 'nor of the first signature')

      const verdict = judge(second)
      t.equal(verdict.result, 'valid', JSON.stringify(verdict.reasons))
      t.strictSame(verdict.signatures.map(({ field, level, coversWholeFile, result }) => ({ field, level, coversWholeFile, result })), [
        { field: 'lienthong-1', level: 'B-B', coversWholeFile: false, result: 'valid' },
        { field: 'lienthong-2', level: 'B-B', coversWholeFile: true, result: 'valid' },
      ])
      t.strictSame(nss.verify(second).map(({ field, subFilter, digest, total, integrity, certificate }) => ({ field, subFilter, digest, total, integrity, certificate })), [
        { field: 'lienthong-1', subFilter: 'ETSI.CAdES.detached', digest: 'SHA-256', total: false, integrity: 'Signature is Valid.', certificate: 'Certificate is Trusted.' },
        { field: 'lienthong-2', subFilter: 'ETSI.CAdES.detached', digest: 'SHA-256', total: true, integrity: 'Signature is Valid.', certificate: 'Certificate is Trusted.' },
      ])
      t.equal(complaints(second), complaints(pdf), 'qpdf and MuPDF take it')
      if (name !== 'with whitespace before its table') t.equal(complaints(second), '')
    })
  }
})

t.test('the kind of cross-reference section is continued', async (t) => {
  const added = async (name: string) => (await signAsLeader(files.get(name)!)).toString('latin1', files.get(name)!.length)
  t.match(await added('plain'), /^1 0 obj|^\d+ 0 obj[\s\S]*\nxref\n/)
  t.match(await added('object streams'), /\/Type \/XRef/)
  t.notMatch(await added('object streams'), /\nxref\n|\/ObjStm/)
  t.match(await added('hybrid'), /\nxref\n/)
  t.notMatch(await added('hybrid'), /XRefStm/)
})

t.test('the second part of ID is new, and the first stays', async (t) => {
  const pdf = files.get('linearised')!
  const ids = [...(await signAsLeader(pdf)).toString('latin1').matchAll(/\/ID ?\[ ?<([0-9a-f]+)> ?<([0-9a-f]+)>/g)]
  t.equal(ids.at(-1)![1], ids[0]![1])
  t.not(ids.at(-1)![2], ids[0]![2])
})

t.test('the dictionary says what PAdES wants it to say, in Vietnam time', async (t) => {
  const { increment } = await signPdf({ bytes: plain }, {
    as: 'annex', number: '12/QĐ-UBND', time: new Date('2026-11-22T03:05:00Z'), name: 'UBND tỉnh Ví dụ', reason: 'Phát hành', location: 'Hà Nội', contact: 'van-thu@example.invalid',
  }, agency, workers)
  const [signature] = judge(Buffer.concat([plain, increment])).signatures
  t.match(signature, { subFilter: 'ETSI.CAdES.detached', claims: { name: 'UBND tỉnh Ví dụ', reason: 'Phát hành', location: 'Hà Nội', contact: 'van-thu@example.invalid' } })
  t.match(increment.toString('latin1'), `/M <${Buffer.from(`D:20261122100500+07'00'`).toString('hex')}>`)
  t.equal(new Date(signature!.claims.time!).toISOString(), '2026-11-22T03:05:00.000Z')
})

t.test('texts are real ones: pdftotext finds them, whichever way their letters were composed', async (t) => {
  const time = new Date('2026-11-22T03:05:00Z')
  const lines = (pdf: Buffer) => textOf(pdf).split('\n').filter((line) => line !== '')
  const agencyName = 'Ủy ban nhân dân tỉnh Đắk Lắk; Sở Nội vụ – ữ ỗ ặ ệ ỹ ợ fi AV'
  for (const form of ['NFC', 'NFD'] as const) {
    const { increment } = await signPdf({ bytes: makePdf(pagesOf('')) }, { as: 'copy', form: 'SAO Y'.normalize(form), agency: agencyName.normalize(form), number: '12/SY-UBND', time }, agency, workers)
    t.strictSame(lines(Buffer.concat([makePdf(pagesOf('')), increment])).slice(0, -1).join(' | '), [
      'SAO Y; Ủy ban nhân dân tỉnh Đắk Lắk; Sở Nội vụ – ữ ỗ ặ', 'ệ ỹ ợ fi AV', 'Số: 12/SY-UBND', 'Thời gian ký: 2026-11-22T10:05:00+07:00',
    ].join(' | '))
  }
})

t.test('what is added is the same for the same request, but for the signature value', async (t) => {
  const request = { as: 'annex', number: '1/TB', time: new Date(0) } as const
  const [one, other] = await Promise.all([1, 2].map(() => signPdf({ bytes: plain }, request, agency, workers)))
  t.ok(one!.increment.equals(other!.increment), 'RSA with PKCS#1 v1.5 has one value for one content')
})

t.test('an empty field is filled only when it is named', async (t) => {
  const field = '<< /Type /Annot /Subtype /Widget /FT /Sig /T (Co quan) /Rect [100 100 300 180] /F 4 /P 4 0 R >>'
  const pdf = withForm('/AcroForm << /Fields [20 0 R] >>', { 20: field, 22: '[20 0 R]' })
  t.equal(judge(await signAsLeader(pdf)).signatures[0]!.field, 'lienthong-1')
  const { increment } = await signPdf({ bytes: pdf }, { as: 'annex', number: '1/TB', time: new Date(), field: 'Co quan' }, agency, workers)
  const verdict = judge(Buffer.concat([pdf, increment]))
  t.equal(verdict.result, 'valid')
  t.match(verdict.signatures, [{ field: 'Co quan', appearance: { page: 1, rect: [100, 100, 300, 180] } }])
})

t.test('pages that share their annotations do not share the signature', async (t) => {
  const pages = pagesOf('Mot', 'Hai')
  const shared = (number: number) => (pages[number] as string).replace('/MediaBox', '/Annots 20 0 R /MediaBox')
  const sealed = await sealDocument(await signAsLeader(makePdf({ ...pages, 4: shared(4), 6: shared(6), 20: '[]' })))
  t.equal(judge(sealed).result, 'valid')
  const isGrey = (red: number, green: number, blue: number) => red === green && green === blue
  t.not(extentOf(drawWithPoppler(sealed), (...colour) => !isGrey(...colour)), null)
  t.equal(extentOf(drawWithPoppler(sealed, { page: 2 }), (...colour) => !isGrey(...colour)), null)
})

/** A table whose readers see everything, and a stream that says the same of what is in its object stream (ISO 32000-2, 7.5.8.4). */
function hybrid (): Buffer {
  const objects = pagesOf('Hybrid')
  const writer = pdfWriter().raw('%PDF-1.5\n%\xe2\xe3\xcf\xd3\n').objects(objects)
  const hidden = writer.length
  const rows = Buffer.from([1, 0, 0, 0, 0, 0, 0])
  rows.writeUInt32BE(hidden, 1)
  writer.raw('7 0 obj\n<< /Type /XRef /W [1 4 2] /Index [7 1] /Size 8 /Root 1 0 R /Length 7 >>\nstream\n').raw(rows).raw('\nendstream\nendobj\n')
  return writer.table({ trailer: `/Root 1 0 R /XRefStm ${hidden}`, size: 8 }).bytes()
}

/** A document with entries in its catalog; the annotations of its page are object 22. */
function withForm (entries: string, objects: Record<number, string>): Buffer {
  const pages = pagesOf('Form')
  return makePdf({ ...pages, 1: `<< /Type /Catalog /Pages 2 0 R ${entries} >>`, 4: (pages[4] as string).replace('/MediaBox', '/Annots 22 0 R /MediaBox'), ...objects }, { version: '1.6' })
}
