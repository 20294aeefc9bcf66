/**
 * Makes a file ready to be signed: the update with the signature's field, its appearance, and a signature dictionary whose Contents are zeros.
 * Pure and synchronous, for a worker: the file is read in pieces and never copied.
 */
import { vietnamTimestamp } from '../../edxml/dates.ts'
import { Refusal } from '../../errors.ts'
import { PdfFault } from '../fault.ts'
import { Budget } from '../reader/budget.ts'
import { PdfName } from '../reader/objects.ts'
import { openRevision, type Revision } from '../reader/revision.ts'
import { digestsOf } from '../signatures/contents.ts'
import { certifyingSignatureOf, signedFieldsOf, type SignedField } from '../signatures/fields.ts'
import { permissionsOf } from '../signatures/permissions.ts'
import { joinedSource, type PdfSource } from '../source.ts'
import { SUB_FILTER } from '../sub-filter.ts'
import { emptyField, newFieldName } from './field.ts'
import { readDrawing } from './form-xobject.ts'
import type { PreparedSignature, PrepareRequest, SigningFault } from './request.ts'
import { dictionary, serialise, textString } from './serialise.ts'
import { Update } from './update.ts'
import { addField, fillField } from './widget.ts'

/** Never throws for what a stranger's file holds. */
export function prepareSignature (source: PdfSource, request: PrepareRequest): PreparedSignature {
  return refusedOr(() => prepare(source, request))
}

/** What `work` gives, or why the file, or the request for it, is refused. */
export function refusedOr<Result> (work: () => Result): Result | { kind: 'refused' } & SigningFault {
  try {
    return work()
  } catch (error) {
    if (error instanceof Refusal) return { kind: 'refused', code: error.code, detail: error.fault.detail ?? '' }
    if (error instanceof PdfFault) return { kind: 'refused', code: 'PDF_SIGN_UNREADABLE', detail: error.message }
    throw error
  }
}

function prepare (source: PdfSource, request: PrepareRequest): PreparedSignature {
  const revision = openRevision(source, source.size, new Budget())
  const fields = signedFieldsOf(revision)
  checkPermitted(revision, fields)
  const update = new Update(revision)
  const signature = update.add(null)
  const drawing = readDrawing(request.appearance)
  const name = request.field ?? newFieldName(revision)
  if (request.field === undefined) addField(update, revision, { name, signature, drawing, fields, request })
  else fillField(update, revision, { ...emptyField(revision, request.field), signature, drawing })
  const written = writtenSignature(request)
  update.replace(signature, { octets: written.octets })
  const { increment, places } = update.write()
  const from = places.get(signature.number)! + written.contents.from
  const contents = { from, to: from + written.contents.to - written.contents.from }
  const range = [0, source.size + contents.from, source.size + contents.to, increment.length - contents.to]
  increment.write(`[${range.join(' ')}]`, places.get(signature.number)! + written.byteRange, 'latin1')
  const { [request.algorithm]: digest } = digestsOf(joinedSource(source, increment), range, new Set([request.algorithm]))
  return { kind: 'prepared', field: name, increment, contents, digest: digest! }
}

/** ISO 32000-2, 12.8.2.2: a certification, or a lock on the whole document, may forbid every further signature. */
function checkPermitted (revision: Revision, fields: readonly SignedField[]): void {
  const certifying = certifyingSignatureOf(revision)
  const levels = [
    ...fields.map(({ name, signature, lock }) => ({ name, permissions: permissionsOf(signature, lock, revision) })),
    ...certifying ? [{ name: 'Perms', permissions: permissionsOf(certifying, undefined, revision) }] : [],
  ]
  const strict = levels.find(({ permissions }) => permissions.certification === 1)
  if (strict) throw new Refusal('PDF_SIGN_FORBIDDEN', { detail: strict.name })
}

/** Four numbers of up to ten digits, and what stands around and between them. */
const BYTE_RANGE_ROOM = 46

/** The signature dictionary (ISO 32000-2, 12.8.1; EN 319 142-1, 6.3), and where in it ByteRange's array and Contents stand. */
function writtenSignature (request: PrepareRequest): { octets: Buffer, byteRange: number, contents: { from: number, to: number } } {
  const { name, reason, location, contact, time, reserved } = request
  const optional = (text: string | undefined) => text === undefined ? undefined : textString(text.normalize('NFC'))
  const entries = dictionary({
    Type: new PdfName('Sig'), Filter: new PdfName('Adobe.PPKLite'), SubFilter: new PdfName(SUB_FILTER.pades), M: textString(pdfDate(time)),
    Name: optional(name), Reason: optional(reason), Location: optional(location), ContactInfo: optional(contact),
  })
  const head = `${serialise(entries).slice(0, -2)} /ByteRange `
  const middle = `${head}${' '.repeat(BYTE_RANGE_ROOM)} /Contents `
  const octets = Buffer.from(`${middle}<${'0'.repeat(reserved * 2)}>>>`, 'latin1')
  return { octets, byteRange: head.length, contents: { from: middle.length, to: octets.length - 2 } }
}

/** ISO 32000-1, 7.9.4: Vietnam time, with the apostrophe at its end that readers of every version understand. */
export function pdfDate (time: Date): string {
  return `D:${vietnamTimestamp(time).slice(0, 19).replace(/[-T:]/g, '')}+07'00'`
}
