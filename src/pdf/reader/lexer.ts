/** Reads tokens and direct objects (ISO 32000-2, 7.2 and 7.3). Where the standard leaves nothing to guess, neither does this. */
import type { PdfSource } from '../source.ts'
import { broken } from './broken.ts'
import type { Budget } from './budget.ts'
import { PdfName, PdfRef, PdfString, type PdfDict, type PdfObject } from './objects.ts'
import { decodeHex, decodeLiteral } from './strings.ts'

/** Character classes of table 1 and table 2: whitespace, delimiters, and all the rest, which are regular. */
const REGULAR = 0
const WHITESPACE = 1
const DELIMITER = 2
const CLASS = new Uint8Array(256)
for (const code of Buffer.from('\0\t\n\f\r ')) CLASS[code] = WHITESPACE
for (const code of Buffer.from('()<>[]{}/%')) CLASS[code] = DELIMITER

export const isWhitespace = (code: number): boolean => CLASS[code] === WHITESPACE && code >= 0
const isRegular = (code: number): boolean => code >= 0 && CLASS[code] === REGULAR
export const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39

const [LF, CR, PERCENT, SLASH, OPEN, CLOSE, LESS, GREATER, LEFT, RIGHT, BACKSLASH, R] = Buffer.from('\n\r%/()<>[]\\R') as unknown as [number, number, number, number, number, number, number, number, number, number, number, number]

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)$/
/** Where these are no integers, some viewers round and others refuse. */
const INTEGERS = new Set(['Length', 'Prev', 'XRefStm', 'Size', 'ByteRange'])
/** Where a number stands under these, poppler takes one with a point for none: what is hidden by 2 is shown by 2.0 */
const INTEGERS_ALONE = new Set(['F', 'Ff', 'Rotate', 'FirstChar', 'LastChar', 'BitsPerComponent', 'PatternType', 'ShadingType', 'FunctionType', 'PaintType', 'TilingType'])

/** No number or keyword is longer; some write numbers with very many places */
const LONGEST_WORD = 256

const BYTES_OF_VALUE = 64

const FIRST_WINDOW = 2 * 1024
const WINDOW = 64 * 1024

/** Stands at a byte of the source and moves on. Nothing at `limit` or behind is seen. */
export class Lexer {
  position: number
  readonly limit: number
  readonly #source: PdfSource
  readonly #budget: Budget
  /** Strings know their place only where they stand in the file itself */
  readonly #isFile: boolean
  #window: Buffer = Buffer.alloc(0)
  #from = 0
  #values = 0
  #hasReal = false

  constructor (source: PdfSource, position: number, limit: number, budget: Budget, { isFile = true } = {}) {
    this.#source = source
    this.position = position
    this.limit = Math.min(limit, source.size)
    this.#budget = budget
    this.#isFile = isFile
  }

  /** The byte there; -1 at the limit. */
  at (position: number): number {
    const index = position - this.#from
    if (index >= 0 && index < this.#window.length) return this.#window[index]!
    if (position >= this.limit || position < 0) return -1
    // Whoever goes on wants more; whoever jumps over the data of a stream wants a word
    const size = index > 0 && index === this.#window.length ? WINDOW : FIRST_WINDOW
    // And whoever goes backwards goes on so
    this.#from = index < 0 ? Math.max(0, position - FIRST_WINDOW) : position
    this.#window = this.#source.read(this.#from, Math.min(this.limit, position + size))
    return this.#window[position - this.#from] ?? -1
  }

  bytes (from: number, to: number): Buffer {
    const start = from - this.#from
    return start >= 0 && to - this.#from <= this.#window.length ? this.#window.subarray(start, to - this.#from) : this.#source.read(from, to)
  }

  skipWhitespace (): void {
    while (isWhitespace(this.at(this.position))) this.position++
  }

  /** Whitespace and comments. */
  skip (): void {
    const from = this.position
    for (this.skipWhitespace(); this.at(this.position) === PERCENT; this.skipWhitespace()) {
      for (let code = PERCENT; code !== LF && code !== CR && code !== -1;) code = this.at(++this.position)
    }
    this.#passed(from)
  }

  /** Long strings and comments cost what they are worth. */
  #passed (from: number): void {
    const length = this.position - from
    if (length >= BYTES_OF_VALUE) this.#budget.spend('values', Math.floor(length / BYTES_OF_VALUE))
  }

  /** The keyword that follows whitespace and comments, or what else stands there in regular characters; it is not passed. */
  peekWord (): string {
    this.skip()
    return this.#word()
  }

