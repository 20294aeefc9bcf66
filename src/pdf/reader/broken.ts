import { PdfFault } from '../fault.ts'

/** The file is broken here: viewers would have to guess, and might guess differently. */
export function broken (what: string, at?: number): never {
  throw new PdfFault('PDF_BROKEN', at === undefined ? what : `${what} at byte ${at}`)
}
