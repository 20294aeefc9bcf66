import t from 'tap'

import { PKITS_FILES, runPkits } from '../../exam/pkits.ts'
import { needsShared } from '../../support/shared.ts'

t.test('NIST PKITS: no path is accepted that must fail, and good ones are refused for DSA alone', needsShared(...PKITS_FILES), async (t) => {
  const { rows } = runPkits()
  const refused = rows.filter(({ expected, got }) => expected === 'accepted' && got === 'refused')
  t.strictSame(rows.filter(({ expected, got }) => expected === 'refused' && got === 'accepted'), [], 'false accepts')
  t.strictSame(refused.map(({ name }) => name), ['40104 valid_dsa_signatures_test4', '40105 valid_dsa_parameter_inheritance_test5'], 'false rejects')
  t.ok(refused.every(({ reason }) => /^KEY_WEAK \(.*ALGORITHM_NOT_ADMITTED \(/.test(reason ?? '')))
  t.strictSame([rows.length, rows.filter(({ got }) => got === 'accepted').length], [210, 118], 'cases, and those accepted')
})
