/** Rules for the trailer and the catalog (ISO 32000-2, 7.5.5 and 7.7.2). */
import { PdfName, type PdfDict, type PdfObject } from '../reader/objects.ts'
import { dictOf } from '../reader/values.ts'
import { faultInByteRange } from '../signatures/byte-range.ts'
import { other, type Change, type Comparison } from './comparison.ts'
import { compareForms } from './form.ts'
import { differingKeys } from './same.ts'

/** Trailer entries that belong to the section itself; ID's second part changes with every update. */
const OF_SECTION = new Set(['Size', 'Prev', 'XRefStm', 'ID', 'Type', 'W', 'Index', 'Filter', 'DecodeParms', 'Length'])

/** Root stays. Information about the document may change; of whatever else a trailer says nothing may come or change, though programs leave it out. */
export function compareTrailers ({ earlier, later, same }: Comparison): Change[] {
  return differingKeys(earlier.trailer, later.trailer, same).flatMap((key): Change[] => {
    if (OF_SECTION.has(key)) return []
    if (key === 'Info') return [{ kind: 'metadata', detail: 'Info' }]
    return key !== 'Root' && !later.trailer.has(key) ? [] : [other(`trailer /${key}`)]
  })
}

/** The catalogs, with the form in them; what is in the other open entries is anybody's. */
export function compareCatalogs (comparison: Comparison, accepted: ReadonlySet<number>): Change[] {
  const { earlier: { catalog: before }, later: { catalog: after }, same } = comparison
  const changes = differingKeys(before, after, same).flatMap((key): Change[] => {
    switch (key) {
      case 'AcroForm': return []
      case 'DSS': return [{ kind: 'validation-data', detail: 'DSS' }]
      case 'Metadata': return [{ kind: 'metadata', detail: 'XMP' }]
      case 'Extensions': return [{ kind: 'metadata', detail: 'catalog /Extensions' }]
      case 'Version': return [isLater(before.get(key), after.get(key), comparison) ? { kind: 'metadata', detail: 'catalog /Version' } : other('catalog /Version')]
      case 'Perms': return [isFirstCertification(before, after, comparison) ? { kind: 'signature', detail: 'catalog /Perms' } : other('catalog /Perms')]
      default: return [other(`catalog /${key}`)]
    }
  })
  return [...changes, ...compareForms(comparison, before.get('AcroForm'), after.get('AcroForm'), accepted)]
}

function isLater (before: PdfObject | undefined, after: PdfObject | undefined, { earlier, later }: Comparison): boolean {
  const version = later.resolve(after)
  const from = earlier.resolve(before)
  return version instanceof PdfName && /^[12]\.\d$/.test(version.value) && (from === null || (from instanceof PdfName && version.value >= from.value))
}

/** Perms names the signature that certifies; it must be one that came with this update (ISO 32000-2, 12.8.6). */
function isFirstCertification (before: PdfDict, after: PdfDict, { earlier, later }: Comparison): boolean {
  const permissions = dictOf(later, after.get('Perms'))
  const signature = dictOf(later, permissions?.get('DocMDP'))
  const isFirst = earlier.resolve(before.get('Perms')) === null && permissions?.size === 1
  return isFirst && signature !== undefined && faultInByteRange(signature, later) === undefined
}
