/** The filters that node:zlib does not know (ISO 32000-2, 7.4.2 to 7.4.5). */
import { PdfFault } from '../fault.ts'
import { broken } from './broken.ts'
import { decodeHex } from './strings.ts'

/** Bytes that grow up to a limit, and no further. */
export class Output {
  readonly limit: number
  #bytes = Buffer.alloc(1024)
  #length = 0
  constructor (limit: number) { this.limit = limit }

  push (bytes: Uint8Array): void {
    const length = this.#length + bytes.length
    if (length > this.limit) throw new PdfFault('PDF_TOO_COMPLEX', `data that decode to more than ${this.limit} bytes`)
    if (length > this.#bytes.length) {
      const larger = Buffer.alloc(Math.max(length, this.#bytes.length * 2))
      this.#bytes.copy(larger, 0, 0, this.#length)
      this.#bytes = larger
    }
    this.#bytes.set(bytes, this.#length)
    this.#length = length
  }

  bytes (): Buffer { return this.#bytes.subarray(0, this.#length) }
}

/** Ends at `>`, or with the data. */
export function decodeAsciiHex (data: Buffer): Buffer {
  const end = data.indexOf('>')
  return decodeHex(data.subarray(0, end === -1 ? data.length : end)) ?? broken('hexadecimal data that are none')
}

/** Ends at `~>`, or with the data. */
export function decodeAscii85 (data: Buffer, output: Output): Buffer {
  const end = data.indexOf('~')
  const group = Buffer.alloc(4)
  let [value, digits] = [0, 0]
  for (const code of data.subarray(0, end === -1 ? data.length : end)) {
    if (code <= 0x20) continue
    if (code === 0x7a && digits === 0) {
      output.push(ZEROES)
      continue
    }
    if (code < 0x21 || code > 0x75) broken('base-85 data that are none')
    value = value * 85 + code - 0x21
    if (++digits === 5) put(4)
  }
  if (digits === 1) broken('base-85 data that end in the middle')
  const rest = digits - 1
  // The last group is filled up with the highest digit
  while (digits > 0 && digits < 5) {
    value = value * 85 + 84
    digits++
  }
  if (digits > 0) put(rest)
  return output.bytes()

  function put (length: number): void {
    if (value > 0xffff_ffff) broken('base-85 data out of range')
    group.writeUInt32BE(value)
    output.push(group.subarray(0, length))
    value = digits = 0
  }
}

const ZEROES = Buffer.alloc(4)

export function decodeRunLength (data: Buffer, output: Output): Buffer {
  for (let at = 0; at < data.length;) {
    const length = data[at]!
    if (length === 128) break
    const count = length < 128 ? length + 1 : 1
    if (at + 1 + count > data.length) broken('run-length data that end in the middle')
    output.push(length < 128 ? data.subarray(at + 1, at + 1 + count) : Buffer.alloc(257 - length, data[at + 1]))
    at += 1 + count
  }
  return output.bytes()
}

const CLEAR = 256
const END = 257

/** Codes grow from 9 to 12 bits; `early` says one code sooner. */
export function decodeLzw (data: Buffer, early: number, output: Output): Buffer {
  const table = Array.from({ length: 258 }, (_, code) => code < 256 ? Uint8Array.of(code) : new Uint8Array())
  let previous: Uint8Array | undefined
  let [bits, held] = [0, 0]
  for (const byte of data) {
    held = (held << 8) | byte
    bits += 8
    const size = table.length + early
    const width = size < 512 ? 9 : size < 1024 ? 10 : size < 2048 ? 11 : 12
    if (bits < width) continue
    bits -= width
    const code = held >>> bits
    held &= (1 << bits) - 1
    if (code === END) return output.bytes()
    if (code === CLEAR) {
      table.length = 258
      previous = undefined
      continue
    }
    const first = previous?.[0]
    const entry: Uint8Array = table[code] ?? (previous && first !== undefined && code === table.length ? Buffer.concat([previous, Uint8Array.of(first)]) : broken('LZW data with a code that is none'))
    if (previous && table.length < 4096) table.push(Buffer.concat([previous, entry.subarray(0, 1)]))
    output.push(entry)
    previous = entry
  }
  return output.bytes()
}
