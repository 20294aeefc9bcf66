import t, { type Test } from 'tap'
import { connect } from 'node:net'
import type { AddressInfo } from 'node:net'
import Type from 'typebox'
import { Refusal } from '../../src/errors.ts'
import { acceptPackets, createHttpServer } from '../../src/http/server.ts'

const Body = Type.Object({
  subject: Type.String({ maxLength: 10 }),
  urgency: Type.Optional(Type.Integer()),
  kind: Type.Optional(Type.Enum(['a', 'b'])),
  recipients: Type.Array(Type.Object({ code: Type.String() }), { minItems: 1 }),
})
const Query = Type.Object({ limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })), all: Type.Optional(Type.Boolean()), after: Type.Optional(Type.String()) })

async function setup (t: Test) {
  const lines: Record<string, unknown>[] = []
  const http = await createHttpServer({ log: { level: 'debug', stream: { write: (line) => { lines.push(JSON.parse(line)) } } } })
  t.teardown(() => http.close())
  http.post('/documents', { schema: { body: Body } }, async (request) => request.body)
  http.get('/documents', { schema: { querystring: Query } }, async (request) => request.query)
  http.get('/documents/:id/:number', { schema: { params: Type.Object({ id: Type.String({ format: 'uuid' }), number: Type.Integer() }) } }, async (request) => request.params)
  http.get('/keyed', { schema: { headers: Type.Object({ 'idempotency-key': Type.String() }) } }, async () => ({}))
  http.get('/refused', async () => { throw new Refusal('PACKET_ELEMENT_MISSING', { field: 'edXMLHeader/From', line: 7 }) })
  http.get('/bug', async () => { throw new Error('hush: Công văn số 12', { cause: new Error('hush too') }) })
  http.get('/elsewhere', async () => { throw Object.assign(new Error('hush'), { statusCode: 404, code: 'UND_ERR_RESPONSE' }) })
  http.register(async (scope) => {
    acceptPackets(scope, 2000)
    scope.post('/packets', async (request) => ({ bytes: (request.body as Buffer).length }))
  })
  await http.ready()
  const post = (body: unknown) => http.inject({ method: 'POST', url: '/documents', headers: { 'content-type': 'application/json' }, payload: typeof body === 'string' ? body : JSON.stringify(body) })
  return { http, lines, post }
}

t.test('a refusal is answered as problem details, in Vietnamese and English, with the place', async (t) => {
  const { http } = await setup(t)
  const answer = await http.inject('/refused')
  t.equal(answer.statusCode, 422)
  t.equal(answer.headers['content-type'], 'application/problem+json; charset=utf-8')
  t.strictSame(answer.json(), {
    type: 'urn:lienthong:refusal:PACKET_ELEMENT_MISSING',
    status: 422,
    code: 'PACKET_ELEMENT_MISSING',
    title: 'Thiếu phần tử bắt buộc',
    titleEn: 'A required element is missing',
    field: 'edXMLHeader/From',
    line: 7,
    instance: `urn:lienthong:request:${answer.headers['x-request-id']}`,
  })
})

t.test('a body is taken as it is, or refused by its exact field', async (t) => {
  const { post } = await setup(t)
  const good = { subject: 'x', recipients: [{ code: 'H26' }] }
  t.strictSame((await post(good)).json(), good)
  for (const [body, field, detail] of [
    [{ ...good, subject: undefined }, 'subject', /required/],
    [{ ...good, subject: 5 }, 'subject', 'must be string'],
    [{ ...good, urgency: '3' }, 'urgency', 'must be integer'],
    [{ ...good, kind: 'c' }, 'kind', 'must be one of a, b'],
    [{ ...good, recipients: [] }, 'recipients', /fewer than 1/],
    [{ ...good, recipients: [{ code: 'H26' }, {}] }, 'recipients[1].code', /required/],
    [{ ...good, recipients: [{ code: 'H26', name: 'x' }] }, 'recipients[0].name', /additional/],
    [{ ...good, urgent: 1 }, 'urgent', /additional/],
    [[], undefined, 'must be object'],
  ] as const) {
    t.match((await post(body)).json(), { status: 400, code: 'REQUEST_INVALID', field, detail }, JSON.stringify(body))
  }
})

