/**
 * Writes an incremental update (ISO 32000-2, 7.5.6): bytes that are appended to a file, none of which changes. The file's own kind of
 * cross-reference section is continued, a table or a stream; what lay in an object stream is written as an object by itself.
 */
import { createHash } from 'node:crypto'
import { isName, PdfName, PdfRef, PdfString, type PdfDict, type PdfObject } from '../reader/objects.ts'
import type { Revision } from '../reader/revision.ts'
import { serialise } from './serialise.ts'

/** A stream to be written: Length is added. */
type NewStream = { dict: PdfDict, data: Buffer }
/** An object whose octets are to be found again. */
type NewOctets = { octets: Buffer }
export type NewObject = PdfObject | NewStream | NewOctets

/** Entries that belong to one section, or to the stream that holds one. `ID` is made anew. */
const OF_A_SECTION = new Set(['Size', 'Prev', 'XRefStm', 'ID', 'Type', 'W', 'Index', 'Length', 'Filter', 'DecodeParms', 'DL'])

/** Changes to a revision, in the order they are written. */
export class Update {
  readonly #revision: Revision
  readonly #objects = new Map<number, { generation: number, object: NewObject }>()
  #next: number

  constructor (revision: Revision) {
    this.#revision = revision
    const size = revision.trailer.get('Size')
    this.#next = [...revision.numbers()].reduce((next, number) => Math.max(next, number + 1), typeof size === 'number' ? size : 1)
  }

  /** A new object. */
  add (object: NewObject): PdfRef {
    const ref = new PdfRef(this.#next++, 0)
    this.#objects.set(ref.number, { generation: 0, object })
    return ref
  }

  /** An object of the file, or a new one, in another form. */
  replace ({ number, generation }: PdfRef, object: NewObject): void {
    this.#objects.set(number, { generation, object })
  }

  /** The update's bytes, and where each object's own octets begin in them. */
  write (): { increment: Buffer, places: ReadonlyMap<number, number> } {
    const { source, end } = this.#revision
    const parts: Buffer[] = []
    const offsets = new Map<number, { offset: number, generation: number }>()
    const places = new Map<number, number>()
    let length = 0
    const write = (part: Buffer | string) => {
      const bytes = typeof part === 'string' ? Buffer.from(part, 'latin1') : part
      parts.push(bytes)
      length += bytes.length
    }
    if (!/[\r\n]/.test(source.read(end - 1, end).toString('latin1'))) write('\n')
    for (const [number, { generation, object }] of this.#objects) {
      offsets.set(number, { offset: end + length, generation })
      write(`${number} ${generation} obj\n`)
      places.set(number, length)
      for (const part of partsOf(object)) write(part)
      write('\nendobj\n')
    }
    const startXref = end + length
    const digest = createHash('sha256')
    for (const part of parts) digest.update(part)
    for (const part of this.#section(offsets, startXref, digest.digest().subarray(0, 16))) write(part)
    write(`startxref\n${startXref}\n%%EOF\n`)
    return { increment: Buffer.concat(parts), places }
  }

  #section (offsets: Map<number, { offset: number, generation: number }>, startXref: number, id: Buffer): (Buffer | string)[] {
    const { trailer, own } = this.#revision
    const isStream = isName(trailer.get('Type'), 'XRef')
    const number = this.#next
    if (isStream) offsets.set(number, { offset: startXref, generation: 0 })
    const entries = [...offsets].toSorted(([one], [other]) => one - other)
    const [first] = this.#firstId()
    const dict: PdfDict = new Map([
      ...[...trailer].filter(([key]) => !OF_A_SECTION.has(key)),
      ['Size', isStream ? number + 1 : number],
      // What the file's last startxref says, be there whitespace before the section that it leads to
      ['Prev', own.at(-1)!.startxref],
      ...first ? [['ID', [first, new PdfString(id)]] as const] : [],
    ])
    if (!isStream) return [`xref\n${runsOf(entries).map(tableOf).join('')}trailer\n${serialise(dict)}\n`]
    dict.set('Type', new PdfName('XRef'))
    dict.set('W', [1, OFFSET_OCTETS, GENERATION_OCTETS])
    dict.set('Index', runsOf(entries).flatMap((run) => [run[0]![0], run.length]))
    return [`${number} 0 obj\n`, ...partsOf({ dict, data: Buffer.concat(entries.map(([, entry]) => rowOf(entry))) }), '\nendobj\n']
  }

  /** The part of ID that stays the same through all updates; a file without one, which is allowed before PDF 2.0, gets none. */
  #firstId (): PdfString[] {
    const id = this.#revision.resolve(this.#revision.trailer.get('ID'))
    const first = Array.isArray(id) ? this.#revision.resolve(id[0] as PdfObject) : undefined
    return first instanceof PdfString ? [first] : []
  }
}

function partsOf (object: NewObject): (Buffer | string)[] {
  if (object !== null && typeof object === 'object' && 'octets' in object) return [object.octets]
  if (object === null || typeof object !== 'object' || !('data' in object)) return [serialise(object)]
  const { dict, data } = object
  return [`${serialise(new Map([...dict, ['Length', data.length]]))}\nstream\n`, data, '\nendstream']
}

type Entry = readonly [number: number, { offset: number, generation: number }]

/** Entries whose numbers follow each other. */
function runsOf (entries: readonly Entry[]): Entry[][] {
  const runs: Entry[][] = []
  for (const entry of entries) {
    const run = runs.at(-1)
    if (run && run.at(-1)![0] === entry[0] - 1) run.push(entry)
    else runs.push([entry])
  }
  return runs
}

/** ISO 32000-2, 7.5.4: an entry has twenty octets, its end of line with them. */
function tableOf (run: readonly Entry[]): string {
  const rows = run.map(([, { offset, generation }]) => `${String(offset).padStart(10, '0')} ${String(generation).padStart(5, '0')} n \n`)
  return `${run[0]![0]} ${run.length}\n${rows.join('')}`
}

/** Enough for files of a terabyte. */
const OFFSET_OCTETS = 5
const GENERATION_OCTETS = 2

/** ISO 32000-2, 7.5.8.3: 1 for an object that stands in the file by itself. */
function rowOf ({ offset, generation }: Entry[1]): Buffer {
  const row = Buffer.alloc(1 + OFFSET_OCTETS + GENERATION_OCTETS)
  row[0] = 1
  row.writeUIntBE(offset, 1, OFFSET_OCTETS)
  row.writeUIntBE(generation, 1 + OFFSET_OCTETS, GENERATION_OCTETS)
  return row
}
