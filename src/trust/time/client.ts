/**
 * Asks a time-stamping authority for a token (RFC 3161, 3.4: over HTTP). Whatever answers, or does not, is an outcome.
 * The Cipher Committee's authority takes 2 to 131 s an answer (trust.md 1.3), so nobody waits for this with a document in hand.
 */
import { randomBytes } from 'node:crypto'

import type { HttpClient } from '../../http/client.ts'
import { DerError } from '../asn1/der.ts'
import type { TrustStore } from '../store.ts'
import { verdictFrom, type Verdict } from '../verdict.ts'
import { MOST_BYTES, readAnswer } from './read.ts'
import { TIME_REASONS, type TimeFinding } from './reasons.ts'
import { IMPRINT_DIGEST, nonceFrom, timeStampRequest } from './request.ts'
import { judgeTokenBytes, type TokenVerdict } from './token.ts'

/** Where to ask, whom to believe, and under which policy (OID), if one is demanded. */
export type TimeStampingAuthority = { url: string, policy?: string, store: TrustStore | null }

export type TimeStampOutcome =
  /** The token was judged valid; `token` is its bytes as they came. */
  | { kind: 'stamped', token: Buffer, genTime: Date, verdict: TokenVerdict }
  /** It was not reached, did not answer in time, or is busy: the same question may be answered later. */
  | { kind: 'away', reason: string }
  /** An answer came that proves nothing: a person should see why. */
  | { kind: 'useless', verdict: Verdict }

/** How long an answer may take: half as long again as the slowest measured. */
export const ANSWER_WITHIN_MS = 180_000

const TYPE = { request: 'application/timestamp-query', answer: 'application/timestamp-reply' }

/** PKIStatus, RFC 3161, 2.4.2: granted, and granted with modifications. */
const GRANTED = new Set([0, 1])

type Needs = { http: HttpClient, now: () => Date, stopping?: AbortSignal, answerWithin?: number }

/** Asks once for a time-stamp of this SHA-256 hash. Never throws for what the authority, or whoever stands in its place, does. */
export async function askForTimeStamp (hash: Buffer, { url, policy, store }: TimeStampingAuthority, { http, now, stopping, answerWithin = ANSWER_WITHIN_MS }: Needs): Promise<TimeStampOutcome> {
  const nonce = nonceFrom(randomBytes(8))
  const from = now()
  const answer = await http.request({
    method: 'POST', url: new URL(url), headers: [['content-type', TYPE.request], ['accept', TYPE.answer]], body: timeStampRequest(hash, nonce, policy),
    answerWithin, finishWithin: answerWithin, maxAnswer: MOST_BYTES, ...(stopping && { signal: stopping }),
  })
  if (answer.kind === 'oversize') return useless({ code: 'TSA_ANSWER_UNREADABLE', detail: answer.reason })
  if (answer.kind !== 'answered') return { kind: 'away', reason: answer.reason }
  if (answer.status >= 500 || answer.status === 429) return { kind: 'away', reason: `HTTP ${answer.status}` }
  const type = String(answer.headers['content-type'] ?? 'none')
  if (answer.status !== 200 || !type.toLowerCase().startsWith(TYPE.answer)) return useless({ code: 'TSA_ANSWER_UNREADABLE', detail: `HTTP ${answer.status}, ${type.slice(0, 100)}` })
  return judgeAnswer(answer.body, hash, store, { nonce: nonce.toString('hex'), ...(policy !== undefined && { policy }), asked: { from, to: now() } })
}

/** What an answer is worth for the hash that was asked about. */
export function judgeAnswer (bytes: Buffer, hash: Buffer, store: TrustStore | null, demands: Parameters<typeof judgeTokenBytes>[3]): TimeStampOutcome {
  try {
    const { status, said, token } = readAnswer(bytes)
    if (!GRANTED.has(status) || !token) return useless({ code: 'TSA_REFUSED', detail: [`status ${status}`, said].filter(Boolean).join(': ') })
    const verdict = judgeTokenBytes(token, (digest) => digest === IMPRINT_DIGEST ? hash : undefined, store, demands)
    if (verdict.result !== 'valid' || !verdict.genTime) return { kind: 'useless', verdict }
    return { kind: 'stamped', token, genTime: verdict.genTime, verdict }
  } catch (error) {
    if (!(error instanceof DerError)) throw error
    return useless({ code: 'TSA_ANSWER_UNREADABLE', detail: error.message })
  }
}

function useless (finding: TimeFinding): TimeStampOutcome {
  return { kind: 'useless', verdict: verdictFrom(TIME_REASONS, [finding]) }
}
