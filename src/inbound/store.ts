/** Inbound's rows: arrivals and hand-overs. */
import { v7 as newId } from 'uuid'
import type { PacketKind } from '../axis/connection.ts'
import { ATTACHMENT_ROW, attachmentRows, type StoredAttachment } from '../blobs/attachments.ts'
import type { Database, Db, Tx } from '../database/database.ts'
import type { DocumentHeader, Packet } from '../edxml/packet.ts'
import type { ArrivalState, Verdicts } from './arrival.ts'
import { worstStanding, type FileFault } from './pdf-ruling.ts'

export type NewArrival = { id: string, connectionId: string, axisDocId: string, kind: PacketKind, from: string | null, to: string | null, packet: Buffer, at: Date }

/** Which of these packets are stored already. */
export async function findFetched (db: Db, connectionId: string, kind: PacketKind, docIds: readonly string[]): Promise<Set<string>> {
  if (docIds.length === 0) return new Set()
  const { rows } = await db.query<{ id: string }>({
    name: 'find-fetched',
    text: 'select axis_doc_id as id from arrival where connection_id = $1 and kind = $2 and axis_doc_id = any($3)',
    values: [connectionId, kind, docIds],
  })
  return new Set(rows.map((row) => row.id))
}

/** Stores an arrival. False when another gateway stored it meanwhile: then that one stays as it is. */
export async function insertArrival (tx: Tx, arrival: NewArrival): Promise<boolean> {
  const { rowCount } = await tx.query({
    name: 'insert-arrival',
    text: `insert into arrival (id, connection_id, axis_doc_id, kind, state, listed_from, listed_to, packet, fetched_at, next_at)
           values ($1, $2, $3, $4, 'stored', $5, $6, $7, $8, $8) on conflict (connection_id, kind, axis_doc_id) do nothing`,
    values: [arrival.id, arrival.connectionId, arrival.axisDocId, arrival.kind, arrival.from, arrival.to, arrival.packet, arrival.at],
  })
  return rowCount === 1
}

export async function markAcknowledged (db: Db, connectionId: string, kind: PacketKind, axisDocId: string, now: Date): Promise<void> {
  await db.query({
    name: 'mark-acknowledged',
    text: 'update arrival set acknowledged_at = $4 where connection_id = $1 and kind = $2 and axis_doc_id = $3 and acknowledged_at is null',
    values: [connectionId, kind, axisDocId, now],
  })
}

export type UnjudgedArrival = { id: string, packet: Buffer, fetchedAt: Date, listedTo: string | null, attempts: number }

/**
 * Takes arrivals that are due for a verdict, in the order of the axis' list, for `leaseSeconds`: up to `limit.count`, and no further one
 * once they have `limit.bytes`. While the first of them are taken, others get none: two gateways would hand on out of order.
 */
export async function claimUnjudged (database: Database, connectionId: string, limit: { count: number, bytes: number }, leaseSeconds: number, now: Date): Promise<UnjudgedArrival[]> {
  return database.transaction(async (tx) => {
    await tx.query({ name: 'lock-arrivals', text: `select pg_advisory_xact_lock(hashtext('arrivals'), hashtext($1))`, values: [connectionId] })
    const { rows } = await tx.query<UnjudgedArrival & { sequence: string }>({
      name: 'claim-arrivals',
      text: `
        with first as materialized (
          select id, sequence, packet, lease_until from arrival where connection_id = $1 and state = 'stored' and next_at <= $4 order by sequence limit $2
        ), due as (
          select first.id, sum(b.size) over (order by first.sequence) - b.size as ahead from first join blob b on b.sha256 = first.packet
        )
        update arrival a set lease_until = $4::timestamptz + make_interval(secs => $3)
          from due where a.id = due.id and due.ahead < $5 and not exists (select from first where lease_until >= $4)
        returning a.id, a.sequence, a.packet, a.fetched_at as "fetchedAt", a.listed_to as "listedTo", a.attempts`,
      values: [connectionId, limit.count, leaseSeconds, now, limit.bytes],
    })
    return rows.toSorted((a, b) => Number(BigInt(a.sequence) - BigInt(b.sequence)))
  })
}

/** Keeps arrivals that are being judged from others, for as long again. */
export async function renewClaims (db: Db, ids: readonly string[], leaseSeconds: number, now: Date): Promise<void> {
  await db.query(`update arrival set lease_until = $3::timestamptz + make_interval(secs => $2) where id = any($1) and state = 'stored' and lease_until is not null`, [ids, leaseSeconds, now])
}

/** When the next unjudged arrival is due, or its lease ends. */
export async function nextUnjudged (db: Db, connectionId: string): Promise<Date | null> {
  const { rows: [row] } = await db.query<{ at: Date | null }>({
    name: 'next-unjudged',
    text: `select min(greatest(next_at, coalesce(lease_until, next_at))) as at from arrival where connection_id = $1 and state = 'stored'`,
    values: [connectionId],
  })
  return row?.at ?? null
}

/** Leaves an arrival for later, and says why. */
export async function askAgain (db: Db, id: string, nextAt: Date, reason: object): Promise<void> {
  await db.query(`update arrival set next_at = $2, lease_until = null, attempts = attempts + 1, reason = $3 where id = $1 and state = 'stored'`, [id, nextAt, JSON.stringify(reason)])
}

/** `held`: a person has to decide. `refused`: it never was in the mailbox, and status 02 has gone back. */
export type HandOverState = 'waiting' | 'acknowledged' | 'held' | 'refused'

/** Why a hand-over is held or refused. */
export type HandOverReason = { files: FileFault[] }

