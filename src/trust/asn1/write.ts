/** Writes the little DER that we ask with: questions to OCSP responders and time-stamping authorities. */
import { TAG } from './der.ts'

/** One element with these contents. They stay below 64 KiB. */
export function writeDer (tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts)
  if (content.length > 0xffff) throw new RangeError('only short elements are written')
  const length = content.length < 0x80 ? [content.length] : content.length < 0x100 ? [0x81, content.length] : [0x82, content.length >> 8, content.length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...length]), content])
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

/** X.690, 8.19.2: seven bits an octet, the highest bit on all but the last. */
function septetsOf (arc: number): number[] {
  const septets = [arc % 128]
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) septets.unshift(0x80 + rest % 128)
  return septets
}
