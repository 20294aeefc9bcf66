/** What stands in a dictionary or an array, be it written there or referred to; nothing where it is of another type. */
import { PdfName, type PdfDict, type PdfObject } from './objects.ts'
import type { Revision } from './revision.ts'

/** The dictionary that this is or refers to. */
export function dictOf (revision: Revision, object: PdfObject | undefined): PdfDict | undefined {
  const found = revision.resolve(object)
  return found instanceof Map ? found as PdfDict : undefined
}

/** The items of an array, or none. */
export function itemsOf (revision: Revision, object: PdfObject | undefined): readonly PdfObject[] {
  const array = revision.resolve(object)
  return Array.isArray(array) ? array as readonly PdfObject[] : []
}

/** ISO 32000-1, C.2; nothing that we look for is longer, and verdicts are kept. */
const LONGEST_NAME = 127

/** The name that stands under this key. */
export function nameOf (dict: PdfDict | undefined, key: string, revision: Revision): string | undefined {
  const name = revision.resolve(dict?.get(key))
  return name instanceof PdfName ? name.value.slice(0, LONGEST_NAME) : undefined
}
