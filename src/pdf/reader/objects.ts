/** What a PDF is made of (ISO 32000-2, 7.3). Numbers, booleans and null are JavaScript's own. */

/** A name, decoded: `/A#20B` is `A B`. */
export class PdfName {
  readonly value: string
  constructor (value: string) { this.value = value }
}

/** Whether this is that name. */
export function isName (object: PdfObject | undefined, value: string): boolean {
  return object instanceof PdfName && object.value === value
}

/** A string's bytes, decoded from its literal or hexadecimal form. */
export class PdfString {
  readonly bytes: Buffer
  /** Where its token stands in the file, delimiters and all; absent for one inside an object stream */
  readonly span: { from: number, to: number, isHex: boolean } | undefined
  constructor (bytes: Buffer, span?: { from: number, to: number, isHex: boolean }) { this.bytes = bytes; this.span = span }
}

/** A reference to an indirect object. */
export class PdfRef {
  readonly number: number
  readonly generation: number
  constructor (number: number, generation: number) { this.number = number; this.generation = generation }
}

/** A stream: its dictionary, and where its raw data stand in the file. */
export class PdfStream {
  readonly dict: PdfDict
  readonly from: number
  readonly to: number
  constructor (dict: PdfDict, from: number, to: number) { this.dict = dict; this.from = from; this.to = to }
}

export type PdfDict = Map<string, PdfObject>
export type PdfObject = null | boolean | number | PdfName | PdfString | PdfRef | PdfStream | PdfDict | readonly PdfObject[]

/** What this is, or refers to; null for nothing. Throws where no reference may stand. */
export type Resolve = (object: PdfObject | undefined) => PdfObject
