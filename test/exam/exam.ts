/**
 * `npm run exam`: exams that nobody here wrote, each as a table: how many cases, what was accepted though it is wrong (false accepts), refused
 * though it is right (false rejects, each with its reason), and where a program of others says otherwise. Exits 1 when a demand is not met.
 */
import { existsSync } from 'node:fs'

import { SHARED_DIR, shared } from '../support/shared.ts'
import { EXAMS, faultsOf } from './exams.ts'

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
print(unmet === 0 ? '\nEvery demand is met.' : `\n${unmet} demands are not met.`)
process.exitCode = unmet === 0 ? 0 : 1
