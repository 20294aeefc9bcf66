import { createHash } from 'node:crypto'
import t from 'tap'

import { isIncluded, proofOf, rootOf } from '../../../src/trust/time/merkle.ts'

const sha256 = (...parts: (Buffer | number[])[]) => createHash('sha256').update(Buffer.concat(parts.map((part) => Buffer.from(part)))).digest()
const leavesOf = (count: number) => Array.from({ length: count }, (_, index) => sha256(Buffer.from(`packet ${index}`)))

/** The standard's own definition (RFC 9162, 2.1.1), word for word. */
function treeHash (leaves: Buffer[]): Buffer {
  if (leaves.length === 1) return sha256([0], leaves[0]!)
  let split = 1
  while (split * 2 < leaves.length) split *= 2
  return sha256([1], treeHash(leaves.slice(0, split)), treeHash(leaves.slice(split)))
}

t.test('the root is the one that the standard defines, whatever the number of leaves', async (t) => {
  for (const count of [...Array.from({ length: 40 }, (_, index) => index + 1), 1000]) t.same(rootOf(leavesOf(count)), treeHash(leavesOf(count)), String(count))
})

t.test('the published tree of eight leaves has its published root', async (t) => {
  // Test vectors of the Certificate Transparency implementation
  const leaves = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'].map((hex) => Buffer.from(hex, 'hex'))
  t.equal(rootOf(leaves).toString('hex'), '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328')
  t.equal(rootOf(leaves.slice(0, 7)).toString('hex'), 'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c')
})

t.test('every leaf of every tree is proved, and no other is by its proof', async (t) => {
  for (const count of [1, 2, 3, 4, 5, 7, 8, 9, 31, 32, 33]) {
    const leaves = leavesOf(count)
    const root = rootOf(leaves)
    for (const [index, leaf] of leaves.entries()) {
      const proof = proofOf(leaves, index)
      t.equal(isIncluded(leaf, proof, root), true, `${index} of ${count}`)
      for (const other of leaves) if (other !== leaf) t.equal(isIncluded(other, proof, root), false)
      for (const at of leaves.keys()) if (at !== index) t.equal(isIncluded(leaf, { ...proof, index: at }, root), false, `${index} as ${at} of ${count}`)
    }
  }
})

t.test('one leaf among a thousand is proved by ten hashes', async (t) => {
  const leaves = leavesOf(1000)
  for (const index of [0, 511, 512, 999]) {
    const proof = proofOf(leaves, index)
    t.ok(proof.path.length <= 10)
    t.equal(isIncluded(leaves[index]!, proof, rootOf(leaves)), true)
  }
})

t.test('no node passes for a leaf: a tree cannot be told as a smaller one with the same root', async (t) => {
  const leaves = leavesOf(4)
  const root = rootOf(leaves)
  const nodes = [rootOf(leaves.slice(0, 2)), rootOf(leaves.slice(2))] as const
  const pair = Buffer.concat(nodes)
  t.equal(isIncluded(pair, { index: 0, size: 1, path: [] }, root), false)
  t.equal(isIncluded(nodes[0], { index: 0, size: 2, path: [nodes[1]] }, root), false)
  t.notSame(rootOf([...nodes]), root)
  t.notSame(rootOf([...leaves, leaves[3]!]), root, 'and the last leaf is not doubled to fill a level')
})

t.test('a proof that is too long, too short, changed or nonsense proves nothing', async (t) => {
  const leaves = leavesOf(5)
  const root = rootOf(leaves)
  const proof = proofOf(leaves, 2)
  const isProof = (change: Partial<typeof proof>) => isIncluded(leaves[2]!, { ...proof, ...change }, root)
  t.equal(isProof({}), true)
  t.equal(isProof({ path: proof.path.slice(1) }), false)
  t.equal(isProof({ path: [...proof.path, Buffer.alloc(32)] }), false)
  t.equal(isProof({ path: proof.path.toReversed() }), false)
  t.equal(isProof({ path: proof.path.map((hash) => hash.subarray(1)) }), false)
  for (const [index, size] of [[-1, 5], [5, 5], [0.5, 5], [2, NaN], [2, Infinity], [2, 0], [2, 4], [2, 9]] as const) t.equal(isProof({ index, size }), false, `${index} of ${size}`)
  t.equal(isIncluded(leaves[2]!, proof, Buffer.alloc(32)), false)
})

t.test('nothing has no root, and what is not there no proof', async (t) => {
  t.throws(() => rootOf([]), RangeError)
  for (const index of [-1, 3, 0.5]) t.throws(() => proofOf(leavesOf(3), index), RangeError)
})
