import type { Tx } from '../database/database.ts'
import type { StatusPacket } from '../edxml/packet.ts'
import { isKnown, statusAfter } from './status.ts'

/** What became of a status that came in. `unmatched`: no delivery of ours is meant, as far as can be told. */
export type Applied = { kind: 'applied', deliveryId: string } | { kind: 'unmatched', reason: string }

/**
 * Writes a status that an agency sent back into the history of the delivery it is about. The delivery is found by sender,
 * DocumentId and recipient; failing that by number, notation and date, since some systems send another id back (axis.md 1.5). Of
 * several under one id (an update, a recall) it is the latest that has left.
 */
export async function applyStatus (tx: Tx, packet: StatusPacket, arrivalId: string, now: Date): Promise<Applied> {
  const { rows: [delivery] } = await tx.query<{ id: string, status: string | null }>({
    name: 'find-answered-delivery',
    text: `
      with sender as (select agency_id from agency_code where code = $1), recipient as (select agency_id from agency_code where code = $2)
      select d.id, d.status
        from document doc join delivery d on d.document_id = doc.id
       where doc.agency_id = (select agency_id from sender) and d.agency_id = (select agency_id from recipient)
         and (doc.document_id = $3
              or (upper(doc.number || '/' || doc.notation) = upper($4) and doc.promulgated_on = $5::date))
       order by doc.document_id = $3 desc nulls last, d.state in ('sent', 'unknown') desc, doc.submitted_at desc
       limit 1 for update of d`,
    values: [packet.responseFor.organId, packet.from.organId, packet.responseFor.documentId, packet.responseFor.code, packet.responseFor.promulgationDate ?? null],
  })
  if (!delivery) return { kind: 'unmatched', reason: 'no document of ours to this agency has this DocumentId, or this number, notation and date' }

  const detail = {
    code: packet.statusCode, description: packet.description, staff: packet.staffInfo, timestamp: packet.timestamp, arrival: arrivalId,
    ...(!isKnown(packet.statusCode) && { unknown: true }),
  }
  await tx.query({
    name: 'apply-status',
    text: `
      with changed as (update delivery set status = $2, updated_at = $3 where id = $1 returning id)
      insert into delivery_event (delivery_id, at, kind, detail) select id, $3, 'status', $4 from changed`,
    values: [delivery.id, statusAfter(delivery.status, packet.statusCode), now, JSON.stringify(detail)],
  })
  return { kind: 'applied', deliveryId: delivery.id }
}
