/** Certificates that come as files: many at once, bare or in zips, and each file that cannot be taken named with the reason. */
import type { X509Certificate } from 'node:crypto'
import { looksZipped, unzip } from '../edxml/zip.ts'
import { Refusal } from '../errors.ts'
import { readCertificateFile } from '../trust/certificate-file.ts'
import { fingerprintOf } from '../trust/verdict.ts'

export type UploadedFile = { name: string, bytes: Buffer }

/** A certificate, and the file it was first found in. */
export type Found = { file: string, certificate: X509Certificate }

/** A file that gave no certificate, and why. */
export type Unreadable = { file: string, code: keyof typeof FAULTS, vi: string, en: string, detail?: string }

/** What an upload may hold: every certificate of a country's agencies takes less. `bytes` also caps what its zips hold when unpacked. */
export const MOST = { bytes: 10 * 1024 * 1024, files: 1000, certificates: 2000 }

/** Why a file is not taken. Codes are stored and shown: add, never rename. */
const FAULTS = {
  NOT_CERTIFICATES: ['Tệp không phải chứng thư số (PEM, DER, P7B) hoặc bị hỏng', 'This file holds no certificates (PEM, DER, P7B), or is damaged'],
  PRIVATE_KEY: ['Tệp chứa khóa bí mật; chỉ gửi chứng thư số. Hãy coi khóa này là đã lộ nếu nó đã đi qua mạng', 'This file holds a private key; send certificates only, and take the key for exposed if it has crossed a network'],
  ARCHIVE_UNREADABLE: ['Tệp ZIP không đọc được, có quá nhiều tệp hoặc quá lớn khi giải nén', 'This zip cannot be read, holds too many files, or is too large when unpacked'],
  ARCHIVE_NESTED: ['Tệp ZIP nằm trong tệp ZIP', 'This is a zip within a zip'],
} as const satisfies Record<string, readonly [vi: string, en: string]>

/** Reads an upload. Throws REQUEST_TOO_LARGE when it holds more than anybody needs. */
export async function readUpload (files: readonly UploadedFile[]): Promise<{ found: Found[], unreadable: Unreadable[] }> {
  const found = new Map<string, Found>()
  const unreadable: Unreadable[] = []
  let room = MOST.bytes
  for (const { name, bytes } of files) {
    room -= bytes.length
    if (room < 0) throw new Refusal('REQUEST_TOO_LARGE')
    if (!looksZipped(bytes)) take(name, bytes)
    else {
      const inside = await unzip(bytes, { files: MOST.files, bytes: room })
      if (inside === null) unreadable.push(fault(name, 'ARCHIVE_UNREADABLE'))
      for (const file of inside ?? []) {
        room -= file.bytes?.length ?? 0
        const path = `${name}/${file.name}`
        if (file.bytes === null) unreadable.push(fault(path, 'ARCHIVE_UNREADABLE'))
        else if (looksZipped(file.bytes)) unreadable.push(fault(path, 'ARCHIVE_NESTED'))
        else take(path, file.bytes)
      }
    }
  }
  return { found: [...found.values()], unreadable }

  function take (file: string, bytes: Buffer): void {
    const read = readCertificateFile(bytes)
    if ('fault' in read) unreadable.push(fault(file, read.fault, read.detail))
    else if (read.certificates.length === 0) unreadable.push(fault(file, 'NOT_CERTIFICATES'))
    else for (const certificate of read.certificates) {
      const fingerprint = fingerprintOf(certificate)
      if (!found.has(fingerprint)) found.set(fingerprint, { file: shown(file), certificate })
      if (found.size > MOST.certificates) throw new Refusal('REQUEST_TOO_LARGE', { detail: `more than ${MOST.certificates} certificates` })
    }
  }
}

function fault (file: string, code: keyof typeof FAULTS, detail?: string): Unreadable {
  const [vi, en] = FAULTS[code]
  return { file: shown(file), code, vi, en, ...(detail !== undefined && { detail }) }
}

/** A name as a person may see it, and PostgreSQL keep it. */
function shown (name: string): string {
  return name.normalize('NFC').replaceAll(/\p{Cc}/gu, '_').slice(-200)
}
