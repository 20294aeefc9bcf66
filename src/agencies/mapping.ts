/**
 * Which certificate of an upload is whose: lines of a CSV or JSON list that the Cipher Committee, or an administrator, wrote beside it.
 *
 *     certificate,agency,replaces,from,until
 *     van-phong.cer,H90.01,*,,
 *     3f…,H90.27,,2026-12-01,
 */
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { readDay } from '../edxml/dates.ts'
import { Refusal } from '../errors.ts'

/**
 * One certificate for one agency. `certificate` is a file's name, or the SHA-256 fingerprint of one that was uploaded, is registered, or came with
 * an arrival. `replaces` is the fingerprint of the one before, `*` for all of the agency's, `-` for none; without it those of the same owner are
 * proposed. `from` and `until` bound the link; `until` for one that speaks already ends it.
 */
export type MappingLine = { certificate: string, agency: string, replaces?: string, from?: Date, until?: Date }

const text = (maxLength: number) => Type.String({ minLength: 1, maxLength, pattern: '^[^\\u0000]*$' }) // PostgreSQL keeps no NUL
const day = Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}(T\\d{2}:\\d{2}(:\\d{2})?(Z|[+-]\\d{2}:\\d{2}))?$' })
const Lines = Type.Array(Type.Object({
  certificate: text(300), agency: text(35), replaces: Type.Optional(text(100)), from: Type.Optional(day), until: Type.Optional(day),
}, { additionalProperties: false }), { maxItems: 10_000 })
const check = Compile(Lines)
const COLUMNS = ['certificate', 'agency', 'replaces', 'from', 'until']

/** Reads a mapping, or refuses it, naming the line (CSV) or the element (JSON) that is wrong. */
export function parseMapping (mapping: string): MappingLine[] {
  const trimmed = mapping.replace(/^\uFEFF/, '').trim()
  if (trimmed === '') return []
  const isJson = trimmed.startsWith('[')
  const lines: unknown = isJson ? fromJson(trimmed) : fromCsv(trimmed)
  if (!check.Check(lines)) {
    const { instancePath, message } = check.Errors(lines)[0] as { instancePath: string, message: string }
    const [, index = '0', field] = instancePath.split('/')
    throw invalid(isJson ? `mapping[${index}]` : 'mapping', isJson ? undefined : Number(index) + 2, [field, message].filter(Boolean).join(': '))
  }
  return lines.map((line, index) => read(line, isJson ? undefined : index + 2))
}

/** A fingerprint as people write it, with colons, blanks or capitals, in the form it is kept in; undefined when it is none. */
export function fingerprintIn (text: string): string | undefined {
  const bare = text.replaceAll(/[\s:]/g, '').toLowerCase()
  return /^[0-9a-f]{64}$/.test(bare) ? bare : undefined
}

function read ({ certificate, agency, replaces, from, until }: Static<typeof Lines>[number], line: number | undefined): MappingLine {
  const previous = replaces === undefined || ['*', '-'].includes(replaces) ? replaces : fingerprintIn(replaces)
  if (replaces !== undefined && previous === undefined) throw invalid('replaces', line, 'a SHA-256 fingerprint, * or -')
  const [begin, end] = [from, until].map((moment) => moment === undefined ? undefined : momentIn(moment))
  if ([begin, end].some((moment) => moment !== undefined && Number.isNaN(moment.getTime()))) throw invalid('from, until', line, 'there is no such day')
  if (begin !== undefined && end !== undefined && begin >= end) throw invalid('until', line, 'ends before it begins')
  return { certificate: certificate.trim(), agency: agency.trim(), ...(previous !== undefined && { replaces: previous }), ...(begin && { from: begin }), ...(end && { until: end }) }
}

const MOMENT = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(Z|[+-]\d{2}:\d{2})?)?$/

/** A day or a moment, ISO 8601: of Vietnamese time unless a zone is named, a day from its midnight. An invalid Date when it is neither. */
export function momentIn (text: string): Date {
  const [, day, time = '00:00', zone = '+07:00'] = MOMENT.exec(text.toUpperCase()) ?? []
  // Date reads the 30th of February as a day in March
  return new Date(day === undefined || readDay(day) === null ? Number.NaN : `${day}T${time}${zone}`)
}

function fromJson (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw invalid('mapping', undefined, 'not JSON')
  }
}

/** RFC 4180, with any of the separators that spreadsheets write; quoted fields hold no line ends. */
function fromCsv (text: string): unknown[] {
  const [header = '', ...rows] = text.split(/\r?\n/)
  const separator = [';', '\t'].find((one) => header.includes(one)) ?? ','
  const names = cells(header, separator).map((name) => name.toLowerCase())
  const unknown = names.find((name) => !COLUMNS.includes(name))
  if (unknown !== undefined || !names.includes('certificate') || !names.includes('agency')) throw invalid('mapping', 1, `the first line names the columns: ${COLUMNS.join(', ')}`)
  return rows.map((row) => Object.fromEntries(cells(row, separator).map((value, index) => [names[index] ?? 'more', value]).filter(([, value]) => value !== '')))
}

function cells (row: string, separator: string): string[] {
  const cell = new RegExp(`(?:^|${separator})(?:"((?:[^"]|"")*)"|([^${separator}"]*))`, 'g')
  return [...row.matchAll(cell)].map(([, quoted, bare]) => (quoted?.replaceAll('""', '"') ?? bare ?? '').trim())
}

function invalid (field: string, line: number | undefined, detail: string): Refusal {
  return new Refusal('CERTIFICATE_MAPPING_INVALID', { field, ...(line !== undefined && { line }), detail })
}
