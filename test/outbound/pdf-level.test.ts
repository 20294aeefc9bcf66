import t from 'tap'
import { afterFault, levelUntil, nextStep, tryAgainAt, type NextStep } from '../../src/outbound/pdf-level.ts'
import type { SignatureLevel } from '../../src/pdf/sign/request.ts'

const now = new Date('2026-11-22T08:00:00Z')
const later = (seconds: number) => new Date(now.getTime() + seconds * 1000)

t.test('a file gains what is wanted step by step; where nothing is waited for it goes with what it has', async (t) => {
  const cases: [SignatureLevel, SignatureLevel, number, NextStep][] = [
    ['B-B', 'B-B', 10, 'finish'], ['B-B', 'B-T', 10, 'stamp'], ['B-B', 'B-LT', 10, 'stamp'],
    ['B-T', 'B-T', 10, 'finish'], ['B-T', 'B-LT', 10, 'validate'], ['B-LT', 'B-LT', 10, 'finish'],
    ['B-B', 'B-T', 0, 'finish'], ['B-T', 'B-LT', 0, 'finish'],
  ]
  for (const [level, wanted, levelMinutes, expected] of cases) t.equal(nextStep({ level, wanted, levelMinutes }), expected, `${level} of ${wanted} in ${levelMinutes} minutes`)
  t.strictSame(levelUntil(now, 10), later(600))
})

t.test('what did not come is asked for again soon, then less often, and at last when the time is over', async (t) => {
  t.strictSame([0, 1, 4, 50].map((attempts) => tryAgainAt(attempts, later(600), now)), [later(5), later(10), later(60), later(60)])
  t.strictSame(tryAgainAt(4, later(7), now), later(7))
  t.strictSame([now, later(-1)].map((until) => tryAgainAt(4, until, now)), [null, null], 'once: what was tried when the time is over was the last try')
  t.strictSame([0, 4, 50].map((attempts) => afterFault(attempts, now)), [later(60), later(3600), later(3600)])
})
