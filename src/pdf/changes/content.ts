/**
 * What of a revision may change at all. Every object that can be reached from the catalog, in a way that permits no change, is *fixed*: it must stay, and must not come
 * into being where it was missing. A few places are open to changes of their own kind: what hangs on them alone is not fixed.
 */
import { isName, PdfRef, PdfStream, PdfString, type PdfDict, type PdfObject } from '../reader/objects.ts'
import type { Revision } from '../reader/revision.ts'
import { dictOf, nameOf } from '../reader/values.ts'
import { objectAt } from './differences.ts'
import type { Field } from './fields.ts'

/** What an object is there for, where its changes are judged entry by entry: the form as a whole in form.ts, annotations in pages.ts. */
export type Role = 'form' | 'annotations'

/** Grows from revision to revision: what was fixed once stays so. */
export type Content = {
  /** Object numbers, also of objects that do not exist */
  fixed: Set<number>
  roles: Map<number, Role>
  walked: Set<number>
  /** Default appearances of whatever has no other, as text on a page (ISO 32000-2, 12.5.6.6): viewers draw it by the form's resources. Undefined: that of what names no font itself */
  appearances: Set<string | undefined>
}

/** A place that is open, what a change there is, and of which field. */
export type OpenPlace = { kind: 'validation-data' | 'metadata' | 'form-fill', field?: Field, value: PdfObject | undefined }

/** Entries of the catalog that hold nothing that is shown: validation data, and statements about the document. */
const OPEN_IN_CATALOG = new Map([['DSS', 'validation-data'], ['Metadata', 'metadata'], ['Extensions', 'metadata']] as const)
/** Entries of a field or widget that change when it is filled in (ISO 32000-2, 12.7.4.1, 12.7.5 and table 166). */
const OPEN_IN_FIELD = ['V', 'AP', 'RV']

export const NO_CONTENT = (): Content => ({ fixed: new Set(), roles: new Map(), walked: new Set(), appearances: new Set() })

/** The entries of an object that are open in this revision. */
function openEntries (revision: Revision, number: number, dict: PdfDict, fields: ReadonlyMap<number, Field>): OpenPlace[] {
  const field = fields.get(number)
  if (field?.isOpen) return OPEN_IN_FIELD.map((key) => ({ kind: 'form-fill', field, value: dict.get(key) }))
  if (number === rootOf(revision)) return Array.from(OPEN_IN_CATALOG, ([key, kind]) => ({ kind, value: dict.get(key) }))
  return []
}

/** Every open place of a revision: what hangs on them, and on nothing fixed, may change as their kind says. */
export function openPlaces (revision: Revision, fields: ReadonlyMap<number, Field>): OpenPlace[] {
  const places = [rootOf(revision), ...fields.keys()].flatMap((number) => {
    const dict = objectAt(revision, number)
    return dict instanceof Map ? openEntries(revision, number, dict as PdfDict, fields) : []
  })
  return [{ kind: 'metadata' as const, value: revision.trailer.get('Info') }, ...places].filter(({ value }) => value !== undefined)
}

/**
 * The content of a revision. Given the content of the revision before, only the catalog with the form, and the objects that `again` names, are walked again: the cost is
 * that of the update.
 */
