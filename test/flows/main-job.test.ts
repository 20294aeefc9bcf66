import t from 'tap'
import { createHash } from 'node:crypto'
import { makePdf, pagesOf } from '../support/pdf.ts'
import { until } from '../support/until.ts'
import { A, B, documentPacket, signedPacket, startWorld } from '../support/gateway.ts'

const pdf = makePdf(pagesOf('Cong van'))
const bigFile = createHash('shake256', { outputLength: 3 * 1024 * 1024 }).update('bảng tính').digest()
type Event = { kind: string, detail: { code?: string, sealed?: boolean } }

t.test('a signed document goes from one agency to another, and everyone knows where it is', async (t) => {
  const { gateway, database, a, b } = await startWorld(t)
  await gateway.start()

  const packet = await signedPacket(documentPacket({}, [{ name: 'Công văn.pdf', bytes: pdf }, { name: 'Bảng tính.xlsx', bytes: bigFile }]))
  const accepted = await a.submit(packet)
  t.equal(accepted.statusCode, 202, accepted.body)
  const { id, documentId, url } = accepted.json()
  t.equal(documentId, 'H90.01,2026/01/05,12/VP-KSTT')
  t.equal(url, `/v1/documents/${id}`)
  t.equal((await a.document(id)).signature.result, 'valid', 'the packet signature of the hop from the system')

  const [entry] = await until(async () => { const { items } = await b.mailbox(); return items.length > 0 && items })
  t.match(entry, { agencyCode: B.codes[0], senderCode: A.codes[0], documentId, bussinessDocType: 0, number: '12', notation: 'VP-KSTT', state: 'waiting', follows: null })
  const item = await b.item(entry!.id)
  t.equal(item.seal?.result, 'valid', JSON.stringify(item.seal?.reasons))
  t.same(item.attachments.map(({ originalName, size }) => [originalName, size]), [['Công văn.pdf', pdf.length], ['Bảng tính.xlsx', bigFile.length]])
  for (const [index, bytes] of [pdf, bigFile].entries()) {
    const file = await b.ask('GET', `/mailbox/${entry!.id}/attachments/${index + 1}`)
    t.ok(file.rawPayload.equals(bytes), 'the attachment is what was sent')
    t.equal(file.headers.etag, `"${createHash('sha256').update(bytes).digest('hex')}"`)
  }
  const given = await b.ask('GET', `/mailbox/${entry!.id}/packet`)
  const { rows: [stored] } = await database.query<{ sha256: string }>(`select encode(packet, 'hex') as sha256 from arrival where kind = 'document'`)
  t.equal(createHash('sha256').update(given.rawPayload).digest('hex'), stored!.sha256, 'the packet is given back byte for byte')

  const early = await b.ask('POST', `/mailbox/${entry!.id}/statuses`, { code: '03' })
  t.equal(early.json().code, 'MAILBOX_NOT_ACKNOWLEDGED')
  t.equal((await b.ask('POST', `/mailbox/${entry!.id}/ack`)).statusCode, 200)
  t.equal((await b.ask('POST', `/mailbox/${entry!.id}/ack`)).statusCode, 200, 'acknowledging again changes nothing')
  t.same((await b.mailbox()).items, [], 'what was taken over waits no longer')
  t.equal((await b.mailbox('?state=all')).items.length, 1)
  for (const code of ['03', '04', '05', '05', '06']) t.equal((await b.ask('POST', `/mailbox/${entry!.id}/statuses`, { code })).statusCode, 202, code)

  const document = await until(async () => {
    const document = await a.document(id)
    return document.deliveries[0].status === '06' && document.deliveries[0].history.filter(({ kind }: Event) => kind === 'status').length === 6 && document
  })
  const { history } = document.deliveries[0]
  t.same(history.map(({ kind }: Event) => kind).slice(0, 3), ['submitted', 'signed', 'sent'])
  t.same(history.filter(({ kind }: Event) => kind === 'status').map(({ detail }: Event) => detail.code), ['01', '03', '04', '05', '05', '06'], 'statuses come in the order they were reported')
  t.same(history.map(({ at }: { at: string }) => at), history.map(({ at }: { at: string }) => at).toSorted(), 'the history is in time order')
  t.equal(document.deliveries[0].state, 'sent')
})

