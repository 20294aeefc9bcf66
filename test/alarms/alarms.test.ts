import t, { type Test } from 'tap'
import { clearAlarm, openAlarms, raiseAlarm } from '../../src/alarms/alarms.ts'
import { createTestDatabase } from '../support/database.ts'

const at = new Date('2026-01-05T08:00:00Z')
const ALARM = { at, kind: 'connection.credentials', subject: 'national', vi: 'Trục không chấp nhận khóa', en: 'The axis does not accept the secret' }

async function setup (t: Test) {
  const { database } = await createTestDatabase(t)
  const lines: unknown[] = []
  const log = {
    error: (fields: unknown, text?: string) => { lines.push(['error', fields, text]) },
    info: (fields: unknown, text?: string) => { lines.push(['info', fields, text]) },
  }
  return { database, log, lines }
}

t.test('an alarm that is raised is kept, and logged for a person', async (t) => {
  const { database, log, lines } = await setup(t)
  t.equal(await raiseAlarm(database, log, ALARM), true)
  t.match(await openAlarms(database), [ALARM])
  t.strictSame(lines, [['error', { alarm: ALARM.kind, subject: 'national' }, ALARM.en]])
})

t.test('raised again while it is open, it stays one alarm and is not logged again', async (t) => {
  const { database, log, lines } = await setup(t)
  const raised = await Promise.all(Array.from({ length: 10 }, () => raiseAlarm(database, log, ALARM)))
  t.equal(raised.filter(Boolean).length, 1)
  t.equal((await openAlarms(database)).length, 1)
  t.equal(lines.length, 1)
})

t.test('other kinds and other subjects are alarms of their own, listed oldest first', async (t) => {
  const { database, log } = await setup(t)
  await raiseAlarm(database, log, { ...ALARM, at: new Date('2026-01-06T00:00:00Z') })
  await raiseAlarm(database, log, { ...ALARM, subject: 'province' })
  await raiseAlarm(database, log, { ...ALARM, kind: 'dispatch.parked' })
  t.match(await openAlarms(database), [{ subject: 'province' }, { kind: 'dispatch.parked' }, { subject: 'national', kind: ALARM.kind }])
})

t.test('a cleared alarm is open no more, and can be raised anew', async (t) => {
  const { database, log, lines } = await setup(t)
  await raiseAlarm(database, log, ALARM)
  t.equal(await clearAlarm(database, log, ALARM), true)
  t.strictSame(await openAlarms(database), [])
  t.equal(await clearAlarm(database, log, ALARM), false)
  t.equal(await raiseAlarm(database, log, ALARM), true)
  t.strictSame(lines.map((line) => (line as unknown[])[0]), ['error', 'info', 'error'])
})
