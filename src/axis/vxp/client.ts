/** A connection to an axis that speaks VXP: one request a call, once; whatever is no good answer becomes a Failure. */
import type { HttpClient } from '../../http/client.ts'
import type { AxisConnection, Failure, ListedAgency, ListedItems, PacketKind } from '../connection.ts'
import { judge, lost, readAgency, readListed, readSentRow, readUnit, text, type Row, type Unit } from './answers.ts'
import { collect, downloadFailed, openDownload, type Streaming } from './download.ts'
import { OPERATIONS, type NewAgency, type Operation } from './operations.ts'
import { bodyOf, decodeBase64, formatTimestamp, hashFile, isHeaderValue, isObject, messageType, signHeaders, toAscii, type HashFileForm, type Parameters } from './wire.ts'

export type VxpOptions = {
  /** For example `http://adapter:8080/XrdAdapter/adapter`. */
  baseUrl: string
  systemId: string
  secret: string
  hashFile: HashFileForm
  http: HttpClient
  now: () => Date
  /** How long moving a packet, or any other call, may take in all, in milliseconds: what a known client of a provincial axis allows. */
  sendWithin?: number
  askWithin?: number
  /** The largest packet that is fetched, in bytes. */
  maxPacket?: number
  /** The largest JSON answer that a packet is fetched in, in bytes; a larger one comes as a raw stream. */
  maxInline?: number
}

/** The operations that only this protocol has. */
export interface VxpConnection extends AxisConnection {
  countReceived (kind: PacketKind): Promise<{ kind: 'counted', count: number } | Failure>
  /** The catalogue by the codes of Decision 20/2020; `oldCode` is the one of QCVN 102. */
  getAgenciesListQD20 (): Promise<ListedItems<ListedAgency> | Failure>
  getSynchronizeUnit (): Promise<ListedItems<Unit> | Failure>
  registerAgency (agency: NewAgency): Promise<{ kind: 'registered' } | Failure>
  deleteAgency (code: string): Promise<{ kind: 'deleted' } | Failure>
  /** A packet as it comes, however large. Reading it throws when it breaks off. */
  downloadEdoc (docId: string): Promise<Streaming | Failure>
}

type Ask = { before?: Parameters, after?: Parameters, body?: Uint8Array, within?: number, maxAnswer?: number }

const SECOND = 1_000
const MEBIBYTE = 1 << 20
/** The catalogue of 123,265 agencies (July 2026) is some 25 MB. */
const MAX_LIST = 128 * MEBIBYTE

