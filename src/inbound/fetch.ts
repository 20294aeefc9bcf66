import { v7 as newId } from 'uuid'
import { raiseAlarm } from '../alarms/alarms.ts'
import type { Listed, PacketKind } from '../axis/connection.ts'
import type { Connections, OpenConnection } from '../axis/connections.ts'
import { storeBlobs } from '../blobs/blobs.ts'
import type { Database } from '../database/database.ts'
import type { Log } from '../http/log.ts'
import type { Queue } from '../queue/queue.ts'
import { findFetched, insertArrival, markAcknowledged } from './store.ts'

/** Packets downloaded at once. */
const WINDOW = 4

type Needs = { database: Database, queue: Queue, connections: Connections, now: () => Date, log: Log, onStored: (connectionId: string) => void }

export function createFetch ({ database, queue, connections, now, log, onStored }: Needs) {
  /** Asks the axis what waits for us, stores each packet, and only then tells the axis so. Returns when to ask again. */
  return async function fetch (connectionId: string): Promise<Date | null> {
    const connection = await connections.open(connectionId)
    if (!connection) return null
    for (const kind of ['document', 'status'] as const) {
      const listing = await connection.axis.listReceived(kind)
      if (listing.kind !== 'listed') {
        log.info({ connectionId, reason: listing.reason }, 'inbound.fetch: the axis gives no list')
        continue
      }
      const known = await findFetched(database, connectionId, listing.items.map((item) => item.docId))
      const waiting = listing.items.values()
      let stored: Promise<unknown> = Promise.resolve()
      await Promise.all(Array.from({ length: WINDOW }, async () => {
        // The iterator is shared: each of the window takes the next one.
        for (const item of waiting) {
          if (!known.has(item.docId)) {
            const bytes = download(connection, item)
            // Side by side they come, one after the other they are stored: arrivals keep the order of the list.
            stored = stored.then(async () => store(connection, kind, item, await bytes))
            if (!await stored) continue
          }
          await acknowledge(connection, item)
        }
      }))
    }
    return new Date(now().getTime() + connection.policy.pollSeconds * 1000)
  }

  async function download (connection: OpenConnection, item: Listed): Promise<Buffer | null> {
    const fetched = await connection.axis.fetch(item.docId)
    if (fetched.kind === 'fetched') return fetched.bytes
    if (fetched.kind === 'refused') {
      await raiseAlarm(database, log, {
        at: now(), kind: 'fetch.refused', subject: `${connection.id}/${item.docId}`,
        vi: 'Trục liên thông liệt kê một gói tin nhưng không cho tải', en: 'The axis lists a packet but does not give it out',
      })
    } else log.info({ connectionId: connection.id, axisDocId: item.docId, reason: fetched.reason }, 'inbound.fetch: not downloaded')
    return null
  }

  /** False when there is nothing to store: the packet stays on the axis' list. */
  async function store (connection: OpenConnection, kind: PacketKind, item: Listed, bytes: Buffer | null): Promise<boolean> {
    if (!bytes) return false
    await database.transaction(async (tx) => {
      const [packet] = await storeBlobs(tx, [bytes])
      await insertArrival(tx, { id: newId(), connectionId: connection.id, axisDocId: item.docId, kind, from: item.from ?? null, to: item.to ?? null, packet: packet!.sha256, at: now() })
      await queue.wake(tx, [{ name: 'inbound.verify', data: { connectionId: connection.id }, key: connection.id }])
    })
    onStored(connection.id)
    return true
  }

  /** An axis that lists a stored packet again did not hear us the first time: it is told as often as it lists it. */
  async function acknowledge (connection: OpenConnection, item: Listed): Promise<void> {
    const acknowledged = await connection.axis.acknowledge(item.docId, 'done')
    if (acknowledged.kind === 'acknowledged') await markAcknowledged(database, connection.id, item.docId, now())
    else log.info({ connectionId: connection.id, axisDocId: item.docId, reason: acknowledged.reason }, 'inbound.fetch: not acknowledged, the axis will list it again')
  }
}
