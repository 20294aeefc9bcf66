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
  const trailer = danglingIn(earlier.trailer, later.trailer, comparison).map((number) => other(`trailer: a reference to object ${number}, which is missing`))
  return [...trailer, ...touched.flatMap((number) => {
    const missing = danglingIn(objectAt(earlier, number), objectAt(later, number), comparison)
    return missing.map((to) => other(`object ${number}: a reference to object ${to}, which is missing`))
  })]
}

function danglingIn (before: PdfObject, after: PdfObject, { earlier, later }: Comparison): number[] {
  const missing = [...new Set(referencesIn(after))].filter((number) => isMissing(number, later))
  if (missing.length === 0) return []
  const known = new Set(referencesIn(before))
  return missing.filter((number) => !known.has(number) || !isMissing(number, earlier))
}
