/** The ways out that are configured: opened when first needed, and again when an administrator changed them. */
import { Type, type Static } from 'typebox'
import type { Vault } from '../access/secrets.ts'
import { raiseAlarm } from '../alarms/alarms.ts'
import type { Db, Tx } from '../database/database.ts'
import type { Log } from '../http/log.ts'
import { PdfPolicy } from '../pdf/policy.ts'
import { OwnTrustPolicy } from '../trust/policy.ts'
import type { AxisConnection } from './connection.ts'

const Rule = Type.Union([Type.Literal('required'), Type.Literal('wanted'), Type.Literal('ignored')])

/** How a connection is used. Every default is the careful one for a foreign axis. */
export const ConnectionPolicy = Type.Object({
  packetSignature: Type.Union([...Rule.anyOf], { default: 'ignored', description: 'Of packets that come in: an axis rewrites them, so their own signature rarely holds' }),
  seals: Type.Union([...Rule.anyOf], { default: 'wanted', description: 'Of documents that come in: whether a seal must be there, and what a broken one means' }),
  pdf: Type.Object(PdfPolicy.properties, { additionalProperties: false, default: {}, description: 'What the signatures inside PDF files mean on the way `in` and `out`; an agency\'s own `pdf` goes before it' }),
  trust: OwnTrustPolicy,
  sealing: Type.Boolean({ default: false, description: 'Whether documents that go out carry a seal; on towards another lienthong' }),
  hashFile: Type.Union([Type.Literal('sdk'), Type.Literal('hex64')], { default: 'sdk', description: 'Form of XroadVnpt-hash-file' }),
  unclear: Type.Union([Type.Literal('resend'), Type.Literal('park')], { default: 'resend', description: 'When an outcome is unknown and the axis lists no trace of the packet' }),
  pollSeconds: Type.Number({ default: 10, minimum: 0.05, description: 'Time between two questions for what has arrived' }),
  sendTimeoutSeconds: Type.Number({ default: 60, minimum: 1, description: 'Longest wait for the answer to one packet' }),
}, { additionalProperties: false })

export type ConnectionPolicy = Static<typeof ConnectionPolicy>

/** `paused`: nothing is sent, fetched or asked over it until a person has acted. */
export type OpenConnection = { id: string, axis: AxisConnection, policy: ConnectionPolicy, paused: boolean }

/** The certificate by which an axis knows us over TLS, and its key. */
export type ClientCertificate = { certificatePem: string, keyPem: string }

/** Everything a protocol needs to reach its axis. */
export type ConnectionSettings = { id: string, protocol: string, baseUrl: string, systemId: string, secret: string, clientCertificate?: ClientCertificate, policy: ConnectionPolicy }

/** Makes a connection of the protocol that the settings name. */
export type Connect = (settings: ConnectionSettings) => AxisConnection

export type Connections = ReturnType<typeof createConnections>

export function createConnections ({ database, vault, connect }: { database: Db, vault: Vault, connect: Connect }) {
  const opened = new Map<string, { axis: AxisConnection, version: string }>()
  /** Those that a changed set-up replaced: they let the requests under way finish, and nobody waits for that */
  const replaced: Promise<void>[] = []
  return {
    /** The ids of all connections. */
    async ids (): Promise<string[]> {
      const { rows } = await database.query<{ id: string }>('select id from connection order by created_at, id')
      return rows.map((row) => row.id)
    },

    clientCertificates: () => clientCertificatesOf(database, vault),

    /** A connection as it is configured now, or null when there is none of that id. */
    async open (id: string): Promise<OpenConnection | null> {
      const { rows: [row] } = await database.query<{ version: string, paused: boolean, protocol: string, baseUrl: string, systemId: string, sealedSecret: Buffer, sealedCertificate: Buffer | null, policy: ConnectionPolicy }>({
        name: 'open-connection',
        text: `select c.xmin::text as version, coalesce(l.paused, false) as paused, c.protocol, c.base_url as "baseUrl", c.system_id as "systemId", c.sealed_secret as "sealedSecret", c.sealed_client_certificate as "sealedCertificate", c.policy
                 from connection c left join lane l on l.connection_id = c.id where c.id = $1`,
        values: [id],
      })
      if (!row) return null
      const { version, paused, sealedSecret, sealedCertificate, ...settings } = { ...row, policy: { ...row.policy, pdf: row.policy.pdf ?? {} } } // none where an earlier version stored it
      const known = opened.get(id)
      if (known?.version === version) return { id, axis: known.axis, policy: settings.policy, paused }
      const clientCertificate = sealedCertificate && openCertificate(vault, id, sealedCertificate)
      const axis = connect({ id, ...settings, secret: vault.open(sealedSecret, connectionContext(id)).toString(), ...(clientCertificate && { clientCertificate }) })
      opened.set(id, { axis, version })
      if (known) replaced.push(Promise.resolve(known.axis[Symbol.asyncDispose]()))
      return { id, axis, policy: settings.policy, paused }
    },

    async [Symbol.asyncDispose] () {
      await Promise.all([...replaced, ...[...opened.values()].map(({ axis }) => axis[Symbol.asyncDispose]())])
    },
  }
}

/** The certificates that connections show, PEM, by the connection's id. */
export async function clientCertificatesOf (db: Db, vault: Vault): Promise<{ id: string, certificatePem: string }[]> {
  const { rows } = await db.query<{ id: string, sealed: Buffer }>('select id, sealed_client_certificate as sealed from connection where sealed_client_certificate is not null')
  return rows.map(({ id, sealed }) => ({ id, certificatePem: openCertificate(vault, id, sealed).certificatePem }))
}

function openCertificate (vault: Vault, id: string, sealed: Buffer): ClientCertificate {
  return JSON.parse(vault.open(sealed, clientCertificateContext(id)).toString()) as ClientCertificate
}

/**
 * Stops all work over a connection whose axis does not accept who we say we are, and tells a person: more attempts could lock
 * the account. What waits, here or on the axis, waits on. Applying the set-up again lets it go on.
 */
export async function pauseConnection (tx: Tx, log: Log, { id, reason, at }: { id: string, reason: string, at: Date }): Promise<void> {
  await tx.query(
    `insert into lane (connection_id, health, paused, next_at, reason) values ($1, 'down', true, $2, $3)
     on conflict (connection_id) do update set health = 'down', paused = true, reason = excluded.reason`, [id, at, reason])
  await raiseAlarm(tx, log, {
    at, kind: 'connection.credentials', subject: id,
    vi: 'Trục liên thông không chấp nhận mã hệ thống hoặc khóa bí mật; kết nối đã tạm dừng',
    en: 'The axis does not accept the system id or secret; the connection is paused',
  })
}

/** Lets the work over a paused connection go on: one packet first, to see whether it passes. */
export async function resumeConnection (tx: Tx, id: string, at: Date): Promise<void> {
  await tx.query('update lane set paused = false, next_at = $2 where connection_id = $1 and paused', [id, at])
}

/** What the secret of a connection is sealed for: it opens nowhere else. */
export const connectionContext = (id: string) => `connection/${id}`
export const clientCertificateContext = (id: string) => `connection/${id}/client-certificate`
