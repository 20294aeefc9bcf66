/** What a signer claims of the time, held against what is proved. A claim proves nothing; it may contradict. */
import { momentForPeople, verdictFrom, type Verdict } from '../verdict.ts'
import { TIME_REASONS, type TimeFinding } from './reasons.ts'

const HOUR_MS = 60 * 60 * 1000

/** How far ahead a signer's clock may be: an agency's computer without NTP is off by minutes, not by hours. */
const CLAIM_TOLERANCE_MS = HOUR_MS

/** Vietnam's offset, which some tools of the Cipher Committee forget to take off: they write local time and mark it UTC (trust.md 1.3). */
const LOCAL_TIME_MS = 7 * HOUR_MS

/**
 * What a claimed signing time says against itself, given the time that is proved. Seven hours ahead, give or take one, is local time written as
 * UTC: named, and harmless. Anything else that lies after the proof contradicts it.
 */
export function judgeClaim (claim: Date, proof: Date): Verdict {
  const ahead = claim.getTime() - proof.getTime()
  const findings: TimeFinding[] = []
  if (Math.abs(ahead - LOCAL_TIME_MS) <= HOUR_MS) findings.push({ code: 'CLAIM_LOCAL_TIME', detail: `${claim.toISOString()} / ${proof.toISOString()}` })
  // Written so that a claim that is no time fails
  else if (!(ahead <= CLAIM_TOLERANCE_MS)) findings.push({ code: 'CLAIM_AFTER_PROOF', detail: `${momentForPeople(claim)} / ${proof.toISOString()}` })
  return verdictFrom(TIME_REASONS, findings)
}
