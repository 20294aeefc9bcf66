/** Reads BER (X.690), of which CMS allows more than certificates do, as the DER that der.ts reads. */
import { DerError, TAG } from './der.ts'

/** Deeper than any CMS message; a stranger's bytes must not end the stack. */
const DEEPEST = 32
/** A time-stamp token has some 500 elements; a million empty ones would hold up everybody else. */
const MOST_ELEMENTS = 10_000

const CONSTRUCTED = 0x20
const CONSTRUCTED_OCTETS = 0x24

/**
 * The same value with every length definite and shortest, and octet strings in one piece: RFC 5652 allows BER around what is signed, and
 * Bouncy Castle writes it so. What is DER already comes back octet by octet. Throws DerError when it is cut off, too large or has a rest.
 */
export function derFromBer (bytes: Buffer): Buffer {
  const { der, end } = readAt(bytes, 0, 0, { left: MOST_ELEMENTS })
  if (end !== bytes.length) throw new DerError('there is something after the last element')
  return der
}

type Read = { der: Buffer, content: Buffer, end: number }

function readAt (bytes: Buffer, start: number, depth: number, budget: { left: number }): Read {
  const tag = bytes[start]
  const first = bytes[start + 1]
  if (tag === undefined || first === undefined) throw new DerError('an element is cut off')
  if (depth > DEEPEST || budget.left-- === 0) throw new DerError('there are too many elements, or they are nested too deep')
  const { from, length } = lengthAt(bytes, start + 1)
  if (length === undefined && (tag & CONSTRUCTED) === 0) throw new DerError('a length is indefinite where it must not be')
  if ((tag & CONSTRUCTED) === 0) return element(tag, bytes.subarray(from, from + length!), from + length!)
  const parts: Read[] = []
  let at = from
  while (length === undefined ? !isEnd(bytes, at) : at < from + length) {
    const part = readAt(bytes, at, depth + 1, budget)
    parts.push(part)
    at = part.end
  }
  if (length !== undefined && at !== from + length) throw new DerError('an element reaches beyond its parent')
  const end = length === undefined ? at + 2 : at
  if (tag !== CONSTRUCTED_OCTETS) return element(tag, Buffer.concat(parts.map(({ der }) => der)), end)
  if (parts.some(({ der }) => der[0] !== TAG.octetString)) throw new DerError('an octet string has parts that are none')
  return element(TAG.octetString, Buffer.concat(parts.map(({ content }) => content)), end)
}

/** `length` is absent when it is indefinite. */
function lengthAt (bytes: Buffer, at: number): { from: number, length?: number } {
  const first = bytes[at]!
  if (first === 0x80) return { from: at + 1 }
  const octets = first < 0x80 ? 0 : first & 0x7f
  const from = at + 1 + octets
  if (octets > 4 || from > bytes.length) throw new DerError('a length is too large or cut off')
  const length = octets === 0 ? first : bytes.readUIntBE(at + 1, octets)
  if (from + length > bytes.length) throw new DerError('an element is cut off')
  return { from, length }
}

function isEnd (bytes: Buffer, at: number): boolean {
  if (at + 2 > bytes.length) throw new DerError('an element of indefinite length has no end')
  return bytes[at] === 0 && bytes[at + 1] === 0
}

function element (tag: number, content: Buffer, end: number): Read {
  return { der: Buffer.concat([headOf(tag, content.length), content]), content, end }
}

function headOf (tag: number, length: number): Buffer {
  if (length < 0x80) return Buffer.of(tag, length)
  const octets = Math.ceil(length.toString(16).length / 2)
  const head = Buffer.alloc(2 + octets)
  head[0] = tag
  head[1] = 0x80 | octets
  head.writeUIntBE(length, 2, octets)
  return head
}
