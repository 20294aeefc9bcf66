/** What follows from a verdict: whether a document goes on, is refused, or waits for better evidence. */
import type { Reason, SignatureVerdict } from '../trust/verdict.ts'

/**
 * What a connection or a system demands of packet signatures.
 * `required`: only a valid one passes. `wanted`: none at all, a placeholder or one that an axis rewrote passes with a mark, a bad one is refused.
 * `ignored`: everything passes, the verdict is only recorded.
 */
export type SignaturePolicy = 'required' | 'wanted' | 'ignored'

/**
 * `accept`: goes on; `proved` tells whether the signature proved it.
 * `refuse`: never becomes right by itself; `absent` when nothing was signed at all, `reason` is the one that decided.
 * `wait`: evidence is missing that may still come, so the verdict is asked for again.
 */
export type Ruling =
  | { kind: 'accept', proved: boolean }
  | { kind: 'refuse', absent: boolean, reason: Reason }
  | { kind: 'wait', reason: Reason }

/** Nothing was claimed, or nothing can be checked any more: a fact about the way the document took, not an accusation. */
const UNCLAIMED: ReadonlySet<string> = new Set(['SIGNATURE_ABSENT', 'SIGNATURE_PLACEHOLDER', 'SIGNATURE_REWRITTEN', 'SEAL_ABSENT'])

/** What the policy makes of a verdict on a packet signature or a seal. */
export function rule (policy: SignaturePolicy, { result, reasons }: Pick<SignatureVerdict, 'result' | 'reasons'>): Ruling {
  if (result === 'valid') return { kind: 'accept', proved: true }
  if (policy === 'ignored') return { kind: 'accept', proved: false }
  const [reason] = reasons
  if (!reason) throw new Error('a verdict that is not valid has a reason')
  if (UNCLAIMED.has(reason.code)) return policy === 'wanted' ? { kind: 'accept', proved: false } : { kind: 'refuse', absent: true, reason }
  return result === 'indeterminate' ? { kind: 'wait', reason } : { kind: 'refuse', absent: false, reason }
}
