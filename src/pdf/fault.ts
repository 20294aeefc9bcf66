import type { PDF_REASONS } from './reasons.ts'

/** Why a file, or a part of it, cannot be read: a row of the table, and where. */
export class PdfFault extends Error {
  readonly code: keyof typeof PDF_REASONS
  readonly detail: string
  constructor (code: keyof typeof PDF_REASONS, detail: string) {
    super(`${code}: ${detail}`)
    this.code = code
    this.detail = detail
  }
}
