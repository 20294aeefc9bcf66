/** The PDFs of a judgement: their bytes, and by which names its certificates stand beside them. */
import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { streamBlob } from '../blobs/blobs.ts'
import type { Db } from '../database/database.ts'
import type { PdfSignatureVerdict } from '../pdf/verdict.ts'
import type { JudgedItem, JudgedPdf } from './store.ts'

/** Where the folder has the attachment with this number. */
export const pdfFile = (number: number): string => `pdf/${number}.pdf`

/** Writes `pdf/`, and nothing where no attachment is one. */
export async function writePdfs (database: Db, pdfs: readonly JudgedPdf[], folder: string): Promise<void> {
  if (pdfs.length > 0) await mkdir(join(folder, 'pdf'))
  for (const { number, sha256 } of pdfs) await pipeline(streamBlob(database, Buffer.from(sha256, 'hex')), createWriteStream(join(folder, pdfFile(number))))
}

/** The verdicts on PDFs that hold now: of what was judged again, the later ones. */
export function latestPdfs ({ pdfs, recheck }: Pick<JudgedItem, 'pdfs' | 'recheck'>): JudgedPdf[] {
  return recheck?.verdicts?.pdfs ?? pdfs
}

/** Signatures whose signer has a chain to check; `part` is the name of their file, as `pdf-1-2` of the second signature in attachment 1. */
export function signedParts (pdfs: readonly JudgedPdf[]): { part: string, verdict: PdfSignatureVerdict }[] {
  return pdfs.flatMap(({ number, verdict }) => verdict.signatures.map((signature, index) => ({ part: `pdf-${number}-${index + 1}`, verdict: signature })))
    .filter(({ verdict: { kind, chain } }) => kind !== 'document-time-stamp' && chain.length > 0)
}
