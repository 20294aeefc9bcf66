/** The PDF reader's targets: files of every form. They are read or give a PdfFault; what is read keeps what the reader promises. */
import { PdfFault } from '../../src/pdf/fault.ts'
import { Budget } from '../../src/pdf/reader/budget.ts'
import { PdfRef, PdfStream } from '../../src/pdf/reader/objects.ts'
import { openRevision, revisionEnds } from '../../src/pdf/reader/revision.ts'
import { strayBytes } from '../../src/pdf/reader/stray.ts'
import { bytesSource } from '../../src/pdf/source.ts'
import { makePdf, pagesOf, qpdf, updateOf } from '../support/pdf.ts'
import { mutatePdf } from './mutate-pdf.ts'
import type { Target } from './targets.ts'

export function makePdfStructureTargets (): Target[] {
  const pdf = makePdf()
  const compressed = makePdf(pagesOf('Hello'), { xref: 'stream', compressed: [1, 2, 3, 4] })
  const files = {
    'PDF': pdf,
    'PDF with cross-reference streams': compressed,
    'PDF with updates': updateOf(updateOf(compressed, { 20: '(one)' }), { 20: '(two)', 21: '[20 0 R]' }, { xref: 'stream', compressed: [20, 21] }),
    'linearised PDF': qpdf(pdf, '--linearize', '--object-streams=generate'),
  }
  return Object.entries(files).map(([name, good]) => ({ name, good, mutate: mutatePdf, judge, isFault: (error) => error instanceof PdfFault }))
}

/** Reads everything there is, and holds it against what a reader of a whole file knows. */
function judge (bytes: Buffer): undefined {
  const [source, budget] = [bytesSource(bytes), new Budget()]
  const ends = revisionEnds(source, budget)
  if (ends.at(-1) !== bytes.length || ends.some((end, index) => index > 0 && end <= ends[index - 1]!)) throw new Error(`revisions end at ${ends.join()} of ${bytes.length}`)
  const firsts = new Map(ends.map((end) => [end, contentOf(end)]))
  // Whatever follows it, a revision says what it says as a file of its own
  for (const [end, content] of firsts) if (contentOf(end, bytesSource(bytes.subarray(0, end)), new Budget()) !== content) throw new Error(`the revision that ends at ${end} says other things by itself`)
  // What a file costs is no more than its bytes, so often as they are read
  if (budget.spent.objects > 4 * bytes.length * ends.length || budget.spent.values > 8 * bytes.length * ends.length) throw new Error(`cost ${JSON.stringify(budget.spent)}`)

  function contentOf (end: number, of = source, within = budget): string {
    const revision = openRevision(of, end, within)
    const stray = strayBytes(revision)
    const objects = [...revision.numbers()].toSorted((one, other) => one - other).map((number) => {
      const entry = revision.entry(number)
      const object = revision.get(new PdfRef(number, entry?.kind === 'at' ? entry.generation : 0))
      return [number, entry, object instanceof PdfStream ? [object.from, object.to] : typeof object === 'object' && object !== null ? object.constructor.name : object]
    })
    return JSON.stringify([revision.version, stray, objects])
  }
}
