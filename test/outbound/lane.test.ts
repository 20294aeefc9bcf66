import t from 'tap'
import { laneAfter, windowOf, type Lane } from '../../src/outbound/lane.ts'

const now = new Date('2026-01-05T08:00:00Z')
const up: Lane = { health: 'up', failures: 0 }

t.test('success on a healthy lane changes nothing, so nothing is written', async (t) => {
  t.equal(laneAfter(up, { kind: 'accepted', docId: 'x' }, now), null)
})

t.test('one failure makes a lane suspect, a second one takes it down', async (t) => {
  const suspect = laneAfter(up, { kind: 'unreachable', reason: 'refused' }, now)!
  t.equal(suspect.health, 'suspect')
  t.equal(laneAfter(suspect, { kind: 'unknown', reason: 'time-out' }, now)!.health, 'down')
})

t.test('the waits between probes grow and stay below five minutes', async (t) => {
  let lane: Lane = up
  const waits = Array.from({ length: 10 }, () => {
    const after = laneAfter(lane, { kind: 'unreachable', reason: 'away' }, now)!
    lane = after
    return after.nextAt.getTime() - now.getTime()
  })
  t.same(waits, waits.toSorted((a, b) => a - b))
  t.equal(waits.at(-1), 300_000)
})

t.test('whatever got through, even a refusal, brings a lane up at once', async (t) => {
  const down: Lane = { health: 'down', failures: 7 }
  t.match(laneAfter(down, { kind: 'accepted', docId: 'x' }, now), { health: 'up', failures: 0, nextAt: now })
  t.match(laneAfter(down, { kind: 'refused', code: '22', reason: 'bad' }, now), { health: 'up', failures: 0 })
})

t.test('wrong credentials pause a lane until a person acts', async (t) => {
  t.match(laneAfter(up, { kind: 'credentials', reason: 'secret' }, now), { paused: true })
})

t.test('a lane that is not up is probed with one packet at a time', async (t) => {
  t.equal(windowOf(up, 8), 8)
  t.equal(windowOf({ health: 'suspect', failures: 1 }, 8), 1)
})
