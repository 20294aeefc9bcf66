import t from 'tap'
import { afterAttempt, afterReconcile, SETTLE_MS } from '../../src/outbound/dispatch.ts'

const now = new Date('2026-01-05T08:00:00Z')
const patient = { unclear: 1, patienceUntil: new Date('2026-01-15T08:00:00Z') }
const impatient = { unclear: 40, patienceUntil: new Date('2026-01-05T07:59:59Z') }

t.test('a packet the axis accepts is sent, with the id the axis gave it', async (t) => {
  t.same(afterAttempt(patient, { kind: 'accepted', docId: 'x1' }, now), { state: 'sent', docId: 'x1' })
})

t.test('a packet the axis refuses is not sent again', async (t) => {
  t.same(afterAttempt(patient, { kind: 'refused', code: '22', reason: 'bad edXML' }, now), { state: 'refused', reason: '22: bad edXML' })
})

t.test('an axis that is away costs a document no patience: it waits, and only the lane knows when', async (t) => {
  t.same(afterAttempt(patient, { kind: 'unreachable', reason: 'connection refused' }, now), { state: 'waiting', nextAt: now, reason: 'connection refused' })
})

t.test('wrong credentials leave the document waiting', async (t) => {
  t.equal(afterAttempt(patient, { kind: 'credentials', reason: 'wrong secret' }, now).state, 'waiting')
})

t.test('a document is parked, never dropped, when its patience is over', async (t) => {
  t.equal(afterAttempt(impatient, { kind: 'unreachable', reason: 'away' }, now).state, 'parked')
  t.equal(afterReconcile(impatient, { kind: 'not-listed', reason: 'away' }, 'resend', now).state, 'parked')
})

t.test('an attempt without a clear answer is not repeated before the axis was asked', async (t) => {
  t.same(afterAttempt(patient, { kind: 'unknown', reason: 'time-out' }, now), { state: 'unknown', nextAt: new Date(now.getTime() + SETTLE_MS), reason: 'time-out' })
})

t.test('exactly one trace on the axis is the packet', async (t) => {
  t.same(afterReconcile(patient, { kind: 'listed', docIds: ['x1'], rivals: 'none' }, 'resend', now), { state: 'sent', docId: 'x1' })
})

t.test('no trace means that it never arrived: sent again, or kept for a person, as the policy says', async (t) => {
  t.equal(afterReconcile(patient, { kind: 'listed', docIds: [], rivals: 'none' }, 'resend', now).state, 'waiting')
  t.equal(afterReconcile(patient, { kind: 'listed', docIds: [], rivals: 'none' }, 'park', now).state, 'parked')
})

t.test('several traces are never made one more', async (t) => {
  t.equal(afterReconcile(patient, { kind: 'listed', docIds: ['x1', 'x2'], rivals: 'none' }, 'resend', now).state, 'parked')
})

t.test('a trace that another dispatch could have left is taken for nobody\'s', async (t) => {
  t.equal(afterReconcile(patient, { kind: 'listed', docIds: ['x1'], rivals: 'unclear' }, 'resend', now).state, 'parked')
  t.match(afterReconcile(patient, { kind: 'listed', docIds: ['x1'], rivals: 'under way' }, 'resend', now), { state: 'unknown', nextAt: new Date(now.getTime() + SETTLE_MS) })
})

t.test('a packet that an axis chokes on is sent again later and later, and not for ever', async (t) => {
  const minutes = [1, 2, 3, 4, 5, 50].map((unclear) => {
    const decision = afterReconcile({ ...patient, unclear }, { kind: 'listed', docIds: [], rivals: 'none' }, 'resend', now)
    return decision.state === 'waiting' ? (decision.nextAt.getTime() - now.getTime()) / 60_000 : null
  })
  t.same(minutes, [0, 1, 5, 30, 60, 60])
  t.equal(afterReconcile(impatient, { kind: 'listed', docIds: [], rivals: 'none' }, 'resend', now).state, 'parked')
})

t.test('an axis that cannot be asked leaves the outcome unknown', async (t) => {
  const decision = afterReconcile(patient, { kind: 'not-listed', reason: 'away' }, 'resend', now)
  t.equal(decision.state, 'unknown')
  t.ok('nextAt' in decision && decision.nextAt > now)
})
