/** Changes to bytes, whatever they mean; and to DER, element by element. */
import type { Random } from './random.ts'

/** Changes bytes somewhere: bits, pieces, the end. */
export function mutateBytes (bytes: Buffer, random: Random): Buffer {
  const changed = Buffer.from(bytes)
  const at = random.below(bytes.length)
  const piece = () => bytes.subarray(at, at + 1 + random.below(64))
  switch (random.below(7)) {
    case 0:
      changed[at]! ^= 1 << random.below(8)
      return changed
    case 1:
      changed[at] = random.pick([0, 1, 0x7f, 0x80, 0xff, 0x30, 0x3c])
      return changed
    case 2: return bytes.subarray(0, at)
    case 3: return Buffer.concat([bytes.subarray(0, at), random.bytes(1 + random.below(8)), bytes.subarray(at)])
    case 4: return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + piece().length)])
    case 5: return Buffer.concat([bytes.subarray(0, at), piece(), bytes.subarray(at)])
    default: return Buffer.concat([bytes, random.bytes(1 + random.below(16))])
  }
}

/** Where an element of DER stands. */
type Span = { tag: number, from: number, content: number, to: number }

/** Takes an element out, doubles, swaps, empties or renames it, or lies about its length; the lengths around it are mended most of the time. */
export function mutateDer (bytes: Buffer, random: Random): Buffer {
  const spans = spansIn(bytes, 0, bytes.length)
  if (spans.length < 2) return mutateBytes(bytes, random)
  const { from, content, to, tag } = random.pick(spans.slice(1))
  const element = bytes.subarray(from, to)
  const replace = (by: Buffer): Buffer => random.below(4) === 0
    ? Buffer.concat([bytes.subarray(0, from), by, bytes.subarray(to)])
    : rebuilt(bytes, 0, bytes.length, from, to, by)
  switch (random.below(8)) {
    case 0: return replace(Buffer.alloc(0))
    case 1: return replace(Buffer.concat([element, element]))
    case 2: return replace(bytes.subarray(...random.pick(spans.map((span) => [span.from, span.to] as const))))
    case 3: return replace(encoded(tag, Buffer.alloc(0)))
    case 4: return replace(Buffer.concat([Buffer.of(random.below(256)), bytes.subarray(from + 1, to)]))
    case 5: return replace(encoded(tag, random.bytes(to - content)))
    // A length that is wrong, endless, or written in more octets than it needs
    case 6: return replace(Buffer.concat([Buffer.of(tag), random.pick([Buffer.of(0x80), Buffer.of(0x84, 0xff, 0xff, 0xff, 0xff), Buffer.of(0x81, (to - content) & 0x7f), Buffer.of(random.below(0x80))]), bytes.subarray(content, to)]))
    default: return replace(encoded(tag, mutateBytes(Buffer.concat([bytes.subarray(content, to), Buffer.of(0)]), random)))
  }
}

/** All elements, from outside to inside; what only looks like DER is left alone. */
function spansIn (bytes: Buffer, from: number, to: number): Span[] {
  const spans: Span[] = []
  for (let at = from; at < to;) {
    const span = spanAt(bytes, at, to)
    if (!span) return []
    spans.push(span)
    at = span.to
  }
  return spans.flatMap((span) => [span, ...inside(bytes, span)])
}

/** An OCTET STRING or a BIT STRING may hold DER too. */
function inside (bytes: Buffer, { tag, content, to }: Span): Span[] {
  if ((tag & 0x20) !== 0 || tag === 0x04) return spansIn(bytes, content, to)
  return tag === 0x03 && bytes[content] === 0 ? spansIn(bytes, content + 1, to) : []
}

function spanAt (bytes: Buffer, from: number, limit: number): Span | undefined {
  const tag = bytes[from]
  const first = bytes[from + 1]
  if (tag === undefined || first === undefined || tag === 0 || from + 2 > limit) return undefined
  const octets = first < 0x80 ? 0 : first & 0x7f
  if (octets > 3 || first === 0x80 || from + 2 + octets > limit) return undefined
  const length = octets === 0 ? first : bytes.readUIntBE(from + 2, octets)
  const content = from + 2 + octets
  return content + length > limit ? undefined : { tag, from, content, to: content + length }
}

/** The bytes with another piece in place of the one from `from` to `to`, and every length around it mended. */
function rebuilt (bytes: Buffer, start: number, end: number, from: number, to: number, by: Buffer): Buffer {
  const parts: Buffer[] = []
  for (let at = start; at < end;) {
    const span = spanAt(bytes, at, end)
    if (!span) return Buffer.concat([bytes.subarray(start, from), by, bytes.subarray(to, end)])
    if (span.from === from && span.to === to) parts.push(by)
    else if (span.from <= from && to <= span.to) {
      const skip = span.tag === 0x03 ? 1 : 0
      parts.push(encoded(span.tag, Buffer.concat([bytes.subarray(span.content, span.content + skip), rebuilt(bytes, span.content + skip, span.to, from, to, by)])))
    } else parts.push(bytes.subarray(span.from, span.to))
    at = span.to
  }
  return Buffer.concat(parts)
}

function encoded (tag: number, content: Buffer): Buffer {
  const { length } = content
  const octets = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : length < 0x10000 ? [0x82, length >> 8, length & 0xff] : [0x83, length >> 16, (length >> 8) & 0xff, length & 0xff]
  return Buffer.concat([Buffer.of(tag, ...octets), content])
}
