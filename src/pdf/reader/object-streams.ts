/** Objects that lie in object streams (ISO 32000-2, 7.5.7). */
import { bytesSource, type PdfSource } from '../source.ts'
import { broken } from './broken.ts'
import type { Budget } from './budget.ts'
import { isWhitespace, Lexer } from './lexer.ts'
import { isName, type PdfObject, type PdfStream } from './objects.ts'

/** A decoded object stream: which objects it holds, and where each begins. */
export type ObjectStream = { source: PdfSource, numbers: Uint32Array, offsets: Float64Array }

/**
 * Opens an object stream. The objects before it that Extends names are of no concern: an entry names the stream that its object is in.
 * Two objects of one number are PDF_BROKEN: some viewers look by index, others by number.
 */
export function openObjectStream ({ dict }: PdfStream, data: Buffer, budget: Budget): ObjectStream {
  const [type, count, first] = [dict.get('Type'), dict.get('N'), dict.get('First')]
  if (!isName(type, 'ObjStm')) return broken('an object stream that is none')
  if (!isCount(count, data.length) || !isCount(first, data.length)) return broken('an object stream whose N or First is none')
  const source = bytesSource(data)
  const lexer = new Lexer(source, 0, first, budget, { isFile: false })
  const numbers = new Uint32Array(count)
  const offsets = new Float64Array(count + 1)
  for (let index = 0; index < count; index++) {
    const number = lexer.integer('object number in an object stream')
    budget.within('number', number)
    numbers[index] = number
    offsets[index] = first + lexer.integer('offset in an object stream')
    if (index > 0 && offsets[index]! <= offsets[index - 1]!) broken('an object stream whose objects are not in order')
  }
  offsets[count] = data.length
  // poppler does not read such a stream, and looks for objects itself
  if (!data.subarray(first, offsets[0]).every(isWhitespace)) broken('an object stream that holds something before its first object')
  if (new Set(numbers).size < count) broken('an object stream with two objects of one number')
  return { source, numbers, offsets }
}

const isCount = (object: PdfObject | undefined, limit: number): object is number => typeof object === 'number' && Number.isInteger(object) && object >= 0 && object <= limit

/** The object at an index, which must be the one of this number and fill its place. */
export function objectInStream ({ source, numbers, offsets }: ObjectStream, index: number, number: number, budget: Budget): PdfObject {
  if (numbers[index] !== number) return broken(`object ${number}, which is not where its object stream should have it`)
  budget.spend('objects')
  const [from, to] = [offsets[index]!, offsets[index + 1]!]
  const lexer = new Lexer(source, from, to, budget, { isFile: false })
  const object = lexer.value()
  lexer.skip()
  if (lexer.position < to) broken(`object ${number}, which does not fill its place in its object stream`)
  return object
}
