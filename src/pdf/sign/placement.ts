/**
 * Where the agency's signature stands (Decree 30/2020/NĐ-CP, appendix I), as a person sees the page: turned by its Rotate, cut by its CropBox,
 * measured in points from the left and bottom edge of what is shown.
 */
import { Refusal } from '../../errors.ts'
import type { Rect } from '../reader/pages.ts'
import type { At } from './request.ts'

export type Size = { width: number, height: number }

/** What of a page is shown, in its own space; turned clockwise by `rotate`; a unit is `userUnit` points (ISO 32000-2, 7.7.3.3). */
export type PageShown = { box: Rect, rotate: 0 | 90 | 180 | 270, userUnit: number }

export const POINTS_PER_MM = 72 / 25.4
/** Within the margins that documents have, 20 to 25 mm above and 15 to 20 mm at the right (Decree 30/2020/NĐ-CP, appendix I); printers leave less than 4 mm. */
const CORNER = { right: 15 * POINTS_PER_MM, top: 4 * POINTS_PER_MM }
/** Between two texts in the same corner. */
const GAP = 0.5 * POINTS_PER_MM
/** Rounding by which boxes and images may differ. */
const HAIR = 0.01

/** The size of a page as it is shown. */
export function shownSize ({ box: [left, bottom, right, top], rotate, userUnit }: PageShown): Size {
  const [width, height] = [(right - left) * userUnit, (top - bottom) * userUnit]
  return rotate % 180 === 0 ? { width, height } : { width: height, height: width }
}

/** A rectangle of the page's own space as it is shown. */
export function toShown (page: PageShown, [left, bottom, right, top]: Rect): Rect {
  const { box, userUnit } = page
  const corner = (x: number, y: number) => turned(page, (x - box[0]) * userUnit, (y - box[1]) * userUnit)
  return spanned(corner(left, bottom), corner(right, top))
}

/** A rectangle as it is shown, in the page's own space. */
export function toPage (page: PageShown, [left, bottom, right, top]: Rect): Rect {
  const { box, userUnit } = page
  const corner = (x: number, y: number): Point => {
    const [across, up] = turnedBack(page, x, y)
    return [across / userUnit + box[0], up / userUnit + box[1]]
  }
  return spanned(corner(left, bottom), corner(right, top))
}

/** The seal over about a third of the leader's signature, on its left, at the same height; moved as little as it takes to stay on the page. */
export function sealOver (leader: Rect, seal: Size, page: Size): Rect {
  const [left, bottom, right, top] = leader
  const wanted = { left: left + (right - left) / 3 - seal.width, bottom: (bottom + top - seal.height) / 2 }
  return onPage(rectAt(within(wanted.left, page.width - seal.width), within(wanted.bottom, page.height - seal.height), seal), page)
}

/** The top right corner, below what signatures show there already. */
export function topRight (text: Size, page: Size, taken: readonly Rect[]): Rect {
  const left = Math.max(0, page.width - CORNER.right - text.width)
  let bottom = page.height - CORNER.top - text.height
  for (;;) {
    const rect = rectAt(left, bottom, text)
    const inTheWay = taken.filter((other) => overlap(rect, other))
    if (inTheWay.length === 0) return onPage(rect, page)
    bottom = Math.min(...inTheWay.map(([, lowest]) => lowest)) - GAP - text.height
  }
}

/** Where it was said. Throws PDF_SIGN_PLACE if that is not on the page. */
export function placedAt ({ left, bottom }: At, size: Size, page: Size): Rect {
  return onPage(rectAt(left, bottom, size), page)
}

type Point = readonly [number, number]

/** ISO 32000-2, 7.7.3.3: Rotate turns clockwise. */
function turned (page: PageShown, x: number, y: number): Point {
  const { width, height } = shownSize({ ...page, rotate: 0 })
  switch (page.rotate) {
    case 0: return [x, y]
    case 90: return [y, width - x]
    case 180: return [width - x, height - y]
    case 270: return [height - y, x]
  }
}

function turnedBack (page: PageShown, x: number, y: number): Point {
  const { width, height } = shownSize({ ...page, rotate: 0 })
  switch (page.rotate) {
    case 0: return [x, y]
    case 90: return [width - y, x]
    case 180: return [width - x, height - y]
    case 270: return [y, height - x]
  }
}

function spanned ([x, y]: Point, [otherX, otherY]: Point): Rect {
  return [Math.min(x, otherX), Math.min(y, otherY), Math.max(x, otherX), Math.max(y, otherY)]
}

function rectAt (left: number, bottom: number, { width, height }: Size): Rect {
  return [left, bottom, left + width, bottom + height]
}

function within (value: number, most: number): number {
  return Math.max(0, Math.min(value, most))
}

function overlap (one: Rect, other: Rect): boolean {
  return one[0] < other[2] && other[0] < one[2] && one[1] < other[3] && other[1] < one[3]
}

function onPage (rect: Rect, { width, height }: Size): Rect {
  const isInside = rect[0] >= -HAIR && rect[1] >= -HAIR && rect[2] <= width + HAIR && rect[3] <= height + HAIR
  if (!isInside) throw new Refusal('PDF_SIGN_PLACE', { detail: `${rect.map((value) => value.toFixed(1)).join(' ')} outside of ${width.toFixed(1)} × ${height.toFixed(1)}` })
  return rect
}
