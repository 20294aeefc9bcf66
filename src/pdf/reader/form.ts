/** The form of a document, and what its fields hand down to their kids (ISO 32000-2, 12.7.3 and 12.7.4). */
import type { PdfDict, PdfObject } from './objects.ts'
import type { Revision } from './revision.ts'
import { textOf } from './text.ts'
import { dictOf } from './values.ts'

/** Deeper than any tree of fields. */
export const DEEPEST_FIELD = 32

/** The form's own dictionary, if there is one. */
export function formOf (revision: Revision): PdfDict | undefined {
  return dictOf(revision, revision.catalog.get('AcroForm'))
}

/** What a field has of its own or from those above it: partial names, FT, Ff, V, Lock and DA. */
export type Inherited = { names: readonly string[], type: PdfObject, flags: PdfObject, value: PdfObject, lock: PdfObject, appearance: PdfObject }

export const NOTHING_INHERITED: Inherited = { names: [], type: null, flags: null, value: null, lock: null, appearance: null }

/** What a field hands down, given what it has from above. */
export function handedDown (revision: Revision, above: Inherited, field: PdfDict): Inherited {
  const own = (key: string, inherited: PdfObject) => revision.resolve(field.get(key)) ?? inherited
  return {
    names: field.has('T') ? [...above.names, partialName(revision, field)] : above.names,
    type: own('FT', above.type), flags: own('Ff', above.flags), value: own('V', above.value), lock: own('Lock', above.lock), appearance: own('DA', above.appearance),
  }
}

/** A field's own part of its full name; `?` where it is none. */
export function partialName (revision: Revision, field: PdfDict): string {
  return textOf(revision.resolve(field.get('T'))) ?? '?'
}
