/** What a signature says of the updates after it. */
import type { LaterChange } from '../examination.ts'
import type { FieldLock } from '../signatures/permissions.ts'
import type { Update } from './changes.ts'
import type { Change } from './comparison.ts'

/**
 * What applies to a signature. `certification` is what the document is certified for when it was signed (DocMDP; ISO 32000-2, table 257): absent where nobody certified it.
 * `locks` are those of the signature's own field (FieldMDP and Lock).
 */
export type SignaturePermissions = { revision: number, certification?: 1 | 2 | 3, locks: readonly FieldLock[] }

/** Everything that was added to the file after the signature, in order, each as this signature permits it or not. */
export function laterChanges (signature: SignaturePermissions, updates: readonly Update[]): LaterChange[] {
  return updates.filter(({ revision }) => revision > signature.revision).flatMap(({ revision, changes }) => changes.map((change) => {
    const { kind, detail } = change
    return { revision, kind, permitted: isPermitted(change, signature), ...detail !== undefined && { detail } }
  }))
}

/**
 * Whether the signature bears this change. Validation data, document time-stamps, and statements about the document that no page shows are borne by all: programs write
 * them on when a signature is prolonged (ISO 32000-2, 12.8.2.2; EN 319 142-1, 5.4). Filling in forms needs a certification that says so. Comments are never borne, though
 * P 3 would: they can cover whatever stands on the page.
 */
function isPermitted ({ kind, field }: Change, { certification, locks }: SignaturePermissions): boolean {
  switch (kind) {
    case 'validation-data':
    case 'document-time-stamp':
    case 'metadata': return true
    case 'signature': return certification !== 1 && !locks.some(({ action, fields }) => action === 'Include' && field !== undefined && namesField(fields, field))
    case 'form-fill': return certification !== undefined && certification !== 1 && field !== undefined && !locks.some((lock) => isLocked(field, lock))
    case 'other': return false
  }
}

function isLocked (field: string, { action, fields }: FieldLock): boolean {
  switch (action) {
    case 'All': return true
    case 'Include': return namesField(fields, field)
    case 'Exclude': return !namesField(fields, field)
  }
}

/** A name stands for the fields below it too (ISO 32000-2, table 236). */
function namesField (fields: readonly string[], name: string): boolean {
  return fields.some((field) => name === field || name.startsWith(`${field}.`))
}
