/** The packets that left for a document: what was signed for it, where it came as metadata and files. */
import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { streamBlob } from '../blobs/blobs.ts'
import type { Db } from '../database/database.ts'
import { findSent } from './store.ts'

/** One packet in the folder. */
export type WrittenPacket = { file: string, connection: string, sha256: string, signedAt: Date | null }

/** Writes `sent/`, in the order they were made; nothing where nothing was sent. */
export async function writeSent (database: Db, documentId: string, folder: string): Promise<WrittenPacket[]> {
  const sent = await findSent(database, documentId)
  if (sent.length > 0) await mkdir(join(folder, 'sent'))
  const written: WrittenPacket[] = []
  for (const [index, { packet, connection, signedAt }] of sent.entries()) {
    const file = `sent/${String(index + 1).padStart(2, '0')}.edxml`
    await pipeline(streamBlob(database, packet), createWriteStream(join(folder, file)))
    written.push({ file, connection, sha256: packet.toString('hex'), signedAt })
  }
  return written
}
