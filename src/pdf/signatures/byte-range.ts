/**
 * What a signature covers: the whole revision that it made, but for its own value (ISO 32000-2, 12.8.1; EN 319 142-1, 6.3).
 * A range with another hole, or one that ends elsewhere, lets somebody put in what nobody signed.
 */
import { PdfString, type PdfDict, type PdfObject } from '../reader/objects.ts'
import type { Revision } from '../reader/revision.ts'

/** The integers that the dictionary gives, whatever they are worth. */
export function byteRangeOf (signature: PdfDict): number[] {
  const range = signature.get('ByteRange')
  return Array.isArray(range) ? (range as readonly PdfObject[]).filter((number) => typeof number === 'number').slice(0, MOST_SHOWN) : []
}

/** A range has four; of one that has a million, the first few tell enough. */
const MOST_SHOWN = 16

/** What is wrong with the range of a signature that came with the update that made this revision; undefined when it is honest. */
export function faultInByteRange (signature: PdfDict, { own, end, source }: Revision): string | undefined {
  const [range, contents] = [signature.get('ByteRange'), signature.get('Contents')]
  if (!Array.isArray(range) || range.length !== 4 || !(range as readonly PdfObject[]).every(isPlace)) return 'not four integers that stand in the signature itself'
  if (!(contents instanceof PdfString) || contents.span === undefined || !contents.span.isHex) return 'Contents is no hexadecimal string that stands in the signature itself'
  const [from, length, second, rest] = range as [number, number, number, number]
  const { span } = contents
  const { eof } = own.at(-1)!
  if (from !== 0) return `begins at ${from}`
  if (length !== span.from || second !== span.to) return `leaves out ${length} to ${second}, while Contents stands at ${span.from} to ${span.to}`
  // Programs differ on whose the end of line behind the end-of-file marker is
  if (second + rest < eof || second + rest > end) return `ends at ${second + rest}, while the revision of the signature ends at ${end}`
  // Whitespace among the digits would be room for what nobody signed
  if (source.read(span.from + 1, span.to - 1).toString('latin1').toLowerCase() !== contents.bytes.toString('hex')) return 'Contents holds more than its digits'
  return undefined
}

function isPlace (object: PdfObject): boolean {
  return Number.isSafeInteger(object) && (object as number) >= 0
}
