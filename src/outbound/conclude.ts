import { clearAlarm, raiseAlarm } from '../alarms/alarms.ts'
import type { Database, Tx } from '../database/database.ts'
import type { Log } from '../http/log.ts'
import type { Queue } from '../queue/queue.ts'
import { finishAttempt } from './attempt-store.ts'
import type { Decision, SendOutcome } from './dispatch.ts'

/** The attempt that a decision is about. */
export type Concluded = { connectionId: string, id: string, documentId: string | null, number: number }

export type Conclude = ReturnType<typeof createConclude>

export function createConclude ({ database, queue, log }: { database: Database, queue: Queue, log: Log }) {
  /** Carries out what was decided of an attempt: state, history, alarm, the next wake-up, and what `also` adds, in one transaction. */
  return async function conclude ({ connectionId, id, documentId, number }: Concluded, decision: Decision, outcome: SendOutcome['kind'], at: Date, also?: (tx: Tx) => Promise<void>): Promise<void> {
    const isDone = await database.transaction(async (tx) => {
      await also?.(tx)
      const before = await finishAttempt(tx, id, number, decision, outcome, at)
      if (before === null) return false
      if (before === 'parked') await clearAlarm(tx, log, { at, kind: 'dispatch.parked', subject: id })
      switch (decision.state) {
        case 'sent': break
        case 'waiting':
          await queue.wake(tx, [{ name: 'outbound.send', data: { connectionId }, key: connectionId, startAt: decision.nextAt }])
          break
        case 'unknown':
          await queue.wake(tx, [{ name: 'outbound.reconcile', data: { connectionId }, key: connectionId, startAt: decision.nextAt }])
          break
        case 'refused':
          await raiseAlarm(tx, log, { at, kind: 'dispatch.refused', subject: id, vi: 'Trục liên thông từ chối một gói tin', en: 'The axis refused a packet' })
          break
        case 'parked':
          await raiseAlarm(tx, log, { at, kind: 'dispatch.parked', subject: id, vi: 'Một gói tin đã dừng gửi, cần người xử lý', en: 'A packet is parked and needs a person' })
          break
      }
      return true
    })
    if (isDone) log.info({ connectionId, dispatchId: id, documentId, attempt: number, outcome, reason: 'reason' in decision ? decision.reason : undefined }, `outbound: the dispatch is ${decision.state}`)
  }
}
