/** What is held or refused for its PDFs, when two gateways share the work, when one dies in between, and when two persons decide at once. */
import t from 'tap'
import { openAlarms } from '../../src/alarms/alarms.ts'
import { openDatabase } from '../../src/database/database.ts'
import { assemble, writePacket } from '../../src/edxml/write.ts'
import { createGateway } from '../../src/gateway.ts'
import type { HeldItem } from '../../src/inbound/held.ts'
import { createClock, createOddAxis } from '../support/axis.ts'
import { B, documentPacket, signedPacket, startWorld } from '../support/gateway.ts'
import { makePdf, pagesOf, spinningPdf } from '../support/pdf.ts'
import { until } from '../support/until.ts'

const packet = async (documentId: string) =>
  assemble(await writePacket(documentPacket({ documentId, code: { codeNumber: documentId, codeNotation: 'VP' } }, [{ name: 'a.pdf', bytes: makePdf(pagesOf(documentId)) }])), null)

t.test('with two gateways each document is refused once, with one status, or held once, with one alarm', async (t) => {
  for (const [unsigned, statuses, alarms] of [['refuse', 10, 0], ['hold', 0, 10]] as const) {
    const axis = createOddAxis()
    const world = await startWorld(t, { policy: { pollSeconds: 0.05, pdf: { in: { unsigned } } }, edges: { connect: axis.connect } })
    const second = await createGateway(world.config, '0.0.0', { connect: axis.connect })
    t.teardown(() => second[Symbol.asyncDispose]())
    for (let number = 1; number <= 10; number++) axis.put('document', await packet(String(number)), B.codes[0])
    await Promise.all([world.gateway.start(), second.start()])
    await until(async () => (await world.database.query(`select from hand_over where state in ('held', 'refused')`)).rowCount === 10, { timeout: 30_000 })
    t.equal((await world.database.query('select from status')).rowCount, statuses)
    t.equal((await openAlarms(world.database)).filter(({ kind }) => kind === 'hand-over.held').length, alarms)
  }
})

t.test('what fails between the verdict and its consequence leaves nothing behind, and is done again', async (t) => {
  const axis = createOddAxis()
  const clock = createClock()
  const { gateway, database, config, b } = await startWorld(t, { policy: { pollSeconds: 0.05, pdf: { in: { unsigned: 'refuse' } } }, edges: { connect: axis.connect, now: clock.now } })
  await using owner = openDatabase((config.database as { ownerUrl: string }).ownerUrl, 1, () => {})
  await owner.query(`create function fail() returns trigger language plpgsql as $$ begin raise exception 'gone'; end $$`)
  await owner.query('create trigger fail before insert on dispatch for each row execute function fail()') // the very last step: status 02 into its lane
  axis.put('document', await packet('1'), B.codes[0])
  await gateway.start()
  await until(async () => (await database.query(`select from arrival where reason->>'code' = 'FAULT'`)).rowCount === 1)
  t.same((await database.query('select from hand_over')).rowCount, 0)
  await owner.query('drop trigger fail on dispatch')
  clock.forward(2 * 60_000)
  await until(async () => (await database.query(`select from hand_over where state = 'refused'`)).rowCount === 1)
  t.equal((await database.query(`select from status where code = '02'`)).rowCount, 1)
  t.same([await openAlarms(database), (await b.mailbox()).items], [[], []])
})

t.test('a gateway that is told to stop waits for no file, and the next one reads it', async (t) => {
  const axis = createOddAxis()
  const { gateway, database, keys } = await startWorld(t, { policy: { pollSeconds: 0.05 }, edges: { connect: axis.connect } })
  const document = documentPacket({}, Array.from({ length: 8 }, (_, index) => ({ name: `${index}.pdf`, bytes: spinningPdf() })))
  axis.put('document', assemble(await writePacket(document), null), B.codes[0])
  const address = await gateway.start()
  await until(async () => (await database.query(`select from arrival where lease_until is not null`)).rowCount === 1)
  const body = new Uint8Array(await signedPacket(document))
  const submitted = fetch(`${address}/v1/documents`, { method: 'POST', headers: { authorization: `Bearer ${keys.a}`, 'content-type': 'application/xml' }, body })
  await until(async () => Number(await new Promise((done) => { gateway.http.server.getConnections((_, count) => done(count)) })) > 0)
  const before = performance.now()
  await gateway[Symbol.asyncDispose]()
  const took = performance.now() - before
  t.ok(took < 6000, `${took} ms`)
  t.ok([500, 0].includes(await submitted.then(({ status }) => status, () => 0)), 'its sender asks again')
  t.match((await database.query('select state, attempts from arrival')).rows, [{ state: 'stored', attempts: 0 }])
  t.same([await openAlarms(database), (await database.query('select from document')).rowCount], [[], 0])
})

t.test('when two persons decide at once, one decision holds and the other is told so', async (t) => {
  const axis = createOddAxis()
  const { gateway, database, client, keys, b } = await startWorld(t, { policy: { pollSeconds: 0.05, pdf: { in: { unsigned: 'hold' } } }, edges: { connect: axis.connect } })
  await gateway.start()
  const administrator = client(keys.administrator)
  for (let number = 1; number <= 5; number++) {
    axis.put('document', await packet(String(number)), B.codes[0])
    const [item] = await until(async () => { const { items } = (await administrator.ask('GET', '/admin/held')).json<{ items: HeldItem[] }>(); return items.length > 0 && items })
    const answers = await Promise.all([
      administrator.ask('POST', `/admin/held/${item!.id}/release`), administrator.ask('POST', `/admin/held/${item!.id}/refuse`, { reason: 'không' }),
      administrator.ask('POST', `/admin/held/${item!.id}/release`), administrator.ask('POST', `/admin/held/${item!.id}/refuse`, { reason: 'không' }),
    ])
    const { rows: [row] } = await database.query<{ state: string, statuses: number }>(`select state, (select count(*)::int from status where hand_over_id = h.id) as statuses from hand_over h where id = $1`, [item!.id])
    const isReleased = row!.state === 'waiting'
    t.same(answers.map(({ statusCode }) => statusCode), isReleased ? [200, 409, 200, 409] : [409, 200, 409, 200])
    t.equal(row!.statuses, isReleased ? 0 : 1)
    t.equal((await b.mailbox()).items.some(({ id }) => id === item!.id), isReleased)
  }
  t.same(await openAlarms(database), [])
})
