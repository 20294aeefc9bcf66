/** What the file carries for whoever judges it later: its document security store (ISO 32000-2, 12.8.4.3; EN 319 142-1, 5.4). */
import { PdfFault } from '../fault.ts'
import type { ValidationMaterial } from '../examination.ts'
import { PdfRef, PdfStream, type PdfObject } from '../reader/objects.ts'
import type { Revision } from '../reader/revision.ts'
import { dictOf, itemsOf } from '../reader/values.ts'

/** Some ten signatures with their chains; more would only make work. */
const MOST_ITEMS = 256
const MOST_BYTES = 64 * 1024 * 1024

/** Certificates, CRLs and OCSP answers, those of the single signatures (VRI) among them. What cannot be read, or is too much, is left out: it proves nothing by itself. */
export function materialOf (revision: Revision): ValidationMaterial {
  const store = dictOf(revision, revision.catalog.get('DSS'))
  const single = [...dictOf(revision, store?.get('VRI'))?.values() ?? []].slice(0, MOST_ITEMS).flatMap((entry) => dictOf(revision, entry) ?? [])
  const left = { bytes: MOST_BYTES }
  const listed = (ofAll: string, ofOne: string) => dataOf(revision, [store?.get(ofAll), ...single.map((entry) => entry.get(ofOne))], left)
  return { certificates: listed('Certs', 'Cert'), crls: listed('CRLs', 'CRL'), ocsps: listed('OCSPs', 'OCSP') }
}

function dataOf (revision: Revision, lists: readonly (PdfObject | undefined)[], left: { bytes: number }): Uint8Array[] {
  const streams = new Map<number, PdfRef>()
  for (const item of lists.flatMap((list) => itemsOf(revision, list).slice(0, MOST_ITEMS))) {
    if (item instanceof PdfRef && streams.size < MOST_ITEMS) streams.set(item.number, item)
  }
  return [...streams.values()].flatMap((ref) => {
    const bytes = readable(revision, ref)
    if (bytes === undefined || bytes.length > left.bytes) return []
    left.bytes -= bytes.length
    return [new Uint8Array(bytes)]
  })
}

function readable (revision: Revision, ref: PdfRef): Buffer | undefined {
  try {
    const stream = revision.resolve(ref)
    return stream instanceof PdfStream ? revision.data(stream) : undefined
  } catch (error) {
    if (error instanceof PdfFault) return undefined
    throw error
  }
}
