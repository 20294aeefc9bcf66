/** Judges the signatures of a PDF that is no attachment of an arrival: for now, or another moment, against the certificates that are named. */
import type { PdfExamination } from '../pdf/examination.ts'
import { judgePdf, worstOf } from '../pdf/judge.ts'
import type { PdfSignatureVerdict } from '../pdf/verdict.ts'
import { compared, registeredOnly, timeOf, unproved, type FileContext, type JudgedFile } from './judge.ts'

/** Judges a file by what was found in it. Each signature is judged as any other file's: one that is not valid any more may have been when it claims to be made. */
export function judgePdfFile (examination: PdfExamination, context: FileContext): Extract<JudgedFile, { kind: 'pdf' }> {
  const now = judgePdf(examination, { ...context, ...timeOf(context) })
  if (examination.kind === 'unreadable') return { kind: 'pdf', verdict: now }
  const { pages, revisions } = examination
  const signatures = now.signatures.map((signature, index) => {
    const alone = { ...examination, signatures: examination.signatures.slice(index, index + 1) }
    return compare(claimedValid(signature, alone, context) ?? signature, context)
  })
  return { kind: 'pdf', verdict: { ...worstOf(signatures), signatures }, size: { pages, revisions } }
}

/** The verdict for the moment that the signer claims, where that alone would make it valid. */
function claimedValid ({ result, proofTime: { claim, from } }: PdfSignatureVerdict, alone: PdfExamination, context: FileContext): PdfSignatureVerdict | undefined {
  if (result !== 'invalid' || from !== 'receipt' || claim === undefined) return undefined
  const [claimed] = judgePdf(alone, { ...context, at: new Date(claim), atFrom: 'claim' }).signatures
  return claimed?.result === 'valid' ? unproved(claimed, context.at) : undefined
}

/** A time-stamp is of an authority, and speaks for nobody. */
function compare (signature: PdfSignatureVerdict, context: FileContext): PdfSignatureVerdict {
  return signature.kind === 'document-time-stamp' ? signature : compared(registeredOnly(signature, context), context)
}