  /** Passes this keyword; only whitespace may stand before it. */
  expect (word: string): void {
    this.skipWhitespace()
    if (this.#word() !== word) broken(`no ${word}`, this.position)
    this.position += word.length
  }

  /** Passes digits, and nothing but digits; only whitespace may stand before them. */
  integer (what: string): number {
    this.skipWhitespace()
    const word = this.#word()
    if (!/^\d{1,15}$/.test(word)) broken(`no ${what}`, this.position)
    this.position += word.length
    return Number(word)
  }

  /** The value of an indirect object. One that is only a reference is followed by some viewers, and null for others. */
  value (): PdfObject {
    const value = this.object()
    return value instanceof PdfRef ? broken('an object that is only a reference to another', this.position) : value
  }

  /** One object: everything but a stream, which only an indirect object can be. */
  object (depth = 0): PdfObject {
    this.#budget.within('depth', depth)
    this.#budget.within('valuesInObject', ++this.#values)
    this.#budget.spend('values')
    this.skip()
    const code = this.at(this.position)
    if (isDigit(code)) return this.#numberOrReference()
    if (code === SLASH) return this.#name()
    if (code === OPEN) return this.#literal()
    if (code === LESS) return this.at(this.position + 1) === LESS ? this.#dictionary(depth) : this.#hex()
    if (code === LEFT) return this.#array(depth)
    const from = this.position
    const word = this.#word()
    this.position += word.length
    if (word === 'true') return true
    if (word === 'false') return false
    if (word === 'null') return null
    if (NUMBER.test(word)) return this.#number(word, from)
    return broken('no object', from)
  }

  #word (): string {
    const end = this.#endOfWord(LONGEST_WORD)
    return end - this.position > LONGEST_WORD ? broken('a word that is too long', this.position) : this.bytes(this.position, end).toString('latin1')
  }

  #endOfWord (limit: number): number {
    let end = this.position
    for (let code = this.at(end); end - this.position <= limit && isRegular(code); code = this.at(++end)) {
      // Regular by the standard, but whitespace for some
      if (code < 0x20) broken('a control character in a word', end)
    }
    return end
  }

  #number (word: string, at: number): number {
    if (word.includes('.')) this.#hasReal = true
    else if (!Number.isSafeInteger(Number(word))) broken('a number that is too large', at)
    return Number(word)
  }

  #numberOrReference (): number | PdfRef {
    const from = this.position
    const word = this.#word()
    if (!NUMBER.test(word)) broken('no number', from)
    this.position += word.length
    const number = this.#number(word, from)
    const generation = word.includes('.') ? undefined : this.#generationOfReference()
    if (generation === undefined) return number
    this.#budget.within('number', number)
    return new PdfRef(number, generation)
  }

  /** Of the ` 0 R` that makes a reference of the number before; otherwise nothing is passed. */
  #generationOfReference (): number | undefined {
    const from = this.position
    this.skip()
    let generation = 0
    const digits = this.position
    for (let code = this.at(this.position); isDigit(code) && generation < 65_536; code = this.at(++this.position)) generation = generation * 10 + code - 0x30
    if (this.position > digits && isWhitespace(this.at(this.position))) {
      this.skip()
      if (this.at(this.position) === R && !isRegular(this.at(this.position + 1))) {
        if (generation > 65_535) broken('a generation that is too large', digits)
        this.position++
        return generation
      }
    }
    this.position = from
    return undefined
  }

  #name (): PdfName {
    const from = ++this.position
    const end = this.#endOfWord(this.#budget.limits.token)
    this.#budget.within('token', end - from)
    this.position = end
    const raw = this.bytes(from, end).toString('latin1')
    if (!raw.includes('#')) return new PdfName(raw)
    if (/#(?![0-9A-Fa-f]{2})|#00/.test(raw)) broken('a name with a # that stands for no character', from)
    return new PdfName(raw.replace(/#(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))))
  }

  #literal (): PdfString {
    const from = this.position
    let open = 0
    do {
      const code = this.at(this.position++)
      if (code === -1) broken('a string without its end', from)
      if (code === BACKSLASH) this.position++
      else if (code === OPEN) open++
      else if (code === CLOSE) open--
    } while (open > 0)
    return this.#string(from, false)
  }

  #hex (): PdfString {
    const from = this.position
    for (let code = LESS; code !== GREATER; code = this.at(this.position)) {
      if (code === -1) broken('a string without its end', from)
      this.position++
    }
    this.position++
    return this.#string(from, true)
  }

  #string (from: number, isHex: boolean): PdfString {
    const to = this.position
    this.#passed(from)
    this.#budget.within('token', to - from)
    const raw = this.bytes(from + 1, to - 1)
    const bytes = isHex ? decodeHex(raw) ?? broken('a string in digits that are not hexadecimal', from) : decodeLiteral(raw)
    return new PdfString(bytes, this.#isFile ? { from, to, isHex } : undefined)
  }

  #array (depth: number): PdfObject[] {
    const from = this.position++
    const items: PdfObject[] = []
    for (;;) {
      this.skip()
      const code = this.at(this.position)
      if (code === -1) broken('an array without its end', from)
      if (code === RIGHT) break
      items.push(this.object(depth + 1))
    }
    this.position++
    return items
  }

  #dictionary (depth: number): PdfDict {
    const from = this.position
    this.position += 2
    const dict: PdfDict = new Map()
    for (;;) {
      this.skip()
      if (this.at(this.position) === GREATER && this.at(this.position + 1) === GREATER) break
      if (this.at(this.position) !== SLASH) broken('a dictionary whose key is no name', from)
      const key = this.#name().value
      // Some viewers take the first of two, others the last
      if (dict.has(key)) broken(`a dictionary with two entries ${JSON.stringify(key)}`, from)
      this.#hasReal = false
      const value = this.object(depth + 1)
      dict.set(key, value)
      if (this.#hasReal && (INTEGERS.has(key) || (typeof value === 'number' && INTEGERS_ALONE.has(key)))) broken(`an entry ${key} that is no integer`, from)
    }
    this.position += 2
    return dict
  }
}
