/** Reads an arrival and judges its packet signature, its seal, and the signatures inside its PDFs. */
import { createHash } from 'node:crypto'
import { judgeBySpeakers, sayWhoSpeaks } from '../agencies/certificates.ts'
import { readBlob } from '../blobs/blobs.ts'
import type { Database } from '../database/database.ts'
import type { Limits } from '../edxml/limits.ts'
import type { DocumentPacket, Packet } from '../edxml/packet.ts'
import { openPacket, readPacket } from '../edxml/read.ts'
import { Refusal } from '../errors.ts'
import type { KeepEvidence } from '../evidence/keep.ts'
import type { JudgePdfs } from '../pdf/attachments.ts'
import type { PdfContext } from '../pdf/judge.ts'
import { judgePacket } from '../signing/judge-packet.ts'
import type { Trust } from '../trust/judge.ts'
import type { ToStamp } from '../trust/time/stamp-store.ts'
import { verdictsToStamp } from '../trust/time/stamp.ts'
import { verdictsOf, type PacketVerdicts, type QuarantineReason, type Verdicts } from './arrival.ts'
import type { JudgedPdf } from './pdf-ruling.ts'

export type Read = { packet: Packet, verdicts: Verdicts }

export type Judged =
  | { kind: 'read' } & Read
  | { kind: 'unreadable', reason: QuarantineReason }
  | { kind: 'fault', error: unknown }

/** `passes`: whether the packet passes by these verdicts. What does not goes no further, so nobody needs to know of its files. */
export type Judge = (arrival: { packet: Buffer, fetchedAt: Date }, trust: Trust, passes?: (verdicts: PacketVerdicts) => boolean) => Promise<Judged>

type Needs = { database: Database, limits: Limits, judgePdfs: JudgePdfs, keepEvidence: KeepEvidence, now: () => Date }

export function createJudge ({ database, limits, judgePdfs, keepEvidence, now }: Needs): Judge {
  /** Never throws: a fault of ours must not hold up the arrivals behind it. Once this returns, what the verdicts rest on is kept. */
  return async function judge (arrival, trust, passes = () => true) {
    try {
      const opened = openPacket(await readBlob(database, arrival.packet), limits)
      const read = await readPacket(opened, limits)
      // Judged at the time of receipt: the only time that is proved (trust.md 2.3, rule 9).
      const at = arrival.fetchedAt
      const waited = now().getTime() - at.getTime()
      const { packet, ...ofPacket } = await judgeBySpeakers(database, { code: senderOf(read), at }, (speaksFor) => judgePacket(opened, read, { trust, at, waited, speaksFor }))
      const pdfs = packet.kind === 'document' && passes(ofPacket) ? await judgeFiles(packet, { trust, at, waited }) : []
      const verdicts = { ...ofPacket, pdfs }
      await keepEvidence(verdictsOf(verdicts))
      return { kind: 'read', packet, verdicts }
    } catch (error) {
      if (error instanceof Refusal) return { kind: 'unreadable', reason: { code: error.code, ...error.fault } }
      return { kind: 'fault', error }
    }
  }

  async function judgeFiles (packet: DocumentPacket, context: PdfContext): Promise<JudgedPdf[]> {
    const judged = await sayWhoSpeaks(database, { code: senderOf(packet), at: context.at }, await judgePdfs(packet.attachments, context))
    return judged.flatMap((verdict, index) => {
      const { name, bytes } = packet.attachments[index]!
      return verdict ? [{ number: index + 1, name, sha256: createHash('sha256').update(bytes).digest('hex'), verdict }] : []
    })
  }
}

/** What is time-stamped: each verdict, with the hash of what it is on: the packet, or a file. */
export function toStamp ({ id, packet }: { id: string, packet: Buffer }, { signature, seal, pdfs }: Verdicts): ToStamp[] {
  return [...verdictsToStamp(id, packet, seal ? [signature, seal] : [signature]), ...pdfs.flatMap(({ sha256, verdict }) => verdictsToStamp(id, Buffer.from(sha256, 'hex'), [verdict]))]
}

/** The code of the agency that the packet says it is from. */
export function senderOf (packet: Packet): string {
  return packet.kind === 'document' ? packet.header.from.organId : packet.from.organId
}
