import t from 'tap'
import { afterFault, levelUntil, nextStep, tryAgainAt, type NextStep } from '../../src/outbound/pdf-level.ts'
import type { SignatureLevel } from '../../src/pdf/sign/request.ts'

const now = new Date('2026-11-22T08:00:00Z')
const later = (seconds: number) => new Date(now.getTime() + seconds * 1000)

t.test('a file gains what is wanted step by step, and goes with what it has when its time is over', async (t) => {
  const cases: [SignatureLevel, SignatureLevel, Date, NextStep][] = [
    ['B-B', 'B-B', later(60), 'finish'], ['B-B', 'B-T', later(60), 'stamp'], ['B-B', 'B-LT', later(60), 'stamp'],
    ['B-T', 'B-T', later(60), 'finish'], ['B-T', 'B-LT', later(60), 'validate'], ['B-LT', 'B-LT', later(60), 'finish'],
    ['B-B', 'B-T', now, 'finish'], ['B-T', 'B-LT', later(-1), 'finish'],
  ]
  for (const [level, wanted, until, expected] of cases) t.equal(nextStep({ level, wanted }, until, now), expected, `${level} of ${wanted}`)
  t.strictSame(levelUntil(now, 10), later(600))
})

t.test('what did not come is asked for again soon, then less often, and at last when the time is over', async (t) => {
  t.strictSame([0, 1, 4, 50].map((attempts) => tryAgainAt(attempts, later(600), now)), [later(5), later(10), later(60), later(60)])
  t.strictSame(tryAgainAt(4, later(7), now), later(7))
  t.strictSame([0, 4, 50].map((attempts) => afterFault(attempts, now)), [later(60), later(3600), later(3600)])
})