t.test("what the framework refuses has our codes, and quotes nothing of the body", async (t) => {
  const { http, post } = await setup(t)
  const send = (type: string, payload: string) => http.inject({ method: 'POST', url: '/documents', headers: { 'content-type': type }, payload })
  for (const [answer, status, code] of [
    [await post('{"subject": "hush"'), 400, 'REQUEST_INVALID'],
    [await post(''), 400, 'REQUEST_INVALID'],
    [await post('{"__proto__": {"hush": 1}}'), 400, 'REQUEST_INVALID'],
    [await post(`"${'hush'.repeat(300_000)}"`), 413, 'REQUEST_TOO_LARGE'],
    [await send('application/yaml', 'subject: hush'), 415, 'MEDIA_TYPE_UNSUPPORTED'],
    [await send('text/plain', 'hush'), 415, 'MEDIA_TYPE_UNSUPPORTED'],
    [await http.inject('/nowhere'), 404, 'NOT_FOUND'],
    [await http.inject({ method: 'DELETE', url: '/documents' }), 404, 'NOT_FOUND'],
    [await http.inject('/documents/%zz'), 400, 'REQUEST_INVALID'],
    [await http.inject(`/documents/${'x'.repeat(500)}/1`), 400, 'REQUEST_INVALID'],
  ] as const) {
    t.match(answer.json(), { status, code }, code)
    t.equal(answer.statusCode, status)
    t.match(answer.headers['content-type'], /^application\/problem\+json/)
    t.ok(answer.headers['x-request-id'])
    t.notMatch(answer.body, /hush/)
  }
})

t.test('an address is read by its schema, and nothing is guessed', async (t) => {
  const { http } = await setup(t)
  t.strictSame((await http.inject('/documents?limit=20&all=true&after=5')).json(), { limit: 20, all: true, after: '5' })
  for (const [query, field] of [['limit=', 'query.limit'], ['limit=1.5', 'query.limit'], ['limit=x', 'query.limit'], ['limit=0', 'query.limit'], ['limit=1&limit=2', 'query.limit'], ['all=yes', 'query.all'], ['limmit=1', 'query.limmit']] as const) {
    t.match((await http.inject(`/documents?${query}`)).json(), { status: 400, code: 'REQUEST_INVALID', field }, query)
  }
  const id = '019b8d4e-0000-7000-8000-000000000000'
  t.strictSame((await http.inject(`/documents/${id}/2`)).json(), { id, number: 2 })
  t.match((await http.inject('/documents/1/2')).json(), { field: 'path.id' })
  t.match((await http.inject('/keyed')).json(), { field: 'header.idempotency-key' })
})

t.test('a bug tells the caller an id, and the log the rest', async (t) => {
  const { http, lines } = await setup(t)
  for (const url of ['/bug', '/elsewhere']) {
    const answer = await http.inject(url)
    const id = answer.headers['x-request-id']
    t.strictSame(answer.json(), {
      type: 'urn:lienthong:failure:INTERNAL', status: 500, code: 'INTERNAL',
      title: 'Gateway gặp lỗi; hãy gửi lại sau', titleEn: 'The gateway failed; try again later',
      instance: `urn:lienthong:request:${id}`,
    })
    t.match(lines.find(({ reqId, level }) => reqId === id && level === 50), { err: { message: /^hush/, stack: /server\.test\.ts/ }, req: { path: url } })
  }
})

t.test('requests get new ids, whatever the caller says', async (t) => {
  const { http } = await setup(t)
  const ids = await Promise.all([1, 2].map(async () => (await http.inject({ url: '/refused', headers: { 'x-request-id': 'mine', 'request-id': 'mine' } })).headers['x-request-id']))
  t.equal(new Set(ids).size, 2)
  t.match(ids[0], /^[0-9a-f-]{36}$/)
})

