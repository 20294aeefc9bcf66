/** Draws what a signature shows, as a PDF of one page: the page is as large as what it shows, in points. */
import { readFile } from 'node:fs/promises'
import PDFDocument from 'pdfkit'
import { vietnamTimestamp } from '../../edxml/dates.ts'
import { Refusal } from '../../errors.ts'
import { POINTS_PER_MM } from './placement.ts'
import { readPng } from './png.ts'
import type { PdfSignatureRequest } from './request.ts'

/** Decree 30/2020/NĐ-CP, appendix I: Times New Roman, upright, size 10, black. Tinos is its twin in widths and shapes, and free to be embedded. */
const FONT = new URL(import.meta.resolve('@expo-google-fonts/tinos/400Regular/Tinos_400Regular.ttf'))
const SIZE = 10
/** Half of an A4 page without its margins: a longer line is broken, so that it does not run over what stands at the left. */
const WIDEST_LINE = 85 * POINTS_PER_MM
const MOST_LINES = 8
/** No seal is larger than that of the National Assembly, 42 mm; some offices' are as small as 20 mm. */
const SEAL_MM = { least: 5, most: 100 }
/** A space that is kerned away is none for programs that look for text, and a ligature is not the letters it stands for. */
const FEATURES = { kern: false, liga: false } as unknown as PDFKit.Mixins.OpenTypeFeatures[]
/** Letters as Vietnamese has them, composed; what is written from the right, or cannot be seen, would show another text than it is. */
const UNSHOWN = /[^\p{Script=Latin}\p{N}\p{P}\p{S} ]/u
/** What the font cannot show is drawn as its first glyph. */
const NO_GLYPH = '0000'

/** The seal in its real size, or the text of an annex or a copy. Throws a Refusal for an image or a text that cannot be shown. */
export async function drawAppearance (request: PdfSignatureRequest): Promise<Buffer> {
  return request.as === 'document' ? drawImage(request.image) : drawText(linesOf(request))
}

/** What an annex or a copy shows (Decree 30/2020/NĐ-CP, appendix I): number and symbol, and the signing time with its zone (ISO 8601). */
export function linesOf (request: Exclude<PdfSignatureRequest, { as: 'document' }>): string[] {
  const lines = [`Số: ${request.number}`, `Thời gian ký: ${vietnamTimestamp(request.time)}`]
  return request.as === 'copy' ? [`${request.form}; ${request.agency}`, ...lines] : lines
}

async function drawImage ({ png, widthMm }: { png: Uint8Array, widthMm: number }): Promise<Buffer> {
  const { width, height } = readPng(png)
  const size: [number, number] = [widthMm * POINTS_PER_MM, widthMm * POINTS_PER_MM * height / width]
  const longestMm = Math.max(...size) / POINTS_PER_MM
  if (!(widthMm >= SEAL_MM.least && longestMm <= SEAL_MM.most)) throw new Refusal('PDF_SIGN_IMAGE', { detail: `${widthMm} mm` })
  const document = newDocument()
  document.addPage({ size, margin: 0 }).image(Buffer.from(png), 0, 0, { width: size[0], height: size[1] })
  return bytesOf(document)
}

async function drawText (lines: readonly string[]): Promise<Buffer> {
  const document = newDocument().font(await readFile(FONT)).fontSize(SIZE)
  const measure = (text: string) => document.widthOfString(text, { features: FEATURES })
  const broken = lines.map((line) => line.normalize('NFC').replaceAll(/\s+/gu, ' ').trim()).flatMap((line) => brokenUp(line, measure))
  for (const line of broken) checkGlyphs(document, line)
  if (broken.length > MOST_LINES) throw new Refusal('PDF_SIGN_TEXT', { detail: `more than ${MOST_LINES} lines` })
  const widths = broken.map(measure)
  const [width, height] = [Math.max(...widths), document.currentLineHeight()]
  document.addPage({ size: [width, height * broken.length], margin: 0 })
  for (const [index, line] of broken.entries()) document.fillColor('black').text(line, width - widths[index]!, index * height, { lineBreak: false, features: FEATURES })
  return bytesOf(document)
}

/** Between words where it can; a word that is too long by itself, anywhere. */
function brokenUp (line: string, measure: (text: string) => number): string[] {
  const lines = ['']
  for (const word of line.split(' ')) {
    const longer = `${lines.at(-1)} ${word}`.trimStart()
    if (measure(longer) <= WIDEST_LINE) lines[lines.length - 1] = longer
    else for (const piece of piecesOf(word, measure)) lines.push(piece)
    if (lines.length > MOST_LINES + 1) break
  }
  return lines.filter((text) => text !== '')
}

function piecesOf (word: string, measure: (text: string) => number): string[] {
  const pieces = ['']
  for (const character of word) {
    if (measure(pieces.at(-1) + character) <= WIDEST_LINE) pieces[pieces.length - 1] += character
    else pieces.push(character)
  }
  return pieces
}

function checkGlyphs (document: PDFKit.PDFDocument, line: string): void {
  const { _font: font } = document as unknown as { _font: { encode (text: string): [codes: string[], positions: unknown[]] } }
  const missing = [...line].filter((character) => UNSHOWN.test(character) || font.encode(character)[0].includes(NO_GLYPH))
  if (missing.length > 0) throw new Refusal('PDF_SIGN_TEXT', { detail: missing.map((character) => `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`).join(' ') })
}

/** Nothing of its own but the page counts: the date in its information is that of no event, so that equal requests are drawn equally. */
function newDocument (): PDFKit.PDFDocument {
  return new PDFDocument({ autoFirstPage: false, info: { CreationDate: new Date(0) } })
}

async function bytesOf (document: PDFKit.PDFDocument): Promise<Buffer> {
  document.end()
  const chunks: Buffer[] = []
  for await (const chunk of document) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
