/** Finds the pages that signatures stand on, how they are shown, and where on them a new one goes. */
import { Refusal } from '../../errors.ts'
import { PdfFault } from '../fault.ts'
import { annotationsOn, inheritedBy, pagesOf, rectangleOf, seenAt, type Page, type Rect } from '../reader/pages.ts'
import type { Revision } from '../reader/revision.ts'
import { placeOf, type SignedField } from '../signatures/fields.ts'
import { isOurs } from './leader.ts'
import { placedAt, sealOver, shownSize, topRight, toShown, type PageShown, type Size } from './placement.ts'
import type { PrepareRequest } from './request.ts'

/** The page, and the rectangle on it as it is shown. */
export function placeFor (revision: Revision, fields: readonly SignedField[], { as, at, over }: Pick<PrepareRequest, 'as' | 'at' | 'over'>, drawing: Size): { page: Page, rect: Rect } {
  if (at) {
    const page = pageNumbered(revision, at.page)
    return { page, rect: placedAt(at, drawing, shownSize(shownPage(revision, page))) }
  }
  if (as === 'document') {
    const { page, rect } = leaderIn(revision, fields, over)
    const shown = shownPage(revision, page)
    return { page, rect: sealOver(toShown(shown, rect), drawing, shownSize(shown)) }
  }
  const page = pageNumbered(revision, 1)
  const shown = shownPage(revision, page)
  return { page, rect: topRight(drawing, shownSize(shown), signaturesOn(revision, page, fields).map((rect) => toShown(shown, rect))) }
}

/** Where a field is seen: the page that one of its widgets stands on, and its rectangle there. Nothing where it shows nothing. */
export function placeOfField (revision: Revision, { widgets }: Pick<SignedField, 'widgets'>): { page: Page, rect: Rect } | undefined {
  for (const page of pagesOf(revision)) {
    for (const annotation of annotationsOn(page, revision)) {
      const rect = seenAt(annotation, revision)
      if (rect && annotation.number !== undefined && widgets.includes(annotation.number)) return { page, rect }
    }
  }
  return undefined
}

/** How a page is shown (ISO 32000-2, 7.7.3.3 and 14.11.2): its CropBox within its MediaBox, both inherited like Rotate. */
export function shownPage (revision: Revision, { dict, number }: Page): PageShown {
  const media = rectangleOf(inheritedBy(dict, 'MediaBox', revision), revision)
  if (!media) throw new PdfFault('PDF_BROKEN', `page ${number}: no MediaBox`)
  const crop = rectangleOf(inheritedBy(dict, 'CropBox', revision), revision) ?? media
  const box: Rect = [Math.max(media[0], crop[0]), Math.max(media[1], crop[1]), Math.min(media[2], crop[2]), Math.min(media[3], crop[3])]
  if (!(box[0] < box[2] && box[1] < box[3])) throw new PdfFault('PDF_BROKEN', `page ${number}: nothing of it is shown`)
  const rotate = revision.resolve(inheritedBy(dict, 'Rotate', revision)) ?? 0
  const turns = typeof rotate === 'number' ? (rotate % 360 + 360) % 360 : Number.NaN
  if (turns !== 0 && turns !== 90 && turns !== 180 && turns !== 270) throw new PdfFault('PDF_BROKEN', `page ${number}: Rotate is no quarter turn`)
  const unit = revision.resolve(dict.get('UserUnit'))
  return { box, rotate: turns, userUnit: typeof unit === 'number' && unit > 0 ? unit : 1 }
}

/** The page with this number, the first being 1. Throws PDF_SIGN_PLACE if there is none. */
function pageNumbered (revision: Revision, number: number): Page {
  for (const page of pagesOf(revision)) if (page.number === number) return page
  throw new Refusal('PDF_SIGN_PLACE', { detail: `page ${number}` })
}

/** The leader's signature: the one that was named, or the last that is seen and is not ours. */
function leaderIn (revision: Revision, fields: readonly SignedField[], over: string | undefined): { page: Page, rect: Rect } {
  const candidates = over === undefined ? fields.filter(({ name }) => !isOurs(name)) : fields.filter(({ name }) => name === over)
  const lastFirst = candidates.toSorted((one, other) => (placeOf(other.signature) ?? 0) - (placeOf(one.signature) ?? 0))
  for (const field of lastFirst) {
    const place = placeOfField(revision, field)
    if (place) return place
  }
  throw new Refusal('PDF_SIGN_PLACE', { detail: over ?? 'không có chữ ký hiển thị của người có thẩm quyền · no visible signature of the leader' })
}

/** Rectangles of the signatures that are seen on a page. */
function signaturesOn (revision: Revision, page: Page, fields: readonly SignedField[]): Rect[] {
  const widgets = new Set(fields.flatMap((field) => field.widgets))
  return annotationsOn(page, revision).flatMap((annotation) => {
    const rect = seenAt(annotation, revision)
    return rect && annotation.number !== undefined && widgets.has(annotation.number) ? [rect] : []
  })
}
