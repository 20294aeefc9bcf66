/** Reads an arrival and judges its packet signature and its seal. */
import { judgeBySpeakers } from '../agencies/certificates.ts'
import { readBlob } from '../blobs/blobs.ts'
import type { Database } from '../database/database.ts'
import type { Limits } from '../edxml/limits.ts'
import { SEAL_NAME, type Packet } from '../edxml/packet.ts'
import { openPacket, readPacket } from '../edxml/read.ts'
import { Refusal } from '../errors.ts'
import { judgePacketSignature } from '../signing/packet-signature.ts'
import { judgeSeal } from '../signing/seal.ts'
import type { Trust } from '../trust/judge.ts'
import type { QuarantineReason, Verdicts } from './arrival.ts'

export type Read = { packet: Packet, verdicts: Verdicts }

export type Judged =
  | { kind: 'read' } & Read
  | { kind: 'unreadable', reason: QuarantineReason }
  | { kind: 'fault', error: unknown }

export type Judge = (arrival: { packet: Buffer, fetchedAt: Date }, trust: Trust) => Promise<Judged>

export function createJudge ({ database, limits }: { database: Database, limits: Limits }): Judge {
  /** Never throws: a fault of ours must not hold up the arrivals behind it. */
  return async function judge (arrival, trust) {
    try {
      const opened = openPacket(await readBlob(database, arrival.packet), limits)
      const packet = await readPacket(opened, limits)
      // Judged at the time of receipt: the only time that is proved (trust.md 2.3, rule 9).
      const at = arrival.fetchedAt
      return await judgeBySpeakers(database, { code: senderOf(packet), at }, (speaksFor): Judged => {
        const context = { trust, at, speaksFor }
        const signature = judgePacketSignature(opened, context)
        if (packet.kind === 'status') return { kind: 'read', packet, verdicts: { signature, seal: null } }
        const [sealed, second] = packet.attachments.filter((attachment) => attachment.name === SEAL_NAME)
        if (second) throw new Refusal('ATTACHMENT_NAME_RESERVED', { field: 'Attachment.AttachmentName', detail: 'a document has one seal' })
        const document = { ...packet, attachments: packet.attachments.filter((attachment) => attachment !== sealed) }
        return { kind: 'read', packet: document, verdicts: { signature, seal: judgeSeal(sealed, document, context) } }
      })
    } catch (error) {
      if (error instanceof Refusal) return { kind: 'unreadable', reason: { code: error.code, ...error.fault } }
      return { kind: 'fault', error }
    }
  }
}

/** The code of the agency that the packet says it is from. */
export function senderOf (packet: Packet): string {
  return packet.kind === 'document' ? packet.header.from.organId : packet.from.organId
}
