/** API keys: each belongs to one named system or person, has one role, and is kept only as a hash. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { recordAudit } from '../audit/audit.ts'
import type { Db, Tx } from '../database/database.ts'

/** What people do here: administrators set up, operators watch over documents, monitors read numbers. */
export type PersonRole = 'administrator' | 'operator' | 'monitor'
export type Role = 'system' | PersonRole

/** A system speaks for its agencies (ids as text, since they are bigint); a person speaks for none. */
export type SystemCaller = { keyId: string, role: 'system', name: string, systemId: string, personId?: never, agencyIds: ReadonlySet<string> }
export type PersonCaller = { keyId: string, role: PersonRole, name: string, systemId?: never, personId: string, agencyIds: ReadonlySet<string> }
/** Who sent a request. */
export type Caller = SystemCaller | PersonCaller

/** `text` is told once to the key's owner; `hash` is what is kept. */
export type NewApiKey = { id: string, secret: string, text: string, hash: Buffer }

const KEY = /^lt_([0-9a-f]{16})_([\w-]{43})$/

/** Makes a key: a public id and 256 random bits. */
export function newApiKey (): NewApiKey {
  const id = randomBytes(8).toString('hex')
  const secret = randomBytes(32).toString('base64url')
  return { id, secret, text: `lt_${id}_${secret}`, hash: hashOf(secret) }
}

/** Whose key this is, or null when it is none of ours, wrong, or revoked. */
export async function findCaller (db: Db, text: string): Promise<Caller | null> {
  const [, id, secret] = KEY.exec(text) ?? []
  if (id === undefined || secret === undefined) return null
  const { rows: [row] } = await db.query<Row>({
    name: 'access.find-caller',
    text: `select k.hash, k.role, k.system_id, k.person_id, coalesce(s.name, p.name) as name,
                  array(select a.agency_id::text from system_agency a where a.system_id = k.system_id) as agency_ids
           from api_key k left join system s on s.id = k.system_id left join person p on p.id = k.person_id
           where k.id = $1 and k.revoked_at is null`,
    values: [id],
  })
  // a secret of 256 random bits needs no slow hash
  if (row === undefined || !timingSafeEqual(row.hash, hashOf(secret))) return null
  const { name, role, system_id: systemId, person_id: personId } = row
  const agencyIds = new Set(row.agency_ids)
  if (role === 'system') return systemId === null ? null : { keyId: id, role, name, systemId, agencyIds }
  return personId === null ? null : { keyId: id, role, name, personId, agencyIds }
}

/** Once tx commits, the system can call with the key that this gives; its text is shown nowhere again. */
export async function createSystemKey (tx: Tx, { at, actor, systemId }: { at: Date, actor: string, systemId: string }): Promise<NewApiKey> {
  return createKey(tx, { at, actor, role: 'system', systemId, personId: null })
}

/** Once tx commits, the person can call with the key that this gives; its text is shown nowhere again. */
export async function createPersonKey (tx: Tx, { at, actor, personId, role }: { at: Date, actor: string, personId: string, role: PersonRole }): Promise<NewApiKey> {
  return createKey(tx, { at, actor, role, systemId: null, personId })
}

/** Once tx commits, the key opens nothing, at the latest when the caches of running gateways end (access/http.ts). Gives false if it opened nothing before. */
export async function revokeKey (tx: Tx, { at, actor, keyId }: { at: Date, actor: string, keyId: string }): Promise<boolean> {
  const { rowCount } = await tx.query('update api_key set revoked_at = $2 where id = $1 and revoked_at is null', [keyId, at])
  if (rowCount === 0) return false
  await recordAudit(tx, { at, actor, action: 'key.revoked', subject: keyId, detail: {} })
  return true
}

type Row = { hash: Buffer, role: Role, system_id: string | null, person_id: string | null, name: string, agency_ids: string[] }

type Owner = { at: Date, actor: string, role: Role, systemId: string | null, personId: string | null }

async function createKey (tx: Tx, { at, actor, role, systemId, personId }: Owner): Promise<NewApiKey> {
  const key = newApiKey()
  await tx.query('insert into api_key (id, hash, role, system_id, person_id, created_at) values ($1, $2, $3, $4, $5, $6)', [key.id, key.hash, role, systemId, personId, at])
  await recordAudit(tx, { at, actor, action: 'key.created', subject: key.id, detail: { role, ...(systemId !== null && { systemId }), ...(personId !== null && { personId }) } })
  return key
}

function hashOf (secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}
