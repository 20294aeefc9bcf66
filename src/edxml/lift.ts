import { randomBytes } from 'node:crypto'
import { Refusal } from '../errors.ts'
import type { RefusalCode } from '../errors.ts'
import { isPlainBase64 } from './base64.ts'
import type { Limits } from './limits.ts'
import { countLines, declaredEncoding, isSpace, isUtf8Name, skipTag, startsWith } from './markup.ts'

/**
 * Lifts the base64 text of attachments out of a packet before it is parsed, and checks its shape on the way.
 *
 * An unguessable marker takes the place of each text. Whoever parses the rest must find every marker as the whole text of a
 * `ContentTransferEncoded` element, in order: since the lifted text holds no markup, the packet then means the same with the
 * text put back, whatever this scanner may have misunderstood. It refuses; it never accepts: the parser has the last word.
 */

export type Lifted = {
  /** The packet with markers, without byte order mark. */
  bytes: Buffer,
  slots: Buffer[],
  markers: string[],
  /** Whether the scanner followed the markup to its end. If not, the parser must refuse. */
  understood: boolean,
  /** Line in the bytes that came, for a line of `bytes`. */
  originalLine (line: number): number,
}

/** The packet may come in pieces. */
export type Lifter = { push (chunk: Buffer): void, end (): Lifted }

/** Lifts out of a packet that is there as a whole. */
export function lift (bytes: Buffer, limits: Limits, liftText: boolean): Lifted {
  const lifter = createLifter(limits, liftText)
  lifter.push(bytes)
  return lifter.end()
}

const LT = 0x3c
const SLASH = 0x2f
const ENCODED = 'ContentTransferEncoded'

