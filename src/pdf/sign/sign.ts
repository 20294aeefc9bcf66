/**
 * Signs a PDF for an agency (PAdES, EN 319 142-1), by updates that are appended: not one byte of the file changes.
 *
 *   signPdf ─▶ B-B ── withToken (in place) ─▶ B-T ── withValidationData (a further update) ─▶ B-LT
 */
import { createHash, type X509Certificate } from 'node:crypto'
import { Refusal } from '../../errors.ts'
import type { Signer } from '../../trust/signers/signer.ts'
import { contentDigestOf, withTimeStamp, writeSignedData } from '../../trust/cms/write.ts'
import type { PdfInput } from '../source.ts'
import { drawAppearance } from './appearance.ts'
import type { ContentsPlace, PdfSignatureRequest, PreparedSignature, PreparedUpdate, PrepareRequest, ValidationData, ValidationRequest } from './request.ts'

/** The work on a stranger's file, done where it harms nobody. */
export type SigningWorkers = {
  prepareSignature (input: PdfInput, request: PrepareRequest): Promise<PreparedSignature>
  /** `signed` is an increment of ours that belongs behind the input */
  prepareValidationData (input: PdfInput, signed: Uint8Array, request: ValidationRequest): Promise<PreparedUpdate>
}

/** A signature made: `increment`, appended to the file, is the signed file. A time-stamp is asked for over the SHA-256 of `signatureValue`. */
export type SignedPdf = { level: 'B-B' | 'B-T', field: string, increment: Buffer, contents: ContentsPlace, cms: Buffer, signatureValue: Buffer }

/** Room for the signed attributes, and for a token with its chain: the Cipher Committee's takes 3.75 KB (axis.md 7.2), others up to 8. */
const ROOM = 12 * 1024

/** Makes a file ready to be signed, with room for these certificates. Throws a Refusal for what cannot be signed, or shown: it may be asked beforehand. */
export async function prepareSigning (input: PdfInput, request: PdfSignatureRequest, certificates: readonly X509Certificate[], workers: Pick<SigningWorkers, 'prepareSignature'>, algorithm: PrepareRequest['algorithm'] = 'sha256'): Promise<Extract<PreparedSignature, { kind: 'prepared' }>> {
  const appearance = await drawAppearance(request)
  const { as, time, name, reason, location, contact, field, at } = request
  const prepared = await workers.prepareSignature(input, {
    as, time, name, reason, location, contact, field, at, ...(request.as === 'document' && { over: request.over }), appearance, algorithm,
    reserved: certificates.reduce((sum, { raw }) => sum + raw.length, ROOM),
  })
  if (prepared.kind === 'refused') throw new Refusal(prepared.code, { detail: prepared.detail })
  return prepared
}

/** A signature of level B-B. Throws a Refusal for a file that cannot be signed, or a text or an image that cannot be shown; SignerAway when the key cannot be used now. */
export async function signPdf (input: PdfInput, request: PdfSignatureRequest, signer: Signer, workers: SigningWorkers): Promise<SignedPdf> {
  const prepared = await prepareSigning(input, request, [signer.certificate, ...signer.chain], workers, contentDigestOf(signer))
  const { cms, signatureValue } = await writeSignedData({ signer, digest: Buffer.from(prepared.digest) })
  const { contents } = prepared
  return { level: 'B-B', field: prepared.field, increment: filled(Buffer.from(prepared.increment), contents, cms), contents, cms, signatureValue }
}

/** The same signature with a time-stamp token over its value (RFC 3161; level B-T), in the same place. The token is to be judged before. */
export function withToken (signed: SignedPdf, token: Buffer): SignedPdf {
  const cms = withTimeStamp(signed.cms, token)
  return { ...signed, level: 'B-T', cms, increment: filled(signed.increment, signed.contents, cms) }
}

/**
 * A further update, to be appended behind the signature's own: the certificates, CRLs and OCSP answers that prove it later (DSS; EN 319 142-1, 5.4).
 * Behind a signature of level B-T it makes B-LT. Throws a Refusal for a file that cannot be read.
 */
export async function withValidationData (input: PdfInput, { increment, contents }: Pick<SignedPdf, 'increment' | 'contents'>, data: ValidationData, time: Date, workers: SigningWorkers): Promise<Buffer> {
  const prepared = await workers.prepareValidationData(input, increment, { ...data, vri: vriOf(increment, contents), time })
  if (prepared.kind === 'refused') throw new Refusal(prepared.code, { detail: prepared.detail })
  return Buffer.from(prepared.increment)
}

/** A copy of the increment with this CMS in its Contents, and zeros behind it. */
function filled (increment: Buffer, { from, to }: ContentsPlace, cms: Buffer): Buffer {
  const digits = to - from - 2
  if (cms.length * 2 > digits) throw new Refusal('PDF_SIGN_NO_ROOM', { detail: `${cms.length} > ${digits / 2}` })
  const copy = Buffer.from(increment)
  copy.write(cms.toString('hex').padEnd(digits, '0'), from + 1, 'latin1')
  return copy
}

/** ISO 32000-2, 12.8.4.4: the SHA-1 of Contents, with the zeros behind the CMS. */
function vriOf (increment: Buffer, { from, to }: ContentsPlace): string {
  const contents = Buffer.from(increment.toString('latin1', from + 1, to - 1), 'hex')
  return createHash('sha1').update(contents).digest('hex').toUpperCase()
}
