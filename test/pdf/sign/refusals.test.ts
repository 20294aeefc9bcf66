import t from 'tap'
import { Refusal, type RefusalCode } from '../../../src/errors.ts'
import { drawAppearance } from '../../../src/pdf/sign/appearance.ts'
import { readPng } from '../../../src/pdf/sign/png.ts'
import type { PdfSignatureRequest } from '../../../src/pdf/sign/request.ts'
import { signPdf } from '../../../src/pdf/sign/sign.ts'
import { agencySeal } from '../../support/drawn-images.ts'
import { makePdf, pagesOf, qpdf, updateOf } from '../../support/pdf.ts'
import { writePng } from '../../support/png.ts'
import { sealImage } from '../../support/seal-image.ts'
import { agency, judge, SEAL_IMAGE, signAsLeader, workers } from './world.ts'

const annex = { as: 'annex', number: '1/TB', time: new Date(0) } as const
const document = { as: 'document', image: SEAL_IMAGE, time: new Date(0) } as const
const sign = (pdf: Buffer, request: PdfSignatureRequest = annex) => signPdf({ bytes: pdf }, request, agency, workers)
const plain = makePdf()

t.test('a file that cannot be read as every viewer reads it is not signed, and the reason is said', async (t) => {
  const cases: [string, Buffer, RegExp][] = [
    ['encrypted', qpdf(plain, '--encrypt', '', 'owner', '256', '--'), /PDF_ENCRYPTED/],
    ['cut off', plain.subarray(0, -40), /PDF_BROKEN/],
    ['with something behind it', Buffer.concat([plain, Buffer.from('more')]), /PDF_BROKEN/],
    ['with something before it', Buffer.concat([Buffer.from('\n\n'), plain]), /PDF_BROKEN/],
    ['no PDF', Buffer.from('hello'), /PDF_BROKEN/],
    ['empty', Buffer.alloc(0), /PDF_BROKEN/],
    ['whose pages go in a circle', makePdf({ ...pagesOf('x'), 2: '<< /Type /Pages /Kids [2 0 R] /Count 1 >>' }), /PDF_BROKEN/],
    ['without a MediaBox', makePdf({ ...pagesOf('x'), 4: '<< /Type /Page /Parent 2 0 R /Contents 5 0 R >>' }), /PDF_BROKEN/],
    ['turned by 45', makePdf({ ...pagesOf('x'), 4: '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Rotate 45 >>' }), /PDF_BROKEN/],
    ['whose fields go in a circle', makePdf({ ...pagesOf('x'), 1: '<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [9 0 R] >> >>', 9: '<< /T (a) /Kids [9 0 R] >>' }), /PDF_BROKEN/],
  ]
  for (const [name, pdf, detail] of cases) await t.rejects(sign(pdf), { code: 'PDF_SIGN_UNREADABLE', fault: { detail } }, name)
})

t.test('no seal is laid over a signature that nobody sees', async (t) => {
  for (const hidden of ['/Rect [350 200 470 200] /F 4', '/Rect [350 200 470 260] /F 2', '/Rect [350 200 470 260] /F 22 0 R']) {
    const pdf = updateOf(plain, {
      1: '<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [20 0 R] /SigFlags 3 >> >>',
      4: String(pagesOf('x')[4]).replace('/Contents', '/Annots [20 0 R] /Contents'),
      20: `<< /Type /Annot /Subtype /Widget /FT /Sig /T (L) /V 21 0 R /P 4 0 R ${hidden} >>`, 21: '<< /Type /Sig /Filter /Adobe.PPKLite /Contents <00> >>', 22: '34',
    })
    await t.rejects(sign(pdf, document), { code: 'PDF_SIGN_PLACE', fault: { detail: /no visible signature/ } }, hidden)
  }
})

t.test('a signature that forbids further ones is obeyed', async (t) => {
  const certified = (p: number, also = '') => updateOf(makePdf(), {
    1: '<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [20 0 R] /SigFlags 3 >> /Perms << /DocMDP 21 0 R >> >>',
    20: `<< /Type /Annot /Subtype /Widget /FT /Sig /T (C) /V 21 0 R /Rect [0 0 0 0] /F 132 /P 4 0 R ${also} >>`,
    21: `<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /ByteRange [0 0 0 0] /Contents <00> /Reference [<< /Type /SigRef /TransformMethod /DocMDP /TransformParams << /Type /TransformParams /P ${p} /V /1.2 >> >>] >>`,
  })
  await t.rejects(sign(certified(1)), { code: 'PDF_SIGN_FORBIDDEN', fault: { detail: 'C' } })
  await t.rejects(sign(certified(2, '/Lock << /Type /SigFieldLock /Action /All /P 1 >>')), { code: 'PDF_SIGN_FORBIDDEN' })
  t.ok(await sign(certified(2)), 'P 2 permits to sign')
})

