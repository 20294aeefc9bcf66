/**
 * A dispatch is one packet to be sent over one connection.
 *
 *     waiting ── attempt begins ──▶ sending ── accepted ────────────▶ sent
 *        ▲                            │ ├───── refused by the axis ─▶ refused
 *        ├── unreachable, credentials ┘ └───── no clear answer ─────▶ unknown
 *        ├── the axis has it not ◀─────────────────────────────────────┤
 *        │                              the axis has it ─▶ sent ◀──────┤
 *     parked ◀── patience over            it cannot be told ─▶ parked ◀┘
 *
 * What is refused, or parked without having left, waits again when its document is submitted again.
 * A gateway that dies while `sending` leaves a lease behind; when that ends, the outcome is `unknown`.
 * This file decides and does nothing else; send.ts and reconcile.ts carry out what it decides.
 */
import type { Failure } from '../axis/connection.ts'

export type DispatchState = 'waiting' | 'sending' | 'unknown' | 'sent' | 'refused' | 'parked'

/** What one attempt to send came to. */
export type SendOutcome = { kind: 'accepted', docId: string } | Failure

/** `patienceUntil` is when waiting for an answer stops being useful. */
export type Attempted = { patienceUntil: Date }

/** What a dispatch becomes, and when to look at it again. */
export type Decision =
  | { state: 'sent', docId: string }
  | { state: 'refused', reason: string }
  | { state: 'parked', reason: string }
  | { state: 'waiting', nextAt: Date, reason: string | null }
  | { state: 'unknown', nextAt: Date, reason: string }

const SECOND = 1000

/** How long an axis may take to list what it has just accepted; asking earlier could miss it and double the document. */
export const SETTLE_MS = 3 * SECOND

/** After an attempt. An axis that is away says nothing of the document: only the lane waits, so `nextAt` is at once. */
export function afterAttempt (dispatch: Attempted, outcome: SendOutcome, now: Date): Decision {
  switch (outcome.kind) {
    case 'accepted':
      return { state: 'sent', docId: outcome.docId }
    case 'refused':
      return { state: 'refused', reason: `${outcome.code}: ${outcome.reason}` }
    case 'unknown':
      return { state: 'unknown', nextAt: new Date(now.getTime() + SETTLE_MS), reason: outcome.reason }
    case 'unreachable':
    case 'credentials':
      return now >= dispatch.patienceUntil
        ? { state: 'parked', reason: `patience is over: ${outcome.reason}` }
        : { state: 'waiting', nextAt: now, reason: outcome.reason }
  }
}

/** What a connection's policy says of an outcome that the axis cannot clear up. */
export type UnclearPolicy = 'resend' | 'park'

/**
 * What the axis' own list says: which of its entries fit the attempt and are no other dispatch's, and whether an attempt of
 * another dispatch could have left them too (`rivals`: one that is under way will tell, one that nobody knows of will not).
 */
export type Traces =
  | { kind: 'listed', docIds: readonly string[], rivals: 'none' | 'under way' | 'unclear' }
  | { kind: 'not-listed', reason: string }

/**
 * The wait before a packet is sent again, by how many of its attempts got no clear answer: one that an axis always chokes on
 * must leave the lane's probes to others.
 */
const RESEND_MINUTES = [0, 1, 5, 30, 60]

/**
 * After asking the axis what it has. Exactly one trace that can be nobody else's is ours. None: the attempt never arrived, so it
 * is sent again, unless policy keeps it for a person. Traces that cannot be told apart: sending again would only add one, and taking
 * one for ours could lose a document. `unclear` counts the attempts without a clear answer.
 */
export function afterReconcile (dispatch: Attempted & { unclear: number }, traces: Traces, policy: UnclearPolicy, now: Date): Decision {
  const isOver = now >= dispatch.patienceUntil
  if (traces.kind === 'not-listed') {
    return isOver
      ? { state: 'parked', reason: `patience is over, and the outcome is still unknown: ${traces.reason}` }
      : { state: 'unknown', nextAt: new Date(now.getTime() + 10 * SECOND), reason: traces.reason }
  }
  const [docId, ...others] = traces.docIds
  if (docId === undefined) {
    if (policy === 'park') return { state: 'parked', reason: 'the axis does not list it, and the policy is to ask a person' }
    if (isOver) return { state: 'parked', reason: 'patience is over: no attempt got an answer, and the axis does not list it' }
    const minutes = RESEND_MINUTES[Math.min(Math.max(dispatch.unclear, 1), RESEND_MINUTES.length) - 1]!
    return { state: 'waiting', nextAt: new Date(now.getTime() + minutes * 60 * SECOND), reason: 'the axis does not list it: sent again' }
  }
  switch (traces.rivals) {
    case 'none':
      return others.length === 0
        ? { state: 'sent', docId }
        : { state: 'parked', reason: `the axis lists ${traces.docIds.length} packets that could be this one` }
    case 'under way':
      return { state: 'unknown', nextAt: new Date(now.getTime() + SETTLE_MS), reason: 'the axis lists a packet that could be this one, or another that is being sent' }
    case 'unclear':
      return { state: 'parked', reason: 'the axis lists a packet that could be this one, or another whose outcome is not known either' }
  }
}
