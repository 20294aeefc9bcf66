/** What an answer of a VXP axis means: the outcome of the call, or the rows of a list. Pure. */
import type { HttpAnswer, HttpFailure } from '../../http/client.ts'
import type { Failure, Listed, ListedAgency, SentRow } from '../connection.ts'
import { ERROR, OPERATIONS, type Operation } from './operations.ts'
import { parseTime, readReply, type ReplyFields } from './wire.ts'

/** HTTP: content, URI or header fields too large. Nobody passed the request on, and nobody will. */
const TOO_LARGE = [413, 414, 431]

/** A good answer's fields, or why there are none. */
export function judge (operation: Operation, answer: HttpAnswer | HttpFailure): { kind: 'ok', fields: ReplyFields } | Failure {
  switch (answer.kind) {
    case 'unreachable': return answer
    case 'unknown':
    case 'oversize': return lost(operation, answer.reason)
    case 'answered': return judgeStatus(operation, answer.status) ?? judgeReply(operation, answer)
  }
}

/** The failure that a status other than 2xx stands for, where the status alone tells. */
export function judgeStatus (operation: Operation, status: number): Failure | undefined {
  const reason = `HTTP ${status}`
  if (status === 401 || status === 403) return { kind: 'credentials', reason }
  if (TOO_LARGE.includes(status)) return { kind: 'refused', code: `HTTP_${status}`, reason }
  if (status === 429) return { kind: 'unreachable', reason } // turned away at the door: nothing was done
  // A gateway's error page comes before or after the axis acted, a redirect from anything in between.
  return status >= 500 || (status >= 300 && status < 400) ? lost(operation, reason) : undefined
}

function judgeReply (operation: Operation, { status, body }: HttpAnswer): { kind: 'ok', fields: ReplyFields } | Failure {
  const reply = readReply(body)
  switch (reply.kind) {
    case 'ok': return status < 300 ? reply : lost(operation, `HTTP ${status}, though it says OK`)
    case 'unintelligible': return lost(operation, status < 300 ? reply.reason : `HTTP ${status}: ${reply.reason}`)
    case 'fail': return refusal(operation, reply)
  }
}

/** What the axis said no to: the call, or us. Its own fault says nothing of the packet, nor how far it came. */
export function refusal (operation: Operation, { code, reason }: { code: string, reason: string }): Failure {
  if (code === ERROR.internal) return lost(operation, reason)
  return code === ERROR.credentials ? { kind: 'credentials', reason } : { kind: 'refused', code, reason }
}

/** No usable answer: what only reads can be asked again, what changes something may have been done. */
export function lost (operation: Operation, reason: string): Failure {
  return { kind: OPERATIONS[operation].changes ? 'unknown' : 'unreachable', reason }
}

/** A row of a list; a field that is null is a field that is missing. */
export type Row = Readonly<Record<string, unknown>>

export function text (value: unknown): string | undefined {
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** The same object without the keys that have no value. */
function known<Fields extends Record<string, unknown>> (fields: Fields) {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as { [Key in keyof Fields]?: Exclude<Fields[Key], undefined> }
}

/** A row without an id is none: nobody could fetch it. */
export function readListed (row: Row): Listed | undefined {
  const docId = text(row['docId'])
  return docId === undefined ? undefined : { docId, ...known({ from: text(row['from']), to: text(row['to']), createdTime: text(row['created_time']) }) }
}

export function readSentRow (row: Row): SentRow | undefined {
  const senderDocId = text(row['senderDocId'])
  if (senderDocId === undefined) return undefined
  return {
    senderDocId,
    fromCode: text(row['fromCode']) ?? '',
    toCode: text(row['toCode']) ?? '',
    ...known({ receiverDocId: text(row['receiverDocId']), sentTime: parseTime(row['sentTime']), title: text(row['title']), notation: text(row['notation']) }),
  }
}

/** `oldCodeField` differs between the two catalogues. */
export function readAgency (row: Row, oldCodeField: 'oldCode' | 'code102'): ListedAgency | undefined {
  const code = text(row['code'])
  return code === undefined ? undefined : { code, name: text(row['name']) ?? '', ...known({ mail: text(row['mail']), oldCode: text(row[oldCodeField]) }) }
}

/** A unit of getSynchronizeUnit. `deleted` ones stay listed. */
export type Unit = { code: string, name: string, mail?: string, centreCode?: string, deleted: boolean }

export function readUnit (row: Row): Unit | undefined {
  const code = text(row['code'])
  if (code === undefined) return undefined
  return { code, name: text(row['name']) ?? '', deleted: String(row['deleted']) === 'true' || text(row['deleted']) === '1', ...known({ mail: text(row['mail']), centreCode: text(row['centerCode']) }) }
}
