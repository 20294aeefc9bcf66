/**
 * Who did what, when: entries that are only ever added, and a hash chain over them that shows a change made behind the
 * gateway's back.
 *
 *   link.hash = SHA-256(hash of the link before it, or nothing ‖ canonical JSON of the entry)
 *
 * Entries are added by many transactions at once and linked later by one writer, so that nobody waits for the chain.
 */
import { createHash } from 'node:crypto'
import type { Database, Db, Tx } from '../database/database.ts'
import { canonicalJson, type Json } from './canonical-json.ts'

/** `subject` is the id of what was acted on. `detail` holds no secret and no document content. */
export type AuditEntry = { at: Date, actor: string, action: string, subject: string, detail: { readonly [name: string]: Json } }

/** Once tx commits, this is on record for good. */
export async function recordAudit (tx: Tx, { at, actor, action, subject, detail }: AuditEntry): Promise<void> {
  await tx.query({
    name: 'audit.record',
    text: 'insert into audit_entry (at, actor, action, subject, detail) values ($1, $2, $3, $4, $5)',
    values: [at, actor, action, subject, JSON.stringify(detail)],
  })
}

/** Entries linked in one transaction: about 20 ms of work. */
const BATCH = 1000
/** How far below the last linked entry late ones are looked for each time; `thorough` looks everywhere. */
const LATE = 10_000

/**
 * Once this returns, every entry that was committed before has a place in the chain, given in the order of ids; or another
 * gateway is giving it. Says how many it linked. An entry whose transaction commits late gets a later place than its id
 * suggests; one that is 10,000 ids late is found by a `thorough` run only, which reads the whole table.
 */
export async function linkAudit (database: Database, { thorough = false } = {}): Promise<number> {
  let linked = 0
  for (;;) {
    const batch = await database.transaction((tx) => linkBatch(tx, thorough))
    linked += batch
    if (batch < BATCH) return linked
  }
}

async function linkBatch (tx: Tx, thorough: boolean): Promise<number> {
  const { rows: [lock] } = await tx.query<{ mine: boolean }>("select pg_try_advisory_xact_lock(hashtext('audit.link')) as mine")
  if (!lock?.mine) return 0
  const { rows: [last] } = await tx.query<{ position: string, hash: Buffer, entry_id: string }>(
    'select position, hash, (select max(entry_id) from audit_link) as entry_id from audit_link order by position desc limit 1')
  const after = thorough || last === undefined ? 0n : BigInt(last.entry_id) - BigInt(LATE)
  const { rows } = await tx.query<EntryRow>(
    `select ${ENTRY} from audit_entry e where e.id > $1 and not exists (select from audit_link l where l.entry_id = e.id) order by e.id limit $2`,
    [after, BATCH])
  if (rows.length === 0) return 0

  let hash = last?.hash ?? Buffer.alloc(0)
  const hashes = rows.map((row) => { hash = hashOf(hash, row); return hash })
  await tx.query(
    'insert into audit_link (position, entry_id, hash) select $1::bigint + n, entry_id, hash from unnest($2::bigint[], $3::bytea[]) with ordinality as new (entry_id, hash, n)',
    [last?.position ?? '0', rows.map(({ id }) => id), hashes])
  return rows.length
}

/** The chain's end, for keeping elsewhere: who holds one can tell later that the end was cut off or written anew. */
export type AuditHead = { length: number, hash: string }

/** The chain's end as it stands; null while it has none. */
export async function auditEnd (db: Db): Promise<AuditHead | null> {
  const { rows: [last] } = await db.query<{ position: string, hash: Buffer }>('select position, hash from audit_link order by position desc limit 1')
  return last ? { length: Number(last.position), hash: last.hash.toString('hex') } : null
}

export type AuditVerdict = { ok: true, length: number, head: AuditHead } | { ok: false, position: number }

/**
 * Recomputes the whole chain. Not ok: at `position` an entry was changed, removed or inserted, or the chain does not
 * agree with the `known` head, which was read earlier and kept elsewhere.
 */
export async function verifyAudit (db: Db, known?: AuditHead): Promise<AuditVerdict> {
  let hash: Buffer = Buffer.alloc(0)
  let length = 0
  for (;;) {
    const { rows } = await db.query<EntryRow & { position: string, hash: Buffer }>(
      `select l.position, l.hash, ${ENTRY} from audit_link l join audit_entry e on e.id = l.entry_id where l.position > $1 order by l.position limit 5000`, [length])
    if (rows.length === 0) break
    for (const row of rows) {
      hash = hashOf(hash, row)
      if (Number(row.position) !== length + 1 || !hash.equals(row.hash)) return { ok: false, position: length + 1 }
      length += 1
      if (known?.length === length && known.hash !== hash.toString('hex')) return { ok: false, position: length }
    }
  }
  if (known !== undefined && known.length > length) return { ok: false, position: length + 1 }
  return { ok: true, length, head: { length, hash: hash.toString('hex') } }
}

/** Text as PostgreSQL writes it, to the microsecond: a JavaScript Date would not see the last digits change. */
const ENTRY = `e.id, to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at, e.actor, e.action, e.subject, e.detail`

type EntryRow = { id: string, at: string, actor: string, action: string, subject: string, detail: Json }

function hashOf (previous: Buffer, { id, at, actor, action, subject, detail }: EntryRow): Buffer {
  return createHash('sha256').update(previous).update(canonicalJson({ id, at, actor, action, subject, detail })).digest()
}
