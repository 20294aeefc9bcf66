/** Which objects an update touches: the entries of its own cross-reference sections, and what stands behind them. */
import { PdfRef, type PdfObject } from '../reader/objects.ts'
import type { Revision } from '../reader/revision.ts'
import { sameIn } from './same.ts'

/** Object numbers: `changed` says something else than before, or nothing any more, or is a number by itself, which may be an integer no longer; `added` said nothing before. */
export type Differences = { changed: ReadonlySet<number>, added: ReadonlySet<number> }

/** What differs between a revision and the one right before it. The cost is that of the update. */
export function differencesBetween (earlier: Revision, later: Revision): Differences {
  const same = sameIn(earlier, later)
  const changed = new Set<number>()
  const added = new Set<number>()
  for (const number of later.own.flatMap(({ entries }) => [...entries.keys()])) {
    later.budget.spend('steps')
    const [before, after] = [objectAt(earlier, number), objectAt(later, number)]
    if (before === null && after !== null) added.add(number)
    else if (generationOf(earlier, number) !== generationOf(later, number) || typeof after === 'number' || !same(before, after)) changed.add(number)
  }
  return { changed, added }
}

/** The object with this number, whatever its generation; null when there is none. */
export function objectAt (revision: Revision, number: number): PdfObject {
  const generation = generationOf(revision, number)
  return generation === undefined ? null : revision.get(new PdfRef(number, generation))
}

/** Whether no object has this number: it is free or absent. */
export function isMissing (number: number, revision: Revision): boolean {
  return generationOf(revision, number) === undefined
}

/** Undefined when the object is free or absent. Objects in object streams are of generation 0 (ISO 32000-2, 7.5.7). */
function generationOf (revision: Revision, number: number): number | undefined {
  const entry = revision.entry(number)
  if (!entry || entry.kind === 'free') return undefined
  return entry.kind === 'at' ? entry.generation : 0
}
