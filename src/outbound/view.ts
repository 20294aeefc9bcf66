/** What a sender sees of a document: where it stands with every recipient, and how it got there. */
import type { SystemCaller } from '../access/keys.ts'
import { streamBlob } from '../blobs/blobs.ts'
import type { Db } from '../database/database.ts'
import { Refusal } from '../errors.ts'
import type { FileToSend } from '../http/file.ts'
import type { SignatureLevel } from '../pdf/sign/request.ts'
import type { PdfVerdict } from '../pdf/verdict.ts'
import { storedVerdict, type SignatureVerdict } from '../trust/verdict.ts'
import type { SigningState } from './signing-store.ts'

export type HistoryEntry = { at: Date, kind: string, detail: Record<string, unknown> }
export type DeliveryView = { recipient: string, state: string, status: string | null, updatedAt: Date, history: HistoryEntry[] }
/** A file as it was submitted, and `pdf` the verdict on it. `signing`: the agency's signature that was asked for; `size` and `sha256` there are the file's that leaves. */
export type AttachmentView = {
  number: number, name: string, mediaType: string, size: number, sha256: string, pdf: PdfVerdict | null
  signing: {
    as: string, state: SigningState, wanted: SignatureLevel, level: SignatureLevel | null, reason: string | null, signedAt: string | null,
    size: number | null, sha256: string | null, pdf: PdfVerdict | null
  } | null
}
export type DocumentView = {
  id: string, documentId: string, sender: string, bussinessDocType: number, number: string, notation: string, promulgatedOn: string | null, subject: string,
  submittedAt: Date, signature: SignatureVerdict,
  attachments: AttachmentView[],
  deliveries: DeliveryView[],
}

/** One document of an agency the caller speaks for. Any other does not exist for the caller. */
export async function viewDocument (db: Db, caller: SystemCaller, id: string): Promise<DocumentView> {
  const { rows: [document] } = await db.query<Omit<DocumentView, 'deliveries'>>({
    name: 'view-document',
    text: `
      select d.id, d.document_id as "documentId", d.sender_code as sender, d.bussiness_doc_type as "bussinessDocType", d.number, d.notation,
             d.promulgated_on::text as "promulgatedOn", d.subject, d.submitted_at as "submittedAt", d.signature,
             coalesce((select jsonb_agg(jsonb_build_object(
                                'number', t.position, 'name', t.name, 'mediaType', t.media_type, 'size', t.size, 'sha256', encode(t.sha256, 'hex'), 'pdf', t.pdf,
                                'signing', case when s.document_id is not null then jsonb_build_object(
                                  'as', s.request ->> 'as', 'state', s.state, 'wanted', s.wanted, 'level', s.level, 'reason', s.reason, 'signedAt', s.signed_at,
                                  'size', (select b.size from blob b where b.sha256 = s.sha256), 'sha256', encode(s.sha256, 'hex'), 'pdf', s.verdict) end) order by t.position)
                         from document_attachment t left join pdf_signing s using (document_id, position) where t.document_id = d.id), '[]') as attachments
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

/** One file as it leaves, by its number (from 1): signed, where that was asked for. Another system's document does not exist for the caller. */
export async function documentFile (db: Db, caller: SystemCaller, id: string, number: number): Promise<FileToSend> {
  const { rows: [row] } = await db.query<{ name: string, mediaType: string, size: string, sha256: Buffer, isReady: boolean }>(
    `select t.name, t.media_type as "mediaType", b.size, b.sha256, s.state is null or s.state = 'finished' as "isReady"
       from document d join document_attachment t on t.document_id = d.id left join pdf_signing s on (s.document_id, s.position) = (t.document_id, t.position) join blob b on b.sha256 = coalesce(s.sha256, t.sha256)
      where d.id = $1 and d.agency_id = any($2) and t.position = $3`,
    [id, [...caller.agencyIds], number])
  if (!row) throw new Refusal('ATTACHMENT_NOT_FOUND')
  const { isReady, ...file } = row
  if (!isReady) throw new Refusal('ATTACHMENT_BEING_SIGNED')
  return { ...file, size: Number(file.size), sha256: file.sha256.toString('hex'), bytes: streamBlob(db, file.sha256) }
}
