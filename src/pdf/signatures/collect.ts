/** The signatures of a file over all its revisions: what a later update drops stays a signature of the file. */
import type { Revision } from '../reader/revision.ts'
import { certifyingSignatureOf, placeOf, signedFieldsOf, type SignedField } from './fields.ts'
import { nameOf } from './permissions.ts'
import { TOKEN, type FoundSignature } from './signature.ts'

/** Each signature once, in the revision where it is first seen, oldest first. `unlisted` are those that only the newest revision's pages show. */
export function collectSignatures (revisions: readonly Revision[], unlisted: readonly SignedField[]): FoundSignature[] {
  const found = new Map<string | number, FoundSignature>()
  for (const [index, revision] of revisions.entries()) {
    const isNewest = index === revisions.length - 1
    for (const field of [...signedFieldsOf(revision), ...isNewest ? unlisted : []]) {
      const known = found.get(keyOf(field))
      if (!known) found.set(keyOf(field), foundIn(revision, index + 1, field, found))
      else if (known.name !== field.name) known.isShared = true
      else if (known.revision === index + 1) known.widgets.push(...field.widgets)
    }
    const certifying = certifyingFieldOf(revision)
    if (certifying && !found.has(keyOf(certifying))) found.set(keyOf(certifying), foundIn(revision, index + 1, certifying, found))
  }
  return [...found.values()]
}

function foundIn (revision: Revision, number: number, field: SignedField, before: ReadonlyMap<unknown, FoundSignature>): FoundSignature {
  const isFirst = [...before.values()].every(({ isToken }) => isToken)
  return { ...field, revision: number, isFirst, isShared: false, isToken: nameOf(field.signature, 'SubFilter', revision) === TOKEN }
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
