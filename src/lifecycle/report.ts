import { v7 as newId } from 'uuid'
import type { SystemCaller } from '../access/keys.ts'
import { recordAudit } from '../audit/audit.ts'
import type { Tx } from '../database/database.ts'
import type { StatusPacket } from '../edxml/packet.ts'
import { vietnamTimestamp } from '../edxml/dates.ts'
import { writePacket } from '../edxml/write.ts'
import { Refusal } from '../errors.ts'
import { mayReport, NEEDS_REASON, STATUSES, type Reportable } from './status.ts'

/** What a person did with the document, as the status packet tells it. */
export type Staff = { department?: string, staff?: string, mobile?: string, email?: string }

/** The system that reports, or whose acknowledgement is reported. */
export type Reporter = Pick<SystemCaller, 'keyId' | 'name'>

export type Report = { handOverId: string, code: '01' | Reportable, description?: string, staff?: Staff, reportedBy: Reporter, automatic: boolean }

/** Puts a status packet into the lane of a connection, as part of tx. Given in by the composition root: it is outbound's. */
export type DispatchStatus = (tx: Tx, status: { statusId: string, connectionId: string, orderKey: string, at: Date }) => Promise<void>

type Held = {
  id: string, agencyCode: string, agencyName: string, status: string | null, connectionId: string,
  senderCode: string, documentId: string, number: string, notation: string, promulgatedOn: string | null
}

type Needs = { dispatchStatus: DispatchStatus, now: () => Date }

export function createReport ({ dispatchStatus, now }: Needs) {
  /** Sends a status back to the agency a document came from. Once tx commits, it will be sent, after those reported before it. */
  return async function report (tx: Tx, { handOverId, code, description, staff, reportedBy, automatic }: Report): Promise<{ id: string, code: string, reportedAt: Date }> {
    const held = await holdHandOver(tx, handOverId)
    if (code !== '01') {
      if (!mayReport(held.status, code)) throw new Refusal('STATUS_NOT_ALLOWED', { field: 'code', detail: `${code} after ${held.status ?? 'none'}` })
      if (NEEDS_REASON.includes(code) && !description?.trim()) throw new Refusal('STATUS_REASON_MISSING', { field: 'description' })
    }
    const at = now()
    const statusId = newId()
    const packet: StatusPacket = {
      kind: 'status',
      from: { organId: held.agencyCode, organName: held.agencyName },
      responseFor: {
        organId: held.senderCode,
        code: `${held.number}/${held.notation}`,
        ...(held.promulgatedOn !== null && { promulgationDate: held.promulgatedOn }),
        documentId: held.documentId,
      },
      ...(staff && { staffInfo: staff }),
      statusCode: code,
      description: description?.trim() || STATUSES[code].vi,
      timestamp: vietnamTimestamp(at),
      warnings: [],
    }
    await writePacket(packet) // refuses what no packet can hold, such as a control character, before anything is stored
    await tx.query(
      `insert into status (id, hand_over_id, code, packet_fields, automatic, reported_by, reported_at) values ($1, $2, $3, $4, $5, $6, $7)`,
      [statusId, handOverId, code, JSON.stringify(packet), automatic, reportedBy.keyId, at])
    await tx.query('update hand_over set status = $2 where id = $1', [handOverId, code])
    await recordAudit(tx, { at, actor: reportedBy.name, action: 'status.reported', subject: handOverId, detail: { key: reportedBy.keyId, code, automatic } })
    await dispatchStatus(tx, { statusId, connectionId: held.connectionId, orderKey: `hand-over/${handOverId}`, at })
    return { id: statusId, code, reportedAt: at }
  }
}

/** Locks the hand-over, so that two reports at once are judged one after the other. */
async function holdHandOver (tx: Tx, id: string): Promise<Held> {
  const { rows: [row] } = await tx.query<Held>({
    name: 'hold-hand-over',
    text: `
      select h.id, h.agency_code as "agencyCode", g.name as "agencyName", h.status, a.connection_id as "connectionId",
             a.sender_code as "senderCode", a.document_id as "documentId", a.number, a.notation, a.promulgated_on::text as "promulgatedOn"
        from hand_over h join arrival a on a.id = h.arrival_id join agency g on g.id = h.agency_id
       where h.id = $1 for update of h`,
    values: [id],
  })
  if (!row) throw new Refusal('MAILBOX_ITEM_NOT_FOUND')
  return row
}
