/** Puts a signature into the file's form and on its page (ISO 32000-2, 12.7.5.5 and 12.5.6.19). */
import { formOf } from '../reader/form.ts'
import { PdfName, PdfRef, type PdfDict, type PdfObject } from '../reader/objects.ts'
import type { Revision } from '../reader/revision.ts'
import { dictOf, itemsOf } from '../reader/values.ts'
import type { SignedField } from '../signatures/fields.ts'
import type { Page, Rect } from '../reader/pages.ts'
import type { Drawing } from './form-xobject.ts'
import { placeFor, placeOfField, shownPage } from './pages.ts'
import { toPage, toShown } from './placement.ts'
import type { PrepareRequest } from './request.ts'
import { dictionary, textString } from './serialise.ts'
import type { Update } from './update.ts'

type NewField = { name: string, signature: PdfRef, drawing: Drawing, fields: readonly SignedField[], request: PrepareRequest }

/** A field with its widget, on the page and in the form. */
export function addField (update: Update, revision: Revision, { name, signature, drawing, fields, request }: NewField): void {
  const { page, rect } = placeFor(revision, fields, request, drawing)
  const shown = shownPage(revision, page)
  const widget = update.add(dictionary({
    Type: new PdfName('Annot'), Subtype: new PdfName('Widget'), FT: new PdfName('Sig'), T: textString(name), V: signature,
    Rect: toPage(shown, rect).map((value) => Number(value.toFixed(4))), F: PRINTED_AND_LOCKED, P: page.ref,
    AP: dictionary({ N: drawing.addTo(update, shown.rotate) }),
  }))
  // An array of its own: one that is an object by itself may be that of other pages too
  update.replace(page.ref, new Map([...page.dict, ['Annots', [...itemsOf(revision, page.dict.get('Annots')), widget]]]))
  addToForm(update, revision, widget)
}

/** ISO 32000-2, 12.5.3. */
const PRINTED_AND_LOCKED = 4 | 128

/** The field stays where it is; what it shows stands in its middle. */
export function fillField (update: Update, revision: Revision, { field, widget, signature, drawing }: { field: PdfRef, widget: PdfRef, signature: PdfRef, drawing: Drawing }): void {
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
