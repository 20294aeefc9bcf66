import t from 'tap'
import type { DispatchState } from '../../src/outbound/dispatch.ts'
import { remedyFor, REMEDIES, type Remedy, type SignedPacket } from '../../src/outbound/remedy.ts'

const REVOKED = new Date('2026-11-20T00:00:00Z')
const BEFORE = new Date('2026-11-19T23:59:59Z')

const packet = (state: DispatchState, changes: Partial<SignedPacket> = {}): SignedPacket => ({ kind: 'document', state, mayHaveLeft: false, stampedAt: null, ...changes })

t.test('what has not left is signed again, whatever a time-stamp says: the recipient would judge it today', async (t) => {
  for (const state of ['waiting', 'refused', 'parked'] as const) {
    t.equal(remedyFor(packet(state), null), 'sign-again', state)
    t.equal(remedyFor(packet(state, { stampedAt: BEFORE }), REVOKED), 'sign-again', state)
  }
  t.equal(remedyFor(packet('waiting', { mayHaveLeft: true }), null), 'sign-again', 'the axis has said that it does not have it')
})

t.test('what is under way is looked at again', async (t) => {
  for (const state of ['sending', 'unknown'] as const) t.equal(remedyFor(packet(state, { mayHaveLeft: true, stampedAt: BEFORE }), REVOKED), 'look-again')
})

t.test('what was sent is told to its recipients, unless a time-stamp from before the revocation proves it', async (t) => {
  const cases: [stampedAt: Date | null, revokedAt: Date | null, remedy: Remedy][] = [
    [null, null, 'tell-recipient'],
    [null, REVOKED, 'tell-recipient'],
    [BEFORE, REVOKED, 'proved'],
    [REVOKED, REVOKED, 'tell-recipient'],
    [BEFORE, null, 'tell-recipient'], // whoever had the key could have it stamped as well
  ]
  for (const [stampedAt, revokedAt, remedy] of cases) t.equal(remedyFor(packet('sent', { stampedAt }), revokedAt), remedy)
  t.equal(remedyFor(packet('parked', { mayHaveLeft: true }), null), 'ask-recipient')
  t.equal(remedyFor(packet('parked', { mayHaveLeft: true, stampedAt: BEFORE }), REVOKED), 'proved')
})

t.test('a status that was sent stands in our history', async (t) => {
  t.equal(remedyFor(packet('sent', { kind: 'status' }), null), 'on-record')
})

t.test('every remedy is told in Vietnamese and English', async (t) => {
  for (const [vi, en] of Object.values(REMEDIES)) t.ok(vi.length > 20 && en.length > 20)
})
