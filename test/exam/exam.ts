/**
 * `npm run exam`: exams that nobody here wrote, each as a table: how many cases, what was accepted though it is wrong (false accepts), refused
 * though it is right (false rejects, each with its reason), and where a program of others says otherwise. Exits 1 when a demand is not met.
 */
import { existsSync } from 'node:fs'

import { SHARED_DIR, shared } from '../support/shared.ts'
import { EXAMS, faultsOf } from './exams.ts'
import { needsPdfPrograms, runPdfExam, type PdfExam } from './pdf.ts'

const print = (text: string) => { process.stdout.write(`${text}\n`) }

let unmet = 0
for (const exam of EXAMS) {
  const missing = exam.files.filter((file) => !existsSync(shared(file)))
  if (missing.length > 0) {
    print(`\n${exam.files.join(', ')}: not there. This exam reads third-party files from SHARED_DIR (now ${SHARED_DIR}), which has no ${missing.join(', ')}`)
    unmet++
    continue
  }
  const table = exam.run()
  const { accepts, rejects, differing, unmet: broken } = faultsOf(exam, table)
  const accepted = table.rows.filter(({ got }) => got === 'accepted').length
  print(`\n${table.title}\n  ${table.rows.length} cases: ${accepted} accepted, ${table.rows.length - accepted} refused`)
  print(`  ${accepts.length} false accepts${accepts.map(({ name }) => `\n    ${name}`).join('')}`)
  print(`  ${rejects.length} false rejects${rejects.map(({ name, reason, why }) => `\n    ${name}: ${why ?? reason}${why && reason ? ` [${reason}]` : ''}`).join('')}`)
  if (table.rows.some(({ xmlsec1 }) => xmlsec1 !== undefined)) {
    print(`  ${differing.length} disagreements with xmlsec1`)
    const groups = Map.groupBy(differing, ({ got, xmlsec1, why }) => `we ${got}, xmlsec1 ${xmlsec1}: ${why ?? 'not explained'}`)
    for (const [what, rows] of groups) print(`    ${what}\n${rows.map(({ name }) => `      ${name}`).join('\n')}`)
  }
  for (const [chain, rows] of Map.groupBy(table.rows.filter((row) => row.chain !== undefined), ({ chain }) => chain)) print(`  ${rows.length} with a chain, whose root was pinned: ${chain}`)
  for (const demand of broken) print(`  NOT MET: ${demand}`)
  unmet += broken.length
}
unmet += await examinePdfs()
print(unmet === 0 ? '\nEvery demand is met.' : `\n${unmet} demands are not met.`)
process.exitCode = unmet === 0 ? 0 : 1

/** Signed PDFs are made by programs of others as they are needed. */
async function examinePdfs (): Promise<number> {
  if (needsPdfPrograms.skip) {
    print(`\nSigned PDFs: ${needsPdfPrograms.skip}`)
    return 1
  }
  const ends: (() => unknown)[] = []
  try {
    return tellPdfs(await runPdfExam({ teardown: (end) => { ends.push(end) } }))
  } finally {
    for (const end of ends) await end()
  }
}

function tellPdfs ({ files, opinions, unmet }: PdfExam): number {
  const accepted = files.filter(({ got }) => got === 'accepted')
  print(`\nSigned PDFs by pdfsig, PDFBox, iText, MuPDF and @signpdf, and altered copies\n  ${files.length} files: ${accepted.length} accepted, ${files.length - accepted.length} refused`)
  print(`  ${accepted.filter(({ expected }) => expected === 'refused').length} false accepts\n  ${files.filter(({ expected, got }) => expected === 'accepted' && got === 'refused').length} false rejects`)
  const differing = opinions.filter(({ ours, theirs }) => ours !== theirs)
  print(`  ${differing.length} disagreements with pdfsig and mutool, in ${opinions.length} opinions`)
  for (const [what, rows] of Map.groupBy(differing, ({ judge, ours, theirs, codes, why }) => `we ${ours}${codes[0] ? ` [${codes[0]}]` : ''}, ${judge} ${theirs}: ${why ?? 'not explained'}`)) {
    print(`    ${what}\n${rows.map(({ name }) => `      ${name}`).join('\n')}`)
  }
  for (const demand of unmet) print(`  NOT MET: ${demand}`)
  return unmet.length
}
