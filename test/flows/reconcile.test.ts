/** Attempts whose outcome nobody knows: the axis is asked, and what it cannot clear up is left to a person. */
import t from 'tap'
import { openAlarms } from '../../src/alarms/alarms.ts'
import type { DocumentHeader } from '../../src/edxml/packet.ts'
import { connectPeer, createClock, createOddAxis } from '../support/axis.ts'
import { A, B, documentPacket, signedPacket, startWorld } from '../support/gateway.ts'
import { until } from '../support/until.ts'

const MINUTE = 60_000
type World = Awaited<ReturnType<typeof startWorld>>

const document = (number: string, changes: Partial<DocumentHeader> = {}) => signedPacket(documentPacket({ documentId: `id-${number}`, code: { codeNumber: number, codeNotation: 'VP' }, ...changes }))

const stateOf = async (world: World, id: string) => (await world.a.document(id)).deliveries[0].state as string

/** Lets several documents leave in one go. */
async function together (world: World, packets: Buffer[]): Promise<string[]> {
  await world.database.query(`insert into lane (connection_id, next_at) values ('axis', '2100-01-01')`)
  const ids: string[] = []
  for (const packet of packets) ids.push((await world.a.submit(packet)).json().id)
  await world.database.query(`update lane set next_at = '2020-01-01'`)
  await world.gateway.start()
  return ids
}

t.test('two documents with one number and notation, one of which was lost, are never taken for each other', async (t) => {
  const world = await startWorld(t)
  world.simulator.faults.push({ fault: { kind: 'drop', when: 'before' }, operation: 'sendEdoc', times: 1 }, { fault: { kind: 'drop', when: 'after' }, operation: 'sendEdoc', times: 1 })
  const ids = await together(world, [await document('1'), await document('1', { documentId: 'id-other', subject: 'Khác' })])
  for (const id of ids) t.equal(await until(async () => { const state = await stateOf(world, id); return state !== 'waiting' && state !== 'unknown' && state }), 'parked')
  t.same((await openAlarms(world.database)).map(({ kind }) => kind), ['dispatch.parked', 'dispatch.parked'])
  const { history } = (await world.a.document(ids[0]!)).deliveries[0]
  t.match(history.at(-1).detail.reason, /could be this one, or another/)
  t.equal(world.simulator.events.filter((event) => event.kind === 'accepted').length, 1, 'nothing is sent a second time')
})

t.test('a document is not taken for one that is still on its way', async (t) => {
  const axis = createOddAxis()
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  let number = 0
  axis.answer(async (packet, real) => {
    if (++number === 1) return { kind: 'unknown', reason: 'lost' }
    const outcome = await real(packet)
    if (number === 2) await released
    return outcome
  })
  const world = await startWorld(t, { edges: { connect: axis.connect }, policy: { sendTimeoutSeconds: 30 } })
  t.teardown(release) // also when the test fails: the gateway waits for what is on its way
  const [lost, slow] = await together(world, [await document('1'), await document('1', { documentId: 'id-other', subject: 'Khác' })])
  await until(async () => (await world.database.query(`select from delivery_event where detail ->> 'reason' like '%another that is being sent'`)).rowCount! > 0)
  release()
  await until(async () => await stateOf(world, slow!) === 'sent' && await stateOf(world, lost!) === 'sent')
  t.equal(world.simulator.events.filter((event) => event.kind === 'accepted').length, 2, 'the lost one was sent again, the other was not')
  await until(async () => (await world.b.mailbox()).items.length === 2)
})

t.test('statuses of two documents, one of which was lost, both arrive, once', async (t) => {
  const world = await startWorld(t)
  const { gateway, simulator, a, b } = world
  await gateway.start()
  const ids = [(await a.submit(await document('1'))).json().id, (await a.submit(await document('2'))).json().id]
  const items = await until(async () => { const { items } = await b.mailbox(); return items.length === 2 && items })
  simulator.faults.push({ fault: { kind: 'drop', when: 'before' }, operation: 'sendEdoc', times: 1 }, { fault: { kind: 'drop', when: 'after' }, operation: 'sendEdoc', times: 1 })
  await Promise.all(items.map(({ id }) => b.ask('POST', `/mailbox/${id}/ack`)))
  for (const id of ids) await until(async () => (await a.document(id)).deliveries[0].status === '01')
  t.equal(simulator.events.filter((event) => event.kind === 'accepted' && event.packet === 'status').length, 2)
})

t.test('a document that the axis lists under the agency\'s other code is found', async (t) => {
  const axis = createOddAxis()
  const world = await startWorld(t, { edges: { connect: (settings) => {
    const connection = axis.connect(settings)
    return { ...connection, async listSent (kind) {
      const listing = await connection.listSent(kind)
      return listing.kind === 'listed' ? { kind: 'listed', items: listing.items.map((row) => ({ ...row, fromCode: A.codes[1]!, toCode: B.codes[1]! })) } : listing
    } }
  } } })
  world.simulator.faults.push({ fault: { kind: 'drop', when: 'after' }, operation: 'sendEdoc', times: 1 })
  await world.gateway.start()
  const { id } = (await world.a.submit(await document('1'))).json()
  await until(async () => await stateOf(world, id) === 'sent')
  t.equal(world.simulator.events.filter((event) => event.kind === 'accepted').length, 1)
})

