/** The rows of attempts: what was tried, what came of it, and what could still be on the axis. */
import type { PacketKind } from '../axis/connection.ts'
import type { Db, Tx } from '../database/database.ts'
import type { Decision, DispatchState, SendOutcome } from './dispatch.ts'
import type { ClaimedDispatch } from './store.ts'

/** What an attempt begins with: `signedBy` is the certificate (SHA-256) that signed the packet just now, null for a packet made before. */
export type Beginning = { packet: Buffer, signedBy: Buffer | null, leaseUntil: Date }

/**
 * Records that an attempt begins, with the packet it will send. False when the dispatch is no longer ours to send, its packet was taken away
 * meanwhile, or the key that has just signed it was retired.
 */
export async function beginAttempt (tx: Tx, dispatch: ClaimedDispatch, { packet, signedBy, leaseUntil }: Beginning, now: Date): Promise<boolean> {
  const { rowCount } = await tx.query({
    name: 'begin-attempt',
    text: `
      with begun as (
        update dispatch set state = 'sending', attempts = attempts + 1, packet = $2, lease_until = $3, updated_at = $4,
                            signed_by = coalesce($7, signed_by), signed_at = case when $7::bytea is null then signed_at else $4 end
         where id = $1 and state = 'waiting' and attempts = $5 and packet is not distinct from $6
           and not exists (select from signer where fingerprint = $7 and retired_at is not null)
        returning id, attempts)
      insert into attempt (dispatch_id, number, started_at) select id, attempts, $4 from begun`,
    values: [dispatch.id, packet, leaseUntil, now, dispatch.attempts, dispatch.packet, signedBy],
  })
  return rowCount === 1
}

/**
 * Writes what became of a dispatch after its attempt `number`, once: state, attempt, deliveries, and their history when something is new.
 * Gives the state before, or null when it was decided otherwise meanwhile. That the axis took the packet stands, whatever was decided.
 */
export async function finishAttempt (tx: Tx, id: string, number: number, decision: Decision, outcome: SendOutcome['kind'], now: Date): Promise<DispatchState | null> {
  const { rows: [row] } = await tx.query<{ before: DispatchState }>({
    name: 'finish-attempt',
    text: `
      with before as (
        select id, state, reason from dispatch
         where id = $1 and attempts = $2 and (state in ('sending', 'unknown') or ($3 = 'sent' and state in ('waiting', 'parked'))) for update
      ), done as (
        update dispatch d set state = $3, next_at = coalesce($4, next_at), reason = $5, lease_until = null, updated_at = $6
          from before where d.id = before.id returning d.id
      ), ended as (
        update attempt set ended_at = $6, outcome = $7, axis_doc_id = $8, reason = $5
         where dispatch_id = $1 and number = $2 and (exists (select from done) or $7 = 'accepted')
      ), moved as (
        update delivery d set state = $3, updated_at = $6 from before
         where d.dispatch_id = before.id and (d.state <> $3 or before.reason is distinct from $5) returning d.id
      ), history as (
        insert into delivery_event (delivery_id, at, kind, detail)
        select id, $6, $3, jsonb_strip_nulls(jsonb_build_object('outcome', $7::text, 'axisDocId', $8::text, 'reason', $5::text)) from moved
      )
      select before.state as before from before`,
    values: [
      id, number, decision.state, 'nextAt' in decision ? decision.nextAt : null, 'reason' in decision ? decision.reason : null, now, outcome,
      'docId' in decision ? decision.docId : null,
    ],
  })
  return row?.before ?? null
}

/** An attempt that may have left something on the axis, with all that the axis' list can be compared by (axis.md 3.2: it shows no DocumentId). */
export type Unaccounted = { id: string, number: number, startedAt: Date, isUnderWay: boolean, kind: PacketKind, fromCodes: string[], toCodes: string[], notation: string }

/** A dispatch whose last attempt has an unclear outcome. `unclear`: how many of its attempts had. */
export type Unclear = Unaccounted & { documentId: string | null, patienceUntil: Date, unclear: number }

/** An agency may stand on the list under any of its codes. */
const codesOf = (code: string) => `array(select ${code} union select o.code from agency_code c join agency_code o on o.agency_id = c.agency_id where c.code = ${code})`

const UNACCOUNTED = `
  d.id, a.number, a.started_at as "startedAt", a.outcome is null and d.lease_until > $2 as "isUnderWay",
  case when d.document_id is null then 'status' else 'document' end as kind,
  ${codesOf(`coalesce(doc.sender_code, s.packet_fields #>> '{from,organId}')`)} as "fromCodes",
  case when d.document_id is null then ${codesOf(`(s.packet_fields #>> '{responseFor,organId}')`)}
       else array(select c.code from delivery r join agency_code c on c.agency_id = r.agency_id where r.dispatch_id = d.id) end as "toCodes",
  coalesce(doc.number || '/' || doc.notation, s.packet_fields #>> '{responseFor,code}') as notation`

const FROM = `
  from attempt a join dispatch d on d.id = a.dispatch_id
  left join document doc on doc.id = d.document_id
  left join status s on s.id = d.status_id`

/** `sending` with an ended lease: the gateway that sent it died, or hangs. */
const IS_UNCLEAR = `d.connection_id = $1 and d.state in ('sending', 'unknown')`

/** The dispatches that the axis may be asked about now, oldest first. */
export async function findUnclear (db: Db, connectionId: string, limit: number, now: Date): Promise<Unclear[]> {
  const { rows } = await db.query<Unclear>({
    name: 'find-unclear',
    text: `
      select ${UNACCOUNTED}, d.document_id as "documentId", d.patience_until as "patienceUntil",
             (select count(*)::int from attempt u where u.dispatch_id = d.id and (u.outcome is null or u.outcome = 'unknown')) as unclear ${FROM}
       where ${IS_UNCLEAR} and a.number = d.attempts and coalesce(d.lease_until, d.next_at) <= $2
       order by d.sequence limit $3`,
    values: [connectionId, now, limit],
  })
  return rows
}

/** When the next unclear dispatch may be asked about. */
export async function nextUnclear (db: Db, connectionId: string): Promise<Date | null> {
  const { rows: [row] } = await db.query<{ at: Date | null }>({
    name: 'next-unclear',
    text: `select min(coalesce(d.lease_until, d.next_at)) as at from dispatch d where ${IS_UNCLEAR}`,
    values: [connectionId],
  })
  return row?.at ?? null
}

/** The attempts of other dispatches, begun in this time, that may have left something on the axis too, whatever was decided of them. */
export async function findRivals (db: Db, connectionId: string, id: string, from: Date, to: Date, now: Date): Promise<Unaccounted[]> {
  const { rows } = await db.query<Unaccounted>({
    name: 'find-rivals',
    text: `
      select ${UNACCOUNTED} ${FROM}
       where d.connection_id = $1 and d.id <> $3 and (a.outcome is null or a.outcome = 'unknown') and a.started_at between $4 and $5`,
    values: [connectionId, now, id, from, to],
  })
  return rows
}

/** Leaves out the axis' ids that are known to be another attempt's. */
export async function unclaimed (db: Db, connectionId: string, docIds: readonly string[]): Promise<string[]> {
  if (docIds.length === 0) return []
  const { rows } = await db.query<{ id: string }>(
    'select a.axis_doc_id as id from attempt a join dispatch d on d.id = a.dispatch_id where d.connection_id = $1 and a.axis_doc_id = any($2)', [connectionId, docIds])
  const known = new Set(rows.map((row) => row.id))
  return docIds.filter((docId) => !known.has(docId))
}
