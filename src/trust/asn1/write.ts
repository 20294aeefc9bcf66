/** Writes DER: the questions to OCSP responders and time-stamping authorities, and signed messages. */
import { TAG } from './der.ts'

/** One element with these contents. */
export function writeDer (tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  return Buffer.concat([headOf(tag, length), ...parts])
}

/** A SET OF: its elements in the order of their octets (X.690, 11.6). `tag` is another one where it is tagged implicitly. */
export function writeSetOf (elements: readonly Buffer[], tag: number = TAG.set): Buffer {
  return writeDer(tag, ...elements.toSorted((one, other) => one.compare(other)))
}

/** An object identifier from its dotted form. */
export function writeOid (id: string): Buffer {
  const [first = 0, second = 0, ...arcs] = id.split('.').map(Number)
  return writeDer(TAG.oid, Buffer.from([first * 40 + second, ...arcs].flatMap(septetsOf)))
}

/** An AlgorithmIdentifier whose parameters are NULL, as digests have it. */
export function writeAlgorithm (id: string): Buffer {
  return writeDer(TAG.sequence, writeOid(id), writeDer(0x05))
}

/** An integer that is not negative, from its octets, the highest first. */
export function writeUnsigned (octets: Uint8Array): Buffer {
  const first = octets.findIndex((octet) => octet !== 0)
  const shortest = first < 0 ? Buffer.of(0) : octets.subarray(first)
  return writeDer(TAG.integer, ...(shortest[0]! >= 0x80 ? [Buffer.of(0)] : []), shortest)
}

/** Tag and length of an element, the length definite and shortest. */
export function headOf (tag: number, length: number): Buffer {
  if (length < 0x80) return Buffer.of(tag, length)
  const octets = Math.ceil(length.toString(16).length / 2)
  const head = Buffer.alloc(2 + octets)
  head[0] = tag
  head[1] = 0x80 | octets
  head.writeUIntBE(length, 2, octets)
  return head
}

/** X.690, 8.19.2: seven bits an octet, the highest bit on all but the last. */
function septetsOf (arc: number): number[] {
  const septets = [arc % 128]
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) septets.unshift(0x80 + rest % 128)
  return septets
}
