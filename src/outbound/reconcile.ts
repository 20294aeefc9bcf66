import type { AxisConnection, PacketKind, SentRow } from '../axis/connection.ts'
import { pauseConnection, type Connections } from '../axis/connections.ts'
import type { Database } from '../database/database.ts'
import type { Log } from '../http/log.ts'
import { findRivals, findUnclear, nextUnclear, unclaimed, type Unaccounted, type Unclear } from './attempt-store.ts'
import type { Conclude } from './conclude.ts'
import { afterReconcile, type Traces } from './dispatch.ts'

/** The axis' clock and ours may differ by this much. */
const CLOCK_SKEW_MS = 5 * 60_000
const LIMIT = 50

type Listing = Awaited<ReturnType<AxisConnection['listSent']>>
type Needs = { database: Database, connections: Connections, conclude: Conclude, now: () => Date, log: Log, onWaiting: (connectionId: string) => void }

export function createReconcile ({ database, connections, conclude, now, log, onWaiting }: Needs) {
  /** Asks the axis what it has of every dispatch with an unclear outcome, and decides. Returns when to look again, or null. */
  return async function reconcile (connectionId: string): Promise<Date | null> {
    const connection = await connections.open(connectionId)
    if (!connection || connection.paused) return null
    const unclear = await findUnclear(database, connectionId, LIMIT, now())
    if (unclear.length > 0) {
      const listings = new Map<PacketKind, Listing>()
      for (const kind of new Set(unclear.map((dispatch) => dispatch.kind))) {
        const listing = await connection.axis.listSent(kind)
        if (listing.kind === 'credentials') {
          await database.transaction((tx) => pauseConnection(tx, log, { id: connectionId, reason: listing.reason, at: now() }))
          return null
        }
        listings.set(kind, listing)
      }
      const windowMs = connection.policy.sendTimeoutSeconds * 1000 + CLOCK_SKEW_MS
      for (const dispatch of unclear) {
        const traces = await tracesOf(connectionId, dispatch, listings.get(dispatch.kind)!, windowMs)
        const decision = afterReconcile(dispatch, traces, connection.policy.unclear, now())
        await conclude({ connectionId, ...dispatch }, decision, decision.state === 'sent' ? 'accepted' : 'unknown', now())
      }
      onWaiting(connectionId) // what was found, or is sent again, or what waited behind it
    }
    return nextUnclear(database, connectionId)
  }

  /** What of the list could be this dispatch's, and whether it could be another's just as well. */
  async function tracesOf (connectionId: string, dispatch: Unclear, listing: Listing, windowMs: number): Promise<Traces> {
    if (listing.kind !== 'listed') return { kind: 'not-listed', reason: listing.reason }
    const fitting = listing.items.filter((row) => fits(dispatch, row, windowMs))
    if (fitting.length === 0) return { kind: 'listed', docIds: [], rivals: 'none' }
    const [from, to] = [-2, 2].map((windows) => new Date(dispatch.startedAt.getTime() + windows * windowMs)) as [Date, Date]
    // Rivals first: one that is accepted between the two questions is then known by its id.
    const others = await findRivals(database, connectionId, dispatch.id, from, to, now())
    const docIds = await unclaimed(database, connectionId, [...new Set(fitting.map((row) => row.senderDocId))])
    const rows = fitting.filter((row) => docIds.includes(row.senderDocId))
    const rivals = others.filter((rival) => rival.kind === dispatch.kind && rows.some((row) => fits(rival, row, windowMs)))
    const isUnclear = rivals.some((rival) => !rival.isUnderWay)
    return { kind: 'listed', docIds, rivals: rivals.length === 0 ? 'none' : isUnclear ? 'unclear' : 'under way' }
  }
}

/** Whether a row of the axis' list could be what an attempt left: same sender, a recipient, notation, taken within the attempt's window. */
function fits (attempt: Unaccounted, row: SentRow, windowMs: number): boolean {
  return attempt.fromCodes.includes(row.fromCode)
    && attempt.toCodes.includes(row.toCode)
    && (row.notation === undefined || row.notation.toUpperCase() === attempt.notation.toUpperCase())
    && (row.sentTime === undefined || (row.sentTime.getTime() >= attempt.startedAt.getTime() - CLOCK_SKEW_MS && row.sentTime.getTime() <= attempt.startedAt.getTime() + windowMs))
}
