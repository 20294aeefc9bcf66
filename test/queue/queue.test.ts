import t from 'tap'
import { PgBoss } from 'pg-boss'
import { openDatabase } from '../../src/database/database.ts'
import type { JobHandlers, JobName, NewJob } from '../../src/jobs.ts'
import { openQueue } from '../../src/queue/queue.ts'
import { QUEUES } from '../../src/queue/queues.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { until } from '../support/until.ts'

const SEND: NewJob = { name: 'outbound.send', data: { connectionId: 'axis' }, key: 'axis' }

t.test('a job and the change it follows from commit together', async (t) => {
  const { database, queue } = await setup(t)
  await t.rejects(database.transaction(async (tx) => {
    await queue.wake(tx, [SEND])
    throw new Error('rolled back')
  }), { message: 'rolled back' })
  t.strictSame(await waiting(database), [])

  await database.transaction((tx) => queue.wake(tx, [SEND]))
  t.strictSame(await waiting(database), ['outbound.send axis'])
})

t.test('while a job waits, a second one with its key is not added', async (t) => {
  const { database, queue } = await setup(t)
  await database.transaction((tx) => queue.wake(tx, [SEND, SEND]))
  await database.transaction((tx) => queue.wake(tx, [SEND, { ...SEND, data: { connectionId: 'other' }, key: 'other' }]))
  t.strictSame(await waiting(database), ['outbound.send axis', 'outbound.send other'])
})

t.test('transactions that add the same job do not wait for each other', async (t) => {
  const { database, queue } = await setup(t)
  await database.transaction(async (first) => {
    await queue.wake(first, [SEND])
    await database.transaction((second) => queue.wake(second, [SEND]))
  })
  t.strictSame(await waiting(database), ['outbound.send axis'])
})

t.test('a job that is due later neither runs earlier nor keeps one that is due now from running', async (t) => {
  const { database, queue, ran } = await setup(t)
  const inAnHour = new Date(Date.now() + 3600_000)
  const soon = new Date(Date.now() + 1500)
  await database.transaction((tx) => queue.wake(tx, [
    { name: 'outbound.reconcile', data: { connectionId: 'axis' }, key: 'axis', startAt: inAnHour },
    { name: 'outbound.send', data: { connectionId: 'later' }, key: 'axis', startAt: soon },
    SEND,
  ]))
  await queue.start(ran.handlers)
  await until(() => ran.names.length === 2)
  t.strictSame(ran.names, ['outbound.send axis', 'outbound.send later'])
  t.ok(Date.now() >= soon.getTime())
  t.strictSame(await waiting(database), [`outbound.reconcile axis ${inAnHour.toISOString().slice(0, 19)}`])
})

t.test('a job runs within a second of its commit', async (t) => {
  const { database, queue, ran } = await setup(t)
  await queue.start(ran.handlers)
  await database.transaction((tx) => queue.wake(tx, [SEND]))
  const committed = Date.now()
  await until(() => ran.names.length === 1)
  t.ok(Date.now() - committed < 1000)
})

t.test('a job whose handler fails runs again, and the failure is told', async (t) => {
  const { database, queue, ran, errors } = await setup(t)
  ran.failures = 1
  await database.transaction((tx) => queue.wake(tx, [SEND]))
  await queue.start(ran.handlers)
  await until(() => ran.names.length === 2)
  t.strictSame(errors.map((error) => error.message), ['not this time'])
})

t.test('a job waits until a gateway runs, and runs once when it has ended well', async (t) => {
  const { database, queue, gatewayUrl, ran } = await setup(t)
  await database.transaction((tx) => queue.wake(tx, [SEND]))
  await queue[Symbol.asyncDispose]()

  for (let restarts = 0; restarts < 2; restarts++) {
    const again = openDatabase(gatewayUrl, 4, () => {})
    const later = await openQueue({ database: again, onError: (error) => t.fail(error.message) })
    await later.start(ran.handlers)
    await until(async () => (await states(database))[0] === 'completed')
    await later[Symbol.asyncDispose]()
    await again[Symbol.asyncDispose]()
  }
  t.strictSame(ran.names, ['outbound.send axis'])
})

t.test('stopping waits for the handler that runs', async (t) => {
  const { database, queue, ran } = await setup(t)
  const gate = Promise.withResolvers<void>()
  const started = Promise.withResolvers<void>()
  await queue.start({ ...ran.handlers, 'outbound.send': async () => { started.resolve(); await gate.promise } })
  await database.transaction((tx) => queue.wake(tx, [SEND]))
  await started.promise
  const stopped = queue[Symbol.asyncDispose]()
  gate.resolve()
  await stopped
  t.strictSame(await states(database), ['completed'])
})

t.test('a job can be run by the clock', async (t) => {
  const { database, queue } = await setup(t)
  await queue.every('rescue', '* * * * *')
  await queue.every('rescue', '*/5 * * * *')
  const { rows } = await database.query('select name, cron from queue.schedule')
  t.strictSame(rows, [{ name: 'rescue', cron: '*/5 * * * *' }])
})

t.test("the gateway's role can do the queue's housekeeping", async (t) => {
  const { gatewayUrl } = await setup(t)
  const boss = new PgBoss({ connectionString: gatewayUrl, schema: 'queue', migrate: false, reindex: false, maintenanceIntervalSeconds: 1, monitorIntervalSeconds: 1 })
  boss.on('error', (error) => t.fail(error.message))
  await boss.start()
  await boss.supervise()
  await boss.stop()
})

async function setup (t: Tap) {
  const { database, gatewayUrl } = await createTestDatabase(t)
  const errors: Error[] = []
  const queue = await openQueue({ database, onError: (error) => { errors.push(error) } })
  t.teardown(() => queue[Symbol.asyncDispose]())
  return { database, gatewayUrl, queue, errors, ran: recorder() }
}

type Tap = { teardown (end: () => PromiseLike<void>): void }

function recorder () {
  const ran = { names: [] as string[], failures: 0, handlers: {} as JobHandlers }
  const record = (name: JobName) => async (data: { connectionId?: string }) => {
    ran.names.push(`${name} ${data.connectionId}`)
    if (ran.failures-- > 0) throw new Error('not this time')
  }
  ran.handlers = Object.fromEntries((Object.keys(QUEUES) as JobName[]).map((name) => [name, record(name)])) as unknown as JobHandlers
  return ran
}

async function waiting (database: TestDatabase['database']): Promise<string[]> {
  const { rows } = await database.query("select name || ' ' || singleton_key as job from queue.job where state = 'created' order by 1")
  return rows.map(({ job }) => job)
}

async function states (database: TestDatabase['database']): Promise<string[]> {
  const { rows } = await database.query('select state from queue.job')
  return rows.map(({ state }) => state)
}
