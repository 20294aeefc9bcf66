import t from 'tap'
import { alarmsOf, calendarOf, warningFor, type CertificateUse, type Relied } from '../../src/agencies/expiry.ts'
import { makeCa, makeLeaf } from '../trust/world.ts'

const now = new Date('2026-06-01T00:00:00Z')
const DAY = 24 * 3600 * 1000
const inDays = (days: number) => new Date(now.getTime() + days * DAY)
const ca = makeCa('CA')
const relied = (days: number, use: CertificateUse = 'partner', whose = 'H90.01'): Relied =>
  ({ use, whose, certificate: makeLeaf(ca, { notAfter: inDays(days) }).certificate })

t.test('the most urgent warning whose time has come is due, and the last one stays', async (t) => {
  const cases: [days: number, warning: number | null][] = [[365, null], [60.1, null], [60, 60], [30.1, 60], [30, 30], [7.1, 30], [7, 7], [1.1, 7], [1, 1], [0, 1], [-5, 1]]
  for (const [days, warning] of cases) t.equal(warningFor(inDays(days), now), warning, `${days} days`)
})

t.test('the calendar begins with what expires next', async (t) => {
  t.match(calendarOf([relied(100), relied(-2, 'own'), relied(6, 'anchor', 'cipher-committee')], now).map(({ use, whose, daysLeft, warning }) => [use, whose, daysLeft, warning]),
    [['own', 'H90.01', -2, 1], ['anchor', 'cipher-committee', 6, 7], ['partner', 'H90.01', 100, null]])
})

t.test('a certificate needed for several things has one alarm, which names them all and grows louder', async (t) => {
  const one = relied(29)
  const uses: Relied[] = [one, { ...one, use: 'own', whose: 'H90.27' }, relied(300)]
  const [alarm, ...others] = alarmsOf(uses, now)
  t.equal(others.length, 0)
  t.match(alarm, { kind: 'certificate.expiry.30', en: /of the agency H90\.01; signs for the agency H90\.27.*expires 2026-06-30/, vi: /30 ngày/ })
  t.match(alarmsOf(uses, inDays(28)), [{ kind: 'certificate.expiry.1', subject: alarm!.subject, en: /^NOW/, vi: /^HỎA TỐC/ }])
  t.match(alarmsOf(uses, inDays(31)), [{ kind: 'certificate.expiry.1', en: /has expired/ }])
})
