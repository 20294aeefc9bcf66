/** Changes to PDFs, token by token: lies of the same length, so that offsets still hold; changed objects under a mended table; and updates. */
import { makePdf, updateOf, type Objects } from '../support/pdf.ts'
import { mutateBytes } from './mutate-bytes.ts'
import type { Random } from './random.ts'

const TOKEN = /\d+ \d+ R|[+-]?\d+|\/[^\s/<>[\]()]+|\b(?:obj|endobj|stream|endstream|xref|trailer|startxref|null|true)\b|<<|>>|[[\]]|%%EOF| [nf] [\r\n]/g
const ODD = ['0', '-1', '1', '65535', '65536', '4294967296', '9999999999', '1 0 R', '5 0 R', '99 0 R', 'null', '/X', '/Length', '/Type', '<<', '>>', '[', ']', '(', ')', '<', '%', '%%EOF', 'stream', 'endobj', '[[[[[[[[', '<</A<</B']

/** Changes a token, an object or the bytes, or appends an update. */
export function mutatePdf (pdf: Buffer, random: Random): Buffer {
  const text = pdf.toString('latin1')
  const tokens = [...text.matchAll(TOKEN)].map(({ index, 0: whole }) => ({ from: index, to: index + whole.length, whole }))
  if (tokens.length === 0) return mutateBytes(pdf, random)
  const [token, other] = [random.pick(tokens), random.pick(tokens)]
  const put = (by: string) => Buffer.from(text.slice(0, token.from) + by + text.slice(token.to), 'latin1')
  const sameLength = (by: string) => put(by.slice(0, token.whole.length).padEnd(token.whole.length))
  const number = () => String(random.pick([0, 1, 9, random.below(20), random.below(text.length), text.length - random.below(60)]))
  switch (random.below(9)) {
    case 0: return sameLength(random.pick(ODD))
    case 1: return sameLength(other.whole)
    case 2: return sameLength(/^\d/.test(token.whole) ? number().padStart(token.whole.length, '0') : number())
    case 3: return put(random.pick([random.pick(ODD), other.whole, '']))
    case 4: return put(token.whole + random.pick(['', ' ']) + random.pick(ODD))
    case 5: return mended(text, random)
    case 6: return updateOf(pdf, { [random.below(12)]: random.pick(['null', '1 0 R', '<< /Type /Catalog >>', '(new)']) }, random.pick([{}, { xref: 'stream' }, { xref: 'stream', compressed: [1, 2, 3, 4, 5, 6] }, { prev: random.below(text.length) }, { startxref: random.below(text.length) }, { size: random.below(20) }, { free: [0] }] as const))
    case 7: return Buffer.concat([pdf, pdf.subarray(random.below(pdf.length))])
    default: return mutateBytes(pdf, random)
  }
}

/** One object changed, and all offsets right. */
function mended (text: string, random: Random): Buffer {
  const objects: Objects = Object.fromEntries([...text.matchAll(/(\d+) 0 obj\n(.*?)\nendobj/gs)].map(([, number, body]) => [number, body]))
  const number = Number(random.pick(Object.keys(objects).length > 0 ? Object.keys(objects) : ['1']))
  return makePdf({ ...objects, [number]: mutateBytes(Buffer.from((objects[number] as string | undefined) || 'null', 'latin1'), random).toString('latin1') }, random.pick([{}, { xref: 'stream' }, { xref: 'stream', compressed: [1, 2, 3, 4] }] as const))
}
