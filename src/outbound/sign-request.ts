/** What a system asks to have signed, and what is known of it before anything is stored. */
import { sealOf, type Seal } from '../agencies/seals.ts'
import type { Agency } from '../agencies/registry.ts'
import type { Db } from '../database/database.ts'
import type { Attachment, DocumentHeader } from '../edxml/packet.ts'
import { Refusal } from '../errors.ts'
import { leaderAmong } from '../pdf/sign/leader.ts'
import type { At, PdfSignatureRequest, SignatureLevel } from '../pdf/sign/request.ts'
import { prepareSigning, type SigningWorkers } from '../pdf/sign/sign.ts'
import { isPdf } from '../pdf/source.ts'
import type { PdfVerdict } from '../pdf/verdict.ts'
import { readTrustSettings } from '../trust/settings.ts'
import { MOST_BYTES as MOST_VALIDATION_BYTES } from './validation-data.ts'

export type CopyForm = 'SAO Y' | 'SAO LỤC' | 'TRÍCH SAO'

/** One file that a submission asks to have signed: by its number among the files, from 1, or by its name. */
export type SignRequest = { file: number | string, as: 'document' | 'annex' | 'copy', form?: CopyForm, at?: At, level?: SignatureLevel }

/**
 * The same, checked: as it is kept until the file is signed. `over` is the field of the leader's signature that the seal is laid over; `adds` is how
 * many octets the signature adds to the file at most.
 */
export type FileToSign = AskedFile & { wanted: SignatureLevel, over?: string, adds: number }

/** What is asked for a file, by its number. */
export type AskedFile = { position: number, request: Omit<SignRequest, 'file'> }

/** What is not there yet when a file is only prepared: the certificates of the key; and, for B-LT, a further update with the validation data in it. */
const ROOM = { certificates: 64 * 1024, validationData: MOST_VALIDATION_BYTES + 256 * 1024 }

/** Whose signature it is, and on what. */
export type Signature = { agency: string, header: Pick<DocumentHeader, 'code'>, seal: Seal | null, time: Date }

/** `verdicts` are those on the attachments. */
type ToCheck = { packet: { header: DocumentHeader, attachments: readonly Attachment[] }, sender: Agency, verdicts: readonly (PdfVerdict | null)[] }

type Needs = { database: Db, workers: Pick<SigningWorkers, 'prepareSignature'>, now: () => Date }

export type CheckSigning = ReturnType<typeof createCheckSigning>

export function createCheckSigning ({ database, workers, now }: Needs) {
  /** What will be signed, in the order of the files. Refuses what could not be, naming the entry of `sign` that is at fault; nothing is signed for that. */
  return async function checkSigning (requests: readonly SignRequest[], { packet: { header, attachments }, sender, verdicts }: ToCheck): Promise<FileToSign[]> {
    if (requests.length === 0) return []
    const [seal, { timeStamping }, own] = await Promise.all([sealOf(database, sender.id), readTrustSettings(database), ownCertificates(database, sender.id)])
    const files: FileToSign[] = []
    for (const [index, { file, ...request }] of requests.entries()) {
      const at = (field: string) => `sign[${index + 1}].${field}`
      const position = positionOf(file, attachments)
      const { name, bytes } = attachments[position - 1]!
      const { as, form, level } = request
      if (!isPdf(bytes)) throw new Refusal('PDF_SIGN_FILE', { field: at('file'), detail: `no PDF: ${name}` })
      if ((form !== undefined) !== (as === 'copy')) throw new Refusal('REQUEST_INVALID', { field: at('form'), detail: 'a copy has one, and nothing else' })
      if (as === 'document' && !seal) throw new Refusal('PDF_SIGN_SEAL', { field: at('as'), detail: sender.code })
      if (!timeStamping && level !== undefined && level !== 'B-B') throw new Refusal('PDF_SIGN_LEVEL', { field: at('level'), detail: level })
      const others = verdicts[position - 1]?.signatures.filter(({ signer }) => !own.has(signer?.fingerprint ?? '')) ?? []
      const over = as === 'document' && !request.at ? leaderAmong(others, '') : undefined
      const checked = { position, wanted: level ?? (timeStamping ? 'B-T' : 'B-B'), ...over !== undefined && { over }, request } satisfies Omit<FileToSign, 'adds'>
      try {
        const { increment } = await prepareSigning({ bytes }, signatureRequest(checked, { agency: sender.name, header, seal, time: now() }), [], workers)
        files.push({ ...checked, adds: increment.length + ROOM.certificates + (checked.wanted === 'B-LT' ? ROOM.validationData : 0) })
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
        throw new Refusal(error.code, { field: at(error.code === 'PDF_SIGN_PLACE' ? 'at' : 'file'), detail: [name, error.fault.detail].filter(Boolean).join(': ') }, { cause: error })
      }
    }
    return files.toSorted((one, other) => one.position - other.position)
  }
}

/** The files that are to be signed, in their order. Refuses one that is not there, not to be told from another, or named twice. */
export function filesAsked (requests: readonly SignRequest[], attachments: readonly Attachment[]): AskedFile[] {
  const files = new Map<number, AskedFile>()
  for (const [index, { file, ...request }] of requests.entries()) {
    const position = positionOf(file, attachments)
    const detail = attachments[position - 1] === undefined ? 'there is no such file, or several' : files.has(position) ? 'named before' : null
    if (detail !== null) throw new Refusal('PDF_SIGN_FILE', { field: `sign[${index + 1}].file`, detail: `${detail}: ${file}` })
    files.set(position, { position, request })
  }
  return [...files.values()].toSorted((one, other) => one.position - other.position)
}

/** What the signature of a file says and shows (Decree 30/2020/NĐ-CP, appendix I). */
export function signatureRequest ({ over, request: { as, form, at } }: Pick<FileToSign, 'over' | 'request'>, { agency, header: { code }, seal, time }: Signature): PdfSignatureRequest {
  const common = { time, name: agency, at }
  const number = `${code.codeNumber}/${code.codeNotation}`
  switch (as) {
    case 'document': {
      if (!seal) throw new Refusal('PDF_SIGN_SEAL')
      return { ...common, as, image: seal, over }
    }
    case 'annex': return { ...common, as, number }
    case 'copy': return { ...common, as, form: form!, agency, number }
  }
}

/** 0 when no file, or more than one, is meant. */
function positionOf (file: number | string, attachments: readonly Attachment[]): number {
  if (typeof file === 'number') return file
  // Some systems write accents as marks of their own
  const isNamed = (name: string) => name.normalize() === file.normalize()
  const named = attachments.flatMap(({ name, originalName }, index) => isNamed(name) || isNamed(originalName) ? [index + 1] : [])
  return named.length === 1 ? named[0]! : 0
}

/** Fingerprints of the certificates that the agency signs with, or did: what carries them is no leader's signature. */
async function ownCertificates (db: Db, agencyId: string): Promise<Set<string>> {
  const { rows } = await db.query<{ fingerprint: string }>(`select encode(fingerprint, 'hex') as fingerprint from signer where agency_id = $1`, [agencyId])
  return new Set(rows.map(({ fingerprint }) => fingerprint))
}
