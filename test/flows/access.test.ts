/** Who may see and do what, when systems, agencies and keys change, and when everything is asked at once. */
import t from 'tap'
import { createSystemKey, revokeKey } from '../../src/access/keys.ts'
import { createVault } from '../../src/access/secrets.ts'
import { applySetup } from '../../src/admin/apply.ts'
import { parseSetup } from '../../src/admin/setup.ts'
import { createClock } from '../support/axis.ts'
import { A, B, documentPacket, signedPacket, startWorld } from '../support/gateway.ts'
import { until } from '../support/until.ts'

const C = { codes: ['H90.33', '000.00.33.H90'], name: 'UBND xã Ví Dụ' }
const KEY_CACHE_MS = 6000
type World = Awaited<ReturnType<typeof startWorld>>
type Event = { kind: string, detail: { code?: string } }

async function received (world: World, count = 1) {
  return until(async () => { const { items } = await world.b.mailbox(); return items.length === count && items })
}

async function apply ({ database, config }: World, setup: object): Promise<void> {
  await applySetup(parseSetup(JSON.stringify(setup)), { database, vault: createVault(config.masterKey), now: new Date(), actor: 'test' })
}

t.test('a system that speaks for two recipients gets the document for each, and answers for each', async (t) => {
  const world = await startWorld(t, { more: [C] })
  const { gateway, a, b } = world
  await gateway.start()
  const { id } = (await a.submit(await signedPacket(documentPacket({ to: [{ organId: B.codes[0]! }, { organId: C.codes[1]! }] })))).json()
  const items = await received(world, 2)
  t.same(items.map(({ agencyCode }) => agencyCode).toSorted(), [C.codes[1], B.codes[0]], 'under the code that the sender wrote')
  const forC = items.find(({ agencyCode }) => agencyCode === C.codes[1])!
  await b.ask('POST', `/mailbox/${forC.id}/ack`)
  t.equal((await b.ask('POST', `/mailbox/${forC.id}/statuses`, { code: '03' })).statusCode, 202)
  const statusOf = async (recipient: string) => (await a.document(id)).deliveries.find((delivery: { recipient: string }) => delivery.recipient === recipient).status
  await until(async () => await statusOf(C.codes[1]!) === '03')
  t.equal(await statusOf(B.codes[0]!), null, 'the other has not even acknowledged')
})

t.test('a system sends for each of its agencies, and for no other', async (t) => {
  const world = await startWorld(t)
  const { a, b } = world
  const from = (organId: string) => signedPacket(documentPacket({ from: { organId }, to: [{ organId: B.codes[0]! }] }), B.key)
  t.equal((await a.submit(await from(B.codes[1]!))).json().code, 'SENDER_NOT_YOURS', 'also not under its other code')
  t.equal((await b.submit(await from(B.codes[1]!))).statusCode, 202)
})

t.test('an agency that moves to another system takes its mailbox and its documents along', async (t) => {
  const clock = createClock()
  const world = await startWorld(t, { edges: { now: clock.now } })
  const { gateway, database, a, b, client } = world
  await gateway.start()
  await a.submit(await signedPacket(documentPacket({ documentId: '1' })))
  const [taken] = await received(world)
  await b.ask('POST', `/mailbox/${taken!.id}/ack`)
  await a.submit(await signedPacket(documentPacket({ documentId: '2' })))
  const [waiting] = await received(world)
  const sent = (await b.submit(await signedPacket(documentPacket({ from: { organId: B.codes[0]! }, to: [{ organId: A.codes[0]! }] }), B.key))).json()

  await apply(world, { systems: [{ id: 'dms-c', name: 'Hệ thống C', agencies: [B.codes[1]] }] })
  const c = client((await database.transaction((tx) => createSystemKey(tx, { at: new Date(), actor: 'test', systemId: 'dms-c' }))).text)
  clock.forward(KEY_CACHE_MS)
  t.same((await c.mailbox()).items.map(({ id }) => id), [waiting!.id])
  t.same((await c.mailbox('?state=all')).items.map(({ id }) => id), [taken!.id, waiting!.id])
  t.equal((await c.ask('POST', `/mailbox/${taken!.id}/statuses`, { code: '03' })).statusCode, 202, 'it goes on with what the old system has taken over')
  t.equal((await c.ask('POST', `/mailbox/${waiting!.id}/ack`)).statusCode, 200)
  t.equal((await c.document(sent.id)).id, sent.id)
  t.same((await b.mailbox('?state=all')).items, [], 'the old system sees nothing of it any more')
  for (const path of [`/mailbox/${waiting!.id}`, `/documents/${sent.id}`]) t.equal((await b.ask('GET', path)).statusCode, 404)

  await a.submit(await signedPacket(documentPacket({ documentId: '3' })))
  await until(async () => (await c.mailbox()).items.length === 1)
})

