import { v7 as newId } from 'uuid'
import type { SystemCaller } from '../access/keys.ts'
import { sayWhoSpeaks } from '../agencies/certificates.ts'
import { isIntegrationCentre, parseAgencyCode } from '../agencies/code.ts'
import { findAgencies, type Agency } from '../agencies/registry.ts'
import { routeRecipients } from '../agencies/routing.ts'
import { clearAlarm } from '../alarms/alarms.ts'
import { recordAudit } from '../audit/audit.ts'
import { asStored } from '../blobs/attachments.ts'
import { storeBlobs } from '../blobs/blobs.ts'
import type { Database, Tx } from '../database/database.ts'
import { identityOf } from '../edxml/identity.ts'
import type { Limits } from '../edxml/limits.ts'
import { SEAL_NAME, type DocumentPacket } from '../edxml/packet.ts'
import { Refusal } from '../errors.ts'
import type { KeepEvidence } from '../evidence/keep.ts'
import type { Log } from '../http/log.ts'
import type { JudgePdfs } from '../pdf/attachments.ts'
import type { PdfPolicy } from '../pdf/policy.ts'
import type { PdfVerdict } from '../pdf/verdict.ts'
import type { Queue } from '../queue/queue.ts'
import type { Trust } from '../trust/judge.ts'
import { verdictsToStamp, type NoteForStamping } from '../trust/time/stamp.ts'
import type { SignatureVerdict } from '../trust/verdict.ts'
import { refuseUnfit } from './refuse-unfit.ts'
import { filesAsked, type AskedFile, type CheckSigning, type FileToSign, type SignRequest } from './sign-request.ts'
import { insertSignings, isAskedAlike } from './signing-store.ts'
import { connectionsOf, findSubmitted, insertDocument, sendAgain } from './store.ts'

/** A document that a system wants sent. `bytes` is the packet as it came; null when it came as metadata and files. `sign`: the files that its agency is to sign first. */
export type Submission = { caller: SystemCaller, packet: DocumentPacket, bytes: Buffer | null, signature: SignatureVerdict, sign: readonly SignRequest[] }

/** `id` is the gateway's own; `isNew` is false when the very same document was submitted before. */
export type Accepted = { id: string, documentId: string, isNew: boolean }

/** How long a dispatch waits for an axis that is away: over a long holiday, with a working day to spare. */
export const PATIENCE_MS = 10 * 24 * 60 * 60 * 1000

/** How much larger the fields are in a packet, with their tags, and once more in its seal; at most. */
const MARKUP = 6
/** The longest DocumentId that is taken: what metadata may say, and more than any convention needs. */
const LONGEST_ID = 255

type Judged = { pdfs: (PdfVerdict | null)[], toSign: FileToSign[] }

type Needs = {
  database: Database, queue: Queue, limits: Limits, trust: Trust, meet: (verdict: SignatureVerdict) => void, judgePdfs: JudgePdfs, checkSigning: CheckSigning
  keepEvidence: KeepEvidence, noteForStamping: NoteForStamping, now: () => Date, log: Log
  onStored: (connectionIds: string[]) => void, onToSign: () => void
}

export type Submit = ReturnType<typeof createSubmit>

