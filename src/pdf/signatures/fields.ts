/** The fields of a revision that hold a signature: in the form's tree, and beside it (ISO 32000-2, 12.7.4 and 12.7.5.5). */
import { PdfFault } from '../fault.ts'
import { DEEPEST_FIELD, formOf, handedDown, NOTHING_INHERITED, type Inherited } from '../reader/form.ts'
import { isName, PdfRef, PdfString, type PdfDict, type PdfObject } from '../reader/objects.ts'
import type { Revision } from '../reader/revision.ts'
import { dictOf, itemsOf } from '../reader/values.ts'
import type { Annotation } from '../reader/pages.ts'

/** A field that holds a signature: its full name, the signature dictionary, what it locks, and its widgets by object number. `isListed`: the form knows it. */
export type SignedField = { name: string, signature: PdfDict, lock: PdfDict | undefined, widgets: number[], isListed: boolean }

/** The fields that the form lists. Throws PdfFault for a tree that leads back into itself, or too deep. */
export function signedFieldsOf (revision: Revision): SignedField[] {
  const fields: SignedField[] = []
  const seen = new Set<number>()
  for (const field of itemsOf(revision, formOf(revision)?.get('Fields'))) walk(field, NOTHING_INHERITED, { revision, path: [], seen, fields })
  return fields
}

/** The signature dictionary that the catalog names as the one that certifies the document (ISO 32000-2, 12.8.6). */
export function certifyingSignatureOf (revision: Revision): PdfDict | undefined {
  const permissions = dictOf(revision, revision.catalog.get('Perms'))
  return dictOf(revision, permissions?.get('DocMDP'))
}

/** The field that a widget belongs to, if that holds a signature: found from the page, whatever the form lists. */
export function signedFieldOf (revision: Revision, { number, dict }: Annotation): SignedField | undefined {
  if (!dict.has('FT') && !dict.has('Parent')) return undefined
  return heldBy(lineOf(revision, dict).reduceRight((above, field) => handedDown(revision, above, field), NOTHING_INHERITED), number === undefined ? [] : [number], false)
}

/** Where the signature's Contents stand in the file: what tells signatures apart. Undefined where they have no place of their own. */
export function placeOf (signature: PdfDict): number | undefined {
  const contents = signature.get('Contents')
  return contents instanceof PdfString ? contents.span?.from : undefined
}

type Walk = { revision: Revision, path: readonly number[], seen: Set<number>, fields: SignedField[] }

function walk (node: PdfObject, above: Inherited, { revision, path, seen, fields }: Walk): void {
  if (node instanceof PdfRef) {
    if (path.includes(node.number) || path.length > DEEPEST_FIELD) throw new PdfFault('PDF_BROKEN', `form: field ${node.number} leads back to itself, or is too deep`)
    if (seen.has(node.number)) return
    seen.add(node.number)
    path = [...path, node.number]
  }
  const dict = dictOf(revision, node)
  if (!dict) return
  const inherited = handedDown(revision, above, dict)
  const kids = itemsOf(revision, dict.get('Kids')).map((kid) => ({ kid, isField: isField(dictOf(revision, kid)) }))
  for (const { kid } of kids.filter(({ isField }) => isField)) walk(kid, inherited, { revision, path, seen, fields })
  if (kids.some(({ isField }) => isField) && !dict.has('V')) return
  const held = heldBy(inherited, [node, ...kids.map(({ kid }) => kid)].flatMap((widget) => widget instanceof PdfRef ? [widget.number] : []), true)
  if (held) fields.push(held)
}

/** Kids that say nothing of their own are a field's widgets (ISO 32000-2, 12.7.4.2). */
function isField (kid: PdfDict | undefined): boolean {
  return kid !== undefined && ['T', 'Kids', 'V', 'FT'].some((key) => kid.has(key))
}

function heldBy ({ names, type, value, lock }: Inherited, widgets: number[], isListed: boolean): SignedField | undefined {
  if (!isName(type, 'Sig') || !(value instanceof Map)) return undefined
  return {
    name: names.join('.'), signature: value as PdfDict, lock: lock instanceof Map ? lock as PdfDict : undefined, widgets, isListed,
  }
}

/** The widget and the fields above it, the widget first. */
function lineOf (revision: Revision, widget: PdfDict): PdfDict[] {
  const line = [widget]
  for (let above = dictOf(revision, widget.get('Parent')); above; above = dictOf(revision, above.get('Parent'))) {
    line.push(above)
    if (line.length > DEEPEST_FIELD) throw new PdfFault('PDF_BROKEN', 'form: the fields above a widget lead back to themselves, or are too deep')
  }
  return line
}
