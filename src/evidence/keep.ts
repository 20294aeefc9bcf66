/**
 * The certificates that verdicts speak of, kept as blobs: the SHA-256 of the blob is the fingerprint that the verdict names. So are CRLs and OCSP
 * answers that came along with a signature and counted; the others are kept as they are taken in.
 * TT 15/2025/TT-BKHCN, art. 6: the certificate and the CRL at signing time are stored with the document. CRLs, OCSP answers and packets are blobs as well.
 */
import { storeBlobs } from '../blobs/blobs.ts'
import type { Database } from '../database/database.ts'
import { certificateOf, evidenceOf, type SignatureVerdict } from '../trust/verdict.ts'

/** Each costs 100 bytes; more signers than this only cost a statement now and then. */
const MOST_KNOWN = 10_000

/** Keeps what verdicts rest on. Called before they are stored, so that no verdict is ever without its evidence. */
export type KeepEvidence = (verdicts: readonly (SignatureVerdict | null)[]) => Promise<void>

/**
 * Once `keepEvidence` returns, every certificate of these chains is stored, and every answer that came along. It costs one transaction when a certificate is met for the first
 * time since this process began, and nothing otherwise: the same few signers sign nearly everything.
 */
export function createKeepEvidence ({ database }: { database: Database }): KeepEvidence {
  const known = new Set<string>()
  return async function keepEvidence (verdicts) {
    const unknown = new Map<string, Buffer>()
    for (const details of verdicts.flatMap((verdict) => verdict?.chain ?? [])) {
      const certificate = known.has(details.fingerprint) ? undefined : certificateOf(details)
      if (certificate) unknown.set(details.fingerprint, certificate.raw)
    }
    for (const answer of verdicts.flatMap((verdict) => verdict?.revocation ?? [])) {
      const bytes = evidenceOf(answer)
      if (bytes && !known.has(answer.evidence!)) unknown.set(answer.evidence!, bytes)
    }
    if (unknown.size === 0) return
    await database.transaction((tx) => storeBlobs(tx, [...unknown.values()]))
    if (known.size + unknown.size > MOST_KNOWN) known.clear()
    for (const fingerprint of unknown.keys()) known.add(fingerprint)
  }
}
