/** Rules for a page and the annotations on it (ISO 32000-2, 7.7.3.3): the widgets of accepted fields may come, at the places they like. */
import { PdfName, type PdfDict } from '../reader/objects.ts'
import { inheritedBy } from '../reader/pages.ts'
import { other, type Change, type Comparison } from './comparison.ts'
import { isExtended } from './new-signatures.ts'
import { differingKeys } from './same.ts'

/** Entries that a page has from the nodes above it: some programs write them down in the page itself (ISO 32000-2, 7.7.3.4). */
const INHERITED = new Set(['Resources', 'MediaBox', 'CropBox', 'Rotate'])

/** One page that was written anew. */
export function comparePages (comparison: Comparison, number: number, before: PdfDict, after: PdfDict, accepted: ReadonlySet<number>): Change[] {
  const { earlier, later, same } = comparison
  return differingKeys(before, after, same).filter((key) => {
    if (key === 'Annots') return !isExtended(before.get(key), after.get(key), accepted, comparison)
    // In which order the tabulator goes through what is there: nothing that is shown
    if (key === 'Tabs') return before.has(key) || !(later.resolve(after.get(key)) instanceof PdfName)
    return !INHERITED.has(key) || before.has(key) || !same(inheritedBy(before, key, earlier), after.get(key))
  }).map((key) => other(`object ${number}: page /${key}`))
}
