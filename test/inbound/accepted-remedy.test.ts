import t from 'tap'
import { ACCEPTED_REMEDIES, acceptedRemedyFor, type AcceptedPacket, type AcceptedRemedy } from '../../src/inbound/accepted-remedy.ts'

const REVOKED = new Date('2026-11-20T00:00:00Z')
const [BEFORE, AFTER] = [new Date('2026-11-19T00:00:00Z'), new Date('2026-11-21T00:00:00Z')]
const packet = (changes: Partial<AcceptedPacket> = {}): AcceptedPacket => ({ kind: 'document', state: 'handed-on', items: [{ state: 'waiting' }], stampedAt: null, ...changes })

t.test('what to do about an accepted packet follows from what it is and how far it has come', async (t) => {
  const cases: [AcceptedPacket, AcceptedRemedy][] = [
    [packet(), 'hold-back'],
    [packet({ items: [{ state: 'waiting' }, { state: 'acknowledged' }] }), 'ask-sender'],
    [packet({ state: 'duplicate', items: [] }), 'no-effect'],
    [packet({ kind: 'status', state: 'applied', items: [] }), 'ask-status'],
    [packet({ kind: 'status', state: 'unmatched', items: [] }), 'no-effect'],
    [packet({ kind: 'submitted', state: 'submitted', items: [] }), 'ask-system'],
    [packet({ stampedAt: BEFORE }), 'proved'],
    [packet({ stampedAt: AFTER }), 'hold-back'],
  ]
  for (const [given, remedy] of cases) t.equal(acceptedRemedyFor(given, REVOKED), remedy)
  t.equal(acceptedRemedyFor(packet({ stampedAt: BEFORE }), null), 'hold-back', 'whoever has the key could have signed before as well')
  t.same(Object.keys(ACCEPTED_REMEDIES).sort(), [...new Set(cases.map(([, remedy]) => remedy))].sort())
})
