/**
 * Makes a file ready to be signed: the update with the signature's field, its appearance, and a signature dictionary whose Contents are zeros.
 * Pure and synchronous, for a worker: the file is read in pieces and never copied.
 */
import { createHash } from 'node:crypto'
import { vietnamTimestamp } from '../../edxml/dates.ts'
import { Refusal } from '../../errors.ts'
import { PdfFault } from '../fault.ts'
import { Budget } from '../reader/budget.ts'
import { PdfName, PdfRef, type PdfDict, type PdfObject } from '../reader/objects.ts'
import { openRevision, type Revision } from '../reader/revision.ts'
import { certifyingSignatureOf, dictOf, placeOf, signedFieldsOf, type SignedField } from '../signatures/fields.ts'
import { itemsOf, type Page } from '../signatures/pages.ts'
import { permissionsOf } from '../signatures/permissions.ts'
import type { PdfSource } from '../source.ts'
import { emptyField, formOf, newFieldName } from './field.ts'
import { readDrawing, type Drawing } from './form-xobject.ts'
import { isOurs } from './leader.ts'
import { pageNumbered, placeOfField, shownPage, signaturesOn } from './pages.ts'
import { placedAt, sealOver, shownSize, toPage, topRight, toShown, type Rect } from './placement.ts'
import type { PreparedSignature, PrepareRequest, SigningFault } from './request.ts'
import { dictionary, serialise, textString } from './serialise.ts'
import { Update } from './update.ts'

const NAME = (value: string) => new PdfName(value)

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
  return { kind: 'prepared', field: name, increment, contents, digest: digestOf(source, increment, contents, request.algorithm) }
}

/** ISO 32000-2, 12.8.2.2: a certification, or a lock on the whole document, may forbid every further signature. */
function checkPermitted (revision: Revision, fields: readonly SignedField[]): void {
  const certifying = certifyingSignatureOf(revision)
  const levels = [
    ...fields.map(({ name, signature, lock }) => ({ name, permissions: permissionsOf(signature, dictOf(revision, lock), revision) })),
    ...certifying ? [{ name: 'Perms', permissions: permissionsOf(certifying, undefined, revision) }] : [],
  ]
  const strict = levels.find(({ permissions }) => permissions.certification === 1)
  if (strict) throw new Refusal('PDF_SIGN_FORBIDDEN', { detail: strict.name })
}

type NewField = { name: string, signature: PdfRef, drawing: Drawing, fields: readonly SignedField[], request: PrepareRequest }

/** A field with its widget, on the page and in the form. */
function addField (update: Update, revision: Revision, { name, signature, drawing, fields, request }: NewField): void {
  const { page, rect } = placeFor(revision, fields, request, drawing)
  const shown = shownPage(revision, page)
  const widget = update.add(dictionary({
    Type: NAME('Annot'), Subtype: NAME('Widget'), FT: NAME('Sig'), T: textString(name), V: signature,
    Rect: toPage(shown, rect).map((value) => Number(value.toFixed(4))), F: PRINTED_AND_LOCKED, P: page.ref,
    AP: dictionary({ N: drawing.addTo(update, shown.rotate) }),
  }))
  // An array of its own: one that is an object by itself may be that of other pages too
  update.replace(page.ref, new Map([...page.dict, ['Annots', [...itemsOf(revision, page.dict.get('Annots')), widget]]]))
  addToForm(update, revision, widget)
}

/** ISO 32000-2, 12.5.3. */
const PRINTED_AND_LOCKED = 4 | 128

/** The page, and the rectangle on it as it is shown. */
function placeFor (revision: Revision, fields: readonly SignedField[], { as, at, over }: PrepareRequest, drawing: Drawing): { page: Page, rect: Rect } {
  if (at) {
    const page = pageNumbered(revision, at.page)
    return { page, rect: placedAt(at, drawing, shownSize(shownPage(revision, page))) }
  }
  if (as === 'document') {
    const { page, rect } = leaderIn(revision, fields, over)
    const shown = shownPage(revision, page)
    return { page, rect: sealOver(toShown(shown, rect), drawing, shownSize(shown)) }
  }
  const page = pageNumbered(revision, 1)
  const shown = shownPage(revision, page)
  return { page, rect: topRight(drawing, shownSize(shown), signaturesOn(revision, page, fields).map((rect) => toShown(shown, rect))) }
}