/** Makes a lifter. With `liftText` false it only checks. */
export function createLifter (limits: Limits, liftText: boolean): Lifter {
  const nonce = randomBytes(16).toString('hex')
  const output: Buffer[] = []
  const slots: Buffer[] = []
  const markers: string[] = []
  /** Lines the marker does not have, by the line of the output it stands in. */
  const lost: { line: number, count: number }[] = []
  /** Namespace declarations in force, by depth. */
  const inForce: number[] = [0]
  /** What of the pieces is not yet in the output or in a slot, and how far the scanner came in it. */
  let bytes: Buffer = Buffer.alloc(0)
  let emitted = 0
  let at = 0
  let begun = false
  let total = 0
  let markup = 0
  let line = 1
  let elements = 0
  /** Whether anything came before `at`. */
  let started = false
  let rootSeen = false
  let understood = true
  /** Pieces of the text of the attachment we stand in. */
  let text: Buffer[] | null = null

  const originalLine = (wanted: number): number =>
    lost.reduce((sum, { line, count }) => line < wanted ? sum + count : sum, wanted)

  function refuse (code: RefusalCode, detail?: string): never {
    const here = line + countLines(bytes.subarray(emitted, at))
    throw new Refusal(code, { line: originalLine(here), ...detail === undefined ? {} : { detail } })
  }

  /** Puts all up to `at` into the output. */
  function emit (): void {
    if (at === emitted) return
    const piece = bytes.subarray(emitted, at)
    markup += piece.length
    if (markup > limits.markupBytes) refuse('PACKET_TOO_LARGE', `more than ${limits.markupBytes} bytes beside the attachments`)
    output.push(piece)
    line += countLines(piece)
    emitted = at
  }

  function endText (atEndTag: boolean): void {
    const pieces = text
    text = null
    if (pieces === null || pieces.length === 0) return
    const whole = pieces.length === 1 ? pieces[0] as Buffer : Buffer.concat(pieces)
    if (!atEndTag || !isPlainBase64(whole)) {
      // The parser sees it, and whoever decodes it will judge it.
      output.push(whole)
      line += countLines(whole)
      return
    }
    const marker = `slot-${nonce}-${slots.length}`
    slots.push(whole.includes(0x0d) ? normaliseLineEnds(whole) : whole)
    markers.push(marker)
    output.push(Buffer.from(marker))
    const lines = countLines(whole)
    if (lines > 0) lost.push({ line, count: lines })
  }

  function textOutsideRoot (to: number, beforeMarkup: boolean): void {
    for (; at < to; at++) {
      if (isSpace(bytes[at])) continue
      // Perhaps content after the root, perhaps an end tag too many before: the parser can tell.
      if (rootSeen) {
        understood = false
        return
      }
      if (beforeMarkup && startsWith(bytes, to, '<?xml')) refuse('PACKET_LEADING_BYTES')
      refuse('PACKET_NOT_XML', 'the first character is not <')
    }
  }

  /** Index after the token at `at`, which is a `<`; -1 if its end is not there yet, or it has none. */
  function token (): number {
    const next = bytes[at + 1]
    if (next === undefined) return -1
    if (next === SLASH) {
      const end = after(bytes, '>', at)
      if (end !== -1 && inForce.length > 1) inForce.pop()
      return end
    }
    if (next === 0x21) return bang()
    if (next === 0x3f) return instruction()
    return startTag()
  }

  function bang (): number {
    if (startsWith(bytes, at, '<!--')) return after(bytes, '-->', at + 4)
    if (startsWith(bytes, at, '<![CDATA[')) return after(bytes, ']]>', at + 9)
    if (startsWith(bytes, at, '<!DOCTYPE')) refuse('PACKET_DOCTYPE')
    if (bytes.length - at >= 9) understood = false
    return -1
  }

  function instruction (): number {
    const end = after(bytes, '?>', at + 2)
    if (end === -1) return -1
    if (!startsWith(bytes, at, '<?xml') || !isSpace(bytes[at + 5])) refuse('PACKET_INSTRUCTION')
    if (started) refuse(rootSeen ? 'PACKET_INSTRUCTION' : 'PACKET_LEADING_BYTES')
    const encoding = declaredEncoding(bytes.toString('latin1', at, end))
    if (encoding !== null && !isUtf8Name(encoding)) refuse('PACKET_ENCODING', 'UTF-8 is expected')
    return end
  }

  function startTag (): number {
    const tag = skipTag(bytes, at)
    if (tag === null) return -1
    if (inForce.length === 1 && rootSeen) {
      understood = false
      return -1
    }
    rootSeen = true
    if (++elements > limits.elements) refuse('PACKET_TOO_MANY', `more than ${limits.elements} elements`)
    if (tag.attributes > limits.attributes) refuse('PACKET_TOO_MANY', `more than ${limits.attributes} attributes on an element`)
    if (inForce.length > limits.depth) refuse('PACKET_TOO_DEEP', `deeper than ${limits.depth}`)
    const namespaces = (inForce.at(-1) as number) + tag.namespaces
    if (namespaces > limits.namespaces) refuse('PACKET_TOO_MANY', `more than ${limits.namespaces} namespaces in force`)
    if (!tag.empty) {
      inForce.push(namespaces)
      if (liftText && tag.nameEnd - tag.nameStart === ENCODED.length && startsWith(bytes, tag.nameStart, ENCODED)) text = []
    }
    return tag.end
  }

  /** Follows the markup as far as it goes in the bytes that are there. */
  function scan (last: boolean): void {
    while (at < bytes.length && understood) {
      const lt = bytes[at] === LT ? at : bytes.indexOf(LT, at)
      const stop = lt === -1 ? bytes.length : lt
      if (text !== null) {
        emit()
        if (stop > at) text.push(bytes.subarray(at, stop))
        at = emitted = stop
        if (lt === -1 || (lt + 1 >= bytes.length && !last)) break
        endText(bytes[lt + 1] === SLASH)
      } else if (stop > at && inForce.length === 1) {
        if (!last && !rootSeen && (lt === -1 || bytes.length - lt < 5)) break
        textOutsideRoot(stop, lt !== -1)
        if (!understood) break
      }
      if (stop > 0) started = true
      at = stop
      if (lt === -1) break
      const end = token()
      if (end === -1) break
      started = true
      at = end
    }
    emit()
  }

  function push (chunk: Buffer): void {
    total += chunk.length
    if (total > limits.packetBytes) throw new Refusal('PACKET_TOO_LARGE', { detail: `more than ${limits.packetBytes} bytes` })
    bytes = emitted === bytes.length ? chunk : Buffer.concat([bytes.subarray(emitted), chunk])
    at -= emitted
    emitted = 0
    advance(false)
  }

  function advance (last: boolean): void {
    if (!begun) {
      if (bytes.length < 4 && !last) return
      if (startsWith(bytes, 0, '\xef\xbb\xbf')) bytes = bytes.subarray(3)
      begun = true
    }
    scan(last)
    if (understood && bytes.length - at > limits.markupBytes) refuse('PACKET_TOO_LARGE', 'one piece of markup is too long')
  }

  function end (): Lifted {
    advance(true)
    if (text !== null) endText(false)
    if (inForce.length !== 1 || !rootSeen || at < bytes.length) understood = false
    output.push(bytes.subarray(emitted))
    return { bytes: Buffer.concat(output), slots, markers, understood, originalLine }
  }

  return { push, end }
}

function after (bytes: Buffer, closing: string, from: number): number {
  const at = bytes.indexOf(closing, from, 'latin1')
  return at === -1 ? -1 : at + closing.length
}

/** XML 1.0, 2.11: a parser hands on CR LF and a lone CR as LF. */
function normaliseLineEnds (text: Buffer): Buffer {
  return Buffer.from(text.toString('latin1').replace(/\r\n?/g, '\n'), 'latin1')
}
