/**
 * What a signature covers: the whole revision that it made, but for its own value (ISO 32000-2, 12.8.1; EN 319 142-1, 5.5).
 * A range with another hole, or one that ends elsewhere, lets somebody put in what nobody signed.
 */
import { PdfString, type PdfDict, type PdfObject } from '../reader/objects.ts'
import type { PdfSource } from '../source.ts'

/** The integers that the dictionary gives, whatever they are worth. */
export function byteRangeOf (signature: PdfDict): number[] {
  const range = signature.get('ByteRange')
  return Array.isArray(range) ? (range as readonly PdfObject[]).filter((number) => typeof number === 'number').slice(0, MOST_SHOWN) : []
}

/** A range has four; of one that has a million, the first few tell enough. */
const MOST_SHOWN = 16

/** What is wrong with the range of a signature that came with the revision that ends at `end`; undefined when it is honest. */
export function faultInByteRange (signature: PdfDict, source: PdfSource, end: number): string | undefined {
  const [range, contents] = [signature.get('ByteRange'), signature.get('Contents')]
  if (!Array.isArray(range) || range.length !== 4 || !(range as readonly PdfObject[]).every(isPlace)) return 'not four integers that stand in the signature itself'
  if (!(contents instanceof PdfString) || contents.span === undefined || !contents.span.isHex) return 'Contents is no hexadecimal string that stands in the signature itself'
  const [from, length, second, rest] = range as [number, number, number, number]
  const { span } = contents
  if (from !== 0) return `begins at ${from}`
  if (length !== span.from || second !== span.to) return `leaves out ${length} to ${second}, while Contents stands at ${span.from} to ${span.to}`
  if (!endsAt(second + rest, source, end)) return `ends at ${second + rest}, while the revision of the signature ends at ${end}`
  // Whitespace among the digits would be room for what nobody signed
  if (span.to - span.from !== 2 * contents.bytes.length + 2) return 'Contents holds more than its digits'
  return undefined
}

function isPlace (object: PdfObject): boolean {
  return Number.isSafeInteger(object) && (object as number) >= 0
}

/** Whether it is the end of the revision, or differs from it by ends of lines only: programs differ on whose the last one is. */
function endsAt (place: number, source: PdfSource, end: number): boolean {
  const [from, to] = [Math.min(place, end), Math.max(place, end)]
  return place <= source.size && to - from <= 2 && source.read(from, to).every((octet) => octet === 0x0a || octet === 0x0d)
}
