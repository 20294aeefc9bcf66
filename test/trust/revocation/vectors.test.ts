import t from 'tap'

import { OCSP_FILES, runOcsp } from '../../exam/ocsp.ts'
import { PKITS_FILES, judgePathAndRevocation, runPkits } from '../../exam/pkits.ts'
import { needsShared } from '../../support/shared.ts'

const wrong = ({ expected, got }: { expected: string, got: string }) => expected !== got

t.test('NIST PKITS with CRLs: nothing is accepted that must fail, and three good paths are refused', needsShared(...PKITS_FILES), async (t) => {
  const { rows } = runPkits(judgePathAndRevocation)
  t.equal(rows.length, 256)
  const [dsa, inherited, own, ...others] = rows.filter(wrong)
  t.match(dsa, { name: '40104 valid_dsa_signatures_test4', got: 'refused', reason: /^KEY_WEAK/ })
  t.match(inherited, { name: '40105 valid_dsa_parameter_inheritance_test5', got: 'refused', reason: /^KEY_WEAK/ })
  // Only the CRL that this CRL issuer signs tells of the CRL issuer's own revocation: nobody vouches for himself
  t.match(own, { name: '41430 valid_crlissuer_test30', got: 'refused', reason: /ANSWER_SIGNER_UNFIT .*REVOCATION_UNKNOWN/ })
  t.strictSame(others, [])
})

t.test('OpenSSL\'s OCSP responses are all judged right by the rules of their time', needsShared(...OCSP_FILES), async (t) => {
  const { rows } = runOcsp('historical')
  t.equal(rows.length, 29)
  t.strictSame(rows.filter(wrong), [])
  t.equal(rows.filter(({ got }) => got === 'accepted').length, 4)
  const reasons = {
    invalid_response_signature: 'ANSWER_SIGNATURE_WRONG', wrong_responder_id: 'ANSWER_SIGNER_UNKNOWN', wrong_issuer: 'ANSWER_OF_OTHER_CERTIFICATE',
    wrong_key_in_signing_cert: /ANSWER_SIGN/, signature_on_signing_cert: 'ANSWER_SIGNER_UNFIT', stale: 'ANSWER_OUTDATED',
  }
  for (const { name, reason } of rows.filter(({ got }) => got === 'refused')) {
    t.match(reason, Object.entries(reasons).find(([part]) => name.includes(part))?.[1], name)
  }
})

t.test('and by the product\'s rules none of them counts, since SHA-1 signed them all', needsShared(...OCSP_FILES), async (t) => {
  const { rows } = runOcsp('product')
  t.strictSame(new Set(rows.map(({ got, reason }) => `${got} ${reason}`)), new Set(['refused REVOCATION_UNKNOWN; ANSWER_DIGEST_WEAK']))
})
