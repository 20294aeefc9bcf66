/** The pages of a revision in their order, and the annotations on them (ISO 32000-2, 7.7.3 and 12.5). */
import { PdfFault } from '../fault.ts'
import { PdfRef, type PdfDict, type PdfObject } from './objects.ts'
import type { Revision } from './revision.ts'
import { itemsOf } from './values.ts'

/** Page trees are balanced or flat; deeper ones only make work. */
const DEEPEST = 64

/** A page; `number` counts from 1. */
export type Page = { number: number, ref: PdfRef, dict: PdfDict }

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

function* leavesBelow (revision: Revision, node: PdfObject | undefined, seen: Set<number>, depth: number): Generator<Omit<Page, 'number'>> {
  if (!(node instanceof PdfRef)) throw new PdfFault('PDF_BROKEN', 'page tree: a node is no indirect object')
  if (seen.has(node.number) || depth > DEEPEST) throw new PdfFault('PDF_BROKEN', `page tree: object ${node.number} stands in it twice, or too deep`)
  seen.add(node.number)
  const dict = revision.resolve(node)
  if (!(dict instanceof Map)) throw new PdfFault('PDF_BROKEN', `page tree: object ${node.number} is no page`)
  if (!dict.has('Kids')) return yield { ref: node, dict: dict as PdfDict }
  for (const kid of itemsOf(revision, dict.get('Kids'))) yield* leavesBelow(revision, kid, seen, depth + 1)
}
