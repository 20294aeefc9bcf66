/** The fields of a form as a revision has them (ISO 32000-2, 12.7.4): who may be filled in, and who is signed. */
import { PdfFault } from '../fault.ts'
import { DEEPEST_FIELD, formOf, handedDown, NOTHING_INHERITED, type Inherited } from '../reader/form.ts'
import { PdfName, PdfRef, PdfString, type PdfObject } from '../reader/objects.ts'
import type { Revision } from '../reader/revision.ts'
import { dictOf, itemsOf, nameOf } from '../reader/values.ts'

/**
 * One node of the tree: a field, or a widget of one, with its own and inherited entries. `isOpen`: it may be filled in or signed, since nobody signed in it yet, no other
 * field has it too, and it is neither read-only nor a push-button, which holds no value. `signature`: what a signature field holds; `appearance`: the default appearance of its text.
 */
export type Field = { number: number, name: string, isSignature: boolean, isOpen: boolean, signature: PdfObject, appearance: string | undefined }

/** Fields that people fill in; a node above fields may have no type. */
const FILLED_IN = new Set(['Tx', 'Btn', 'Ch'])

/** Flags of a field (ISO 32000-2, tables 227 and 229). */
export const READ_ONLY = 1
const PUSH_BUTTON = 1 << 16

/** Every field and widget below a form's Fields, by object number. Throws PdfFault for a tree that is too deep. */
export function fieldsOf (revision: Revision): Map<number, Field> {
  const form = formOf(revision)
  const fields = new Map<number, Field>()
  for (const field of itemsOf(revision, form?.get('Fields'))) walk(revision, field, { ...NOTHING_INHERITED, appearance: form?.get('DA') ?? null }, fields, 0)
  return fields
}

function walk (revision: Revision, node: PdfObject, above: Inherited, fields: Map<number, Field>, depth: number): void {
  const known = node instanceof PdfRef ? fields.get(node.number) : undefined
  const dict = known ? undefined : dictOf(revision, node)
  if (known) known.isOpen = false
  if (!(node instanceof PdfRef) || !dict) return
  if (depth > DEEPEST_FIELD) throw new PdfFault('PDF_TOO_COMPLEX', `form: field ${above.names.join('.')} lies too deep`)
  const own = handedDown(revision, above, dict)
  const type = own.type instanceof PdfName ? own.type.value : ''
  const isSignature = type === 'Sig'
  const signature = isSignature ? own.value : null
  const isFilledIn = FILLED_IN.has(type) && !(type === 'Btn' && hasFlag(own, PUSH_BUTTON)) && !hasFlag(own, READ_ONLY)
  // An annotation of another kind is no field, wherever it is listed
  const isWidget = !dict.has('Subtype') || nameOf(dict, 'Subtype', revision) === 'Widget'
  const appearance = own.appearance instanceof PdfString ? own.appearance.bytes.toString('latin1') : undefined
  fields.set(node.number, { number: node.number, name: own.names.join('.'), isSignature, isOpen: isWidget && (isSignature ? signature === null : isFilledIn), signature, appearance })
  for (const kid of itemsOf(revision, dict.get('Kids'))) walk(revision, kid, own, fields, depth + 1)
}

/** What is no number is every flag: viewers differ on it. */
function hasFlag ({ flags }: Inherited, flag: number): boolean {
  return flags !== null && (typeof flags !== 'number' || (flags & flag) !== 0)
}
