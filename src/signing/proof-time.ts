/** The moment a signature is judged for: by a token over its value, else our receipt; and what follows for SHA-1. */
import type { Trust } from '../trust/judge.ts'
import { judgeClaim } from '../trust/time/claim.ts'
import { TIME_REASONS, type TimeFinding } from '../trust/time/reasons.ts'
import { judgeTokenOver, type TokenVerdict } from '../trust/time/token.ts'
import { combine, momentForPeople, nameForPeople, verdictFrom, type ProofTime, type Verdict } from '../trust/verdict.ts'
import type { SigningFinding } from './reasons.ts'

/** A token that came along, and the octets that it is over. */
export type Stamp = { token: Buffer, octets: Buffer }

/** A moment by which what is judged existed, proved by an authority. */
export type Moment = { genTime: Date, by: string }

/** Against whose time-stamping authorities, and since when we have the signature. */
export type ReceiptContext = {
  trust: Pick<Trust, 'timeStamping' | 'policy'>,
  /** When we received it: what it is judged for, unless a time-stamp token proves an earlier moment. */
  at: Date,
  /** How long ago that was, in milliseconds; just now by default. */
  waited?: number,
  /** Who vouches for `at`: our receipt, unless it is only somebody's word, or an authority's token that came beside it (`atBy`). */
  atFrom?: ProofTime['from'],
  atBy?: string,
}

/** The proof time, every moment that authorities prove, the earliest first, and what the tokens and the claim are worth: a token that is there must be right (TT 15/2025/TT-BKHCN, art. 6.1.g). */
export type ProvedTime = { at: Date, proofTime: ProofTime, verdict: Verdict, moments: Moment[] }

/**
 * Takes the earliest moment that is proved: by these tokens, or elsewhere, as by a time-stamp over a whole document. One from after the moment
 * that is judged proves nothing of it, and is only named.
 */
export function proveTime (stamps: readonly Stamp[], { trust, at, atFrom = 'receipt', atBy }: ReceiptContext, elsewhere: readonly Moment[] = []): ProvedTime {
  const judged = stamps.map(({ token, octets }) => judgeTokenOver(token, octets, trust.timeStamping))
  const proved = [...judged.flatMap(momentOf), ...elsewhere]
  const later = proved.filter(({ genTime }) => genTime > at).map(({ genTime }): TimeFinding => ({ code: 'TOKEN_LATER', detail: momentForPeople(genTime) }))
  const moments = proved.filter(({ genTime }) => genTime <= at).sort((one, other) => one.genTime.getTime() - other.genTime.getTime())
  const [best] = moments
  return {
    moments,
    at: best?.genTime ?? at,
    proofTime: best ? { at: best.genTime.toISOString(), from: 'token', by: best.by } : { at: at.toISOString(), from: atFrom, ...(atBy !== undefined && { by: atBy }) },
    verdict: combine(...judged.map(({ result, reasons }) => ({ result, reasons })), verdictFrom(TIME_REASONS, later)),
  }
}

/** The moment that a token proves, if it does. */
export function momentOf ({ result, genTime, chain }: TokenVerdict): Moment[] {
  return result === 'valid' && genTime ? [{ genTime, by: nameForPeople(chain[0]?.subject) }] : []
}

/** The same proof time, with what the signer claims held against it. */
export function withClaim (proved: ProvedTime, claim: Date): ProvedTime {
  const differs = claim.getTime() !== proved.at.getTime()
  return {
    ...proved,
    proofTime: { ...proved.proofTime, ...(differs && { claim: claim.toISOString() }) },
    verdict: combine(proved.verdict, judgeClaim(claim, proved.at)),
  }
}

/**
 * What a signature that uses SHA-1 is told: historical when a token or our receipt proves that it is older than the date of the policy, since
 * nobody could make collisions for it then; otherwise not allowed. `name` is the algorithm's, undefined when it uses none such.
 */
export function judgeSha1 (name: string | undefined, { proofTime }: ProvedTime, { trust }: ReceiptContext): SigningFinding[] {
  if (name === undefined) return []
  const { sha1Before } = trust.policy
  const isHistorical = sha1Before !== null && proofTime.from !== 'claim' && new Date(proofTime.at) < new Date(`${sha1Before}T00:00:00+07:00`)
  return [{ code: isHistorical ? 'ALGORITHM_SHA1_HISTORICAL' : 'ALGORITHM_SHA1', detail: name }]
}
