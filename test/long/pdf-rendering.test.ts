import t from 'tap'
import { LEADER_PLACE, officialPdf } from '../support/official-pdf.ts'
import { makePdf, pagesOf, qpdf } from '../support/pdf.ts'
import { drawWithPdfium, drawWithPoppler, extentOf, type Picture } from '../support/rendered.ts'
import { signPdf } from '../../src/pdf/sign/sign.ts'
import { agency, judge, SEAL_IMAGE, sealDocument, SIGNATURE_IMAGE, signAsLeader, textOf, workers } from '../pdf/sign/world.ts'

const DPI = 96
const PIXELS_PER_MM = DPI / 25.4
const PIXELS_PER_POINT = DPI / 72

const viewers: [name: string, draw: (pdf: Uint8Array) => Picture | Promise<Picture>][] = [
  ['poppler', (pdf) => drawWithPoppler(pdf, { dpi: DPI })],
  ['pdfium', (pdf) => drawWithPdfium(pdf, { dpi: DPI })],
]
const isRed = (red: number, green: number, blue: number) => red > 150 && green < 90 && blue < 90
const isBlue = (red: number, _green: number, blue: number) => blue > 120 && red < 90
const isDark = (red: number, green: number, blue: number) => red + green + blue < 300

const base = await officialPdf()
const moved = makePdf({ ...pagesOf(''), 4: '<< /Type /Page /Parent 2 0 R /MediaBox [-100 50 600 1000] /CropBox [-20 80 575 922] /Rotate 270 /Resources << >> /Contents 5 0 R >>', 5: { data: '' } })
const files = new Map([
  ['an official page', base],
  ...[90, 180, 270].map((turn): [string, Buffer] => [`turned by ${turn}`, qpdf(base, `--rotate=${turn}`)]),
  ['with an origin that is not zero, cut and turned', moved],
])

t.test('the seal covers about a third of the leader\'s signature, on its left, in its real size, and nothing else changes', async (t) => {
  for (const [name, pdf] of files) {
    const before = await signAsLeader(pdf, LEADER_PLACE)
    const after = await sealDocument(before)
    t.equal(judge(after).result, 'valid')
    for (const [viewer, draw] of viewers) {
      const [unsealed, sealed] = [await draw(before), await draw(after)]
      const red = extentOf(sealed, isRed)!
      const close = (what: string, found: number, wanted: number) => t.ok(Math.abs(found - wanted) <= 2.5, `${viewer}, ${name}: ${what} ${found} is ${wanted.toFixed(1)}`)
      close('width', red.right - red.left, SEAL_IMAGE.widthMm * PIXELS_PER_MM * 476 / 480)
      close('height', red.bottom - red.top, SEAL_IMAGE.widthMm * PIXELS_PER_MM * 476 / 480)
      close('right edge', red.right, LEADER_PLACE.left * PIXELS_PER_POINT + SIGNATURE_IMAGE.widthMm * PIXELS_PER_MM / 3)
      close('middle', (red.top + red.bottom) / 2, sealed.height - LEADER_PLACE.bottom * PIXELS_PER_POINT - 10 * PIXELS_PER_MM)

      const [middle, radius] = [[(red.left + red.right) / 2, (red.top + red.bottom) / 2] as const, (red.right - red.left) / 2]
      const isWithin = (x: number, y: number) => Math.hypot(x + 0.5 - middle[0], y + 0.5 - middle[1]) <= radius + 2
      const signature = extentOf(unsealed, isBlue)!
      const covered = extentOf(within(unsealed, isWithin), isBlue)!
      t.ok(covered.count / signature.count > 0.25 && covered.count / signature.count < 0.42, `${viewer}, ${name}: ${(100 * covered.count / signature.count).toFixed()} % is covered`)
      t.equal(differences(unsealed, sealed, isWithin), 0, `${viewer}, ${name}: nothing else changes`)
    }
  }
})

