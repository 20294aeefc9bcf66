/** PDF's text strings and dates (ISO 32000-2, 7.9.2.2 and 7.9.4), as strangers write them. */
import { PdfString, type PdfObject } from './objects.ts'

/** Longer than any reason or name that a person reads. */
const LONGEST_TEXT = 1000

/** Where PDFDocEncoding is not Latin-1 (ISO 32000-2, D.3): 18 to 1f, 80 to a0, ad. */
const ACCENTS = '˘ˇˆ˙˝˛˚˜'
const SIGNS = '•†‡…—–ƒ⁄‹›−‰„“”‘’‚™ﬁﬂŁŒŠŸŽıłœšž\ufffd€'

/** What a text string says: UTF-16BE or UTF-8 by its mark, otherwise PDFDocEncoding; cut off where nobody reads on. Undefined for what is no string. */
export function textOf (object: PdfObject | undefined): string | undefined {
  return object instanceof PdfString ? decoded(object.bytes.subarray(0, 4 * LONGEST_TEXT)).slice(0, LONGEST_TEXT).toWellFormed() : undefined
}

function decoded (bytes: Buffer): string {
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder('utf-16be').decode(bytes).replace(LANGUAGE, '')
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le').decode(bytes)
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return new TextDecoder('utf-8').decode(bytes).replace(LANGUAGE, '')
  return Array.from(bytes, characterOf).join('')
}

/** Language and country between two escapes (ISO 32000-2, 7.9.2.2.3). */
const LANGUAGE = /\u001b[^\u001b]{2,8}\u001b/g

function characterOf (octet: number): string {
  if (octet >= 0x18 && octet <= 0x1f) return ACCENTS[octet - 0x18]!
  if (octet >= 0x80 && octet <= 0xa0) return SIGNS[octet - 0x80]!
  return octet === 0x7f || octet === 0xad ? '\ufffd' : String.fromCharCode(octet)
}

const DATE = /^D:(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:Z(?:00'?(?:00'?)?)?|([+-])(\d\d)'?(?:(\d\d)'?)?)?$/

/** A date as a moment; GMT where it names no zone. Undefined for what is no date, or a day that does not exist. */
export function dateOf (object: PdfObject | undefined): Date | undefined {
  const [matched, ...parts] = DATE.exec(textOf(object) ?? '') ?? []
  if (matched === undefined) return undefined
  const [year, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts.slice(0, 6).map((part) => part === undefined ? undefined : Number(part)) as [number, ...(number | undefined)[]]
  const local = new Date(Date.UTC(year, month - 1, day, hour, minute, second))
  const isReal = local.getUTCFullYear() === year && local.getUTCMonth() === month - 1 && local.getUTCDate() === day && hour < 24 && minute < 60 && second < 60
  const [sign, hours = '0', minutes = '0'] = parts.slice(6)
  if (!isReal || Number(hours) > 23 || Number(minutes) > 59) return undefined
  return new Date(local.getTime() - (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000)
}
