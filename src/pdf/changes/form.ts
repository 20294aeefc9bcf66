/** Rules for the form as a whole (ISO 32000-2, 12.7.3). */
import { PdfStream, type PdfDict, type PdfObject } from '../reader/objects.ts'
import { dictOf } from '../reader/values.ts'
import { other, type Change, type Comparison } from './comparison.ts'
import { objectAt } from './differences.ts'
import { isExtended } from './new-signatures.ts'
import { differingKeys } from './same.ts'

/**
 * A form may come into being, gain accepted fields, and say that it holds signatures. Resources and the default appearance may be added where nothing that is there already
 * could look different by them: viewers draw fields anew. NeedAppearances, XFA and the rest stay.
 */
export function compareForms (comparison: Comparison, formBefore: PdfObject | undefined, formAfter: PdfObject | undefined, accepted: ReadonlySet<number>): Change[] {
  const { earlier, later, same } = comparison
  const [before, after] = [dictOf(earlier, formBefore), dictOf(later, formAfter)]
  if (!after) return before ? [other('catalog /AcroForm: the form was removed')] : []
  const old: PdfDict = before ?? new Map()
  return [...new Set(['Fields', 'DR', ...differingKeys(old, after, same)])].filter((key) => {
    switch (key) {
      case 'Fields': return !isExtended(old.get(key), after.get(key), accepted, comparison)
      case 'SigFlags': return !Number.isSafeInteger(later.resolve(after.get(key)))
      case 'DR': return !areResourcesKept(comparison, old, after)
      case 'DA': return old.has(key) || comparison.appearances.has(undefined) || textFields(comparison).some(({ appearance }) => appearance === undefined)
      case 'Type': return old.has(key)
      default: return true
    }
  }).map((key) => other(`form /${key}`))
}

function textFields ({ before }: Comparison) {
  return [...before.values()].filter(({ isSignature }) => !isSignature)
}

/** What a default appearance cannot name: it sets fonts and colours (12.7.4.3). */
const NOT_IN_APPEARANCE = new Set(['XObject', 'ProcSet'])

/** Whether all resources that a field could look different by are there as before, and no field waited for one that came. */
function areResourcesKept (comparison: Comparison, before: PdfDict, after: PdfDict): boolean {
  const { earlier, later, same } = comparison
  const [old, all] = [dictOf(earlier, before.get('DR')) ?? new Map() as PdfDict, dictOf(later, after.get('DR')) ?? new Map() as PdfDict]
  const borrows = borrowsResources(comparison)
  const appearances = textFields(comparison).map(({ appearance }) => appearance)
  const awaited = new Set([...appearances, ...comparison.appearances].flatMap((appearance) => namesIn(appearance ?? '')))
  const isAnyAwaited = borrows || appearances.includes(undefined) || (!before.has('DA') && comparison.appearances.has(undefined))
  const isAwaited = (name: string) => isAnyAwaited || awaited.has(name)
  const categories = [...new Set([...old.keys(), ...all.keys()])].filter((category) => borrows || !NOT_IN_APPEARANCE.has(category))
  return categories.every((category) => {
    const [from, to] = [earlier.resolve(old.get(category)), later.resolve(all.get(category))]
    if (!(to instanceof Map) || !(from === null || from instanceof Map)) return same(from, to)
    return differingKeys(from ?? new Map() as PdfDict, to as PdfDict, same).every((name) => !from?.has(name) && !isAwaited(name))
  })
}

function namesIn (appearance: string): string[] {
  const names = appearance.match(/\/[^\0\t\n\f\r ()<>[\]{}/%]*/g) ?? []
  return names.map((name) => name.slice(1).replace(/#([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))))
}

/** Whether the appearance of a field has no resources of its own, so that viewers use those of the form, or others. */
function borrowsResources ({ earlier, before }: Comparison): boolean {
  const below = (value: PdfObject): PdfObject[] => value instanceof Map ? [...(value as PdfDict).values()].map((state) => earlier.resolve(state)) : []
  return [...before.keys()].some((number) => {
    const field = objectAt(earlier, number)
    const appearance = field instanceof Map ? earlier.resolve((field as PdfDict).get('AP')) : null
    const shown = below(appearance).flatMap((state) => state instanceof PdfStream ? [state] : below(state))
    return shown.some((stream) => stream instanceof PdfStream && stream.to > stream.from && !stream.dict.has('Resources'))
  })
}
