/** A mailbox is the arrivals that wait for the agencies of one system: read as often as it likes, gone from the list once acknowledged. */
import type { SystemCaller } from '../access/keys.ts'
import { recordAudit } from '../audit/audit.ts'
import { streamBlob } from '../blobs/blobs.ts'
import type { Database, Tx } from '../database/database.ts'
import type { DocumentHeader, Warning } from '../edxml/packet.ts'
import { Refusal } from '../errors.ts'
import type { Log } from '../http/log.ts'
import type { PdfStanding } from '../pdf/policy.ts'
import type { PdfVerdict } from '../pdf/verdict.ts'
import { storedVerdict, type SignatureVerdict } from '../trust/verdict.ts'
import type { RecheckState } from './recheck-store.ts'

export type MailboxEntry = {
  id: string, sequence: string, agencyCode: string, state: 'waiting' | 'acknowledged', status: string | null,
  createdAt: Date, acknowledgedAt: Date | null,
  senderCode: string, documentId: string, bussinessDocType: number, number: string, notation: string, promulgatedOn: string | null, subject: string,
  /** The agency's first item under the same DocumentId (or sender, date, number and notation), which this one updates, recalls or replaces. */
  follows: string | null,
  /** How the worst of its PDFs stands: anything but `valid` is a mark. Null: it has none, or was judged by an earlier version. */
  pdf: PdfStanding | null,
  /** A person let it pass. */
  releasedAt: Date | null,
}

export type MailboxAttachment = { number: number, name: string, originalName: string, mediaType: string, description: string | null, size: number, sha256: string, pdf: PdfVerdict | null }

export type MailboxItem = MailboxEntry & {
  header: DocumentHeader, attachments: MailboxAttachment[], warnings: Warning[], signature: SignatureVerdict, seal: SignatureVerdict | null,
  /** Set if it passed although it was not known whether its signers were revoked, or one of them turned out later to be revoked by then. */
  recheck: { state: RecheckState, checkedAt: string | null } | null
}

/** A file to be sent to the caller as it is read. */
export type MailboxFile = { name: string, mediaType: string, size: number, sha256: string, bytes: AsyncIterable<Buffer> }

/** Reports 01 as part of tx. Given in by the composition root: it is lifecycle's. */
export type ReportArrived = (tx: Tx, handOverId: string, reportedBy: SystemCaller) => Promise<unknown>

const ENTRY = `
  h.id, h.sequence, h.agency_code as "agencyCode", h.state, h.status, h.created_at as "createdAt", h.acknowledged_at as "acknowledgedAt",
  a.sender_code as "senderCode", a.document_id as "documentId", a.bussiness_doc_type as "bussinessDocType", a.number, a.notation,
  a.promulgated_on::text as "promulgatedOn", a.subject, h.follows, a.pdf, h.decided_at as "releasedAt"`

/** Of the arrival `a`, for an item. */
export const RECHECK = `(select jsonb_build_object('state', r.state, 'checkedAt', r.checked_at) from arrival_recheck r where r.arrival_id = a.id) as recheck`
export const ATTACHMENTS = `coalesce((select jsonb_agg(jsonb_build_object('number', t.position, 'name', t.name, 'originalName', t.original_name, 'mediaType', t.media_type,
                                                        'description', t.description, 'size', t.size, 'sha256', encode(t.sha256, 'hex'), 'pdf', t.pdf) order by t.position)
                      from arrival_attachment t where t.arrival_id = a.id), '[]') as attachments`

/** What is held or refused is not in the mailbox. */
const IN_MAILBOX = `('waiting', 'acknowledged')`

type Needs = { database: Database, reportArrived: ReportArrived, now: () => Date, log: Log, onReported: (connectionId: string) => void }

export type Mailbox = ReturnType<typeof createMailbox>