/** An agency that an arrival is addressed to, and what becomes of it there. */
export type Target = { id: string, code: string, state: 'waiting' | 'held' | 'refused', reason: HandOverReason | null }

/** A hand-over that was made. */
export type HandedOn = Pick<Target, 'code' | 'state' | 'reason'> & { id: string }

/** Sequences in the order of commits: a reader who has the cursor of one item has seen every item before it. */
export async function lockSequence (tx: Tx): Promise<void> {
  await tx.query(`select pg_advisory_xact_lock(hashtext('hand_over'))`)
}

/** The first item of an agency's mailbox, out of `related` arrivals, with other content. */
export const FIRST_OF = (agency: string, identity: string) => `
  (select h.id from related join hand_over h on h.arrival_id = related.id
    where h.agency_id = ${agency} and h.identity <> ${identity} and h.state in ('waiting', 'acknowledged') order by h.sequence limit 1)`

/**
 * One hand-over per target, unless its agency holds this very document already; one that was refused before is decided anew. Other content under the
 * same DocumentId, or the same sender, date, number and notation, is linked to the agency's first: an update, a recall, a replacement. Gives the new ones.
 */
export async function handOn (tx: Tx, { arrivalId, header, identity, targets, at }: {
  arrivalId: string, header: DocumentHeader, identity: Buffer, targets: readonly Target[], at: Date
}): Promise<HandedOn[]> {
  await lockSequence(tx)
  const { rows } = await tx.query<HandedOn>({
    name: 'hand-on',
    text: `
      with related as materialized (
        select id from arrival where document_id = $5 and kind = 'document'
        union select id from arrival where sender_code || ' ' || number || '/' || notation = $6 and promulgated_on = $7
      )
      insert into hand_over (id, arrival_id, agency_id, agency_code, identity, follows, state, reason, created_at)
      select t.id, $1, t."agencyId", t.code, $2, ${FIRST_OF('t."agencyId"', '$2')}, t.state, t.reason, $3
        from jsonb_to_recordset($4) as t(id uuid, "agencyId" bigint, code text, state text, reason jsonb) order by t."agencyId"
      on conflict (agency_id, identity) do update
         set sequence = default, arrival_id = excluded.arrival_id, agency_code = excluded.agency_code, follows = excluded.follows, state = excluded.state, reason = excluded.reason,
             created_at = excluded.created_at, status = null, decided_at = null, decided_by = null
       where hand_over.state = 'refused'
      returning id, agency_code as code, state, reason`,
    values: [
      arrivalId, identity, at, JSON.stringify(targets.map(({ id, ...target }) => ({ ...target, id: newId(), agencyId: id }))),
      header.documentId, `${header.from.organId} ${header.code.codeNumber}/${header.code.codeNotation}`, header.promulgationInfo.promulgationDate ?? null,
    ],
  })
  return rows
}

export type Settled = {
  state: Exclude<ArrivalState, 'stored'>, packet: Packet | null, verdicts: Verdicts | null, identity: Buffer | null,
  attachments: StoredAttachment[], reason: object | null, at: Date
}

/** Thrown out of the transaction when somebody else has written meanwhile what became of an arrival: nothing of this one stays. */
export class SettledMeanwhile extends Error {
  override readonly name = 'SettledMeanwhile'
}

/** Writes what became of an arrival, once, and which arrival was the first under its DocumentId, for whichever agency. */
export async function settle (tx: Tx, id: string, { state, packet, verdicts, identity, attachments, reason, at }: Settled): Promise<void> {
  const document = packet?.kind === 'document' ? packet.header : null
  const answered = packet?.kind === 'status' ? packet : null
  const { rowCount } = await tx.query({
    name: 'settle-arrival',
    text: `
      with files as (
        insert into arrival_attachment (arrival_id, position, content_id, name, original_name, media_type, description, size, sha256, pdf)
        select $1, f.position, f."contentId", f.name, f."originalName", f."contentType", f.description, f.size, decode(f.sha256, 'hex'), p.verdict
          from jsonb_to_recordset($2) as f${ATTACHMENT_ROW} left join jsonb_to_recordset($18) as p(number int, verdict jsonb) on p.number = f.position
        on conflict do nothing
      )
      update arrival set state = $3, judged_at = $4, lease_until = null, sender_code = $5, document_id = $6, bussiness_doc_type = $7, number = $8, notation = $9,
             promulgated_on = $10, subject = $11, header = $12, identity = $13, signature = $14, seal = $15, warnings = $16, reason = $17, pdf = $19,
             follows = (select first.id from arrival first where first.document_id = $6 and first.kind = 'document' and first.identity <> $13 order by first.sequence limit 1)
       where id = $1 and state = 'stored'`,
    values: [
      id, attachmentRows(attachments), state, at,
      document?.from.organId ?? answered?.from.organId ?? null, document?.documentId ?? answered?.responseFor.documentId ?? null,
      document ? document.bussiness?.bussinessDocType ?? 0 : null, document?.code.codeNumber ?? null, document?.code.codeNotation ?? null,
      document?.promulgationInfo.promulgationDate ?? null, document?.subject ?? null, JSON.stringify(document ?? answered), identity,
      verdicts && JSON.stringify(verdicts.signature), verdicts?.seal ? JSON.stringify(verdicts.seal) : null,
      packet && JSON.stringify(packet.warnings), reason && JSON.stringify(reason), JSON.stringify(verdicts?.pdfs ?? []), verdicts && worstStanding(verdicts.pdfs),
    ],
  })
  if (rowCount === 0) throw new SettledMeanwhile()
}
