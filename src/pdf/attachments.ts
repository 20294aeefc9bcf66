/** The verdicts on the PDFs among a document's files. */
import { setImmediate } from 'node:timers/promises'
import { extensionOf } from '../edxml/names.ts'
import type { PdfExamination } from './examination.ts'
import { judging, type PdfContext } from './judge.ts'
import { isPdf } from './source.ts'
import type { PdfVerdict } from './verdict.ts'
import type { PdfWorkers } from './workers.ts'

/** A verdict for each file, in their order; null for one that is no PDF, by its bytes, and is not called one either. It can be stored as JSON. */
export type JudgePdfs = (files: readonly { name: string, bytes: Buffer }[], context: PdfContext) => Promise<(PdfVerdict | null)[]>

/** For all files of a document together: what a packet has room for takes a few seconds, and a hundred files made to take long would hold up everybody. */
const MOST_MS = 60_000
const NOT_EXAMINED: PdfExamination = { kind: 'unreadable', findings: [{ code: 'PDF_TOO_COMPLEX', detail: `more than ${MOST_MS} ms for the files before it` }] }

export function createJudgePdfs ({ workers }: { workers: Pick<PdfWorkers, 'examine'> }): JudgePdfs {
  /** One file after the other, so that a document with many holds up others no more than one with few. A file that calls itself a PDF and is none is broken. */
  return async function judgePdfs (files, context) {
    const verdicts: (PdfVerdict | null)[] = []
    const allowance = { leftMs: MOST_MS }
    for (const { name, bytes } of files) {
      if (!isPdf(bytes) && extensionOf(name) !== 'pdf') {
        verdicts.push(null)
        continue
      }
      const examination = allowance.leftMs > 0 ? storable(await workers.examine({ bytes }, allowance)) : NOT_EXAMINED
      verdicts.push(await judgedInTurn(examination, context))
    }
    return verdicts
  }
}

/** judgePdf, while others have their turn between any two signatures. */
async function judgedInTurn (examination: PdfExamination, context: PdfContext): Promise<PdfVerdict> {
  const steps = judging(examination, context)
  let step = steps.next()
  for (; !step.done; step = steps.next()) await setImmediate()
  return step.value
}

/** The same, without what PostgreSQL keeps in no text: names and claims are a stranger's. */
function storable<Value> (value: Value): Value {
  if (typeof value === 'string') return value.toWellFormed().replaceAll('\0', '\ufffd') as Value
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value
  if (Array.isArray(value)) return value.map(storable) as Value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, storable(one)])) as Value
}
