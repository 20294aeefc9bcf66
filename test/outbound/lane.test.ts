import t from 'tap'
import { laneAfter, windowOf, type Lane } from '../../src/outbound/lane.ts'

const now = new Date('2026-01-05T08:00:00Z')
const up: Lane = { health: 'up', failures: 0, nextAt: now }

t.test('success on a healthy lane changes nothing, so nothing is written', async (t) => {
  t.equal(laneAfter(up, { kind: 'accepted', docId: 'x' }, now, now), null)
})

t.test('one failure makes a lane suspect, a second one takes it down', async (t) => {
  const suspect = laneAfter(up, { kind: 'unreachable', reason: 'refused' }, now, now)!
  t.equal(suspect.health, 'suspect')
  t.equal(laneAfter(suspect, { kind: 'unknown', reason: 'time-out' }, now, now)!.health, 'down')
})

t.test('the waits between probes grow and stay below five minutes', async (t) => {
  let lane: Lane = up
  const waits = Array.from({ length: 10 }, () => {
    const after = laneAfter(lane, { kind: 'unreachable', reason: 'away' }, now, now)!
    lane = after
    return after.nextAt.getTime() - now.getTime()
  })
  t.same(waits, waits.toSorted((a, b) => a - b))
  t.equal(waits.at(-1), 300_000)
})

t.test('whatever got through, even a refusal, brings a lane up at once', async (t) => {
  const down: Lane = { health: 'down', failures: 7, nextAt: now }
  t.match(laneAfter(down, { kind: 'accepted', docId: 'x' }, now, now), { health: 'up', failures: 0, nextAt: now })
  t.match(laneAfter(down, { kind: 'refused', code: '22', reason: 'bad' }, now, now), { health: 'up', failures: 0 })
})

t.test('attempts that fail side by side are one failure', async (t) => {
  const before = new Date(now.getTime() - 1)
  const suspect = laneAfter(up, { kind: 'unreachable', reason: 'refused' }, before, now)!
  t.equal(laneAfter(suspect, { kind: 'unreachable', reason: 'refused' }, before, new Date(now.getTime() + 1)), null)
  t.equal(laneAfter(suspect, { kind: 'unreachable', reason: 'refused' }, suspect.nextAt, suspect.nextAt)!.failures, 2, 'the next probe counts')
})

t.test('a lane that is not up is probed with one packet at a time', async (t) => {
  t.equal(windowOf(up, 8), 8)
  t.equal(windowOf({ ...up, health: 'suspect', failures: 1 }, 8), 1)
})
