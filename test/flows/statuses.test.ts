/** Statuses that come back: to which delivery they belong, what they change, and what they must not change. */
import t from 'tap'
import { readBlob } from '../../src/blobs/blobs.ts'
import type { DocumentHeader, StatusPacket } from '../../src/edxml/packet.ts'
import { assemble, writePacket } from '../../src/edxml/write.ts'
import { createOddAxis } from '../support/axis.ts'
import { A, B, documentPacket, signedPacket, startWorld } from '../support/gateway.ts'
import { until } from '../support/until.ts'

const C = { codes: ['H90.33'], name: 'UBND xã Ví Dụ' }
const ID = 'H90.01,2026/01/05,12/VP-KSTT'
type Event = { kind: string, detail: { code?: string, unknown?: boolean, description?: string } }

const statusPacket = async (statusCode: string, { from = B.codes[0]!, responseFor = {}, ...changes }: { from?: string, responseFor?: Partial<StatusPacket['responseFor']> } & Partial<Pick<StatusPacket, 'description' | 'timestamp'>> = {}) =>
  assemble(await writePacket({ kind: 'status', from: { organId: from }, responseFor: { organId: A.codes[0]!, documentId: ID, ...responseFor }, statusCode, warnings: [], ...changes }), null)

/** A world in which A has sent a document to B, and the axis is ready to say anything about it. */
async function sentWorld (t: Parameters<typeof startWorld>[0], header: Partial<DocumentHeader> = {}) {
  const axis = createOddAxis()
  const world = await startWorld(t, { edges: { connect: axis.connect }, more: [C] })
  await world.gateway.start()
  const { id } = (await world.a.submit(await signedPacket(documentPacket(header)))).json()
  await until(async () => (await world.a.document(id)).deliveries.every(({ state }: { state: string }) => state === 'sent'))
  return {
    ...world, id,
    /** Lets the axis deliver a status packet; gives what became of it. */
    async hear (bytes: Buffer) {
      const docId = axis.put('status', bytes, A.codes[0])
      return until(async () => (await world.database.query<{ state: string, reason: { detail: string } | null, packet: Buffer }>(
        `select state, reason, packet from arrival where axis_doc_id = $1 and state <> 'stored'`, [docId])).rows[0])
    },
    async delivery (recipient = B.codes[0]) {
      const found = (await world.a.document(id)).deliveries.find((delivery: { recipient: string }) => delivery.recipient === recipient)
      return { status: found.status as string | null, heard: found.history.filter(({ kind }: Event) => kind === 'status').map(({ detail }: Event) => detail) }
    },
  }
}

t.test('statuses move a delivery forward only; late, unknown and unusual ones are kept and shown', async (t) => {
  const { hear, delivery } = await sentWorld(t)
  for (const [code, status] of [['-1', null], ['03', '03'], ['01', '03'], ['0', '03'], ['06', '06'], ['05', '06'], ['15', '06'], ['constructor', '06'], ['02', '06']] as const) {
    t.equal((await hear(await statusPacket(code, { description: `mã ${code}` }))).state, 'applied', code)
    t.equal((await delivery()).status, status, code)
  }
  const { heard } = await delivery()
  t.same(heard.map(({ code }: Event['detail']) => code), ['-1', '03', '01', '0', '06', '05', '15', 'constructor', '02'])
  t.same(heard.filter(({ unknown }: Event['detail']) => unknown).map(({ code }: Event['detail']) => code), ['-1', '0', 'constructor'])
  t.equal(heard[0].description, 'mã -1')
})

t.test('a status from an agency that did not get the document changes nothing', async (t) => {
  const { hear, delivery } = await sentWorld(t)
  for (const from of [C.codes[0]!, A.codes[0]!, 'H99.99']) t.equal((await hear(await statusPacket('06', { from }))).state, 'unmatched', from)
  t.same(await delivery(), { status: null, heard: [] })
})

t.test('of two recipients, each moves its own delivery', async (t) => {
  const { hear, delivery } = await sentWorld(t, { to: [{ organId: B.codes[0]! }, { organId: C.codes[0]! }] })
  await hear(await statusPacket('03', { from: C.codes[0]! }))
  await hear(await statusPacket('02', { from: B.codes[1]!, description: 'Sai nơi nhận' }))
  t.equal((await delivery(C.codes[0])).status, '03')
  t.equal((await delivery(B.codes[0])).status, '02', 'also under the recipient\'s other code')
})

t.test('a status that names the document by number, notation and date only finds it', async (t) => {
  const { hear, delivery } = await sentWorld(t)
  const byNumber = { code: '12/vp-kstt', promulgationDate: '2026-01-05' }
  t.equal((await hear(await byCode('03', byNumber))).state, 'applied')
  t.equal((await hear(await byCode('04', { ...byNumber, documentId: 'mã khác của phần mềm nhận' }))).state, 'applied', 'also when it gives an id of its own')
  t.equal((await hear(await byCode('05', { ...byNumber, promulgationDate: '2025-01-05' }))).state, 'unmatched', 'another year\'s document')
  t.equal((await hear(await byCode('06', { code: '12/VP-KSTT' }))).state, 'unmatched', 'no date')
  t.equal((await delivery()).status, '04')

  async function byCode (statusCode: string, responseFor: Partial<StatusPacket['responseFor']>) {
    return assemble(await writePacket({ kind: 'status', from: { organId: B.codes[0]! }, responseFor: { organId: A.codes[0]!, ...responseFor }, statusCode, warnings: [] }), null)
  }
})

t.test('a status of nothing we know is kept with its bytes and the reason', async (t) => {
  const { hear, database } = await sentWorld(t)
  for (const responseFor of [{ documentId: 'không có' }, { organId: 'H99.99' }, { organId: B.codes[0]! }]) {
    const bytes = await statusPacket('13', { responseFor, description: 'Xin lấy lại' })
    const { state, reason, packet } = await hear(bytes)
    t.equal(state, 'unmatched')
    t.ok(reason?.detail)
    t.ok((await readBlob(database, packet)).equals(bytes))
  }
})

t.test('a status is about the document that has left, not about an update that still waits', async (t) => {
  const { hear, delivery, a, database } = await sentWorld(t)
  await database.query(`insert into lane (connection_id, next_at) values ('axis', '2100-01-01') on conflict (connection_id) do update set next_at = excluded.next_at`)
  const update = (await a.submit(await signedPacket(documentPacket({ subject: 'V/v sửa', bussiness: { bussinessDocType: 2, replacementInfos: [] } })))).json()
  await hear(await statusPacket('03'))
  t.equal((await delivery()).status, '03')
  t.equal((await a.document(update.id)).deliveries[0].status, null)
})

t.test('a status that the axis lists among the documents is a status all the same', async (t) => {
  const axis = createOddAxis()
  const { gateway, database, a } = await startWorld(t, { edges: { connect: axis.connect } })
  await gateway.start()
  const { id } = (await a.submit(await signedPacket())).json()
  await until(async () => (await a.document(id)).deliveries[0].state === 'sent')
  axis.put('document', await statusPacket('03'), A.codes[0])
  await until(async () => (await database.query(`select from arrival where state = 'applied'`)).rowCount === 1)
  t.equal((await a.document(id)).deliveries[0].status, '03')
})
