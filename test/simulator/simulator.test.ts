import path from 'node:path'
import t from 'tap'
import { createVxpConnection } from '../../src/axis/vxp/client.ts'
import { hashFile, readReply, signHeaders } from '../../src/axis/vxp/wire.ts'
import type { FaultRule } from '../../src/simulator/faults.ts'
import { runSimulator } from '../../src/simulator/simulator.ts'
import { documentPacket, statusPacket } from './packets.ts'
import { setup, WORLD } from './setup.ts'

const document = (bytes = documentPacket()) => ({ kind: 'document' as const, from: 'H41.01', to: ['H14.02'], bytes })

t.test('a caller with a wrong secret, or unknown, is turned away', async (t) => {
  const { connect, simulator } = await setup(t)
  t.match(await connect('north', 'wrong').send(document()), { kind: 'credentials' })
  t.match(await connect('east').listReceived('document'), { kind: 'credentials' })
  t.same(simulator.events, [])
})

t.test('the log tells all that happened', async (t) => {
  const { simulator, north, south } = await setup(t)
  const sent = await north.send(document())
  const list = await south.listReceived('document')
  const docId = list.kind === 'listed' ? list.items[0]!.docId : ''
  await south.fetch(docId)
  await south.acknowledge(docId, 'done')
  await south.send({ kind: 'status', from: 'H14.02', to: ['H41.01'], bytes: statusPacket({ code: '03' }) })
  await north.send(document(Buffer.from('<edXML/>')))
  t.match(simulator.events, [
    { kind: 'accepted', systemId: 'north', fromCode: 'H41.01', docId: (sent as { docId: string }).docId, documentId: 'H41.01,2026/11/20,12/BC-VP', notation: '12/BC-VP', deliveries: [{ docId, toCode: 'H14.02' }] },
    { kind: 'fetched', systemId: 'south', docId },
    { kind: 'acknowledged', systemId: 'south', docId, status: 'done' },
    { kind: 'accepted', packet: 'status', statusCode: '03', systemId: 'south' },
    { kind: 'refused', systemId: 'north', operation: 'sendEdoc', code: '22' },
  ])
  t.match(docId, /^[0-9a-f]{24}$/)
})

t.test('counts follow the lists', async (t) => {
  const { north, south } = await setup(t)
  await north.send(document())
  await north.send(document())
  await south.send({ kind: 'status', from: 'H14.02', to: ['H41.01'], bytes: statusPacket() })
  t.same(await south.countReceived('document'), { kind: 'counted', count: 2 })
  t.same(await south.countReceived('status'), { kind: 'counted', count: 0 })
  t.same(await north.countReceived('status'), { kind: 'counted', count: 1 })
})

t.test('the catalogue comes in each form', async (t) => {
  const { north } = await setup(t)
  const agency = { code: 'H14.02', name: 'Sở Nội vụ', mail: 'sonoivu@example.vn' }
  t.match(await north.listAgencies(), { items: [{}, { ...agency, oldCode: '000.02.14.H14' }] })
  t.match(await north.getAgenciesListQD20(), { items: [{}, { ...agency, oldCode: '000.02.14.H14' }] })
  t.match(await north.getSynchronizeUnit(), { items: [{}, { ...agency, deleted: false }] })
})

t.test('a system registers an agency, sends for it and receives, until it is deleted', async (t) => {
  const { north, south } = await setup(t)
  const agency = { id: '', pcode: 'H41', code: 'H41.77', name: 'Đơn vị mới', mail: '', mobile: '', fax: '' }
  const bytes = documentPacket({ from: 'H41.77', to: ['H14.02'] })
  t.match(await north.send({ kind: 'document', from: 'H41.77', to: ['H14.02'], bytes }), { kind: 'refused' })
  t.same(await north.registerAgency(agency), { kind: 'registered' })
  t.match(await north.send({ kind: 'document', from: 'H41.77', to: ['H14.02'], bytes }), { kind: 'accepted' })
  t.match(await south.registerAgency(agency), { kind: 'refused' }, 'it is another\'s now')
  t.match(await south.deleteAgency('H41.77'), { kind: 'refused' })
  t.same(await north.deleteAgency('H41.77'), { kind: 'deleted' })
  t.match(await north.send({ kind: 'document', from: 'H41.77', to: ['H14.02'], bytes }), { kind: 'refused' })
})

t.test('what is sent to an agency that nobody is connected for waits for whoever registers it', async (t) => {
  const { north, south } = await setup(t)
  t.match(await north.send(document(documentPacket({ to: ['H26.01'] }))), { kind: 'accepted' })
  t.same(await south.listReceived('document'), { kind: 'listed', items: [] })
  await south.registerAgency({ id: '', pcode: '', code: 'H26.01', name: 'Sở Tài chính', mail: '', mobile: '', fax: '' })
  t.match(await south.listReceived('document'), { kind: 'listed', items: [{ from: 'H41.01', to: 'H26.01' }] })
})

t.test('a packet may be downloaded raw', async (t) => {
  const { north, south } = await setup(t, { rewrite: false })
  await north.send(document())
  const list = await south.listReceived('document')
  const streaming = await south.downloadEdoc(list.kind === 'listed' ? list.items[0]!.docId : '')
  if (streaming.kind !== 'streaming') throw new Error(streaming.reason)
  t.same(Buffer.concat(await Array.fromAsync(streaming.body)), documentPacket())
  t.match(await south.downloadEdoc('68edb8c8c2dcb14db773ce44'), { kind: 'refused', code: '10' })
})

