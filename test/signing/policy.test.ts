import t from 'tap'

import { rule, type Ruling } from '../../src/signing/policy.ts'
import { verdictOf, type SigningFinding } from '../../src/signing/reasons.ts'
import { combine } from '../../src/trust/verdict.ts'

const of = (...codes: SigningFinding['code'][]) => verdictOf(codes.map((code) => ({ code })))

/** Rulings under required, wanted and ignored. */
function rulings (given: ReturnType<typeof of>): string[] {
  const told = (ruling: Ruling): string => {
    switch (ruling.kind) {
      case 'accept': return ruling.proved ? 'proved' : 'accept'
      case 'refuse': return `refuse ${ruling.absent ? 'absent' : ruling.reason.code}`
      case 'wait': return `wait ${ruling.reason.code}`
    }
  }
  return (['required', 'wanted', 'ignored'] as const).map((policy) => told(rule(policy, given)))
}

t.test('a valid signature passes everywhere', async (t) => {
  t.same(rulings(of()), ['proved', 'proved', 'proved'])
})

t.test('nothing signed, or nothing left to verify, passes unless a signature is required', async (t) => {
  for (const code of ['SIGNATURE_ABSENT', 'SIGNATURE_PLACEHOLDER', 'SIGNATURE_REWRITTEN', 'SEAL_ABSENT'] as const) {
    t.same(rulings(of(code)), ['refuse absent', 'accept', 'accept'], code)
  }
})

t.test('a real signature that is wrong is refused unless signatures are ignored', async (t) => {
  t.same(rulings(of('CONTENT_CHANGED')), ['refuse CONTENT_CHANGED', 'refuse CONTENT_CHANGED', 'accept'])
  t.same(rulings(of('SEAL_FIELD_CHANGED')), ['refuse SEAL_FIELD_CHANGED', 'refuse SEAL_FIELD_CHANGED', 'accept'])
})

t.test('a signer who is not registered for the agency is refused unless signatures are ignored', async (t) => {
  for (const code of ['SIGNER_UNKNOWN', 'SIGNER_NOT_AGENCY'] as const) t.same(rulings(of(code)), [`refuse ${code}`, `refuse ${code}`, 'accept'])
})

t.test('what is not known yet waits, and is never accepted silently', async (t) => {
  const later = combine(of(), { result: 'indeterminate', reasons: [{ code: 'LATER', vi: '', en: '', clause: '' }] })
  t.same(rulings(later), ['wait LATER', 'wait LATER', 'accept'])
})
