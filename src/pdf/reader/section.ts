/** Reads one cross-reference section, of either form, with its trailer (ISO 32000-2, 7.5.4, 7.5.5 and 7.5.8). */
import { PdfFault } from '../fault.ts'
import type { PdfSource } from '../source.ts'
import { broken } from './broken.ts'
import type { Budget } from './budget.ts'
import { EntriesBuilder, mergeHybrid, type XrefEntries } from './entries.ts'
import { decodeData } from './filters.ts'
import { readIndirect, startsToken } from './indirect.ts'
import { Lexer } from './lexer.ts'
import { isName, PdfRef, PdfStream, type PdfDict, type PdfObject, type Resolve } from './objects.ts'

/** One cross-reference section as it stands in the file, with its trailer; the entries of its XRefStm are merged in. */
export type XrefSection = {
  from: number
  /** Right behind its `%%EOF`, and behind the end of line that may follow */
  eof: number
  end: number
  /** What the `startxref` behind it says; 0 where it leads nowhere, or there is none: the first section of a linearised file */
  startxref: number
  trailer: PdfDict
  /** Of a table: where the keyword stands */
  trailerAt?: number
  entries: XrefEntries
  /** Of a hybrid: where the cross-reference stream stands that its table's readers do not see */
  hidden?: { from: number, to: number }
}

/** Reads the section at an offset, up to its end-of-file marker. Depends on nothing but the bytes before `limit`. */
export function readSection (source: PdfSource, offset: number, limit: number, budget: Budget): XrefSection {
  if (!startsToken(source, offset)) broken('a cross-reference offset that points into the middle of something', offset)
  const lexer = new Lexer(source, offset, limit, budget)
  lexer.skipWhitespace()
  const from = lexer.position
  // MuPDF repairs a file whose keyword stands behind a comment
  const read = lexer.peekWord() === 'xref' && lexer.position === from ? readTable(source, lexer, budget) : readXrefStream(source, offset, limit, budget)
  const { trailer } = read
  const encrypt = trailer.get('Encrypt')
  if (encrypt !== undefined && encrypt !== null) throw new PdfFault('PDF_ENCRYPTED', `Encrypt in the trailer at byte ${from}`)
  return { from, ...readMarker(source, read.to, limit, budget), ...read }
}

type Content = { trailer: PdfDict, trailerAt?: number, entries: XrefEntries, to: number, hidden?: { from: number, to: number } }

/** What stands between the section's trailer and the end of its revision. */
function readMarker (source: PdfSource, from: number, limit: number, budget: Budget): { startxref: number, eof: number, end: number } {
  const lexer = new Lexer(source, from, limit, budget)
  if (lexer.peekWord() !== 'startxref') return { startxref: 0, eof: from, end: from }
  lexer.expect('startxref')
  const startxref = lexer.integer('offset behind startxref')
  lexer.skipWhitespace()
  const at = lexer.position
  if (lexer.bytes(at, Math.min(lexer.limit, at + 5)).toString('latin1') !== '%%EOF') broken('no end-of-file marker', at)
  const eof = at + 5
  const line = lexer.at(eof) === 0x0d ? 1 + Number(lexer.at(eof + 1) === 0x0a) : Number(lexer.at(eof) === 0x0a)
  return { startxref, eof, end: eof + line }
}

function readTable (source: PdfSource, lexer: Lexer, budget: Budget): Content {
  lexer.expect('xref')
  const builder = new EntriesBuilder(budget)
  for (;;) {
    lexer.skipWhitespace()
    if (lexer.at(lexer.position) === TRAILER) break
    readSubsection(lexer, builder)
  }
  const trailerAt = lexer.position
  lexer.expect('trailer')
  const trailer = lexer.object()
  if (!(trailer instanceof Map)) return broken('a trailer without its dictionary', lexer.position)
  const to = lexer.position
  const entries = builder.entries()
  const at = trailer.get('XRefStm')
  if (at === undefined) return { trailer, trailerAt, entries, to }
  if (typeof at !== 'number') return broken('an XRefStm that is no offset', to)
  const hidden = readXrefStream(source, at, lexer.limit, budget)
  return { trailer, trailerAt, entries: mergeHybrid(entries, hidden.entries, budget), to, hidden: { from: hidden.from, to: hidden.to } }
}

const TRAILER = 't'.charCodeAt(0)
const ENTRY = 20
const ENTRIES_AT_ONCE = 4096
/** MuPDF repairs a file where more than one space stands behind the numbers */
const SUBSECTION = /^(\d{1,10}) (\d{1,10}) ?(?:\r\n|\n|\r)/
/** Every viewer counts on twenty bytes, whatever the two at their end are */
const LINE = /^(\d{10}) (\d{5}) ([nf])(?: \r| \n|\r\n)$/

