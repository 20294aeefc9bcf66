/** How far the signature of a PDF has come, and what is next. Decides only. */
import type { SignatureLevel } from '../pdf/sign/request.ts'

/** `stamp`: a token is asked for. `validate`: the answers on revocation are gathered. `finish`: it goes as it is. */
export type NextStep = 'stamp' | 'validate' | 'finish'

const MINUTE = 60_000
/** After how long a token, or what is known of revocation, is asked for again: soon, and then less often, since it is wanted within minutes. */
const PAUSES = [5, 10, 20, 40, 60].map((seconds) => seconds * 1000)
/** After a fault of ours, which a person has to mend. */
const FAULT_PAUSES = [1, 2, 5, 15, 60].map((minutes) => minutes * MINUTE)

/** When a file that has been signed goes with the level it has. */
export function levelUntil (signedAt: Date, minutes: number): Date {
  return new Date(signedAt.getTime() + minutes * MINUTE)
}

/** What is to be done next of a file that is signed. Where nothing is waited for, nobody is asked. */
export function nextStep ({ level, wanted, levelMinutes }: { level: SignatureLevel, wanted: SignatureLevel, levelMinutes: number }): NextStep {
  if (level === wanted || levelMinutes === 0) return 'finish'
  return level === 'B-B' ? 'stamp' : 'validate'
}

/** When to try again what did not come: at last when the time is over. Null when it is over: this was the last try. */
export function tryAgainAt (attempts: number, until: Date, now: Date): Date | null {
  return now >= until ? null : new Date(Math.min(until.getTime(), now.getTime() + PAUSES[Math.min(attempts, PAUSES.length - 1)]!))
}

/** When to try again what failed by a fault of ours. */
export function afterFault (attempts: number, now: Date): Date {
  return new Date(now.getTime() + FAULT_PAUSES[Math.min(attempts, FAULT_PAUSES.length - 1)]!)
}
