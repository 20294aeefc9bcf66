/** Whether an object says the same in two revisions, however a program wrote it down again. */
import { PdfName, PdfRef, PdfStream, PdfString, type PdfDict, type PdfObject } from '../reader/objects.ts'
import type { Revision } from '../reader/revision.ts'

export type Same = (earlier: PdfObject | undefined, later: PdfObject | undefined) => boolean

/**
 * Compares objects of two revisions. A reference is the same as one to the same object, whatever became of that, or as the value itself written in its
 * place; a stream is its data as they stand, and its dictionary but for their length. A number that became an object, or was
 * one, may be written with a point now, which is another one to poppler. An entry that is null is
 * not one that is absent: by the standard it would be (ISO 32000-2, 7.3.7), but some viewers take it for the value, and inherit none.
 */
export function sameIn (earlier: Revision, later: Revision): Same {
  const same: Same = (a = null, b = null) => {
    if (a instanceof PdfRef && b instanceof PdfRef) return a.number === b.number && a.generation === b.generation
    if (a instanceof PdfRef) return typeof b !== 'number' && same(earlier.resolve(a), b)
    if (b instanceof PdfRef) return typeof a !== 'number' && same(a, later.resolve(b))
    if (a instanceof PdfName) return b instanceof PdfName && a.value === b.value
    if (a instanceof PdfString) return b instanceof PdfString && a.bytes.equals(b.bytes)
    if (a instanceof PdfStream) return b instanceof PdfStream && sameDict(a.dict, b.dict, 'Length') && sameData(earlier, a, later, b)
    if (a instanceof Map) return b instanceof Map && sameDict(a as PdfDict, b as PdfDict)
    if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item: PdfObject, index) => same(item, (b as PdfObject[])[index]))
    return a === b
  }
  const sameDict = (a: PdfDict, b: PdfDict, but?: string) => keysOf(a, b).every((key) => key === but || sameEntry(key, a, b, same))
  return same
}

/** The keys whose values differ. */
export function differingKeys (a: PdfDict, b: PdfDict, same: Same): string[] {
  return keysOf(a, b).filter((key) => !sameEntry(key, a, b, same))
}

function sameEntry (key: string, a: PdfDict, b: PdfDict, same: Same): boolean {
  return a.has(key) === b.has(key) && same(a.get(key), b.get(key))
}

function keysOf (a: PdfDict, b: PdfDict): string[] {
  return [...a.keys(), ...[...b.keys()].filter((key) => !a.has(key))]
}

const PIECE = 1024 * 1024

function sameData (earlier: Revision, a: PdfStream, later: Revision, b: PdfStream): boolean {
  if (a.from === b.from && a.to === b.to) return true
  const length = a.to - a.from
  if (length !== b.to - b.from) return false
  for (let at = 0; at < length; at += PIECE) {
    const end = Math.min(length, at + PIECE)
    // What a source gives may be a view that its next reading replaces
    const piece = Buffer.from(earlier.source.read(a.from + at, a.from + end))
    if (!piece.equals(later.source.read(b.from + at, b.from + end))) return false
  }
  return true
}
