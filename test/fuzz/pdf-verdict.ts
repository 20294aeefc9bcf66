/**
 * Signed PDFs as a whole: examined and judged. A changed file is valid only if every signature in it covers what it covered, byte for byte, and both
 * poppler and pdfium draw what was drawn when it had as many signatures. So what may differ is what nobody sees: how Contents spells its octets,
 * whitespace behind the end, updates that change nothing, objects that nothing refers to, the title.
 */
import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { PDFiumLibrary } from '@hyzyla/pdfium'

import { examinePdf } from '../../src/pdf/examine.ts'
import { bytesSource } from '../../src/pdf/source.ts'
import { evilAnnotations, sneakySignatures } from '../pdf/attacks/certification.ts'
import { incrementalSavings, universalForgeries, wrappings } from '../pdf/attacks/forgery.ts'
import { hidings, hidingsAndReplacements, replacements } from '../pdf/attacks/shadow.ts'
import { actions, exchanges, substitutions } from '../pdf/attacks/structure.ts'
import { agency, CATALOG, decision, judge, leader, PAGE, rendered, sign, type Doc } from '../pdf/attacks/world.ts'
import { needsPrograms } from '../support/signed-pdf.ts'
import { mutatePdf } from './mutate-pdf.ts'
import { mutateSignedPdf } from './mutate-signed-pdf.ts'
import type { Target } from './targets.ts'

const hasPoppler = !needsPrograms('pdftoppm').skip

/** Signed files to be changed as an attacker would, and the published attacks to be changed further. */
export async function makePdfVerdictTargets (): Promise<Target[]> {
  const leaders = (doc: Doc) => sign(doc, { shows: '0.6 g 0 0 60 30 re f' })
  const agencys = (doc: Doc) => sign(doc, { signer: agency, name: 'Agency', rect: '200 40 320 80', shows: '0.3 g 0 0 60 30 re f' })
  const form = decision({
    [CATALOG]: '<< /Type /Catalog /Pages 2 0 R /AcroForm 8 0 R >>',
    [PAGE]: '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 300] /Resources << /Font << /F1 3 0 R >> >> /Contents 5 0 R /Annots [7 0 R] >>',
    7: '<< /Type /Annot /Subtype /Widget /FT /Tx /T (amount) /V (1) /Rect [40 150 200 180] /P 4 0 R /F 4 /AP << /N 9 0 R >> >>',
    8: '<< /Fields [7 0 R] /DA (/F1 12 Tf) /DR << /Font << /F1 3 0 R >> >> >>',
    9: { entries: '/Type /XObject /Subtype /Form /BBox [0 0 160 30] /Resources << /Font << /F1 3 0 R >> >>', data: '/Tx BMC BT /F1 12 Tf 4 8 Td (one) Tj ET EMC' },
  })
  const certified = (doc: Doc) => sign(doc, {
    signer: leader, shows: '0.6 g 0 0 60 30 re f', catalog: '/Perms << /DocMDP 11 0 R >>',
    dictionary: '/Reference [<< /Type /SigRef /TransformMethod /DocMDP /TransformParams << /Type /TransformParams /P 1 /V /1.2 >> >>]',
  })
  const documents: [string, Doc, ((doc: Doc) => Promise<Doc>)[]][] = [
    ['PDF signed by leader and agency', decision(), [leaders, agencys]],
    ['PDF signed, with a cross-reference stream', decision({}, { xref: 'stream', compressed: [CATALOG, 2, 3, PAGE, 6] }), [leaders, agencys]],
    ['form that was certified', form, [certified]],
    ['form that was signed', form, [leaders, agencys]],
  ]
  const library = await PDFiumLibrary.init()
  const targets: Target[] = []
  for (const [name, unsigned, steps] of documents) {
    let doc = unsigned
    for (const step of steps) doc = await step(doc)
    targets.push(await targetOf(name, [doc.bytes], library, (good, random) => mutateSignedPdf(good, doc.objects, random)))
  }
  const makers = [universalForgeries, incrementalSavings, wrappings, hidings, replacements, hidingsAndReplacements, evilAnnotations, sneakySignatures, exchanges, substitutions, actions]
  const attacks = (await Promise.all(makers.map((make) => make()))).flat()
  const twins = [...new Map(attacks.map(({ twin }) => [twin.toString('latin1'), twin])).values()]
  return [...targets, await targetOf('attacked PDF', twins, library, (_, random) => mutatePdf(random.pick(attacks).attacked, random))]
}

/** A file that is valid: what its signatures cover, and what viewers draw. */
type Known = { covered: string[], drawn: string }

/** `goods` are valid, and so are those of their revisions that carry a signature. */
async function targetOf (name: string, goods: readonly Buffer[], library: PDFiumLibrary, mutate: Target['mutate']): Promise<Target> {
  const known: Known[] = []
  for (const bytes of goods.flatMap(revisionsOf).filter((bytes) => judge(bytes).result === 'valid')) known.push({ covered: coveredIn(bytes), drawn: await drawn(bytes, library) })
  const good = goods[0]!
  if (judge(good).result !== 'valid') throw new Error(`${name}: ${JSON.stringify(judge(good).reasons)}`)
  return {
    name, good, mutate, isFault: () => false,
    judge: async (bytes) => {
      const verdict = judge(bytes)
      if (verdict.result !== 'valid') return undefined
      if (bytes.equals(good)) return 'as signed'
      const covered = coveredIn(bytes)
      const same = known.filter((one) => isDeepStrictEqual(one.covered, covered))
      if (same.length === 0) return `covers something else: ${covered.join()}`
      const shown = await drawn(bytes, library)
      return same.some((one) => one.drawn === shown) ? 'as signed' : 'draws something else'
    },
  }
}

/** The file up to the end of each of its revisions. */
function revisionsOf (bytes: Buffer): Buffer[] {
  return [...bytes.toString('latin1').matchAll(/%%EOF\r?\n?/g)].map(({ index, 0: marker }) => bytes.subarray(0, index + marker.length))
}

/** SHA-256 of what each signature covers, as the file says it, by a way of our own. */
function coveredIn (bytes: Buffer): string[] {
  const examination = examinePdf(bytesSource(bytes))
  if (examination.kind === 'unreadable') throw new Error(examination.findings[0]?.detail)
  return examination.signatures.map(({ byteRange: [from = 0, length = 0, second = 0, rest = 0] }) =>
    createHash('sha256').update(bytes.subarray(from, from + length)).update(bytes.subarray(second, second + rest)).digest('hex'))
}

/** What viewers draw of all pages. */
async function drawn (bytes: Buffer, library: PDFiumLibrary): Promise<string> {
  const hash = createHash('sha256')
  if (hasPoppler) hash.update(rendered(bytes))
  const document = await library.loadDocument(bytes)
  document.initializeFormFields()
  for (const page of document.pages()) hash.update((await page.render({ scale: 0.5, render: 'bitmap', renderFormFields: true })).data)
  document.destroy()
  return hash.digest('hex')
}
