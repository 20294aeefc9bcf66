/**
 * Time-stamps what the gateway sends and what it concludes, in batches: one token over a Merkle root of up to 10,000 hashes.
 *
 *   noted (with the dispatch or verdict) ─▶ in a batch (committed with its tree) ─▶ asked for, again and again ─▶ stamped
 *
 * No document ever waits for this. While the authority is away, what is noted waits, and a person hears of it.
 */
import { createHash } from 'node:crypto'

import { clearAlarm, raiseAlarm } from '../../alarms/alarms.ts'
import { auditEnd } from '../../audit/audit.ts'
import { canonicalJson, type Json } from '../../audit/canonical-json.ts'
import type { Database, Tx } from '../../database/database.ts'
import type { HttpClient } from '../../http/client.ts'
import type { Log } from '../../http/log.ts'
import type { Queue } from '../../queue/queue.ts'
import { readTrustSettings, type TrustSettings } from '../settings.ts'
import type { TrustStore } from '../store.ts'
import { fingerprintOf, type Verdict } from '../verdict.ts'
import { ANSWER_WITHIN_MS, askForTimeStamp, type TimeStampOutcome } from './client.ts'
import { endTurn, insertBatch, insertToken, insertWaiting, isInBatch, takeTurn, takeWaiting, unstampedBatch, type Batch, type Failing, type ToStamp } from './stamp-store.ts'

/** Notes what is to be time-stamped, in the transaction that it comes from. Does nothing while no authority is set up. */
export type NoteForStamping = (tx: Tx, items: readonly ToStamp[]) => Promise<void>

/** As many as X-Road puts under one token; their tree takes some 20 ms. */
const LARGEST_BATCH = 10_000
/** Beyond the authority's answer, until its token is stored; after that, whoever had the turn is taken for dead. */
const RECORDING_MS = 20_000
/** The longest pause between two questions to an authority that is away. */
const LONGEST_PAUSE_MS = 30 * 60 * 1000

type Needs = {
  database: Database, queue: Queue, http: HttpClient
  /** Whose tokens are believed */
  store: TrustStore | null
  now: () => Date, log: Log, stopping: AbortSignal
}

export function createTimeStamping ({ database, queue, http, store, now, log, stopping }: Needs) {
  let settings: TrustSettings['timeStamping']

  /** Once this returns, what an administrator has set holds here. */
  async function refresh (): Promise<void> {
    settings = (await readTrustSettings(database)).timeStamping
  }

  const note: NoteForStamping = async (tx, items) => {
    if (settings && items.length > 0) await insertWaiting(tx, items, now())
  }

  /** Asks for the token of one batch, if it is this gateway's turn. Returns when to look again, or null when no authority is set up. */
  async function stamp (): Promise<Date | null> {
    await refresh()
    const set = settings
    if (stopping.aborted) return null
    if (!set) {
      // Nobody is to be asked any more, so nobody is away either
      await clearAlarm(database, log, { at: now(), ...ALARM })
      return null
    }
    const turn = await takeTurn(database, new Date(now().getTime() + ANSWER_WITHIN_MS + RECORDING_MS), now())
    if (!turn.isOurs) return turn.nextAt
    const batch = await unstampedBatch(database) ?? await database.transaction(makeBatch)
    const outcome = batch && await askForTimeStamp(batch.root, { ...set, store }, { http, now, stopping })
    // An answer that was not waited for says nothing about the authority
    const { nextAt, failing } = outcome === null || (stopping.aborted && outcome.kind === 'away')
      ? { nextAt: after(set.everySeconds), failing: turn }
      : await record(batch!, outcome, set, turn)
    await endTurn(database, nextAt, failing)
    return nextAt
  }

  /** Puts what waits into a batch, with the end of the audit chain beside it; null when nothing waits. */
  async function makeBatch (tx: Tx): Promise<Batch | null> {
    const items = await takeWaiting(tx, LARGEST_BATCH - 1)
    if (items.length === 0) return null
    const end = await auditEnd(tx)
    const audit = end && { kind: 'audit' as const, subject: String(end.length), hash: Buffer.from(end.hash, 'hex') }
    await queue.wake(tx, [{ name: 'trust.time-stamp', data: {}, key: 'clock' }])
    return insertBatch(tx, audit && !await isInBatch(tx, audit) ? [...items, audit] : items, now())
  }

  async function record (batch: Batch, outcome: TimeStampOutcome, { everySeconds, alarmMinutes }: NonNullable<typeof settings>, before: Failing) {
    const at = now()
    if (outcome.kind === 'stamped') {
      const { token, genTime, verdict: { result, reasons, chain } } = outcome
      await database.transaction(async (tx) => {
        await insertToken(tx, batch.id, { token, genTime, verdict: { result, reasons, chain: chain.map(fingerprintOf) }, at })
        await clearAlarm(tx, log, { at, ...ALARM })
      })
      log.info({ batch: batch.id, size: batch.size }, 'trust.time-stamp: a batch is stamped')
      // What did not fit into this batch, or was noted since an authority came back, does not wait for its turn
      return { nextAt: batch.size < LARGEST_BATCH - 1 && before.failures === 0 ? after(everySeconds) : at, failing: { failures: 0, since: null } }
    }
    const reason = outcome.kind === 'away' ? outcome.reason : reasonOf(outcome.verdict)
    const since = before.since ?? at
    if (before.failures === 0) log.info({ batch: batch.id, reason }, 'trust.time-stamp: no token was had')
    // What answers and proves nothing is for a person to mend; what is away may come back by itself
    if (outcome.kind === 'useless' || at.getTime() - since.getTime() >= alarmMinutes * 60_000) {
      await raiseAlarm(database, log, {
        at, ...ALARM,
        vi: `Không lấy được dấu thời gian từ ${since.toISOString()} (${reason})`, en: `No time-stamp has been had since ${since.toISOString()} (${reason})`,
      })
    }
    const pause = Math.min(everySeconds * 2 ** Math.min(before.failures, 20), LONGEST_PAUSE_MS / 1000)
    return { nextAt: after(pause), failing: { failures: before.failures + 1, since } }
  }

  const after = (seconds: number) => new Date(now().getTime() + seconds * 1000)

  return { note, stamp, refresh }
}

const ALARM = { kind: 'time-stamping', subject: 'gateway' }

/** The verdicts on one arrival or document, as they are time-stamped. */
export function verdictsToStamp (subject: string, packet: Buffer | null, verdicts: readonly Verdict[]): ToStamp[] {
  return verdicts.map((verdict) => ({ kind: 'verdict', subject, hash: hashOfVerdict(verdict, packet) }))
}

/** The hash by which a stored verdict is time-stamped. */
export function hashOfVerdict (verdict: Verdict, packet: Buffer | null): Buffer {
  return createHash('sha256').update(stampedText(verdict, packet)).digest()
}

/** What is hashed of a verdict, as canonical JSON: a verdict names no packet, so the SHA-256 of the packet, or of the attachment that it is on, stands beside it (null where there was none). */
export function stampedText (verdict: Verdict, packet: Buffer | null): string {
  // As it is stored: what JSON leaves out is not in the hash either
  return canonicalJson({ packet: packet?.toString('hex') ?? null, verdict: JSON.parse(JSON.stringify(verdict)) as Json })
}

function reasonOf ({ reasons }: Verdict): string {
  return reasons.map(({ code, detail }) => detail === undefined ? code : `${code}: ${detail}`).join('; ').slice(0, 300)
}
