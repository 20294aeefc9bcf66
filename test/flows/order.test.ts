/** What leaves before what: order holds for one document and for one hand-over's statuses, everything else goes side by side. */
import t from 'tap'
import { claimDue } from '../../src/outbound/store.ts'
import type { DocumentHeader } from '../../src/edxml/packet.ts'
import { createOddAxis } from '../support/axis.ts'
import { documentPacket, signedPacket, startWorld } from '../support/gateway.ts'
import { until } from '../support/until.ts'

const document = (number: string, changes: Partial<DocumentHeader> = {}) => signedPacket(documentPacket({ documentId: `id-${number}`, code: { codeNumber: number, codeNotation: 'VP' }, ...changes }))

/** An axis that answers the first packet late, when it is told to. */
function slowOnce () {
  const axis = createOddAxis()
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  let isFirst = true
  axis.answer(async (packet, real) => {
    if (isFirst) {
      isFirst = false
      await released
    }
    return real(packet)
  })
  return { connect: axis.connect, release }
}

t.test('an update leaves after the document it updates, however long that takes; other documents do not wait', async (t) => {
  const { connect, release } = slowOnce()
  const { gateway, database, simulator, a, b } = await startWorld(t, { edges: { connect }, policy: { sendTimeoutSeconds: 30 } })
  t.teardown(release) // also when the test fails: the gateway waits for what is on its way
  await gateway.start()
  await a.submit(await document('1'))
  await until(async () => (await database.query('select from attempt')).rowCount === 1)
  await a.submit(await document('1', { bussiness: { bussinessDocType: 2, bussinessDocReason: 'Sửa trích yếu', replacementInfos: [] }, subject: 'V/v đã sửa' }))
  await a.submit(await document('2'))
  await until(async () => (await b.mailbox()).items.length === 1)
  t.equal((await b.mailbox()).items[0]!.number, '2', 'another document goes past one that takes its time')
  release()
  const items = await until(async () => { const { items } = await b.mailbox(); return items.length === 3 && items })
  t.same(items.map(({ number, bussinessDocType }) => [number, bussinessDocType]), [['2', 0], ['1', 0], ['1', 2]])
  t.equal(items[2]!.follows, items[1]!.id, 'the update is linked to what it updates')
  t.equal(simulator.events.filter((event) => event.kind === 'accepted').length, 3)
})

t.test('the statuses of one hand-over leave in the order they were reported, those of another do not wait', async (t) => {
  const axis = createOddAxis()
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  axis.answer(async (packet, real) => {
    if (packet.kind === 'status' && Buffer.from(packet.bytes).includes('id-1')) await released
    return real(packet)
  })
  const { gateway, simulator, a, b } = await startWorld(t, { edges: { connect: axis.connect }, policy: { sendTimeoutSeconds: 30 } })
  t.teardown(release) // also when the test fails: the gateway waits for what is on its way
  await gateway.start()
  await a.submit(await document('1'))
  await a.submit(await document('2'))
  const items = await until(async () => { const { items } = await b.mailbox(); return items.length === 2 && items })
  for (const { id } of items) {
    await b.ask('POST', `/mailbox/${id}/ack`)
    for (const code of ['03', '05', '06']) await b.ask('POST', `/mailbox/${id}/statuses`, { code })
  }
  const statuses = () => simulator.events.flatMap((event) => event.kind === 'accepted' && event.packet === 'status' ? [`${event.notation} ${event.statusCode}`] : [])
  await until(() => statuses().length === 4)
  t.same(statuses(), ['2/VP 01', '2/VP 03', '2/VP 05', '2/VP 06'])
  release()
  await until(() => statuses().length === 8)
  t.same(statuses().slice(4), ['1/VP 01', '1/VP 03', '1/VP 05', '1/VP 06'])
})

t.test('a lane drains by urgency, then by the day an answer is due, then in the order of submission', async (t) => {
  const { database, a } = await startWorld(t)
  await database.query(`insert into lane (connection_id, next_at) values ('axis', '2100-01-01')`)
  const priority = (value: number) => ({ otherInfo: { priority: value, appendixes: [] } })
  for (const packet of [
    await document('1'), await document('2'), await document('3', { dueDate: '2026-03-01' }), await document('4', { dueDate: '2026-02-01' }),
    await document('5', priority(1)), await document('6', priority(4)), await document('7', priority(999_999)), await document('8', priority(-7)),
  ]) t.equal((await a.submit(packet)).statusCode, 202)

  const order: string[] = []
  for (;;) {
    const [claimed] = await claimDue(database, 'axis', 1, 60, new Date())
    if (!claimed) break
    order.push((await database.query<{ number: string }>('select number from document where id = $1', [claimed.documentId])).rows[0]!.number)
  }
  t.same(order, ['6', '7', '5', '4', '3', '1', '2', '8'])
})
