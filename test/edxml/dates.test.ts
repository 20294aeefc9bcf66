import t from 'tap'
import { readDay, readMoment, vietnamTimestamp, writeDay, writeMoment } from '../../src/edxml/dates.ts'

t.test('a day is read in the form of edXML, and in others with a mark', async (t) => {
  t.strictSame(readDay('2026/11/20'), { value: '2026-11-20', standard: true })
  for (const text of ['20/11/2026', '20-11-2026', '2026-11-20', '2026/11/20 08:30:00', '2026-11-20T08:30:00', '2026-11-20T08:30:00+07:00', '2026-11-20T01:30:00.000Z']) {
    t.strictSame(readDay(text), { value: '2026-11-20', standard: false }, text)
  }
  t.strictSame(readDay('1/2/2026')?.value, '2026-02-01', 'the day comes first')
})

t.test('a day is the day in Vietnam', async (t) => {
  t.equal(readDay('2026-11-20T17:00:00Z')?.value, '2026-11-21')
  t.equal(readDay('2026-11-20T16:59:59Z')?.value, '2026-11-20')
})

t.test('what is no day is none', async (t) => {
  for (const text of ['', 'null', '2014/02/30', '2026/13/01', '31/04/2026', '2026', '2026/11', '20/11/26', '11/20/2026', '2026/11-20', '0026/11/20', '2026/11/20 25:00:00', '2026/11/20x']) {
    t.equal(readDay(text), null, text)
  }
  t.equal(readDay('2028/02/29')?.value, '2028-02-29')
})

t.test('a moment is Vietnam time, whatever zone it came in', async (t) => {
  t.strictSame(readMoment('2026/11/20 08:30:00'), { value: '2026-11-20T08:30:00+07:00', standard: true })
  t.equal(readMoment('2026-11-20T01:30:00Z')?.value, '2026-11-20T08:30:00+07:00')
  t.equal(readMoment('2026-11-20T01:30:00-0100')?.value, '2026-11-20T09:30:00+07:00')
  t.equal(readMoment('20/11/2026 08:30')?.value, '2026-11-20T08:30:00+07:00')
  t.equal(readMoment('2026/11/20')?.value, '2026-11-20T00:00:00+07:00')
})

t.test('days and moments are written as edXML has them', async (t) => {
  t.equal(writeDay('2026-11-20'), '2026/11/20')
  t.equal(writeMoment('2026-11-20T01:30:00.000Z'), '2026/11/20 08:30:00')
  t.equal(writeMoment(vietnamTimestamp(new Date('2026-11-20T18:00:00Z'))), '2026/11/21 01:00:00')
  t.equal(writeDay('2026-02-30'), null)
  t.equal(writeMoment('soon'), null)
})
