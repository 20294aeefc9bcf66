/** The signatures of a file over all its revisions: what a later update drops stays a signature of the file. */
import { PdfFault } from '../fault.ts'
import { isName, type PdfDict } from '../reader/objects.ts'
import type { Revision } from '../reader/revision.ts'
import { SUB_FILTER } from '../sub-filter.ts'
import { certifyingSignatureOf, placeOf, signedFieldsOf, type SignedField } from './fields.ts'
import type { FoundSignature } from './signature.ts'

/** More than anybody puts into one document; each costs the verification of a signature, a path and time-stamps. */
const MOST_SIGNATURES = 64

/** Each signature once, in the revision where it is first seen, oldest first. `shown` are those that the newest revision's pages show. Throws PdfFault for too many. */
export function collectSignatures (revisions: readonly Revision[], shown: readonly SignedField[]): FoundSignature[] {
  const found = new Map<string | number, FoundSignature>()
  for (const [index, revision] of revisions.entries()) {
    const listed = signedFieldsOf(revision)
    const unlisted = unlistedAmong(shown, listed).filter(({ signature }) => cameBy(signature, revisions) === index)
    for (const field of [...listed, ...unlisted]) {
      const known = found.get(keyOf(field))
      if (!known) add(found, field, index + 1)
      else if (known.name !== field.name) known.isShared = true
    }
    const certifying = certifyingFieldOf(revision)
    if (certifying && !found.has(keyOf(certifying))) add(found, certifying, index + 1)
  }
  return [...found.values()]
}

function add (found: Map<string | number, FoundSignature>, field: SignedField, revision: number): void {
  if (found.size === MOST_SIGNATURES) throw new PdfFault('PDF_TOO_COMPLEX', `more than ${MOST_SIGNATURES} signatures`)
  const isFirst = [...found.values()].every(({ signature }) => isToken(signature))
  found.set(keyOf(field), { ...field, revision, isFirst, isShared: false })
}

function unlistedAmong (shown: readonly SignedField[], listed: readonly SignedField[]): SignedField[] {
  const widgets = new Set(listed.flatMap((field) => field.widgets))
  return shown.filter((field) => !field.widgets.some((number) => widgets.has(number)))
}

/** The revision that brought a signature dictionary, by where it stands in the file; the newest for one that has no place. */
function cameBy (signature: PdfDict, revisions: readonly Revision[]): number {
  const place = placeOf(signature) ?? Infinity
  const index = revisions.findIndex(({ end }) => place < end)
  return index < 0 ? revisions.length - 1 : index
}

function isToken (signature: PdfDict): boolean {
  return isName(signature.get('SubFilter'), SUB_FILTER.timeStamp)
}

/** A signature that has no place of its own is none that can be honest, and is told apart by its field. */
function keyOf ({ signature, name }: SignedField): string | number {
  return placeOf(signature) ?? name
}

/** What the catalog names as certifying the document stands in a field too; where it does not, only some viewers find it. */
function certifyingFieldOf (revision: Revision): SignedField | undefined {
  const signature = certifyingSignatureOf(revision)
  return signature && { name: 'Perms/DocMDP', signature, lock: undefined, widgets: [], isListed: false }
}
