import { Refusal } from '../errors.ts'
import type { RefusalCode } from '../errors.ts'
import { DEFAULT_LIMITS } from './limits.ts'
import type { Limits } from './limits.ts'
import type { Packet } from './packet.ts'

/** What must hold of a packet as a whole, whether it was read or is about to be written. */

export type Checking = { limits: Limits, refuse (code: RefusalCode, field: string, detail?: string): never }

const UNPLACED: Checking = {
  limits: DEFAULT_LIMITS,
  refuse (code, field, detail) { throw new Refusal(code, { field, ...detail === undefined ? {} : { detail } }) },
}

/** Throws a Refusal unless every recipient is named once, and no more are named than the cap allows; for a status, unless it says what it is about. */
export function checkPacket (packet: Packet, checking: Checking = UNPLACED): void {
  if (packet.kind === 'status') {
    const { documentId, code } = packet.responseFor
    if (!documentId && !code) checking.refuse('PACKET_ELEMENT_MISSING', 'MessageHeader.ResponseFor.DocumentId')
    return
  }
  const { to } = packet.header
  if (to.length === 0) checking.refuse('PACKET_ELEMENT_MISSING', 'MessageHeader.To')
  if (to.length > checking.limits.recipients) checking.refuse('PACKET_TOO_MANY', 'MessageHeader.To', `more than ${checking.limits.recipients} recipients`)
  const seen = new Set<string>()
  to.forEach(({ organId }, index) => {
    const code = organId.trim().toUpperCase()
    if (seen.has(code)) checking.refuse('RECIPIENT_DUPLICATE', `MessageHeader.To[${index + 1}].OrganId`, organId)
    seen.add(code)
  })
}
