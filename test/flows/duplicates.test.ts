import t from 'tap'
import { readFileSync } from 'node:fs'
import { needsShared, shared } from '../support/shared.ts'
import { until } from '../support/until.ts'
import { connectPeer } from '../support/axis.ts'
import { documentPacket, signedPacket, startWorld } from '../support/gateway.ts'

t.test('the same packet submitted twice is one document', async (t) => {
  const { database, a } = await startWorld(t)
  const packet = await signedPacket()
  const [first, second] = await Promise.all([a.submit(packet), a.submit(packet)])
  t.equal(first.json().id, second.json().id, 'also at the same moment')
  t.equal((await a.submit(packet, { 'idempotency-key': 'k1' })).json().id, first.json().id, 'also under a key of its own')
  t.equal((await database.query('select from document')).rowCount, 1)
  t.equal((await database.query('select from dispatch')).rowCount, 1)
})

t.test('an Idempotency-Key gives the stored answer to the same request, and refuses another', async (t) => {
  const { database, a } = await startWorld(t)
  const packet = await signedPacket()
  const answers = await Promise.all(Array.from({ length: 4 }, () => a.submit(packet, { 'idempotency-key': 'k1' })))
  t.same(new Set(answers.map((answer) => answer.body)).size, 1)
  t.same(answers.map(({ statusCode }) => statusCode), [202, 202, 202, 202])
  t.equal((await a.submit(packet, { 'idempotency-key': 'k1' })).headers['idempotent-replayed'], 'true')
  const other = await a.submit(await signedPacket(documentPacket({ subject: 'Khác' })), { 'idempotency-key': 'k1' })
  t.equal(other.statusCode, 409)
  t.equal(other.json().code, 'IDEMPOTENCY_KEY_REUSED')
  t.equal((await database.query('select from document')).rowCount, 1)
})

t.test('a multipart request is the same request whatever boundary its parts have', async (t) => {
  const { a } = await startWorld(t)
  const { traceHeaders: _, responseForTask: __, ...metadata } = documentPacket().header
  const send = async (text: string) => {
    const form = new FormData()
    form.append('metadata', JSON.stringify(metadata))
    form.append('file', new Blob([text]), 'a.txt')
    const body = new Response(form)
    return a.ask('POST', '/documents', Buffer.from(await body.arrayBuffer()), { 'content-type': body.headers.get('content-type')!, 'idempotency-key': 'k2' })
  }
  t.equal((await send('một')).statusCode, 202)
  t.equal((await send('một')).headers['idempotent-replayed'], 'true')
  t.equal((await send('hai')).json().code, 'IDEMPOTENCY_KEY_REUSED')
})

t.test('a packet that the axis delivers twice, under two ids, is handed over once', async (t) => {
  const { gateway, database, simulator, a, b } = await startWorld(t)
  simulator.faults.push({ fault: { kind: 'duplicate' }, operation: 'sendEdoc', times: 1 })
  await gateway.start()
  await a.submit(await signedPacket())
  const states = await until(async () => {
    const { rows } = await database.query<{ state: string }>(`select state from arrival where kind = 'document' and state <> 'stored' order by id`)
    return rows.length === 2 && rows.map(({ state }) => state)
  })
  t.same(states, ['handed-on', 'duplicate'])
  t.equal((await b.mailbox('?state=all')).items.length, 1)
})

t.test('a packet that the axis lists again, since it did not hear us, is stored once and acknowledged again', async (t) => {
  const { gateway, database, simulator, a, b } = await startWorld(t)
  simulator.faults.push({ fault: { kind: 'drop', when: 'before' }, operation: 'updateStatus', times: 2 })
  await gateway.start()
  await a.submit(await signedPacket())
  await until(async () => (await database.query(`select from arrival where acknowledged_at is not null`)).rowCount === 1)
  t.equal((await database.query('select from arrival')).rowCount, 1)
  await until(async () => (await b.mailbox()).items.length === 1)
})

