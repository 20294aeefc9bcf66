import type { Test } from 'tap'
import type { AxisConnection, PacketKind } from '../../src/axis/connection.ts'
import { documentPacket, statusPacket } from '../simulator/packets.ts'

/**
 * Two systems on one axis: `north` speaks for H41.01, `south` for H14.02 and H14.03. H26.01 is listed and connected to neither.
 * Whatever claims to be an AxisConnection passes this suite.
 */
export type TwoSystems = { north: AxisConnection, south: AxisConnection }

export function axisConnectionContract (t: Test, open: (t: Test) => Promise<TwoSystems>) {
  const document = (bytes: Buffer, to = ['H14.02']) => ({ kind: 'document' as const, from: 'H41.01', to, bytes })

  async function send (north: AxisConnection, bytes: Buffer): Promise<string> {
    const outcome = await north.send(document(bytes))
    if (outcome.kind !== 'accepted') throw new Error(JSON.stringify(outcome))
    return outcome.docId
  }

  async function listed (connection: AxisConnection, kind: PacketKind = 'document') {
    const outcome = await connection.listReceived(kind)
    if (outcome.kind !== 'listed') throw new Error(JSON.stringify(outcome))
    return outcome.items
  }

  t.test('a sent packet waits for its recipient until it is acknowledged', async (t) => {
    const { north, south } = await open(t)
    t.same(await listed(south), [])
    await send(north, documentPacket())
    const [item, ...others] = await listed(south)
    t.same(others, [])
    t.same(await listed(south), [item], 'listing takes nothing away')
    t.match(await south.fetch(item!.docId), { kind: 'fetched' })
    t.same(await listed(south), [item], 'nor does fetching')
    t.same(await south.acknowledge(item!.docId, 'done'), { kind: 'acknowledged' })
    t.same(await listed(south), [])
    t.same(await listed(south, 'status'), [])
    t.same(await listed(north), [])
  })

  t.test('a fetched packet says what the sent one said', async (t) => {
    const { north, south } = await open(t)
    await send(north, documentPacket({ subject: 'Về việc nghỉ Tết & trực <24/24>' }))
    const [item] = await listed(south)
    const fetched = await south.fetch(item!.docId)
    if (fetched.kind !== 'fetched') throw new Error(fetched.reason)
    t.match(fetched.bytes.toString(), 'Về việc nghỉ Tết &amp; trực &lt;24/24')
    t.same(await south.fetch(item!.docId), fetched, 'as often as one likes')
  })

  t.test('a packet that cannot be kept is taken off the list too', async (t) => {
    const { north, south } = await open(t)
    await send(north, documentPacket())
    const [item] = await listed(south)
    t.same(await south.acknowledge(item!.docId, 'fail', 'Không đọc được gói tin'), { kind: 'acknowledged' })
    t.same(await listed(south), [])
  })

  t.test('acknowledging twice is no fault', async (t) => {
    const { north, south } = await open(t)
    await send(north, documentPacket())
    const [item] = await listed(south)
    await south.acknowledge(item!.docId, 'done')
    t.same(await south.acknowledge(item!.docId, 'done'), { kind: 'acknowledged' })
  })

  t.test('each recipient has an id of its own for a packet', async (t) => {
    const { north, south } = await open(t)
    const outcome = await north.send(document(documentPacket({ to: ['H14.02', 'H14.03', 'H41.01'] }), ['H14.02', 'H14.03', 'H41.01']))
    t.match(outcome, { kind: 'accepted' })
    const ids = [...await listed(south), ...await listed(north)].map(({ docId }) => docId)
    t.equal(ids.length, 3, 'the sender is a recipient too')
    t.equal(new Set(ids).size, 3)
    t.notOk(outcome.kind === 'accepted' && ids.includes(outcome.docId))
  })

  t.test('the same packet sent twice is two packets for the axis', async (t) => {
    const { north, south } = await open(t)
    t.not(await send(north, documentPacket()), await send(north, documentPacket()))
    t.equal((await listed(south)).length, 2)
  })

  t.test('packets are listed oldest first', async (t) => {
    const { north, south } = await open(t)
    const subjects = ['một', 'hai', 'ba']
    for (const subject of subjects) await send(north, documentPacket({ subject }))
    const fetched = []
    for (const { docId } of await listed(south)) fetched.push(await south.fetch(docId))
    fetched.forEach((outcome, index) => t.match(outcome.kind === 'fetched' && outcome.bytes.toString(), `>${subjects[index]}<`))
  })

  t.test('a status goes to the agency that it answers, on a list of its own', async (t) => {
    const { north, south } = await open(t)
    t.match(await south.send({ kind: 'status', from: 'H14.02', to: ['H41.01'], bytes: statusPacket() }), { kind: 'accepted' })
    t.same(await listed(north), [])
    t.equal((await listed(north, 'status')).length, 1)
    t.same(await listed(south, 'status'), [])
  })

  t.test('what was sent can be looked up by its id and over all, a row for each recipient', async (t) => {
    const { north, south } = await open(t)
    const to = ['H14.02', 'H14.03']
    const sent = await north.send(document(documentPacket({ to, number: '77', subject: 'Báo cáo quý' }), to))
    const other = await send(north, documentPacket({ number: '78' }))
    if (sent.kind !== 'accepted') throw new Error(sent.reason)
    const rows = await north.listSent('document', sent.docId)
    if (rows.kind !== 'listed') throw new Error(rows.reason)
    t.match(rows.items, to.map((toCode) => ({ senderDocId: sent.docId, fromCode: 'H41.01', toCode, notation: '77/BC-VP', title: 'Báo cáo quý', sentTime: Date })))
    t.same(new Set(rows.items.map(({ receiverDocId }) => receiverDocId)), new Set((await listed(south)).slice(0, 2).map(({ docId }) => docId)))
    t.match(await north.listSent('document'), { kind: 'listed', items: [{ senderDocId: sent.docId }, { senderDocId: sent.docId }, { senderDocId: other }] })
    t.same(await north.listSent('status'), { kind: 'listed', items: [] })
    t.same(await south.listSent('document'), { kind: 'listed', items: [] })
  })

  t.test('the catalogue lists every agency, with its old code', async (t) => {
    const { north } = await open(t)
    const outcome = await north.listAgencies()
    if (outcome.kind !== 'listed') throw new Error(outcome.reason)
    t.match(outcome.items.find(({ code }) => code === 'H14.02'), { code: 'H14.02', name: 'Sở Nội vụ', oldCode: '000.02.14.H14' })
    t.same(outcome.items.map(({ code }) => code).sort(), ['H14.02', 'H14.03', 'H26.01', 'H41.01'])
  })

  t.test('a recipient is found under its old code', async (t) => {
    const { north, south } = await open(t)
    await send(north, documentPacket({ to: ['000.02.14.H14'] }))
    t.equal((await listed(south)).length, 1)
  })

  t.test('a system cannot send for another\'s agency', async (t) => {
    const { north, south } = await open(t)
    for (const packet of [{ from: 'H41.01', bytes: documentPacket({ from: 'H14.03' }) }, { from: 'H14.03', bytes: documentPacket({ from: 'H41.01' }) }]) {
      t.match(await north.send({ kind: 'document', to: ['H14.02'], ...packet }), { kind: 'refused', reason: /^Don vi gui H14\.03 khong dung voi ma da dang ky: / })
    }
    t.match(await north.send({ kind: 'status', from: 'H14.02', to: ['H41.01'], bytes: statusPacket() }), { kind: 'refused' })
    t.same(await listed(south), [])
  })

  t.test('an unknown recipient is refused, and nobody gets the packet', async (t) => {
    const { north, south } = await open(t)
    t.match(await north.send(document(documentPacket({ to: ['H14.02', 'H99.99'] }))), { kind: 'refused', reason: /H99\.99/ })
    t.same(await listed(south), [])
  })

  t.test('a packet that is no edXML is refused', async (t) => {
    const { north, south } = await open(t)
    const good = documentPacket().toString()
    for (const text of ['', 'hello', '<edXML/>', `1212${good}`, good.replaceAll('QCVN_102_2016', 'QCVN_102'), good.slice(0, -20)]) {
      t.match(await north.send(document(Buffer.from(text))), { kind: 'refused', reason: /edXML/ }, text.slice(0, 20))
    }
    t.match(await north.send({ ...document(documentPacket()), kind: 'status' }), { kind: 'refused' }, 'a document is no status')
    t.same(await listed(south), [])
  })

  t.test('what is for another, or for nobody, cannot be fetched or acknowledged', async (t) => {
    const { north, south } = await open(t)
    await send(north, documentPacket())
    const [item] = await listed(south)
    for (const docId of [item!.docId, '68edb8c8c2dcb14db773ce44']) {
      t.match(await north.fetch(docId), { kind: 'refused' })
      t.match(await north.acknowledge(docId, 'done'), { kind: 'refused' })
    }
    t.equal((await listed(south)).length, 1)
  })
}
