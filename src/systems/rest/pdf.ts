/** What is shown of a PDF and the signatures in it. */
import { standingOf } from '../../pdf/policy.ts'
import type { PdfVerdict } from '../../pdf/verdict.ts'

/** A verdict as it is answered. */
export function shownPdf (verdict: PdfVerdict) {
  return {
    standing: standingOf(verdict),
    ...verdict,
    signatures: verdict.signatures.map(({ appearance, ...signature }) => ({ ...signature, ...appearance && { appearance: { ...appearance, rect: [...appearance.rect] } }, shown: [] })),
  }
}