t.test('a place must be there', async (t) => {
  await t.rejects(sign(plain, document), { code: 'PDF_SIGN_PLACE' }, 'no leader has signed')
  const signed = await signAsLeader(plain)
  await t.rejects(sign(signed, document), { code: 'PDF_SIGN_PLACE' }, 'seals are no leaders')
  await t.rejects(sign(signed, { ...document, over: 'nobody' }), { code: 'PDF_SIGN_PLACE', fault: { detail: 'nobody' } })
  for (const at of [{ page: 2, left: 0, bottom: 0 }, { page: 0, left: 0, bottom: 0 }, { page: 1, left: 590, bottom: 0 }, { page: Number.NaN, left: 0, bottom: 0 }]) {
    await t.rejects(sign(plain, { ...document, at }), { code: 'PDF_SIGN_PLACE' }, JSON.stringify(at))
  }
  t.equal(judge(Buffer.concat([plain, (await sign(plain, { ...document, at: { page: 1, left: 0, bottom: 0 } })).increment])).result, 'valid')
})

t.test('a field that is named must be empty, and ask for nothing more', async (t) => {
  const withField = (field: string) => makePdf({ ...pagesOf('x'), 1: '<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [20 0 R 22 0 R] >> >>', 20: `<< /Type /Annot /Subtype /Widget /T (F) /Rect [9 9 99 99] ${field} >>`, 21: '<< >>', 22: '<< /T (G) /Kids [20 0 R] >>' })
  const named = (pdf: Buffer, field = 'F') => sign(pdf, { ...annex, field })
  await t.rejects(named(plain), { code: 'PDF_SIGN_FIELD', fault: { detail: /not found/ } })
  await t.rejects(named(withField('/FT /Tx')), { code: 'PDF_SIGN_FIELD', fault: { detail: /no signature field/ } })
  await t.rejects(named(withField('/FT /Sig /V 21 0 R')), { code: 'PDF_SIGN_FIELD', fault: { detail: /signed already/ } })
  await t.rejects(named(withField('/FT /Sig /Lock << /Action /All >>')), { code: 'PDF_SIGN_FIELD', fault: { detail: /Lock/ } })
  await t.rejects(named(withField('/FT /Sig /SV << >>')), { code: 'PDF_SIGN_FIELD', fault: { detail: /SV/ } })
  t.equal((await named(withField('/FT /Sig'), 'G.F')).field, 'G.F', 'by its full name')
})

t.test('what the font cannot show is refused, before anything is signed', async (t) => {
  for (const number of ['12/日本', '1/\u{1F600}', '1\u0000/TB', '\u0301\u0301\u0301', '1/\u202eTB']) {
    await t.rejects(sign(plain, { ...annex, number }), { code: 'PDF_SIGN_TEXT' }, JSON.stringify(number))
  }
  await t.rejects(sign(plain, { ...annex, number: 'x'.repeat(2_000) }), { code: 'PDF_SIGN_TEXT', fault: { detail: /lines/ } })
  await t.rejects(sign(plain, { as: 'copy', form: 'SAO Y', agency: 'a b '.repeat(100_000), number: '1', time: new Date(0) }), { code: 'PDF_SIGN_TEXT' }, 'soon')
})

t.test('an image is a whole PNG with a transparent ground, of a size that a seal has', async (t) => {
  const good = agencySeal()
  t.strictSame(readPng(good), { width: 480, height: 480 })
  const bad: [string, Uint8Array][] = [
    ['no PNG', Buffer.from('GIF89a')], ['empty', Buffer.alloc(0)], ['cut off', good.subarray(0, -20)], ['without transparency', sealImage({ colourType: 2 })],
    ['with an opaque ground', sealImage({ ground: 255 })], ['with a file behind it', Buffer.concat([good, Buffer.from('%PDF-1.7')])],
    ['a flipped bit', Buffer.from(good.map((octet, index) => index === 200 ? octet ^ 1 : octet))],
    ['too wide', png(5_000, 1)], ['nothing', png(0, 0)], ['no pixels', png(10, 10, Buffer.alloc(3))], ['too many pixels', png(10, 10, Buffer.alloc(100_000_000))],
    ['rows filtered in no known way', png(2, 2, Buffer.alloc(18, 9))], ['interlaced', png(2, 2, Buffer.alloc(18), 1)], ['no deflate', png(2, 2, Buffer.alloc(18), 0, Buffer.from('??'))],
  ]
  for (const [name, bytes] of bad) t.throws(() => readPng(bytes), new Refusal('PDF_SIGN_IMAGE'), name)
  for (const widthMm of [0, -36, 4, 101, Number.NaN, Infinity]) {
    await t.rejects(drawAppearance({ ...document, image: { png: good, widthMm } }), { code: 'PDF_SIGN_IMAGE' satisfies RefusalCode }, String(widthMm))
  }
})

function png (width: number, height: number, pixels = Buffer.alloc(height * (1 + width * 4)), interlaced = 0, packed?: Buffer): Buffer {
  return writePng({ width, height, pixels, interlaced, ...packed && { packed } })
}
