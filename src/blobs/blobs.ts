/**
 * Bytes of attachments and packets, named by their SHA-256 and cut into chunks of 1 MiB. What is stored once is never
 * changed, and the same content is never stored twice.
 */
import { createHash } from 'node:crypto'
import { open, rm, type FileHandle } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { v7 as newId } from 'uuid'
import type { Database, Db, Tx } from '../database/database.ts'

const CHUNK = 1024 * 1024
/** Bytes that go to the database in one statement. */
const BATCH = 8 * CHUNK

/** A stored blob. */
export type BlobRef = { sha256: Buffer, size: number }

type Chunk = { sha256: Buffer, number: number, bytes: Buffer }

/**
 * Once `tx` commits, these blobs are stored: one round trip for up to 8 MiB in all. Waits for an open transaction that stores the
 * same content; one call for all blobs of a transaction keeps two from waiting for each other, since a call goes in the order of the hashes.
 */
export async function storeBlobs (tx: Tx, blobs: readonly Buffer[]): Promise<BlobRef[]> {
  const refs = blobs.map((bytes) => ({ sha256: createHash('sha256').update(bytes).digest(), size: bytes.length, bytes }))
  const sorted = [...new Map(refs.map((ref) => [ref.sha256.toString('hex'), ref])).values()].sort((a, b) => a.sha256.compare(b.sha256))
  const [first = [], ...rest] = batch(sorted.flatMap(cut))
  const added = await insertBlobs(tx, sorted, first)
  for (const chunks of rest) await insertChunks(tx, chunks.filter(({ sha256 }) => added.has(sha256.toString('hex'))))
  return refs.map(({ sha256, size }) => ({ sha256, size }))
}

/** Stores what streams in, however large, in a transaction of its own, once it has all come. Holds 2 MiB of it; more goes through a temporary file. */
export async function storeStream (database: Database, source: AsyncIterable<Uint8Array>): Promise<BlobRef> {
  await using spool = createSpool()
  const hash = createHash('sha256')
  let pending: Uint8Array[] = []
  let length = 0
  for await (const bytes of source) {
    hash.update(bytes)
    pending.push(bytes)
    length += bytes.length
    if (length < CHUNK) continue
    await spool.write(Buffer.concat(pending))
    pending = []
    length = 0
  }
  const rest = Buffer.concat(pending)
  if (spool.size === 0) return (await database.transaction((tx) => storeBlobs(tx, [rest])))[0]!

  await spool.write(rest)
  const ref = { sha256: hash.digest(), size: spool.size }
  await database.transaction(async (tx) => {
    const added = await insertBlobs(tx, [ref], [])
    if (added.size === 0) return
    for (let number = 0; number * CHUNK < ref.size; number++) {
      await insertChunks(tx, [{ sha256: ref.sha256, number, bytes: await spool.read(number * CHUNK, Math.min(CHUNK, ref.size - number * CHUNK)) }])
    }
  })
  return ref
}

/** A whole blob. Throws when it is not there, or not what was stored: damaged bytes go nowhere. */
export async function readBlob (db: Db, sha256: Buffer): Promise<Buffer> {
  const { rows } = await db.query<{ bytes: Buffer | null }>(`
    select bytes from blob left join blob_chunk using (sha256) where sha256 = $1 order by number`, [sha256])
  if (rows.length === 0) throw missing(sha256)
  const bytes = rows.length === 1 ? rows[0]!.bytes ?? Buffer.alloc(0) : Buffer.concat(rows.map((row) => row.bytes!))
  if (!createHash('sha256').update(bytes).digest().equals(sha256)) throw damaged(sha256)
  return bytes
}

/** A blob, chunk by chunk. Throws before its end when it is not what was stored: by then part of it has gone out, and the reader must drop it. */
export async function * streamBlob (db: Db, sha256: Buffer): AsyncGenerator<Buffer, void, undefined> {
  const { rows: [blob] } = await db.query<{ size: string }>('select size from blob where sha256 = $1', [sha256])
  if (!blob) throw missing(sha256)
  const hash = createHash('sha256')
  const count = Math.ceil(Number(blob.size) / CHUNK)
  let last: Buffer | undefined
  for (let number = 0; number < count; number++) {
    const { rows: [chunk] } = await db.query<{ bytes: Buffer }>('select bytes from blob_chunk where sha256 = $1 and number = $2', [sha256, number])
    if (!chunk) throw damaged(sha256)
    hash.update(chunk.bytes)
    if (last) yield last
    last = chunk.bytes
  }
  if (!hash.digest().equals(sha256)) throw damaged(sha256) // so that whoever counts bytes never sees them all
  if (last) yield last
}

