/** Where signatures are shown: one walk over the pages finds them, and those that no form lists. */
import type { ExaminedSignature } from '../examination.ts'
import { annotationsOn, inheritedBy, pagesOf, rectangleOf, seenAt, type Page, type Rect } from '../reader/pages.ts'
import type { Revision } from '../reader/revision.ts'
import { signedFieldOf, type SignedField } from './fields.ts'

/**
 * `pages` counts them; `shown` tells by the object number of its widget where a signature field shows something, and how much of its page that is; `fields` are all those
 * that pages show.
 */
export type Shown = { pages: number, shown: Map<number, Appearance & { share: number }>, fields: SignedField[] }

type Appearance = NonNullable<ExaminedSignature['appearance']>

/** What the pages of a revision show of signatures. */
export function shownSignatures (revision: Revision): Shown {
  const [shown, fields] = [new Map<number, Appearance & { share: number }>(), [] as SignedField[]]
  let pages = 0
  for (const page of pagesOf(revision)) {
    pages = page.number
    for (const annotation of annotationsOn(page, revision)) {
      const field = signedFieldOf(revision, annotation)
      if (!field) continue
      fields.push(field)
      const rect = seenAt(annotation, revision)
      if (rect && annotation.number !== undefined) shown.set(annotation.number, { page: page.number, rect, share: areaOf(rect) / areaOfPage(page, revision) })
    }
  }
  return { pages, shown, fields }
}

function areaOf ([left, bottom, right, top]: Rect): number {
  return (right - left) * (top - bottom)
}

/** ISO 32000-2, 7.7.3.3: what viewers show of a page; as if it were nothing where it has no size, so that whatever stands on it covers it. */
function areaOfPage ({ dict }: Page, revision: Revision): number {
  const box = rectangleOf(inheritedBy(dict, 'CropBox', revision) ?? inheritedBy(dict, 'MediaBox', revision), revision)
  return box ? areaOf(box) : 0
}
