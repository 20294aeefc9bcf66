/** What one examination of a file may cost, whatever the file says: everything a stranger can make large is counted here. */
import { PdfFault } from '../fault.ts'
import type { IndirectObject } from './indirect.ts'
import type { ObjectStream } from './object-streams.ts'

/**
 * Honest files stay far below: a million objects, 5,000 pages and 200 MB are nowhere near. Acrobat and pdfium themselves stop
 * at object numbers of some millions; `depth` is pdfium's own.
 */
export const LIMITS = {
  /** Highest object number: pdfium's, which repairs a file with a higher one */
  number: 4_194_303,
  /** Cross-reference entries read, over all sections */
  entries: 5_000_000,
  sections: 1_000,
  /** Objects of one update, where all are looked at */
  updated: 500_000,
  /** Indirect objects parsed; one that is parsed again counts again */
  objects: 3_000_000,
  /** Names, numbers, strings, arrays and dictionaries parsed, in one object and in all; 64 bytes of a string or a comment count as one more */
  valuesInObject: 1_000_000,
  values: 30_000_000,
  /** Length of one string or name */
  token: 64 * 1024 * 1024,
  depth: 64,
  /** References followed, entries looked up, pages walked */
  steps: 50_000_000,
  /** Bytes of one stream before or after its filters, and of all streams after theirs */
  stream: 64 * 1024 * 1024,
  inflated: 1024 * 1024 * 1024,
} as const

export type Limits = { readonly [Limit in keyof typeof LIMITS]: number }

/** Bytes of file behind the parsed objects that are kept: in memory they take up to some twenty times as much. */
const KEPT_OBJECTS = 2 * 1024 * 1024
const KEPT_DATA = 32 * 1024 * 1024

/** Counts what a file costs, and keeps what was made of it last. One for all revisions of a file. */
export class Budget {
  readonly limits: Limits
  readonly spent = { entries: 0, objects: 0, values: 0, steps: 0, inflated: 0 }
  readonly objects = new Kept<IndirectObject>(KEPT_OBJECTS)
  readonly objectStreams = new Kept<ObjectStream>(KEPT_DATA)
  #revisions = 0

  constructor (limits: Partial<Limits> = {}) { this.limits = { ...LIMITS, ...limits } }

  /** A number under which a revision keeps its objects. */
  nextRevision (): number { return this.#revisions++ }

  spend (what: keyof Budget['spent'], amount = 1): void {
    this.spent[what] += amount
    if (this.spent[what] > this.limits[what]) throw new PdfFault('PDF_TOO_COMPLEX', `more than ${this.limits[what]} ${what}`)
  }

  /** Faults when this one amount is over its limit. */
  within (what: keyof Limits, amount: number): void {
    if (amount > this.limits[what]) throw new PdfFault('PDF_TOO_COMPLEX', `${what}: ${amount} of at most ${this.limits[what]}`)
  }
}

/** Things by key, as many as their sizes allow: those of two generations, of which the older goes when the younger is full. */
class Kept<T> {
  readonly #limit: number
  #older = new Map<string, T>()
  #younger = new Map<string, T>()
  /** Of the younger; both together are never larger than the limit and one thing */
  size = 0

  constructor (limit: number) { this.#limit = limit }

  get (key: string): T | undefined { return this.#younger.get(key) ?? this.#older.get(key) }

  keep (key: string, thing: T, size: number): void {
    if (this.size > 0 && this.size + size > this.#limit / 2) {
      this.#older = this.#younger
      this.#younger = new Map()
      this.size = 0
    }
    this.#younger.set(key, thing)
    this.size += size
  }
}
