import { raiseAlarm } from '../alarms/alarms.ts'
import type { OutgoingPacket } from '../axis/connection.ts'
import type { Connections, OpenConnection } from '../axis/connections.ts'
import type { Database } from '../database/database.ts'
import type { Log } from '../http/log.ts'
import type { Queue } from '../queue/queue.ts'
import { afterAttempt, type SendOutcome } from './dispatch.ts'
import { laneAfter, windowOf } from './lane.ts'
import { readLane, saveLane } from './lane-store.ts'
import type { Render } from './render.ts'
import { beginAttempt, claimDue, finishAttempt, nextDue, postpone, type ClaimedDispatch } from './store.ts'

/** Packets on their way at once over one healthy connection: enough to hide the axis' answer time, few enough not to flood it. */
const WINDOW = 8
/** Time beyond the axis' answer in which its outcome is recorded; after that the attempt counts as abandoned. */
const RECORDING_SECONDS = 5
/** A blocked or freshly leased dispatch is looked at again after this long, though nothing woke its lane. */
const LOOK_AGAIN_MS = 1000
/** A signer that is away is asked again this soon; a fault of ours, which a person has to mend, less often. */
const SIGNER_AWAY_MS = 10_000
const FAULT_MS = 60_000

type Needs = { database: Database, queue: Queue, connections: Connections, render: Render, now: () => Date, log: Log, onUnknown: (connectionId: string) => void }

export function createSend ({ database, queue, connections, render, now, log, onUnknown }: Needs) {
  /** Sends what is due over one connection, up to its window, until nothing more is due. Returns when to look again, or null. */
  return async function send (connectionId: string): Promise<Date | null> {
    const connection = await connections.open(connectionId)
    const running = new Set<Promise<void>>()
    try {
      for (;;) {
        const lane = await readLane(database, connectionId)
        if (!connection || lane.paused) break
        if (lane.nextAt > now()) return lane.nextAt
        const window = windowOf(lane, WINDOW)
        const leaseSeconds = connection.policy.sendTimeoutSeconds + RECORDING_SECONDS
        const claimed = await claimDue(database, connectionId, window - running.size, leaseSeconds, now())
        for (const dispatch of claimed) {
          const attempt: Promise<void> = sendOne(connection, dispatch, leaseSeconds).finally(() => running.delete(attempt))
          running.add(attempt)
        }
        if (running.size === 0) break
        // Half a window is claimed at a time: a claim a packet would double the round trips.
        do await Promise.race(running); while (running.size > window / 2)
      }
    } finally {
      await Promise.all(running)
    }
    const due = await nextDue(database, connectionId)
    return due && new Date(Math.max(due.getTime(), now().getTime() + LOOK_AGAIN_MS))
  }

  async function sendOne (connection: OpenConnection, dispatch: ClaimedDispatch, leaseSeconds: number): Promise<void> {
    const packet = await prepare(connection, dispatch, leaseSeconds)
    if (!packet) return
    // From here a crash leaves "sending" and a lease behind: reconcile.ts asks the axis before anything is sent again.
    const outcome = await connection.axis.send(packet)
    await record(connection.id, dispatch, outcome)
  }

  /** Seals, renders and signs the packet, or takes the one already made, and records that an attempt begins. Null: not now. */
  async function prepare (connection: OpenConnection, dispatch: ClaimedDispatch, leaseSeconds: number): Promise<OutgoingPacket | null> {
    try {
      const packet = await render(dispatch, connection.policy)
      if (packet === null) {
        await postpone(database, dispatch.id, new Date(now().getTime() + SIGNER_AWAY_MS), 'the signer is away')
        return null
      }
      const leaseUntil = new Date(now().getTime() + leaseSeconds * 1000)
      const begun = await database.transaction(async (tx) => beginAttempt(tx, dispatch, await packet.store(tx), leaseUntil, now()))
      return begun ? packet : null
    } catch (error) {
      // One document that cannot be made ready must not hold up its lane.
      log.error({ err: error, dispatchId: dispatch.id }, 'outbound.send: a packet could not be made ready')
      await postpone(database, dispatch.id, new Date(now().getTime() + FAULT_MS), 'the gateway could not make the packet ready')
      return null
    }
  }

  async function record (connectionId: string, dispatch: ClaimedDispatch, outcome: SendOutcome): Promise<void> {
    const at = now()
    const decision = afterAttempt({ attempts: dispatch.attempts + 1, patienceUntil: dispatch.patienceUntil }, outcome, at)
    const lane = laneAfter(await readLane(database, connectionId), outcome, at)
    await database.transaction(async (tx) => {
      await finishAttempt(tx, dispatch.id, 'sending', decision, outcome.kind, at)
      if (lane) await saveLane(tx, connectionId, lane, outcome)
      if (decision.state === 'unknown') {
        await queue.wake(tx, [{ name: 'outbound.reconcile', data: { connectionId }, key: connectionId, startAt: decision.nextAt }])
      }
    })
    if (decision.state === 'unknown') onUnknown(connectionId)
    if (decision.state === 'refused' || decision.state === 'parked') {
      await raiseAlarm(database, log, {
        at, kind: `dispatch.${decision.state}`, subject: dispatch.id,
        vi: decision.state === 'refused' ? 'Trục liên thông từ chối một gói tin' : 'Một gói tin đã dừng gửi, cần người xử lý',
        en: decision.state === 'refused' ? 'The axis refused a packet' : 'A packet is parked and needs a person',
      })
    }
    if (outcome.kind === 'credentials') {
      await raiseAlarm(database, log, {
        at, kind: 'connection.credentials', subject: connectionId,
        vi: 'Trục liên thông không chấp nhận mã hệ thống hoặc khóa bí mật; kết nối đã tạm dừng',
        en: 'The axis does not accept the system id or secret; the connection is paused',
      })
    }
  }
}
