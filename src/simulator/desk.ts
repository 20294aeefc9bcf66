/** What the simulated axis does with each call of a system it knows: its rules, and their words. */
import { createHash, randomBytes } from 'node:crypto'
import type { PacketKind } from '../axis/connection.ts'
import { ERROR, type VxpCall } from '../axis/vxp/operations.ts'
import { answerFail, answerOk, type VxpAnswer } from '../axis/vxp/server.ts'
import { formatTime, messageType } from '../axis/vxp/wire.ts'
import type { Limits } from '../edxml/limits.ts'
import type { Packet } from '../edxml/packet.ts'
import { openPacket, readPacket } from '../edxml/read.ts'
import { Refusal } from '../errors.ts'
import type { Accepted, SimulatorEvent } from './events.ts'
import type { Copy, Ledger } from './ledger.ts'
import type { Rewrite } from './rewrite.ts'
import type { Store } from './store.ts'

type Needs = {
  ledger: Ledger
  store: Store
  record: (event: SimulatorEvent) => void
  /** What becomes of a packet on its way; absent: its bytes stay as they are. */
  rewrite?: Rewrite | undefined
  limits: Limits
  now: () => Date
}

/** Turned away, with the code and text that the caller is told. */
class Rejected extends Error {
  readonly code: string
  constructor (code: string, reason: string) {
    super(reason)
    this.code = code
  }
}

export function createDesk ({ ledger, store, record, rewrite, limits, now }: Needs) {
  /** Takes a packet: once this resolves, it waits for each recipient. `copies`: how many times each gets it. */
  async function accept (systemId: string, call: Extract<VxpCall, { operation: 'sendEdoc' }>, copies: number): Promise<VxpAnswer> {
    const { packet, bytes } = await take(call)
    const from = senderOf(packet)
    for (const code of [call.from, from]) {
      if (ledger.ownerOf(code) !== systemId) throw new Rejected(ERROR.senderNotRegistered, `Don vi gui ${code} khong dung voi ma da dang ky: ${systemId}`)
    }
    const named = recipientsOf(packet)
    const to = call.to ?? named
    const unknown = to.find((code) => !named.includes(code) || !ledger.isListed(code))
    if (unknown !== undefined) throw new Rejected(ERROR.receiverUnknown, `Don vi nhan ${unknown} khong ton tai`)

    const docId = newDocId()
    const event: Accepted = {
      kind: 'accepted',
      at: now().toISOString(),
      docId,
      packet: call.kind,
      systemId,
      fromCode: from,
      deliveries: to.flatMap((toCode) => Array.from({ length: copies }, () => ({ docId: newDocId(), toCode }))),
      ...describe(packet),
      sha256: createHash('sha256').update(call.bytes).digest('hex'),
      size: call.bytes.length,
    }
    await store.keep(docId, bytes)
    record(event)
    return answerOk({ DocId: docId })
  }

  /** Reads a packet, and makes of it what its recipients will get. */
  async function take ({ kind, bytes }: { kind: PacketKind, bytes: Buffer }): Promise<{ packet: Packet, bytes: Buffer }> {
    try {
      const opened = openPacket(bytes, limits)
      const packet = await readPacket(opened, limits)
      if (packet.kind !== kind) throw new Rejected(ERROR.packetInvalid, `messagetype khong khop voi goi tin edXML: ${messageType(packet.kind)}`)
      return { packet, bytes: rewrite ? await rewrite(packet, opened.signature?.element ?? null, now()) : bytes }
    } catch (error) {
      if (error instanceof Refusal) throw new Rejected(ERROR.packetInvalid, `Goi tin edXML khong hop le: ${error.code} ${error.fault.field ?? ''}`.trim())
      throw error
    }
  }

  async function fetch (systemId: string, docId: string): Promise<Buffer> {
    const copy = ledger.copyFor(systemId, docId)
    const bytes = copy && await store.packet(copy.sent.docId)
    if (!bytes) throw new Rejected(ERROR.fileInvalid, `Khong tim thay van ban ${docId}`)
    record({ kind: 'fetched', at: now().toISOString(), systemId, docId })
    return bytes
  }

  function acknowledge (systemId: string, { docId, status, description }: Extract<VxpCall, { operation: 'updateStatus' }>) {
    const copy = ledger.copyFor(systemId, docId)
    if (!copy) throw new Rejected(ERROR.fileInvalid, `Khong tim thay van ban ${docId}`)
    record({ kind: 'acknowledged', at: now().toISOString(), systemId, docId, status, ...description && { description } })
    if (ledger.isOver(copy.sent)) store.release(copy.sent.docId)
    return answerOk()
  }

  async function perform (systemId: string, call: VxpCall, copies: number): Promise<VxpAnswer> {
    switch (call.operation) {
      case 'sendEdoc': return accept(systemId, call, copies)
      case 'getReceivedEdocList': {
        const { since, until } = call
        const waiting = ledger.waiting(systemId, call.kind).filter(({ sent }) => (!since || new Date(sent.at) >= since) && (!until || new Date(sent.at) <= until))
        return answerOk({ data: waiting.map(waitingRow) })
      }
      case 'getSentEdocList': return answerOk({ data: ledger.sent(systemId, call.kind, call.docId).map(sentRow) })
      case 'getEdoc': return answerOk({ data: (await fetch(systemId, call.docId)).toString('base64') })
      case 'downloadEdoc': return { status: 200, contentType: 'application/octet-stream', body: await fetch(systemId, call.docId) }
      case 'updateStatus': return acknowledge(systemId, call)
      case 'countReceiveEdoc': return answerOk({ count: ledger.waiting(systemId, 'document').length })
      case 'countReceiveStatus': return answerOk({ count: ledger.waiting(systemId, 'status').length })
      case 'getAgenciesList': return answerOk({ data: ledger.agencies().map(({ oldCode, ...agency }, index) => ({ id: String(index + 1), pid: '', ...agency, oldCode: oldCode ?? null })) })
      case 'getAgenciesListQD20': return answerOk({ data: ledger.agencies().map(({ oldCode, ...agency }, index) => ({ id: String(index + 1), pid: '', ...agency, code102: oldCode ?? null })) })
      case 'getSynchronizeUnit': return answerOk({ data: ledger.agencies().map(({ code, name, mail }, index) => ({ code, id: String(index + 1), mail: mail ?? '', name, pid: '', version: 1, centerCode: '', deleted: false, modifyDate: '', isAgency: true })) })
      case 'registerAgency': {
        const owner = ledger.ownerOf(call.agency.code)
        if (owner !== undefined && owner !== systemId) throw new Rejected(ERROR.senderNotRegistered, `Ma ${call.agency.code} da dang ky cho he thong khac`)
        record({ kind: 'registered', at: now().toISOString(), systemId, agency: call.agency })
        return answerOk()
      }
      case 'deleteAgency': {
        if (ledger.ownerOf(call.code) !== systemId) throw new Rejected(ERROR.senderNotRegistered, `Ma ${call.code} khong dung voi ma da dang ky: ${systemId}`)
        record({ kind: 'deleted', at: now().toISOString(), systemId, code: call.code })
        return answerOk()
      }
    }
  }

  return {
    /** Does what a system asks, and says what came of it. */
    async answer (systemId: string, call: VxpCall, { copies = 1 }: { copies?: number } = {}): Promise<VxpAnswer> {
      try {
        return await perform(systemId, call, copies)
      } catch (error) {
        if (!(error instanceof Rejected)) throw error
        record({ kind: 'refused', at: now().toISOString(), systemId, operation: call.operation, code: error.code, reason: error.message })
        return answerFail(error.code, error.message)
      }
    },
  }
}

