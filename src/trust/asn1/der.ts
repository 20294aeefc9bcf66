/** A strict reader of DER (X.690): one way to write each value, nothing left over. Every deviation throws DerError. */

/** The bytes are not the DER that was asked for. */
export class DerError extends Error { override readonly name = 'DerError' }

/** What `read` gives; undefined where it finds other bytes than the DER that it asks for. For what is only a hint: one that cannot be read is as good as absent. */
export function ifReadable<Read> (read: () => Read): Read | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof DerError) return undefined
    throw error
  }
}

/** One element: `tag` is the identifier octet as it stands, `raw` the element with tag and length. */
export type Der = { tag: number, content: Buffer, raw: Buffer }

/** Identifier octets that certificates use. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  printableString: 0x13,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const

/** The only element in the bytes, which must have this tag. */
export function readDer (bytes: Buffer, tag: number): Der {
  const [element, ...others] = readElements(bytes)
  if (element === undefined || others.length > 0) throw new DerError('expected exactly one element')
  return expectTag(element, tag)
}

/** The elements that stand one behind the other in the bytes, no more than `most`: each costs an object, and a stranger may send millions. */
export function readElements (bytes: Buffer, most = Infinity): Der[] {
  const elements: Der[] = []
  for (let at = 0; at < bytes.length;) {
    if (elements.length >= most) throw new DerError(`more than ${most} elements`)
    const element = readAt(bytes, at)
    elements.push(element)
    at += element.raw.length
  }
  return elements
}

/** The children of a constructed element with this tag. */
export function childrenOf (element: Der | undefined, tag: number = TAG.sequence, most?: number): Der[] {
  return readElements(expectTag(element, tag).content, most)
}

/** The element itself, if it is there and has this tag. */
export function expectTag (element: Der | undefined, tag: number): Der {
  if (element?.tag !== tag) throw new DerError(`expected tag ${tag}, found ${element?.tag ?? 'nothing'}`)
  return element
}

/** An object identifier in dotted form. */
export function oidOf (element: Der | undefined): string {
  const { content } = expectTag(element, TAG.oid)
  const arcs: number[] = []
  let arc = 0
  let inside = false
  for (const octet of content) {
    if (!inside && octet === 0x80) throw new DerError('an arc of an object identifier is padded')
    arc = arc * 128 + (octet & 0x7f)
    if (!Number.isSafeInteger(arc)) throw new DerError('an arc of an object identifier is too large')
    inside = octet >= 0x80
    if (!inside) {
      arcs.push(arc)
      arc = 0
    }
  }
  const [first, ...others] = arcs
  if (first === undefined || inside) throw new DerError('an object identifier is cut off')
  const root = Math.min(Math.floor(first / 40), 2)
  return [root, first - root * 40, ...others].join('.')
}

/** TRUE or FALSE. */
export function booleanOf (element: Der | undefined): boolean {
  const { content } = expectTag(element, TAG.boolean)
  if (content.length !== 1 || (content[0] !== 0x00 && content[0] !== 0xff)) throw new DerError('a boolean is neither 00 nor FF')
  return content[0] === 0xff
}

/** An integer from 0 to 2^31 - 1. */
export function smallIntegerOf (element: Der | undefined): number {
  const { content } = expectTag(element, TAG.integer)
  if (content.length === 0 || content.length > 4 || content[0]! >= 0x80) throw new DerError('an integer is empty, negative or too large')
  if (content.length > 1 && content[0] === 0 && content[1]! < 0x80) throw new DerError('an integer is padded')
  return content.readUIntBE(0, content.length)
}

/** An integer of up to 64 octets; `tag` is another one where it is tagged implicitly. */
export function integerOf (element: Der | undefined, tag: number = TAG.integer): bigint {
  const { content } = expectTag(element, tag)
  const [first, second] = content
  if (first === undefined || content.length > 64) throw new DerError('an integer is empty or too large')
  if (second !== undefined && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80))) throw new DerError('an integer is padded')
  return BigInt.asIntN(content.length * 8, BigInt(`0x${content.toString('hex')}`))
}

