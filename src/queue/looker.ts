/**
 * Looks at a thing when told to, and again when it said it would be due: the fast, in-process half of a wake-up. What it
 * misses (another process, a crash) the queue's jobs bring.
 *
 *   idle --nudge--> looking --null--> idle
 *                   looking --a date--> waiting --date comes, or nudge--> looking
 *                   looking --nudge--> looking, and once more right after
 *                   looking --throws--> recovering --pause ends--> looking
 */

/** Pauses after one failure, two …, in ms: a short outage is over soon, a long one is not asked about all the time. */
const PAUSES = [1000, 2000, 5000, 10_000, 20_000, 40_000, 60_000]
/** A timer cannot count further than 24.8 days; a look too early does no harm. */
const LONGEST_WAIT = 24 * 60 * 60 * 1000

/** A looker over things named by keys. */
export type Looker<Key extends string> = {
  /** Look at this one now; right after, if it is being looked at; when the pause is over, if looking has failed. */
  nudge (key: Key): void
  /** Starts no more looks, and returns when those that run have ended. */
  stop (): Promise<void>
}

/** Runs something later; gives back what takes it back. */
export type Schedule = (run: () => void, milliseconds: number) => () => void

type State = { running?: Promise<void>, again?: boolean, failures: number, cancel?: () => void }

/** Never looks twice at once at one key. `look` returns when it wants to look again, or null. */
export function createLooker<Key extends string> (needs: {
  look: (key: Key) => Promise<Date | null>
  onError: (error: unknown, key: Key) => void
  now: () => Date
  schedule?: Schedule
}): Looker<Key> {
  const { look, onError, now, schedule = scheduleTimer } = needs
  const states = new Map<Key, State>()
  let stopped = false

  function nudge (key: Key): void {
    if (stopped) return
    const state = states.get(key) ?? { failures: 0 }
    states.set(key, state)
    if (state.running) state.again = true
    else if (state.failures === 0) start(key, state)
  }

  function start (key: Key, state: State): void {
    state.cancel?.()
    delete state.cancel
    state.again = false
    state.running = lookOnce(key, state)
  }

  async function lookOnce (key: Key, state: State): Promise<void> {
    let due: Date | null
    await Promise.resolve() // so that `running` is set before `look` begins
    try {
      due = await look(key)
      state.failures = 0
    } catch (error) {
      onError(error, key)
      due = new Date(now().getTime() + PAUSES[Math.min(state.failures, PAUSES.length - 1)]!)
      state.failures++
    }
    delete state.running
    if (stopped) return
    if (state.again && state.failures === 0) start(key, state)
    else if (due === null) states.delete(key)
    else state.cancel = schedule(() => start(key, state), Math.min(Math.max(due.getTime() - now().getTime(), 0), LONGEST_WAIT))
  }

  return {
    nudge,
    async stop () {
      stopped = true
      for (const state of states.values()) state.cancel?.()
      await Promise.all([...states.values()].map((state) => state.running))
    },
  }
}

function scheduleTimer (run: () => void, milliseconds: number): () => void {
  const timer = setTimeout(run, milliseconds)
  return () => clearTimeout(timer)
}
