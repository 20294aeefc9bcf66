/** The pages of a revision in their order, and the annotations on them (ISO 32000-2, 7.7.3 and 12.5). */
import { PdfFault } from '../fault.ts'
import { PdfRef, type PdfDict, type PdfObject } from './objects.ts'
import type { Revision } from './revision.ts'
import { dictOf, itemsOf } from './values.ts'

/** Page trees are balanced or flat; deeper ones only make work. */
const DEEPEST = 64

/** A page; `number` counts from 1. */
export type Page = { number: number, ref: PdfRef, dict: PdfDict }

/** By its corners: left, bottom, right, top. */
export type Rect = readonly [number, number, number, number]

/** Something that stands on a page: a field's widget among others. `number` is its object's, undefined when it is none of its own. */
export type Annotation = { number: number | undefined, dict: PdfDict }

/** Every page, the first one first. Throws PdfFault for a tree that leads back into itself, or too deep. */
export function* pagesOf (revision: Revision): Generator<Page> {
  let number = 0
  for (const leaf of leavesBelow(revision, revision.catalog.get('Pages'), new Set(), 0)) yield { number: ++number, ...leaf }
}

/** What stands on a page. */
export function annotationsOn ({ dict }: Page, revision: Revision): Annotation[] {
  return itemsOf(revision, dict.get('Annots')).flatMap((annotation) => {
    const found = revision.resolve(annotation)
    return found instanceof Map ? [{ number: annotation instanceof PdfRef ? annotation.number : undefined, dict: found as PdfDict }] : []
  })
}

/** What a page has under this key, of its own or from the nodes above it (ISO 32000-2, 7.7.3.4). */
export function inheritedBy (page: PdfDict, key: string, revision: Revision): PdfObject {
  let node: PdfDict | undefined = page
  for (let depth = 0; node && depth <= DEEPEST; depth++) {
    const value = node.get(key) ?? null
    if (value !== null) return value
    node = dictOf(revision, node.get('Parent'))
  }
  return null
}

/** A rectangle, whichever of its corners come first (ISO 32000-2, 7.9.5). */
export function rectangleOf (object: PdfObject | undefined, revision: Revision): Rect | undefined {
  const numbers = itemsOf(revision, object).map((item) => revision.resolve(item)).filter((item) => typeof item === 'number')
  const [x, y, otherX, otherY] = numbers
  if (x === undefined || y === undefined || otherX === undefined || otherY === undefined || numbers.length > 4) return undefined
  return [Math.min(x, otherX), Math.min(y, otherY), Math.max(x, otherX), Math.max(y, otherY)]
}

/** Flags of an annotation that is hidden, or not shown on a screen (ISO 32000-2, table 167). */
const UNSEEN = 0x02 | 0x20

/** Where an annotation is seen on its page; undefined where it shows nothing. */
export function seenAt ({ dict }: Annotation, revision: Revision): Rect | undefined {
  const rect = rectangleOf(dict.get('Rect'), revision)
  const flags = revision.resolve(dict.get('F'))
  const isHidden = typeof flags === 'number' && (flags & UNSEEN) !== 0
  return rect && rect[0] < rect[2] && rect[1] < rect[3] && !isHidden ? rect : undefined
}

function* leavesBelow (revision: Revision, node: PdfObject | undefined, seen: Set<number>, depth: number): Generator<Omit<Page, 'number'>> {
  if (!(node instanceof PdfRef)) throw new PdfFault('PDF_BROKEN', 'page tree: a node is no indirect object')
  if (seen.has(node.number) || depth > DEEPEST) throw new PdfFault('PDF_BROKEN', `page tree: object ${node.number} stands in it twice, or too deep`)
  seen.add(node.number)
  const dict = revision.resolve(node)
  if (!(dict instanceof Map)) throw new PdfFault('PDF_BROKEN', `page tree: object ${node.number} is no page`)
  if (!dict.has('Kids')) return yield { ref: node, dict: dict as PdfDict }
  for (const kid of itemsOf(revision, dict.get('Kids'))) yield* leavesBelow(revision, kid, seen, depth + 1)
}
