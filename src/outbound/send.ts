import { clearAlarm, raiseAlarm } from '../alarms/alarms.ts'
import type { OutgoingPacket } from '../axis/connection.ts'
import { pauseConnection, type Connections, type OpenConnection } from '../axis/connections.ts'
import type { Database } from '../database/database.ts'
import type { Log } from '../http/log.ts'
import { SignerAway } from '../trust/signers/away.ts'
import type { NoteForStamping } from '../trust/time/stamp.ts'
import { beginAttempt } from './attempt-store.ts'
import type { Conclude } from './conclude.ts'
import { afterAttempt, type SendOutcome } from './dispatch.ts'
import { oneEnds } from './in-flight.ts'
import { laneAfter, windowOf } from './lane.ts'
import { readLane, saveLane } from './lane-store.ts'
import type { Render } from './render.ts'
import { areStill } from './signing-store.ts'
import { claimDue, nextDue, noteHistory, postpone, type ClaimedDispatch } from './store.ts'

/** Packets on their way at once over one healthy connection: enough to hide the axis' answer time, few enough not to flood it. */
const WINDOW = 8
/** Time beyond the axis' answer in which its outcome is recorded; after that the attempt counts as abandoned. */
const RECORDING_SECONDS = 5
/** A blocked or freshly leased dispatch is looked at again after this long, though nothing woke its lane. */
const LOOK_AGAIN_MS = 1000
/** A signer that is away says itself when to ask again; otherwise this soon. A fault of ours has to be mended by a person. */
const SIGNER_AWAY_MS = 10_000
const FAULT_MS = 60_000

type Needs = {
  database: Database, connections: Connections, render: Render, conclude: Conclude, noteForStamping: NoteForStamping, now: () => Date, log: Log, stopping: AbortSignal
  onUnknown: (connectionId: string) => void
}

export function createSend ({ database, connections, render, conclude, noteForStamping, now, log, stopping, onUnknown }: Needs) {
  /** Sends what is due over one connection, up to its window, until nothing more is due. Returns when to look again, or null. */
  return async function send (connectionId: string): Promise<Date | null> {
    const running = new Set<Promise<void>>()
    try {
      while (!stopping.aborted) {
        const connection = await connections.open(connectionId) // each time: a busy lane is looked at for days
        if (!connection || connection.paused) return null
        const lane = await readLane(database, connectionId)
        const isResting = lane.nextAt > now()
        if (isResting && running.size === 0) return lane.nextAt
        const window = windowOf(lane, WINDOW)
        const leaseSeconds = connection.policy.sendTimeoutSeconds + RECORDING_SECONDS
        const claimed = isResting ? [] : await claimDue(database, connectionId, window - running.size, leaseSeconds, now())
        for (const dispatch of claimed) {
          const attempt: Promise<void> = sendOne(connection, dispatch, leaseSeconds).finally(() => running.delete(attempt))
          running.add(attempt)
        }
        if (running.size === 0) break
        // Half a window is claimed at a time: a claim a packet would double the round trips.
        while (await oneEnds(running) && running.size > window / 2);
      }
    } finally {
      await Promise.all(running)
    }
    const due = await nextDue(database, connectionId)
    return due && new Date(Math.max(due.getTime(), now().getTime() + LOOK_AGAIN_MS))
  }

  /** Never throws: what one dispatch meets is no matter of the others. */
  async function sendOne (connection: OpenConnection, dispatch: ClaimedDispatch, leaseSeconds: number): Promise<void> {
    try {
      const startedAt = now()
      const packet = await prepare(connection, dispatch, leaseSeconds, startedAt)
      if (packet) await record(connection.id, dispatch, await connection.axis.send(packet), startedAt)
    } catch (error) {
      // Its lease ends by itself. What has begun is "sending" until then: reconcile.ts asks the axis before anything is sent again.
      log.error({ err: error, dispatchId: dispatch.id }, 'outbound.send: an attempt was not carried through')
    }
  }

  /** Seals, renders and signs the packet, or takes the one already made, and records that an attempt begins. Null: not now. */
  async function prepare (connection: OpenConnection, dispatch: ClaimedDispatch, leaseSeconds: number, at: Date): Promise<OutgoingPacket | null> {
    const alarm = { at, kind: 'dispatch.not-ready', subject: dispatch.id }
    try {
      const packet = await render(dispatch, connection.policy)
      if (!packet) return null
      const begun = await database.transaction(async (tx) => {
        const leaseUntil = new Date(now().getTime() + leaseSeconds * 1000)
        if (packet.signedFiles.length > 0 && !await areStill(tx, dispatch.documentId!, packet.signedFiles)) return false
        const hash = await packet.store(tx)
        if (!await beginAttempt(tx, dispatch, { packet: hash, signedBy: packet.signed?.by ?? null, leaseUntil }, now())) return false
        if (dispatch.attempts === 0 || packet.signed) await noteForStamping(tx, [{ kind: 'dispatch', subject: dispatch.id, hash }])
        if (packet.signed && dispatch.signedBy) await noteHistory(tx, dispatch.id, 'unsigned', { certificate: dispatch.signedBy.toString('hex') }, now())
        if (packet.signed) await noteHistory(tx, dispatch.id, 'signed', packet.signed.detail, now())
        if (dispatch.reason !== null) await clearAlarm(tx, log, alarm)
        return true
      })
      return begun ? packet : null
    } catch (error) {
      if (error instanceof SignerAway) {
        await postpone(database, dispatch.id, error.retryAt ?? new Date(at.getTime() + SIGNER_AWAY_MS), 'the signer is away', at)
        return null
      }
      // One document that cannot be made ready must not hold up its lane.
      log.error({ err: error, dispatchId: dispatch.id }, 'outbound.send: a packet could not be made ready')
      await database.transaction(async (tx) => {
        await postpone(tx, dispatch.id, new Date(at.getTime() + FAULT_MS), 'the gateway could not make the packet ready', at)
        await raiseAlarm(tx, log, { ...alarm, vi: 'Gateway không tạo được gói tin để gửi', en: 'The gateway cannot make a packet ready to be sent' })
      })
      return null
    }
  }

  async function record (connectionId: string, dispatch: ClaimedDispatch, outcome: SendOutcome, startedAt: Date): Promise<void> {
    const at = now()
    const before = await readLane(database, connectionId)
    const lane = outcome.kind === 'credentials' ? null : laneAfter(before, outcome, startedAt, at)
    const decision = afterAttempt(dispatch, outcome, at)
    await conclude({ connectionId, ...dispatch, number: dispatch.attempts + 1 }, decision, outcome.kind, at, async (tx) => {
      if (lane) await saveLane(tx, connectionId, lane, outcome)
      if (lane?.health === 'up') await clearAlarm(tx, log, { at, kind: 'connection.credentials', subject: connectionId })
      if (outcome.kind === 'credentials') await pauseConnection(tx, log, { id: connectionId, reason: outcome.reason, at })
    })
    if (lane && lane.health !== before.health) log.info({ connectionId, reason: 'reason' in outcome ? outcome.reason : undefined }, `outbound.send: the lane is ${lane.health}`)
    if (decision.state === 'unknown') onUnknown(connectionId)
  }
}