function senderOf (packet: Packet): string {
  switch (packet.kind) {
    case 'document': return packet.header.from.organId
    case 'status': return packet.from.organId
  }
}

/** A status has no To: it goes to the agency that it answers. */
function recipientsOf (packet: Packet): string[] {
  switch (packet.kind) {
    case 'document': return packet.header.to.map(({ organId }) => organId)
    case 'status': return [packet.responseFor.organId]
  }
}

/** What the lists say about a packet. */
function describe (packet: Packet): Pick<Accepted, 'documentId' | 'title' | 'notation' | 'statusCode'> {
  switch (packet.kind) {
    case 'document': {
      const { documentId, subject, code } = packet.header
      return { documentId, title: subject, notation: `${code.codeNumber}/${code.codeNotation}` }
    }
    case 'status': {
      const { responseFor, statusCode, description } = packet
      return { documentId: responseFor.documentId ?? '', title: description ?? '', notation: responseFor.code ?? '', statusCode }
    }
  }
}

/** Like a MongoDB ObjectId, which is what the axis gave in 2025. */
const newDocId = () => randomBytes(12).toString('hex')

const timeOf = (at: string) => formatTime(new Date(at))

function waitingRow ({ docId, toCode, sent, status, changedAt }: Copy) {
  return {
    docId,
    serviceType: 'eDoc',
    messageType: messageType(sent.packet),
    created_time: timeOf(sent.at),
    updated_time: timeOf(changedAt),
    from: sent.fromCode,
    to: toCode,
    status: status === 'waiting' ? 'initial' : status,
    status_desc: '',
  }
}

/** Without the DocumentId: the axis does not tell it. */
function sentRow ({ docId, toCode, sent, status, description, changedAt }: Copy) {
  return {
    serviceType: 'eDoc',
    messageType: messageType(sent.packet),
    senderDocId: sent.docId,
    receiverDocId: docId,
    fromCode: sent.fromCode,
    toCode,
    sendStatus: 'done',
    sendStatusDesc: '',
    receiveStatus: status === 'waiting' ? 'initial' : status,
    receiveStatusDesc: description ?? '',
    sentTime: timeOf(sent.at),
    receivedTime: status === 'waiting' ? null : timeOf(changedAt),
    title: sent.title,
    notation: sent.notation,
  }
}
