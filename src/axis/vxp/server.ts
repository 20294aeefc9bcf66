/** The protocol's server half: who calls, and what for. What is answered is the axis' business; how it is written stands here too. */
import type { PacketKind } from '../connection.ts'
import { ERROR, isOperation, OPERATIONS, type NewAgency, type Operation, type TransportStatus, type VxpCall } from './operations.ts'
import { checkSignedHeaders, claimedSystem, failReply, isObject, okReply, packetIn, parseJson, parseTime, type ReceivedHeaders, type SignedParameters } from './wire.ts'

/** A request as it came, its body read. `operation` is the last part of its path. */
export type VxpRequest = { method: string, operation: string, headers: ReceivedHeaders, body: Buffer }

/** An answer to be written as it stands. */
export type VxpAnswer = { status: number, contentType: string, body: Buffer }

export type Read =
  /** `systemId` signed for all that `call` says. */
  | { kind: 'call', systemId: string, call: VxpCall }
  | { kind: 'denied', answer: VxpAnswer }

/**
 * Authenticates a request and reads what it asks for. The timestamp's age is not judged: the SDK sets it once for all calls
 * of a service object, so an honest one may be days old.
 */
export async function readCall (request: VxpRequest, secretOf: (systemId: string) => Promise<string | undefined> | string | undefined): Promise<Read> {
  const { operation } = request
  if (!isOperation(operation)) return denied(404, ERROR.fileInvalid, 'Khong co dich vu nay')
  if (request.method !== OPERATIONS[operation].method) return denied(405, ERROR.fileInvalid, 'Sai phuong thuc')

  const systemId = claimedSystem(request.headers)
  const secret = systemId === undefined ? undefined : await secretOf(systemId)
  const signed = checkSignedHeaders(request.headers, secret ?? '')
  // One answer for all: a stranger does not learn which systems there are.
  if (systemId === undefined || secret === undefined || typeof signed === 'string') return denied(401, ERROR.credentials, 'Sai systemId hoac secret')

  const call = readOperation(operation, signed, request.body)
  return typeof call === 'string' ? denied(200, ERROR.fileInvalid, call) : { kind: 'call', systemId, call }
}

/** The call, or what is wrong with its parameters. */
function readOperation (operation: Operation, signed: SignedParameters, body: Buffer): VxpCall | string {
  const kind = kindOf(signed.get('messagetype'))
  const docId = signed.get('docid')
  switch (operation) {
    case 'sendEdoc': {
      const from = signed.get('from')
      const to = recipientsOf(signed.get('to'))
      if (!kind || !from || to === 'malformed') return 'Thieu hoac sai tham so: messagetype, from, to'
      const bytes = packetIn(body, signed.get('hash-file') ?? '')
      return bytes ? { operation, kind, from, bytes, ...to && { to } } : 'hash-file khong khop voi noi dung'
    }
    case 'getReceivedEdocList': {
      const since = parseTime(signed.get('fromdate'))
      const until = parseTime(signed.get('todate'))
      return kind ? { operation, kind, ...since && { since }, ...until && { until } } : 'Thieu messagetype'
    }
    case 'getSentEdocList':
      return kind ? { operation, kind, ...docId && { docId } } : 'Thieu messagetype'
    case 'getEdoc':
    case 'downloadEdoc':
      return docId ? { operation, docId } : 'Thieu docId'
    case 'updateStatus': {
      const status = signed.get('status')
      const description = signed.get('description')
      return docId && isTransportStatus(status) ? { operation, docId, status, ...description && { description } } : 'Thieu docId hoac sai status'
    }
    case 'countReceiveEdoc':
    case 'countReceiveStatus':
    case 'getAgenciesList':
    case 'getAgenciesListQD20':
    case 'getSynchronizeUnit':
      return { operation }
    case 'registerAgency': {
      const agency = agencyOf(body)
      return agency ? { operation, agency } : 'Sai thong tin don vi'
    }
    case 'deleteAgency': {
      const code = signed.get('agencycode')
      return code ? { operation, code } : 'Thieu AgencyCode'
    }
  }
}

function kindOf (messageType: string | undefined): PacketKind | undefined {
  return messageType === 'edoc' ? 'document' : messageType === 'status' ? 'status' : undefined
}

function isTransportStatus (status: string | undefined): status is TransportStatus {
  return status === 'processing' || status === 'done' || status === 'fail'
}

/** The header `to` is a JSON array of codes; most senders leave it out. */
function recipientsOf (to: string | undefined): string[] | undefined | 'malformed' {
  if (to === undefined) return undefined
  const codes = parseJson(to)
  return Array.isArray(codes) && codes.every((code) => typeof code === 'string') ? codes : 'malformed'
}

function agencyOf (body: Buffer): NewAgency | undefined {
  const value = parseJson(body.toString())
  if (!isObject(value)) return undefined
  const field = (name: string) => typeof value[name] === 'string' ? value[name] : ''
  const agency = { id: field('id'), pcode: field('pcode'), code: field('code'), name: field('name'), mail: field('mail'), mobile: field('mobile'), fax: field('fax') }
  return agency.code === '' ? undefined : agency
}

/** A good answer. */
export function answerOk (fields?: Parameters<typeof okReply>[0]): VxpAnswer {
  return { status: 200, contentType: 'application/json', body: okReply(fields) }
}

/** A plain no: the axis says it with HTTP 200. */
export function answerFail (code: string, reason: string, status = 200): VxpAnswer {
  return { status, contentType: 'application/json', body: failReply(code, reason) }
}

function denied (status: number, code: string, reason: string): Read {
  return { kind: 'denied', answer: answerFail(code, reason, status) }
}
