/** Outbound's rows: documents, dispatches, deliveries, attempts. */
import type { Db, Tx } from '../database/database.ts'
import type { Attachment, DocumentHeader } from '../edxml/packet.ts'
import type { SignatureVerdict } from '../trust/verdict.ts'
import type { Decision } from './dispatch.ts'

export type StoredAttachment = Omit<Attachment, 'bytes'> & { size: number, sha256: Buffer }

export type NewDocument = {
  id: string, systemId: string, agencyId: string, header: DocumentHeader, attachments: StoredAttachment[], packet: Buffer | null,
  identity: Buffer, signature: SignatureVerdict, submittedBy: string, submittedAt: Date, patienceUntil: Date,
  dispatches: { id: string, connectionId: string, deliveries: { id: string, recipientCode: string, agencyId: string }[] }[]
}

/** The connections there are, oldest first: the first is the one for agencies that no axis listed. */
export async function connectionIdsOf (db: Db): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>({ name: 'connection-ids', text: 'select id from connection order by created_at, id' })
  return rows.map((row) => row.id)
}

/** Stores a document with its dispatches and deliveries, in one round trip; or finds the one with the same sender and identity. */
export async function insertDocument (tx: Tx, document: NewDocument): Promise<{ id: string, isNew: boolean }> {
  const { header } = document
  const { rows: [inserted] } = await tx.query<{ id: string }>({
    name: 'insert-document',
    text: `
      with stored as (
        insert into document (id, system_id, agency_id, sender_code, document_id, bussiness_doc_type, number, notation, promulgated_on, subject,
                              header, identity, packet, signature, submitted_by, submitted_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
        on conflict (agency_id, identity) do nothing
        returning id
      ), files as (
        insert into document_attachment (document_id, position, content_id, name, original_name, media_type, description, size, sha256)
        select stored.id, f.position, f."contentId", f.name, f."originalName", f."contentType", f.description, f.size, decode(f.sha256, 'hex')
          from stored, jsonb_to_recordset($17) as f(position int, "contentId" text, name text, "originalName" text, "contentType" text, description text, size bigint, sha256 text)
      ), sends as (
        insert into dispatch (id, connection_id, document_id, order_key, state, urgency, due_on, next_at, patience_until, created_at, updated_at)
        select d.id, d."connectionId", stored.id, $18, 'waiting', $19, $20, $16, $21, $16, $16
          from stored, jsonb_to_recordset($22) as d(id uuid, "connectionId" text)
      ), recipients as (
        insert into delivery (id, document_id, dispatch_id, recipient_code, agency_id, state, updated_at)
        select r.id, stored.id, r."dispatchId", r."recipientCode", r."agencyId", 'waiting', $16
          from stored, jsonb_to_recordset($23) as r(id uuid, "dispatchId" uuid, "recipientCode" text, "agencyId" bigint)
      ), history as (
        insert into delivery_event (delivery_id, at, kind, detail)
        select r.id, $16, 'submitted', '{}' from stored, jsonb_to_recordset($23) as r(id uuid)
      )
      select id from stored`,
    values: [
      document.id, document.systemId, document.agencyId, header.from.organId, header.documentId, header.bussiness?.bussinessDocType ?? 0,
      header.code.codeNumber, header.code.codeNotation, header.promulgationInfo.promulgationDate ?? null, header.subject,
      JSON.stringify(header), document.identity, document.packet, JSON.stringify(document.signature), document.submittedBy, document.submittedAt,
      JSON.stringify(document.attachments.map(({ sha256, ...file }, index) => ({ ...file, position: index + 1, sha256: sha256.toString('hex') }))),
      `${document.agencyId}/${header.documentId}`, header.otherInfo?.priority ?? 0, header.dueDate ?? null, document.patienceUntil,
      JSON.stringify(document.dispatches.map(({ id, connectionId }) => ({ id, connectionId }))),
      JSON.stringify(document.dispatches.flatMap(({ id, deliveries }) => deliveries.map((delivery) => ({ ...delivery, dispatchId: id })))),
    ],
  })
  if (inserted) return { id: inserted.id, isNew: true }
  const { rows: [earlier] } = await tx.query<{ id: string }>(
    'select id from document where agency_id = $1 and identity = $2', [document.agencyId, document.identity])
  return { id: earlier!.id, isNew: false }
}

export type ClaimedDispatch = {
  id: string, documentId: string | null, statusId: string | null, attempts: number, patienceUntil: Date, packet: Buffer | null
}

const CLAIMED = `id, document_id as "documentId", status_id as "statusId", attempts, patience_until as "patienceUntil", packet`

