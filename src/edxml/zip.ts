import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { crc32 } from 'node:zlib'
import { fromBuffer } from 'yauzl'
import type { Entry, ZipFile } from 'yauzl'
import yazl from 'yazl'
import { extensionOf } from './names.ts'

/** Zips: the one around an attachment, of one entry whose name means nothing (axis.md 1.8), and folders of files. Inflating stops at a cap, whatever the zip claims. */

/** A zip of exactly one file, not yet inflated. */
export type SingleEntry = {
  /** Extension of the entry's name, in lower case. The rest of the name is never used. */
  extension: string,
  size: number,
  packedSize: number,
  /** The file; null when it cannot be inflated, fails its checksum, or is larger than `most` bytes. */
  inflate (most: number): Promise<Buffer | null>,
}

const LOCAL_HEADER = Buffer.from('PK\x03\x04', 'latin1')

/** Looks whether the bytes are a zip of exactly one file. Null when they are not, or cannot be read. */
export async function singleEntry (bytes: Buffer): Promise<SingleEntry | null> {
  if (!looksZipped(bytes)) return null
  const zip = await openZip(bytes)
  if (zip === null || zip.entryCount !== 1) return null
  const entry = await nextEntry(zip)
  if (entry === null) return null
  // Without decoding, yauzl neither judges nor changes the name; it is bytes then, whatever its type says.
  const name = (entry.fileName as unknown as Buffer).toString('latin1')
  if (name.endsWith('/')) return null
  return {
    extension: extensionOf(name),
    size: entry.uncompressedSize,
    packedSize: entry.compressedSize,
    inflate: (most) => inflate(zip, entry, most),
  }
}

/** One file of a zip, by the name it has there; null when it cannot be inflated or fails its checksum. */
export type ZippedFile = { name: string, bytes: Buffer | null }

/** Every file of a zip. Null when it is none that can be read, or holds more files, or more bytes, than `most`. */
export async function unzip (bytes: Buffer, most: { files: number, bytes: number }): Promise<ZippedFile[] | null> {
  const zip = looksZipped(bytes) ? await openZip(bytes) : null
  if (zip === null || zip.entryCount > most.files) return null
  const files: ZippedFile[] = []
  let room = most.bytes
  for (let number = 0; number < zip.entryCount; number++) {
    const entry = await nextEntry(zip)
    if (entry === null || entry.uncompressedSize > room) return null
    const name = (entry.fileName as unknown as Buffer).toString()
    if (name.endsWith('/')) continue
    const file = await inflate(zip, entry, room)
    room -= file?.length ?? 0
    files.push({ name, bytes: file })
  }
  return files
}

/** Whether the bytes begin like a zip that holds something. */
export function looksZipped (bytes: Buffer): boolean {
  return bytes.subarray(0, LOCAL_HEADER.length).equals(LOCAL_HEADER)
}

// The zip's own clock has no meaning here; a fixed one makes equal files equal zips.
const EPOCH = new Date(Date.UTC(1980, 0, 1, 12))

/** Wraps a file in a zip of one entry, named as the SDK does: a UUID with the file's extension. Equal files make equal zips. */
export async function wrapInZip (bytes: Buffer, name: string): Promise<Buffer> {
  const zip = new yazl.ZipFile()
  const extension = extensionOf(name)
  zip.addBuffer(bytes, `${uuidOf(bytes)}${extension === '' ? '' : `.${extension}`}`, { mtime: EPOCH, compress: true })
  zip.end()
  const parts: Buffer[] = []
  for await (const part of zip.outputStream as Readable) parts.push(part as Buffer)
  return Buffer.concat(parts)
}

/** RFC 9562, version 8: made from a digest. */
function uuidOf (bytes: Buffer): string {
  const digest = createHash('sha256').update(bytes).digest()
  digest[6] = ((digest[6] as number) & 0x0f) | 0x80
  digest[8] = ((digest[8] as number) & 0x3f) | 0x80
  return digest.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

function openZip (bytes: Buffer): Promise<ZipFile | null> {
  return new Promise((resolve) => {
    fromBuffer(bytes, { lazyEntries: true, decodeStrings: false, validateEntrySizes: true }, (error, zip) => {
      // What is wrong between two entries is told with the next one, and must not end the process
      resolve(error === null ? zip.on('error', () => {}) : null)
    })
  })
}

function nextEntry (zip: ZipFile): Promise<Entry | null> {
  return new Promise((resolve) => {
    const settle = (entry: Entry | null) => {
      zip.off('entry', settle).off('end', none).off('error', none)
      resolve(entry)
    }
    const none = () => { settle(null) }
    zip.on('entry', settle).on('end', none).on('error', none)
    zip.readEntry()
  })
}

async function inflate (zip: ZipFile, entry: Entry, most: number): Promise<Buffer | null> {
  if (entry.uncompressedSize > most) return null
  try {
    const parts: Buffer[] = []
    let size = 0
    for await (const part of await openEntry(zip, entry)) {
      size += (part as Buffer).length
      if (size > most) return null
      parts.push(part as Buffer)
    }
    const file = Buffer.concat(parts)
    return crc32(file) === entry.crc32 ? file : null
  } catch {
    // Encrypted, an unknown method, or damaged: there is no file to be had.
    return null
  }
}

function openEntry (zip: ZipFile, entry: Entry): Promise<Readable> {
  return new Promise((resolve, reject) => {
    zip.openReadStream(entry, (error, stream) => { if (error === null) resolve(stream); else reject(error) })
  })
}
