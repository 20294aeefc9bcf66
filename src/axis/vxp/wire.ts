/**
 * The VXP protocol's wire form, for both ends: parameters travel as HTTP headers, signed by an HMAC over a JSON of themselves;
 * answers are one JSON envelope. Pure. Facts come from requests that the official SDK sent (2.0.1).
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { PacketKind } from '../connection.ts'

/** Parameters in the order in which they are signed. Names are spelt as the SDK does, without the prefix. */
export type Parameters = readonly (readonly [name: string, value: string])[]
export type Headers = readonly (readonly [name: string, value: string])[]

const PREFIX = 'XroadVnpt-'
/** Headers with the prefix that are no parameters: they carry the signature, or come unsigned from the SDK. */
const UNSIGNED = ['sign-header-key', 'sign-header', 'hash-header', 'version']

/** The parameters as headers, with the three that sign them. The secret's UTF-8 bytes are the key. */
export function signHeaders (parameters: Parameters, secret: string): Headers {
  const named = parameters.map(([name, value]) => [PREFIX + name, value] as const)
  const signed = JSON.stringify(Object.fromEntries(named)) // for ASCII, byte for byte what Gson writes
  return [
    ...named,
    [`${PREFIX}sign-header-key`, parameters.map(([name]) => name).join(';')],
    [`${PREFIX}sign-header`, signed],
    [`${PREFIX}hash-header`, createHmac('sha256', secret).update(signed).digest('hex')],
  ]
}

/** A request's headers, as node:http gives them; the names' case does not matter. */
export type ReceivedHeaders = Readonly<Record<string, string | string[] | undefined>>
/** Parameters that the caller's secret vouches for; names in lower case. */
export type SignedParameters = ReadonlyMap<string, string>

/** Who a request says it comes from. Nothing is proved yet. */
export function claimedSystem (headers: ReceivedHeaders): string | undefined {
  return prefixed(headers).get('systemid')
}

/**
 * Checks a request's signature: the HMAC over the sign-header's bytes, that it signs every parameter sent, that the headers say
 * the same, and that the key list names the same parameters. Only what was signed comes back.
 */
export function checkSignedHeaders (headers: ReceivedHeaders, secret: string): SignedParameters | 'not signed' | 'wrong signature' | 'headers differ' {
  const received = prefixed(headers)
  const text = received.get('sign-header')
  const hash = received.get('hash-header')
  if (text === undefined || hash === undefined) return 'not signed'
  // node:http reads header bytes as Latin-1. The HMAC is over the bytes, whatever they spell.
  const expected = createHmac('sha256', secret).update(text, 'latin1').digest()
  const given = /^[0-9a-f]{64}$/i.test(hash) ? Buffer.from(hash, 'hex') : Buffer.alloc(32)
  if (!timingSafeEqual(expected, given)) return 'wrong signature'

  const entries = signedEntries(text)
  if (!entries) return 'headers differ'
  const keys = received.get('sign-header-key')?.toLowerCase()
  if (keys !== undefined && keys !== entries.map(([name]) => name).join(';')) return 'headers differ'
  const signed = new Map(entries)
  if (signed.size !== entries.length) return 'headers differ'
  for (const [name, value] of signed) if (received.get(name) !== value.trim()) return 'headers differ' // HTTP drops blanks at the ends
  for (const name of received.keys()) if (!signed.has(name) && !UNSIGNED.includes(name)) return 'headers differ'
  return new Map(entries.map(([name, value]) => [name, Buffer.from(value, 'latin1').toString()]))
}

/** The headers that carry the prefix, by lower-case name without it; a header sent twice is joined, so equals no signed value. */
function prefixed (headers: ReceivedHeaders): Map<string, string> {
  const found = new Map<string, string>()
  for (const [header, value] of Object.entries(headers)) {
    const name = header.toLowerCase()
    if (value !== undefined && name.startsWith(PREFIX.toLowerCase())) found.set(name.slice(PREFIX.length), String(value))
  }
  return found
}

