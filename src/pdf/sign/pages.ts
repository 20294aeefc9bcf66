/** Finds the pages that signatures stand on, how they are shown, and where on them a new one goes. */
import { Refusal } from '../../errors.ts'
import { PdfFault } from '../fault.ts'
import type { PdfDict, PdfObject } from '../reader/objects.ts'
import type { Revision } from '../reader/revision.ts'
import { dictOf, itemsOf } from '../reader/values.ts'
import { placeOf, type SignedField } from '../signatures/fields.ts'
import { annotationsOn, pagesOf, type Page } from '../reader/pages.ts'
import { isOurs } from './leader.ts'
import { placedAt, sealOver, shownSize, topRight, toShown, type PageShown, type Rect, type Size } from './placement.ts'
import type { PrepareRequest } from './request.ts'

/** Deeper than any tree of pages. */
const DEEPEST = 64

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
    for (const { number, dict } of annotationsOn(page, revision)) {
      const rect = rectangleOf(revision, dict.get('Rect'))
      if (number !== undefined && widgets.includes(number) && rect && isVisible(dict, rect)) return { page, rect }
    }
  }
  return undefined
}

/** How a page is shown (ISO 32000-2, 7.7.3.3 and 14.11.2): its CropBox within its MediaBox, both inherited like Rotate. */
export function shownPage (revision: Revision, { dict, number }: Page): PageShown {
  const media = rectangleOf(revision, inherited(revision, dict, 'MediaBox'))
  if (!media) throw new PdfFault('PDF_BROKEN', `page ${number}: no MediaBox`)
  const crop = rectangleOf(revision, inherited(revision, dict, 'CropBox')) ?? media
  const box: Rect = [Math.max(media[0], crop[0]), Math.max(media[1], crop[1]), Math.min(media[2], crop[2]), Math.min(media[3], crop[3])]
  if (!(box[0] < box[2] && box[1] < box[3])) throw new PdfFault('PDF_BROKEN', `page ${number}: nothing of it is shown`)
  const rotate = revision.resolve(inherited(revision, dict, 'Rotate')) ?? 0
  const turns = typeof rotate === 'number' ? (rotate % 360 + 360) % 360 : Number.NaN
  if (turns !== 0 && turns !== 90 && turns !== 180 && turns !== 270) throw new PdfFault('PDF_BROKEN', `page ${number}: Rotate is no quarter turn`)
  const unit = revision.resolve(dict.get('UserUnit'))
  return { box, rotate: turns, userUnit: typeof unit === 'number' && unit > 0 ? unit : 1 }
}

/** A rectangle by its corners, whichever come first (ISO 32000-2, 7.9.5). */
export function rectangleOf (revision: Revision, object: PdfObject | undefined): Rect | undefined {
  const numbers = itemsOf(revision, object).map((item) => revision.resolve(item)).filter((item) => typeof item === 'number')
  if (numbers.length !== 4) return undefined
  const [x, y, otherX, otherY] = numbers as [number, number, number, number]
  return [Math.min(x, otherX), Math.min(y, otherY), Math.max(x, otherX), Math.max(y, otherY)]
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
  return annotationsOn(page, revision).flatMap(({ number, dict }) => {
    const rect = rectangleOf(revision, dict.get('Rect'))
    return number !== undefined && widgets.has(number) && rect && isVisible(dict, rect) ? [rect] : []
  })
}

/** Flags of annotations that are not shown (ISO 32000-2, 12.5.3). */
const HIDDEN = 0b10_0010

function isVisible (widget: PdfDict, [left, bottom, right, top]: Rect): boolean {
  const flags = widget.get('F')
  return left < right && bottom < top && !(typeof flags === 'number' && (flags & HIDDEN) !== 0)
}

function inherited (revision: Revision, page: PdfDict, key: string): PdfObject | undefined {
  let node: PdfDict | undefined = page
  for (let depth = 0; node && depth < DEEPEST; depth++) {
    const value = node.get(key)
    if (value !== undefined && value !== null) return value
    node = dictOf(revision, node.get('Parent'))
  }
  return undefined
}
