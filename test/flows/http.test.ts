/** The API as its callers meet it: pages, names, sizes, and refusals that say what is wrong. */
import t from 'tap'
import { createHash } from 'node:crypto'
import { openDatabase } from '../../src/database/database.ts'
import type { MailboxEntry } from '../../src/inbound/mailbox.ts'
import { B, documentPacket, signedPacket, startWorld } from '../support/gateway.ts'
import { until } from '../support/until.ts'

type World = Awaited<ReturnType<typeof startWorld>>
type Answer = Awaited<ReturnType<World['a']['ask']>>

const bytes = (size: number) => createHash('shake256', { outputLength: Math.round(size) }).update('tệp').digest()

async function form (metadata: object | string, files: [name: string, bytes: Buffer][] = []): Promise<[body: Buffer, headers: Record<string, string>]> {
  const form = new FormData()
  form.append('metadata', typeof metadata === 'string' ? metadata : JSON.stringify(metadata))
  for (const [name, content] of files) form.append('file', new Blob([new Uint8Array(content)]), name)
  const body = new Response(form)
  return [Buffer.from(await body.arrayBuffer()), { 'content-type': body.headers.get('content-type')! }]
}

function metadata (changes: object = {}) {
  const { traceHeaders: _, responseForTask: __, documentId: ___, ...metadata } = documentPacket().header
  return { ...metadata, ...changes }
}

t.test('a mailbox is read page by page, oldest first, and nothing in it is missed or repeated', async (t) => {
  const { gateway, a, b } = await startWorld(t)
  await gateway.start()
  for (let number = 1; number <= 5; number++) await a.submit(await signedPacket(documentPacket({ documentId: String(number) })))
  const all = await until(async () => { const { items } = await b.mailbox(); return items.length === 5 && items })
  const pages: MailboxEntry[][] = []
  let next: string | null = '0'
  while (next !== null) {
    const page: { items: MailboxEntry[], next: string | null } = await b.mailbox(`?limit=2&after=${next}`)
    pages.push(page.items)
    next = page.next
  }
  t.same(pages.map((page) => page.length), [2, 2, 1])
  t.same(pages.flat(), all)
  t.same(all.map(({ createdAt }) => createdAt), all.map(({ createdAt }) => createdAt).toSorted())
  await b.ask('POST', `/mailbox/${all[0]!.id}/ack`)
  t.same((await b.mailbox('?limit=2')).items.map(({ id }) => id), [all[1]!.id, all[2]!.id])
  t.same((await b.mailbox('?limit=2&state=all')).items.map(({ id }) => id), [all[0]!.id, all[1]!.id])
})

t.test('files keep their Vietnamese names and their bytes, over real HTTP and beyond 3 MiB', async (t) => {
  const { gateway, keys, b } = await startWorld(t)
  const address = await gateway.start()
  const files: [string, Buffer][] = [['Công văn số 12 (đã ký) – bản \'chính\'.tif', bytes(3 * 1024 * 1024)], ['Phụ lục 1%.xlsx', bytes(100)], ['Phụ lục 1%.xlsx', bytes(101)], ['::', bytes(5)]]
  const [body, headers] = await form(metadata(), files)
  const accepted = await fetch(`${address}/v1/documents`, { method: 'POST', body: new Uint8Array(body), headers: { ...headers, authorization: `Bearer ${keys.a}` } })
  t.equal(accepted.status, 202, await accepted.text())
  const [entry] = await until(async () => { const { items } = await b.mailbox(); return items.length > 0 && items })
  const item = await b.item(entry!.id)
  t.equal(item.seal?.result, 'valid')
  t.same(item.attachments.map(({ name }) => name), [files[0]![0].normalize(), 'Phụ lục 1%.xlsx', 'Phụ lục 1%.xlsx', 'attachment-4'])
  for (const [index, [, content]] of files.entries()) {
    const file = await fetch(`${address}/v1/mailbox/${entry!.id}/attachments/${index + 1}`, { headers: { authorization: `Bearer ${keys.b}` } })
    t.ok(Buffer.from(await file.arrayBuffer()).equals(content))
    const name = /^attachment; .*filename\*=UTF-8''(.*)$/.exec(file.headers.get('content-disposition')!)![1]!
    t.equal(decodeURIComponent(name), item.attachments[index]!.name)
    t.equal(file.headers.get('x-content-type-options'), 'nosniff')
  }
})

