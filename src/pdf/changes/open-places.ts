/** What changed below the places that are open to changes of one kind, and is used nowhere else. */
import { PdfRef, PdfStream, type PdfDict, type PdfObject } from '../reader/objects.ts'
import type { Revision } from '../reader/revision.ts'
import { other, type Change, type Comparison } from './comparison.ts'
import { openPlaces, type OpenPlace } from './content.ts'
import { isMissing, objectAt } from './differences.ts'
import type { Field } from './fields.ts'
import { filled, signedNow } from './form-fields.ts'

/** Used by more than one purpose: what one of them permits, the other may forbid. */
const SHARED = 'shared'

/**
 * What is said of objects outside the fixed content. An object that hangs on no open place is not used at all: whether it comes, changes or goes, nobody sees it.
 * One that an open place referred to before it existed counts as a change of that place.
 */
export function compareOpen (comparison: Comparison, touched: readonly number[], fixed: ReadonlySet<number>): Change[] {
  const { earlier, later, before, after } = comparison
  const owners = ownersOf(earlier, before, fixed)
  const freed = new Set(touched.filter((number) => isMissing(number, later)))
  const owned = freed.size > 0 ? ownersOf(later, after, fixed) : new Map<number, unknown>()
  return touched.flatMap((number) => {
    if (freed.has(number) && owned.has(number)) return [other(`object ${number} removed, which is still referred to`)]
    const owner = owners.get(number)
    if (owner === undefined) return []
    return owner === SHARED ? [other(`object ${number}, which is used in several places`)] : changeIn(owner, number, comparison)
  })
}

function changeIn ({ kind, field }: OpenPlace, number: number, comparison: Comparison): Change[] {
  if (!field) return [{ kind, detail: `object ${number}` }]
  const widget = objectAt(comparison.later, field.number)
  return field.isSignature ? signedNow(comparison, field, widget instanceof Map ? widget as PdfDict : new Map()) : [filled(field)]
}

/** To which open place of a revision each object belongs. Every object is walked twice at most. */
function ownersOf (revision: Revision, fields: ReadonlyMap<number, Field>, fixed: ReadonlySet<number>): Map<number, OpenPlace | typeof SHARED> {
  const owners = new Map<number, OpenPlace | typeof SHARED>()
  const isSame = (one: OpenPlace, two: OpenPlace) => one.kind === two.kind && one.field?.name === two.field?.name
  for (const place of openPlaces(revision, fields)) {
    const next = [...referencesIn(place.value)]
    for (let number = next.pop(); number !== undefined; number = next.pop()) {
      revision.budget.spend('steps')
      const owner = owners.get(number)
      if (fixed.has(number) || owner === SHARED || (owner && isSame(owner, place))) continue
      owners.set(number, owner ? SHARED : place)
      next.push(...referencesIn(objectAt(revision, number)))
    }
  }
  return owners
}

/** The numbers of all objects that this one refers to. */
export function * referencesIn (object: PdfObject | undefined): Generator<number> {
  if (object instanceof PdfRef) yield object.number
  else if (object instanceof PdfStream) yield * referencesIn(object.dict)
  else if (object instanceof Map) for (const value of (object as PdfDict).values()) yield * referencesIn(value)
  else if (Array.isArray(object)) for (const item of object as readonly PdfObject[]) yield * referencesIn(item)
}
