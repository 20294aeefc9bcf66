/** When a packet existed for sure: by the time-stamps that lie beside it in an evidence folder (bundle-stamps.ts writes them). */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import Type from 'typebox'
import { Value } from 'typebox/value'
import { Refusal } from '../errors.ts'
import type { TrustStore } from '../trust/store.ts'
import { judgeStampEvidence } from '../trust/time/stamped.ts'
import { nameForPeople } from '../trust/verdict.ts'
import { readFileUpTo } from './files.ts'

const Hash = Type.String({ pattern: '^[0-9a-f]{64}$' })
const FileName = Type.String({ pattern: '^[0-9a-f]{64}\\.(json|tst)$' })
const Stamps = Type.Array(Type.Object({
  verdict: FileName, token: FileName, hash: Hash, root: Hash,
  index: Type.Integer({ minimum: 0 }), size: Type.Integer({ minimum: 1 }), path: Type.Array(Hash, { maxItems: 64 }),
}), { maxItems: 1000 })

const LARGEST = 1024 * 1024

/** A moment that an authority vouches for, and which one. */
export type StampedAt = { at: Date, by: string }

/** The earliest moment that a stamp proves for this file; null when none does. Throws FILE_UNREADABLE when the folder holds no stamps. */
export async function stampedAt (folder: string, file: Uint8Array, authority: TrustStore | null): Promise<StampedAt | null> {
  const packet = createHash('sha256').update(file).digest('hex')
  const proved: StampedAt[] = []
  for (const { verdict, token, hash, root, index, size, path } of await readStamps(folder)) {
    const text = await readFileUpTo(join(folder, verdict), LARGEST)
    // The verdict that was stamped names the packet by its hash: of another packet it proves nothing
    if (createHash('sha256').update(text).digest('hex') !== hash || packetNamedIn(text) !== packet) continue
    const { result, genTime, chain } = judgeStampEvidence({
      hash: octets(hash), root: octets(root), proof: { index, size, path: path.map(octets) }, token: await readFileUpTo(join(folder, token), LARGEST),
    }, authority)
    if (result === 'valid' && genTime) proved.push({ at: genTime, by: nameForPeople(chain[0]?.subject) })
  }
  return proved.toSorted((one, other) => one.at.getTime() - other.at.getTime())[0] ?? null
}

async function readStamps (folder: string): Promise<Type.Static<typeof Stamps>> {
  const file = join(folder, 'stamps.json')
  const stamps: unknown = parsed(await readFileUpTo(file, LARGEST))
  if (!Value.Check(Stamps, stamps)) throw new Refusal('FILE_UNREADABLE', { detail: `${file}: không phải danh sách dấu thời gian · no list of time-stamps` })
  return stamps
}

function packetNamedIn (text: Buffer): unknown {
  return (parsed(text) as { packet?: unknown } | null)?.packet
}

function parsed (text: Buffer): unknown {
  try {
    return JSON.parse(text.toString('utf8'))
  } catch {
    return null
  }
}

const octets = (hex: string): Buffer => Buffer.from(hex, 'hex')
