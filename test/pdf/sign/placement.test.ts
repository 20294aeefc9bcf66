import t from 'tap'
import { Refusal } from '../../../src/errors.ts'
import type { Rect } from '../../../src/pdf/reader/pages.ts'
import { placedAt, sealOver, shownSize, toPage, topRight, toShown, type PageShown } from '../../../src/pdf/sign/placement.ts'

const A4 = { width: 595, height: 842 }
const SEAL = { width: 102, height: 102 }
const rounded = (rect: Rect) => rect.map((value) => Math.round(value * 100) / 100)

t.test('a page is shown turned, cut and enlarged, and back again', async (t) => {
  const box: Rect = [-20, 80, 575, 922]
  const rect: Rect = [0, 100, 50, 120]
  const shown: [PageShown['rotate'], Rect][] = [[0, [20, 20, 70, 40]], [90, [20, 525, 40, 575]], [180, [525, 802, 575, 822]], [270, [802, 20, 822, 70]]]
  for (const [rotate, wanted] of shown) {
    const page = { box, rotate, userUnit: 1 }
    t.strictSame(toShown(page, rect), wanted, `${rotate}`)
    t.strictSame(toPage(page, wanted), rect, `${rotate}, back`)
    t.strictSame(shownSize(page), rotate % 180 === 0 ? A4 : { width: 842, height: 595 })
    t.strictSame(toShown({ ...page, userUnit: 2 }, rect), wanted.map((value) => 2 * value))
    t.strictSame(rounded(toPage({ ...page, userUnit: 2 }, toShown({ ...page, userUnit: 2 }, rect))), rect)
  }
})

t.test('the seal ends where the left third of the leader\'s signature ends, at the same height', async (t) => {
  t.strictSame(sealOver([300, 200, 450, 260], SEAL, A4), [248, 179, 350, 281])
})

t.test('the seal stays on the page', async (t) => {
  t.strictSame(sealOver([10, 5, 160, 65], SEAL, A4), [0, 0, 102, 102], 'at the left and the bottom')
  t.strictSame(sealOver([700, 820, 850, 842], SEAL, A4), [493, 740, 595, 842], 'at the right and the top')
  t.throws(() => sealOver([10, 10, 60, 30], SEAL, { width: 90, height: 842 }), new Refusal('PDF_SIGN_PLACE'))
})

t.test('text goes to the top right, below what stands there', async (t) => {
  const text = { width: 150, height: 24 }
  const first = topRight(text, A4, [])
  t.strictSame(rounded(first), [402.48, 806.66, 552.48, 830.66])
  const second = topRight(text, A4, [first])
  t.ok(second[3] < first[1] && second[3] > first[1] - 4)
  t.ok(topRight(text, A4, [second, first])[3] < second[1])
  t.strictSame(topRight(text, A4, [[0, 0, 100, 842]]), first, 'what stands elsewhere is in nobody\'s way')
  t.throws(() => topRight(text, A4, [[0, 0, 595, 842]]), new Refusal('PDF_SIGN_PLACE'))
  t.throws(() => topRight({ width: 700, height: 24 }, A4, []), new Refusal('PDF_SIGN_PLACE'))
})

t.test('a place that was said must be on the page', async (t) => {
  t.strictSame(placedAt({ page: 1, left: 493, bottom: 740 }, SEAL, A4), [493, 740, 595, 842])
  for (const at of [{ left: 494, bottom: 0 }, { left: -1, bottom: 0 }, { left: 0, bottom: 741 }, { left: 0, bottom: -1 }, { left: Number.NaN, bottom: 0 }, { left: Infinity, bottom: 0 }]) {
    t.throws(() => placedAt({ page: 1, ...at }, SEAL, A4), new Refusal('PDF_SIGN_PLACE'), JSON.stringify(at))
  }
})
