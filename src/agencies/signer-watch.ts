/**
 * Watches the keys that sign: one that is away gets an alarm and is asked again by one document at a time, ever less often, while the others
 * wait; one that is back ends its alarm. A hundred documents must not wait for the same dead server one after the other.
 */
import { clearAlarm, raiseAlarm } from '../alarms/alarms.ts'
import type { Db } from '../database/database.ts'
import type { Log } from '../http/log.ts'
import { SignerAway } from '../trust/signers/away.ts'
import type { Signer } from '../trust/signers/signer.ts'

const SECOND = 1000
/** The wait after each failure in a row: a token is put back in within the minute, a server restarts in several. */
const WAITS = [5, 10, 20, 30, 60].map((seconds) => seconds * SECOND)

/** While one document asks, the others look again this soon. */
const ASKING_MS = SECOND

/** A key that takes so long for one signature is slow; of its agency's documents so many ask at once, so that others have room in the lane. */
const SLOW_MS = SECOND
const MOST_WHEN_SLOW = 2

const KIND = 'signer.away'

/** `tookMs` is how long the last signature took. */
type State = { failures: number, retryAt: Date, isAsked: boolean, asking: number, tookMs: number }

export function createSignerWatch ({ database, now, log }: { database: Db, now: () => Date, log: Log }) {
  const states = new Map<string, State>()
  /** Agencies whose alarms have been ended, and none was raised since. */
  const quiet = new Set<string>()

  return {
    /** Throws SignerAway while this key rests after a failure. */
    refuseResting,

    /** Once this throws, an alarm says that the agency cannot sign, and `retryAt` says when to ask again. */
    async tell (agencyId: string, key: string, away: SignerAway): Promise<never> {
      const state = stateOf(agencyId, key)
      throw await gone(agencyId, key, away, state.failures)
    },

    /** The same signer, watched. */
    watch (signer: Signer, agencyId: string, key: string): Signer {
      const state = stateOf(agencyId, key)
      return {
        ...signer,
        async sign (data) {
          refuseResting(agencyId, key)
          const round = state.failures
          const began = now().getTime()
          state.isAsked = true
          state.asking++
          try {
            const signature = await signer.sign(data)
            state.tookMs = now().getTime() - began
            await back(agencyId, key)
            return signature
          } catch (error) {
            throw error instanceof SignerAway ? await gone(agencyId, key, error, round) : error
          } finally {
            state.isAsked = false
            state.asking--
          }
        },
      }
    },
  }

  function refuseResting (agencyId: string, key: string): void {
    const { failures, retryAt, isAsked, asking, tookMs } = stateOf(agencyId, key)
    if (failures === 0 && (tookMs < SLOW_MS || asking < MOST_WHEN_SLOW)) return
    if (failures === 0) throw new SignerAway('RESTING', { retryAt: new Date(now().getTime() + ASKING_MS) })
    if (isAsked) throw new SignerAway('RESTING', { retryAt: new Date(now().getTime() + ASKING_MS) })
    if (now() < retryAt) throw new SignerAway('RESTING', { retryAt })
  }

  function stateOf (agencyId: string, key: string): State {
    const subject = subjectOf(agencyId, key)
    let state = states.get(subject)
    if (!state) states.set(subject, state = { failures: 0, retryAt: new Date(0), isAsked: false, asking: 0, tookMs: 0 })
    return state
  }

  /** Signatures side by side fail together: that is one failure, not eight. */
  async function gone (agencyId: string, key: string, away: SignerAway, round: number): Promise<SignerAway> {
    const state = stateOf(agencyId, key)
    const at = now()
    if (state.failures === round) {
      state.failures++
      state.retryAt = new Date(at.getTime() + waitAfter(state.failures))
    }
    const { rows: [agency] } = await database.query<{ name: string }>('select name from agency where id = $1', [agencyId])
    const name = agency?.name ?? agencyId
    await raiseAlarm(database, log, {
      at, kind: KIND, subject: subjectOf(agencyId, key),
      vi: `Chưa ký được cho ${name}, văn bản đang chờ: ${away.vietnamese}`,
      en: `Cannot sign for ${name}, its documents wait: ${away.message}`,
    })
    quiet.delete(agencyId)
    return new SignerAway(away.code, { detail: away.detail, retryAt: state.retryAt })
  }

  /** Ends the alarm, and those that earlier runs, or keys of the agency that are not used any more, have left. */
  async function back (agencyId: string, key: string): Promise<void> {
    const state = stateOf(agencyId, key)
    if (quiet.has(agencyId) && state.failures === 0) return
    const { rows } = await database.query<{ subject: string }>(
      'select subject from alarm where kind = $1 and cleared_at is null and starts_with(subject, $2)', [KIND, subjectOf(agencyId, '')])
    for (const { subject } of rows) await clearAlarm(database, log, { at: now(), kind: KIND, subject })
    quiet.add(agencyId)
    state.failures = 0
  }
}

function subjectOf (agencyId: string, key: string): string {
  return `${agencyId}/${key}`
}

function waitAfter (failures: number): number {
  return WAITS[Math.min(failures, WAITS.length) - 1]!
}
