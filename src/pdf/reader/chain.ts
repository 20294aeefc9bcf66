/**
 * The cross-reference sections of a file and the revisions they end (ISO 32000-2, 7.5.6): each incremental update is objects, a section whose Prev
 * leads to the one before, and an end-of-file marker. A prefix of the file that ends there is a file itself.
 */
import { PdfFault } from '../fault.ts'
import type { PdfSource } from '../source.ts'
import { broken } from './broken.ts'
import type { Budget } from './budget.ts'
import { readIndirect } from './indirect.ts'
import { isWhitespace, Lexer } from './lexer.ts'
import type { PdfDict } from './objects.ts'
import { readSection, type XrefSection } from './section.ts'

/** What one update added, from the end of the revision before to its own. A linearised file's first has two sections. */
type RevisionPart = {
  from: number
  /** Behind its `%%EOF` and the end of line that may follow, or, of the last one, behind all whitespace */
  end: number
  /** Newest first */
  sections: readonly XrefSection[]
}

/** Viewers look for `startxref` in the last 1,024 bytes or so, and not all in as many */
const TAIL = 1024
const PADDING = 512

/** The parts of the file that ends at `end`, newest first. */
export function readChain (source: PdfSource, end: number, budget: Budget): RevisionPart[] {
  const tail = readTail(source, end)
  const parts: Omit<RevisionPart, 'from'>[] = []
  for (let offset: number | undefined = tail.startxref; offset !== undefined;) {
    const newer = parts.at(-1)
    const sections = readPart(source, offset, end, budget)
    const last = sections.at(-1)!
    if (newer ? last.end > newer.sections[0]!.from : last.eof !== tail.eof) broken('a cross-reference section that its revision does not end with', offset)
    if (sections.some(({ entries, hidden }) => entries.highestOffset >= last.eof || (hidden && hidden.to > last.eof))) broken('an object behind the end of its revision', last.eof)
    parts.push({ end: newer ? last.end : end, sections })
    budget.within('sections', parts.length)
    offset = prevOf(last)
  }
  checkLinearised(source, end, parts[0]!.sections[0]!, budget)
  return parts.map((part, index) => ({ ...part, from: parts[index + 1]?.end ?? 0 }))
}

/** What every viewer finds first: the last `startxref`, with nothing but some whitespace behind its end-of-file marker. To poppler a NUL before the offset is no whitespace. */
function readTail (source: PdfSource, end: number): { startxref: number, eof: number } {
  const from = Math.max(0, end - TAIL)
  const text = source.read(from, end).toString('latin1')
  const match = /startxref[\t\n\f\r ]+(\d{1,15})[\0\t\n\f\r ]+%%EOF([\0\t\n\f\r ]*)$/.exec(text)
  if (!match || match[2]!.length > PADDING) return broken('no startxref and end-of-file marker at the end', end)
  return { startxref: Number(match[1]), eof: end - match[2]!.length }
}

/** The sections of the revision that begin at this offset: one; of a linearised file two, the one of the first page before the one of all others. */
function readPart (source: PdfSource, offset: number, limit: number, budget: Budget): XrefSection[] {
  const section = sectionAt(source, offset, limit, budget)
  const prev = prevOf(section)
  // ISO 32000-2, F.3.4: the marker behind the first-page section leads nowhere; the one at the end leads to that section
  if (section.startxref === 0 && prev !== undefined && prev >= section.end) {
    const main = sectionAt(source, prev, limit, budget)
    if (!leadsTo(section, main.startxref, source) || prevOf(main) !== undefined) broken('a linearised file with another chain than its two sections', prev)
    return [section, main]
  }
  if (!leadsTo(section, section.startxref, source)) broken('a section whose startxref leads to another one', section.from)
  if (prev !== undefined && prev >= section.from) broken('a Prev that does not lead backwards', section.from)
  return [section]
}

/** Some programs, @signpdf among them, count the end of line before a section to it. */
function leadsTo ({ from }: XrefSection, offset: number, source: PdfSource): boolean {
  return offset <= from && isPadding(source, offset, from)
}

function prevOf ({ trailer, from }: XrefSection): number | undefined {
  const prev = trailer.get('Prev') ?? undefined
  if (prev === undefined) return undefined
  return typeof prev === 'number' && prev >= 0 ? prev : broken('a Prev that is no offset', from)
}

/** What is the same in every revision that it belongs to is read once for each file: sections by offset, and the linearisation dictionary. */
type Known = { sections: Map<number, XrefSection>, linearisation?: { dict: PdfDict, to: number } | null }
const known = new WeakMap<PdfSource, Known>()

function knownOf (source: PdfSource): Known {
  const found = known.get(source) ?? { sections: new Map() }
  known.set(source, found)
  return found
}

function sectionAt (source: PdfSource, offset: number, limit: number, budget: Budget): XrefSection {
  const { sections } = knownOf(source)
  const section = sections.get(offset) ?? readSection(source, offset, limit, budget)
  sections.set(offset, section)
  return section.eof > limit ? broken('a cross-reference section behind the end of the revision', offset) : section
}

/** Some viewers start a file of the length that its linearisation dictionary says at the section behind that, others at the last `startxref`. */
function checkLinearised (source: PdfSource, end: number, first: XrefSection, budget: Budget): void {
  const file = knownOf(source)
  if (file.linearisation === undefined) file.linearisation = readLinearisation(source, budget)
  const { linearisation } = file
  if (linearisation?.dict.get('L') !== end) return
  const lexer = new Lexer(source, linearisation.to, end, budget)
  lexer.skipWhitespace()
  if (lexer.position !== first.from) broken('a linearised file whose first section is not the one it starts with', linearisation.to)
}

function readLinearisation (source: PdfSource, budget: Budget): { dict: PdfDict, to: number } | null {
  try {
    const lexer = new Lexer(source, 0, source.size, budget)
    lexer.skip()
    const { object, to } = readIndirect(source, lexer.position, source.size, budget, () => null)
    return object instanceof Map && object.has('Linearized') ? { dict: object, to } : null
  } catch (error) {
    if (error instanceof PdfFault && error.code === 'PDF_BROKEN') return null
    throw error
  }
}

/** Whether nothing but whitespace, as much as a file may end with, stands between these places. */
function isPadding (source: PdfSource, from: number, to: number): boolean {
  return to - from <= PADDING && source.read(from, to).every(isWhitespace)
}
