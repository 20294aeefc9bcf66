/** The simulated axis, with packets on it that nobody sent, and answers that no axis should give. */
import type { AxisConnection, OutgoingPacket, PacketKind } from '../../src/axis/connection.ts'
import type { ConnectionSettings } from '../../src/axis/connections.ts'
import { createVxpConnection } from '../../src/axis/vxp/client.ts'
import type { Db } from '../../src/database/database.ts'
import { createHttpClient } from '../../src/http/client.ts'
import { SECRET, SYSTEM_ID } from './gateway.ts'

type Send = AxisConnection['send']

/** Given to a gateway as its `connect`. What is put into the inbox is listed, after what the simulator lists, until it is acknowledged. */
export function createOddAxis () {
  const inbox = new Map<string, { kind: PacketKind, to: string | undefined, bytes: Buffer }>()
  const acknowledged: string[] = []
  let number = 0
  let onSend: (packet: OutgoingPacket, real: Send) => ReturnType<Send> = (packet, real) => real(packet)

  function connect (settings: ConnectionSettings): AxisConnection {
    const http = createHttpClient()
    const real = createVxpConnection({ ...settings, hashFile: settings.policy.hashFile, sendWithin: settings.policy.sendTimeoutSeconds * 1000, http, now: () => new Date() })
    return {
      ...real,
      send: (packet) => onSend(packet, real.send),
      async listReceived (kind) {
        const listing = await real.listReceived(kind)
        if (listing.kind !== 'listed') return listing
        const odd = [...inbox].filter(([, item]) => item.kind === kind).map(([docId, { to }]) => ({ docId, ...to !== undefined && { to } }))
        return { kind: 'listed', items: [...listing.items, ...odd] }
      },
      async fetch (docId) {
        const item = inbox.get(docId)
        return item ? { kind: 'fetched', bytes: item.bytes } : real.fetch(docId)
      },
      async acknowledge (docId, result, description) {
        if (!inbox.delete(docId)) return real.acknowledge(docId, result, description)
        acknowledged.push(docId)
        return { kind: 'acknowledged' }
      },
      [Symbol.asyncDispose]: () => http[Symbol.asyncDispose](),
    }
  }

  return {
    connect,
    /** The ids of what was put in and has been acknowledged. */
    acknowledged,
    /** Puts bytes on the axis' list, for the agency with this code, or without saying for whom. Gives their id. */
    put (kind: PacketKind, bytes: Buffer, to?: string): string {
      const docId = `odd-${++number}`
      inbox.set(docId, { kind, to, bytes })
      return docId
    },
    /** What the axis answers from now on; `real` sends. */
    answer (send: typeof onSend) { onSend = send },
  }
}

/** A clock that runs, and can be put forward. */
export function createClock () {
  let ahead = 0
  return {
    now: () => new Date(Date.now() + ahead),
    forward (milliseconds: number) { ahead += milliseconds },
  }
}

/** A connection of another program to the same axis, for packets that no gateway has made. Closed with the test. */
export async function connectPeer (t: { teardown (end: () => Promise<void>): void }, database: Db): Promise<AxisConnection> {
  const http = createHttpClient()
  t.teardown(async () => { await http[Symbol.asyncDispose]() })
  const { rows: [connection] } = await database.query<{ url: string }>('select base_url as url from connection')
  return createVxpConnection({ baseUrl: connection!.url, systemId: SYSTEM_ID, secret: SECRET, hashFile: 'sdk', http, now: () => new Date() })
}
