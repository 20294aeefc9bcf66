import { judgeBySpeakers } from '../agencies/certificates.ts'
import { findAgencies } from '../agencies/registry.ts'
import { clearAlarm, raiseAlarm } from '../alarms/alarms.ts'
import type { Connections, OpenConnection } from '../axis/connections.ts'
import { asStored } from '../blobs/attachments.ts'
import { readBlob, storeBlobs } from '../blobs/blobs.ts'
import type { Database, Tx } from '../database/database.ts'
import { identityOf } from '../edxml/identity.ts'
import type { Limits } from '../edxml/limits.ts'
import { SEAL_NAME, type DocumentPacket, type Packet, type StatusPacket } from '../edxml/packet.ts'
import { openPacket, readPacket } from '../edxml/read.ts'
import { Refusal } from '../errors.ts'
import type { KeepEvidence } from '../evidence/keep.ts'
import type { Log } from '../http/log.ts'
import { judgePacketSignature } from '../signing/packet-signature.ts'
import { judgeSeal } from '../signing/seal.ts'
import type { Trust } from '../trust/judge.ts'
import { alarmText, decideArrival, type QuarantineReason, type Verdicts } from './arrival.ts'
import { askAgain, claimUnjudged, handOn, nextUnjudged, settle, SettledMeanwhile, type Settled, type UnjudgedArrival } from './store.ts'

/** Arrivals judged side by side; they are handed on in the order they came. */
const BATCH = { count: 8, bytes: 64 * 1024 * 1024 }
/** A verdict takes milliseconds; after this, whoever had claimed it is taken for dead. */
const LEASE_SECONDS = 15
const LOOK_AGAIN_MS = 1000
/** How long an arrival waits after a fault of ours, which a person has to mend. */
const FAULT_MS = 60_000

/** What a status that came in is about. Given in by the composition root: it is lifecycle's. */
export type ApplyStatus = (tx: Tx, packet: StatusPacket, arrivalId: string, now: Date) => Promise<{ kind: 'applied' } | { kind: 'unmatched', reason: string }>

type Read = { packet: Packet, verdicts: Verdicts }
type Become = Pick<Settled, 'state'> & Partial<Pick<Settled, 'identity' | 'attachments' | 'reason'>>

type Judged =
  | { kind: 'read' } & Read
  | { kind: 'unreadable', reason: QuarantineReason }
  | { kind: 'fault', error: unknown }

type Needs = { database: Database, connections: Connections, trust: Trust, limits: Limits, applyStatus: ApplyStatus, keepEvidence: KeepEvidence, now: () => Date, log: Log, stopping: AbortSignal }

