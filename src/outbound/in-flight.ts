import { setTimeout as pause } from 'node:timers/promises'

/** While slow work is under way, what became due meanwhile is looked for this often. */
const REFILL_MS = 250

/** Waits until one of them has ended; false when none has for a while. */
export async function oneEnds (running: Iterable<Promise<void>>): Promise<boolean> {
  const timer = new AbortController()
  try {
    return await Promise.race([...[...running].map((attempt) => attempt.then(() => true)), pause(REFILL_MS, false, { signal: timer.signal })])
  } finally {
    timer.abort()
  }
}
