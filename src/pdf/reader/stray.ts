/** Bytes of an update that belong to nothing (ISO 32000-2, 7.5.6): no viewer shows them, but somebody put them there. */
import { broken } from './broken.ts'
import { readIndirect } from './indirect.ts'
import { Lexer } from './lexer.ts'
import type { Revision } from './revision.ts'

/**
 * The first bytes of the update that made the revision which are no object that its cross-reference sections list, no part of these sections and
 * their markers, and neither whitespace nor comment; undefined where there are none. Things that overlap are strays too. Throws a PdfFault for an
 * object that cannot be read, or stands where its entry does not say.
 */
export function strayBytes (revision: Revision): { from: number, to: number } | undefined {
  const { source, from, end, budget } = revision
  const sections = new Map(revision.own.flatMap(({ from, end, hidden }) => hidden ? [[from, end], [hidden.from, hidden.to]] : [[from, end]]))
  const objects = objectsOf(revision)
  let at = from
  for (const start of Float64Array.from([...sections.keys(), ...objects.keys()]).sort()) {
    const gap = firstStray(start)
    if (gap) return gap
    at = sections.get(start) ?? endOfObject(start)
  }
  return firstStray(end)

  /** What stands between the last thing and the next one. */
  function firstStray (next: number): { from: number, to: number } | undefined {
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
      objects.set(lexer.position, { number, generation: entry.generation })
    }
  }
  return objects
}
