import t from 'tap'
import { isKnown, mayReport, statusAfter } from '../../src/lifecycle/status.ts'

t.test('a status moves forward only: a late one takes nothing back', async (t) => {
  t.equal(statusAfter(null, '01'), '01')
  t.equal(statusAfter('01', '03'), '03')
  t.equal(statusAfter('05', '03'), '05')
  t.equal(statusAfter('03', '06'), '06')
})

t.test('a status that no list knows, and an answer to a request, change nothing', async (t) => {
  t.equal(statusAfter('03', '-1'), '03')
  t.equal(statusAfter('03', '15'), '03')
  t.notOk(isKnown('0'))
  t.notOk(isKnown('constructor'))
})

t.test('a system may report 05 as often as it likes, and every other step once', async (t) => {
  t.ok(mayReport('05', '05'))
  t.notOk(mayReport('03', '03'))
  t.notOk(mayReport('06', '05'))
})

t.test('a refused document has no further progress, and an accepted one is not refused any more', async (t) => {
  t.notOk(mayReport('02', '03'))
  t.notOk(mayReport('03', '02'))
  t.ok(mayReport('01', '02'))
})
