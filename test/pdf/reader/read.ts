/** Reads whole files, as no judgement ever does: every object of every revision. */
import { PdfFault } from '../../../src/pdf/fault.ts'
import { Budget, type Limits } from '../../../src/pdf/reader/budget.ts'
import { PdfName, PdfRef, PdfStream, PdfString, type PdfObject } from '../../../src/pdf/reader/objects.ts'
import { openRevision, revisionEnds, type Revision } from '../../../src/pdf/reader/revision.ts'
import { bytesSource } from '../../../src/pdf/source.ts'

/** The last revision of a file. */
export function open (pdf: Uint8Array, limits: Partial<Limits> = {}): Revision {
  return openRevision(bytesSource(pdf), pdf.length, new Budget(limits))
}

/** All its objects by number. */
export function objectsOf (revision: Revision): Map<number, PdfObject> {
  return new Map([...revision.numbers()].map((number) => {
    const entry = revision.entry(number)
    return [number, revision.get(new PdfRef(number, entry?.kind === 'at' ? entry.generation : 0))]
  }))
}

/** Every object of every revision is read; what it cost. */
export function readAll (pdf: Uint8Array, limits: Partial<Limits> = {}): Budget {
  const [source, budget] = [bytesSource(pdf), new Budget(limits)]
  for (const end of revisionEnds(source, budget)) objectsOf(openRevision(source, end, budget))
  return budget
}

/** The reason for which something cannot be read, and its detail; anything but a PdfFault flies. */
export function faultOf (read: () => unknown): string {
  try {
    read()
  } catch (error) {
    if (error instanceof PdfFault) return error.message
    throw error
  }
  return 'read'
}

/** In a form to compare; strings and names in latin1, streams as their dictionaries. */
export function plain (object: PdfObject): unknown {
  if (object instanceof PdfName) return `/${object.value}`
  if (object instanceof PdfString) return `(${object.bytes.toString('latin1')})`
  if (object instanceof PdfRef) return `${object.number} ${object.generation} R`
  if (object instanceof PdfStream) return { stream: plain(object.dict) }
  if (object instanceof Map) return Object.fromEntries([...object].map(([key, value]) => [key, plain(value)]))
  if (Array.isArray(object)) return object.map((item: PdfObject) => plain(item))
  return object
}
