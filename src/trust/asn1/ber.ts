/** Reads BER (X.690), of which CMS allows more than certificates do, as the DER that der.ts reads. */
import { DerError, TAG, spanAt, type Span } from './der.ts'
import { headOf } from './write.ts'

/** Deeper than any CMS message; a stranger's bytes must not end the stack. */
const DEEPEST = 32
/** A time-stamp token has some 500 elements; a million empty ones would hold up everybody else. */
const MOST_REWRITTEN = 10_000
/** What is DER is only looked at: a CRL of 100,000 entries that came along has half a million. */
const MOST_SEEN = 4_000_000

const CONSTRUCTED = 0x20
const CONSTRUCTED_OCTETS = 0x24

/**
 * The same value with every length definite and shortest, and octet strings in one piece: RFC 5652 allows BER around what is signed, and
 * Bouncy Castle writes it so. What is DER already comes back octet by octet. Throws DerError when it is cut off, too large or has a rest.
 */
export function derFromBer (bytes: Buffer): Buffer {
  const { der, end } = readFirst(bytes)
  if (end !== bytes.length) throw new DerError('there is something after the last element')
  return der
}

/** Where the element that stands first in the bytes ends, in BER or DER, whatever is behind it. Throws DerError. */
export function endOfBer (bytes: Buffer): number {
  return readFirst(bytes).end
}

type Read = { der: Buffer, content: Buffer, end: number }
type Budget = { rewritten: number, seen: number }

function readFirst (bytes: Buffer): Read {
  return readAt(bytes, 0, 0, { rewritten: MOST_REWRITTEN, seen: MOST_SEEN })
}

function readAt (bytes: Buffer, start: number, depth: number, budget: Budget): Read {
  const tag = bytes[start]
  const first = bytes[start + 1]
  if (tag === undefined || first === undefined) throw new DerError('an element is cut off')
  if (depth > DEEPEST || budget.rewritten-- === 0) throw new DerError('there are too many elements, or they are nested too deep')
  const { from, length } = lengthAt(bytes, start + 1)
  if (length !== undefined && isDer(bytes, start, from + length, DEEPEST - depth, budget)) return { der: bytes.subarray(start, from + length), content: bytes.subarray(from, from + length), end: from + length }
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

/** Whether the element from `start` to `end` is DER through and through, as far as lengths and octet strings go. */
function isDer (bytes: Buffer, start: number, end: number, deepest: number, budget: Budget): boolean {
  const span: Span = { tag: 0, from: 0, to: 0 }
  const ends = [end]
  for (let at = start; at < end;) {
    while (at === ends.at(-1)) ends.pop()
    if (budget.seen-- === 0) throw new DerError('there are too many elements')
    try {
      spanAt(bytes, at, ends.at(-1)!, span)
    } catch (error) {
      if (error instanceof DerError) return false
      throw error
    }
    if (span.tag === CONSTRUCTED_OCTETS) return false
    const isConstructed = (span.tag & CONSTRUCTED) !== 0
    if (isConstructed && span.from < span.to && ends.push(span.to) > deepest + 1) return false
    at = isConstructed ? span.from : span.to
  }
  return true
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