function readSubsection (lexer: Lexer, builder: EntriesBuilder): void {
  const at = lexer.position
  const header = SUBSECTION.exec(lexer.bytes(at, Math.min(lexer.limit, at + 32)).toString('latin1'))
  if (!header) return broken('neither a subsection nor a trailer', at)
  const [first, count] = [Number(header[1]), Number(header[2])]
  lexer.position += header[0].length
  if (lexer.position + count * ENTRY > lexer.limit) broken('a subsection longer than the file', at)
  for (let done = 0; done < count; done += ENTRIES_AT_ONCE) {
    const amount = Math.min(ENTRIES_AT_ONCE, count - done)
    const text = lexer.bytes(lexer.position, lexer.position + amount * ENTRY).toString('latin1')
    for (let index = 0; index < amount; index++) {
      const match = LINE.exec(text.slice(index * ENTRY, (index + 1) * ENTRY))
      if (!match) return broken('a cross-reference entry that is none', lexer.position + index * ENTRY)
      const generation = Number(match[2])
      if (match[3] === 'n' && generation > 65_535) broken('a generation that is too large', lexer.position + index * ENTRY)
      // The head of the free list at number 1: a table that some viewers shift by one, and others do not
      if (match[3] === 'f' && generation >= 65_535 && first === 1 && done + index === 0) broken('a table that begins with the free list at object 1', at)
      builder.add(first + done + index, match[3] === 'n' ? 'at' : 'free', Number(match[1]), generation)
    }
    lexer.position += amount * ENTRY
  }
}

function readXrefStream (source: PdfSource, offset: number, limit: number, budget: Budget): Content & { from: number } {
  // Everything a cross-reference stream says is direct: no table is there yet to look anything up (ISO 32000-2, 7.5.8.2)
  const direct: Resolve = (object) => object instanceof PdfRef ? broken('a reference in a cross-reference stream', offset) : object ?? null
  const { object, from, to } = readIndirect(source, offset, limit, budget, direct)
  if (!(object instanceof PdfStream) || !isName(object.dict.get('Type'), 'XRef')) return broken('no cross-reference section', offset)
  budget.within('stream', object.to - object.from)
  const data = decodeData(source.read(object.from, object.to), object.dict, direct, budget)
  return { trailer: object.dict, entries: readRows(data, object.dict, offset, budget), from, to }
}

function readRows (data: Buffer, dict: PdfDict, at: number, budget: Budget): XrefEntries {
  const size = dict.get('Size')
  const index = dict.get('Index') ?? [0, size ?? null]
  const [widths, ranges] = [integersOf(dict.get('W'), at), integersOf(index, at)]
  if (widths.length !== 3 || widths.some((width) => width > 6) || ranges.length % 2 !== 0) broken('a cross-reference stream whose W or Index is none', at)
  const [kind, place, detail] = widths as [number, number, number]
  if (kind > 4) broken('a cross-reference stream with kinds of more bytes than poppler reads', at)
  const row = kind + place + detail
  const builder = new EntriesBuilder(budget)
  let from = 0
  for (let range = 0; range < ranges.length; range += 2) {
    const [first, count] = [ranges[range]!, ranges[range + 1]!]
    if (row === 0 || from + count * row > data.length) broken('a cross-reference stream shorter than its Index', at)
    for (let number = first; number < first + count; number++, from += row) {
      const type = kind === 0 ? 1 : data.readUIntBE(from, kind)
      const [one, two] = [field(data, from + kind, place), field(data, from + kind + place, detail)]
      if (type > 2) broken('a cross-reference entry of a kind that does not exist', at)
      if (two > (type === 2 ? 0xffff_ffff : 65_535)) broken('a cross-reference entry out of range', at)
      builder.add(number, type === 0 ? 'free' : type === 1 ? 'at' : 'in', one, two)
    }
  }
  return builder.entries()
}

const field = (data: Buffer, from: number, width: number): number => width === 0 ? 0 : data.readUIntBE(from, width)

function integersOf (object: PdfObject | undefined, at: number): number[] {
  if (!Array.isArray(object)) return broken('a cross-reference stream without its W or Index', at)
  return object.map((item: PdfObject) => typeof item === 'number' && Number.isSafeInteger(item) && item >= 0 ? item : broken('a cross-reference stream whose W or Index is none', at))
}
