import type { AxisConnection, SentRow } from '../axis/connection.ts'
import type { Connections } from '../axis/connections.ts'
import type { Database, Db } from '../database/database.ts'
import type { Queue } from '../queue/queue.ts'
import { afterReconcile, type Traces } from './dispatch.ts'
import { finishAttempt } from './store.ts'

/** The axis' clock and ours may differ by this much. */
const CLOCK_SKEW_MS = 5 * 60_000
const LIMIT = 50

/** A dispatch whose outcome nobody knows, with all that the axis' list can be compared by (axis.md 3.2: it shows no DocumentId). */
type Unclear = {
  id: string, state: 'sending' | 'unknown', attempts: number, patienceUntil: Date, kind: 'document' | 'status',
  fromCode: string, toCodes: string[], notation: string | null, startedAt: Date
}

type Needs = { database: Database, queue: Queue, connections: Connections, now: () => Date, onWaiting: (connectionId: string) => void }

export function createReconcile ({ database, queue, connections, now, onWaiting }: Needs) {
  /** Asks the axis what it has of every dispatch with an unclear outcome, and decides. Returns when to look again, or null. */
  return async function reconcile (connectionId: string): Promise<Date | null> {
    const connection = await connections.open(connectionId)
    if (!connection) return null
    const unclear = await findUnclear(database, connectionId, now())
    if (unclear.length > 0) {
      const listings = new Map<'document' | 'status', Awaited<ReturnType<AxisConnection['listSent']>>>()
      for (const kind of new Set(unclear.map((dispatch) => dispatch.kind))) listings.set(kind, await connection.axis.listSent(kind))

      let waiting = false
      for (const dispatch of unclear) {
        const at = now()
        const listing = listings.get(dispatch.kind)!
        const traces: Traces = listing.kind === 'listed'
          ? { kind: 'listed', docIds: await unclaimed(database, connectionId, tracesOf(dispatch, listing.items, connection.policy.sendTimeoutSeconds * 1000)) }
          : { kind: 'not-listed', reason: listing.reason }
        const decision = afterReconcile(dispatch, traces, connection.policy.unclear, at)
        await database.transaction(async (tx) => {
          await finishAttempt(tx, dispatch.id, dispatch.state, decision, 'reconciled', at)
          if (decision.state === 'waiting') await queue.wake(tx, [{ name: 'outbound.send', data: { connectionId }, key: connectionId }])
        })
        waiting ||= decision.state === 'waiting' || decision.state === 'sent'
      }
      if (waiting) onWaiting(connectionId)
    }
    return nextUnclear(database, connectionId)
  }
}

/** The axis' ids for packets that fit: same sender, recipients and notation, taken within the attempt's window. */
function tracesOf (dispatch: Unclear, rows: readonly SentRow[], timeoutMs: number): string[] {
  const from = dispatch.startedAt.getTime() - CLOCK_SKEW_MS
  const to = dispatch.startedAt.getTime() + timeoutMs + CLOCK_SKEW_MS
  const fits = rows.filter((row) =>
    row.fromCode === dispatch.fromCode
    && dispatch.toCodes.includes(row.toCode)
    && (row.notation === undefined || dispatch.notation === null || row.notation.toUpperCase() === dispatch.notation.toUpperCase())
    && (row.sentTime === undefined || (row.sentTime.getTime() >= from && row.sentTime.getTime() <= to)))
  return [...new Set(fits.map((row) => row.senderDocId))]
}

/** Leaves out what other dispatches of this connection are known to be. */
async function unclaimed (db: Db, connectionId: string, docIds: string[]): Promise<string[]> {
  if (docIds.length === 0) return []
  const { rows } = await db.query<{ id: string }>(
    'select axis_doc_id as id from dispatch where connection_id = $1 and axis_doc_id = any($2)', [connectionId, docIds])
  const known = new Set(rows.map((row) => row.id))
  return docIds.filter((docId) => !known.has(docId))
}

/** `sending` with an ended lease: the gateway that sent it died, or hangs. */
const IS_UNCLEAR = `(d.state = 'unknown' or (d.state = 'sending' and d.lease_until is not null))`

async function findUnclear (db: Db, connectionId: string, now: Date): Promise<Unclear[]> {
  const { rows } = await db.query<Unclear>({
    name: 'find-unclear',
    text: `
      select d.id, d.state, d.attempts, d.patience_until as "patienceUntil", a.started_at as "startedAt",
             case when d.document_id is null then 'status' else 'document' end as kind,
             coalesce(doc.sender_code, s.packet_fields #>> '{from,organId}') as "fromCode",
             coalesce((select array_agg(r.recipient_code) from delivery r where r.dispatch_id = d.id),
                      array[s.packet_fields #>> '{responseFor,organId}']) as "toCodes",
             doc.number || '/' || doc.notation as notation
        from dispatch d
        join attempt a on a.dispatch_id = d.id and a.number = d.attempts
        left join document doc on doc.id = d.document_id
        left join status s on s.id = d.status_id
       where d.connection_id = $1 and ${IS_UNCLEAR} and coalesce(d.lease_until, d.next_at) <= $2
       order by d.sequence limit ${LIMIT}`,
    values: [connectionId, now],
  })
  return rows
}

/** When the next unclear dispatch may be asked about. */
async function nextUnclear (db: Db, connectionId: string): Promise<Date | null> {
  const { rows: [row] } = await db.query<{ at: Date | null }>({
    name: 'next-unclear',
    text: `select min(coalesce(d.lease_until, d.next_at)) as at from dispatch d where d.connection_id = $1 and ${IS_UNCLEAR}`,
    values: [connectionId],
  })
  return row?.at ?? null
}
