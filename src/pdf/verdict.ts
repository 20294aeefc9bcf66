/** What is stored and shown of a PDF file: a verdict on the whole, and one on each of its signatures. */
import type { SignatureVerdict, Verdict } from '../trust/verdict.ts'
import type { ExaminedSignature } from './examination.ts'

/** How much a signature carries with it (EN 319 142-1, 6): the signature, a time-stamp, and the answers on revocation. `other`: no PAdES at all. */
export type PadesLevel = 'B-B' | 'B-T' | 'B-LT' | 'B-LTA' | 'other'

/** A signature's verdict, and where and how it stands in the file. */
export type PdfSignatureVerdict = SignatureVerdict & Pick<ExaminedSignature, 'field' | 'kind' | 'subFilter' | 'revision' | 'appearance' | 'coversWholeFile' | 'claims' | 'later'> & {
  level: PadesLevel
  /** Whether the registry says that this certificate speaks for the agency that sent the document; absent where nobody looked */
  speaksForSender?: boolean
}

/** The worst of its signatures' verdicts decides; a file without one says PDF_UNSIGNED. Oldest signature first. */
export type PdfVerdict = Verdict & { signatures: PdfSignatureVerdict[] }
