/** Outbound's rows: documents, dispatches, deliveries, attempts. */
import { ATTACHMENT_ROW, attachmentRows, type StoredAttachment } from '../blobs/attachments.ts'
import type { Db, Tx } from '../database/database.ts'
import type { DocumentHeader } from '../edxml/packet.ts'
import type { PdfPolicy } from '../pdf/policy.ts'
import type { PdfVerdict } from '../pdf/verdict.ts'
import type { SignatureVerdict } from '../trust/verdict.ts'

export type NewDocument = {
  id: string, systemId: string, agencyId: string, header: DocumentHeader, attachments: StoredAttachment[], pdfs: readonly (PdfVerdict | null)[], packet: Buffer | null,
  identity: Buffer, signature: SignatureVerdict, submittedBy: string, submittedAt: Date, patienceUntil: Date,
  dispatches: { id: string, connectionId: string, deliveries: { id: string, recipientCode: string, agencyId: string }[] }[]
}

/** The connections there are, oldest first: the first is the one for agencies that no axis listed. With each, what it says of PDFs. */
export async function connectionsOf (db: Db): Promise<{ id: string, pdf: PdfPolicy }[]> {
  const { rows } = await db.query<{ id: string, pdf: PdfPolicy }>({ name: 'connections-of', text: `select id, coalesce(policy -> 'pdf', '{}') as pdf from connection order by created_at, id` })
  return rows
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
        insert into document_attachment (document_id, position, content_id, name, original_name, media_type, description, size, sha256, pdf)
        select stored.id, f.position, f."contentId", f.name, f."originalName", f."contentType", f.description, f.size, decode(f.sha256, 'hex'), nullif($24::jsonb -> (f.position - 1), 'null')
          from stored, jsonb_to_recordset($17) as f${ATTACHMENT_ROW}
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
      attachmentRows(document.attachments),
      `${document.agencyId}/${header.documentId}`, urgencyOf(header), header.dueDate ?? null, document.patienceUntil,
      JSON.stringify(document.dispatches.map(({ id, connectionId }) => ({ id, connectionId }))),
      JSON.stringify(document.dispatches.flatMap(({ id, deliveries }) => deliveries.map((delivery) => ({ ...delivery, dispatchId: id })))),
      JSON.stringify(document.pdfs),
    ],
  })
  return inserted ? { id: inserted.id, isNew: true } : { id: (await findSubmitted(tx, document.agencyId, document.identity))!, isNew: false }
}

/** The very same document, if the agency submitted it before. */
export async function findSubmitted (db: Db, agencyId: string, identity: Buffer): Promise<string | null> {
  const { rows: [document] } = await db.query<{ id: string }>({ name: 'find-submitted', text: 'select id from document where agency_id = $1 and identity = $2', values: [agencyId, identity] })
  return document?.id ?? null
}

/**
 * Lets a document that was submitted again leave once more, where the axis refused it or its patience was over. What may be on the axis
 * already stays for a person: it could double. Gives what will be sent.
 */
export async function sendAgain (tx: Tx, documentId: string, patienceUntil: Date, now: Date): Promise<{ id: string, connectionId: string }[]> {
  const { rows } = await tx.query<{ id: string, connectionId: string }>({
    name: 'send-again',
    text: `
      with again as (
        update dispatch d set state = 'waiting', next_at = $3, patience_until = $2, reason = null, updated_at = $3
         where d.document_id = $1 and d.state in ('refused', 'parked')
           and not exists (select from attempt a where a.dispatch_id = d.id and (a.outcome is null or a.outcome = 'unknown'))
        returning d.id, d.connection_id
      ), moved as (
        update delivery set state = 'waiting', updated_at = $3 from again where delivery.dispatch_id = again.id returning delivery.id
      ), history as (
        insert into delivery_event (delivery_id, at, kind, detail) select id, $3, 'submitted', '{"again": true}' from moved
      )
      select id, connection_id as "connectionId" from again`,
    values: [documentId, patienceUntil, now],
  })
  return rows
}

/** Priority as edXML defines it, 0 to 4; a packet may hold any number. */
function urgencyOf ({ otherInfo }: DocumentHeader): number {
  return Math.min(Math.max(otherInfo?.priority ?? 0, 0), 4)
}

export type ClaimedDispatch = {
  id: string, documentId: string | null, statusId: string | null, attempts: number, patienceUntil: Date, packet: Buffer | null, signedBy: Buffer | null, reason: string | null
}

/**
 * Takes the dispatches of a lane that are due, the most urgent first, for `leaseSeconds`. One that must leave after another
 * (the same document, or the same hand-over's statuses) stays until that one is finished.
 */
export async function claimDue (db: Db, connectionId: string, limit: number, leaseSeconds: number, now: Date): Promise<ClaimedDispatch[]> {
  if (limit <= 0) return []
  const { rows } = await db.query<ClaimedDispatch>({
    name: 'claim-dispatches',
    text: `
      with due as materialized (
        select d.id from dispatch d
         where d.connection_id = $1 and d.state = 'waiting' and d.has_files and d.next_at <= $4 and (d.lease_until is null or d.lease_until < $4)
           and not exists (select from dispatch earlier
                            where earlier.order_key = d.order_key and earlier.sequence < d.sequence and earlier.connection_id = $1
                              and earlier.state in ('waiting', 'sending', 'unknown'))
         order by d.urgency desc, d.due_on nulls last, d.sequence
         limit $2 for update skip locked
      )
      update dispatch d set lease_until = $4::timestamptz + make_interval(secs => $3) from due where d.id = due.id
      returning d.id, d.document_id as "documentId", d.status_id as "statusId", d.attempts, d.patience_until as "patienceUntil", d.packet, d.signed_by as "signedBy", d.reason`,
    values: [connectionId, limit, leaseSeconds, now],
  })
  return rows
}

/** When the next waiting dispatch of a lane is due, or its lease ends; null when none waits. */
export async function nextDue (db: Db, connectionId: string): Promise<Date | null> {
  const { rows: [row] } = await db.query<{ at: Date | null }>({
    name: 'next-dispatch',
    text: `select min(greatest(next_at, coalesce(lease_until, next_at))) as at from dispatch where connection_id = $1 and state = 'waiting' and has_files`,
    values: [connectionId],
  })
  return row?.at ?? null
}

/** Puts a claimed dispatch back, to be looked at later; its deliveries' history says why, once. */
export async function postpone (db: Db, id: string, until: Date, reason: string, now: Date): Promise<void> {
  await db.query(
    `with before as (select id, reason from dispatch where id = $1 and state = 'waiting' for update),
          moved as (update dispatch d set next_at = $2, lease_until = null, reason = $3, updated_at = $4 from before where d.id = before.id)
     insert into delivery_event (delivery_id, at, kind, detail)
     select d.id, $4, 'waiting', jsonb_build_object('reason', $3::text) from delivery d join before on d.dispatch_id = before.id where before.reason is distinct from $3`,
    [id, until, reason, now])
}

/** Adds a line to the history of every delivery of a dispatch. */
export async function noteHistory (db: Db, dispatchId: string, kind: string, detail: Record<string, unknown>, now: Date): Promise<void> {
  await db.query({
    name: 'note-history',
    text: `insert into delivery_event (delivery_id, at, kind, detail) select id, $2, $3, $4 from delivery where dispatch_id = $1`,
    values: [dispatchId, now, kind, JSON.stringify(detail)],
  })
}
