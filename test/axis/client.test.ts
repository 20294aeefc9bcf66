import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import type { Test } from 'tap'
import type { AxisConnection, Failure } from '../../src/axis/connection.ts'
import { createVxpConnection, type VxpConnection, type VxpOptions } from '../../src/axis/vxp/client.ts'
import { failReply, okReply, packetIn, parseTimestamp } from '../../src/axis/vxp/wire.ts'
import { createHttpClient } from '../../src/http/client.ts'
import { readCaptures, SECRET } from './captures.ts'

type Request = { method: string, url: string, headers: IncomingHttpHeaders, body: Buffer }
type Answer = { status?: number, body?: Buffer | string, headers?: Record<string, string> } | 'reset' | 'silence'

/** A connection to a server that answers what it is told to, and remembers what it was asked. */
async function setup (t: Test, answer: Answer | ((request: Request) => Answer), options: Partial<VxpOptions> = {}) {
  const requests: Request[] = []
  const server = createServer((incoming, response) => {
    incoming.toArray().then((chunks: Buffer[]) => {
      const request = { method: incoming.method!, url: incoming.url!, headers: incoming.headers, body: Buffer.concat(chunks) }
      requests.push(request)
      const said = typeof answer === 'function' ? answer(request) : answer
      if (said === 'reset') incoming.socket.resetAndDestroy()
      else if (said !== 'silence') response.writeHead(said.status ?? 200, said.headers).end(said.body ?? '')
    }, () => {})
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const http = createHttpClient()
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const connection = createVxpConnection({
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/adapter/`,
    systemId: '000.00.00.G99',
    secret: SECRET,
    hashFile: 'sdk',
    http,
    now: () => new Date('2026-11-21T12:11:39.560Z'),
    ...options,
  })
  return { connection, requests }
}

const PACKET = { kind: 'document' as const, from: '000.00.00.G99', to: ['000.00.00.H41'], bytes: Buffer.from('<edXML/>') }

/** Every call of the interface, apart by what a lost answer means. */
const READS: Record<string, (connection: VxpConnection) => Promise<{ kind: string } | Failure>> = {
  listReceived: (connection) => connection.listReceived('document'),
  fetch: (connection) => connection.fetch('68edb8c8c2dcb14db773ce44'),
  listSent: (connection) => connection.listSent('status', '68edb8c8c2dcb14db773ce44'),
  listAgencies: (connection) => connection.listAgencies(),
  getAgenciesListQD20: (connection) => connection.getAgenciesListQD20(),
  getSynchronizeUnit: (connection) => connection.getSynchronizeUnit(),
  countReceived: (connection) => connection.countReceived('status'),
  downloadEdoc: (connection) => connection.downloadEdoc('68edb8c8c2dcb14db773ce44'),
}
const CHANGES: typeof READS = {
  send: (connection: AxisConnection) => connection.send(PACKET),
  acknowledge: (connection) => connection.acknowledge('68edb8c8c2dcb14db773ce44', 'done'),
  registerAgency: (connection) => connection.registerAgency({ id: '', pcode: '00.22.W00', code: 'H22.99', name: 'Don vi thu', mail: 'a@b', mobile: '', fax: '' }),
  deleteAgency: (connection) => connection.deleteAgency('H22.99'),
}

for (const [what, answer, options] of [
  ['a proxy\'s 502 page', { status: 502, body: '<html>Bad Gateway</html>' }],
  ['a 500', { status: 500, body: '{"status":null,"data":null,"DocId":null}' }],
  ['a 503 that says FAIL', { status: 503, body: failReply('20', 'He thong ban') }],
  ['a FAIL that is the axis\'s own fault', { body: failReply('20', 'Loi he thong') }],
  ['a page with 200', { body: '<!DOCTYPE html><html><body>Dang nhap</body></html>', headers: { 'content-type': 'text/html' } }],
  ['nothing with 200', { body: '' }],
  ['half an answer', { body: '{"status":"OK","ErrorCode":"0","da' }],
  ['another JSON', { body: '{"message":"hello"}' }],
  ['a redirect', { status: 302, headers: { location: '/login' } }],
  ['a page with 404', { status: 404, body: '<html>Not found</html>' }],
  ['a reset after the request was read', 'reset'],
  ['no answer in time', 'silence', { sendWithin: 30, askWithin: 30 }],
] as [string, Answer, Partial<VxpOptions>?][]) {
  t.test(`${what} is no good answer: unreachable for what reads, unknown for what changes`, async (t) => {
    const { connection, requests } = await setup(t, answer, options)
    for (const [name, call] of Object.entries(READS)) t.match(await call(connection), { kind: 'unreachable', reason: /./ }, name)
    for (const [name, call] of Object.entries(CHANGES)) t.match(await call(connection), { kind: 'unknown', reason: /./ }, name)
    t.equal(requests.filter(({ url }) => url.endsWith('/sendEdoc')).length, 1, 'one POST for one send')
    t.equal(requests.length, 12, 'one request for one call')
  })
}

t.test('nothing listens: unreachable for all', async (t) => {
  const connection = createVxpConnection({ baseUrl: 'http://127.0.0.1:9', systemId: 'a', secret: SECRET, hashFile: 'sdk', http: createHttpClient(), now: () => new Date() })
  for (const [name, call] of Object.entries({ ...READS, ...CHANGES })) t.match(await call(connection), { kind: 'unreachable' }, name)
})

for (const answer of [{ status: 401 }, { status: 403, body: '<html>' }, { body: failReply('15', 'Sai SecretKey') }]) {
  t.test(`credentials are told apart: ${JSON.stringify(answer.status ?? 'FAIL 15')}`, async (t) => {
    const { connection } = await setup(t, answer)
    for (const [name, call] of Object.entries({ ...READS, ...CHANGES })) t.match(await call(connection), { kind: 'credentials' }, name)
  })
}

for (const status of [200, 400]) {
  t.test(`FAIL with HTTP ${status} is a refusal, with the axis' own code and words`, async (t) => {
    const reason = 'Don vi gui 002.00.20.H13 khong dung voi ma da dang ky: vxp.saas.03'
    const { connection } = await setup(t, { status, body: failReply('19', reason) })
    for (const [name, call] of Object.entries({ ...READS, ...CHANGES })) t.match(await call(connection), { kind: 'refused', code: '19', reason }, name)
  })
}

t.test('a packet that is too large for a proxy is refused, and does not put the connection in doubt', async (t) => {
  const { connection } = await setup(t, { status: 413, body: '<html>Too large</html>' })
  t.match(await connection.send(PACKET), { kind: 'refused', code: 'HTTP_413' })
})

t.test('being turned away for asking too often is certain: nothing was taken', async (t) => {
  const { connection } = await setup(t, { status: 429 })
  t.match(await connection.send(PACKET), { kind: 'unreachable' })
})

t.test('OK without a DocId leaves a send unknown', async (t) => {
  for (const body of [okReply(), okReply({ DocId: '' }), '{"status":"OK","ErrorCode":"0","DocId":null}']) {
    const { connection } = await setup(t, { body })
    t.match(await connection.send(PACKET), { kind: 'unknown' })
  }
})

t.test('an inbox is empty only if the axis plainly says so', async (t) => {
  for (const [body, kind] of [
    [okReply({ data: [] }), 'listed'],
    ['{"status":"OK","ErrorCode":"0","ErrorDesc":"Thanh cong"}', 'listed'],
    ['{"status":"OK","data":null}', 'unreachable'],
    ['{"status":"OK","ErrorCode":"0","data":"[]"}', 'unreachable'],
    ['{"status":"OK","ErrorCode":"0","data":{}}', 'unreachable'],
  ] as const) {
    const { connection } = await setup(t, { body })
    t.match(await connection.listReceived('document'), { kind }, String(body))
  }
})

t.test('lists are read field by field, and a row without an id hides no other', async (t) => {
  const { connection } = await setup(t, ({ url }) => ({
    body: okReply({
      data: url.endsWith('getSentEdocList')
        ? [{ senderDocId: 's1', receiverDocId: 'r1', fromCode: 'A', toCode: 'B', sentTime: '23/10/2025 15:46:18', title: 'Báo cáo', notation: '1/BC' }, { senderDocId: 's2', receiverDocId: null, fromCode: 'A', toCode: 'C', sentTime: null }]
        : [{ docId: 'd1', from: 'A', to: null, created_time: '23/10/2025 15:46:18', anything: 1 }, { docId: null }, 'x', { docId: 7 }],
    }),
  }))
  t.same(await connection.listReceived('document'), { kind: 'listed', items: [{ docId: 'd1', from: 'A', createdTime: '23/10/2025 15:46:18' }, { docId: '7' }] })
  t.same(await connection.listSent('document'), {
    kind: 'listed',
    items: [
      { senderDocId: 's1', fromCode: 'A', toCode: 'B', receiverDocId: 'r1', sentTime: new Date('2025-10-23T08:46:18Z'), title: 'Báo cáo', notation: '1/BC' },
      { senderDocId: 's2', fromCode: 'A', toCode: 'C' },
    ],
  })
})

t.test('both catalogues are read, each with its own field for the old code', async (t) => {
  const { connection } = await setup(t, ({ url }) => ({
    body: okReply({ data: url.endsWith('QD20') ? [{ id: '1', code: 'H37.02', code102: '000.02.37.H37', name: 'Sở' }] : [{ code: 'H37.02', oldCode: '000.02.37.H37', name: 'Sở', mail: 'so@gov.vn' }] }),
  }))
  t.same(await connection.listAgencies(), { kind: 'listed', items: [{ code: 'H37.02', name: 'Sở', mail: 'so@gov.vn', oldCode: '000.02.37.H37' }] })
  t.same(await connection.getAgenciesListQD20(), { kind: 'listed', items: [{ code: 'H37.02', name: 'Sở', oldCode: '000.02.37.H37' }] })
})

t.test('a packet is fetched from base64, strictly; what is no base64 is fetched raw', async (t) => {
  const bytes = Buffer.from('<edXML>Tiếng Việt</edXML>')
  for (const data of [bytes.toString('base64'), bytes.toString('base64').replace(/.{10}/g, '$&\r\n')]) {
    const { connection, requests } = await setup(t, { body: okReply({ data }) })
    t.same(await connection.fetch('d'), { kind: 'fetched', bytes })
    t.equal(requests.length, 1)
  }
  for (const data of ['not base64!', '', null]) {
    const { connection } = await setup(t, ({ url }) => ({ body: url.endsWith('getEdoc') ? okReply({ data }) : bytes }))
    t.same(await connection.fetch('d'), { kind: 'fetched', bytes })
  }
})

t.test('a packet too large for one answer comes as a stream, up to a cap', async (t) => {
  const bytes = Buffer.from('<edXML>' + 'x'.repeat(300_000) + '</edXML>')
  const answer = ({ url }: Request) => ({ body: url.endsWith('getEdoc') ? okReply({ data: bytes.toString('base64') }) : bytes })
  const { connection, requests } = await setup(t, answer, { maxInline: 100_000 })
  t.same(await connection.fetch('d'), { kind: 'fetched', bytes })
  t.same(requests.map(({ method, url }) => `${method} ${url}`), ['POST /adapter/getEdoc', 'GET /adapter/downloadEdoc'])

  const small = await setup(t, answer, { maxInline: 100_000, maxPacket: 200_000 })
  t.match(await small.connection.fetch('d'), { kind: 'refused', code: 'TOO_LARGE' })
})

t.test('a download that is no packet is told by its first bytes', async (t) => {
  for (const [body, expected] of [
    [failReply('10', 'Khong tim thay'), { kind: 'refused', code: '10' }],
    [okReply({ data: 'x' }), { kind: 'unreachable' }],
    ['\n <html></html>', { kind: 'unreachable' }],
    ['1212<?xml version="1.0"?><edXML/>', { kind: 'streaming' }],
    ['\uFEFF<edXML/>', { kind: 'streaming' }],
  ] as const) {
    const { connection } = await setup(t, { body })
    t.match(await connection.downloadEdoc('d'), expected, String(body))
  }
})

t.test('what cannot stand in a header is refused, and nothing is sent', async (t) => {
  const { connection, requests } = await setup(t, { body: okReply() })
  t.match(await connection.fetch('a\r\nX-Evil: 1'), { kind: 'refused', code: 'NOT_A_HEADER' })
  t.match(await connection.downloadEdoc('đ'), { kind: 'refused' })
  t.match(await connection.acknowledge('', 'done'), { kind: 'refused' })
  t.match(await connection.send({ ...PACKET, from: 'đ' }), { kind: 'refused' })
  t.equal(requests.length, 0)
})

t.test('a description loses its diacritics before it is signed', async (t) => {
  const { connection, requests } = await setup(t, { body: okReply() })
  t.same(await connection.acknowledge('d', 'fail', 'Không đọc được gói tin'), { kind: 'acknowledged' })
  t.match(requests[0]!.headers, { 'xroadvnpt-description': 'Khong doc duoc goi tin', 'xroadvnpt-status': 'fail' })
})

t.test('hash-file has the form that the connection is set to', async (t) => {
  for (const hashFile of ['sdk', 'hex64'] as const) {
    const { connection, requests } = await setup(t, { body: okReply({ DocId: 'x' }) }, { hashFile })
    t.same(await connection.send(PACKET), { kind: 'accepted', docId: 'x' })
    const claimed = String(requests[0]!.headers['xroadvnpt-hash-file'])
    t.equal(claimed.length === 64, hashFile === 'hex64')
    t.same(packetIn(requests[0]!.body, claimed), PACKET.bytes)
  }
})

const { captures, skip } = readCaptures()

t.test('each call of ours is the SDK\'s own request, header by header', { skip }, async (t) => {
  for (const { operation, spelt, method, body } of captures) {
    const { connection, requests } = await setup(t, { body: okReply({ DocId: 'x', data: [], count: 1 }) }, { now: () => parseTimestamp(spelt.get('XroadVnpt-timestamp')!)! })
    const docId = spelt.get('XroadVnpt-docId') ?? ''
    const calls: Record<string, () => Promise<unknown>> = {
      sendEdoc: () => connection.send({ kind: 'status', from: '000.00.00.G99', to: [], bytes: packetIn(body, spelt.get('XroadVnpt-hash-file') ?? '')! }),
      getReceivedEdocList: () => connection.listReceived('document'),
      getSentEdocList: () => connection.listSent('document', docId),
      getEdoc: () => connection.fetch(docId),
      updateStatus: () => connection.acknowledge(docId, 'done'),
      getAgenciesList: () => connection.listAgencies(),
      registerAgency: () => CHANGES['registerAgency']!(connection),
      deleteAgency: () => connection.deleteAgency('H22.99'),
      countReceiveEdoc: () => connection.countReceived('document'),
      downloadEdoc: () => connection.downloadEdoc(docId),
    }
    await calls[operation]!()
    const sent = requests[0]!
    t.same([sent.method, sent.url, sent.body], [method, `/adapter/${operation}`, body], operation)
    // The SDK tells the axis a folder of its own machine; we do not, so what is signed differs there.
    const tells = spelt.has('XroadVnpt-filePath')
    for (const [header, value] of spelt) {
      const name = header.toLowerCase()
      if (!name.startsWith('xroadvnpt') && name !== 'content-type' && name !== 'user-agent') continue
      if (name === 'xroadvnpt-filepath') t.notOk(name in sent.headers)
      else if (!tells || !/sign-header|hash-header/.test(name)) t.equal(sent.headers[name], value, `${operation} ${header}`)
    }
  }
})
