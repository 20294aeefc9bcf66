/** A signed PDF altered as anybody could, each with what must be said of the result. */

/** `accepted`: nothing that was signed or is shown differs. `undefined`: this file has no place for it. */
export type Alteration = { name: string, expected: 'accepted' | 'refused', alter: (pdf: Buffer) => Buffer | undefined }

/** Where the last signature's Contents and ByteRange stand. */
export type SignaturePlace = { open: number, close: number, range: [number, number, number, number], rangeAt: number, rangeText: string }

/** The place of the last signature in the file, by a look at its text that shares nothing with our reader. */
export function lastSignatureIn (pdf: Buffer): SignaturePlace | undefined {
  const found = [...pdf.toString('latin1').matchAll(/\/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*\]/g)].at(-1)
  if (!found) return undefined
  const range = found.slice(1, 5).map(Number) as [number, number, number, number]
  return { open: range[1], close: range[2] - 1, range, rangeAt: found.index, rangeText: found[0] }
}

export const ALTERATIONS: readonly Alteration[] = [
  { name: 'a bit of the first page flipped', expected: 'refused', alter: (pdf) => flipped(pdf, pdf.indexOf('stream') + 12) },
  { name: 'a bit behind the signature flipped', expected: 'refused', alter: (pdf) => inSignature(pdf, ({ close }) => flipped(pdf, close + 4)) },
  { name: 'a digit in the last line flipped', expected: 'refused', alter: (pdf) => flipped(pdf, pdf.lastIndexOf('startxref') + 11) },
  { name: 'the end of the CMS message altered', expected: 'refused', alter: (pdf) => inMessage(pdf, (digits) => {
    const last = digits.search(/0*$/) - 1
    return put(digits, last, digits[last] === '1' ? '2' : '1')
  }) },
  { name: 'the signer\'s certificate altered', expected: 'refused', alter: (pdf) => inMessage(pdf, (digits) => {
    // Its address stands in no other certificate
    const at = digits.toLowerCase().indexOf(Buffer.from('van-thu@').toString('hex'))
    return put(digits, at + 1, digits[at + 1] === '1' ? '2' : '1')
  }) },
  { name: 'the message digest altered', expected: 'refused', alter: (pdf) => inMessage(pdf, (digits) => {
    // The attribute 1.2.840.113549.1.9.4; a token has one too, behind it
    const at = digits.search(/06092a864886f70d0109043122/i)
    return at < 0 ? undefined : put(digits, at + 40, digits[at + 40] === '1' ? '2' : '1')
  }) },
  { name: 'no CMS message', expected: 'refused', alter: (pdf) => inMessage(pdf, (digits) => digits.replace(/./g, '0')) },
  { name: 'something in the padding', expected: 'refused', alter: (pdf) => inMessage(pdf, (digits) => /0{64}$/.test(digits) ? put(digits, digits.length - 2, '41') : undefined) },
  { name: 'the CMS message in the other letters', expected: 'accepted', alter: (pdf) => inMessage(pdf, (digits) => digits === digits.toLowerCase() ? digits.toUpperCase() : digits.toLowerCase()) },
  { name: 'a ByteRange that ends too early', expected: 'refused', alter: (pdf) => withRange(pdf, ([from, length, second, rest]) => [from, length, second, rest - 10]) },
  { name: 'a ByteRange that leaves out too much', expected: 'refused', alter: (pdf) => withRange(pdf, ([from, length, second, rest]) => [from, length - 10, second, rest]) },
  { name: 'a ByteRange that covers its brackets', expected: 'refused', alter: (pdf) => withRange(pdf, ([from, length, second, rest]) => [from, length + 1, second - 1, rest + 1]) },
  { name: 'whitespace behind the end', expected: 'accepted', alter: (pdf) => Buffer.concat([pdf, Buffer.from('\n')]) },
  { name: 'something behind the end', expected: 'refused', alter: (pdf) => Buffer.concat([pdf, Buffer.from('\n1 000 000 VND\n')]) },
  { name: 'something before the beginning', expected: 'refused', alter: (pdf) => Buffer.concat([Buffer.from('%\n'), pdf]) },
  { name: 'an update that changes nothing', expected: 'accepted', alter: (pdf) => updated(pdf, []) },
  // pdfsig leaves such objects behind when it signs: nobody sees them
  { name: 'an update with an object that nothing refers to', expected: 'accepted', alter: (pdf) => updated(pdf, ['<</Type/Nothing>>']) },
  { name: 'cut in the last line', expected: 'refused', alter: (pdf) => pdf.subarray(0, pdf.lastIndexOf('startxref') + 5) },
  { name: 'cut in the CMS message', expected: 'refused', alter: (pdf) => inSignature(pdf, ({ open }) => pdf.subarray(0, open + 1000)) },
]

