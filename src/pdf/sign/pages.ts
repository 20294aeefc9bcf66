/** Finds the pages that signatures stand on, and how they are shown. */
import { Refusal } from '../../errors.ts'
import { PdfFault } from '../fault.ts'
import type { PdfDict, PdfObject } from '../reader/objects.ts'
import type { Revision } from '../reader/revision.ts'
import { dictOf, type SignedField } from '../signatures/fields.ts'
import { annotationsOn, itemsOf, pagesOf, type Page } from '../signatures/pages.ts'
import type { PageShown, Rect } from './placement.ts'

/** Deeper than any tree of pages. */
const DEEPEST = 64

/** The page with this number, the first being 1. Throws PDF_SIGN_PLACE if there is none. */
export function pageNumbered (revision: Revision, number: number): Page {
  for (const page of pagesOf(revision)) if (page.number === number) return page
  throw new Refusal('PDF_SIGN_PLACE', { detail: `page ${number}` })
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

/** Rectangles of the signatures that are seen on a page. */
export function signaturesOn (revision: Revision, page: Page, fields: readonly SignedField[]): Rect[] {
  const widgets = new Set(fields.flatMap((field) => field.widgets))
  return annotationsOn(page, revision).flatMap(({ number, dict }) => {
    const rect = rectangleOf(revision, dict.get('Rect'))
    return number !== undefined && widgets.has(number) && rect && isVisible(dict, rect) ? [rect] : []
  })
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
