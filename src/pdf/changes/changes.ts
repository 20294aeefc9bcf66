/**
 * What incremental updates did to a document (ISO 32000-2, 7.5.6): the object graphs of adjacent revisions are compared, and every object that differs must be explained by
 * one of the purposes that an update may have. What is not explained is `other`, whatever a viewer makes of it.
 *
 * The rules stand in catalog.ts, form.ts, form-fields.ts, pages.ts, new-signatures.ts and open-places.ts, content.ts says to which objects which of them apply.
 */
import type { Revision } from '../reader/revision.ts'
import { strayBytes } from '../reader/stray.ts'
import { compareCatalogs, compareTrailers } from './catalog.ts'
import { other, type Change, type Comparison } from './comparison.ts'
import { isPage, NO_CONTENT, rootOf, walkContent, type Content } from './content.ts'
import { newlyDangling } from './dangling.ts'
import { differencesBetween, objectAt } from './differences.ts'
import { fieldsOf } from './fields.ts'
import { compareFields } from './form-fields.ts'
import { isExtended, newSignatureFields } from './new-signatures.ts'
import { comparePages } from './pages.ts'
import { compareOpen } from './open-places.ts'
import { sameIn } from './same.ts'

/** One incremental update and what it did, before a signature's own permissions are applied; `revision` is the one it made, counted from 1. */
export type Update = { revision: number, from: number, end: number, changes: Change[] }

/** Nobody reads on. */
const MOST_CHANGES = 50

/**
 * What each update after the first of these revisions did. They are adjacent, oldest first; `first` is the number of the first one. The first is walked as a whole, for
 * what it refers to; each update then costs as much as it touches. Throws PdfFault where a revision cannot be read.
 */
export function updatesAfter (revisions: readonly Revision[], first = 1): Update[] {
  const [oldest] = revisions
  if (!oldest || revisions.length === 1) return []
  let before = fieldsOf(oldest)
  let content = walkContent(oldest, before, NO_CONTENT(), [])
  return revisions.slice(1).map((later, index) => {
    const earlier = revisions[index]!
    const comparison: Comparison = { earlier, later, before, after: fieldsOf(later), same: sameIn(earlier, later), appearances: content.appearances, ...differencesBetween(earlier, later) }
    const changes = compare(comparison, content)
    content = grown(content, comparison)
    before = new Map(comparison.after)
    return { revision: first + index + 1, from: later.from, end: later.end, changes }
  })
}

function compare (comparison: Comparison, { fixed, roles }: Content): Change[] {
  const { added, changed, later } = comparison
  const stray = strayIn(later)
  const { accepted, changes } = newSignatureFields(comparison)
  const touched = [...changed, ...added]
  const isOpen = (number: number) => !fixed.has(number) && !roles.has(number)
  return firstOf([
    ...stray === undefined ? [] : [other(stray)],
    ...compareTrailers(comparison),
    ...compareCatalogs(comparison, accepted),
    ...changes,
    ...touched.filter((number) => !isOpen(number)).flatMap((number) => compareContent(comparison, number, { fixed, roles }, accepted)),
    ...newlyDangling(comparison, touched),
    ...compareOpen(comparison, touched.filter(isOpen), fixed),
  ])
}

/** What stands in the update and belongs to nothing. A hybrid cross-reference hides objects from viewers that know tables only: they would see another update. */
function strayIn (revision: Revision): string | undefined {
  if (revision.own.some(({ hidden }) => hidden !== undefined)) return 'a hybrid cross-reference'
  const stray = strayBytes(revision)
  return stray && `bytes from ${stray.from} to ${stray.to} that belong to no object, or could be taken for one`
}

/** One object that is shown, or leads to what is shown. */
function compareContent (comparison: Comparison, number: number, { fixed, roles }: Pick<Content, 'fixed' | 'roles'>, accepted: ReadonlySet<number>): Change[] {
  const { added, earlier, later, before } = comparison
  const [was, is] = [objectAt(earlier, number), objectAt(later, number)]
  if (!fixed.has(number)) {
    // The form is compared from the catalog on
    if (roles.get(number) === 'form') return []
    return isExtended(was, is, accepted, comparison) ? [] : [other(`object ${number}: page /Annots`)]
  }
  if (added.has(number)) return [other(`object ${number}, which was missing where it was referred to`)]
  if (number === rootOf(earlier)) return []
  const field = before.get(number)
  const isCompared = was instanceof Map && is instanceof Map
  if (isCompared && isPage(was)) return comparePages(comparison, number, was, is, accepted)
  if (isCompared && field) return compareFields(comparison, field, was, is, accepted)
  return [other(`object ${number} ${is === null ? 'removed' : 'changed'}`, field?.name)]
}

/** The content with what the update brought: objects that changed are walked again, and fields, since one that is signed now is no longer open. */
function grown (content: Content, { changed, later, after }: Comparison): Content {
  const again = [...changed].filter((number) => content.walked.has(number) || content.roles.get(number) === 'annotations')
  return walkContent(later, after, content, [...again, ...after.keys()])
}

/** Each thing once, what is permitted to nobody first. */
function firstOf (changes: readonly Change[]): Change[] {
  const once = new Map(changes.map((change) => [`${change.kind} ${change.detail}`, change]))
  const sorted = [...once.values()].toSorted((a, b) => Number(b.kind === 'other') - Number(a.kind === 'other'))
  return sorted.slice(0, MOST_CHANGES)
}
