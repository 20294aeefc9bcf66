/** Where signatures are shown: one walk over the pages finds them, and those that no form lists. */
import type { ExaminedSignature } from '../examination.ts'
import { annotationsOn, pagesOf, seenAt } from '../reader/pages.ts'
import type { Revision } from '../reader/revision.ts'
import { signedFieldOf, type SignedField } from './fields.ts'

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
      const rect = seenAt(annotation, revision)
      if (rect && annotation.number !== undefined) shown.set(annotation.number, { page: page.number, rect })
    }
  }
  return { pages, shown, fields }
}