t.test('a sender may name some of the packet\'s recipients in a header, and no other', async (t) => {
  const { http, url, south } = await setup(t)
  const bytes = documentPacket({ to: ['H14.02', 'H14.03', 'H26.01'] })
  const sendTo = async (to: string[]) => {
    const headers = signHeaders([['systemid', 'north'], ['messagetype', 'edoc'], ['hash-file', hashFile(bytes, 'sdk')], ['from', 'H41.01'], ['to', JSON.stringify(to)]], 'north-secret')
    const answer = await http.request({ method: 'POST', url: new URL(`${url}/sendEdoc`), headers, body: bytes })
    return answer.kind === 'answered' && readReply(answer.body)
  }
  t.match(await sendTo(['H14.03']), { kind: 'ok' })
  t.match(await south.listReceived('document'), { kind: 'listed', items: [{ to: 'H14.03' }] })
  t.match(await sendTo(['H14.02', 'H41.01']), { kind: 'fail', code: '18' })
  t.same(await south.countReceived('document'), { kind: 'counted', count: 1 })
})

t.test('a packet over the cap is refused', async (t) => {
  const { north } = await setup(t, { maxPacket: 1_000 })
  t.match(await north.send(document()), { kind: 'refused', code: 'HTTP_413' })
})

for (const [name, fault, outcome, isTaken] of [
  ['a reset before anything is done', { kind: 'drop', when: 'before' }, 'unknown', false],
  ['a reset after the packet was taken', { kind: 'drop', when: 'after' }, 'unknown', true],
  ['a proxy\'s page instead of the axis', { kind: 'html', status: 502, when: 'before' }, 'unknown', false],
  ['a proxy\'s page instead of the axis\' answer', { kind: 'html', status: 200, when: 'after' }, 'unknown', true],
  ['an empty answer', { kind: 'empty', when: 'after' }, 'unknown', true],
  ['a refusal', { kind: 'refuse', code: '23', reason: 'Don vi nhan bi khoa' }, 'refused', false],
  ['a late answer', { kind: 'delay', ms: 5 }, 'accepted', true],
] as const) {
  t.test(`${name} can be had on demand, and then all is well again`, async (t) => {
    const { simulator, north, south } = await setup(t)
    simulator.faults.push({ operation: 'sendEdoc', fault, times: 1 })
    t.match(await north.send(document()), { kind: outcome })
    t.equal(simulator.events.filter(({ kind }) => kind === 'accepted').length, isTaken ? 1 : 0)
    t.same(await south.countReceived('document'), { kind: 'counted', count: isTaken ? 1 : 0 })
    t.match(await north.send(document()), { kind: 'accepted' })
    t.same(simulator.faults, [])
  })
}

t.test('a packet can be delivered twice, under two ids', async (t) => {
  const { north, south } = await setup(t, { faults: [{ fault: { kind: 'duplicate' } }] satisfies FaultRule[] })
  await north.send(document())
  const list = await south.listReceived('document')
  t.equal(list.kind === 'listed' && new Set(list.items.map(({ docId }) => docId)).size, 2)
})

t.test('a fault without an end lasts until it is taken away', async (t) => {
  const { simulator, south } = await setup(t)
  simulator.faults.push({ fault: { kind: 'html', status: 502, when: 'before' } })
  for (let n = 0; n < 3; n++) t.match(await south.listReceived('document'), { kind: 'unreachable' })
  simulator.faults.length = 0
  t.match(await south.listReceived('document'), { kind: 'listed' })
})

t.test('stopping ends calls that are under way', async (t) => {
  const { simulator, north } = await setup(t, { faults: [{ fault: { kind: 'delay', ms: 60_000 } }] })
  const call = north.send(document())
  const asked = north.listReceived('document')
  await new Promise((resolve) => setImmediate(resolve))
  await simulator.close()
  t.match((await call).kind, /unknown|unreachable/)
  t.match(await asked, { kind: 'unreachable' })
  t.match(await north.send(document()), { kind: 'unreachable' })
})

t.test('a second simulator on the same folder goes on where the first stopped', async (t) => {
  const folder = path.join(t.testdir({}), 'axis')
  const first = await setup(t, { folder })
  await first.north.send(document(documentPacket({ subject: 'một' })))
  await first.north.send(document(documentPacket({ subject: 'hai' })))
  const list = await first.south.listReceived('document')
  if (list.kind !== 'listed') throw new Error(list.reason)
  await first.south.acknowledge(list.items[0]!.docId, 'done')
  await first.simulator.close()

  const { url, simulator } = await runSimulator({ ...WORLD, folder })
  t.teardown(() => simulator.close())
  const south = createVxpConnection({ baseUrl: url, systemId: 'south', secret: 'south-secret', hashFile: 'sdk', http: first.http, now: WORLD.now })
  t.same(await south.listReceived('document'), { kind: 'listed', items: [list.items[1]] })
  const fetched = await south.fetch(list.items[1]!.docId)
  t.match(fetched.kind === 'fetched' && fetched.bytes.toString(), />hai</)
  t.match(simulator.events, first.simulator.events)
})