t.test('what is too large is refused, in parts and as a whole, and nothing of it stays', async (t) => {
  const { database, a, b } = await startWorld(t, { env: { MAX_PACKET_MB: '1' } })
  const blobs = async () => (await database.query('select from blob')).rowCount
  const before = await blobs() // the CRLs of the trust folder
  const MiB = 1024 * 1024
  const send = async (...sizes: number[]) => a.ask('POST', '/documents', ...await form(metadata(), sizes.map((size, index) => [`${index}.tif`, bytes(size)])))
  const big = await signedPacket(documentPacket({}, [{ name: 'a.tif', bytes: bytes(MiB) }]))
  const cases: [Answer, string][] = [
    [await send(2 * MiB), 'REQUEST_TOO_LARGE'],
    [await send(0.6 * MiB, 0.6 * MiB), 'REQUEST_TOO_LARGE'],
    [await send(0.9 * MiB), 'PACKET_TOO_LARGE'],
    [await a.submit(big), 'REQUEST_TOO_LARGE'],
    [await b.ask('POST', '/mailbox/01a2000f-e0d7-754c-920b-c25638d50b9f/statuses', { code: '03', description: 'x'.repeat(2 * MiB) }), 'REQUEST_TOO_LARGE'],
  ]
  for (const [answer, code] of cases) t.same([answer.statusCode, answer.json().code], [413, code])
  t.equal(await blobs(), before)
  t.equal((await send(0.7 * MiB)).statusCode, 202)
})

t.test('metadata that could not be written as a packet is refused with the field, not taken in and failed later', async (t) => {
  const { database, a } = await startWorld(t)
  const cases: [changes: object, field: string][] = [
    [{ promulgationInfo: { promulgationDate: '2026-02-30' } }, 'MessageHeader.PromulgationInfo.PromulgationDate'],
    [{ dueDate: '2026-13-01' }, 'MessageHeader.DueDate'],
    [{ subject: 'V/v \u0000' }, 'MessageHeader.Subject'],
    [{ subject: 'V/v \u0008' }, 'MessageHeader.Subject'],
    [{ subject: 'V/v \ud800' }, 'MessageHeader.Subject'],
    [{ to: [{ organId: B.codes[0] }, { organId: B.codes[0]!.toLowerCase() }] }, 'MessageHeader.To[2].OrganId'],
    [{ documentType: { type: 1e300, typeName: 'Công văn' } }, 'MessageHeader.DocumentType.Type'],
    [{ from: { organId: ' H90.01' } }, 'metadata.from.organId'],
    [{ documentId: 'x'.repeat(256) }, 'metadata.documentId'],
  ]
  for (const [changes, field] of cases) {
    const answer = await a.ask('POST', '/documents', ...await form(metadata(changes), [['a.tif', bytes(10)]]))
    t.ok([400, 422].includes(answer.statusCode), `${answer.statusCode} ${answer.body}`)
    t.equal(answer.json().field, field)
  }
  t.equal((await database.query('select from document')).rowCount, 0)
  const [body, headers] = await form(metadata(), [['a.tif', bytes(10)]])
  const odd = Buffer.from(body.toString('latin1').replace('filename="a.tif"', `filename*=UTF-8''a%00%01.tif`), 'latin1')
  t.equal((await a.ask('POST', '/documents', odd, headers)).statusCode, 202, 'a file\'s name is made safe instead')
})

