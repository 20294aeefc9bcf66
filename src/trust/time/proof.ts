/** The moment a signature is judged for, and what follows when nobody but the signer vouches for it (EN 319 102-1, 5.2.6, 5.6). */
import { momentForPeople, verdictFrom, type ProofTime, type Verdict } from '../verdict.ts'
import { TIME_REASONS } from './reasons.ts'

/** What is known of the time of a signature: a judged token's genTime, our own receipt, what the signer says. At least one. */
export type KnownTimes = { token?: Date, receipt?: Date, claim?: Date }

/** The time that is proved best: the token's, else our receipt, else only the claim. Names the claim where it differs. */
export function proofTimeOf ({ token, receipt, claim }: KnownTimes): ProofTime {
  const [from, at] = token ? ['token', token] as const : receipt ? ['receipt', receipt] as const : ['claim', claim] as const
  if (!at) throw new Error('a signature without any time has no proof time')
  const differs = claim !== undefined && claim.getTime() !== at.getTime()
  return { at: at.toISOString(), from, ...(differs && !Number.isNaN(claim.getTime()) && { claim: claim.toISOString() }) }
}

/** How the signer's certificate ends: by its own date, and by revocation where it was revoked. */
export type CertificateEnd = { notAfter: Date, revokedAt?: Date }

/**
 * What a claim alone leaves open. While the certificate is good, it does not matter when exactly it signed; once it has expired or is revoked,
 * whoever holds the key could sign now and claim an earlier day.
 */
export function judgeProof ({ from }: Pick<ProofTime, 'from'>, { notAfter, revokedAt }: CertificateEnd, now: Date): Verdict {
  const end = revokedAt !== undefined && revokedAt < notAfter ? revokedAt : notAfter
  const isUnproved = from === 'claim' && !(now < end)
  return verdictFrom(TIME_REASONS, isUnproved ? [{ code: 'TIME_UNPROVED', detail: momentForPeople(end) }] : [])
}
