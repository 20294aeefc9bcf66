import { findAgencies } from '../agencies/registry.ts'
import { clearAlarm, raiseAlarm } from '../alarms/alarms.ts'
import type { Connections, OpenConnection } from '../axis/connections.ts'
import { asStored } from '../blobs/attachments.ts'
import { storeBlobs } from '../blobs/blobs.ts'
import type { Database, Tx } from '../database/database.ts'
import { identityOf } from '../edxml/identity.ts'
import type { DocumentPacket, StatusPacket } from '../edxml/packet.ts'
import type { Log } from '../http/log.ts'
import type { NoteForStamping } from '../trust/time/stamp.ts'
import type { SignatureVerdict } from '../trust/verdict.ts'
import { alarmText, askAgainAt, decideArrival, unregisteredSigner, verdictsOf, type ArrivalDecision, type PacketVerdicts, type QuarantineReason, type Verdicts } from './arrival.ts'
import { senderOf, toStamp, type Judge, type Judged, type Read } from './judge.ts'
import { heldText, refusalText, rulePdfs, waitReason } from './pdf-ruling.ts'
import { missingOf, type Recheck, type TrustFor } from './recheck.ts'
import { bringForward } from './recheck-store.ts'
import { lookForApproval } from './judge-again.ts'
import { askAgain, claimUnjudged, handOn, nextUnjudged, renewClaims, settle, SettledMeanwhile, type HandedOn, type Settled, type Target, type UnjudgedArrival } from './store.ts'

/** Arrivals judged side by side; they are handed on in the order they came. */
const BATCH = { count: 8, bytes: 64 * 1024 * 1024 }
/** A verdict takes milliseconds, but for large PDFs: while it is made, the claim is renewed. After this, whoever had claimed it is taken for dead. */
const LEASE_SECONDS = 15
const RENEW_MS = 5000
const LOOK_AGAIN_MS = 1000
/** How long an arrival waits after a fault of ours, which a person has to mend. */
const FAULT_MS = 60_000

/** What a status that came in is about. Given in by the composition root: it is lifecycle's. */
export type ApplyStatus = (tx: Tx, packet: StatusPacket, arrivalId: string, now: Date) => Promise<{ kind: 'applied' } | { kind: 'unmatched', reason: string }>

/** Sends status 02 back as part of tx, by itself. Given in by the composition root: it is lifecycle's. */
export type ReportRefused = (tx: Tx, handOverId: string, description: string) => Promise<unknown>

/** What becomes of a document at an agency, by what the policy makes of its PDFs. */
const STATE_BY = { mark: 'waiting', hold: 'held', refuse: 'refused' } as const

/** `isRefused`: nobody has accepted it. */
type Become = Pick<Settled, 'state'> & Partial<Pick<Settled, 'identity' | 'attachments' | 'reason'>> & { isRefused?: boolean, also?: () => Promise<void> }

type Needs = { database: Database, connections: Connections, judge: Judge, trust: TrustFor, meet: (verdict: SignatureVerdict) => void, recheck: Recheck, applyStatus: ApplyStatus, reportRefused: ReportRefused, onReported: (connectionId: string) => void, noteForStamping: NoteForStamping, now: () => Date, log: Log, stopping: AbortSignal }