t.test('every refusal is told in Vietnamese and English, with a code, and none tells more than it should', async (t) => {
  const { database, config, keys, a, b, client } = await startWorld(t)
  const none = '01a2000f-e0d7-754c-920b-c25638d50b9f'
  const packet = await signedPacket()
  await a.submit(packet, { 'idempotency-key': 'k' })
  const answers: [Answer, number, string, field?: string][] = [
    [await b.ask('GET', '/mailbox?colour=red'), 400, 'REQUEST_INVALID', 'query.colour'],
    [await b.ask('GET', '/mailbox?limit=0'), 400, 'REQUEST_INVALID', 'query.limit'],
    [await b.ask('GET', '/mailbox?limit=501'), 400, 'REQUEST_INVALID', 'query.limit'],
    [await b.ask('GET', '/mailbox?after=-1'), 400, 'REQUEST_INVALID', 'query.after'],
    [await b.ask('GET', '/mailbox?after=1%27%20or%201=1'), 400, 'REQUEST_INVALID', 'query.after'],
    [await b.ask('GET', '/mailbox?state=gone'), 400, 'REQUEST_INVALID', 'query.state'],
    [await b.ask('GET', '/mailbox/1'), 400, 'REQUEST_INVALID', 'path.id'],
    [await b.ask('POST', `/mailbox/${none}/statuses`, { code: '01' }), 400, 'REQUEST_INVALID', 'code'],
    [await b.ask('POST', `/mailbox/${none}/statuses`, { code: '03', colour: 'red' }), 400, 'REQUEST_INVALID', 'colour'],
    [await b.ask('POST', `/mailbox/${none}/statuses`, Buffer.from('{'), { 'content-type': 'application/json' }), 400, 'REQUEST_INVALID'],
    [await client('lt_x').ask('GET', '/mailbox'), 401, 'UNAUTHENTICATED'],
    [await client(keys.administrator).ask('GET', '/mailbox'), 403, 'FORBIDDEN'],
    [await b.ask('GET', `/mailbox/${none}`), 404, 'MAILBOX_ITEM_NOT_FOUND'],
    [await b.ask('GET', `/mailbox/${none}/attachments/1`), 404, 'ATTACHMENT_NOT_FOUND'],
    [await b.ask('POST', `/mailbox/${none}/ack`), 404, 'MAILBOX_ITEM_NOT_FOUND'],
    [await a.ask('GET', `/documents/${none}`), 404, 'DOCUMENT_NOT_FOUND'],
    [await a.ask('GET', '/nothing'), 404, 'NOT_FOUND'],
    [await a.submit(await signedPacket(documentPacket({ subject: 'Khác' })), { 'idempotency-key': 'k' }), 409, 'IDEMPOTENCY_KEY_REUSED', 'Idempotency-Key'],
    [await a.ask('POST', '/documents', Buffer.from('x'), { 'content-type': 'text/plain' }), 415, 'MEDIA_TYPE_UNSUPPORTED'],
    [await a.ask('POST', '/documents', { a: 1 }), 415, 'MEDIA_TYPE_UNSUPPORTED'],
    [await a.ask('POST', '/documents', ...await form('{')), 400, 'REQUEST_INVALID', 'metadata'],
  ]
  await using owner = openDatabase((config.database as { ownerUrl: string }).ownerUrl, 1, () => {})
  await owner.query('alter table hand_over rename to hidden')
  answers.push([await b.ask('GET', '/mailbox'), 500, 'INTERNAL'])
  await owner.query('alter table hidden rename to hand_over')

  for (const [answer, status, code, field] of answers) {
    const problem = answer.json()
    t.same([answer.statusCode, problem.status, problem.code], [status, status, code], answer.body)
    t.equal(answer.headers['content-type'], 'application/problem+json; charset=utf-8')
    t.match(problem.title, /[à-ỹđ]/i, 'Vietnamese')
    t.match(problem.titleEn, /^[\x20-\x7e]+$/, 'English')
    t.equal(problem.instance, `urn:lienthong:request:${answer.headers['x-request-id'] as string}`)
    t.equal(problem.field, field)
    t.notMatch(answer.body, /hand_over|select |node_modules|\.ts:/)
  }
  t.equal((await database.query('select from document')).rowCount, 1)
})
