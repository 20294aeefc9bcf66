/** The CMS message in a signature's Contents, and the digests of what it covers. */
import { createHash } from 'node:crypto'
import { endOfBer } from '../../trust/asn1/ber.ts'
import { ifReadable, TAG } from '../../trust/asn1/der.ts'
import { DIGESTS, digestNameOf } from '../../trust/algorithms.ts'
import { readSignedData } from '../../trust/cms/read.ts'
import { readToken } from '../../trust/time/read.ts'
import { PdfString, type PdfObject } from '../reader/objects.ts'
import type { PdfSource } from '../source.ts'

/** The message without the zeros behind it, which are all that may stand there. Undefined when there is none to be read. */
export function messageIn (contents: PdfObject | undefined): { message: Buffer, isPadded: boolean } | undefined {
  if (!(contents instanceof PdfString) || contents.bytes[0] !== TAG.sequence) return undefined
  const end = ifReadable(() => endOfBer(contents.bytes))
  return end === undefined ? undefined : { message: contents.bytes.subarray(0, end), isPadded: contents.bytes.subarray(end).every((octet) => octet === 0) }
}

const PIECE = 1024 * 1024

/** The digests of the covered bytes, under those algorithms alone that the message names. */
export function digestsOf (source: PdfSource, byteRange: readonly number[], algorithms: ReadonlySet<string>): Record<string, Uint8Array> {
  const scratch = Buffer.allocUnsafe(PIECE)
  const hashes = [...algorithms].map((name) => ({ name, hash: createHash(name) }))
  for (let part = 0; part + 1 < byteRange.length; part += 2) {
    const [from, to] = [byteRange[part]!, byteRange[part]! + byteRange[part + 1]!]
    for (let at = from; at < to; at += PIECE) {
      const piece = source.read(at, Math.min(to, at + PIECE), scratch)
      for (const { hash } of hashes) hash.update(piece)
    }
  }
  return Object.fromEntries(hashes.map(({ name, hash }) => [name, new Uint8Array(hash.digest())]))
}

/** The digests that the message is about, as node:crypto names them; none for what cannot be read, which its judge will say. */
export function algorithmsOf (message: Buffer, isToken: boolean): Set<string> {
  const names = ifReadable(() => isToken ? [readToken(message).info?.digest] : readSignedData(message).signers.map(({ digestAlgorithm }) => digestNameOf(digestAlgorithm)))
  return new Set(Object.values(DIGESTS).filter((name) => names?.includes(name)))
}
