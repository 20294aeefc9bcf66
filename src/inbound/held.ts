/**
 * Documents that wait for a person, since a PDF of theirs is not what the policy lets pass by itself.
 *
 *   held ── released ──▶ waiting: into the mailbox, behind what is there, with the verdict
 *     └──── refused ───▶ refused: it never was in the mailbox, and status 02 goes back with the reason
 */
import { clearAlarm, type AlarmLog } from '../alarms/alarms.ts'
import { recordAudit } from '../audit/audit.ts'
import { streamBlob } from '../blobs/blobs.ts'
import type { Database, Tx } from '../database/database.ts'
import { Refusal } from '../errors.ts'
import { ATTACHMENTS, RECHECK, type MailboxAttachment, type MailboxFile } from './mailbox.ts'
import type { RecheckState } from './recheck-store.ts'
import { FIRST_OF, lockSequence, type HandOverReason } from './store.ts'

/** Who decides. */
export type Decider = { name: string, keyId: string }

export type HeldItem = {
  id: string, agencyCode: string, createdAt: Date, senderCode: string, documentId: string, number: string, notation: string, promulgatedOn: string | null, subject: string,
  reason: HandOverReason, attachments: MailboxAttachment[], recheck: { state: RecheckState, checkedAt: string | null } | null,
  /** Of what is refused: when a person did, and who. Null: the policy refused it, when it came. */
  decidedAt: Date | null, decidedBy: string | null,
  /** What came for the agency behind it under the same DocumentId, with other content: it may be recalled or replaced. The oldest first. */
  later: { id: string, bussinessDocType: number, createdAt: string }[],
}

/** Of the arrival `a`, for its hand-over `h`. */
const LATER = `
  coalesce((select jsonb_agg(jsonb_build_object('id', n.id, 'bussinessDocType', l.bussiness_doc_type, 'createdAt', n.created_at) order by l.sequence)
              from arrival l join hand_over n on n.arrival_id = l.id
             where l.document_id = a.document_id and l.kind = 'document' and l.sequence > a.sequence
               and n.agency_id = h.agency_id and n.identity <> h.identity and n.state <> 'refused'), '[]') as later`

/** What became of it, and when. */
export type Decided = { id: string, state: 'waiting' | 'acknowledged' | 'refused', decidedAt: Date, decidedBy: string }

/** Sends status 02 back as part of tx. Given in from above: it is lifecycle's. */
export type ReportRefusedBy = (tx: Tx, handOverId: string, description: string, by: Decider) => Promise<unknown>

type Needs = { database: Database, reportRefusedBy: ReportRefusedBy, now: () => Date, log: AlarmLog, onReported: (connectionId: string) => void }

export type Held = ReturnType<typeof createHeld>

