/** What a sender sees of a document: where it stands with every recipient, and how it got there. */
import type { SystemCaller } from '../access/keys.ts'
import type { Db } from '../database/database.ts'
import { Refusal } from '../errors.ts'
import { storedVerdict, type SignatureVerdict } from '../trust/verdict.ts'

export type HistoryEntry = { at: Date, kind: string, detail: Record<string, unknown> }
export type DeliveryView = { recipient: string, state: string, status: string | null, updatedAt: Date, history: HistoryEntry[] }
export type DocumentView = {
  id: string, documentId: string, sender: string, bussinessDocType: number, number: string, notation: string, promulgatedOn: string | null, subject: string,
  submittedAt: Date, signature: SignatureVerdict,
  attachments: { name: string, mediaType: string, size: number, sha256: string }[],
  deliveries: DeliveryView[],
}

/** One document of an agency the caller speaks for. Any other does not exist for the caller. */
export async function viewDocument (db: Db, caller: SystemCaller, id: string): Promise<DocumentView> {
  const { rows: [document] } = await db.query<Omit<DocumentView, 'deliveries'>>({
    name: 'view-document',
    text: `
      select d.id, d.document_id as "documentId", d.sender_code as sender, d.bussiness_doc_type as "bussinessDocType", d.number, d.notation,
             d.promulgated_on::text as "promulgatedOn", d.subject, d.submitted_at as "submittedAt", d.signature,
             coalesce((select jsonb_agg(jsonb_build_object('name', t.name, 'mediaType', t.media_type, 'size', t.size, 'sha256', encode(t.sha256, 'hex')) order by t.position)
                         from document_attachment t where t.document_id = d.id), '[]') as attachments
        from document d where d.id = $1 and d.agency_id = any($2)`,
    values: [id, [...caller.agencyIds]],
  })
  if (!document) throw new Refusal('DOCUMENT_NOT_FOUND')
  const { rows } = await db.query<Omit<DeliveryView, 'history'> & HistoryEntry>({
    name: 'view-deliveries',
    text: `
      select d.recipient_code as recipient, d.state, d.status, d.updated_at as "updatedAt", e.at, e.kind, e.detail
        from delivery d join delivery_event e on e.delivery_id = d.id
       where d.document_id = $1 order by d.id, e.at, e.id`,
    values: [id],
  })
  const deliveries = new Map<string, DeliveryView>()
  for (const { at, kind, detail, ...delivery } of rows) {
    const known = deliveries.get(delivery.recipient)
    if (known) known.history.push({ at, kind, detail })
    else deliveries.set(delivery.recipient, { ...delivery, history: [{ at, kind, detail }] })
  }
  return { ...document, signature: storedVerdict(document.signature, document.submittedAt), deliveries: [...deliveries.values()] }
}