/** Opens nothing yet: connections are made by the first call, and belong to `http`. */
export function createVxpConnection (options: VxpOptions): VxpConnection {
  const { systemId, secret, http, now, sendWithin = 60 * SECOND, askWithin = 30 * SECOND, maxPacket = 512 * MEBIBYTE, maxInline = 64 * MEBIBYTE } = options
  const base = new URL(options.baseUrl.replace(/\/*$/, '/'))

  /** The request for one call, its parameters in the SDK's order. */
  function requestFor (operation: Operation, { before = [], after = [], body, within = askWithin, maxAnswer = MEBIBYTE }: Ask) {
    const contentType = operation === 'sendEdoc' ? 'application/octet-stream' : 'application/json'
    const parameters: Parameters = [['systemid', systemId], ...before, ['timestamp', formatTimestamp(now())], ['Content-Type', contentType], ...after]
    const fixed = OPERATIONS[operation]
    return {
      method: fixed.method,
      url: new URL(operation, base),
      headers: [['Content-Type', contentType], ...signHeaders(parameters, secret), ['User-Agent', 'JAVASDKAgent/1.0.0 XRoad/VPCP'], ['XroadVnpt-version', '3.0.201608']] as const,
      ...(fixed.method === 'POST' && { body: body ?? Buffer.from('body' in fixed ? fixed.body : '') }),
      answerWithin: within,
      finishWithin: within,
      maxAnswer,
    }
  }

  /** Asks once and reads the envelope. */
  async function ask (operation: Operation, asked: Ask = {}) {
    return unfit(asked) ?? judge(operation, await http.request(requestFor(operation, asked)))
  }

  /** Asks for a list and reads each row that can be read. */
  async function list<Item> (operation: Operation, before: Parameters, read: (row: Row) => Item | undefined): Promise<ListedItems<Item> | Failure> {
    const reply = await ask(operation, { before, maxAnswer: MAX_LIST })
    if (reply.kind !== 'ok') return reply
    const data = reply.fields.get('data') ?? null
    // Gson leaves out what is null. An axis that says both OK and "0" has nothing for us; anything less is no list.
    if (data === null && String(reply.fields.get('errorcode')) === '0') return { kind: 'listed', items: [] }
    if (!Array.isArray(data)) return lost(operation, 'an answer without a list')
    return { kind: 'listed', items: data.filter(isObject).map(read).filter((item) => item !== undefined) }
  }

  async function downloadEdoc (docId: string): Promise<Streaming | Failure> {
    const asked: Ask = { before: [['docId', docId]], within: sendWithin, maxAnswer: maxPacket }
    const fault = unfit(asked)
    if (fault) return fault
    const answer = await http.stream(requestFor('downloadEdoc', asked))
    return answer.kind === 'answered' ? openDownload(answer) : downloadFailed(answer)
  }

  /** For what one JSON answer cannot carry. */
  async function fetchRaw (docId: string) {
    const streaming = await downloadEdoc(docId)
    return streaming.kind === 'streaming' ? collect(streaming) : streaming
  }

  return {
    async send ({ kind, from, bytes }) {
      // Whom it goes to stands in the packet. The optional header `to` would repeat that, and 100 codes overflow most servers' headers.
      const before: Parameters = [['servicetype', 'eDoc'], ['messagetype', messageType(kind)], ['hash-file', hashFile(bytes, options.hashFile)], ['from', from]]
      const reply = await ask('sendEdoc', { before, body: bodyOf(bytes, options.hashFile), within: sendWithin })
      if (reply.kind !== 'ok') return reply
      const docId = text(reply.fields.get('docid'))
      return docId === undefined ? lost('sendEdoc', 'an answer without a DocId') : { kind: 'accepted', docId }
    },

    listReceived: (kind) => list('getReceivedEdocList', [['servicetype', 'eDoc'], ['messagetype', messageType(kind)]], readListed),

    async fetch (docId) {
      const asked: Ask = { before: [['docId', docId]], within: sendWithin, maxAnswer: maxInline }
      const fault = unfit(asked)
      if (fault) return fault
      const answer = await http.request(requestFor('getEdoc', asked))
      if (answer.kind === 'oversize') return fetchRaw(docId)
      const reply = judge('getEdoc', answer)
      if (reply.kind !== 'ok') return reply
      const bytes = decodeBase64(text(reply.fields.get('data')) ?? '')
      return bytes?.length ? { kind: 'fetched', bytes } : fetchRaw(docId) // asking twice for the same changes nothing
    },

    async acknowledge (docId, result, description) {
      const after: Parameters = [['status', result], ...description ? [['description', toAscii(description) || '?'] as const] : []]
      const reply = await ask('updateStatus', { before: [['docId', docId]], after })
      return reply.kind === 'ok' ? { kind: 'acknowledged' } : reply
    },

    listSent: (kind, docId) =>
      list('getSentEdocList', [['servicetype', 'eDoc'], ['messagetype', messageType(kind)], ...docId === undefined ? [] : [['docId', docId] as const]], readSentRow),

    listAgencies: () => list('getAgenciesList', [], (row) => readAgency(row, 'oldCode')),
    getAgenciesListQD20: () => list('getAgenciesListQD20', [['level', '1']], (row) => readAgency(row, 'code102')),
    getSynchronizeUnit: () => list('getSynchronizeUnit', [], readUnit),

    async countReceived (kind) {
      const operation = kind === 'document' ? 'countReceiveEdoc' : 'countReceiveStatus'
      const reply = await ask(operation)
      if (reply.kind !== 'ok') return reply
      const count = Number(text(reply.fields.get('count')))
      return Number.isSafeInteger(count) && count >= 0 ? { kind: 'counted', count } : lost(operation, 'an answer without a count')
    },

    async registerAgency (agency) {
      const reply = await ask('registerAgency', { body: Buffer.from(JSON.stringify(agency)) })
      return reply.kind === 'ok' ? { kind: 'registered' } : reply
    },

    async deleteAgency (code) {
      const reply = await ask('deleteAgency', { before: [['AgencyCode', code]] })
      return reply.kind === 'ok' ? { kind: 'deleted' } : reply
    },

    downloadEdoc,
    async [Symbol.asyncDispose] () {},
  }
}

/** A parameter that no header can carry is refused here: it comes from a list or a registry, so it is nobody's bug. */
function unfit ({ before = [], after = [] }: Ask): Failure | undefined {
  const fault = [...before, ...after].find(([, value]) => !isHeaderValue(value))
  return fault && { kind: 'refused', code: 'NOT_A_HEADER', reason: `${fault[0]} cannot be sent in a header` }
}
