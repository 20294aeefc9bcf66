import t from 'tap'
import { createHash, randomBytes } from 'node:crypto'
import { readBlob, storeBlobs, storeStream, streamBlob } from '../../src/blobs/blobs.ts'
import { openDatabase, type Database } from '../../src/database/database.ts'
import { createTestDatabase } from '../support/database.ts'

const MIB = 1024 * 1024

for (const [what, size] of Object.entries({ nothing: 0, 'a byte': 1, 'a little less than a chunk': MIB - 1, 'a chunk': MIB, 'a little more': MIB + 1, 'several statements': 20 * MIB + 5 })) {
  t.test(`what is stored comes back: ${what}`, async (t) => {
    const { database } = await createTestDatabase(t)
    const bytes = randomBytes(size)
    const [ref] = await database.transaction((tx) => storeBlobs(tx, [bytes]))
    t.strictSame(ref, { sha256: sha256(bytes), size })
    t.ok((await readBlob(database, ref!.sha256)).equals(bytes))
    t.ok((await collect(streamBlob(database, ref!.sha256))).equals(bytes))
  })

  t.test(`what streams in comes back: ${what}`, async (t) => {
    const { database } = await createTestDatabase(t)
    const bytes = randomBytes(size)
    const ref = await storeStream(database, pieces(bytes, 70_001))
    t.strictSame(ref, { sha256: sha256(bytes), size })
    t.ok((await readBlob(database, ref.sha256)).equals(bytes))
  })
}

t.test('the same content is stored once, in whatever way it comes', async (t) => {
  const { database } = await createTestDatabase(t)
  const small = randomBytes(10)
  const large = randomBytes(3 * MIB)
  const refs = await database.transaction((tx) => storeBlobs(tx, [large, small, small, large]))
  t.strictSame(refs.map((ref) => ref.size), [large.length, small.length, small.length, large.length])
  await database.transaction((tx) => storeBlobs(tx, [small, large]))
  await storeStream(database, pieces(small, 3))
  await storeStream(database, pieces(large, MIB))
  t.strictSame(await counts(database), { blobs: 2, chunks: 4 })
})

t.test('blobs of a transaction that is rolled back are not there', async (t) => {
  const { database } = await createTestDatabase(t)
  const bytes = randomBytes(10)
  await t.rejects(database.transaction(async (tx) => {
    await storeBlobs(tx, [bytes])
    throw new Error('rolled back')
  }), { message: 'rolled back' })
  await t.rejects(readBlob(database, sha256(bytes)), { message: /no blob/ })
  await t.rejects(collect(streamBlob(database, sha256(bytes))), { message: /no blob/ })
})

t.test('a stream that breaks off leaves nothing', async (t) => {
  const { database } = await createTestDatabase(t)
  await t.rejects(storeStream(database, breakingOff(2 * MIB)), { message: 'broken off' })
  t.strictSame(await counts(database), { blobs: 0, chunks: 0 })
})

t.test('many who store the same blobs in any order at once all succeed', async (t) => {
  const { database } = await createTestDatabase(t)
  const blobs = Array.from({ length: 12 }, () => randomBytes(2000))
  await Promise.all(Array.from({ length: 60 }, (_, turn) => database.transaction(async (tx) => {
    const mine = [...blobs.slice(turn % 12), ...blobs.slice(0, turn % 12)]
    const refs = await storeBlobs(tx, turn % 2 ? mine : mine.reverse())
    for (const ref of refs) await readBlob(tx, ref.sha256) // also what another transaction has stored
  })))
  t.strictSame(await counts(database), { blobs: 12, chunks: 12 })
})

t.test('who waits for one that is rolled back stores the blob itself', async (t) => {
  const { database } = await createTestDatabase(t)
  const bytes = randomBytes(10)
  let second: Promise<unknown> | undefined
  await t.rejects(database.transaction(async (tx) => {
    await storeBlobs(tx, [bytes])
    second = database.transaction((tx) => storeBlobs(tx, [bytes]))
    throw new Error('rolled back')
  }))
  await second
  t.ok((await readBlob(database, sha256(bytes))).equals(bytes))
})

t.test('a damaged blob is never read to its end', async (t) => {
  const { database, ownerUrl } = await createTestDatabase(t)
  const bytes = randomBytes(2 * MIB)
  await database.transaction((tx) => storeBlobs(tx, [bytes]))
  const owner = openDatabase(ownerUrl, 1, () => {})
  t.teardown(() => owner[Symbol.asyncDispose]())

  await owner.query('update blob_chunk set bytes = set_byte(bytes, 5, get_byte(bytes, 5) # 1) where number = 1')
  await t.rejects(readBlob(database, sha256(bytes)), { message: /damaged/ })
  await t.rejects(collect(streamBlob(database, sha256(bytes))), { message: /damaged/ })
  await owner.query('delete from blob_chunk where number = 1')
  await t.rejects(readBlob(database, sha256(bytes)), { message: /damaged/ })
  await t.rejects(collect(streamBlob(database, sha256(bytes))), { message: /damaged/ })
})

function sha256 (bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest()
}

async function collect (chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(chunks))
}

async function * pieces (bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size)
}

async function * breakingOff (size: number): AsyncGenerator<Buffer> {
  yield randomBytes(size)
  throw new Error('broken off')
}

async function counts (database: Database): Promise<{ blobs: number, chunks: number }> {
  const { rows } = await database.query('select (select count(*) from blob)::int as blobs, (select count(*) from blob_chunk)::int as chunks')
  return rows[0]
}