/** An incremental update with new objects that nothing refers to; only of files whose last trailer stands as text. */
export function updated (pdf: Buffer, objects: readonly string[]): Buffer | undefined {
  const text = pdf.toString('latin1')
  const trailer = /^trailer\s*<<[^]*?>>\s*(?:%[^\n]*\n)?startxref\s+(\d+)\s+%%EOF\s*$/.exec(text.slice(text.lastIndexOf('trailer')))
  const size = Number(/\/Size (\d+)/.exec(trailer?.[0] ?? '')?.[1])
  const root = /\/Root \d+ \d+ R/.exec(trailer?.[0] ?? '')?.[0]
  if (!trailer || !size || !root) return undefined
  let update = text.endsWith('\n') ? '' : '\n'
  const offsets = objects.map((object, index) => {
    const offset = pdf.length + update.length
    update += `${size + index} 0 obj\n${object}\nendobj\n`
    return `${String(offset).padStart(10, '0')} 00000 n \n`
  })
  const at = pdf.length + update.length
  const id = /\/ID ?\[\s*(<[0-9a-f]*>\s*)+\]/i.exec(trailer[0])?.[0] ?? ''
  const info = /\/Info \d+ \d+ R/.exec(trailer[0])?.[0] ?? ''
  update += `xref\n${objects.length > 0 ? `${size} ${objects.length}\n${offsets.join('')}` : '0 1\n0000000000 65535 f \n'}trailer\n<</Size ${size + objects.length} ${root} ${info} ${id}/Prev ${trailer[1]}>>\nstartxref\n${at}\n%%EOF\n`
  return Buffer.concat([pdf, Buffer.from(update, 'latin1')])
}

function inSignature (pdf: Buffer, alter: (place: SignaturePlace) => Buffer | undefined): Buffer | undefined {
  const place = lastSignatureIn(pdf)
  return place && alter(place)
}

function inMessage (pdf: Buffer, alter: (digits: string) => string | undefined): Buffer | undefined {
  return inSignature(pdf, ({ open, close }) => {
    const digits = alter(pdf.toString('latin1', open + 1, close))
    return digits === undefined ? undefined : Buffer.concat([pdf.subarray(0, open + 1), Buffer.from(digits, 'latin1'), pdf.subarray(close)])
  })
}

function withRange (pdf: Buffer, change: (range: SignaturePlace['range']) => number[]): Buffer | undefined {
  return inSignature(pdf, ({ range, rangeAt, rangeText }) => {
    const text = `/ByteRange [${change(range).join(' ')}`
    // Nothing may move: the rest of the old text is filled up
    const room = rangeText.length - 1
    return text.length > room ? undefined : Buffer.concat([pdf.subarray(0, rangeAt), Buffer.from(`${text.padEnd(room)}]`, 'latin1'), pdf.subarray(rangeAt + rangeText.length)])
  })
}

function flipped (pdf: Buffer, at: number): Buffer {
  const changed = Buffer.from(pdf)
  changed[at]! ^= 1
  return changed
}

function put (text: string, at: number, piece: string): string {
  return text.slice(0, at) + piece + text.slice(at + piece.length)
}
