import { pauseConnection, type Connections } from '../axis/connections.ts'
import type { Database } from '../database/database.ts'
import type { Log } from '../http/log.ts'
import { entriesFromAxis, saveAgencies } from './registry.ts'

const HOUR = 3_600_000
/** The axis' catalogue changes by the day; one that cannot be read is asked for again within the minute. */
const NEXT_MS = 24 * HOUR
const AGAIN_MS = 60_000

type Needs = { database: Database, connections: Connections, now: () => Date, log: Log }

export function createSync ({ database, connections, now, log }: Needs) {
  /** Brings the agencies that an axis lists into the registry. Returns when to ask again. */
  return async function sync (connectionId: string): Promise<Date | null> {
    const connection = await connections.open(connectionId)
    if (!connection || connection.paused) return null
    const at = now()
    const { rows: [last] } = await database.query<{ at: Date | null }>(
      'select max(synced_at) as at from agency_sync where connection_id = $1', [connectionId])
    if (last?.at && last.at.getTime() + NEXT_MS > at.getTime()) return new Date(last.at.getTime() + NEXT_MS)

    const listing = await connection.axis.listAgencies()
    if (listing.kind !== 'listed') {
      log.info({ connectionId, reason: listing.reason }, 'agencies.sync: the axis gives no list of agencies')
      if (listing.kind === 'credentials') await database.transaction((tx) => pauseConnection(tx, log, { id: connectionId, reason: listing.reason, at }))
      return new Date(at.getTime() + AGAIN_MS)
    }
    const changes = await database.transaction(async (tx) => {
      const saved = await saveAgencies(tx, entriesFromAxis(listing.items), `axis:${connectionId}`)
      await tx.query('insert into agency_sync (connection_id, synced_at, listed, added, changed) values ($1, $2, $3, $4, $5)',
        [connectionId, at, listing.items.length, saved.added, saved.changed])
      return saved
    })
    log.info({ connectionId, listed: listing.items.length, ...changes }, 'agencies.sync: the registry follows the axis')
    return new Date(at.getTime() + NEXT_MS)
  }
}
