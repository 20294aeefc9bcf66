import { v7 as newId } from 'uuid'
import { clearAlarm, raiseAlarm } from '../alarms/alarms.ts'
import type { Listed, PacketKind } from '../axis/connection.ts'
import { pauseConnection, type Connections, type OpenConnection } from '../axis/connections.ts'
import { storeBlobs } from '../blobs/blobs.ts'
import type { Database } from '../database/database.ts'
import type { Log } from '../http/log.ts'
import type { Queue } from '../queue/queue.ts'
import { findFetched, insertArrival, markAcknowledged } from './store.ts'

/** Packets downloaded at once. */
const WINDOW = 4
/** A packet that the axis lists and does not give out, or that is too large, is asked for again this late. */
const REFUSED_MS = 10 * 60_000

type Needs = { database: Database, queue: Queue, connections: Connections, now: () => Date, log: Log, stopping: AbortSignal, onStored: (connectionId: string) => void }

/** What a gateway remembers of a connection between two polls. `refused`: until when it does not ask for a packet again. */
type Poll = { at: Date, failure: string | null, refused: Map<string, Date> }

export function createFetch ({ database, queue, connections, now, log, stopping, onStored }: Needs) {
  const polls = new Map<string, Poll>()

  /** Asks the axis what waits for us, stores each packet, and only then tells the axis so. Returns when to ask again. */
  return async function fetch (connectionId: string): Promise<Date | null> {
    const connection = await connections.open(connectionId)
    if (!connection || connection.paused) {
      polls.delete(connectionId)
      return null
    }
    const last = polls.get(connectionId)
    const pollMs = connection.policy.pollSeconds * 1000
    if (last && last.at.getTime() + pollMs > now().getTime()) return new Date(last.at.getTime() + pollMs) // nudged too early
    const poll: Poll = { at: now(), failure: null, refused: new Map() }
    polls.set(connectionId, poll)

    for (const kind of ['document', 'status'] as const) {
      const listing = await connection.axis.listReceived(kind)
      if (listing.kind === 'listed') {
        for (const { docId } of listing.items) {
          const until = last?.refused.get(docId)
          if (until) poll.refused.set(docId, until)
        }
        await takeIn(connection, kind, listing.items.filter(({ docId }) => (poll.refused.get(docId) ?? poll.at) <= poll.at), poll)
        continue
      }
      poll.failure = listing.reason
      if (listing.kind === 'credentials') {
        await database.transaction((tx) => pauseConnection(tx, log, { id: connectionId, reason: listing.reason, at: now() }))
        return null
      }
    }
    if (poll.failure !== null && !last?.failure) log.info({ connectionId, reason: poll.failure }, 'inbound.fetch: the axis gives no list')
    if (poll.failure === null && last?.failure !== null) {
      if (last) log.info({ connectionId }, 'inbound.fetch: the axis gives its lists again')
      await clearAlarm(database, log, { at: now(), kind: 'connection.credentials', subject: connectionId })
    }
    poll.at = now()
    return new Date(poll.at.getTime() + pollMs)
  }

  /** Side by side they are downloaded, one after the other stored: arrivals keep the order of the list. */
  async function takeIn (connection: OpenConnection, kind: PacketKind, items: readonly Listed[], poll: Poll): Promise<void> {
    const known = await findFetched(database, connection.id, kind, items.map((item) => item.docId))
    const waiting = items.values()
    let turn = Promise.resolve()
    const results = await Promise.allSettled(Array.from({ length: WINDOW }, async () => {
      // The iterator is shared: each of the window takes the next one.
      for (const item of waiting) {
        if (stopping.aborted) return
        if (!known.has(item.docId)) {
          const before = turn
          const { promise, resolve } = Promise.withResolvers<void>()
          turn = promise
          try {
            const bytes = await download(connection, item, poll)
            await before
            if (!bytes) continue
            await store(connection, kind, item, bytes)
            if (poll.refused.delete(item.docId)) await clearAlarm(database, log, { at: now(), kind: 'fetch.refused', subject: `${connection.id}/${item.docId}` })
          } finally {
            resolve()
          }
        }
        await acknowledge(connection, kind, item)
      }
    }))
    for (const result of results) if (result.status === 'rejected') throw result.reason
  }

  /** Null when there is nothing to store: the packet stays on the axis' list. */
  async function download (connection: OpenConnection, item: Listed, poll: Poll): Promise<Buffer | null> {
    const fetched = await connection.axis.fetch(item.docId)
    switch (fetched.kind) {
      case 'fetched':
        return fetched.bytes
      case 'refused':
        poll.refused.set(item.docId, new Date(now().getTime() + REFUSED_MS))
        await raiseAlarm(database, log, {
          at: now(), kind: 'fetch.refused', subject: `${connection.id}/${item.docId}`,
          vi: `Trục liên thông liệt kê một gói tin nhưng không tải được (${fetched.code})`, en: `The axis lists a packet that cannot be fetched (${fetched.code})`,
        })
        return null
      case 'unreachable':
      case 'unknown':
      case 'credentials':
        log.info({ connectionId: connection.id, axisDocId: item.docId, reason: fetched.reason }, 'inbound.fetch: not downloaded')
        return null
    }
  }

  async function store (connection: OpenConnection, kind: PacketKind, item: Listed, bytes: Buffer): Promise<void> {
    const id = newId()
    const isNew = await database.transaction(async (tx) => {
      const [packet] = await storeBlobs(tx, [bytes])
      const isNew = await insertArrival(tx, { id, connectionId: connection.id, axisDocId: item.docId, kind, from: item.from ?? null, to: item.to ?? null, packet: packet!.sha256, at: now() })
      await queue.wake(tx, [{ name: 'inbound.verify', data: { connectionId: connection.id }, key: connection.id }])
      return isNew
    })
    if (isNew) log.info({ connectionId: connection.id, arrivalId: id, axisDocId: item.docId, packet: kind }, 'inbound.fetch: the packet is stored')
    onStored(connection.id)
  }

  /** An axis that lists a stored packet again did not hear us the first time: it is told as often as it lists it. */
  async function acknowledge (connection: OpenConnection, kind: PacketKind, item: Listed): Promise<void> {
    const acknowledged = await connection.axis.acknowledge(item.docId, 'done')
    if (acknowledged.kind === 'acknowledged') await markAcknowledged(database, connection.id, kind, item.docId, now())
    else log.info({ connectionId: connection.id, axisDocId: item.docId, reason: acknowledged.reason }, 'inbound.fetch: not acknowledged, the axis will list it again')
  }
}