function signedEntries (text: string): [string, string][] | undefined {
  const object = parseJson(text)
  if (!isObject(object)) return undefined
  const entries: [string, string][] = []
  for (const [header, value] of Object.entries(object)) {
    if (typeof value !== 'string' || !header.toLowerCase().startsWith(PREFIX.toLowerCase())) return undefined
    entries.push([header.slice(PREFIX.length).toLowerCase(), value])
  }
  return entries
}

/** How a packet is sent: as the SDK does it, or plainly (`hex64`: the whole digest, and nothing after the packet). */
export type HashFileForm = 'sdk' | 'hex64'

/** `hash-file`, the packet's SHA-256. The SDK drops the leading zero of every byte below 10 hex. */
export function hashFile (packet: Uint8Array, form: HashFileForm): string {
  return spell(createHash('sha256').update(packet).digest(), form)
}

function spell (digest: Buffer, form: HashFileForm): string {
  switch (form) {
    case 'sdk': return Array.from(digest, (byte) => byte.toString(16)).join('')
    case 'hex64': return digest.toString('hex')
  }
}

/** What the SDK writes after the packet, a left-over of its multipart form. `hash-file` does not cover it. */
const SDK_END = Buffer.from('\r\n')

/** The body of a sendEdoc. */
export function bodyOf (packet: Uint8Array, form: HashFileForm): Uint8Array {
  switch (form) {
    case 'sdk': return Buffer.concat([packet, SDK_END])
    case 'hex64': return packet
  }
}

/** The packet in a sendEdoc's body: what `claimed` is the hash of, in either form. Nothing if that is no part of the body. */
export function packetIn (body: Buffer, claimed: string): Buffer | undefined {
  const candidates = [body, ...body.subarray(-SDK_END.length).equals(SDK_END) ? [body.subarray(0, -SDK_END.length)] : []]
  const lower = claimed.toLowerCase()
  return candidates.find((packet) => {
    const digest = createHash('sha256').update(packet).digest()
    return lower === spell(digest, 'sdk') || lower === spell(digest, 'hex64')
  })
}

/** Vietnam keeps UTC+7 all year. */
const VIETNAM_OFFSET_MS = 7 * 3_600_000

/** `ddMMyyyyTHHmmss+SSSS` in Vietnam time: what looks like an offset is the milliseconds, in four digits. */
export function formatTimestamp (at: Date): string {
  const [year, month, day, hour, minute, second, ms] = vietnamTime(at)
  return `${day}${month}${year}T${hour}${minute}${second}+${ms!.padStart(4, '0')}`
}

