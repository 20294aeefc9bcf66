/** Bytes of an update that belong to nothing, or that a viewer might take for more than they are (ISO 32000-2, 7.5.6). */
import { broken } from './broken.ts'
import { readIndirect } from './indirect.ts'
import { isDigit, isWhitespace, Lexer } from './lexer.ts'
import type { Revision } from './revision.ts'

type Span = { from: number, to: number }

/**
 * The first bytes of the update that made the revision which are no object that its cross-reference sections list, no part of these sections and
 * their markers, and neither whitespace nor comment; undefined where there are none. Things that overlap are strays too, and so is what looks like an
 * object or a trailer inside of a stream, a string or a comment. Throws a PdfFault for an object that cannot be read, or stands where its entry does
 * not say.
 */
export function strayBytes (revision: Revision): Span | undefined {
  const { source, from, end, budget } = revision
  const sections = new Map(revision.own.flatMap(({ from, end, hidden }) => hidden ? [[from, end], [hidden.from, hidden.to]] : [[from, end]]))
  const objects = objectsOf(revision)
  let at = from
  for (const start of Float64Array.from([...sections.keys(), ...objects.keys()]).sort()) {
    const gap = firstStray(start)
    if (gap) return gap
    at = sections.get(start) ?? endOfObject(start)
  }
  return firstStray(end) ?? firstDecoy(revision, new Set([...sections.keys(), ...objects.keys()]))

  /** What stands between the last thing and the next one. */
  function firstStray (next: number): Span | undefined {
    const lexer = new Lexer(source, at, next, budget)
    lexer.skip()
    return lexer.position === next && at <= next ? undefined : { from: Math.min(lexer.position, next), to: Math.max(at, next) }
  }

  function endOfObject (offset: number): number {
    const { number, generation, to } = readIndirect(source, offset, end, budget, revision.resolve)
    const listed = objects.get(offset)!
    return number === listed.number && generation === listed.generation ? to : broken(`object ${listed.number}, where another stands`, offset)
  }
}

/** Objects that the update's sections place in it, by their offsets; the cross-reference streams among them are known already. */
function objectsOf ({ own, from, source, end, budget }: Revision): Map<number, { number: number, generation: number }> {
  const objects = new Map<number, { number: number, generation: number }>()
  const known = new Set(own.flatMap(({ from, hidden }) => hidden ? [from, hidden.from] : [from]))
  for (const { entries } of own) {
    for (const [number, entry] of entries) {
      if (entry.kind !== 'at' || entry.offset < from) continue
      const lexer = new Lexer(source, entry.offset, end, budget)
      lexer.skipWhitespace()
      if (known.has(lexer.position)) continue
      if (objects.has(lexer.position)) broken(`object ${number}, where another stands`, entry.offset)
      budget.within('updated', objects.size)
      objects.set(lexer.position, { number, generation: entry.generation })
    }
  }
  return objects
}

const PIECE = 1024 * 1024
const LONGEST = 'trailer'.length

/**
 * What looks like the head of an object, or like a trailer, where none is. poppler rebuilds the table of a sound file from all such places as soon as
 * it meets a reference to an object that is free or absent, and then shows what stands there.
 */
function firstDecoy ({ source, from, end, own, budget }: Revision, known: ReadonlySet<number>): Span | undefined {
  const lexer = new Lexer(source, from, end, budget)
  for (let piece = from; piece < end; piece += PIECE - LONGEST) {
    const text = source.read(piece, Math.min(end, piece + PIECE)).toString('latin1')
    for (const { index, 0: word } of text.matchAll(/obj|trailer/g)) {
      const at = piece + index
      const start = word === 'obj' ? headBefore(at) : isTrailer(at) ? at : undefined
      if (start !== undefined && !known.has(start) && !own.some(({ trailerAt }) => trailerAt === start)) return { from: start, to: at + word.length }
    }
  }
  return undefined

  /** Where the number begins that makes, with a generation, an object of this `obj`. */
  function headBefore (at: number): number | undefined {
    let start = at
    for (const test of [isWhitespace, isDigit, isWhitespace, isDigit]) {
      const before = start
      while (start > from && test(lexer.at(start - 1))) start--
      if (start === before) return undefined
    }
    return start
  }

  function isTrailer (at: number): boolean {
    lexer.position = at + LONGEST
    lexer.skip()
    return lexer.at(lexer.position) === LESS
  }
}

const LESS = '<'.charCodeAt(0)