export function createSubmit ({ database, queue, limits, trust, meet, judgePdfs, checkSigning, keepEvidence, noteForStamping, now, log, onStored, onToSign }: Needs) {
  /**
   * Takes a document from a system. Once this returns, it is stored and will be signed and sent, also when the axis had refused the very
   * same before; what is refused here leaves nothing behind.
   * `also` runs in the same transaction: what it stores exists if, and only if, the document does.
   */
  return async function submit ({ caller, packet, bytes, signature, sign }: Submission, also?: (tx: Tx, accepted: Accepted) => Promise<void>): Promise<Accepted> {
    const { header, attachments } = packet
    const senderCode = parseAgencyCode(header.from.organId, 'MessageHeader.From.OrganId')
    const codes = header.to.map((to, index) => parseAgencyCode(to.organId, `MessageHeader.To[${index + 1}].OrganId`))
    const agencies = await findAgencies(database, [senderCode, ...codes])

    const sender = agencies.get(senderCode)
    if (!sender) throw new Refusal('SENDER_UNKNOWN', { field: 'MessageHeader.From.OrganId', detail: senderCode })
    if (!caller.agencyIds.has(sender.id)) throw new Refusal('SENDER_NOT_YOURS', { field: 'MessageHeader.From.OrganId', detail: senderCode })
    if (!sender.canSign) throw new Refusal('SENDER_CANNOT_SIGN', { field: 'MessageHeader.From.OrganId', detail: senderCode })
    const named = new Set<string>()
    const recipients = codes.map((code, index) => {
      const field = `MessageHeader.To[${index + 1}].OrganId`
      const agency = agencies.get(code)
      if (!agency || isIntegrationCentre(code)) throw new Refusal('RECIPIENT_UNKNOWN', { field, detail: code })
      // Two codes of one agency are one recipient: it would get the document twice.
      if (named.has(agency.id)) throw new Refusal('RECIPIENT_DUPLICATE', { field, detail: code })
      named.add(agency.id)
      return agency
    })
    if (header.documentId.length > LONGEST_ID) throw new Refusal('PACKET_VALUE_INVALID', { field: 'MessageHeader.DocumentId', detail: `longer than ${LONGEST_ID} characters` })
    if (attachments.length >= limits.attachments) throw new Refusal('PACKET_TOO_MANY', { field: 'Attachment', detail: `the seal is one of at most ${limits.attachments} attachments` })
    checkSize(packet, 0, limits)
    const reserved = attachments.findIndex((attachment) => attachment.name.toLowerCase() === SEAL_NAME)
    if (reserved >= 0) throw new Refusal('ATTACHMENT_NAME_RESERVED', { field: `Attachment[${reserved + 1}].AttachmentName` })

    const connections = await connectionsOf(database)
    const routes = routeRecipients(recipients, connections.map(({ id }) => id))
    if (routes.length === 0) throw new Refusal('NO_CONNECTION')

    const at = now()
    const identity = identityOf(packet)
    const patienceUntil = new Date(at.getTime() + PATIENCE_MS)
    const asked = filesAsked(sign, attachments)
    // What was accepted stays accepted, whatever has become of its signers, the seal or the policies
    const earlier = await findSubmitted(database, sender.id, identity)
    const policies = connections.filter(({ id }) => routes.some(({ connectionId }) => connectionId === id)).map(({ pdf }) => pdf)
    const judged = earlier === null ? await judge(packet, sender, { asked, sign, at, policies }) : null
    if (judged) await keepEvidence([signature, ...signaturesIn(judged.pdfs)])
    const store = async (tx: Tx, { pdfs, toSign }: Judged): Promise<{ id: string, isNew: boolean }> => {
      const blobs = await storeBlobs(tx, bytes ? [...attachments.map((attachment) => attachment.bytes), bytes] : attachments.map((attachment) => attachment.bytes))
      const stored = await insertDocument(tx, {
        id: newId(),
        systemId: caller.systemId,
        agencyId: sender.id,
        header,
        attachments: asStored(attachments, blobs),
        pdfs,
        packet: bytes ? blobs.at(-1)!.sha256 : null,
        identity,
        signature,
        submittedBy: caller.keyId,
        submittedAt: at,
        patienceUntil,
        dispatches: routes.map(({ connectionId, recipients: together }) => ({
          id: newId(),
          connectionId,
          deliveries: together.map((agency) => ({ id: newId(), recipientCode: agency.code, agencyId: agency.id })),
        })),
      })
      if (!stored.isNew) return stored // by somebody else, meanwhile
      await insertSignings(tx, stored.id, toSign, at)
      if (toSign.length > 0) await queue.wake(tx, [{ name: 'outbound.sign-pdf', data: {}, key: 'files' }])
      await noteForStamping(tx, [
        ...verdictsToStamp(stored.id, bytes ? blobs.at(-1)!.sha256 : null, [signature]),
        ...pdfs.flatMap((verdict, index) => verdict ? verdictsToStamp(stored.id, blobs[index]!.sha256, [verdict]) : []),
      ])
      return stored
    }
    const { leaving, ...accepted } = await database.transaction(async (tx) => {
      const { id, isNew } = judged ? await store(tx, judged) : { id: earlier!, isNew: false }
      if (!isNew && !await isAskedAlike(tx, id, asked)) throw new Refusal('PDF_SIGN_DIFFERS', { field: 'sign', detail: id })
      const accepted = { id, documentId: header.documentId, isNew }
      const again = isNew ? [] : await sendAgain(tx, id, patienceUntil, at)
      for (const { id: subject } of again) for (const kind of ['dispatch.refused', 'dispatch.parked']) await clearAlarm(tx, log, { at, kind, subject })
      const leaving = (isNew ? routes : again).map(({ connectionId }) => connectionId)
      if (leaving.length > 0) {
        await recordAudit(tx, { at, actor: caller.name, action: isNew ? 'document.submitted' : 'document.submitted-again', subject: id, detail: { key: caller.keyId, recipients: codes.length, ...asked.length > 0 && { toSign: asked.length } } })
        await queue.wake(tx, leaving.map((connectionId) => ({ name: 'outbound.send', data: { connectionId }, key: connectionId })))
      }
      await also?.(tx, accepted)
      return { ...accepted, leaving }
    })
    if (leaving.length > 0) {
      log.info({ documentId: accepted.id, recipients: codes.length }, `outbound.submit: the document is ${accepted.isNew ? 'stored' : 'sent again'}`)
      onStored(leaving)
      if (asked.length > 0) onToSign()
    }
    return accepted
  }

  /** What a new document's PDFs are worth, and how they will be signed. Refuses what must not leave. */
  async function judge (packet: DocumentPacket, sender: Agency, { asked, sign, at, policies }: { asked: readonly AskedFile[], sign: readonly SignRequest[], at: Date, policies: readonly PdfPolicy[] }): Promise<Judged> {
    const { attachments } = packet
    const pdfs = await sayWhoSpeaks(database, { code: sender.code, at }, await judgePdfs(attachments, { trust, at }))
    signaturesIn(pdfs).forEach(meet)
    refuseUnfit(pdfs, { attachments, agency: sender.pdf, connections: policies, toSign: new Set(asked.map(({ position }) => position)) })
    const toSign = await checkSigning(sign, { packet, sender, verdicts: pdfs })
    checkSize(packet, toSign.reduce((sum, { adds }) => sum + adds, 0), limits)
    return { pdfs, toSign }
  }
}

function signaturesIn (pdfs: Judged['pdfs']) {
  return pdfs.flatMap((verdict) => verdict?.signatures ?? [])
}

/** The packet that leaves holds the files as base64, with what signatures add to them: what is too large for others to read is not taken in. */
function checkSize ({ header, attachments }: DocumentPacket, added: number, { packetBytes }: Limits): void {
  const size = (attachments.reduce((sum, { bytes }) => sum + bytes.length, 0) + added) * 4 / 3 + JSON.stringify(header).length * MARKUP
  if (size > packetBytes) throw new Refusal('PACKET_TOO_LARGE', { field: 'Attachment', detail: `the packet would be larger than ${packetBytes} bytes` })
}