t.test('an agency that the set-up takes from a system is nobody\'s: what waits for it waits on', async (t) => {
  const clock = createClock()
  const world = await startWorld(t, { more: [C], edges: { now: clock.now } })
  await world.gateway.start()
  await world.a.submit(await signedPacket(documentPacket({ to: [{ organId: C.codes[0]! }] })))
  await received(world)
  await apply(world, { systems: [{ id: 'dms-b', name: 'Hệ thống B', agencies: [B.codes[0]] }] })
  clock.forward(KEY_CACHE_MS)
  t.same((await world.b.mailbox()).items, [])
  await apply(world, { systems: [{ id: 'dms-b', name: 'Hệ thống B', agencies: [B.codes[0], C.codes[0]] }] })
  clock.forward(KEY_CACHE_MS)
  t.equal((await world.b.mailbox()).items.length, 1)
})

t.test('a revoked key opens nothing, and the system\'s other key still does', async (t) => {
  const clock = createClock()
  const { database, keys, b, client } = await startWorld(t, { edges: { now: clock.now } })
  const other = client((await database.transaction((tx) => createSystemKey(tx, { at: new Date(), actor: 'test', systemId: 'dms-b' }))).text)
  t.equal((await b.ask('GET', '/mailbox')).statusCode, 200)
  await database.transaction((tx) => revokeKey(tx, { at: new Date(), actor: 'test', keyId: keys.b.split('_')[1]! }))
  clock.forward(KEY_CACHE_MS)
  const answer = await b.ask('GET', '/mailbox')
  t.equal(answer.statusCode, 401)
  t.equal(answer.json().code, 'UNAUTHENTICATED')
  t.equal((await other.ask('GET', '/mailbox')).statusCode, 200)
})

t.test('an item acknowledged many times at once is acknowledged once, and one 01 goes back', async (t) => {
  const world = await startWorld(t)
  const { gateway, database, simulator, a, b } = world
  await gateway.start()
  const { id } = (await a.submit(await signedPacket())).json()
  const [item] = await received(world)
  const answers = await Promise.all(Array.from({ length: 12 }, () => b.ask('POST', `/mailbox/${item!.id}/ack`)))
  t.same(new Set(answers.map(({ statusCode }) => statusCode)), new Set([200]))
  t.equal(new Set(answers.map(({ body }) => body)).size, 1, 'with one time')
  await until(async () => (await a.document(id)).deliveries[0].status === '01')
  t.equal((await database.query('select from status')).rowCount, 1)
  t.equal((await database.query(`select from audit_entry where action = 'hand-over.acknowledged'`)).rowCount, 1)
  t.equal(simulator.events.filter((event) => event.kind === 'accepted' && event.packet === 'status').length, 1)
})

t.test('a status reported many times at once is reported once: under one key everybody gets its answer, without one the others are told', async (t) => {
  const world = await startWorld(t)
  const { gateway, database, a, b } = world
  await gateway.start()
  const { id } = (await a.submit(await signedPacket())).json()
  const [item] = await received(world)
  await b.ask('POST', `/mailbox/${item!.id}/ack`)
  const report = (code: string, headers: Record<string, string> = {}) => b.ask('POST', `/mailbox/${item!.id}/statuses`, { code }, headers)

  const keyed = await Promise.all(Array.from({ length: 12 }, () => report('03', { 'idempotency-key': 'k' })))
  t.same(keyed.map(({ statusCode }) => statusCode), keyed.map(() => 202))
  t.equal(new Set(keyed.map(({ body }) => body)).size, 1)
  t.equal((await report('04', { 'idempotency-key': 'k' })).json().code, 'IDEMPOTENCY_KEY_REUSED')

  const bare = await Promise.all(Array.from({ length: 12 }, () => report('04')))
  t.same(bare.map(({ statusCode }) => statusCode).toSorted(), [202, ...Array.from({ length: 11 }, () => 422)])
  t.ok(bare.every((answer) => answer.statusCode === 202 || answer.json().code === 'STATUS_NOT_ALLOWED'))
  await until(async () => (await a.document(id)).deliveries[0].status === '04')
  t.same((await database.query('select code from status order by reported_at')).rows.map(({ code }) => code), ['01', '03', '04'])
  const heard = (await a.document(id)).deliveries[0].history.filter(({ kind }: Event) => kind === 'status')
  t.same(heard.map(({ detail }: Event) => detail.code), ['01', '03', '04'])
})

t.test('an Idempotency-Key is a system\'s own, and has a length', async (t) => {
  const { a, b } = await startWorld(t)
  const mine = await a.submit(await signedPacket(), { 'idempotency-key': 'k' })
  const theirs = await b.submit(await signedPacket(documentPacket({ from: { organId: B.codes[0]! }, to: [{ organId: A.codes[0]! }] }), B.key), { 'idempotency-key': 'k' })
  t.same([mine.statusCode, theirs.statusCode], [202, 202])
  t.not(mine.json().id, theirs.json().id)
  const long = await a.submit(await signedPacket(), { 'idempotency-key': 'x'.repeat(5000) })
  t.same([long.statusCode, long.json().field], [400, 'header.idempotency-key'])
})
