/** Indirect objects where they stand in the file (ISO 32000-2, 7.3.8 and 7.3.10). */
import type { PdfSource } from '../source.ts'
import { broken } from './broken.ts'
import type { Budget } from './budget.ts'
import { isWhitespace, Lexer } from './lexer.ts'
import { PdfStream, type PdfDict, type PdfObject, type Resolve } from './objects.ts'

/** An object as it stands from its number to behind its `endobj`. */
export type IndirectObject = { number: number, generation: number, object: PdfObject, from: number, to: number }

/** Reads the indirect object at an offset; `resolve` is asked for a stream's Length that is another object. Whitespace before its number is borne, as every viewer does. */
export function readIndirect (source: PdfSource, offset: number, limit: number, budget: Budget, resolve: Resolve): IndirectObject {
  budget.spend('objects')
  const lexer = new Lexer(source, offset, limit, budget)
  if (!startsToken(source, offset)) broken('an offset that points into the middle of something', offset)
  lexer.skipWhitespace()
  const from = lexer.position
  const number = lexer.integer('object number')
  const generation = lexer.integer('generation')
  lexer.expect('obj')
  const value = lexer.value()
  const isStream = lexer.peekWord() === 'stream'
  if (isStream && !(value instanceof Map)) broken('a stream without its dictionary', from)
  const object = isStream ? readStream(lexer, value as PdfDict, resolve) : value
  lexer.expect('endobj')
  return { number, generation, object, from, to: lexer.position }
}

/**
 * Otherwise the 1 of `11 0 obj` would start an object too. Some programs count the whitespace before it to the object, and some append an update right
 * behind the end-of-file marker.
 */
export function startsToken (source: PdfSource, offset: number): boolean {
  const [before, [first]] = [source.read(offset - 5, offset), source.read(offset, offset + 1)]
  return offset === 0 || isWhitespace(first ?? -1) || isWhitespace(before.at(-1) ?? -1) || before.toString('latin1') === '%%EOF'
}

function readStream (lexer: Lexer, dict: PdfDict, resolve: Resolve): PdfStream {
  const at = lexer.position
  lexer.expect('stream')
  // A carriage return alone may be the first byte of the data or not: viewers differ
  if (lexer.at(lexer.position) === 0x0d) lexer.position++
  if (lexer.at(lexer.position++) !== 0x0a) broken('a stream keyword without its end of line', at)
  const length = resolve(dict.get('Length'))
  if (typeof length !== 'number' || !Number.isSafeInteger(length) || length < 0) return broken('a stream without its length', at)
  const from = lexer.position
  const to = from + length
  if (to > lexer.limit) broken('a stream longer than the file', at)
  lexer.position = to
  if (lexer.at(lexer.position) === 0x0d) lexer.position++
  if (lexer.at(lexer.position) === 0x0a) lexer.position++
  // Viewers whose data end elsewhere would look for the keyword, and find different ones
  if (lexer.bytes(lexer.position, lexer.position + 9).toString('latin1') !== 'endstream') broken('a stream whose length does not lead to endstream', at)
  lexer.expect('endstream')
  return new PdfStream(dict, from, to)
}
