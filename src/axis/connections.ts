/** The ways out that are configured: opened when first needed, and again when an administrator changed them. */
import { Type, type Static } from 'typebox'
import type { Vault } from '../access/secrets.ts'
import type { Db } from '../database/database.ts'
import type { AxisConnection } from './connection.ts'

const Rule = Type.Union([Type.Literal('required'), Type.Literal('wanted'), Type.Literal('ignored')])

/** How a connection is used. Every default is the careful one for a foreign axis. */
export const ConnectionPolicy = Type.Object({
  packetSignature: Type.Union([...Rule.anyOf], { default: 'ignored', description: 'Of packets that come in: an axis rewrites them, so their own signature rarely holds' }),
  seals: Type.Union([...Rule.anyOf], { default: 'wanted', description: 'Of documents that come in: whether a seal must be there, and what a broken one means' }),
  sealing: Type.Boolean({ default: false, description: 'Whether documents that go out carry a seal; on towards another lienthong' }),
  hashFile: Type.Union([Type.Literal('sdk'), Type.Literal('hex64')], { default: 'sdk', description: 'Form of XroadVnpt-hash-file' }),
  unclear: Type.Union([Type.Literal('resend'), Type.Literal('park')], { default: 'resend', description: 'When an outcome is unknown and the axis lists no trace of the packet' }),
  pollSeconds: Type.Number({ default: 10, minimum: 0.05, description: 'Time between two questions for what has arrived' }),
  sendTimeoutSeconds: Type.Number({ default: 60, minimum: 1, description: 'Longest wait for the answer to one packet' }),
}, { additionalProperties: false })

export type ConnectionPolicy = Static<typeof ConnectionPolicy>

export type OpenConnection = { id: string, axis: AxisConnection, policy: ConnectionPolicy }

/** Everything a protocol needs to reach its axis. */
export type ConnectionSettings = { id: string, protocol: string, baseUrl: string, systemId: string, secret: string, policy: ConnectionPolicy }

/** Makes a connection of the protocol that the settings name. */
export type Connect = (settings: ConnectionSettings) => AxisConnection

export type Connections = ReturnType<typeof createConnections>

export function createConnections ({ database, vault, connect }: { database: Db, vault: Vault, connect: Connect }) {
  const opened = new Map<string, OpenConnection & { version: string }>()
  return {
    /** The ids of all connections. */
    async ids (): Promise<string[]> {
      const { rows } = await database.query<{ id: string }>('select id from connection order by created_at, id')
      return rows.map((row) => row.id)
    },

    /** A connection as it is configured now, or null when there is none of that id. */
    async open (id: string): Promise<OpenConnection | null> {
      const { rows: [row] } = await database.query<{ version: string, protocol: string, baseUrl: string, systemId: string, sealedSecret: Buffer, policy: ConnectionPolicy }>({
        name: 'open-connection',
        text: `select xmin::text as version, protocol, base_url as "baseUrl", system_id as "systemId", sealed_secret as "sealedSecret", policy from connection where id = $1`,
        values: [id],
      })
      if (!row) return null
      const known = opened.get(id)
      if (known?.version === row.version) return known
      const { version, sealedSecret, ...settings } = row
      const secret = vault.open(sealedSecret, connectionContext(id)).toString()
      const connection = { id, policy: row.policy, axis: connect({ id, ...settings, secret }), version }
      opened.set(id, connection)
      await known?.axis[Symbol.asyncDispose]()
      return connection
    },

    async [Symbol.asyncDispose] () {
      await Promise.all([...opened.values()].map(({ axis }) => axis[Symbol.asyncDispose]()))
    },
  }
}

/** What the secret of a connection is sealed for: it opens nowhere else. */
export const connectionContext = (id: string) => `connection/${id}`
