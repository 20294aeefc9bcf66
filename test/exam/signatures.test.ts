import t from 'tap'

import { needsXmlsec } from '../signing/world.ts'
import { needsShared } from '../support/shared.ts'
import { EXAMS, faultsOf } from './exams.ts'
import { XML_CRYPTO_FILES } from './xml-crypto.ts'
import { XMLSEC_FILES } from './xmlsec.ts'

/** Cases, how many of them are accepted, right ones that are refused, and where xmlsec1 says otherwise: of the product's rules, then with SHA-1 and short keys. */
const EXPECTED = new Map([
  [XMLSEC_FILES[0], [[232, 24, 1, 57], [232, 54, 3, 27]]],
  [XML_CRYPTO_FILES[0], [[38, 2, 1, 11], [38, 12, 2, 1]]],
])

for (const [folder, expected] of EXPECTED) {
  t.test(`${folder}: nothing wrong is accepted, what is refused has its named reason, and each disagreement with xmlsec1 is explained`, needsShared(folder), async (t) => {
    const exams = EXAMS.filter(({ files }) => files[0] === folder)
    for (const [index, exam] of exams.entries()) {
      const table = exam.run()
      const { accepts, rejects, differing, unmet } = faultsOf(exam, table)
      t.strictSame(accepts, [], `${table.title}: false accepts`)
      t.strictSame(unmet, [], `${table.title}: demands not met`)
      const [cases, accepted, refusedRight, disagreements] = expected[index]!
      t.strictSame([table.rows.length, table.rows.filter(({ got }) => got === 'accepted').length, rejects.length], [cases, accepted, refusedRight], table.title)
      if (!needsXmlsec.skip) t.equal(differing.length, disagreements, `${table.title}: disagreements with xmlsec1`)
    }
    t.equal(exams.length, expected.length)
  })
}
