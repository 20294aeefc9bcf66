/**
 * A lane is everything that waits for one connection. An axis that is away is a fact about the lane, not about each document:
 *
 *     up ── unreachable ──▶ suspect ── unreachable again ──▶ down
 *      ▲                       └────────── anything got through ─┴──▶ up
 *
 * While a lane is not up, one dispatch probes it at each `nextAt`; the others wait and keep their patience.
 */
import type { SendOutcome } from './dispatch.ts'

export type Health = 'up' | 'suspect' | 'down'

export type Lane = { health: Health, failures: number, nextAt: Date }

const SECOND = 1000

/** The wait after each failure in a row. Most outages are over in seconds; five minutes is soon enough for the long ones. */
const WAITS = [2, 5, 10, 30, 60, 120, 300].map((seconds) => seconds * SECOND)

/** What the outcome of an attempt says of the lane, or null when it says nothing new. */
export function laneAfter (lane: Lane, outcome: Exclude<SendOutcome, { kind: 'credentials' }>, startedAt: Date, now: Date): Lane | null {
  switch (outcome.kind) {
    case 'accepted':
    case 'refused':
      return lane.health === 'up' && lane.failures === 0 ? null : { health: 'up', failures: 0, nextAt: now }
    case 'unreachable':
    case 'unknown': {
      // Attempts side by side fail together: that is one failure, not eight.
      if (lane.failures > 0 && startedAt.getTime() < lane.nextAt.getTime() - waitAfter(lane.failures)) return null
      const failures = lane.failures + 1
      return { health: failures > 1 ? 'down' : 'suspect', failures, nextAt: new Date(now.getTime() + waitAfter(failures)) }
    }
  }
}

/** How many dispatches may be on their way at once. */
export function windowOf (lane: Lane, window: number): number {
  return lane.health === 'up' ? window : 1
}

function waitAfter (failures: number): number {
  return WAITS[Math.min(failures, WAITS.length) - 1]!
}
