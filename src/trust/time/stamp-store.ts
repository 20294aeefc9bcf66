/** The rows of time-stamps: what waits, batches and their leaves, tokens, and whose turn it is to ask. */
import type { Db, Tx } from '../../database/database.ts'
import { rootOf } from './merkle.ts'

/** What is time-stamped: the packet of a dispatch, or a verdict on an arrival or a document. `hash` is SHA-256. */
export type ToStamp = { kind: 'dispatch' | 'verdict', subject: string, hash: Buffer }

/** One of the hashes that a batch stands for. */
export type Leaf = { kind: ToStamp['kind'] | 'audit', subject: string, hash: Buffer }

/** A batch that the authority has not stamped yet. */
export type Batch = { id: string, root: Buffer, size: number }

/** Once tx commits, these wait for a batch; what waits already is not noted twice. */
export async function insertWaiting (tx: Tx, items: readonly ToStamp[], at: Date): Promise<void> {
  await tx.query({
    name: 'note-for-stamping',
    text: `insert into stamp_waiting (kind, subject, hash, noted_at)
           select kind, subject, hash, $4 from unnest($1::text[], $2::uuid[], $3::bytea[]) as new (kind, subject, hash) on conflict do nothing`,
    values: [items.map(({ kind }) => kind), items.map(({ subject }) => subject), items.map(({ hash }) => hash), at],
  })
}

/** How far below the last stamped batch one without a token is looked for: they are stamped in their order, but for a gateway that hung. */
const LATE = 1000

/** The oldest batch without a token. */
export async function unstampedBatch (db: Db): Promise<Batch | null> {
  const { rows: [batch] } = await db.query<Batch>(
    `select id, root, size from stamp_batch b
      where id > (select coalesce(max(batch_id), 0) - $1 from stamp_token) and not exists (select from stamp_token t where t.batch_id = b.id) order by id limit 1`, [LATE])
  return batch ?? null
}

/** Takes up to `limit` of what has waited longest. Each is given once, whoever else takes at the same time; what a batch holds already is left out. */
export async function takeWaiting (tx: Tx, limit: number): Promise<ToStamp[]> {
  const { rows } = await tx.query<ToStamp & { isStamped: boolean }>(
    `with oldest as materialized (select kind, subject, hash from stamp_waiting order by noted_at limit $1 for update skip locked),
          taken as (delete from stamp_waiting w using oldest o where (w.kind, w.subject, w.hash) = (o.kind, o.subject, o.hash) returning w.kind, w.subject, w.hash, w.noted_at)
     select kind, subject, hash, exists (select from stamp_leaf l where l.subject = taken.subject::text and l.kind = taken.kind and l.hash = taken.hash) as "isStamped"
       from taken order by noted_at, subject`, [limit])
  return rows.filter(({ isStamped }) => !isStamped)
}

/** Whether a batch holds this hash already. */
export async function isInBatch (db: Db, { kind, subject, hash }: Leaf): Promise<boolean> {
  const { rowCount } = await db.query('select from stamp_leaf where subject = $1 and kind = $2 and hash = $3', [subject, kind, hash])
  return rowCount !== 0
}

/** Once tx commits, these stand in one batch, in this order, for good. */
export async function insertBatch (tx: Tx, leaves: readonly Leaf[], at: Date): Promise<Batch> {
  const root = rootOf(leaves.map(({ hash }) => hash))
  const { rows: [batch] } = await tx.query<{ id: string }>('insert into stamp_batch (root, size, made_at) values ($1, $2, $3) returning id', [root, leaves.length, at])
  await tx.query(
    `insert into stamp_leaf (batch_id, position, kind, subject, hash)
     select $1, n - 1, kind, subject, hash from unnest($2::text[], $3::text[], $4::bytea[]) with ordinality as new (kind, subject, hash, n)`,
    [batch!.id, leaves.map(({ kind }) => kind), leaves.map(({ subject }) => subject), leaves.map(({ hash }) => hash)])
  return { id: batch!.id, root, size: leaves.length }
}

/** Once tx commits, the batch has its token; a second one changes nothing. */
export async function insertToken (tx: Tx, batchId: string, { token, genTime, verdict, at }: { token: Buffer, genTime: Date, verdict: object, at: Date }): Promise<void> {
  await tx.query(
    'insert into stamp_token (batch_id, token, gen_time, verdict, received_at) values ($1, $2, $3, $4, $5) on conflict do nothing',
    [batchId, token, genTime, JSON.stringify(verdict), at])
}

/** How often nothing has come of asking, and since when. */
export type Failing = { failures: number, since: Date | null }

/** Takes the turn to ask until `leaseUntil`, if one is due and nobody has it. Otherwise says when one may be. */
export async function takeTurn (db: Db, leaseUntil: Date, now: Date): Promise<{ isOurs: true } & Failing | { isOurs: false, nextAt: Date }> {
  const { rows: [turn] } = await db.query<Failing>(
    `update stamping set lease_until = $1 where next_at <= $2 and (lease_until is null or lease_until <= $2) returning failures, failing_since as since`, [leaseUntil, now])
  if (turn) return { isOurs: true, ...turn }
  const { rows: [other] } = await db.query<{ nextAt: Date }>('select greatest(next_at, lease_until) as "nextAt" from stamping')
  return { isOurs: false, nextAt: other!.nextAt }
}

/** Gives the turn back: the next one is due at `nextAt`. */
export async function endTurn (db: Db, nextAt: Date, { failures, since }: Failing): Promise<void> {
  await db.query('update stamping set lease_until = null, next_at = $1, failures = $2, failing_since = $3', [nextAt, failures, since])
}

/** A hash that was noted, where it stands in its batch, and that batch's token; null where it still waits. */
export type StampRow = { kind: Leaf['kind'], subject: string, hash: Buffer, batchId: string | null, position: number | null, root: Buffer | null, token: Buffer | null, genTime: Date | null }

/** Everything that was noted of this subject, oldest first. */
export async function stampsOf (db: Db, kind: Leaf['kind'], subject: string): Promise<StampRow[]> {
  const { rows } = await db.query<StampRow>(
    `select l.kind, l.subject, l.hash, l.batch_id as "batchId", l.position, b.root, t.token, t.gen_time as "genTime"
       from stamp_leaf l join stamp_batch b on b.id = l.batch_id left join stamp_token t on t.batch_id = b.id where l.kind = $1 and l.subject = $2
     union all
     select w.kind, w.subject::text, w.hash, null, null, null, null, null from stamp_waiting w where w.kind = $1 and w.subject::text = $2
     order by "batchId" nulls last, position`, [kind, subject])
  return rows
}

/** The hashes of a batch, in their order. */
export async function hashesOf (db: Db, batchId: string): Promise<Buffer[]> {
  const { rows } = await db.query<{ hash: Buffer }>('select hash from stamp_leaf where batch_id = $1 order by position', [batchId])
  return rows.map(({ hash }) => hash)
}
