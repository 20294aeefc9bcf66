/** What becomes of documents when their axis is away, says no, or does not know us. */
import t from 'tap'
import { createVault } from '../../src/access/secrets.ts'
import { applySetup } from '../../src/admin/apply.ts'
import { parseSetup } from '../../src/admin/setup.ts'
import { openAlarms } from '../../src/alarms/alarms.ts'
import type { Database } from '../../src/database/database.ts'
import { createClock, createOddAxis } from '../support/axis.ts'
import { documentPacket, setupFor, signedPacket, startWorld } from '../support/gateway.ts'
import { until } from '../support/until.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
type Event = { kind: string, detail: { reason?: string } }

const document = (number: string, changes: object = {}) => signedPacket(documentPacket({ documentId: `H90.01,2026/01/05,${number}/VP`, code: { codeNumber: number, codeNotation: 'VP' }, ...changes }))

async function laneOf (database: Database) {
  const { rows: [lane] } = await database.query<{ health: string, failures: number, paused: boolean }>('select health, failures, paused from lane')
  return lane
}

/** Keeps the lane from sending until it is woken, so that several documents leave together. */
const rest = (database: Database) => database.query(`insert into lane (connection_id, next_at) values ('axis', '2100-01-01')`)
const wake = (database: Database, now: Date) => database.query('update lane set next_at = $1', [now])

async function attemptsOf (database: Database): Promise<number> {
  return (await database.query('select from attempt')).rowCount!
}

t.test('an axis that is away is probed by one document at a time, and all leave when it is back', async (t) => {
  const clock = createClock()
  const { gateway, database, simulator, a, b } = await startWorld(t, { edges: { now: clock.now } })
  const { rows: [connection] } = await database.query<{ port: string }>(`select substring(base_url from ':(\\d+)/') as port from connection`)
  await simulator.close()
  await gateway.start()
  const { id } = (await a.submit(await document('1'))).json()
  await until(async () => (await laneOf(database))?.health === 'suspect')
  for (const number of ['2', '3', '4']) await a.submit(await document(number))
  await a.submit(await document('5', { otherInfo: { priority: 3, appendixes: [] } }))
  t.equal(await attemptsOf(database), 1, 'the others are not even tried')

  clock.forward(MINUTE)
  await until(async () => (await laneOf(database))?.health === 'down')
  t.equal(await attemptsOf(database), 2, 'one more probe')
  t.same((await database.query(`select state, count(*)::int from dispatch group by state`)).rows, [{ state: 'waiting', count: 5 }])

  await simulator.listen({ port: Number(connection!.port) })
  clock.forward(MINUTE)
  await until(async () => (await b.mailbox()).items.length === 5)
  t.match(await laneOf(database), { health: 'up', failures: 0, paused: false })
  const accepted = simulator.events.flatMap((event) => event.kind === 'accepted' ? [event.notation] : [])
  t.equal(accepted.length, 5)
  t.equal(accepted[0], '5/VP', 'the most urgent was the probe that got through')
  const { history } = (await a.document(id)).deliveries[0]
  t.same(history.map(({ kind }: Event) => kind), ['submitted', 'signed', 'waiting', 'sent'])
  t.match(history[2].detail.reason, /ECONNREFUSED/)
  t.same(await openAlarms(database), [], 'nobody has to act')
})

t.test('attempts that fail side by side do not take the lane down for minutes', async (t) => {
  const { gateway, database, simulator, a } = await startWorld(t)
  await simulator.close()
  await rest(database)
  for (let number = 1; number <= 8; number++) await a.submit(await document(String(number)))
  await wake(database, new Date())
  await gateway.start()
  await until(async () => (await database.query('select from attempt where outcome is not null')).rowCount === 8)
  t.match(await laneOf(database), { health: 'suspect', failures: 1 })
})