/**
 * Takes the dispatches of a lane that are due, the most urgent first, for `leaseSeconds`. One that must leave after another
 * (the same document, or the same hand-over's statuses) stays until that one is finished.
 */
export async function claimDue (db: Db, connectionId: string, limit: number, leaseSeconds: number, now: Date): Promise<ClaimedDispatch[]> {
  const { rows } = await db.query<ClaimedDispatch>({
    name: 'claim-dispatches',
    text: `
      update dispatch set lease_until = $4::timestamptz + make_interval(secs => $3)
       where id in (
        select d.id from dispatch d
         where d.connection_id = $1 and d.state = 'waiting' and d.next_at <= $4 and (d.lease_until is null or d.lease_until < $4)
           and not exists (select from dispatch earlier
                            where earlier.order_key = d.order_key and earlier.sequence < d.sequence and earlier.connection_id = $1
                              and earlier.state in ('waiting', 'sending', 'unknown'))
         order by d.urgency desc, d.due_on nulls last, d.sequence
         limit $2 for update skip locked)
      returning ${CLAIMED}`,
    values: [connectionId, limit, leaseSeconds, now],
  })
  return rows
}

/** When the next waiting dispatch of a lane is due, or its lease ends; null when none waits. */
export async function nextDue (db: Db, connectionId: string): Promise<Date | null> {
  const { rows: [row] } = await db.query<{ at: Date | null }>({
    name: 'next-dispatch',
    text: `select min(greatest(next_at, coalesce(lease_until, next_at))) as at from dispatch where connection_id = $1 and state = 'waiting'`,
    values: [connectionId],
  })
  return row?.at ?? null
}

/** Records that an attempt begins, with the packet it will send. False when the dispatch is no longer ours to send. */
export async function beginAttempt (tx: Tx, dispatch: ClaimedDispatch, packet: Buffer, leaseUntil: Date, now: Date): Promise<boolean> {
  const { rowCount } = await tx.query({
    name: 'begin-attempt',
    text: `
      with begun as (
        update dispatch set state = 'sending', attempts = attempts + 1, packet = $2, lease_until = $3, updated_at = $4
         where id = $1 and state = 'waiting' and attempts = $5 returning id, attempts)
      insert into attempt (dispatch_id, number, started_at) select id, attempts, $4 from begun`,
    values: [dispatch.id, packet, leaseUntil, now, dispatch.attempts],
  })
  return rowCount === 1
}

/** Carries out a decision: dispatch, attempt, deliveries and their history. False when somebody else decided meanwhile. */
export async function finishAttempt (tx: Tx, id: string, from: 'sending' | 'unknown', decision: Decision, outcome: string, now: Date): Promise<boolean> {
  const reason = 'reason' in decision ? decision.reason : null
  const { rowCount } = await tx.query({
    name: 'finish-attempt',
    text: `
      with done as (
        update dispatch set state = $3, axis_doc_id = coalesce($4, axis_doc_id), next_at = coalesce($5, next_at), reason = $6, lease_until = null, updated_at = $7
         where id = $1 and state = $2 returning id, attempts
      ), ended as (
        update attempt a set ended_at = $7, outcome = $8, reason = $6 from done where a.dispatch_id = done.id and a.number = done.attempts
      ), moved as (
        update delivery d set state = $3, updated_at = $7 from done where d.dispatch_id = done.id returning d.id
      ), history as (
        insert into delivery_event (delivery_id, at, kind, detail)
        select moved.id, $7, $3, jsonb_strip_nulls(jsonb_build_object('outcome', $8::text, 'axisDocId', $4::text, 'reason', $6::text)) from moved
      )
      select id from done`,
    values: [id, from, decision.state, 'docId' in decision ? decision.docId : null, 'nextAt' in decision ? decision.nextAt : null, reason, now, outcome],
  })
  return rowCount === 1
}

/** Puts a claimed dispatch back, to be looked at later. */
export async function postpone (db: Db, id: string, until: Date, reason: string): Promise<void> {
  await db.query(`update dispatch set next_at = $2, lease_until = null, reason = $3 where id = $1 and state = 'waiting'`, [id, until, reason])
}

/** Adds a line to the history of every delivery of a dispatch. */
export async function noteHistory (db: Db, dispatchId: string, kind: string, detail: Record<string, unknown>, now: Date): Promise<void> {
  await db.query({
    name: 'note-history',
    text: `insert into delivery_event (delivery_id, at, kind, detail) select id, $2, $3, $4 from delivery where dispatch_id = $1`,
    values: [dispatchId, now, kind, JSON.stringify(detail)],
  })
}
