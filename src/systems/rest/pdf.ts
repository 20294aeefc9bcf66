/** What is shown of a PDF and the signatures in it. */
import { standingOf } from '../../pdf/policy.ts'
import { shownItems } from '../../pdf/shown.ts'
import type { PdfSignatureVerdict, PdfVerdict } from '../../pdf/verdict.ts'

/** A verdict as it is answered. */
export function shownPdf (verdict: PdfVerdict) {
  return { standing: standingOf(verdict), ...verdict, signatures: verdict.signatures.map(shownSignature) }
}

function shownSignature (verdict: PdfSignatureVerdict) {
  const { appearance, ...signature } = verdict
  return { ...signature, ...appearance && { appearance: { page: appearance.page, rect: [...appearance.rect] } }, shown: shownItems(verdict) }
}
