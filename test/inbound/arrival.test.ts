import t from 'tap'
import { decideArrival } from '../../src/inbound/arrival.ts'
import { DEFAULT_TRUST_POLICY } from '../../src/trust/policy.ts'
import type { SignatureVerdict } from '../../src/trust/verdict.ts'

const now = new Date('2026-01-05T08:00:00Z')
const verdict = (result: SignatureVerdict['result'], code: string): SignatureVerdict => ({ result, reasons: result === 'valid' ? [] : [{ code, vi: '', en: '', clause: '' }], chain: [], proofTime: { at: now.toISOString(), from: 'receipt' }, revocation: [], policy: DEFAULT_TRUST_POLICY, checked: [] })
const valid = verdict('valid', '')
const absent = verdict('indeterminate', 'SIGNATURE_ABSENT')
const noSeal = verdict('indeterminate', 'SEAL_ABSENT')
const policy = { packetSignature: 'ignored', seals: 'wanted' } as const

t.test('a document whose seal holds is handed on', async (t) => {
  t.same(decideArrival({ signature: absent, seal: valid }, policy, 0, now), { kind: 'pass' })
})

t.test('a document from a sender without a seal is handed on, unless the policy demands one', async (t) => {
  t.equal(decideArrival({ signature: absent, seal: noSeal }, policy, 0, now).kind, 'pass')
  t.match(decideArrival({ signature: absent, seal: noSeal }, { ...policy, seals: 'required' }, 0, now), { kind: 'quarantine', reason: { code: 'SEAL' } })
})

t.test('a document whose seal is broken goes to quarantine with the reasons', async (t) => {
  t.match(decideArrival({ signature: absent, seal: verdict('invalid', 'SEAL_FIELD_CHANGED') }, policy, 0, now),
    { kind: 'quarantine', reason: { code: 'SEAL', reasons: [{ code: 'SEAL_FIELD_CHANGED' }] } })
})

t.test('an indeterminate seal is asked for again, later and later, and never handed on silently', async (t) => {
  const unsure = verdict('indeterminate', 'LATER')
  const waits = [0, 1, 2, 3, 9].map((attempts) => {
    const decision = decideArrival({ signature: absent, seal: unsure }, policy, attempts, now)
    return decision.kind === 'ask-again' ? decision.nextAt.getTime() - now.getTime() : null
  })
  t.same(waits, [60_000, 300_000, 900_000, 3_600_000, 3_600_000])
})

t.test('a packet signature that the policy requires and that is not there keeps the packet out', async (t) => {
  t.match(decideArrival({ signature: absent, seal: valid }, { ...policy, packetSignature: 'required' }, 0, now), { kind: 'quarantine', reason: { code: 'PACKET_SIGNATURE' } })
})

t.test('a status packet has no seal to miss', async (t) => {
  t.same(decideArrival({ signature: absent, seal: null }, { ...policy, seals: 'required' }, 0, now), { kind: 'pass' })
})