export function createVerify ({ database, connections, judge, trust, meet, recheck, applyStatus, reportRefused, onReported, noteForStamping, now, log, stopping }: Needs) {
  /** Judges what has arrived over one connection and hands it on. Returns when to look again, or null. */
  return async function verify (connectionId: string): Promise<Date | null> {
    while (!stopping.aborted) {
      const connection = await connections.open(connectionId)
      if (!connection) return null
      const arrivals = await claimUnjudged(database, connectionId, BATCH, LEASE_SECONDS, now())
      if (arrivals.length === 0) break
      const renewing = setInterval(() => { renewClaims(database, arrivals.map(({ id }) => id), LEASE_SECONDS, now()).catch(() => {}) }, RENEW_MS) // at worst two judge it
      try {
        await judgeAll(connection, arrivals)
      } finally {
        clearInterval(renewing)
      }
    }
    const due = await nextUnjudged(database, connectionId)
    return due && new Date(Math.max(due.getTime(), now().getTime() + LOOK_AGAIN_MS))
  }

  async function judgeAll (connection: OpenConnection, arrivals: readonly UnjudgedArrival[]): Promise<void> {
    const heard = recheck.heard()
    const passes = (verdicts: PacketVerdicts) => decideArrival(verdicts, connection.policy, 0, now()).kind === 'pass'
    const judged = arrivals.map((arrival) => judge(arrival, trust(connection.policy.trust), passes)) // never throw: awaited one after the other
    for (const [index, arrival] of arrivals.entries()) await carryOut(connection, arrival, await judged[index]!, heard)
  }

  /** Throws only when the database is away: what cannot be carried out waits, and a person hears of it. */
  async function carryOut (connection: OpenConnection, arrival: UnjudgedArrival, judged: Judged, heard: number): Promise<void> {
    try {
      if (judged.kind === 'fault') throw judged.error
      if (judged.kind === 'unreadable') return await quarantine(arrival, judged.reason, null)
      for (const verdict of verdictsOf(judged.verdicts)) meet(verdict)
      const decision = decideArrival(judged.verdicts, connection.policy, arrival.attempts, now())
      switch (decision.kind) {
        case 'pass': return judged.packet.kind === 'document' ? await deliver(connection, arrival, judged.packet, judged.verdicts, heard) : await apply(arrival, judged.packet, judged.verdicts)
        case 'quarantine': {
          await quarantine(arrival, decision.reason, judged)
          const signer = unregisteredSigner(decision.reason, judged.verdicts)
          if (signer && arrival.attempts === 0) await lookForApproval(database, log, { id: arrival.id, sender: senderOf(judged.packet), fingerprint: signer.fingerprint, receivedAt: arrival.fetchedAt, at: now() })
          return
        }
        case 'ask-again': return await askLater(arrival, decision, judged.verdicts, heard)
      }
    } catch (error) {
      if (error instanceof SettledMeanwhile || stopping.aborted) return // its lease ends by itself
      log.error({ err: error, arrivalId: arrival.id }, 'inbound.verify: an arrival could not be judged')
      await wait(arrival, new Date(now().getTime() + FAULT_MS), { code: 'FAULT' })
    }
  }

  async function askLater (arrival: UnjudgedArrival, { nextAt, reason }: Pick<ArrivalDecision & { kind: 'ask-again' }, 'nextAt' | 'reason'>, verdicts: Verdicts, heard: number): Promise<void> {
    await wait(arrival, nextAt, { ...reason, missing: missingOf(verdicts) })
    // What was heard while it was judged has found no arrival that waits for it
    if (recheck.heard() !== heard) await bringForward(database, arrival.id, now())
  }

  async function apply (arrival: UnjudgedArrival, packet: StatusPacket, verdicts: Verdicts): Promise<void> {
    await finish(arrival, { packet, verdicts }, async (tx, at) => {
      const applied = await applyStatus(tx, packet, arrival.id, at)
      return { state: applied.kind, reason: applied.kind === 'unmatched' ? { detail: applied.reason } : null }
    })
  }

  /** Puts a document into the mailbox of each agency of ours that this copy was sent to, as far as the policy on its PDFs lets it. */
  async function deliver (connection: OpenConnection, arrival: UnjudgedArrival, packet: DocumentPacket, verdicts: Verdicts, heard: number): Promise<void> {
    const codes = packet.header.to.map((to) => to.organId)
    const agencies = await findAgencies(database, [...codes, ...arrival.listedTo === null ? [] : [arrival.listedTo]])
    const addressed = [...new Map(codes.flatMap((code) => agencies.get(code) ?? []).map((agency) => [agency.id, agency])).values()]
    // The axis gives each recipient a copy of its own; where it does not say whose this is, it is everybody's here.
    const listed = arrival.listedTo === null ? undefined : agencies.get(arrival.listedTo)
    const ours = listed ? addressed.filter((agency) => agency.id === listed.id) : addressed
    if (listed && ours.length === 0) return quarantine(arrival, { code: 'NOT_ADDRESSED', detail: `the axis lists it for ${listed.code}, whom the packet does not name` }, { packet, verdicts })
    const receivers = ours.filter((agency) => agency.systemId !== null)
    if (receivers.length === 0) return quarantine(arrival, { code: 'NO_MAILBOX', detail: 'no recipient of this packet has a system here' }, { packet, verdicts })

    const targets: Target[] = []
    for (const { id, code, pdf } of receivers) {
      const { kind, faults } = rulePdfs(verdicts.pdfs, connection.policy.pdf, pdf)
      if (kind === 'wait') return askLater(arrival, { nextAt: askAgainAt(arrival.attempts, now()), reason: waitReason(faults) }, verdicts, heard)
      targets.push({ id, code, state: STATE_BY[kind], reason: faults.length > 0 ? { files: faults } : null })
    }

    const identity = identityOf(packet)
    await finish(arrival, { packet, verdicts }, async (tx, at) => {
      const blobs = await storeBlobs(tx, packet.attachments.map((attachment) => attachment.bytes))
      const attachments = asStored(packet.attachments, blobs)
      const handedOn = await handOn(tx, { arrivalId: arrival.id, header: packet.header, identity, targets, at })
      const isRefused = handedOn.length > 0 && handedOn.every(({ state }) => state === 'refused')
      return { state: handedOn.length > 0 ? 'handed-on' : 'duplicate', isRefused, identity, attachments, also: () => tell(tx, handedOn, at) }
    })
    if (targets.some(({ state }) => state === 'refused')) onReported(connection.id)
  }

  /** A person hears of what is held, the sender of what is refused. */
  async function tell (tx: Tx, handedOn: readonly HandedOn[], at: Date): Promise<void> {
    for (const { id, code, state, reason } of handedOn) {
      const files = reason?.files ?? []
      switch (state) {
        case 'waiting': break
        case 'held': await raiseAlarm(tx, log, { at, kind: 'hand-over.held', subject: id, ...heldText(files, code) }); break
        case 'refused': await reportRefused(tx, id, refusalText(files)); break
      }
    }
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

  async function wait (arrival: UnjudgedArrival, nextAt: Date, reason: { code: string, detail?: string, missing?: string[] }): Promise<void> {
    const why = [reason.code, reason.detail?.slice(0, 200)].filter(Boolean).join(': ')
    await database.transaction(async (tx) => {
      await askAgain(tx, arrival.id, nextAt, reason)
      await raiseAlarm(tx, log, {
        at: now(), kind: 'arrival.waiting', subject: arrival.id,
        vi: `Một gói tin đến chưa kiểm tra xong, đang chờ (${why})`, en: `An arrival waits for its verdict (${why})`,
      })
    })
  }

  /** What becomes of an arrival, and all that follows from it, in one transaction. */
  async function finish (arrival: UnjudgedArrival, read: Read | null, become: (tx: Tx, at: Date) => Promise<Become>): Promise<void> {
    const at = now()
    const settled = await database.transaction(async (tx) => {
      const { isRefused = false, also, ...became } = await become(tx, at)
      const settled = { identity: null, attachments: [], reason: null, ...became }
      await settle(tx, arrival.id, { packet: read?.packet ?? null, verdicts: read?.verdicts ?? null, at, ...settled })
      await also?.() // the fields that a status answers stand in the arrival by now
      if (read && settled.state !== 'quarantined' && !isRefused) await recheck.note(tx, arrival, read.verdicts)
      if (read) await noteForStamping(tx, toStamp(arrival, read.verdicts))
      if (arrival.attempts > 0) await clearAlarm(tx, log, { at, kind: 'arrival.waiting', subject: arrival.id })
      return settled
    })
    log.info({ arrivalId: arrival.id, reason: settled.reason && 'code' in settled.reason ? settled.reason.code : undefined }, `inbound.verify: the arrival is ${settled.state}`)
  }
}
