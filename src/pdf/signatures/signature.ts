/** One signature, taken apart: its form, its range, its message and what it claims (ISO 32000-2, table 255; EN 319 142-1, 5 and 6). */
import type { ExaminedSignature, PdfFinding } from '../examination.ts'
import type { PdfDict } from '../reader/objects.ts'
import type { Revision } from '../reader/revision.ts'
import { nameOf } from '../reader/values.ts'
import { SUB_FILTER } from '../sub-filter.ts'
import { byteRangeOf, faultInByteRange } from './byte-range.ts'
import { algorithmsOf, digestsOf, messageIn } from './contents.ts'
import { certifyingSignatureOf, placeOf, type SignedField } from './fields.ts'
import { permissionsOf, type Permissions } from './permissions.ts'
import { dateOf, textOf } from '../reader/text.ts'

/** A signature as it was found in the revision that it came with, which counts from 1. `isFirst`: no other but time-stamps came before; `isShared`: it is another field's too. */
export type FoundSignature = SignedField & { revision: number, isFirst: boolean, isShared: boolean }

/** What its dictionary says, and what it permits. */
export type ReadSignature = { examined: Omit<ExaminedSignature, 'field' | 'revision' | 'coversWholeFile' | 'appearance' | 'later'>, permissions: Permissions }

/** Reads a signature in its revision. What is wrong with it is found; a PdfFault is thrown only where the file around it is broken or its limits are spent. */
export function readSignature (found: FoundSignature, revision: Revision): ReadSignature {
  const { signature } = found
  const subFilter = nameOf(signature, 'SubFilter', revision) ?? ''
  const isToken = subFilter === SUB_FILTER.timeStamp
  const permissions = permissionsOf(signature, found.lock, revision)
  const rangeFault = faultInByteRange(signature, revision)
  const contents = messageIn(revision.resolve(signature.get('Contents')))
  const byteRange = byteRangeOf(signature)
  return {
    examined: {
      subFilter, byteRange,
      kind: isToken ? 'document-time-stamp' : permissions.isCertification ? 'certification' : 'signature',
      cms: new Uint8Array(contents?.message ?? []),
      digests: contents && rangeFault === undefined ? coveredDigests(revision, byteRange, algorithmsOf(contents.message, isToken)) : {},
      claims: claimsOf(signature, revision),
      findings: [
        ...formFindings(found, isToken, permissions, revision),
        ...rangeFault === undefined ? [] : [{ code: 'PDF_BYTE_RANGE' as const, detail: rangeFault }],
        ...contents?.isPadded ? [] : [{ code: 'PDF_SIGNATURE_FORM' as const, detail: contents ? 'Contents: something else than zeros behind the message' : 'Contents: no message' }],
      ],
    },
    permissions,
  }
}

function formFindings (found: FoundSignature, isToken: boolean, permissions: Permissions, revision: Revision): PdfFinding[] {
  const { signature, isShared, isListed, isFirst } = found
  const findings: PdfFinding[] = []
  const type = nameOf(signature, 'Type', revision) ?? 'Sig'
  if (type !== (isToken ? 'DocTimeStamp' : 'Sig')) findings.push({ code: 'PDF_SIGNATURE_FORM', detail: `Type ${type}` })
  if (nameOf(signature, 'Filter', revision) === undefined) findings.push({ code: 'PDF_SIGNATURE_FORM', detail: 'Filter' })
  if (permissions.fault !== undefined) findings.push({ code: 'PDF_SIGNATURE_FORM', detail: permissions.fault })
  if (isShared) findings.push({ code: 'PDF_SIGNATURE_FORM', detail: 'another field has the same signature' })
  if (!isListed) findings.push({ code: 'PDF_FIELD_UNLISTED' })
  // ISO 32000-2, 12.8.2.2: the one and first signature, which the catalog names
  const certifying = certifyingSignatureOf(revision)
  const isNamed = certifying !== undefined && placeOf(certifying) === placeOf(signature)
  if (permissions.isCertification !== isNamed) findings.push({ code: 'PDF_SIGNATURE_FORM', detail: isNamed ? 'Perms without DocMDP' : 'DocMDP without Perms' })
  else if (isNamed && !isFirst) findings.push({ code: 'PDF_SIGNATURE_FORM', detail: 'DocMDP, and not the first signature' })
  return findings
}

/** Octets hashed in about the time of one step of the reader's. */
const OCTETS_A_STEP = 64

function coveredDigests (revision: Revision, byteRange: readonly number[], algorithms: ReadonlySet<string>): Record<string, Uint8Array> {
  // Hundreds of signatures over the same large file would hash it hundreds of times
  revision.budget.spend('steps', algorithms.size * Math.ceil(revision.end / OCTETS_A_STEP))
  return digestsOf(revision.source, byteRange, algorithms)
}

function claimsOf (signature: PdfDict, revision: Revision): ExaminedSignature['claims'] {
  const said = (key: string) => textOf(revision.resolve(signature.get(key)))
  const time = dateOf(revision.resolve(signature.get('M')))?.toISOString()
  const [name, reason, location, contact] = [said('Name'), said('Reason'), said('Location'), said('ContactInfo')]
  return {
    ...time !== undefined && { time }, ...name !== undefined && { name }, ...reason !== undefined && { reason },
    ...location !== undefined && { location }, ...contact !== undefined && { contact },
  }
}
