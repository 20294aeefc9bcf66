/** The row that says how a connection is. */
import type { Db } from '../database/database.ts'
import type { SendOutcome } from './dispatch.ts'
import type { Lane } from './lane.ts'

/** Reads a lane; one that nobody has written yet is up. */
export async function readLane (db: Db, connectionId: string): Promise<Lane> {
  const { rows: [row] } = await db.query<Lane>({
    name: 'read-lane',
    text: 'select health, failures, next_at as "nextAt" from lane where connection_id = $1',
    values: [connectionId],
  })
  return row ?? { health: 'up', failures: 0, nextAt: new Date(0) }
}

/** Saves what an outcome said of a lane. A pause is never lifted here. */
export async function saveLane (db: Db, connectionId: string, lane: Lane, outcome: SendOutcome): Promise<void> {
  await db.query(
    `insert into lane (connection_id, health, failures, next_at, reason) values ($1, $2, $3, $4, $5)
     on conflict (connection_id) do update set health = excluded.health, failures = excluded.failures, next_at = excluded.next_at, reason = excluded.reason`,
    [connectionId, lane.health, lane.failures, lane.nextAt, 'reason' in outcome ? outcome.reason : null])
}
