/** What a signature permits to be done to the document after it (ISO 32000-2, 12.8.2 and 12.7.5.5). */
import type { PdfDict } from '../reader/objects.ts'
import type { Revision } from '../reader/revision.ts'
import { dictOf, itemsOf, nameOf } from '../reader/values.ts'
import { certifyingSignatureOf } from './fields.ts'
import { textOf } from '../reader/text.ts'

/** Fields that must stay as they are: all, those that are named, or all but those. */
export type FieldLock = { action: 'All' | 'Include' | 'Exclude', fields: string[] }

/**
 * `certification` is what the document is certified for: 1 nothing, 2 forms may be filled in and signed, 3 also comments; absent where nobody certifies it. A
 * signature whose field locks the whole document says 1 too (ISO 32000-2, table 236). `fault`: what of it cannot be understood; then nothing is permitted.
 */
export type Permissions = { isCertification: boolean, certification?: 1 | 2 | 3, locks: FieldLock[], fault?: string }

const ALL: FieldLock = { action: 'All', fields: [] }

/** What a signature, its field's lock, and the signature that certifies the document, if one does, permit. */
export function permissionsOf (signature: PdfDict, lock: PdfDict | undefined, revision: Revision): Permissions {
  const certifying = certifyingSignatureOf(revision)
  const own = ownPermissionsOf(signature, lock, revision)
  const document = certifying && ownPermissionsOf(certifying, undefined, revision).certification
  return { ...own, ...document && { certification: Math.min(document, own.certification ?? document) as 1 | 2 | 3 } }
}

function ownPermissionsOf (signature: PdfDict, lock: PdfDict | undefined, revision: Revision): Permissions {
  const transforms = itemsOf(revision, signature.get('Reference')).map((reference) => transformOf(dictOf(revision, reference), revision))
  const certifying = transforms.filter(({ method }) => method === 'DocMDP').map(({ parameters }) => levelOf(parameters, revision, 2))
  const locks = [...transforms.filter(({ method }) => method === 'FieldMDP').map(({ parameters }) => parameters), ...lock ? [lock] : []].map((parameters) => lockOf(parameters, revision))
  const lockLevel = lock?.has('P') ? levelOf(lock, revision, 1) : undefined
  const isFaulty = certifying.length > 1 || [...certifying, lockLevel].includes(null) || locks.includes(null)
  if (isFaulty) return { isCertification: certifying.length > 0, certification: 1, locks: [ALL], fault: 'Reference, Lock' }
  const level = Math.min(certifying[0] ?? 3, lockLevel ?? 3) as 1 | 2 | 3
  // A lock takes away; it permits nothing that the document does not
  const isLimited = certifying.length > 0 || level === 1
  return { isCertification: certifying.length > 0, ...(isLimited && { certification: level }), locks: locks.filter((one) => one !== null) }
}

function transformOf (reference: PdfDict | undefined, revision: Revision): { method: string | undefined, parameters: PdfDict | undefined } {
  return { method: nameOf(reference, 'TransformMethod', revision), parameters: dictOf(revision, reference?.get('TransformParams')) }
}

/** Null for what is none; `absent` where nothing is said. */
function levelOf (parameters: PdfDict | undefined, revision: Revision, absent: 1 | 2): 1 | 2 | 3 | null {
  const level = revision.resolve(parameters?.get('P')) ?? absent
  return level === 1 || level === 2 || level === 3 ? level : null
}

function lockOf (parameters: PdfDict | undefined, revision: Revision): FieldLock | null {
  const action = nameOf(parameters, 'Action', revision)
  if (action === 'All') return ALL
  if (action !== 'Include' && action !== 'Exclude') return null
  return { action, fields: itemsOf(revision, parameters?.get('Fields')).map((field) => textOf(revision.resolve(field)) ?? '') }
}
