import t from 'tap'
import { currentKey, signingKey, standingOf, type KeyTerm, type KeyWorth } from '../../src/agencies/key-choice.ts'

const day = (text: string) => new Date(`${text}T00:00:00+07:00`)
const key = (activeFrom: string | null, changes: Partial<KeyTerm> = {}): KeyTerm => ({ activeFrom: activeFrom === null ? null : day(activeFrom), addedAt: day('2026-01-01'), retiredAt: null, ...changes })

t.test('an agency signs with the key that began last', async (t) => {
  const old = key(null)
  const next = key('2026-12-01')
  const keys = [next, old]
  t.equal(currentKey(keys, day('2026-11-30')), old)
  t.equal(currentKey(keys, day('2026-12-01')), next, 'from midnight in Vietnam on')
  t.same(keys.map((one) => standingOf(one, keys, day('2026-11-30'))), ['next', 'current'])
  t.same(keys.map((one) => standingOf(one, keys, day('2026-12-02'))), ['current', 'past'])
})

t.test('of two that began together the one that came later signs', async (t) => {
  const [one, other] = [key('2026-12-01', { addedAt: day('2026-01-02') }), key('2026-12-01')]
  t.equal(currentKey([one, other], day('2026-12-02')), one)
})

t.test('a retired key never signs again, and without another nobody does', async (t) => {
  const retired = key('2026-12-01', { retiredAt: day('2026-12-05') })
  t.equal(currentKey([key(null), retired], day('2026-12-06'))?.activeFrom, null, 'the one before signs again')
  t.equal(currentKey([retired], day('2026-12-06')), undefined)
  t.equal(standingOf(retired, [retired], day('2026-12-06')), 'retired')
  t.equal(currentKey([key('2026-12-01')], day('2026-11-30')), undefined, 'nor does one that has not begun')
})

t.test('a key that is known to be revoked does not sign: the latest other that is good does, or none', async (t) => {
  const [first, second, third, next] = [key(null), key('2026-02-01'), key('2026-03-01'), key('2027-01-01')]
  const keys = [first, second, third, next]
  const signs = (...worths: KeyWorth[]) => signingKey(keys, (one) => worths[keys.indexOf(one)]!, day('2026-11-21'))
  t.equal(signs('good', 'good', 'good', 'good'), third)
  t.equal(signs('good', 'good', 'revoked', 'good'), second)
  t.equal(signs('good', 'invalid', 'revoked', 'good'), first)
  t.equal(signs('invalid', 'revoked', 'revoked', 'good'), undefined)
  t.equal(signs('good', 'good', 'invalid', 'good'), third, 'an expired one is not left by itself: that is told by the calendar')
})
