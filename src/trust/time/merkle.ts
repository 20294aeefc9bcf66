/**
 * One hash for many: a Merkle tree, and the proof that something is in it (RFC 9162, 2.1).
 * Leaves and nodes are hashed with different prefixes, so that no node passes for a leaf.
 */
import { createHash } from 'node:crypto'

/** That a leaf stands at `index` (from 0) among `size`: the hashes beside its way up, lowest first. */
export type InclusionProof = { index: number, size: number, path: Buffer[] }

const LEAF = Buffer.of(0x00)
const NODE = Buffer.of(0x01)

/** The hash that stands for all of these, in this order (RFC 9162, 2.1.1). Throws when there are none: their root would prove nothing. */
export function rootOf (leaves: readonly Buffer[]): Buffer {
  return levelsOf(leaves).at(-1)![0]!
}

/** Proves that the leaf at `index` is among these (RFC 9162, 2.1.3.1). */
export function proofOf (leaves: readonly Buffer[], index: number): InclusionProof {
  if (!Number.isInteger(index) || index < 0 || index >= leaves.length) throw new RangeError(`there is no leaf ${index} among ${leaves.length}`)
  const path = levelsOf(leaves).slice(0, -1).flatMap((level, height) => level[(index >> height) ^ 1] ?? [])
  return { index, size: leaves.length, path }
}

/** Whether this leaf stands under this root where the proof says (RFC 9162, 2.1.3.2). Takes any proof, and never throws. */
export function isIncluded (leaf: Buffer, { index, size, path }: InclusionProof, root: Buffer): boolean {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size) return false
  let hash = leafHash(leaf)
  let at = index
  let last = size - 1
  let used = 0
  for (; last > 0; at = Math.floor(at / 2), last = Math.floor(last / 2)) {
    // The last of an odd level has nothing beside it, and goes up as it is
    if (at === last && at % 2 === 0) continue
    const beside = path[used++]
    if (beside?.length !== hash.length) return false
    hash = at % 2 === 0 ? nodeHash(hash, beside) : nodeHash(beside, hash)
  }
  return used === path.length && hash.equals(root)
}

/** From the leaves' hashes to the root. Pairing from the left gives the tree of the standard, which splits at the largest power of two. */
function levelsOf (leaves: readonly Buffer[]): Buffer[][] {
  if (leaves.length === 0) throw new RangeError('a tree has at least one leaf')
  const levels = [leaves.map(leafHash)]
  for (let level = levels[0]!; level.length > 1; levels.push(level)) {
    level = Array.from({ length: Math.ceil(level.length / 2) }, (_, index) => {
      const [left, right] = [level[2 * index]!, level[2 * index + 1]]
      return right ? nodeHash(left, right) : left
    })
  }
  return levels
}

function leafHash (leaf: Buffer): Buffer {
  return createHash('sha256').update(LEAF).update(leaf).digest()
}

function nodeHash (left: Buffer, right: Buffer): Buffer {
  return createHash('sha256').update(NODE).update(left).update(right).digest()
}
