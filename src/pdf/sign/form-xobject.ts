/** Takes the page of a PDF that we drew over into another file, as a form XObject (ISO 32000-2, 8.10). */
import { Budget } from '../reader/budget.ts'
import { PdfName, PdfRef, PdfStream, type PdfDict, type PdfObject } from '../reader/objects.ts'
import { openRevision, type Revision } from '../reader/revision.ts'
import { dictOf } from '../reader/values.ts'
import { pagesOf, rectangleOf } from '../reader/pages.ts'
import { bytesSource } from '../source.ts'
import type { PageShown, Size } from './placement.ts'
import { dictionary } from './serialise.ts'
import type { NewObject, Update } from './update.ts'

/** A drawing, and how large it is in points. */
export type Drawing = Size & {
  /** Adds it to an update, so that it stands upright on a page that is shown turned, in the middle of a place of that size. Gives the form XObject. */
  addTo (update: Update, rotate: PageShown['rotate'], place?: Size): PdfRef
}

/** ISO 32000-2, 12.5.5: the appearance is turned by its Matrix, and then fitted into the annotation's Rect. Rotate turns clockwise, so this turns back. */
const TURNED_BACK = { 0: undefined, 90: [0, 1, -1, 0, 0, 0], 180: [-1, 0, 0, -1, 0, 0], 270: [0, -1, 1, 0, 0, 0] } as const

/** Reads a drawing of one page, whose lower left corner is its origin. */
export function readDrawing (pdf: Uint8Array): Drawing {
  const source = bytesSource(pdf)
  const revision = openRevision(source, source.size, new Budget())
  const [page] = pagesOf(revision)
  const [, , width, height] = rectangleOf(page!.dict.get('MediaBox'), revision)!
  const content = revision.resolve(page!.dict.get('Contents')) as PdfStream
  const own = { width, height }
  return {
    ...own,
    addTo (update, rotate, place = own) {
      const copy = copier(revision, update)
      return update.add({
        dict: new Map([...copyOfStream(content, copy), ...dictionary({
          Type: new PdfName('XObject'), Subtype: new PdfName('Form'), BBox: boundsIn(place, own), Matrix: TURNED_BACK[rotate],
          Resources: copy(dictOf(revision, page!.dict.get('Resources'))!),
        })]),
        data: source.read(content.from, content.to),
      })
    },
  }
}

/** The appearance is stretched to its place, so that its bounds must have the place's shape: what is drawn stays in its size, or is made smaller as a whole. */
function boundsIn (place: Size, { width, height }: Size): number[] {
  const scale = Math.min(1, place.width / width, place.height / height)
  const [across, up] = [(place.width / scale - width) / 2, (place.height / scale - height) / 2]
  return [-across, -up, width + across, height + up]
}

/** Copies objects with all that they refer to, each once, under new numbers. */
function copier (revision: Revision, update: Update): (object: PdfObject) => PdfObject {
  const copies = new Map<number, PdfRef>()
  const copy = (object: PdfObject): PdfObject => {
    if (object instanceof PdfRef) return copies.get(object.number) ?? copyIndirect(object)
    if (object instanceof Map) return copyOfDict(object, copy)
    return Array.isArray(object) ? object.map(copy) : object
  }
  const copyIndirect = (ref: PdfRef): PdfRef => {
    const target = update.add(null)
    copies.set(ref.number, target)
    const object = revision.get(ref)
    const copied: NewObject = object instanceof PdfStream ? { dict: copyOfStream(object, copy), data: revision.source.read(object.from, object.to) } : copy(object)
    update.replace(target, copied)
    return target
  }
  return copy
}

function copyOfStream ({ dict }: PdfStream, copy: (object: PdfObject) => PdfObject): PdfDict {
  return copyOfDict(new Map([...dict].filter(([key]) => key !== 'Length')), copy)
}

function copyOfDict (dict: PdfDict, copy: (object: PdfObject) => PdfObject): PdfDict {
  return new Map([...dict].map(([key, value]) => [key, copy(value)]))
}
