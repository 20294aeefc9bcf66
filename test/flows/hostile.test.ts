/** What a careless or hostile system, or packet, may try; each was once answered wrongly. */
import t from 'tap'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { resolve } from 'node:path'
import yazl from 'yazl'
import { buffer } from 'node:stream/consumers'
import { environment } from '../../src/config.ts'
import { makeSeal } from '../../src/signing/seal.ts'
import { signerFromPem } from '../../src/trust/signers/pem.ts'
import { writePacket, assemble } from '../../src/edxml/write.ts'
import { createTestDatabase } from '../support/database.ts'
import { connectPeer } from '../support/axis.ts'
import { A, documentPacket, organisation, signedPacket, startWorld } from '../support/gateway.ts'
import { until } from '../support/until.ts'

const { traceHeaders: _, responseForTask: __, ...metadata } = documentPacket().header

t.test('a status that no packet can hold is refused, and holds nothing up', async (t) => {
  const { gateway, database, a, b } = await startWorld(t)
  await gateway.start()
  const { id } = (await a.submit(await signedPacket())).json()
  const [entry] = await until(async () => { const { items } = await b.mailbox(); return items.length > 0 && items })
  await b.ask('POST', `/mailbox/${entry!.id}/ack`)
  for (const text of ['a\u0001b', 'a\ufffeb', 'a\u0000b', 'a\ud800b']) {
    const answer = await b.ask('POST', `/mailbox/${entry!.id}/statuses`, { code: '03', description: text })
    t.ok(answer.statusCode >= 400 && answer.statusCode < 500, `${JSON.stringify(text)}: ${answer.body}`)
  }
  t.equal((await database.query(`select from status where code = '03'`)).rowCount, 0)
  t.equal((await b.ask('POST', `/mailbox/${entry!.id}/statuses`, { code: '03' })).statusCode, 202)
  await until(async () => (await a.document(id)).deliveries[0].status === '03')
  t.pass('the next status goes its way')
})

t.test('a file that is itself a zip of one such file arrives with a seal that holds', async (t) => {
  const { gateway, a, b } = await startWorld(t)
  await gateway.start()
  const zip = new yazl.ZipFile()
  zip.addBuffer(Buffer.from('bên trong'), 'x.docx')
  zip.end()
  const form = new FormData()
  form.append('metadata', JSON.stringify(metadata))
  form.append('file', new Blob([await buffer(zip.outputStream)]), 'x.docx')
  const body = new Response(form)
  t.equal((await a.ask('POST', '/documents', Buffer.from(await body.arrayBuffer()), { 'content-type': body.headers.get('content-type')! })).statusCode, 202)
  const [entry] = await until(async () => { const { items } = await b.mailbox(); return items.length > 0 && items })
  const { seal } = await b.item(entry!.id)
  t.equal(seal?.result, 'valid', JSON.stringify(seal?.reasons))
})

t.test('a packet with two seals goes to quarantine', async (t) => {
  const { gateway, database, simulator } = await startWorld(t)
  await gateway.start()
  const packet = documentPacket()
  const seal = await makeSeal(packet, signerFromPem(organisation(A.key)), new Date())
  const bytes = assemble(await writePacket({ ...packet, attachments: [...packet.attachments, seal, { ...seal, contentId: 'second', bytes: Buffer.from('<Seal/>') }] }), null)
  const other = await connectPeer(t, database)
  t.equal((await other.send({ kind: 'document', from: packet.header.from.organId, to: [packet.header.to[0]!.organId], bytes })).kind, 'accepted')
  const { reason } = await until(async () => (await database.query<{ reason: { code: string } }>(`select reason from arrival where state = 'quarantined'`)).rows[0])
  t.equal(reason.code, 'ATTACHMENT_NAME_RESERVED')
  t.ok(simulator.events.length > 0)
})

t.test('a multipart body without a boundary, or cut off, is its sender\'s fault', async (t) => {
  const { a } = await startWorld(t)
  const send = (body: string, type: string) => a.ask('POST', '/documents', Buffer.from(body), { 'content-type': type })
  t.equal((await send('x', 'multipart/form-data')).statusCode, 400)
  t.equal((await send('--b\r\nContent-Disposition: form-data; name="metadata"\r\n\r\n{}', 'multipart/form-data; boundary=b')).statusCode, 400)
  t.equal((await send('--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nabc', 'multipart/form-data; boundary=b')).statusCode, 400)
})

t.test('a name that an administrator gave an agency is not changed by the axis', async (t) => {
  const { gateway, database } = await startWorld(t, { simulator: { agencies: [{ code: A.codes[0]!, name: 'Tên khác' }] } })
  await gateway.start()
  await until(async () => (await database.query('select from agency_sync')).rowCount === 1)
  const { rows: [agency] } = await database.query<{ name: string }>('select name from agency join agency_code on agency_id = id where code = $1', [A.codes[0]])
  t.equal(agency!.name, A.name)
})

t.test('a gateway that cannot start says so with its exit code', async (t) => {
  const test = await createTestDatabase(t)
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  t.teardown(async () => { taken.close() })
  const child = spawn(process.execPath, [resolve(import.meta.dirname, '../../src/main.ts')], {
    env: { PATH: environment['PATH'], LIENTHONG_MODE: 'test', LOG_LEVEL: 'silent', PORT: String((taken.address() as AddressInfo).port), DATABASE_URL: test.gatewayUrl, DATABASE_OWNER_URL: test.ownerUrl },
    stdio: 'ignore',
  })
  const [code] = await once(child, 'exit')
  t.equal(code, 1)
})