t.test('wrong credentials pause the connection with an alarm; nothing is lost, and applying the set-up again lets it go on', async (t) => {
  const { gateway, database, simulator, config, a, b } = await startWorld(t)
  simulator.faults.push({ fault: { kind: 'html', status: 401, when: 'before' }, operation: 'sendEdoc', times: 1 })
  await gateway.start()
  const { id } = (await a.submit(await document('1'))).json()
  await until(async () => (await laneOf(database))?.paused)
  await a.submit(await document('2'))
  t.equal(await attemptsOf(database), 1, 'a paused connection is not asked again')
  t.equal((await a.document(id)).deliveries[0].state, 'waiting')
  t.match(await openAlarms(database), [{ kind: 'connection.credentials', subject: 'axis' }])

  const { rows: [connection] } = await database.query<{ url: string }>('select base_url as url from connection')
  await applySetup(parseSetup(JSON.stringify(setupFor(connection!.url))), { database, vault: createVault(config.masterKey), now: new Date(), actor: 'test' })
  await until(async () => (await b.mailbox()).items.length === 2)
  t.match(await laneOf(database), { health: 'up', paused: false })
  await until(async () => (await openAlarms(database)).length === 0)
})

t.test('wrong credentials are noticed also where nothing is to be sent', async (t) => {
  const { gateway, database, simulator } = await startWorld(t)
  simulator.faults.push({ fault: { kind: 'refuse', code: '15', reason: 'Sai SystemId' }, operation: 'getReceivedEdocList', times: 1 })
  await gateway.start()
  await until(async () => (await openAlarms(database)).some(({ kind }) => kind === 'connection.credentials'))
  t.ok((await laneOf(database))?.paused)
})

t.test('a connection that is changed is used as changed at once, also while packets are on their way', async (t) => {
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  const sent: number[] = []
  const axis = createOddAxis()
  const { gateway, database, config, a } = await startWorld(t, { policy: { sendTimeoutSeconds: 30 }, edges: { connect: (settings) => ({ ...axis.connect(settings), async send () {
    sent.push(settings.policy.sendTimeoutSeconds)
    if (sent.length === 1) await released
    return { kind: 'accepted', docId: String(sent.length) }
  } }) } })
  t.teardown(release) // also when the test fails: the gateway waits for what is on its way
  await gateway.start()
  await a.submit(await document('1'))
  await until(() => sent.length === 1)
  const { rows: [connection] } = await database.query<{ url: string }>('select base_url as url from connection')
  await applySetup(parseSetup(JSON.stringify(setupFor(connection!.url, { policy: { sendTimeoutSeconds: 7 } }))), { database, vault: createVault(config.masterKey), now: new Date(), actor: 'test' })
  await a.submit(await document('2'))
  await until(() => sent.length === 2)
  t.same(sent, [30, 7])
  release()
})

t.test('a packet that the axis refuses says why, raises an alarm, and holds up no other', async (t) => {
  const { gateway, database, simulator, a, b } = await startWorld(t)
  simulator.faults.push({ fault: { kind: 'refuse', code: '23', reason: 'Don vi nhan bi khoa' }, operation: 'sendEdoc', times: 1 })
  await gateway.start()
  const { id } = (await a.submit(await document('1'))).json()
  const refused = await until(async () => { const { deliveries: [delivery] } = await a.document(id); return delivery.state === 'refused' && delivery })
  t.match(refused.history.at(-1), { kind: 'refused', detail: { outcome: 'refused', reason: '23: Don vi nhan bi khoa' } })
  t.match(await openAlarms(database), [{ kind: 'dispatch.refused' }])
  await a.submit(await document('2'))
  t.equal((await until(async () => { const { items } = await b.mailbox(); return items.length > 0 && items }))[0]!.number, '2')
  t.equal(simulator.events.filter((event) => event.kind === 'accepted').length, 1, 'what was refused is not sent again')
})