for (const when of ['before', 'after'] as const) {
  t.test(`an attempt whose connection breaks ${when} the axis took the packet is cleared up with the axis, and the document arrives once`, async (t) => {
    const { gateway, database, simulator, a, b } = await startWorld(t)
    simulator.faults.push({ fault: { kind: 'drop', when }, operation: 'sendEdoc', times: 1 })
    await gateway.start()
    const { id } = (await a.submit(await signedPacket())).json()
    await until(async () => (await a.document(id)).deliveries[0].state === 'sent')
    await until(async () => (await b.mailbox()).items.length === 1)
    t.equal(simulator.events.filter((event) => event.kind === 'accepted' && event.packet === 'document').length, 1, 'the axis was given it once')
    const kinds = (await a.document(id)).deliveries[0].history.map(({ kind }: { kind: string }) => kind)
    t.same(kinds, when === 'after' ? ['submitted', 'signed', 'unknown', 'sent'] : ['submitted', 'signed', 'unknown', 'waiting', 'sent'])
    t.equal((await database.query('select from arrival where kind = $1', ['document'])).rowCount, 1)
  })
}

t.test('an axis that is away delays a document and costs it nothing', async (t) => {
  const { gateway, simulator, a, b } = await startWorld(t)
  simulator.faults.push({ fault: { kind: 'html', status: 502, when: 'before' }, operation: 'getReceivedEdocList', times: 3 })
  await gateway.start()
  await a.submit(await signedPacket())
  await until(async () => (await b.mailbox()).items.length === 1)
  t.pass('a proxy\'s error page is no empty inbox')
})

const KINDS = ['new', 'update', 'revocation', 'replacement']
t.test('new, update, recall and replacement share one DocumentId and are four arrivals, linked', needsShared(...KINDS.map((kind) => `samples/edxml/edoc_${kind}.edxml`)), async (t) => {
  const packets = KINDS.map((kind) => {
    const bytes = readFileSync(shared(`samples/edxml/edoc_${kind}.edxml`))
    return bytes.subarray(bytes.indexOf('<?xml')) // edoc_new begins with stray bytes
  })
  const { openPacket, readPacket } = await import('../../src/edxml/read.ts')
  const read = await Promise.all(packets.map(async (bytes) => readPacket(openPacket(bytes))))
  const headers = read.flatMap((packet) => packet.kind === 'document' ? [packet.header] : [])
  const codes = [...new Set(headers.flatMap(({ from, to }) => [from, ...to].map(({ organId }) => organId)))]
  const ids = new Set(headers.map(({ documentId }) => documentId))

  const { gateway, database, simulator, b } = await startWorld(t, { more: codes.map((code) => ({ codes: [code], name: code })) })
  await gateway.start()
  // The sender has no lienthong: its packets enter the axis by another system.
  const other = await connectPeer(t, database)
  const expected = headers.reduce((sum, { to }) => sum + to.length, 0)
  for (const [index, bytes] of packets.entries()) {
    const { from, to } = headers[index]!
    t.equal((await other.send({ kind: 'document', from: from.organId, to: to.map(({ organId }) => organId), bytes })).kind, 'accepted', KINDS[index]!)
  }
  const items = await until(async () => { const { items } = await b.mailbox(); return items.length === expected && items })
  t.equal(ids.size, 1)
  const { rows } = await database.query<{ id: string, type: number, follows: string | null }>(
    `select distinct on (identity) id, bussiness_doc_type as type, follows from arrival where document_id = $1 order by identity, sequence`, [[...ids][0]])
  t.same(rows.map(({ type }) => type).toSorted(), [0, 1, 2, 3], 'four documents under one DocumentId')
  const first = rows.find(({ type }) => type === 0)!
  for (const { type, follows } of rows) t.equal(follows, type === 0 ? null : first.id, 'linked to the first')
  for (const own of Map.groupBy(items, ({ agencyCode }) => agencyCode).values()) {
    const [first, ...others] = own
    t.equal(first!.follows, null)
    for (const { follows } of others) t.equal(follows, first!.id, 'linked to the first that the agency got')
  }
  t.equal(simulator.events.filter((event) => event.kind === 'accepted').length, 4)
})
