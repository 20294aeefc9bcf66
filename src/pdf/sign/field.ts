/** The signature field that is signed: one of the file's that was named, or a new one (ISO 32000-2, 12.7.5.5). */
import { Refusal } from '../../errors.ts'
import { DEEPEST_FIELD, formOf } from '../reader/form.ts'
import { isName, PdfRef, type PdfObject } from '../reader/objects.ts'
import type { Revision } from '../reader/revision.ts'
import { dictOf, itemsOf } from '../reader/values.ts'
import { annotationsOn, pagesOf } from '../reader/pages.ts'
import { textOf } from '../reader/text.ts'

/** Beyond this a file has not grown by being signed. */
const MOST_FIELDS = 10_000

/** `lienthong-1`, or the next that no field has, be it in the form or only on a page. */
export function newFieldName (revision: Revision): string {
  const fields = itemsOf(revision, formOf(revision)?.get('Fields')).map((field) => dictOf(revision, field))
  const taken = new Set(fields.map((field) => textOf(field?.get('T'))))
  for (const page of pagesOf(revision)) for (const { dict } of annotationsOn(page, revision)) taken.add(textOf(dict.get('T')))
  for (let number = 1; number <= MOST_FIELDS; number++) if (!taken.has(`lienthong-${number}`)) return `lienthong-${number}`
  throw new Refusal('PDF_SIGN_FIELD', { detail: `more than ${MOST_FIELDS}` })
}

/** An empty signature field: its dictionary, and that of its one widget, which is often the same. */
type EmptyField = { field: PdfRef, widget: PdfRef }

/** The empty signature field with this full name. Throws PDF_SIGN_FIELD if it cannot be filled, or demands what we do not do. */
export function emptyField (revision: Revision, name: string): EmptyField {
  const field = fieldNamed(revision, itemsOf(revision, formOf(revision)?.get('Fields')), name, 0)
  if (!field) throw fault(name, 'not found')
  const dict = dictOf(revision, field)!
  if (!isName(revision.resolve(dict.get('FT')), 'Sig')) throw fault(name, 'no signature field')
  if (dict.has('V')) throw fault(name, 'signed already')
  // Both would bind what this signature must look like (ISO 32000-2, 12.7.5.5)
  if (dict.has('Lock') || dict.has('SV')) throw fault(name, 'Lock, SV')
  const kids = itemsOf(revision, dict.get('Kids'))
  const [widget, ...others] = isName(revision.resolve(dict.get('Subtype')), 'Widget') ? [field] : kids
  if (!(widget instanceof PdfRef) || others.length > 0) throw fault(name, 'not one widget')
  return { field, widget }
}

function fieldNamed (revision: Revision, fields: readonly PdfObject[], name: string, depth: number): PdfRef | undefined {
  if (depth > DEEPEST_FIELD) return undefined
  for (const field of fields) {
    const dict = dictOf(revision, field)
    const own = textOf(dict?.get('T'))
    if (own === undefined || !(field instanceof PdfRef)) continue
    if (own === name) return field
    const found = name.startsWith(`${own}.`) ? fieldNamed(revision, itemsOf(revision, dict!.get('Kids')), name.slice(own.length + 1), depth + 1) : undefined
    if (found) return found
  }
  return undefined
}

function fault (name: string, why: string): Refusal {
  return new Refusal('PDF_SIGN_FIELD', { detail: `${name}: ${why}` })
}