t.test('the log holds no query, no body, no header, and no value that a database error quotes', async (t) => {
  const { http, lines, post } = await setup(t)
  http.log.error({ err: Object.assign(new Error('invalid input syntax for type date: "hush"'), { severity: 'ERROR', code: '22007', detail: 'hush' }) }, 'failed')
  await http.inject({ url: '/documents?after=hush', headers: { authorization: 'Bearer hush', cookie: 'hush' } })
  await post({ hush: 'hush' })
  await post({ subject: 'hush', recipients: 'hush' })
  const text = JSON.stringify(lines.map((line) => ({ ...line, field: undefined })))
  t.notMatch(text, /hush/)
  t.match(lines, [{ err: { code: '22007', message: 'data exception' } }, { req: { path: '/documents' } }, { code: 'REQUEST_INVALID' }])
})

t.test('answers forbid browsers what an API never needs', async (t) => {
  const { http } = await setup(t)
  t.match((await http.inject('/documents')).headers, {
    'content-security-policy': "default-src 'none';frame-ancestors 'none'",
    'x-content-type-options': 'nosniff',
    'strict-transport-security': /^max-age=\d+$/,
  })
})

t.test('a packet comes as bytes, up to its own limit', async (t) => {
  const { http } = await setup(t)
  const send = (type: string, size: number) => http.inject({ method: 'POST', url: '/packets', headers: { 'content-type': type }, payload: Buffer.alloc(size, 'x') })
  t.strictSame((await send('application/xml', 2000)).json(), { bytes: 2000 })
  t.strictSame((await send('text/xml; charset=utf-8', 10)).json(), { bytes: 10 })
  t.match((await send('application/xml', 2001)).json(), { status: 413, code: 'REQUEST_TOO_LARGE' })
  t.match((await send('application/octet-stream', 10)).json(), { status: 415 })
})

t.test('the server closes although a caller keeps the connection of a request that was under way', async (t) => {
  const http = await createHttpServer({ log: { level: 'silent' } })
  const [entered, answered] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  http.get('/slow', async () => {
    entered.resolve()
    await answered.promise
    return {}
  })
  const address = await http.listen({ host: '127.0.0.1', port: 0 })
  const asked = fetch(`${address}/slow`)
  await entered.promise
  const begun = performance.now()
  const closed = http.close()
  await new Promise(setImmediate) // the server listens no more, and has let go of idle connections
  answered.resolve()
  t.equal((await asked).status, 200, 'it is answered')
  await closed
  t.ok(performance.now() - begun < 30_000, 'long before the connection would be too old to be kept')
})

t.test('the server closes although a refused body was still on its way', async (t) => {
  const { http } = await setup(t)
  await http.listen({ port: 0, host: '127.0.0.1' })
  const { port } = http.server.address() as AddressInfo
  const answers = await Promise.all(['/packets', '/nowhere'].map(async (path) => {
    const socket = connect(port, '127.0.0.1')
    t.teardown(() => socket.destroy())
    socket.write(`POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/xml\r\ntransfer-encoding: chunked\r\n\r\n${'1000\r\n'}${'x'.repeat(0x1000)}\r\n`)
    return new Promise<string>((resolve) => { socket.once('data', (data) => resolve(data.toString())) })
  }))
  t.match(answers[0], /^HTTP\/1\.1 413 /)
  t.match(answers[1], /^HTTP\/1\.1 404 /)
  const started = performance.now()
  await http.close()
  t.ok(performance.now() - started < 2000)
})

t.test('what is not HTTP is answered with a problem as well', async (t) => {
  const { http } = await setup(t)
  await http.listen({ port: 0, host: '127.0.0.1' })
  const { port } = http.server.address() as AddressInfo
  const talk = async (text: string) => {
    const socket = connect(port, '127.0.0.1')
    socket.end(text)
    return (await socket.toArray()).join('')
  }
  t.match(await talk('hello\r\n\r\n'), /^HTTP\/1\.1 400 Bad Request\r\n[^]*application\/problem\+json[^]*this is not HTTP/)
  t.match(await talk(`GET / HTTP/1.1\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`), /headers are too large/)
})
