/** Rules for the form as a whole (ISO 32000-2, 12.7.3). */
import type { PdfDict, PdfObject } from '../reader/objects.ts'
import { dictOf } from '../signatures/fields.ts'
import { other, type Change, type Comparison } from './comparison.ts'
import { isExtended } from './new-signatures.ts'
import { differingKeys } from './same.ts'

/**
 * A form may come into being, gain accepted fields, and say that it holds signatures. Resources and the default appearance may be added where no field that is there already
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
      case 'DR': return !areResourcesAdded(comparison, old, after)
      case 'DA': return old.has(key) || textFields(comparison).some(({ appearance }) => appearance === undefined)
      default: return true
    }
  }).map((key) => other(`form /${key}`))
}

function textFields ({ before }: Comparison) {
  return [...before.values()].filter(({ isSignature }) => !isSignature)
}

/** Whether all resources are there as before, and no field names one that came. */
function areResourcesAdded (comparison: Comparison, before: PdfDict, after: PdfDict): boolean {
  const { earlier, later, same } = comparison
  const [old, all] = [dictOf(earlier, before.get('DR')) ?? new Map() as PdfDict, dictOf(later, after.get('DR')) ?? new Map() as PdfDict]
  return differingKeys(old, all, same).concat([...old.keys()]).every((category) => {
    const [from, to] = [dictOf(earlier, old.get(category)), dictOf(later, all.get(category))]
    if (!to) return same(old.get(category), all.get(category))
    if (!from && earlier.resolve(old.get(category)) !== null) return false
    return differingKeys(from ?? new Map(), to, same).every((name) => !from?.has(name) && !isNamedByField(name, comparison))
  })
}

function isNamedByField (name: string, comparison: Comparison): boolean {
  return textFields(comparison).some(({ appearance }) => appearance === undefined || new Set(appearance.split(/[\0\t\n\f\r ]+/)).has(`/${name}`))
}