/** The leader's signature: the one that was named, or the last that is seen and is not ours. */
function leaderIn (revision: Revision, fields: readonly SignedField[], over: string | undefined): { page: Page, rect: Rect } {
  const candidates = over === undefined ? fields.filter(({ name }) => !isOurs(name)) : fields.filter(({ name }) => name === over)
  const lastFirst = candidates.toSorted((one, other) => (placeOf(other.signature) ?? 0) - (placeOf(one.signature) ?? 0))
  for (const field of lastFirst) {
    const place = placeOfField(revision, field)
    if (place) return place
  }
  throw new Refusal('PDF_SIGN_PLACE', { detail: over ?? 'không có chữ ký hiển thị của người có thẩm quyền · no visible signature of the leader' })
}

/** The field stays where it is; what it shows stands in its middle. */
function fillField (update: Update, revision: Revision, { field, widget, signature, drawing }: { field: PdfRef, widget: PdfRef, signature: PdfRef, drawing: Drawing }): void {
  const place = placeOfField(revision, { widgets: [widget.number] })
  const shows = place ? { AP: dictionary({ N: drawnIn(update, revision, place, drawing) }), F: PRINTED_AND_LOCKED } : {}
  const isOne = widget.number === field.number
  const more = (ref: PdfRef, entries: Record<string, PdfObject>) => update.replace(ref, new Map([...dictOf(revision, ref)!, ...dictionary(entries)]))
  more(field, { V: signature, ...isOne && shows })
  if (!isOne) more(widget, shows)
  addToForm(update, revision)
}

function drawnIn (update: Update, revision: Revision, { page, rect }: { page: Page, rect: Rect }, drawing: Drawing): PdfRef {
  const shown = shownPage(revision, page)
  const [left, bottom, right, top] = toShown(shown, rect)
  return drawing.addTo(update, shown.rotate, { width: right - left, height: top - bottom })
}

/** ISO 32000-2, 12.7.3: the form lists the field, and says that there are signatures, and that only updates keep them. */
function addToForm (update: Update, revision: Revision, field?: PdfRef): void {
  const root = revision.trailer.get('Root') as PdfRef
  const held = revision.catalog.get('AcroForm')
  const form = formOf(revision)
  const flags = revision.resolve(form?.get('SigFlags'))
  const flagged: PdfDict = new Map([...form ?? [], ['SigFlags', (typeof flags === 'number' ? flags : 0) | 3]])
  const fields = form?.get('Fields')
  if (field && fields instanceof PdfRef) update.replace(fields, [...itemsOf(revision, fields), field])
  else if (field) flagged.set('Fields', [...itemsOf(revision, fields), field])
  if (!form) update.replace(root, new Map([...revision.catalog, ['AcroForm', update.add(flagged)]]))
  else if (held instanceof PdfRef) update.replace(held, flagged)
  else update.replace(root, new Map([...revision.catalog, ['AcroForm', flagged]]))
}

/** Four numbers of up to ten digits, and what stands around and between them. */
const BYTE_RANGE_ROOM = 46

/** The signature dictionary (ISO 32000-2, 12.8.1; EN 319 142-1, 6.3), and where in it ByteRange's array and Contents stand. */
function writtenSignature (request: PrepareRequest): { octets: Buffer, byteRange: number, contents: { from: number, to: number } } {
  const { name, reason, location, contact, time, reserved } = request
  const optional = (text: string | undefined) => text === undefined ? undefined : textString(text.normalize('NFC'))
  const entries = dictionary({
    Type: NAME('Sig'), Filter: NAME('Adobe.PPKLite'), SubFilter: NAME('ETSI.CAdES.detached'), M: textString(pdfDate(time)),
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

const PIECE = 1024 * 1024

function digestOf (source: PdfSource, increment: Buffer, contents: { from: number, to: number }, algorithm: string): Buffer {
  const [hash, scratch] = [createHash(algorithm), Buffer.allocUnsafe(PIECE)]
  for (let from = 0; from < source.size; from += PIECE) hash.update(source.read(from, Math.min(source.size, from + PIECE), scratch))
  return hash.update(increment.subarray(0, contents.from)).update(increment.subarray(contents.to)).digest()
}
