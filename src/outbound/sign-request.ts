/** What a system asks to have signed, and what is known of it before anything is stored. */
import { sealOf, type Seal } from '../agencies/seals.ts'
import type { Agency } from '../agencies/registry.ts'
import type { Db } from '../database/database.ts'
import type { Attachment, DocumentHeader } from '../edxml/packet.ts'
import { Refusal } from '../errors.ts'
import type { At, PdfSignatureRequest } from '../pdf/sign/request.ts'
import { prepareSigning, type SigningWorkers } from '../pdf/sign/sign.ts'
import { isPdf } from '../pdf/source.ts'
import { readTrustSettings } from '../trust/settings.ts'
import type { SignatureLevel } from './pdf-level.ts'

export type CopyForm = 'SAO Y' | 'SAO LỤC' | 'TRÍCH SAO'

/** One file that a submission asks to have signed: by its number among the files, from 1, or by its name. */
export type SignRequest = { file: number | string, as: 'document' | 'annex' | 'copy', form?: CopyForm, at?: At, level?: SignatureLevel }

/** The same, checked: as it is kept until the file is signed. */
export type FileToSign = { position: number, wanted: SignatureLevel, request: Omit<SignRequest, 'file'> }

/** How much a signature adds to a file at most, with its fonts, its image, a token and validation data. */
export const SIGNATURE_BYTES = 512 * 1024

/** Whose signature it is, and on what. */
export type Signature = { agency: string, header: Pick<DocumentHeader, 'code'>, seal: Seal | null, time: Date }

type Needs = { database: Db, workers: Pick<SigningWorkers, 'prepareSignature'>, now: () => Date }

export type CheckSigning = ReturnType<typeof createCheckSigning>

export function createCheckSigning ({ database, workers, now }: Needs) {
  /** What will be signed, in the order of the files. Refuses what could not be, naming the entry of `sign` that is at fault; nothing is signed for that. */
  return async function checkSigning (requests: readonly SignRequest[], { header, attachments }: { header: DocumentHeader, attachments: readonly Attachment[] }, sender: Agency): Promise<FileToSign[]> {
    if (requests.length === 0) return []
    const [seal, { timeStamping }] = await Promise.all([sealOf(database, sender.id), readTrustSettings(database)])
    const files = new Map<number, FileToSign>()
    for (const [index, { file, ...request }] of requests.entries()) {
      const { level } = request
      const at = (field: string) => `sign[${index + 1}].${field}`
      const position = positionOf(file, attachments)
      const attachment = attachments[position - 1]
      if (!attachment) throw new Refusal('PDF_SIGN_FILE', { field: at('file'), detail: `there is no file, or several: ${file}` })
      if (files.has(position)) throw new Refusal('PDF_SIGN_FILE', { field: at('file'), detail: `named before: ${attachment.name}` })
      if (!isPdf(attachment.bytes)) throw new Refusal('PDF_SIGN_FILE', { field: at('file'), detail: `no PDF: ${attachment.name}` })
      if ((request.form !== undefined) !== (request.as === 'copy')) throw new Refusal('REQUEST_INVALID', { field: at('form'), detail: 'a copy has one, and nothing else' })
      if (request.as === 'document' && !seal) throw new Refusal('PDF_SIGN_SEAL', { field: at('as'), detail: sender.code })
      if (!timeStamping && level !== undefined && level !== 'B-B') throw new Refusal('PDF_SIGN_LEVEL', { field: at('level'), detail: level })
      try {
        await prepareSigning({ bytes: attachment.bytes }, signatureRequest(request, { agency: sender.name, header, seal, time: now() }), [], workers)
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
        throw new Refusal(error.code, { field: at(error.code === 'PDF_SIGN_PLACE' ? 'at' : 'file'), detail: [attachment.name, error.fault.detail].filter(Boolean).join(': ') }, { cause: error })
      }
      files.set(position, { position, wanted: level ?? (timeStamping ? 'B-T' : 'B-B'), request })
    }
    return [...files.values()].toSorted((one, other) => one.position - other.position)
  }
}

/** What the signature of a file says and shows (Decree 30/2020/NĐ-CP, appendix I). */
export function signatureRequest ({ as, form, at }: FileToSign['request'], { agency, header: { code }, seal, time }: Signature): PdfSignatureRequest {
  const common = { time, name: agency, at }
  const number = `${code.codeNumber}/${code.codeNotation}`
  switch (as) {
    case 'document': {
      if (!seal) throw new Refusal('PDF_SIGN_SEAL')
      return { ...common, as, image: seal }
    }
    case 'annex': return { ...common, as, number }
    case 'copy': return { ...common, as, form: form!, agency, number }
  }
}

/** 0 when no file, or more than one, is meant. */
function positionOf (file: number | string, attachments: readonly Attachment[]): number {
  if (typeof file === 'number') return file
  const named = attachments.flatMap(({ name, originalName }, index) => name === file || originalName === file ? [index + 1] : [])
  return named.length === 1 ? named[0]! : 0
}
