import { certificatesOf } from '../agencies/certificates.ts'
import { findAgencies } from '../agencies/registry.ts'
import { raiseAlarm } from '../alarms/alarms.ts'
import type { Connections, OpenConnection } from '../axis/connections.ts'
import { readBlob, storeBlobs } from '../blobs/blobs.ts'
import type { Database, Tx } from '../database/database.ts'
import { identityOf } from '../edxml/identity.ts'
import type { Limits } from '../edxml/limits.ts'
import { SEAL_NAME, type DocumentPacket, type Packet, type StatusPacket } from '../edxml/packet.ts'
import { openPacket, readPacket } from '../edxml/read.ts'
import { Refusal } from '../errors.ts'
import type { Log } from '../http/log.ts'
import { judgePacketSignature } from '../signing/packet-signature.ts'
import { judgeSeal } from '../signing/seal.ts'
import type { TrustStore } from '../trust/store.ts'
import { decideArrival, type QuarantineReason, type Verdicts } from './arrival.ts'
import { askAgain, claimUnjudged, handOn, nextUnjudged, settle, type UnjudgedArrival } from './store.ts'

/** Arrivals judged side by side; they are handed on in the order they came. */
const BATCH = 8
/** A verdict takes milliseconds; after this, whoever had claimed it is taken for dead. */
const LEASE_SECONDS = 15
const LOOK_AGAIN_MS = 1000
/** How long an arrival waits after a fault of ours, which a person has to mend. */
const FAULT_MS = 60_000

/** What a status that came in is about. Given in by the composition root: it is lifecycle's. */
export type ApplyStatus = (tx: Tx, packet: StatusPacket, arrivalId: string, now: Date) => Promise<{ kind: 'applied' } | { kind: 'unmatched', reason: string }>

type Judged =
  | { kind: 'read', packet: Packet, verdicts: Verdicts }
  | { kind: 'unreadable', reason: QuarantineReason }
  | { kind: 'fault', error: unknown }

type Needs = { database: Database, connections: Connections, trust: TrustStore, limits: Limits, applyStatus: ApplyStatus, now: () => Date, log: Log }

export function createVerify ({ database, connections, trust, limits, applyStatus, now, log }: Needs) {
  /** Judges what has arrived over one connection and hands it on. Returns when to look again, or null. */
  return async function verify (connectionId: string): Promise<Date | null> {
    const connection = await connections.open(connectionId)
    if (!connection) return null
    for (;;) {
      const arrivals = await claimUnjudged(database, connectionId, BATCH, LEASE_SECONDS, now())
      if (arrivals.length === 0) break
      const judged = arrivals.map((arrival) => judge(arrival))
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
      const sender = packet.kind === 'document' ? packet.header.from.organId : packet.from.organId
      const speakers = await certificatesOf(database, sender)
      // Judged at the time of receipt: the only time that is proved (trust.md 2.3, rule 9).
      const context = { trust, at: arrival.fetchedAt, speaksFor: (fingerprint: string) => speakers.size === 0 ? 'unknown' as const : speakers.has(fingerprint) }
      const signature = judgePacketSignature(opened, context)
      if (packet.kind === 'status') return { kind: 'read', packet, verdicts: { signature, seal: null } }
      const document = { ...packet, attachments: packet.attachments.filter((attachment) => attachment.name !== SEAL_NAME) }
      const seal = judgeSeal(packet.attachments.find((attachment) => attachment.name === SEAL_NAME), document, context)
      return { kind: 'read', packet: document, verdicts: { signature, seal } }
    } catch (error) {
      if (error instanceof Refusal) return { kind: 'unreadable', reason: { code: error.code, ...error.fault } }
      return { kind: 'fault', error }
    }
  }

  async function carryOut (connection: OpenConnection, arrival: UnjudgedArrival, judged: Judged): Promise<void> {
    const at = now()
    if (judged.kind === 'fault') {
      log.error({ err: judged.error, arrivalId: arrival.id }, 'inbound.verify: an arrival could not be judged')
      return askAgain(database, arrival.id, new Date(at.getTime() + FAULT_MS))
    }
    if (judged.kind === 'unreadable') return quarantine(arrival, judged.reason, null)

    const decision = decideArrival(judged.verdicts, connection.policy, arrival.attempts, at)
    switch (decision.kind) {
      case 'ask-again': return askAgain(database, arrival.id, decision.nextAt)
      case 'quarantine': return quarantine(arrival, decision.reason, judged)
      case 'pass': break
    }
    const { packet, verdicts } = judged
    if (packet.kind === 'document') return deliver(arrival, packet, verdicts)
    await database.transaction(async (tx) => {
      const applied = await applyStatus(tx, packet, arrival.id, at)
      await settle(tx, arrival.id, { state: applied.kind, packet, verdicts, identity: null, attachments: [], reason: applied.kind === 'unmatched' ? { detail: applied.reason } : null, at })
    })
  }

  /** Puts a document into the mailbox of each agency of ours that this copy was sent to. */
  async function deliver (arrival: UnjudgedArrival, packet: DocumentPacket, verdicts: Verdicts): Promise<void> {
    const at = now()
    const agencies = await findAgencies(database, [...packet.header.to.map((to) => to.organId), ...arrival.listedTo === null ? [] : [arrival.listedTo]])
    // The axis gives each recipient a copy of its own; where it does not say whose this is, it is everybody's here.
    const listed = arrival.listedTo === null ? undefined : agencies.get(arrival.listedTo)
    const targets = [...new Map((listed ? [listed] : [...agencies.values()]).map((agency) => [agency.id, agency])).values()]
      .flatMap(({ systemId, ...agency }) => systemId === null ? [] : [{ ...agency, systemId }])
    if (targets.length === 0) return quarantine(arrival, { code: 'NO_MAILBOX', detail: 'no recipient of this packet has a system here' }, { packet, verdicts })

    const identity = identityOf(packet)
    await database.transaction(async (tx) => {
      const blobs = await storeBlobs(tx, packet.attachments.map((attachment) => attachment.bytes))
      const attachments = packet.attachments.map((attachment, index) => ({ ...attachment, ...blobs[index]! }))
      const handedOn = await handOn(tx, { arrivalId: arrival.id, header: packet.header, identity, targets, at })
      await settle(tx, arrival.id, { state: handedOn > 0 ? 'handed-on' : 'duplicate', packet, verdicts, identity, attachments, reason: null, at })
    })
  }

  async function quarantine (arrival: UnjudgedArrival, reason: QuarantineReason, read: { packet: Packet, verdicts: Verdicts } | null): Promise<void> {
    const at = now()
    await settle(database, arrival.id, { state: 'quarantined', packet: read?.packet ?? null, verdicts: read?.verdicts ?? null, identity: null, attachments: [], reason, at })
    await raiseAlarm(database, log, {
      at, kind: 'arrival.quarantined', subject: arrival.id,
      vi: `Một gói tin đến được giữ lại để xem xét (${reason.code})`, en: `An arrival is in quarantine (${reason.code})`,
    })
  }
}
