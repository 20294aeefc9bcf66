/**
 * A dispatch is one packet to be sent over one connection.
 *
 *     waiting ── attempt begins ──▶ sending ── accepted ────────────▶ sent
 *        ▲                            │ ├───── refused by the axis ─▶ refused
 *        ├── unreachable, credentials ┘ └───── no clear answer ─────▶ unknown
 *        ├── the axis has it not ◀─────────────────────────────────────┤
 *        │                              the axis has it ─▶ sent ◀──────┤
 *     parked ◀── patience over                several match ─▶ parked ◀┘
 *
 * A gateway that dies while `sending` leaves a lease behind; when that ends, the outcome is `unknown`.
 * This file decides and does nothing else; send.ts and reconcile.ts carry out what it decides.
 */
import type { Failure } from '../axis/connection.ts'

export type DispatchState = 'waiting' | 'sending' | 'unknown' | 'sent' | 'refused' | 'parked'

/** What one attempt to send came to. */
export type SendOutcome = { kind: 'accepted', docId: string } | Failure

/** `attempts` counts the attempt that `outcome` ended; `patienceUntil` is when waiting for an answer stops being useful. */
export type Attempted = { attempts: number, patienceUntil: Date }

/** What a dispatch becomes, and when to look at it again. */
export type Decision =
  | { state: 'sent', docId: string | null }
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

/** What the axis' own list says: how many of its entries fit the attempt and belong to no other dispatch, or that it cannot be asked. */
export type Traces = { kind: 'listed', docIds: readonly string[] } | { kind: 'not-listed', reason: string }

/**
 * After asking the axis what it has. Exactly one trace is ours. None: the attempt never arrived, so it is sent again,
 * unless policy keeps it for a person. Several cannot be told apart: sending again would only add one.
 */
export function afterReconcile (dispatch: Attempted, traces: Traces, policy: UnclearPolicy, now: Date): Decision {
  if (traces.kind === 'not-listed') {
    return now >= dispatch.patienceUntil
      ? { state: 'parked', reason: `patience is over, and the outcome is still unknown: ${traces.reason}` }
      : { state: 'unknown', nextAt: new Date(now.getTime() + 10 * SECOND), reason: traces.reason }
  }
  const [docId, ...others] = traces.docIds
  if (docId !== undefined && others.length === 0) return { state: 'sent', docId }
  if (docId !== undefined) return { state: 'parked', reason: `the axis lists ${traces.docIds.length} packets that could be this one` }
  return policy === 'resend'
    ? { state: 'waiting', nextAt: now, reason: 'the axis does not list it: sent again' }
    : { state: 'parked', reason: 'the axis does not list it, and the policy is to ask a person' }
}
