import type { Day, Moment } from './packet.ts'

/**
 * Dates of edXML: `yyyy/MM/dd` and `yyyy/MM/dd HH:mm:ss`, in Vietnam time, which has had no other offset since 1975.
 * Decision 28/2018, art. 14.4: times are Vietnam time; within the gateway they are ISO 8601.
 */

const VIETNAM_MINUTES = 7 * 60
const TIME = String.raw`(?:[ T]+(?<hour>\d{1,2}):(?<minute>\d{2})(?::(?<second>\d{2})(?:[.,]\d+)?)?\s*(?<zone>Z|[+-]\d{2}:?\d{2})?)?`
const YEAR_FIRST = new RegExp(String.raw`^(?<year>\d{4})([/-])(?<month>\d{1,2})\2(?<day>\d{1,2})${TIME}$`)
const YEAR_LAST = new RegExp(String.raw`^(?<day>\d{1,2})([/-])(?<month>\d{1,2})\2(?<year>\d{4})${TIME}$`)

/** A value, and whether it was written as edXML wants it. */
export type ReadDate = { value: string, standard: boolean }

/** Reads a day; `dd/MM/yyyy` and ISO 8601 are understood too. Null when it is no date. */
export function readDay (text: string): ReadDate | null {
  const time = timeOf(text)
  return time === null ? null : { value: vietnam(time).slice(0, 10), standard: /^\d{4}\/\d{2}\/\d{2}$/.test(text) }
}

/** Reads a moment, in the forms of a day with a time. Null when it is none. */
export function readMoment (text: string): ReadDate | null {
  const time = timeOf(text)
  return time === null ? null : { value: `${vietnam(time)}+07:00`, standard: /^\d{4}\/\d{2}\/\d{2} \d{2}:\d{2}:\d{2}$/.test(text) }
}

/** A day as edXML writes it; null when it is no day. */
export function writeDay (day: Day): string | null {
  return readDay(day)?.value.replaceAll('-', '/') ?? null
}

/** A moment as edXML writes it; null when it is none. */
export function writeMoment (moment: Moment): string | null {
  return readMoment(moment)?.value.slice(0, 19).replaceAll('-', '/').replace('T', ' ') ?? null
}

/** A moment of Vietnam time. */
export function vietnamTimestamp (at: Date): Moment {
  return `${vietnam(at.getTime())}+07:00`
}

function vietnam (time: number): string {
  return new Date(time + VIETNAM_MINUTES * 60_000).toISOString().slice(0, 19)
}

function timeOf (text: string): number | null {
  const parts = (YEAR_FIRST.exec(text) ?? YEAR_LAST.exec(text))?.groups
  if (parts === undefined) return null
  const [year, month, day, hour, minute, second] = ['year', 'month', 'day', 'hour', 'minute', 'second'].map((name) => Number(parts[name] ?? 0)) as
    [number, number, number, number, number, number]
  const local = new Date(Date.UTC(year, month - 1, day, hour, minute, second))
  // The 30th of February would silently become a day in March.
  const isReal = local.getUTCFullYear() === year && local.getUTCMonth() === month - 1 && local.getUTCDate() === day &&
    local.getUTCHours() === hour && local.getUTCMinutes() === minute && local.getUTCSeconds() === second
  const time = local.getTime() - offsetMinutes(parts['zone']) * 60_000
  return isReal && /^\d{4}-/.test(new Date(time + VIETNAM_MINUTES * 60_000).toISOString()) ? time : null // a zone may carry the last day into the year 10000
}

function offsetMinutes (zone: string | undefined): number {
  if (zone === undefined) return VIETNAM_MINUTES
  if (zone === 'Z') return 0
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2))
  return zone.startsWith('-') ? -minutes : minutes
}
