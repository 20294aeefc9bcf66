/** PDFs of any size, written page by page: a scanned document, whose pictures do not compress. */
import { createHash } from 'node:crypto'
import { closeSync, openSync, writeSync } from 'node:fs'

/** Writes a PDF with that many pages, each with a line of text and a picture of its own of about so many bytes. Once this returns, it is on disk; memory stays small. */
export function writeLargePdf (path: string, { pages, bytesPerPage }: { pages: number, bytesPerPage: number }): void {
  const file = openSync(path, 'w')
  const offsets: number[] = []
  let at = 0
  const write = (piece: string | Buffer) => { at += writeSync(file, typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece) }
  const object = (number: number, ...pieces: (string | Buffer)[]) => {
    offsets[number] = at
    for (const piece of [`${number} 0 obj\n`, ...pieces, '\nendobj\n']) write(piece)
  }
  const [width, height] = [100, Math.max(1, Math.round(bytesPerPage / 100))]
  write('%PDF-1.7\n%\xe2\xe3\xcf\xd3\n')
  object(1, '<</Type/Catalog/Pages 2 0 R>>')
  object(2, `<</Type/Pages/Count ${pages}/Kids[${Array.from({ length: pages }, (_, page) => `${4 + 3 * page} 0 R`).join(' ')}]>>`)
  object(3, '<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>')
  for (let page = 0; page < pages; page++) {
    const number = 4 + 3 * page
    const content = `q 500 0 0 600 40 100 cm /I Do Q BT /F 12 Tf 60 780 Td (Page ${page + 1}) Tj ET`
    object(number, `<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F 3 0 R>>/XObject<</I ${number + 2} 0 R>>>>/Contents ${number + 1} 0 R>>`)
    object(number + 1, `<</Length ${content.length}>>\nstream\n${content}\nendstream`)
    object(number + 2, `<</Type/XObject/Subtype/Image/Width ${width}/Height ${height}/ColorSpace/DeviceGray/BitsPerComponent 8/Length ${width * height}>>\nstream\n`, noise(page, width * height), '\nendstream')
  }
  const xref = at
  write(`xref\n0 ${offsets.length}\n0000000000 65535 f \n`)
  for (const offset of offsets.slice(1)) write(`${String(offset).padStart(10, '0')} 00000 n \n`)
  write(`trailer\n<</Size ${offsets.length}/Root 1 0 R>>\nstartxref\n${xref}\n%%EOF\n`)
  closeSync(file)
}

/** The same for the same seed. */
function noise (seed: number, length: number): Buffer {
  return createHash('shake256', { outputLength: length }).update(String(seed)).digest()
}