t.test('several traces of one document leave it to a person', async (t) => {
  const world = await startWorld(t)
  const { gateway, database, simulator, a } = world
  // Another program sends for the same system: its packet has the same number and notation.
  const peer = await connectPeer(t, database)
  t.equal((await peer.send({ kind: 'document', from: A.codes[0]!, to: [B.codes[0]!], bytes: await document('1', { subject: 'Của phần mềm khác' }) })).kind, 'accepted')
  simulator.faults.push({ fault: { kind: 'drop', when: 'after' }, operation: 'sendEdoc', times: 1 })
  await gateway.start()
  const { id } = (await a.submit(await document('1'))).json()
  await until(async () => await stateOf(world, id) === 'parked')
  t.match((await a.document(id)).deliveries[0].history.at(-1).detail.reason, /lists 2 packets/)
  t.equal(simulator.events.filter((event) => event.kind === 'accepted').length, 2, 'no third one')
})

t.test('a policy of asking a person parks what the axis does not list', async (t) => {
  const world = await startWorld(t, { policy: { unclear: 'park' } })
  world.simulator.faults.push({ fault: { kind: 'drop', when: 'before' }, operation: 'sendEdoc', times: 1 })
  await world.gateway.start()
  const { id } = (await world.a.submit(await document('1'))).json()
  await until(async () => await stateOf(world, id) === 'parked')
  t.match(await openAlarms(world.database), [{ kind: 'dispatch.parked' }])
  t.equal(world.simulator.events.filter((event) => event.kind === 'accepted').length, 0)
})

t.test('an axis that cannot be asked is asked again, and nothing is sent meanwhile', async (t) => {
  const clock = createClock()
  const world = await startWorld(t, { edges: { now: clock.now } })
  const { gateway, simulator, a, b } = world
  simulator.faults.push({ fault: { kind: 'drop', when: 'after' }, operation: 'sendEdoc', times: 1 }, { fault: { kind: 'html', status: 502, when: 'before' }, operation: 'getSentEdocList', times: 1 })
  await gateway.start()
  const { id } = (await a.submit(await document('1'))).json()
  await until(async () => await stateOf(world, id) === 'unknown')
  clock.forward(4000)
  await until(() => simulator.faults.length === 0)
  t.equal(await stateOf(world, id), 'unknown')
  clock.forward(MINUTE)
  await until(async () => await stateOf(world, id) === 'sent')
  t.equal(simulator.events.filter((event) => event.kind === 'accepted').length, 1)
  t.same((await a.document(id)).deliveries[0].history.map(({ kind }: { kind: string }) => kind), ['submitted', 'signed', 'unknown', 'unknown', 'sent'])
  await until(async () => (await b.mailbox()).items.length === 1)
})

t.test('a packet that the axis always chokes on holds up no other', async (t) => {
  const axis = createOddAxis()
  const poison = await document('1')
  let tried = 0
  axis.answer(async (packet, real) => {
    if (!Buffer.from(packet.bytes).includes('id-1<')) return real(packet)
    tried++
    return { kind: 'unknown', reason: 'HTTP 500' }
  })
  const clock = createClock()
  const world = await startWorld(t, { edges: { connect: axis.connect, now: clock.now } })
  await world.gateway.start()
  const { id } = (await world.a.submit(poison)).json()
  for (const attempts of [1, 2]) {
    await until(() => { clock.forward(1000); return tried === attempts })
    await until(async () => await stateOf(world, id) === 'unknown')
  }
  await until(async () => { clock.forward(500); return await stateOf(world, id) === 'waiting' })
  clock.forward(30_000)
  await world.a.submit(await document('2'))
  await until(async () => (await world.b.mailbox()).items.length === 1)
  t.equal(tried, 2, 'it rests, so that others can probe the lane')
})

t.test('an answer that comes after its attempt was given up still counts', async (t) => {
  const axis = createOddAxis()
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  axis.answer(async () => {
    await released
    return { kind: 'accepted', docId: 'late' }
  })
  const clock = createClock()
  const world = await startWorld(t, { edges: { connect: axis.connect, now: clock.now }, policy: { unclear: 'park' } })
  t.teardown(release) // also when the test fails: the gateway waits for what is on its way
  await world.gateway.start()
  const { id } = (await world.a.submit(await document('1'))).json()
  await until(async () => (await world.database.query(`select from dispatch where state = 'sending'`)).rowCount === 1)
  clock.forward(MINUTE) // the lease is over, as if this gateway had been frozen
  await until(async () => await stateOf(world, id) === 'parked')
  release()
  await until(async () => await stateOf(world, id) === 'sent')
  t.match((await world.a.document(id)).deliveries[0].history.at(-1).detail, { axisDocId: 'late' })
  t.same(await openAlarms(world.database), [], 'nobody has to look after it any more')
})
