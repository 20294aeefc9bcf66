/** Where signatures are shown: one walk over the pages finds them, and those that no form lists. */
import type { ExaminedSignature } from '../examination.ts'
import type { PdfDict } from '../reader/objects.ts'
import type { Revision } from '../reader/revision.ts'
import { itemsOf } from '../reader/values.ts'
import { signedFieldOf, type SignedField } from './fields.ts'
import { annotationsOn, pagesOf } from '../reader/pages.ts'

/** `pages` counts them; `shown` tells by the object number of its widget where a signature field shows something; `fields` are all those that pages show. */
export type Shown = { pages: number, shown: Map<number, Appearance>, fields: SignedField[] }

type Appearance = NonNullable<ExaminedSignature['appearance']>

/** What the pages of a revision show of signatures. */
export function shownSignatures (revision: Revision): Shown {
  const [shown, fields] = [new Map<number, Appearance>(), [] as SignedField[]]
  let pages = 0
  for (const page of pagesOf(revision)) {
    pages = page.number
    for (const annotation of annotationsOn(page, revision)) {
      const field = signedFieldOf(revision, annotation)
      if (!field) continue
      fields.push(field)
      const rect = rectOf(annotation.dict, revision)
      if (rect && annotation.number !== undefined) shown.set(annotation.number, { page: page.number, rect })
    }
  }
  return { pages, shown, fields }
}

/** Flags of an annotation that is hidden, or not shown on a screen (ISO 32000-2, table 167). */
const UNSEEN = 0x02 | 0x20

function rectOf (widget: PdfDict, revision: Revision): Appearance['rect'] | undefined {
  const numbers = itemsOf(revision, widget.get('Rect')).map((number) => revision.resolve(number)).filter((number) => typeof number === 'number')
  const flags = revision.resolve(widget.get('F')) ?? 0
  const [x1, y1, x2, y2] = numbers
  if (x1 === undefined || y1 === undefined || x2 === undefined || y2 === undefined || numbers.length !== 4) return undefined
  if (x1 === x2 || y1 === y2 || (typeof flags === 'number' && (flags & UNSEEN) !== 0)) return undefined
  return [Math.min(x1, x2), Math.min(y1, y2), Math.max(x1, x2), Math.max(y1, y2)]
}