export function createVerify ({ database, connections, trust, limits, applyStatus, keepEvidence, now, log, stopping }: Needs) {
  /** Judges what has arrived over one connection and hands it on. Returns when to look again, or null. */
  return async function verify (connectionId: string): Promise<Date | null> {
    while (!stopping.aborted) {
      const connection = await connections.open(connectionId)
      if (!connection) return null
      const arrivals = await claimUnjudged(database, connectionId, BATCH, LEASE_SECONDS, now())
      if (arrivals.length === 0) break
      const judged = arrivals.map((arrival) => judge(arrival)) // never throw: awaited one after the other
      for (const [index, arrival] of arrivals.entries()) await carryOut(connection, arrival, await judged[index]!)
    }
    const due = await nextUnjudged(database, connectionId)
    return due && new Date(Math.max(due.getTime(), now().getTime() + LOOK_AGAIN_MS))
  }

  /** Never throws: a fault of ours must not hold up the arrivals behind it. */
  async function judge (arrival: UnjudgedArrival): Promise<Judged> {
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

  /** Throws only when the database is away: what cannot be carried out waits, and a person hears of it. */
  async function carryOut (connection: OpenConnection, arrival: UnjudgedArrival, judged: Judged): Promise<void> {
    try {
      if (judged.kind === 'fault') throw judged.error
      if (judged.kind === 'unreadable') return await quarantine(arrival, judged.reason, null)
      const decision = decideArrival(judged.verdicts, connection.policy, arrival.attempts, now())
      switch (decision.kind) {
        case 'pass': return judged.packet.kind === 'document' ? await deliver(arrival, judged.packet, judged.verdicts) : await apply(arrival, judged.packet, judged.verdicts)
        case 'quarantine': return await quarantine(arrival, decision.reason, judged)
        case 'ask-again': return await wait(arrival, decision.nextAt, decision.reason)
      }
    } catch (error) {
      if (error instanceof SettledMeanwhile) return
      log.error({ err: error, arrivalId: arrival.id }, 'inbound.verify: an arrival could not be judged')
      await wait(arrival, new Date(now().getTime() + FAULT_MS), { code: 'FAULT' })
    }
  }

  async function apply (arrival: UnjudgedArrival, packet: StatusPacket, verdicts: Verdicts): Promise<void> {
    await finish(arrival, { packet, verdicts }, async (tx, at) => {
      const applied = await applyStatus(tx, packet, arrival.id, at)
      return { state: applied.kind, reason: applied.kind === 'unmatched' ? { detail: applied.reason } : null }
    })
  }

  /** Puts a document into the mailbox of each agency of ours that this copy was sent to. */
  async function deliver (arrival: UnjudgedArrival, packet: DocumentPacket, verdicts: Verdicts): Promise<void> {
    const codes = packet.header.to.map((to) => to.organId)
    const agencies = await findAgencies(database, [...codes, ...arrival.listedTo === null ? [] : [arrival.listedTo]])
    const addressed = [...new Map(codes.flatMap((code) => agencies.get(code) ?? []).map((agency) => [agency.id, agency])).values()]
    // The axis gives each recipient a copy of its own; where it does not say whose this is, it is everybody's here.
    const listed = arrival.listedTo === null ? undefined : agencies.get(arrival.listedTo)
    const ours = listed ? addressed.filter((agency) => agency.id === listed.id) : addressed
    if (listed && ours.length === 0) return quarantine(arrival, { code: 'NOT_ADDRESSED', detail: `the axis lists it for ${listed.code}, whom the packet does not name` }, { packet, verdicts })
    const targets = ours.filter((agency) => agency.systemId !== null)
    if (targets.length === 0) return quarantine(arrival, { code: 'NO_MAILBOX', detail: 'no recipient of this packet has a system here' }, { packet, verdicts })

    const identity = identityOf(packet)
    await finish(arrival, { packet, verdicts }, async (tx, at) => {
      const blobs = await storeBlobs(tx, packet.attachments.map((attachment) => attachment.bytes))
      const handedOn = await handOn(tx, { arrivalId: arrival.id, header: packet.header, identity, targets, at })
      return { state: handedOn > 0 ? 'handed-on' : 'duplicate', identity, attachments: asStored(packet.attachments, blobs) }
    })
  }

  async function quarantine (arrival: UnjudgedArrival, reason: QuarantineReason, read: Read | null): Promise<void> {
    await finish(arrival, read, async (tx, at) => {
      await raiseAlarm(tx, log, {
        at, kind: 'arrival.quarantined', subject: arrival.id,
        ...alarmText(reason, read ? senderOf(read.packet) : '', read?.verdicts ?? null),
      })
      return { state: 'quarantined', reason }
    })
  }

  async function wait (arrival: UnjudgedArrival, nextAt: Date, reason: { code: string }): Promise<void> {
    await database.transaction(async (tx) => {
      await askAgain(tx, arrival.id, nextAt, reason)
      await raiseAlarm(tx, log, {
        at: now(), kind: 'arrival.waiting', subject: arrival.id,
        vi: `Một gói tin đến chưa kiểm tra xong, đang chờ (${reason.code})`, en: `An arrival waits for its verdict (${reason.code})`,
      })
    })
  }

  /** What becomes of an arrival, and all that follows from it, in one transaction. */
  async function finish (arrival: UnjudgedArrival, read: Read | null, become: (tx: Tx, at: Date) => Promise<Become>): Promise<void> {
    const at = now()
    if (read) await keepEvidence([read.verdicts.signature, read.verdicts.seal])
    const settled = await database.transaction(async (tx) => {
      const settled = { identity: null, attachments: [], reason: null, ...await become(tx, at) }
      await settle(tx, arrival.id, { packet: read?.packet ?? null, verdicts: read?.verdicts ?? null, at, ...settled })
      if (arrival.attempts > 0) await clearAlarm(tx, log, { at, kind: 'arrival.waiting', subject: arrival.id })
      return settled
    })
    log.info({ arrivalId: arrival.id, reason: settled.reason && 'code' in settled.reason ? settled.reason.code : undefined }, `inbound.verify: the arrival is ${settled.state}`)
  }
}

function senderOf (packet: Packet): string {
  return packet.kind === 'document' ? packet.header.from.organId : packet.from.organId
}
