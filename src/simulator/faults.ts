/** The ways in which the simulated axis misbehaves, as data. Later kinds are added here and nowhere else named. */
import type { Operation } from '../axis/vxp/operations.ts'

export type Fault =
  /** Answers late. */
  | { kind: 'delay', ms: number }
  /** Resets the connection: before anything is done, or after all of it is. */
  | { kind: 'drop', when: 'before' | 'after' }
  /** Says no, in its own words. Nothing is done. */
  | { kind: 'refuse', code: string, reason: string }
  /** Shows the error page of a proxy, which stands for nothing done, or for all of it. */
  | { kind: 'html', status: number, when: 'before' | 'after' }
  /** HTTP 200 and not one byte. */
  | { kind: 'empty', when: 'before' | 'after' }
  /** Each recipient gets the packet a second time, under a second id. */
  | { kind: 'duplicate' }

/** `operation`: only calls of this one. `times`: how often; without it, until the rule is taken away. */
export type FaultRule = { fault: Fault, operation?: Operation, times?: number }

/** The fault for one call. The rule is used up by one; a rule with nothing left is taken off the list. */
export function takeFault (rules: FaultRule[], operation: Operation): Fault | undefined {
  const index = rules.findIndex((rule) => rule.operation === undefined || rule.operation === operation)
  const rule = rules[index]
  if (!rule) return undefined
  if (rule.times !== undefined && --rule.times <= 0) rules.splice(index, 1)
  return rule.fault
}