/** A UTCTime or GeneralizedTime in the one form that RFC 5280, 4.1.2.5, admits: to the second, in UTC. */
export function timeOf (element: Der | undefined): Date {
  if (element?.tag !== TAG.utcTime && element?.tag !== TAG.generalizedTime) throw new DerError(`expected a time, found ${element?.tag ?? 'nothing'}`)
  const text = element.content.toString('latin1')
  const [, yearText, ...rest] = (element.tag === TAG.utcTime ? UTC_TIME : GENERALIZED_TIME).exec(text) ?? []
  if (yearText === undefined) throw new DerError('a time is not written to the second in UTC')
  const short = Number(yearText)
  const year = element.tag === TAG.utcTime ? short + (short < 50 ? 2000 : 1900) : short
  const [month, ...others] = rest.map(Number) as [number, number, number, number, number]
  const time = new Date(Date.UTC(year, month - 1, ...others))
  // Date rolls 31 February over; a CA that writes one is no CA to be guessed about
  if (time.getUTCFullYear() !== year || time.getUTCMonth() !== month - 1 || time.getUTCDate() !== others[0] || others[1]! > 23 || others[2]! > 59 || others[3]! > 59) throw new DerError('a time is none')
  return time
}

const UTC_TIME = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/
const GENERALIZED_TIME = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/

/** The numbers of the bits that are set in a named bit list, the first bit being 0. */
export function bitsOf (element: Der | undefined): Set<number> {
  const { content } = expectTag(element, TAG.bitString)
  const unused = content[0]
  if (unused === undefined || unused > 7 || (content.length === 1 && unused > 0)) throw new DerError('a bit string is malformed')
  const bits = new Set<number>()
  for (let bit = 0; bit < (content.length - 1) * 8; bit++) {
    if ((content[1 + (bit >> 3)]! & (0x80 >> (bit & 7))) === 0) continue
    if (bit >= (content.length - 1) * 8 - unused) throw new DerError('an unused bit is set')
    bits.add(bit)
  }
  return bits
}

/** The octets of a bit string that is made of whole ones, as signatures and keys are. */
export function octetsOf (element: Der | undefined): Buffer {
  const { content } = expectTag(element, TAG.bitString)
  if (content[0] !== 0) throw new DerError('a bit string is not made of whole octets')
  return content.subarray(1)
}

/** Where an element lies in bytes that hold many: its content from `from` up to `to`. */
export type Span = { tag: number, from: number, to: number }

/** The tag of the element at `start`, which must end before `limit`, and into `span` where it lies. For lists so long that an object for each element would cost too much. */
export function spanAt (bytes: Buffer, start: number, limit: number, span: Span): number {
  const tag = bytes[start]
  const first = bytes[start + 1]
  if (tag === undefined || first === undefined || start + 2 > limit) throw new DerError('an element is cut off')
  if ((tag & 0x1f) === 0x1f) throw new DerError('tags above 30 do not occur in certificates')
  let length = first
  let from = start + 2
  if (first >= 0x80) {
    const octets = first & 0x7f
    if (octets === 0 || octets > 4 || from + octets > limit) throw new DerError('a length is indefinite, too large or cut off')
    length = bytes.readUIntBE(from, octets)
    from += octets
    if (length < 0x80 || length < 2 ** (8 * (octets - 1))) throw new DerError('a length is not written in the shortest form')
  }
  if (from + length > limit) throw new DerError('an element is cut off')
  span.tag = tag
  span.from = from
  span.to = from + length
  return tag
}

function readAt (bytes: Buffer, start: number): Der {
  const span = { tag: 0, from: 0, to: 0 }
  spanAt(bytes, start, bytes.length, span)
  return { tag: span.tag, content: bytes.subarray(span.from, span.to), raw: bytes.subarray(start, span.to) }
}
