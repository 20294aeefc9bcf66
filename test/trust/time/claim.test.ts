import t from 'tap'

import { judgeClaim } from '../../../src/trust/time/claim.ts'

const at = new Date('2026-06-01T00:00:00Z')
const after = (minutes: number) => new Date(at.getTime() + minutes * 60_000)

t.test('a claim before the proof, or a little after it, says nothing', async (t) => {
  for (const minutes of [-1_000_000, -60, 0, 59, 60]) t.strictSame(judgeClaim(after(minutes), at), { result: 'valid', reasons: [] }, `${minutes} min`)
})

t.test('a claim after the proof contradicts it', async (t) => {
  for (const minutes of [61, 5 * 60, 6 * 60 - 1, 8 * 60 + 1, 24 * 60, 1_000_000]) {
    t.match(judgeClaim(after(minutes), at), { result: 'indeterminate', reasons: [{ code: 'CLAIM_AFTER_PROOF' }] }, `${minutes} min`)
  }
  t.match(judgeClaim(new Date('never'), at), { result: 'indeterminate', reasons: [{ code: 'CLAIM_AFTER_PROOF' }] })
})

t.test('seven hours ahead, give or take one, is local time marked as UTC: named, and harmless', async (t) => {
  for (const hours of [6, 6.5, 7, 7.5, 8]) t.match(judgeClaim(after(hours * 60), at), { result: 'valid', reasons: [{ code: 'CLAIM_LOCAL_TIME' }] }, `${hours} h`)
  t.strictSame(judgeClaim(after(-7 * 60), at).reasons, [], 'but seven hours behind is nothing')
})
