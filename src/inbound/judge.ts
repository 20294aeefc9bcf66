/** Reads an arrival and judges its packet signature and its seal. */
import { judgeBySpeakers } from '../agencies/certificates.ts'
import { readBlob } from '../blobs/blobs.ts'
import type { Database } from '../database/database.ts'
import type { Limits } from '../edxml/limits.ts'
import type { Packet } from '../edxml/packet.ts'
import { openPacket, readPacket } from '../edxml/read.ts'
import { Refusal } from '../errors.ts'
import type { KeepEvidence } from '../evidence/keep.ts'
import { judgePacket } from '../signing/judge-packet.ts'
import type { Trust } from '../trust/judge.ts'
import { verdictsOf, type QuarantineReason, type Verdicts } from './arrival.ts'

export type Read = { packet: Packet, verdicts: Verdicts }

export type Judged =
  | { kind: 'read' } & Read
  | { kind: 'unreadable', reason: QuarantineReason }
  | { kind: 'fault', error: unknown }

export type Judge = (arrival: { packet: Buffer, fetchedAt: Date }, trust: Trust) => Promise<Judged>

type Needs = { database: Database, limits: Limits, keepEvidence: KeepEvidence, now: () => Date }

export function createJudge ({ database, limits, keepEvidence, now }: Needs): Judge {
  /** Never throws: a fault of ours must not hold up the arrivals behind it. Once this returns, what the verdicts rest on is kept. */
  return async function judge (arrival, trust) {
    try {
      const opened = openPacket(await readBlob(database, arrival.packet), limits)
      const read = await readPacket(opened, limits)
      // Judged at the time of receipt: the only time that is proved (trust.md 2.3, rule 9).
      const at = arrival.fetchedAt
      const waited = now().getTime() - at.getTime()
      const { packet, ...verdicts } = await judgeBySpeakers(database, { code: senderOf(read), at }, (speaksFor) => judgePacket(opened, read, { trust, at, waited, speaksFor }))
      await keepEvidence(verdictsOf(verdicts))
      return { kind: 'read', packet, verdicts }
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