function missing (sha256: Buffer): Error {
  return new Error(`There is no blob ${sha256.toString('hex')}`)
}

function damaged (sha256: Buffer): Error {
  return new Error(`The blob ${sha256.toString('hex')} is damaged`)
}

function cut ({ sha256, bytes }: { sha256: Buffer, bytes: Buffer }): Chunk[] {
  return Array.from({ length: Math.ceil(bytes.length / CHUNK) }, (_, number) => ({
    sha256, number, bytes: bytes.subarray(number * CHUNK, (number + 1) * CHUNK),
  }))
}

function batch (chunks: Chunk[]): Chunk[][] {
  const batches: Chunk[][] = []
  let room = 0
  for (const chunk of chunks) {
    if (room < chunk.bytes.length) {
      batches.push([])
      room = BATCH
    }
    batches.at(-1)!.push(chunk)
    room -= chunk.bytes.length
  }
  return batches
}

/** Adds the blobs that are not there yet, and those of `chunks` that are theirs; gives back their hashes. */
async function insertBlobs (tx: Tx, blobs: readonly BlobRef[], chunks: readonly Chunk[]): Promise<Set<string>> {
  const { rows } = await tx.query<{ sha256: string }>(`
    with added as (
      insert into blob (sha256, size)
      select sha256, size from unnest($1::bytea[], $2::bigint[]) given (sha256, size) order by sha256
      on conflict do nothing
      returning sha256
    ), chunks as (
      insert into blob_chunk (sha256, number, bytes)
      select sha256, number, substring($3::bytea from start for length)
      from unnest($4::bytea[], $5::int[], $6::int[], $7::int[]) chunk (sha256, number, start, length) join added using (sha256)
    )
    select encode(sha256, 'hex') as sha256 from added`,
  [blobs.map(({ sha256 }) => sha256), blobs.map(({ size }) => size), ...together(chunks)])
  return new Set(rows.map(({ sha256 }) => sha256))
}

async function insertChunks (tx: Tx, chunks: readonly Chunk[]): Promise<void> {
  if (chunks.length === 0) return
  await tx.query(`
    insert into blob_chunk (sha256, number, bytes)
    select sha256, number, substring($1::bytea from start for length)
    from unnest($2::bytea[], $3::int[], $4::int[], $5::int[]) chunk (sha256, number, start, length)`, together(chunks))
}

/** All bytes as one parameter, which travels as it is, and where each chunk lies in it: arrays of bytes would travel as text. */
function together (chunks: readonly Chunk[]): unknown[] {
  let start = 1
  const starts = chunks.map(({ bytes }) => (start += bytes.length) - bytes.length)
  return [
    Buffer.concat(chunks.map(({ bytes }) => bytes)),
    chunks.map(({ sha256 }) => sha256), chunks.map(({ number }) => number), starts, chunks.map(({ bytes }) => bytes.length),
  ]
}

/** A file that is made when it is first written to, and that nothing is left of, even when this process is killed. */
function createSpool () {
  let file: FileHandle | undefined
  return {
    size: 0,
    async write (bytes: Buffer): Promise<void> {
      if (!file) {
        const path = join(tmpdir(), `lienthong-${newId()}`)
        file = await open(path, 'wx+', 0o600)
        await rm(path)
      }
      await file.writeFile(bytes)
      this.size += bytes.length
    },
    async read (start: number, length: number): Promise<Buffer> {
      const bytes = Buffer.alloc(length)
      let done = 0
      while (done < length) {
        const { bytesRead } = await file!.read(bytes, done, length - done, start + done)
        if (bytesRead === 0) throw new Error('The temporary file has become shorter')
        done += bytesRead
      }
      return bytes
    },
    async [Symbol.asyncDispose] (): Promise<void> {
      await file?.close()
    },
  }
}