t.test('texts stand at the top right, black, one below the other, and nothing else changes', async (t) => {
  const time = new Date('2026-11-22T03:05:00Z')
  for (const [name, pdf] of files) {
    const annex = Buffer.concat([pdf, (await signPdf({ bytes: pdf }, { as: 'annex', number: '12/QĐ-UBND', time }, agency, workers)).increment])
    const copy = Buffer.concat([annex, (await signPdf({ bytes: annex }, { as: 'copy', form: 'SAO LỤC', agency: 'SỞ NỘI VỤ', number: '3/SL-SNV', time }, agency, workers)).increment])
    const [first, second] = judge(copy).signatures.map(({ appearance }) => appearance!)
    const lines = ['Số: 12/QĐ-UBND', 'Thời gian ký: 2026-11-22T10:05:00+07:00']
    t.match(textOf(annex), lines.join('\n'), name)
    if (pdf === moved) t.equal(textOf(copy).trim(), [...lines, 'SAO LỤC; SỞ NỘI VỤ', 'Số: 3/SL-SNV', lines[1]].join('\n'), 'in their order')
    t.strictSame([first?.page, second?.page], [1, 1])
    for (const [viewer, draw] of viewers) {
      const [unsigned, signed] = [await draw(pdf), await draw(annex)]
      const isInCorner = (x: number, y: number) => x > signed.width - 90 * PIXELS_PER_MM && x < signed.width - 14 * PIXELS_PER_MM && y > 3 * PIXELS_PER_MM && y < 13 * PIXELS_PER_MM
      const text = extentOf(within(signed, isInCorner), isDark)!
      t.ok(text.right > signed.width - 16 * PIXELS_PER_MM, `${viewer}, ${name}: up to the margin`)
      t.equal(extentOf(within(unsigned, isInCorner), isDark), null)
      t.equal(differences(unsigned, signed, isInCorner), 0, `${viewer}, ${name}: nothing else changes`)
      t.equal(differences(signed, await draw(copy), (x, y) => x > signed.width - 110 * PIXELS_PER_MM && y > 12 * PIXELS_PER_MM && y < 30 * PIXELS_PER_MM), 0, `${viewer}, ${name}: the second is below`)
    }
  }
})

function within (picture: Picture, isWithin: (x: number, y: number) => boolean): Picture {
  return { ...picture, at: (x, y) => isWithin(x, y) ? picture.at(x, y) : [255, 255, 255] }
}

/** Pixels outside of that part that are not the same. */
function differences (one: Picture, other: Picture, isExpected: (x: number, y: number) => boolean): number {
  const differs = (x: number, y: number) => String(one.at(x, y)) !== String(other.at(x, y))
  let count = 0
  for (let y = 0; y < one.height; y++) for (let x = 0; x < one.width; x++) if (differs(x, y) && !isExpected(x, y)) count++
  return count
}

t.test('in a field of the file the image keeps its shape, and stands in the middle', async (t) => {
  const field = '<< /Type /Annot /Subtype /Widget /FT /Sig /T (F) /Rect [100 200 400 270] /F 4 /P 4 0 R >>'
  const pages = pagesOf('')
  for (const rotate of [0, 90]) {
    const pdf = makePdf({ ...pages, 1: '<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [6 0 R] >> >>', 4: (pages[4] as string).replace('/MediaBox', `/Rotate ${rotate} /Annots [6 0 R] /MediaBox`), 6: field })
    const { increment } = await signPdf({ bytes: pdf }, { as: 'document', image: SEAL_IMAGE, field: 'F', time: new Date() }, agency, workers)
    const signed = Buffer.concat([pdf, increment])
    t.match(judge(signed), { result: 'valid', signatures: [{ field: 'F' }] })
    const picture = drawWithPoppler(signed)
    const red = extentOf(picture, isRed)!
    t.ok(Math.abs(red.right - red.left - 70) <= 2 && Math.abs(red.bottom - red.top - 70) <= 2, 'a circle, as high as the field')
    const [x, y] = rotate === 0 ? [250, 842 - 235] : [235, 250]
    t.ok(Math.abs((red.left + red.right) / 2 - x) <= 2 && Math.abs((red.top + red.bottom) / 2 - y) <= 2, `${rotate}: in its middle`)
  }
})
