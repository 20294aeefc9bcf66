/** The entries of a cross-reference section, kept small: seventeen bytes each, so that a file with a million objects fits. */
import { broken } from './broken.ts'
import type { Budget } from './budget.ts'

/** Where an object is: nowhere, at an offset of the file, or in an object stream at an index. */
export type XrefEntry = { kind: 'free', generation: number } | { kind: 'at', offset: number, generation: number } | { kind: 'in', stream: number, index: number }

const KINDS = ['free', 'at', 'in'] as const
type Kind = typeof KINDS[number]

/** Entries by object number, in its order. */
export class XrefEntries {
  /** The highest offset of an object, and the highest number of one that is not free; -1 where there is none */
  readonly highestOffset: number
  readonly highestNumber: number
  readonly #numbers: Uint32Array
  readonly #kinds: Uint8Array
  readonly #places: Float64Array
  readonly #details: Uint32Array

  constructor (numbers: Uint32Array, kinds: Uint8Array, places: Float64Array, details: Uint32Array) {
    this.#numbers = numbers
    this.#kinds = kinds
    this.#places = places
    this.#details = details
    this.highestOffset = places.reduce((highest, place, index) => kinds[index] === 1 ? Math.max(highest, place) : highest, -1)
    this.highestNumber = numbers.reduce((highest, number, index) => kinds[index] === 0 ? highest : number, -1)
  }

  get size (): number { return this.#numbers.length }

  get (number: number): XrefEntry | undefined {
    let [low, high] = [0, this.#numbers.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#numbers[middle]! < number) low = middle + 1
      else high = middle
    }
    return this.#numbers[low] === number ? this.#entry(low) : undefined
  }

  has (number: number): boolean { return this.get(number) !== undefined }

  keys (): Iterable<number> { return this.#numbers }

  * [Symbol.iterator] (): Generator<[number, XrefEntry]> {
    for (let index = 0; index < this.size; index++) yield [this.#numbers[index]!, this.#entry(index)]
  }

  #entry (index: number): XrefEntry {
    const [place, detail] = [this.#places[index]!, this.#details[index]!]
    const kind = KINDS[this.#kinds[index]!]!
    switch (kind) {
      case 'free': return { kind, generation: detail }
      case 'at': return { kind, offset: place, generation: detail }
      case 'in': return { kind, stream: place, index: detail }
    }
  }
}

/** Takes entries as they are read, in any order; a second one for the same object is PDF_BROKEN, since some viewers take the first and some the last. */
export class EntriesBuilder {
  readonly #budget: Budget
  #numbers = new Uint32Array(64)
  #kinds = new Uint8Array(64)
  #places = new Float64Array(64)
  #details = new Uint32Array(64)
  #length = 0

  constructor (budget: Budget) { this.#budget = budget }

  add (number: number, kind: Kind, place: number, detail: number): void {
    // Object 0 is the head of the free list (ISO 32000-2, 7.5.4); some viewers skip it, others would read it
    if (number === 0 && kind !== 'free') broken('an object 0')
    this.#budget.within('number', number)
    this.#budget.spend('entries')
    const index = this.#length++
    if (index === this.#numbers.length) this.#grow()
    this.#numbers[index] = number
    this.#kinds[index] = KINDS.indexOf(kind)
    this.#places[index] = place
    this.#details[index] = detail
  }

  entries (): XrefEntries {
    const length = this.#length
    const numbers = this.#numbers.slice(0, length)
    // Most sections are in order, and millions of entries are not sorted in no time
    const order = numbers.every((number, index) => index === 0 || numbers[index - 1]! < number) ? undefined : Uint32Array.from(numbers.keys()).sort((one, other) => numbers[one]! - numbers[other]!)
    const picked = <T extends Uint8Array | Uint32Array | Float64Array>(from: T, into: T): T => {
      if (order) order.forEach((source, index) => { into[index] = from[source]! })
      else into.set(from.subarray(0, length))
      return into
    }
    const sorted = picked(numbers, new Uint32Array(length))
    if (order) sorted.forEach((number, index) => { if (index > 0 && sorted[index - 1] === number) broken(`two cross-reference entries of object ${number}`) })
    return new XrefEntries(sorted, picked(this.#kinds, new Uint8Array(length)), picked(this.#places, new Float64Array(length)), picked(this.#details, new Uint32Array(length)))
  }

  #grow (): void {
    const larger = <T extends Uint8Array | Uint32Array | Float64Array>(from: T, into: T): T => {
      into.set(from)
      return into
    }
    const length = this.#numbers.length * 2
    this.#numbers = larger(this.#numbers, new Uint32Array(length))
    this.#kinds = larger(this.#kinds, new Uint8Array(length))
    this.#places = larger(this.#places, new Float64Array(length))
    this.#details = larger(this.#details, new Uint32Array(length))
  }
}

/**
 * A hybrid section: objects hidden in the table, where they are free, are found in its XRefStm (ISO 32000-2, 7.5.8.4). An object that both place
 * somewhere is found here by some viewers and there by others.
 */
export function mergeHybrid (table: XrefEntries, hidden: XrefEntries, budget: Budget): XrefEntries {
  const merged = new EntriesBuilder(budget)
  const add = ([number, entry]: [number, XrefEntry]): void => {
    if (entry.kind === 'in') merged.add(number, entry.kind, entry.stream, entry.index)
    else merged.add(number, entry.kind, entry.kind === 'at' ? entry.offset : 0, entry.generation)
  }
  for (const [number, entry] of table) {
    const other = hidden.get(number)
    if (entry.kind !== 'free' && other && other.kind !== 'free' && !isSame(entry, other)) broken(`object ${number}, which a hybrid section places twice`)
    if (entry.kind !== 'free' || !other || other.kind === 'free') add([number, entry])
  }
  for (const [number, entry] of hidden) {
    const known = table.get(number)
    if (!known || (known.kind === 'free' && entry.kind !== 'free')) add([number, entry])
  }
  return merged.entries()
}

function isSame (one: XrefEntry, other: XrefEntry): boolean {
  return one.kind === 'at' && other.kind === 'at' && one.offset === other.offset && one.generation === other.generation
}