t.test('a document that the axis refused leaves again when it is submitted again; one that may be on the axis does not', async (t) => {
  const axis = createOddAxis()
  const outcomes = [{ kind: 'refused', code: '23', reason: 'Don vi nhan bi khoa' }, { kind: 'unknown', reason: 'lost' }] as const
  let number = 0
  axis.answer(async (packet, real) => outcomes[number++] ?? real(packet))
  const { gateway, database, a, b } = await startWorld(t, { edges: { connect: axis.connect }, policy: { unclear: 'park' } })
  await gateway.start()
  const refused = await document('1')
  const parked = await document('2')
  const { id } = (await a.submit(refused)).json()
  await until(async () => (await a.document(id)).deliveries[0].state === 'refused')
  const other = (await a.submit(parked)).json()
  await until(async () => (await a.document(other.id)).deliveries[0].state === 'parked')
  t.equal((await a.submit(refused)).json().id, id)
  t.equal((await a.submit(parked)).json().id, other.id)
  t.equal((await until(async () => { const { items } = await b.mailbox(); return items.length > 0 && items }))[0]!.number, '1')
  t.same((await a.document(id)).deliveries[0].history.map(({ kind }: Event) => kind), ['submitted', 'signed', 'refused', 'submitted', 'sent'])
  t.equal((await a.document(other.id)).deliveries[0].state, 'parked')
  t.match(await openAlarms(database), [{ kind: 'dispatch.parked' }])
  t.equal(number, 3)
})

t.test('a document whose patience is over is parked, with an alarm and the reason', async (t) => {
  const clock = createClock()
  const { gateway, database, simulator, a } = await startWorld(t, { edges: { now: clock.now } })
  await simulator.close()
  const { id } = (await a.submit(await document('1'))).json()
  clock.forward(11 * DAY)
  await gateway.start()
  const parked = await until(async () => { const { deliveries: [delivery] } = await a.document(id); return delivery.state === 'parked' && delivery })
  t.match(parked.history.at(-1).detail.reason, /^patience is over: .*ECONNREFUSED/)
  t.match(await openAlarms(database), [{ kind: 'dispatch.parked' }])
})

t.test('a document that cannot be made ready waits with an alarm, and its lane goes on', async (t) => {
  const clock = createClock()
  const { gateway, database, a, b } = await startWorld(t, { edges: { now: clock.now } })
  await rest(database)
  const { id } = (await a.submit(await document('1'))).json()
  await a.submit(await document('2'))
  await database.query(`update document set header = header - 'to' where id = $1`, [id])
  await wake(database, clock.now())
  await gateway.start()
  await until(async () => (await b.mailbox()).items.length === 1)
  const { deliveries: [delivery] } = await until(async () => { const found = await a.document(id); return found.deliveries[0].history.length > 1 && found })
  t.equal(delivery.state, 'waiting')
  t.match(delivery.history[1], { kind: 'waiting', detail: { reason: 'the gateway could not make the packet ready' } })
  t.match(await openAlarms(database), [{ kind: 'dispatch.not-ready' }])

  await database.query(`update document set header = jsonb_set(header, '{to}', '[{"organId": "H90.27"}]') where id = $1`, [id])
  clock.forward(2 * MINUTE)
  await until(async () => (await b.mailbox()).items.length === 2)
  t.same(await openAlarms(database), [])
})

t.test('a gateway that stops finishes what is on its way, and takes on no more of its backlog', async (t) => {
  const axis = createOddAxis()
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  let sent = 0
  axis.answer(async (packet, real) => {
    sent++
    await released
    return real(packet)
  })
  const { gateway, database, simulator, a } = await startWorld(t, { edges: { connect: axis.connect }, policy: { sendTimeoutSeconds: 30 } })
  t.teardown(release) // also when the test fails: the gateway waits for what is on its way
  await rest(database)
  for (let number = 1; number <= 20; number++) await a.submit(await document(String(number)))
  await wake(database, new Date())
  await gateway.start()
  await until(() => sent === 8)
  const stopped = gateway[Symbol.asyncDispose]()
  release()
  await stopped
  t.equal(sent, 8)
  t.equal(simulator.events.filter((event) => event.kind === 'accepted').length, 8)
  t.same((await database.query('select state, count(*)::int from dispatch group by state order by state')).rows, [{ state: 'sent', count: 8 }, { state: 'waiting', count: 12 }])
})
