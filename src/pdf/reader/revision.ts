/** A revision of a file, read as if it were the whole: the prefix up to one of its end-of-file markers (ISO 32000-2, 7.5.6). */
import type { PdfSource } from '../source.ts'
import { broken } from './broken.ts'
import type { Budget } from './budget.ts'
import { readChain } from './chain.ts'
import type { XrefEntry } from './entries.ts'
import { decodeData } from './filters.ts'
import { readIndirect } from './indirect.ts'
import { objectInStream, openObjectStream, type ObjectStream } from './object-streams.ts'
import { isName, PdfName, PdfRef, PdfStream, type PdfDict, type PdfObject, type Resolve } from './objects.ts'
import type { XrefSection } from './section.ts'

export type Revision = {
  source: PdfSource
  /** Where the update that made it begins: the end of the revision before, 0 for the first */
  from: number
  end: number
  /** The header's, or the catalog's where that is later */
  version: string
  /** Newest first, the whole Prev chain; `own` are those of the update that made it */
  sections: readonly XrefSection[]
  own: readonly XrefSection[]
  /** The newest */
  trailer: PdfDict
  catalog: PdfDict
  entry (number: number): XrefEntry | undefined
  /** All object numbers with an entry that is not free, each once */
  numbers (): Iterable<number>
  /** Null when it is free or absent. Viewers differ on a reference of another generation than the object's: PDF_BROKEN */
  get (ref: PdfRef): PdfObject
  /** What it is, or refers to: no object is only a reference to another */
  resolve (object: PdfObject | undefined): PdfObject
  /** The data behind the filters, in memory: for structure and metadata, not for pictures */
  data (stream: PdfStream): Buffer
  budget: Budget
}

/** The ends of all revisions, oldest first; a linearised file's two sections are one. What stands behind the last must be whitespace. */
export function revisionEnds (source: PdfSource, budget: Budget): number[] {
  readHeader(source)
  return readChain(source, source.size, budget).map(({ end }) => end).reverse()
}

/**
 * Opens the revision that ends there. Throws a PdfFault for what viewers would have to repair, or could read in different ways; objects are read
 * when they are asked for, and throw then.
 */
export function openRevision (source: PdfSource, end: number, budget: Budget): Revision {
  const header = readHeader(source)
  const parts = readChain(source, end, budget)
  const sections = parts.flatMap(({ sections }) => sections)
  const [{ from, sections: own }, { trailer }] = [parts[0]!, sections[0]!]
  const size = trailer.get('Size')
  // ISO 32000-2, 7.5.5: objects from Size on are missing. Not every viewer forgets them
  if (typeof size !== 'number' || sections.some(({ entries }) => entries.highestNumber >= size)) return broken('a trailer whose Size is not that of its file', sections[0]!.from)
  budget.within('number', size - 1)
  const reader = createObjectReader(source, end, sections, budget)
  const root = trailer.get('Root')
  const catalog = root instanceof PdfRef ? reader.resolve(root) : broken('a trailer without its Root', sections[0]!.from)
  if (!(catalog instanceof Map) || !isName(catalog.get('Type'), 'Catalog')) return broken('a Root that is no catalog')
  const version = reader.resolve(catalog.get('Version'))
  return {
    source, from, end, sections, own, trailer, catalog, budget, ...reader,
    version: version instanceof PdfName && Number(version.value) > Number(header) ? version.value : header,
  }
}

/**
 * The header at the very beginning. Viewers accept bytes before it, but some count offsets from the file's beginning and others from the header's,
 * so that one file can be two.
 */
function readHeader (source: PdfSource): string {
  const version = /^%PDF-(1\.[0-7]|2\.0)[\0\t\n\f\r %]/.exec(source.read(0, 9).toString('latin1'))?.[1]
  return version ?? broken('no header %PDF- with a version', 0)
}

type ObjectReader = Pick<Revision, 'entry' | 'numbers' | 'get' | 'resolve' | 'data'>

function createObjectReader (source: PdfSource, end: number, sections: readonly XrefSection[], budget: Budget): ObjectReader {
  const id = budget.nextRevision()
  const reading = new Set<number>()

  function entry (number: number): XrefEntry | undefined {
    for (const { entries } of sections) {
      budget.spend('steps')
      const found = entries.get(number)
      if (found) return found
    }
    return undefined
  }

  function * numbers (): Generator<number> {
    const seen = new Uint8Array(Math.max(...sections.map(({ entries }) => entries.highestNumber)) + 1)
    for (const { entries } of sections) {
      for (const [number, { kind }] of entries) {
        if (seen[number] !== 0) continue
        seen[number] = 1
        if (kind !== 'free') yield number
      }
    }
  }

  function get ({ number, generation }: PdfRef): PdfObject {
    const found = entry(number)
    if (!found || found.kind === 'free') return null
    if (generation !== (found.kind === 'at' ? found.generation : 0)) return broken(`a reference to object ${number} of another generation`)
    return found.kind === 'at' ? objectAt(number, found.offset, generation) : objectIn(number, found.stream, found.index)
  }

  function objectAt (number: number, offset: number, generation: number): PdfObject {
    const known = budget.objects.get(`${offset}`) ?? budget.objects.get(`${id}:${offset}`)
    if (known && known.number === number && known.generation === generation && known.to <= end) return known.object
    const { track, hasResolved } = tracked()
    const read = unlessReading(number, () => readIndirect(source, offset, end, budget, track))
    if (read.number !== number || read.generation !== generation) broken(`object ${number} ${generation}, where another stands`, offset)
    // A Length that is another object may be another one in another revision
    const key = hasResolved() ? `${id}:${offset}` : `${offset}`
    budget.objects.keep(key, read, read.object instanceof PdfStream ? read.object.from - offset : read.to - offset)
    return read.object
  }

  /** A stream's length, or an object stream's filter, may be another object; not one that lies in itself. */
  function unlessReading<T> (number: number, read: () => T): T {
    if (reading.has(number)) broken(`object ${number}, which is needed to read itself`)
    reading.add(number)
    try {
      return read()
    } finally {
      reading.delete(number)
    }
  }

  function objectIn (number: number, stream: number, index: number): PdfObject {
    return objectInStream(container(stream), index, number, budget)
  }

  function container (number: number): ObjectStream {
    const found = entry(number)
    if (found?.kind !== 'at') return broken(`object stream ${number}, which is not in the file itself`)
    const stream = objectAt(number, found.offset, found.generation)
    if (!(stream instanceof PdfStream)) return broken(`object stream ${number}, which is no stream`)
    const key = `${id}:${stream.from}`
    const known = budget.objectStreams.get(key)
    if (known) return known
    const opened = openObjectStream(stream, unlessReading(number, () => data(stream)), budget)
    budget.objectStreams.keep(key, opened, opened.source.size + opened.numbers.length * 12)
    return opened
  }

  /** A way to resolve that knows afterwards whether it had to. */
  function tracked (): { track: Resolve, hasResolved: () => boolean } {
    let had = false
    return {
      track: (object) => {
        had ||= object instanceof PdfRef
        return resolve(object)
      },
      hasResolved: () => had,
    }
  }

  function resolve (object: PdfObject | undefined): PdfObject {
    return object instanceof PdfRef ? get(object) : object ?? null
  }

  function data (stream: PdfStream): Buffer {
    budget.within('stream', stream.to - stream.from)
    return decodeData(source.read(stream.from, stream.to), stream.dict, resolve, budget)
  }

  return { entry, numbers, get, resolve, data }
}
