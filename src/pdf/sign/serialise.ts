/** Writes objects (ISO 32000-2, 7.3), each in the one form that leaves nothing to guess. */
import { PdfName, PdfRef, PdfStream, PdfString, type PdfDict, type PdfObject } from '../reader/objects.ts'

/** Whitespace, delimiters, `#`, and what is no ASCII (ISO 32000-2, 7.3.5). */
const TO_ESCAPE = /[\0-\x20()<>[\]{}/%#\x7f-\xff]/g

/** Any object but a stream, whose data stand elsewhere. */
export function serialise (object: PdfObject): string {
  if (object === null || typeof object === 'boolean') return String(object)
  if (typeof object === 'number') return numeral(object)
  if (object instanceof PdfName) return nameOf(object.value)
  if (object instanceof PdfString) return `<${object.bytes.toString('hex')}>`
  if (object instanceof PdfRef) return `${object.number} ${object.generation} R`
  if (object instanceof PdfStream) throw new TypeError('a stream is written with its data')
  if (object instanceof Map) return `<<${[...object].map(([key, value]) => `${nameOf(key)} ${serialise(value)}`).join(' ')}>>`
  return `[${(object as readonly PdfObject[]).map(serialise).join(' ')}]`
}

/** A dictionary from entries; those that are undefined are left out. */
export function dictionary (entries: Record<string, PdfObject | undefined>): PdfDict {
  return new Map(Object.entries(entries).filter((entry): entry is [string, PdfObject] => entry[1] !== undefined))
}

/** A text string: plain where it is ASCII, otherwise UTF-16 with its mark, which readers of every version know (ISO 32000-2, 7.9.2.2). */
export function textString (text: string): PdfString {
  return new PdfString(/^[\x20-\x7e]*$/.test(text) ? Buffer.from(text, 'latin1') : Buffer.from(`\ufeff${text}`, 'utf16le').swap16())
}

function nameOf (value: string): string {
  return `/${value.replace(TO_ESCAPE, (character) => `#${character.charCodeAt(0).toString(16).padStart(2, '0')}`)}`
}

/** Numbers have no exponent; further digits than these no reader keeps (ISO 32000-2, C.2). */
function numeral (value: number): string {
  return Number.isInteger(value) ? value.toFixed(0) : value.toFixed(10).replace(/\.?0+$/, '')
}
