/** The verdicts on the PDFs among a document's files. */
import { extensionOf } from '../edxml/names.ts'
import { judgePdf, type PdfContext } from './judge.ts'
import { isPdf } from './source.ts'
import type { PdfVerdict } from './verdict.ts'
import type { PdfWorkers } from './workers.ts'

/** A verdict for each file, in their order; null for one that is no PDF, by its bytes, and is not called one either. */
export type JudgePdfs = (files: readonly { name: string, bytes: Buffer }[], context: PdfContext) => Promise<(PdfVerdict | null)[]>

export function createJudgePdfs ({ workers }: { workers: Pick<PdfWorkers, 'examine'> }): JudgePdfs {
  /** One file after the other, so that large ones are not in memory twice at once. A file that calls itself a PDF and is none is broken. */
  return async function judgePdfs (files, context) {
    const verdicts: (PdfVerdict | null)[] = []
    for (const { name, bytes } of files) {
      verdicts.push(isPdf(bytes) || extensionOf(name) === 'pdf' ? judgePdf(await workers.examine({ bytes }), context) : null)
    }
    return verdicts
  }
}
