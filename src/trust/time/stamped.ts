/** What proves when a packet or a verdict existed: its hash, the way up to its batch's root, and the token over that root. */
import type { Db } from '../../database/database.ts'
import type { TrustStore } from '../store.ts'
import { verdictFrom } from '../verdict.ts'
import { isIncluded, proofOf, type InclusionProof } from './merkle.ts'
import { TIME_REASONS } from './reasons.ts'
import { hashesOf, stampsOf, type Leaf } from './stamp-store.ts'
import { judgeTokenBytes, type TokenVerdict } from './token.ts'

/** The proof for one hash: everything that is needed to check it elsewhere, with an authority's root alone. */
export type StampEvidence = { hash: Buffer, proof: InclusionProof, root: Buffer, token: Buffer, genTime: Date }

/** One hash that was noted; `evidence` is null while it waits for its token. */
export type Stamped = { kind: Leaf['kind'], subject: string, hash: Buffer, evidence: StampEvidence | null }

/** What is time-stamped of a dispatch, or of an arrival's or document's verdicts: one entry for each hash, oldest first. */
export async function evidenceOf (db: Db, { kind, subject }: { kind: Leaf['kind'], subject: string }): Promise<Stamped[]> {
  const stamps = await stampsOf(db, kind, subject)
  return Promise.all(stamps.map(async ({ kind, subject, hash, batchId, position, root, token, genTime }) => {
    if (batchId === null || position === null || !root || !token || !genTime) return { kind, subject, hash, evidence: null }
    return { kind, subject, hash, evidence: { hash, proof: proofOf(await hashesOf(db, batchId), position), root, token, genTime } }
  }))
}

/** Whether this evidence proves that its hash existed at genTime: it stands under the root, and the token is good for that root. */
export function judgeStampEvidence ({ hash, proof, root, token }: Omit<StampEvidence, 'genTime'>, store: TrustStore | null): TokenVerdict {
  if (!isIncluded(hash, proof, root)) return { ...verdictFrom(TIME_REASONS, [{ code: 'TOKEN_IMPRINT_WRONG', detail: 'Merkle tree' }]), chain: [] }
  return judgeTokenBytes(token, (digest) => digest === 'sha256' ? root : undefined, store)
}
