import { isUtf8 } from 'node:buffer'
import { Refusal } from '../errors.ts'
import { lift } from './lift.ts'
import type { Lifted } from './lift.ts'
import type { Limits } from './limits.ts'
import { createFindLine } from './lines.ts'
import type { FindLine } from './lines.ts'
import { startsWith } from './markup.ts'
import { putMarkers } from './slots.ts'
import { splitSignature } from './xml.ts'
import type { CanonicalMethod, SplitSignature } from './xml.ts'

/**
 * From bytes to canonical octets, in one parse:
 *
 *   bytes → UTF-8 → lift (base64 out, shape checked) → libxml2 (one parse) → content | signature, both canonical
 *
 * What a packet says is read from the octets of the content, which are what a signature digests, and from nothing else.
 */

/** Canonical octets in which a marker stands for the text of each attachment. */
export type Content = {
  method: CanonicalMethod,
  octets: Buffer,
  /** The marker of each slot, in the order in which they stand in the octets. */
  markers: readonly string[],
}

export type Opened = {
  /** All but the located Signature. The only source of data for readers. */
  content: Content,
  /** The canonical text of each attachment's base64, in document order: as it came, with line ends as XML hands them on. */
  slots: Buffer[],
  /** The one Signature at its place, or null. */
  signature: SplitSignature | null,
  /** How many elements named Signature there are in all, in any namespace. */
  signatureCount: number,
  /**
   * Line, in the bytes that came, of the first element whose path of local names ends like this: `MessageHeader.To[2].OrganId`.
   * Where there is none, the line of the next one above that is there.
   */
  lineOf (path: string): number | undefined,
}

export type OpenOptions = {
  limits: Limits,
  /** Path of local names of the element whose child the Signature is, from the root. */
  signatureAt: readonly string[],
  /** Whether the text of attachments is kept out of the parser and the octets. */
  lift: boolean,
}

/** Parses a packet, or a seal, strictly. Throws a Refusal PACKET_… that names the line. */
export function openXml (bytes: Uint8Array, options: OpenOptions): Opened {
  const { limits, signatureAt } = options
  if (bytes.length > limits.packetBytes) throw new Refusal('PACKET_TOO_LARGE', { detail: `more than ${limits.packetBytes} bytes` })
  const utf8 = toUtf8(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  if (!options.lift) return open(lift(utf8, limits, false), signatureAt, false) as Opened
  // A marker that is not found where it must be stood in a signature, or somewhere stranger: then nothing is lifted before the parse.
  return open(lift(utf8, limits, true), signatureAt, true) ?? open(lift(utf8, limits, false), signatureAt, true) as Opened
}

/** Feeds the octets with every attachment's text put back, in order: what a Reference with URI="" digests. */
export function eachOctets (opened: { content: Content, slots: readonly Buffer[] }, sink: (bytes: Buffer) => void): void {
  const { octets, markers } = opened.content
  let from = 0
  markers.forEach((marker, index) => {
    const at = octets.indexOf(marker, from, 'latin1')
    if (at === -1) throw new Error('a marker is missing in the octets')
    sink(octets.subarray(from, at))
    sink(opened.slots[index] as Buffer)
    from = at + marker.length
  })
  sink(octets.subarray(from))
}

function open (lifted: Lifted, signatureAt: readonly string[], putOut: boolean): Opened | null {
  const { bytes, originalLine } = lifted
  if (!isUtf8(bytes)) throw new Refusal('PACKET_ENCODING', { detail: 'the bytes are not UTF-8' })
  const { method, octets, signature, signatureCount } = atOriginalLine(originalLine, () => splitSignature(bytes, signatureAt))
  if (!lifted.understood) throw new Refusal('PACKET_NOT_XML')
  const slotted = putOut ? putMarkers(octets, lifted) : { octets, slots: [], markers: [] }
  if (slotted === null) return null
  let findLine: FindLine | null = null
  return {
    content: { method, octets: slotted.octets, markers: slotted.markers },
    slots: slotted.slots,
    signature: signature && { ...signature, line: originalLine(signature.line) },
    signatureCount,
    lineOf (path) {
      findLine ??= createFindLine(bytes)
      const line = findLine(path)
      return line && originalLine(line)
    },
  }
}

function atOriginalLine<T> (originalLine: Lifted['originalLine'], act: () => T): T {
  try {
    return act()
  } catch (error) {
    if (!(error instanceof Refusal) || error.fault.line === undefined) throw error
    throw new Refusal(error.code, { ...error.fault, line: originalLine(error.fault.line) }, { cause: error })
  }
}

/** UTF-16 is read too: Windows libraries write it, and the axis takes it. */
export function toUtf8 (bytes: Buffer): Buffer {
  const wide = startsWith(bytes, 0, '\xff\xfe') || startsWith(bytes, 0, '<\0') ? 'utf-16le'
    : startsWith(bytes, 0, '\xfe\xff') || startsWith(bytes, 0, '\0<') ? 'utf-16be'
      : null
  if (wide === null) return bytes
  try {
    const text = new TextDecoder(wide, { fatal: true }).decode(bytes)
    return Buffer.from(text.replace(/^(<\?xml\s[^>]*?\sencoding\s*=\s*["'])utf-16(?:le|be)?(?=["'])/i, '$1UTF-8'))
  } catch (error) {
    throw new Refusal('PACKET_ENCODING', { detail: 'the bytes are not UTF-16' }, { cause: error })
  }
}