export function createMailbox ({ database, reportArrived, now, log, onReported }: Needs) {
  return {
    /** What waits for the agencies that the caller speaks for (or all that ever came), oldest first, after a cursor (`0`: from the start). */
    async list (caller: SystemCaller, { state, after, limit }: { state: 'waiting' | 'all', after: string, limit: number }): Promise<MailboxEntry[]> {
      const { rows } = await database.query<MailboxEntry>({
        name: `list-mailbox-${state}`,
        text: `
          with page as materialized (
            select first.id from unnest($1::bigint[]) as mine(id) cross join lateral (
              select id, sequence from hand_over where agency_id = mine.id and sequence > $2 and state ${state === 'waiting' ? `= 'waiting'` : `in ${IN_MAILBOX}`} order by sequence limit $3
            ) first order by first.sequence limit $3
          )
          select ${ENTRY} from page join hand_over h on h.id = page.id join arrival a on a.id = h.arrival_id order by h.sequence`,
        values: [[...caller.agencyIds], after, limit],
      })
      return rows
    },

    /** One item with its fields, files and verdicts. Another system's item does not exist for the caller. */
    async read (caller: SystemCaller, id: string): Promise<MailboxItem> {
      const { rows: [row] } = await database.query<MailboxItem & { fetchedAt: Date }>({
        name: 'read-mailbox-item',
        text: `select ${ENTRY}, a.fetched_at as "fetchedAt", a.header, a.warnings, a.signature, a.seal,
                      ${RECHECK}, ${ATTACHMENTS}
                 from hand_over h join arrival a on a.id = h.arrival_id where h.id = $1 and h.agency_id = any($2) and h.state in ${IN_MAILBOX}`,
        values: [id, [...caller.agencyIds]],
      })
      if (!row) throw new Refusal('MAILBOX_ITEM_NOT_FOUND')
      const { fetchedAt, ...item } = row
      return { ...item, signature: storedVerdict(item.signature, fetchedAt), seal: item.seal && storedVerdict(item.seal, fetchedAt) }
    },

    /** The packet as it came from the axis, byte for byte. */
    async packet (caller: SystemCaller, id: string): Promise<MailboxFile> {
      const { rows: [row] } = await database.query<{ sha256: Buffer, size: string }>(
        `select a.packet as sha256, b.size from hand_over h join arrival a on a.id = h.arrival_id join blob b on b.sha256 = a.packet
          where h.id = $1 and h.agency_id = any($2) and h.state in ${IN_MAILBOX}`, [id, [...caller.agencyIds]])
      if (!row) throw new Refusal('MAILBOX_ITEM_NOT_FOUND')
      return { name: `${id}.edxml`, mediaType: 'application/xml', size: Number(row.size), sha256: row.sha256.toString('hex'), bytes: streamBlob(database, row.sha256) }
    },

    /** One attachment, unwrapped, by its number in the item (from 1). */
    async attachment (caller: SystemCaller, id: string, number: number): Promise<MailboxFile> {
      const { rows: [row] } = await database.query<{ name: string, mediaType: string, size: string, sha256: Buffer }>(
        `select t.name, t.media_type as "mediaType", t.size, t.sha256
           from hand_over h join arrival_attachment t on t.arrival_id = h.arrival_id where h.id = $1 and h.agency_id = any($2) and h.state in ${IN_MAILBOX} and t.position = $3`,
        [id, [...caller.agencyIds], number])
      if (!row) throw new Refusal('ATTACHMENT_NOT_FOUND')
      return { ...row, size: Number(row.size), sha256: row.sha256.toString('hex'), bytes: streamBlob(database, row.sha256) }
    },

    /** The system has taken the document over. Done once however often it is said; status 01 goes back to the sender by itself. */
    async acknowledge (caller: SystemCaller, id: string): Promise<{ acknowledgedAt: Date }> {
      const done = await database.transaction(async (tx) => {
        const at = now()
        const { rows: [row] } = await tx.query<{ acknowledgedAt: Date, isNew: boolean, connectionId: string }>({
          name: 'acknowledge',
          text: `
            with before as (select id, state, acknowledged_at, arrival_id from hand_over where id = $1 and agency_id = any($2) and state in ${IN_MAILBOX} for update),
                 done as (update hand_over h set state = 'acknowledged', acknowledged_at = $3 from before where h.id = before.id and before.state = 'waiting')
            select coalesce(before.acknowledged_at, $3) as "acknowledgedAt", before.state = 'waiting' as "isNew", a.connection_id as "connectionId"
              from before join arrival a on a.id = before.arrival_id`,
          values: [id, [...caller.agencyIds], at],
        })
        if (!row) throw new Refusal('MAILBOX_ITEM_NOT_FOUND')
        if (row.isNew) {
          await recordAudit(tx, { at, actor: caller.name, action: 'hand-over.acknowledged', subject: id, detail: { key: caller.keyId } })
          await reportArrived(tx, id, caller)
        }
        return row
      })
      if (done.isNew) {
        log.info({ handOverId: id, key: caller.keyId }, 'inbound.mailbox: the hand-over is acknowledged')
        onReported(done.connectionId)
      }
      return { acknowledgedAt: done.acknowledgedAt }
    },

    /** Refuses an item that the caller may not report on, or has not acknowledged. Gives the connection that its statuses leave by. */
    async reportable (caller: SystemCaller, id: string): Promise<{ connectionId: string }> {
      const { rows: [row] } = await database.query<{ state: string, connectionId: string }>(
        `select h.state, a.connection_id as "connectionId" from hand_over h join arrival a on a.id = h.arrival_id where h.id = $1 and h.agency_id = any($2) and h.state in ${IN_MAILBOX}`,
        [id, [...caller.agencyIds]])
      if (!row) throw new Refusal('MAILBOX_ITEM_NOT_FOUND')
      if (row.state === 'waiting') throw new Refusal('MAILBOX_NOT_ACKNOWLEDGED')
      return { connectionId: row.connectionId }
    },
  }
}
