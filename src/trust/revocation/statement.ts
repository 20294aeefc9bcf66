/** What an authentic answer means for the moment that a signature is judged for. Answers of every age come: those of then, and those that look back. */
import { DerError } from '../asn1/der.ts'
import type { TrustPolicy } from '../policy.ts'
import { momentForPeople } from '../verdict.ts'
import type { Revoked } from './crl-entries.ts'
import type { RevocationFinding } from './reasons.ts'

/** What answers tell of a certificate, whoever gives them. */
export type Told = {
  revoked?: Revoked
  thisUpdate: Date
  nextUpdate?: Date
  /** Certificates that expired since then are still spoken of */
  keepsExpiredSince?: Date
}

/** Something that was kept byte for byte, by its SHA-256. */
export type Evidence = { sha256: string, thisUpdate: Date, nextUpdate?: Date }

/**
 * What follows for the moment. `held` is a suspension that may have ended: a younger answer overrules it, and nothing overrules what is `settled`.
 * `revoked` with `says: 'good'` happened later.
 */
export type Statement = Told & {
  says: 'good' | 'revoked' | 'held'
  settled: boolean
  /** The reasons it speaks for, as bits */
  reasons: number
  from: 'crl' | 'ocsp'
  /** A complete CRL and perhaps its delta, or an OCSP answer */
  evidence: readonly Evidence[]
  remarks: RevocationFinding[]
}

/** An answer that does not say until when it holds does so for an hour, as X-Road has it by default. */
const HOLDS_WITHOUT_END_MS = 3_600_000

/** What is told, as a statement on that moment, or why it is none. */
export function statementOn (told: Told, { at, notAfter, policy }: { at: Date, notAfter: Date, policy: Pick<TrustPolicy, 'staleHours'> }): Pick<Statement, 'says' | 'settled' | 'remarks'> | RevocationFinding {
  const { revoked, thisUpdate, nextUpdate, keepsExpiredSince } = told
  const isHeld = revoked?.reason === 'certificateHold'
  // What is revoked for good stays so, however old the answer is that says it
  if (revoked && !isHeld && (revoked.at <= at || isBefore(revoked.invalidSince, at))) return { says: 'revoked', settled: true, remarks: [] }
  const held = isHeld && revoked.at <= at
  if (thisUpdate > at) {
    if (held) return { says: 'held', settled: true, remarks: [] }
    const mayOmit = thisUpdate > notAfter && !isBefore(keepsExpiredSince, notAfter)
    if (!revoked && mayOmit) return { code: 'ANSWER_OMITS_EXPIRED', detail: momentForPeople(thisUpdate) }
    return { says: 'good', settled: false, remarks: [] }
  }
  const end = nextUpdate ?? new Date(thisUpdate.getTime() + HOLDS_WITHOUT_END_MS)
  if (at.getTime() > end.getTime() + policy.staleHours * 3_600_000) return { code: 'ANSWER_OUTDATED', detail: momentForPeople(end) }
  return { says: held ? 'held' : 'good', settled: false, remarks: at > end ? [{ code: 'ANSWER_STALE', detail: momentForPeople(end) }] : [] }
}

function isBefore (one: Date | undefined, other: Date): boolean {
  return one !== undefined && one <= other
}

/** What is said, or that it cannot be read: one answer that is malformed where nobody looked before does not silence the others. */
export function unlessUnreadable<Said> (say: () => readonly Said[]): readonly (Said | RevocationFinding)[] {
  try {
    return say()
  } catch (error) {
    if (!(error instanceof DerError)) throw error
    return [{ code: 'ANSWER_UNREADABLE', detail: error.message }]
  }
}
