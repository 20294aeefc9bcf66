/** References that lead nowhere (ISO 32000-2, 7.3.10: they are null). */
import type { PdfObject } from '../reader/objects.ts'
import { other, type Change, type Comparison } from './comparison.ts'
import { isMissing, objectAt } from './differences.ts'
import { referencesIn } from './open-places.ts'

/**
 * What an update lets lead nowhere that did not before. poppler rebuilds the table of a sound file as soon as it meets a reference to an object that is free or absent, and
 * then shows whatever in the file looks like an object, signed or not; other viewers give up.
 */
export function newlyDangling (comparison: Comparison, touched: readonly number[]): Change[] {
  const { earlier, later } = comparison
  const said = (where: string, missing: number | undefined) => missing === undefined ? [] : [other(`${where}: a reference to object ${missing}, which is missing`)]
  return [
    ...said('trailer', danglingIn(earlier.trailer, later.trailer, comparison)),
    ...touched.flatMap((number) => said(`object ${number}`, danglingIn(objectAt(earlier, number), objectAt(later, number), comparison))),
  ]
}

/** The first of them in one object. */
function danglingIn (before: PdfObject, after: PdfObject, { earlier, later }: Comparison): number | undefined {
  const missing = [...new Set(referencesIn(after))].filter((number) => isMissing(number, later))
  if (missing.length === 0) return undefined
  const known = new Set(referencesIn(before))
  return missing.find((number) => !known.has(number) || !isMissing(number, earlier))
}
