/** Rules for a field or widget that was there already (ISO 32000-2, 12.7.4 and 12.5.6.19). */
import { PdfName, type PdfDict, type PdfObject } from '../reader/objects.ts'
import { dictOf, itemsOf } from '../reader/values.ts'
import { other, type Change, type Comparison } from './comparison.ts'
import { READ_ONLY, type Field } from './fields.ts'
import { faultInSignature, isExtended, signatureIn } from './new-signatures.ts'
import { differingKeys } from './same.ts'

/** What signing in an empty field changes. Its place too: the signer vouches for it as for that of a new field. */
const SIGNED = new Set(['V', 'AP', 'F', 'M', 'P', 'Rect'])

/** A field or widget that was written anew. */
export function compareFields (comparison: Comparison, field: Field, before: PdfDict, after: PdfDict, accepted: ReadonlySet<number>): Change[] {
  const keys = differingKeys(before, after, comparison.same).filter((key) => !isHarmless(key, before, after, comparison, accepted))
  if (keys.length === 0) return []
  const beyond = (permitted: ReadonlySet<string>) => keys.filter((key) => !permitted.has(key)).map((key) => other(`object ${field.number}: field ${field.name} /${key}`, field.name))
  if (!field.isOpen) return beyond(new Set())
  if (!field.isSignature) return keys.every((key) => isFilled(key, comparison.later.resolve(after.get(key)))) ? [filled(field)] : beyond(new Set())
  return [...beyond(SIGNED), ...signedNow(comparison, field, after)]
}

/** What filling in a field changes: its value, how that looks, which of a button's states is shown, which options of a list are chosen. */
function isFilled (key: string, value: PdfObject): boolean {
  // Under these names a dictionary that is no field has entries of other types
  if (key === 'AS') return value === null || value instanceof PdfName
  if (key === 'I') return value === null || Array.isArray(value)
  return ['V', 'RV', 'AP', 'M'].includes(key)
}

export function filled ({ name }: Field): Change {
  return { kind: 'form-fill', detail: `field ${name}`, field: name }
}

/** What is said of an empty signature field, in which something changed. */
export function signedNow (comparison: Comparison, field: Field, widget: PdfDict): Change[] {
  const now = comparison.after.get(field.number)
  if (!now || now.signature === null) return [other(`object ${field.number}: field ${field.name} changed without being signed`, field.name)]
  const fault = faultInSignature(now, widget, comparison)
  return [fault === undefined ? signatureIn(now, comparison) : other(`object ${field.number}: ${fault}`, field.name)]
}

/** A node above fields. Where a widget, or a field with widgets, becomes one, pdfium no longer draws them. */
function isAboveFields (node: PdfDict, { earlier }: Comparison): boolean {
  return !node.has('Subtype') && itemsOf(earlier, node.get('Kids')).every((kid) => dictOf(earlier, kid)?.has('T') === true)
}

/** Acrobat makes fields read-only that a signature locks; a node above fields may gain accepted ones. */
function isHarmless (key: string, before: PdfDict, after: PdfDict, comparison: Comparison, accepted: ReadonlySet<number>): boolean {
  const { earlier, later } = comparison
  if (key === 'Kids') return isAboveFields(before, comparison) && isExtended(before.get(key), after.get(key), accepted, comparison)
  return key === 'Ff' && later.resolve(after.get(key)) === (Number(earlier.resolve(before.get(key))) | READ_ONLY)
}
