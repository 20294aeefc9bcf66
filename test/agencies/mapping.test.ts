import t from 'tap'
import { fingerprintIn, momentIn, parseMapping } from '../../src/agencies/mapping.ts'

const hex = 'ab'.repeat(32)

t.test('CSV is read with any separator, quotes, a BOM and Windows lines; JSON says the same', async (t) => {
  const expected = [
    { certificate: 'Văn phòng, mới.cer', agency: 'H90.01', replaces: '*', from: new Date('2026-11-30T17:00:00Z') },
    { certificate: hex, agency: 'H90.27', replaces: hex, until: new Date('2027-01-01T00:00:00Z') },
  ]
  const rows = (separator: string) => ['certificate,agency,replaces,from,until', '"Văn phòng, mới.cer",H90.01,*,2026-12-01,', `${hex},H90.27,${hex},,2027-01-01T00:00Z`]
    .map((row) => row.replaceAll(/,(?! )/g, separator)).join('\r\n')
  for (const separator of [',', ';', '\t']) t.same(parseMapping(`\uFEFF${rows(separator)}\r\n`), expected, JSON.stringify(separator))
  t.same(parseMapping(JSON.stringify([
    { certificate: 'Văn phòng, mới.cer', agency: 'H90.01', replaces: '*', from: '2026-12-01' },
    { certificate: hex, agency: 'H90.27', replaces: hex.toUpperCase(), until: '2027-01-01T00:00Z' },
  ])), expected)
  t.same(parseMapping(''), [])
})

t.test('a fingerprint is known however people write it', async (t) => {
  t.equal(fingerprintIn(hex.toUpperCase().replaceAll(/(..)(?=.)/g, '$1:')), hex)
  t.equal(fingerprintIn('a.cer'), undefined)
})

t.test('a mapping that is wrong is refused with its line', async (t) => {
  const cases: [mapping: string, line: number | undefined, field: string][] = [
    ['a.cer,H90.01', 1, 'mapping'],
    ['certificate,agency,colour\na,b,c', 1, 'mapping'],
    ['certificate,agency\na.cer,H90.01\nb.cer', 3, 'mapping'],
    ['certificate,agency,until\na.cer,H90.01,tomorrow', 2, 'mapping'],
    ['certificate,agency,until\na.cer,H90.01,2026-99-99', 2, 'from, until'],
    ['certificate,agency,from,until\na.cer,H90.01,2027-01-01,2026-01-01', 2, 'until'],
    ['certificate,agency,replaces\na.cer,H90.01,old', 2, 'replaces'],
    ['certificate,agency\na,b,c', 2, 'mapping'],
    ['[{', undefined, 'mapping'],
    ['[{"certificate":"a"}]', undefined, 'mapping[0]'],
    ['[{"certificate":"a","agency":"b","x":1}]', undefined, 'mapping[0]'],
  ]
  for (const [mapping, line, field] of cases) {
    try {
      parseMapping(mapping)
      t.fail(mapping)
    } catch (error) {
      t.match(error, { code: 'CERTIFICATE_MAPPING_INVALID' })
      t.same([(error as { fault: { line?: number } }).fault.line, (error as { fault: { field?: string } }).fault.field], [line, field], mapping)
    }
  }
})

t.test('a moment without a zone is of Vietnamese time, wherever the machine is; what is no moment is none', async (t) => {
  const told = (text: string) => { const moment = momentIn(text); return Number.isNaN(moment.getTime()) ? null : moment.toISOString() }
  for (const text of ['2026-11-21', '2026-11-21T00:00', '2026-11-21 00:00:00', '2026-11-20T17:00:00.000Z', '2026-11-21t01:00:00+08:00']) t.equal(told(text), '2026-11-20T17:00:00.000Z', text)
  for (const text of ['', 'mai', '5', '2026', '2026-02-30', '2026-02-30T08:00', '2026-11-21T25:00', '21/11/2026']) t.equal(told(text), null, text)
})