export function createHeld ({ database, reportRefusedBy, now, log, onReported }: Needs) {
  /** Carries out a decision once; said again it gives the same answer. Refused for what was decided otherwise, or was never held. */
  async function decide (id: string, state: 'waiting' | 'refused', by: Decider, carryOut: (tx: Tx, at: Date) => Promise<void>): Promise<Decided & { connectionId: string }> {
    return database.transaction(async (tx) => {
      await lockSequence(tx)
      const at = now()
      const { rows: [row] } = await tx.query<Omit<Decided, 'state'> & { state: Decided['state'] | 'held', connectionId: string }>(
        `select h.id, h.state, h.decided_at as "decidedAt", h.decided_by as "decidedBy", a.connection_id as "connectionId"
           from hand_over h join arrival a on a.id = h.arrival_id where h.id = $1 for update of h`, [id])
      if (!row) throw new Refusal('HELD_NOT_FOUND')
      if (row.state === 'held') {
        await carryOut(tx, at)
        await tx.query('update hand_over set decided_at = $2, decided_by = $3 where id = $1', [id, at, by.name])
        await clearAlarm(tx, log, { at, kind: 'hand-over.held', subject: id })
        return { ...row, state, decidedAt: at, decidedBy: by.name }
      }
      if (row.decidedAt === null || (row.state === 'refused') !== (state === 'refused')) throw new Refusal('HELD_SETTLED', { detail: row.state })
      return { ...row, state: row.state }
    })
  }

  return {
    /** What waits for a person, or was refused, the oldest first, with the verdicts; after a cursor (`0`: from the start). */
    async list ({ state, after, limit }: { state: 'held' | 'refused', after: string, limit: number }): Promise<{ items: HeldItem[], next: string | null }> {
      const { rows } = await database.query<HeldItem & { sequence: string }>(
        `select h.id, h.sequence, h.agency_code as "agencyCode", h.created_at as "createdAt", a.sender_code as "senderCode", a.document_id as "documentId", a.number, a.notation,
                a.promulgated_on::text as "promulgatedOn", a.subject, h.reason, h.decided_at as "decidedAt", h.decided_by as "decidedBy", ${RECHECK}, ${ATTACHMENTS}, ${LATER}
           from hand_over h join arrival a on a.id = h.arrival_id where h.state = '${state}' and h.sequence > $1 order by h.sequence limit $2`, [after, limit])
      return { items: rows.map(({ sequence: _, ...item }) => item), next: rows.length === limit ? rows.at(-1)!.sequence : null }
    },

    /** One of its files, by its number, to be looked at before a decision, or after. */
    async attachment (id: string, number: number): Promise<MailboxFile> {
      const { rows: [row] } = await database.query<{ name: string, mediaType: string, size: string, sha256: Buffer }>(
        `select t.name, t.media_type as "mediaType", t.size, t.sha256
           from hand_over h join arrival_attachment t on t.arrival_id = h.arrival_id where h.id = $1 and t.position = $2 and h.reason is not null`, [id, number])
      if (!row) throw new Refusal('ATTACHMENT_NOT_FOUND')
      return { ...row, size: Number(row.size), sha256: row.sha256.toString('hex'), bytes: streamBlob(database, row.sha256) }
    },

    /** Once this returns, the document is in its agency's mailbox, last in the list, with its verdict. */
    async release (id: string, by: Decider): Promise<Decided> {
      const { connectionId: _, ...decided } = await decide(id, 'waiting', by, async (tx, at) => {
        // Last in the list: whoever reads on from a cursor finds it. What has come in meanwhile may be what it follows.
        await tx.query(
          `with related as materialized (
             select o.id from arrival o, arrival a join hand_over mine on mine.arrival_id = a.id
              where mine.id = $1 and ((o.document_id = a.document_id and o.kind = 'document')
                 or (o.sender_code || ' ' || o.number || '/' || o.notation = a.sender_code || ' ' || a.number || '/' || a.notation and o.promulgated_on = a.promulgated_on))
           )
           update hand_over m set state = 'waiting', sequence = default, follows = ${FIRST_OF('m.agency_id', 'm.identity')} where m.id = $1`, [id])
        await recordAudit(tx, { at, actor: by.name, action: 'hand-over.released', subject: id, detail: { key: by.keyId } })
      })
      return decided
    },

    /** Once this returns, the document is refused, and status 02 will go back to its sender with this reason. */
    async refuse (id: string, reason: string, by: Decider): Promise<Decided> {
      if (reason.trim() === '') throw new Refusal('STATUS_REASON_MISSING', { field: 'reason' })
      const { connectionId, ...decided } = await decide(id, 'refused', by, async (tx, at) => {
        await tx.query(`update hand_over set state = 'refused' where id = $1`, [id])
        await recordAudit(tx, { at, actor: by.name, action: 'hand-over.refused', subject: id, detail: { key: by.keyId } })
        await reportRefusedBy(tx, id, reason, by)
      })
      onReported(connectionId)
      return decided
    },
  }
}
