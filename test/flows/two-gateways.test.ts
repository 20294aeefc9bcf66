/** Two gateways on one database share the work; wake-ups that are lost cost time and nothing else. */
import t from 'tap'
import { openDatabase } from '../../src/database/database.ts'
import { createGateway } from '../../src/gateway.ts'
import { documentPacket, signedPacket, startWorld } from '../support/gateway.ts'
import { until } from '../support/until.ts'

const DOCUMENTS = 30
type Event = { kind: string, detail: { code?: string } }

const document = (number: number, subject = 'V/v') => signedPacket(documentPacket({ documentId: `id-${number}`, subject, code: { codeNumber: String(number), codeNotation: 'VP' } }))

t.test('with two gateways each document is sent once, arrives once and is handed over once; statuses come in order', async (t) => {
  const world = await startWorld(t)
  const { gateway, simulator, database, config, a, b } = world
  await using second = await createGateway(config, '0.0.0')
  await Promise.all([gateway.start(), second.start()])
  const packets = await Promise.all(Array.from({ length: DOCUMENTS }, (_, index) => document(index + 1)))
  const ids = await Promise.all(packets.map(async (packet, index) => {
    const { http } = index % 2 ? gateway : second
    const answer = await http.inject({ method: 'POST', url: '/v1/documents', headers: { authorization: `Bearer ${world.keys.a}`, 'content-type': 'application/xml' }, payload: packet })
    t.equal(answer.statusCode, 202)
    return answer.json().id as string
  }))
  const items = await until(async () => { const { items } = await b.mailbox('?limit=500'); return items.length >= DOCUMENTS && items }, { timeout: 30_000 })
  t.equal(items.length, DOCUMENTS)
  await Promise.all(items.map(async ({ id }, index) => {
    const { http } = index % 2 ? gateway : second
    const ask = (path: string, payload?: object) => http.inject({ method: 'POST', url: `/v1/mailbox/${id}${path}`, headers: { authorization: `Bearer ${world.keys.b}` }, ...payload && { payload } })
    t.equal((await ask('/ack')).statusCode, 200)
    for (const code of ['03', '04', '05', '06']) t.equal((await ask('/statuses', { code })).statusCode, 202)
  }))
  for (const id of ids) {
    const { history } = await until(async () => {
      const { deliveries: [delivery] } = await a.document(id)
      return delivery.history.filter(({ kind }: Event) => kind === 'status').length >= 5 && delivery
    }, { timeout: 30_000 })
    t.same(history.filter(({ kind }: Event) => kind === 'status').map(({ detail }: Event) => detail.code), ['01', '03', '04', '05', '06'])
    t.same(history.map(({ kind }: Event) => kind).slice(0, 3), ['submitted', 'signed', 'sent'])
  }
  t.equal(simulator.events.filter((event) => event.kind === 'accepted' && event.packet === 'document').length, DOCUMENTS)
  t.equal(simulator.events.filter((event) => event.kind === 'accepted' && event.packet === 'status').length, DOCUMENTS * 5)
  const { rows: [counts] } = await database.query(`
    select (select count(*)::int from attempt) as attempts, (select count(*)::int from hand_over) as "handOvers", (select count(*)::int from arrival) as arrivals,
           (select count(*)::int from arrival where state not in ('handed-on', 'applied')) as odd`)
  t.same(counts, { attempts: DOCUMENTS * 6, handOvers: DOCUMENTS, arrivals: DOCUMENTS * 6, odd: 0 })
})

t.test('two gateways that take the same document at the same moment store it once', async (t) => {
  const { gateway, database, config, keys } = await startWorld(t)
  await using second = await createGateway(config, '0.0.0')
  const packet = await document(1)
  const answers = await Promise.all([gateway, second, gateway, second].map(({ http }) => http.inject({
    method: 'POST', url: '/v1/documents', headers: { authorization: `Bearer ${keys.a}`, 'content-type': 'application/xml', 'idempotency-key': 'k' }, payload: packet,
  })))
  t.same(answers.map(({ statusCode }) => statusCode), [202, 202, 202, 202])
  t.equal(new Set(answers.map(({ body }) => body)).size, 1)
  t.equal((await database.query('select from document')).rowCount, 1)
})

t.test('work whose wake-ups are lost is found', async (t) => {
  const world = await startWorld(t)
  const { database, simulator, config } = world
  await using owner = openDatabase((config.database as { ownerUrl: string }).ownerUrl, 1, () => {})
  {
    // A gateway that takes documents, and dies before it has done anything else.
    await database.query(`insert into lane (connection_id, next_at) values ('axis', '2100-01-01')`)
    for (let number = 1; number <= 3; number++) t.equal((await world.a.submit(await document(number))).statusCode, 202)
    await world.gateway[Symbol.asyncDispose]()
    await owner.query('delete from queue.job')
    await database.query(`update lane set next_at = '2020-01-01'`)
  }
  await using second = await createGateway(config, '0.0.0')
  await second.start()
  await until(async () => (await database.query(`select from hand_over`)).rowCount === 3)
  t.equal(simulator.events.filter((event) => event.kind === 'accepted').length, 3)
})

t.test('work that appears behind a running gateway\'s back, without a wake-up, is found too', async (t) => {
  const { gateway, database, config, keys } = await startWorld(t)
  await using owner = openDatabase((config.database as { ownerUrl: string }).ownerUrl, 1, () => {})
  await gateway.start()
  await using second = await createGateway(config, '0.0.0') // it takes documents, and its own wake-ups are taken away
  await database.query(`insert into lane (connection_id, next_at) values ('axis', '2100-01-01') on conflict (connection_id) do update set next_at = excluded.next_at`)
  await second.http.inject({ method: 'POST', url: '/v1/documents', headers: { authorization: `Bearer ${keys.a}`, 'content-type': 'application/xml' }, payload: await document(1) })
  await owner.query('delete from queue.job')
  await second[Symbol.asyncDispose]()
  await database.query(`update lane set next_at = '2020-01-01'`)
  await until(async () => (await database.query(`select from hand_over`)).rowCount === 1)
})