export function walkContent (revision: Revision, fields: ReadonlyMap<number, Field>, content: Content, again: Iterable<number>): Content {
  const { fixed, roles, walked, appearances } = content
  const root = rootOf(revision)
  for (const number of [root, ...again]) walked.delete(number)
  let next: number[] = []
  const enter = (number: number) => {
    if (walked.has(number)) return
    walked.add(number)
    next.push(number)
  }
  const fix = (object: PdfObject | undefined): void => {
    if (object instanceof PdfRef) {
      fixed.add(object.number)
      enter(object.number)
    } else if (Array.isArray(object)) object.forEach(fix)
    else if (object instanceof PdfStream) fixEntries(object.dict)
    else if (object instanceof Map) fixEntries(object as PdfDict)
  }
  const fixEntries = (dict: PdfDict, but: readonly string[] = []) => {
    for (const [key, value] of dict) if (!but.includes(key)) fix(value)
    if (dict.has('AP')) return
    const own = revision.resolve(dict.get('DA'))
    const appearance = own instanceof PdfString ? own.bytes.toString('latin1') : ''
    const subtype = nameOf(dict, 'Subtype', revision)
    if (appearance.includes('/')) appearances.add(appearance)
    else if (subtype === 'FreeText' || (subtype === 'Widget' && !isSignature(dict))) appearances.add(undefined)
  }
  const isSignature = (widget: PdfDict) => [widget, dictOf(revision, widget.get('Parent'))].some((field) => nameOf(field, 'FT', revision) === 'Sig')
  /** The object may stand by itself or directly in its holder; either way `use` sees to what is in it. */
  const open = (object: PdfObject | undefined, role: Role, use: (value: PdfObject) => void) => {
    if (object instanceof PdfRef) {
      roles.set(object.number, role)
      fixContainer(object.number)
    }
    // No object is only a reference to another one: the reader bears none
    use(revision.resolve(object))
  }
  /** Whoever redefined an object stream, or its Length, would redefine what is in it. */
  const fixContainer = (number: number) => {
    const entry = revision.entry(number)
    if (entry?.kind === 'in') fix(new PdfRef(entry.stream, 0))
  }
  const fixItems = (value: PdfObject) => { if (Array.isArray(value)) value.forEach(fix) }
  const openForm = (form: PdfObject) => {
    if (!(form instanceof Map)) return fix(form)
    const dict = form as PdfDict
    fixEntries(dict, ['Fields', 'DR'])
    open(dict.get('Fields'), 'form', fixItems)
    open(dict.get('DR'), 'form', (resources) => {
      if (!(resources instanceof Map)) return fix(resources)
      for (const category of (resources as PdfDict).values()) open(category, 'form', (named) => named instanceof Map ? fixEntries(named as PdfDict) : fix(named))
    })
  }

  const walk = (number: number) => {
    revision.budget.spend('steps')
    fixContainer(number)
    const object = objectAt(revision, number)
    if (!(object instanceof Map)) return fix(object)
    const dict = object as PdfDict
    if (number === root) {
      fixEntries(dict, ['AcroForm', ...OPEN_IN_CATALOG.keys()])
      open(dict.get('AcroForm'), 'form', openForm)
    } else if (isPage(dict)) {
      fixEntries(dict, ['Annots'])
      open(dict.get('Annots'), 'annotations', fixItems)
    } else fixEntries(dict, fields.get(number)?.isOpen ? OPEN_IN_FIELD : [])
  }

  fixed.add(root)
  for (const number of [root, ...again]) enter(number)
  while (next.length > 0) {
    const round = inFileOrder(revision, next)
    next = []
    round.forEach(walk)
  }
  return content
}

/** The object number of the catalog, which no revision is without. */
export function rootOf ({ trailer }: Revision): number {
  return (trailer.get('Root') as PdfRef).number
}

/** A page, and nothing else that holds resources: a font or an annotation has a Subtype. */
export function isPage (dict: PdfDict): boolean {
  return isName(dict.get('Type'), 'Page') && !dict.has('Subtype')
}

/** So that a window of the file, or an object stream, is read once and not for every object in it. */
function inFileOrder (revision: Revision, numbers: readonly number[]): number[] {
  const placeOf = (number: number): [number, number] => {
    const entry = revision.entry(number)
    return entry?.kind === 'at' ? [0, entry.offset] : entry?.kind === 'in' ? [entry.stream, entry.index] : [0, 0]
  }
  return numbers.map((number) => ({ number, place: placeOf(number) }))
    .toSorted((a, b) => a.place[0] - b.place[0] || a.place[1] - b.place[1])
    .map(({ number }) => number)
}