export function parseTimestamp (text: string): Date | undefined {
  const [, day, month, year, hour, minute, second, ms] = /^(\d\d)(\d\d)(\d{4})T(\d\d)(\d\d)(\d\d)\+(\d{4})$/.exec(text) ?? []
  const at = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}.${ms?.slice(1)}+07:00`)
  return Number.isNaN(at.getTime()) || formatTimestamp(at) !== text ? undefined : at
}

/** `dd/MM/yyyy HH:mm:ss` in Vietnam time: the form of the list calls' fromDate and toDate. */
export function formatTime (at: Date): string {
  const [year, month, day, hour, minute, second] = vietnamTime(at)
  return `${day}/${month}/${year} ${hour}:${minute}:${second}`
}

/**
 * A time in an answer. Which form the axis gives its times in is not known, so each likely one is understood: milliseconds since
 * 1970, ISO 8601, or a date (day or year first, `/` or `-`) with a time of day, in Vietnam time unless a zone is told.
 */
export function parseTime (value: unknown): Date | undefined {
  if (typeof value === 'number' || (typeof value === 'string' && /^\d{12,13}$/.test(value))) return valid(new Date(Number(value)))
  if (typeof value !== 'string') return undefined
  const [, date, time = '00:00:00', zone = '+07:00'] = /^(\d+[/-]\d\d[/-]\d+)(?:[T ](\d\d:\d\d:\d\d(?:\.\d+)?))?(Z|[+-]\d\d:\d\d)?$/.exec(value.trim()) ?? []
  if (date === undefined) return undefined
  const parts = date.split(/[/-]/)
  const [year, month, day] = parts[0]!.length === 4 ? parts : parts.reverse()
  return valid(new Date(`${year}-${month}-${day}T${time}${zone}`))
}

const valid = (at: Date) => Number.isNaN(at.getTime()) ? undefined : at

function vietnamTime (at: Date): string[] {
  return new Date(at.getTime() + VIETNAM_OFFSET_MS).toISOString().slice(0, -1).split(/[-T:.]/)
}

/** Longest description: it stands in the headers twice, and many servers take no more than 8 KiB of them. */
const DESCRIPTION_LENGTH = 500

/**
 * Text as a header can carry it. The SDK signs the UTF-8 of a Vietnamese description and sends other bytes, which no server can
 * verify; so diacritics are dropped, and what is still no ASCII becomes `?`.
 */
export function toAscii (text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').replaceAll('đ', 'd').replaceAll('Đ', 'D')
    .replace(/\s+/g, ' ').replace(/[^\x20-\x7e]/gu, '?').trim().slice(0, DESCRIPTION_LENGTH).trimEnd()
}

/** Whether a header can carry this value as it is. */
export function isHeaderValue (value: string): boolean {
  return /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value)
}

export function messageType (kind: PacketKind): 'edoc' | 'status' {
  switch (kind) {
    case 'document': return 'edoc'
    case 'status': return 'status'
  }
}

/** Fields of an answer by lower-case name: the field's own spelling differs between operations (`DocId`, `data`). */
export type ReplyFields = ReadonlyMap<string, unknown>
export type Reply = { kind: 'ok', fields: ReplyFields } | { kind: 'fail', code: string, reason: string } | { kind: 'unintelligible', reason: string }

/**
 * Reads an answer. Only an envelope that says OK is one: HTML, nothing, other JSON, or OK with an error code is unintelligible,
 * and tells nothing about what became of the request.
 */
export function readReply (body: Buffer): Reply {
  if (body.length === 0) return { kind: 'unintelligible', reason: 'an empty answer' }
  const text = body.toString().replace(/^\uFEFF/, '').trimStart()
  if (text.startsWith('<')) return { kind: 'unintelligible', reason: 'a page instead of JSON' }
  const value = parseJson(text)
  if (!isObject(value)) return { kind: 'unintelligible', reason: 'not a JSON object' }

  const fields = new Map(Object.entries(value).map(([name, field]) => [name.toLowerCase(), field]))
  const status = String(fields.get('status')).toUpperCase()
  const code = String(fields.get('errorcode') ?? '')
  const reason = String(fields.get('errordesc') ?? '')
  if (status === 'FAIL') return { kind: 'fail', code: code || 'FAIL', reason }
  if (status !== 'OK' || (code !== '' && code !== '0')) return { kind: 'unintelligible', reason: `status ${status}, code ${code}: ${reason}`.slice(0, 200) }
  return { kind: 'ok', fields }
}

/** The envelope of a good answer. */
export function okReply (fields: { data?: unknown, DocId?: string, count?: number } = {}): Buffer {
  return Buffer.from(JSON.stringify({ status: 'OK', ErrorCode: '0', ErrorDesc: 'Thanh cong', ...fields }))
}

export function failReply (code: string, reason: string): Buffer {
  return Buffer.from(JSON.stringify({ status: 'FAIL', ErrorCode: code, ErrorDesc: reason }))
}

/** The bytes that a base64 text stands for, or nothing if it is not exactly base64. Line breaks are allowed. */
export function decodeBase64 (text: string): Buffer | undefined {
  const joined = /[\r\n]/.test(text) ? text.replace(/[\r\n]+/g, '') : text
  const bytes = Buffer.from(joined, 'base64') // skips what it does not know, so it is compared with its inverse
  return bytes.toString('base64') === joined ? bytes : undefined
}

/** The value that a JSON text stands for; nothing if it is none. */
export function parseJson (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export function isObject (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
