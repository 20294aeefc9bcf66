/** What proves a PDF's signature later, gathered from the answers at hand. */
import type { ValidationData } from '../pdf/sign/request.ts'
import { proofsOf, type Chain } from '../pdf/sign/proofs.ts'
import { contentOf } from '../trust/asn1/certificate.ts'
import type { Trust } from '../trust/judge.ts'
import { evidenceOf, fingerprintOf } from '../trust/verdict.ts'

/** The certificates of these chains, and the answers that say that nobody on them is revoked: those that are known, and those that came along. Null while one of them is missing. */
export function validationDataOf (chains: readonly Chain[], { revocation: known }: Trust): ValidationData | null {
  const proofs = proofsOf(chains)
  if (!proofs) return null
  const kept = proofs.certificates.flatMap((certificate) => [...known.crls(contentOf(certificate).subject), ...known.ocsp(fingerprintOf(certificate))])
  const bytes = new Map(kept.map(({ sha256, bytes }) => [sha256, bytes]))
  for (const answer of chains.flatMap(({ revocation }) => revocation)) {
    const cameAlong = evidenceOf(answer)
    if (cameAlong) bytes.set(answer.evidence!, cameAlong)
  }
  const these = (hashes: readonly string[]) => hashes.flatMap((hash) => bytes.get(hash) ?? [])
  return { certificates: proofs.certificates.map(({ raw }) => raw), crls: these(proofs.crls), ocsps: these(proofs.ocsps) }
}
