/** Decodes the data of streams (ISO 32000-2, 7.4), within bounds. Pictures are nobody's question here. */
import { inflateSync } from 'node:zlib'
import { PdfFault } from '../fault.ts'
import { broken } from './broken.ts'
import type { Budget } from './budget.ts'
import { PdfName, type PdfDict, type PdfObject, type Resolve } from './objects.ts'
import { unpredict } from './predictors.ts'
import { decodeAscii85, decodeAsciiHex, decodeLzw, decodeRunLength, Output } from './simple-filters.ts'

/** The data behind all filters of a stream. What grows over its bounds is PDF_TOO_COMPLEX, what does not decode PDF_BROKEN. */
export function decodeData (raw: Buffer, dict: PdfDict, resolve: Resolve, budget: Budget): Buffer {
  budget.spend('inflated', raw.length)
  if (dict.has('F')) broken('a stream whose data lie in another file')
  const filters = listOf(resolve(dict.get('Filter')), resolve)
  const parameters = listOf(resolve(dict.get('DecodeParms')), resolve)
  if (filters.length > 8) throw new PdfFault('PDF_TOO_COMPLEX', `${filters.length} filters`)
  return filters.reduce<Buffer>((data, filter, index) => {
    const parms = parameters[index] ?? null
    if (!(filter instanceof PdfName) || (parms !== null && !(parms instanceof Map))) return broken('a stream whose filters are none')
    const decoded = decodeOne(filter.value, data, parms ?? new Map(), resolve, budget)
    budget.spend('inflated', decoded.length)
    return decoded
  }, raw)
}

function listOf (object: PdfObject, resolve: Resolve): PdfObject[] {
  return object === null ? [] : Array.isArray(object) ? object.map((item: PdfObject) => resolve(item)) : [object]
}

function decodeOne (filter: string, data: Buffer, parms: PdfDict, resolve: Resolve, budget: Budget): Buffer {
  const parameter = (name: string, fallback: number): number => {
    const value = resolve(parms.get(name)) ?? fallback
    return typeof value === 'number' && Number.isInteger(value) ? value : broken(`a filter whose ${name} is no integer`)
  }
  const output = new Output(Math.min(budget.limits.stream, budget.limits.inflated - budget.spent.inflated))
  if (filter === 'FlateDecode') return unpredict(inflate(data, output.limit), parameter)
  if (filter === 'LZWDecode') return unpredict(decodeLzw(data, parameter('EarlyChange', 1), output), parameter)
  if (filter === 'ASCIIHexDecode') return decodeAsciiHex(data)
  if (filter === 'ASCII85Decode') return decodeAscii85(data, output)
  if (filter === 'RunLengthDecode') return decodeRunLength(data, output)
  return broken(`a filter ${JSON.stringify(filter)} that is not read`)
}

function inflate (data: Buffer, limit: number): Buffer {
  try {
    return inflateSync(data, { maxOutputLength: Math.max(1, limit) })
  } catch (error) {
    if (error instanceof RangeError || (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw new PdfFault('PDF_TOO_COMPLEX', `data that inflate to more than ${limit} bytes`)
    return broken('data that do not inflate')
  }
}
