/** Reads what `verify` is given: the file itself, and folders of certificates, CRLs and OCSP answers. */
import type { X509Certificate } from 'node:crypto'
import { open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Refusal } from '../errors.ts'
import { certificatesFrom } from '../trust/store.ts'

/** CRLs of the Cipher Committee list every certificate ever revoked; larger than anything beside them in such a folder. */
export const LARGEST_EVIDENCE = 64 * 1024 * 1024

/** All bytes of a regular file. Throws FILE_UNREADABLE when it is none, is missing, or has more than `most` bytes: never more are read. */
export async function readFileUpTo (path: string, most: number): Promise<Buffer> {
  const size = await sizeOf(path)
  if (size > most) throw fault(path, `more than ${most} bytes`)
  return readStart(path, size)
}

/** What a regular file begins with, up to so many bytes. Throws FILE_UNREADABLE when it is none, or is missing. */
export async function readFileStart (path: string, most: number): Promise<Buffer> {
  return readStart(path, Math.min(await sizeOf(path), most))
}

/** What is said of a file or folder that the system does not give. */
export function unreadable (path: string, { code, message }: NodeJS.ErrnoException): Refusal {
  return fault(path, code === 'ENOENT' ? 'không tìm thấy · not found' : code ?? message)
}

function fault (path: string, detail: string): Refusal {
  return new Refusal('FILE_UNREADABLE', { detail: `${path}: ${detail}` })
}

/** Asked before it is opened: to open a pipe waits for whoever writes into it. */
async function sizeOf (path: string): Promise<number> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => { throw unreadable(path, error) })
  if (!found.isFile()) throw fault(path, 'not a file')
  return found.size
}

async function readStart (path: string, size: number): Promise<Buffer> {
  await using file = await open(path).catch((error: NodeJS.ErrnoException) => { throw unreadable(path, error) })
  const bytes = Buffer.alloc(size)
  let length = 0
  while (length < bytes.length) {
    const { bytesRead } = await file.read(bytes, length)
    if (bytesRead === 0) break
    length += bytesRead
  }
  return bytes.subarray(0, length)
}

/** The certificates in a folder, each file PEM or DER. Throws FILE_UNREADABLE naming every file that is neither. */
export async function readCertificates (folder: string): Promise<X509Certificate[]> {
  return (await readFolder(folder, certificatesFrom)).flat()
}

/** What `read` makes of every file in the folder, in the order of their names; hidden ones are left out. Throws FILE_UNREADABLE naming each that cannot be read. */
export async function readFolder<Item> (folder: string, read: (bytes: Buffer) => Item): Promise<Item[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => { throw unreadable(folder, error) })
  const items: Item[] = []
  const faults: string[] = []
  for (const name of names.filter((name) => !name.startsWith('.')).toSorted()) {
    const path = join(folder, name)
    try {
      items.push(read(await readFileUpTo(path, LARGEST_EVIDENCE)))
    } catch (error) {
      faults.push(error instanceof Refusal ? error.fault.detail ?? path : `${path}: ${(error as Error).message}`)
    }
  }
  if (faults.length > 0) throw new Refusal('FILE_UNREADABLE', { detail: faults.join('; ') })
  return items
}
