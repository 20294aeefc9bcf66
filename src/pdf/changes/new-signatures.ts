/**
 * Signature fields that came with an update: new ones, and empty ones that were filled. What such a field shows is vouched for by whoever signed in it, so its signature
 * must cover this very update; a signature of an earlier revision, hung onto a new field, would vouch for what its signer never saw.
 */
import { partialName } from '../reader/form.ts'
import { PdfRef, type PdfDict, type PdfObject } from '../reader/objects.ts'
import type { Revision } from '../reader/revision.ts'
import { itemsOf, nameOf } from '../reader/values.ts'
import { faultInByteRange } from '../signatures/byte-range.ts'
import { SUB_FILTER } from '../sub-filter.ts'
import { other, type Change, type Comparison } from './comparison.ts'
import { objectAt } from './differences.ts'
import type { Field } from './fields.ts'

/** New fields and widgets by object number: those that are as they should be, and what is said of each. */
export type NewFields = { accepted: ReadonlySet<number>, changes: Change[] }

/** Judges every field and widget that is new in the form, or on a page only, where some programs leave it. */
export function newSignatureFields (comparison: Comparison): NewFields {
  const { added, before, after, later } = comparison
  const names = new Set(Array.from(before.values(), ({ name }) => name))
  const accepted = new Set<number>()
  const changes: Change[] = []
  for (const number of added) {
    const field = after.get(number) ?? unlistedField(number, later)
    if (!field) continue
    const dict = objectAt(later, field.number) as PdfDict
    const fault = faultInNewField(field, dict, comparison, names)
    if (fault === undefined) accepted.add(field.number)
    if (fault !== undefined) changes.push(other(`object ${field.number}: ${fault}`, field.name))
    else if (field.isSignature) changes.push(signatureIn(field, comparison))
  }
  return { accepted, changes }
}

function unlistedField (number: number, later: Revision): Field | undefined {
  const dict = objectAt(later, number)
  if (!(dict instanceof Map) || nameOf(dict, 'Subtype', later) !== 'Widget' || nameOf(dict, 'FT', later) !== 'Sig' || dict.has('Parent')) return undefined
  return { number, name: partialName(later, dict as PdfDict), isSignature: true, isOpen: false, signature: later.resolve(dict.get('V')), appearance: undefined }
}

function faultInNewField (field: Field, dict: PdfDict, comparison: Comparison, names: ReadonlySet<string>): string | undefined {
  const { added, later } = comparison
  if (dict.has('T') && names.has(field.name)) return 'a field of a name that is there already'
  if (!itemsOf(later, dict.get('Kids')).every((kid) => kid instanceof PdfRef && added.has(kid.number))) return 'a new field above an old one'
  if (dict.has('A') || dict.has('AA')) return 'a new field with an action'
  // Of annotations of other kinds viewers draw appearances that nobody wrote down
  if (dict.has('Subtype') && nameOf(dict, 'Subtype', later) !== 'Widget') return 'a new field that is an annotation of another kind'
  const isShown = showsSomething(dict)
  if (!field.isSignature) return isShown || dict.has('Rect') || !dict.has('Kids') ? 'a new field that is no signature field' : undefined
  // MuPDF paints over the place of a field that waits for its signature
  if (field.signature === null) return isShown || hasPlace(dict, later) ? 'a new signature field that shows something without a signature' : undefined
  return faultInSignature(field, dict, comparison)
}

/** What speaks against the signature that came into a field with this update. */
export function faultInSignature ({ signature }: Field, widget: PdfDict, { later }: Comparison): string | undefined {
  if (!(signature instanceof Map)) return 'a signature field whose value is no signature'
  const fault = faultInByteRange(signature as PdfDict, later)
  if (fault !== undefined) return `a signature that does not cover the update it came with: ByteRange ${fault}`
  // Anybody can have a time-stamp from an authority: it says when, and must show nothing
  return isTimeStamp(signature as PdfDict, later) && isVisible(widget, later) ? 'a document time-stamp that shows something' : undefined
}

/** What came into a signature field: nothing yet, a signature, or a document time-stamp. */
export function signatureIn ({ name, signature }: Field, { later }: Comparison): Change {
  if (signature === null) return { kind: 'signature', detail: `empty field ${name}`, field: name }
  return { kind: isTimeStamp(signature as PdfDict, later) ? 'document-time-stamp' : 'signature', detail: `field ${name}`, field: name }
}

function isTimeStamp (signature: PdfDict, later: Revision): boolean {
  return nameOf(signature, 'SubFilter', later) === SUB_FILTER.timeStamp
}

/** What a widget or field may say without showing anything. */
const SHOWS_NOTHING = new Set(['Type', 'Subtype', 'FT', 'T', 'TU', 'TM', 'F', 'Ff', 'V', 'Rect', 'P', 'Parent', 'Kids', 'Lock', 'SV', 'M', 'NM', 'StructParent', 'DA'])

/** Viewers draw the appearance, or one of their own by the characteristics, and some by the border (ISO 32000-2, 12.5.4 and 12.5.6.19). */
function showsSomething (widget: PdfDict): boolean {
  return [...widget.keys()].some((key) => !SHOWS_NOTHING.has(key))
}

function isVisible (widget: PdfDict, later: Revision): boolean {
  return showsSomething(widget) && hasPlace(widget, later)
}

function hasPlace (widget: PdfDict, later: Revision): boolean {
  const [left = 0, bottom = 0, right = 0, top = 0] = itemsOf(later, widget.get('Rect')).map((side) => later.resolve(side))
  return left !== right && bottom !== top
}

/**
 * Compares two lists of fields or annotations. The old ones must all be there, in their order (what is drawn later covers what is drawn earlier); only accepted new ones may
 * have come among them.
 */
export function isExtended (before: PdfObject | undefined, after: PdfObject | undefined, accepted: ReadonlySet<number>, { earlier, later, same }: Comparison): boolean {
  const [old, all] = [earlier.resolve(before), later.resolve(after)]
  if ((old !== null && !Array.isArray(old)) || (all !== null && !Array.isArray(all))) return false
  const kept = itemsOf(later, after).filter((item) => !(item instanceof PdfRef && accepted.has(item.number)))
  return same(kept, itemsOf(earlier, before))
}