t.test('metadata and files make the same packet that a system would have written', async (t) => {
  const { gateway, a, b } = await startWorld(t)
  await gateway.start()
  const { header } = documentPacket()
  const { traceHeaders: _, responseForTask: __, documentId: ___, ...metadata } = header
  const form = new FormData()
  form.append('metadata', JSON.stringify(metadata))
  form.append('file', new Blob([new Uint8Array(pdf)], { type: 'application/pdf' }), '../../Công văn.pdf')
  const body = new Response(form)
  const accepted = await a.ask('POST', '/documents', Buffer.from(await body.arrayBuffer()), { 'content-type': body.headers.get('content-type')! })
  t.equal(accepted.statusCode, 202, accepted.body)
  t.equal(accepted.json().documentId, 'H90.01,2026/01/05,12/VP-KSTT', 'the id follows the convention')
  const [entry] = await until(async () => { const { items } = await b.mailbox(); return items.length > 0 && items })
  const item = await b.item(entry!.id)
  t.equal(item.seal?.result, 'valid', JSON.stringify(item.seal?.reasons))
  t.match(item.header, { subject: header.subject, to: [{ organId: B.codes[0], organName: B.name }] })
  t.equal(item.attachments[0]!.name, 'Công văn.pdf', 'a path-like name is made safe')
})

t.test('metadata may come as a part of type application/json, as most HTTP libraries send it', async (t) => {
  const { a } = await startWorld(t)
  const { traceHeaders: _, responseForTask: __, ...metadata } = documentPacket().header
  const body = [
    '--b', 'Content-Disposition: form-data; name="metadata"', 'Content-Type: application/json', '', JSON.stringify(metadata),
    '--b', 'Content-Disposition: form-data; name="file"; filename="a.txt"', 'Content-Type: text/plain', '', 'xin chào', '--b--', '',
  ].join('\r\n')
  const accepted = await a.ask('POST', '/documents', Buffer.from(body), { 'content-type': 'multipart/form-data; boundary=b' })
  t.equal(accepted.statusCode, 202, accepted.body)
})

t.test('a file of 30 MB goes the whole way', async (t) => {
  const { gateway, a, b } = await startWorld(t, { policy: { sendTimeoutSeconds: 30 } })
  await gateway.start()
  const file = makePdf({ ...pagesOf('Quet'), 6: { data: createHash('shake256', { outputLength: 30_000_000 }).update('quét màu').digest() } })
  const accepted = await a.submit(await signedPacket(documentPacket({}, [{ name: 'Quét.pdf', bytes: file }])))
  t.equal(accepted.statusCode, 202, accepted.body)
  const [entry] = await until(async () => { const { items } = await b.mailbox(); return items.length > 0 && items }, { timeout: 60_000 })
  const received = await b.ask('GET', `/mailbox/${entry!.id}/attachments/1`)
  t.ok(received.rawPayload.equals(file))
})

t.test('a recipient under its old code is found, and statuses come back to the right delivery', async (t) => {
  const { gateway, a, b } = await startWorld(t)
  await gateway.start()
  const { id } = (await a.submit(await signedPacket(documentPacket({ to: [{ organId: B.codes[1]! }] })))).json()
  const [entry] = await until(async () => { const { items } = await b.mailbox(); return items.length > 0 && items })
  await b.ask('POST', `/mailbox/${entry!.id}/ack`)
  t.equal((await b.ask('POST', `/mailbox/${entry!.id}/statuses`, { code: '02' })).json().code, 'STATUS_REASON_MISSING', 'a refusal without a reason is not sent')
  await b.ask('POST', `/mailbox/${entry!.id}/statuses`, { code: '02', description: 'Không đúng thẩm quyền' })
  const document = await until(async () => { const document = await a.document(id); return document.deliveries[0].status === '02' && document })
  t.match(document.deliveries[0].history.at(-1), { kind: 'status', detail: { code: '02', description: 'Không đúng thẩm quyền' } })
})

t.test('the seal survives a rewriting axis; the packet signature is said to have been lost on the way', async (t) => {
  const { gateway, a, b } = await startWorld(t, { simulator: { rewrite: true } })
  await gateway.start()
  await a.submit(await signedPacket())
  const [entry] = await until(async () => { const { items } = await b.mailbox(); return items.length > 0 && items })
  const item = await b.item(entry!.id)
  t.equal(item.seal?.result, 'valid')
  t.not(item.signature.result, 'valid')
  t.match(item.signature.reasons[0]!, { code: 'SIGNATURE_REWRITTEN' })
  t.notOk(item.attachments.some(({ name }) => name === 'lienthong-seal.xml'), 'the seal is taken out')
})

t.test('agencies that the axis lists are in the registry by themselves', async (t) => {
  const { gateway, database, a } = await startWorld(t, { simulator: { agencies: [{ code: 'H91.05', name: 'Sở Y tế Ví Dụ', oldCode: '000.00.05.H91' }] } })
  await gateway.start()
  await until(async () => (await database.query(`select from agency_code where code = '000.00.05.H91'`)).rowCount === 1)
  const accepted = await a.submit(await signedPacket(documentPacket({ to: [{ organId: '000.00.05.H91' }] })))
  t.equal(accepted.statusCode, 202, accepted.body)
})
