import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import t from 'tap'
import { readCall, type Read } from '../../src/axis/vxp/server.ts'
import { signHeaders, type Parameters } from '../../src/axis/vxp/wire.ts'
import { readCaptures, SECRET } from './captures.ts'

const secretOf = (systemId: string) => systemId === '000.00.00.G99' ? SECRET : undefined

/** A request as node:http would give it, signed well. */
function request (operation: string, parameters: Parameters, { method = 'POST', body = '' } = {}) {
  const headers = signHeaders([['systemid', '000.00.00.G99'], ...parameters, ['timestamp', '21112026T191138+0429']], SECRET)
  return { method, operation, headers: Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value])), body: Buffer.from(body) }
}

const { captures, skip } = readCaptures()

t.test('each request of the official SDK, sent over a socket byte for byte, is the call that it means', { skip }, async (t) => {
  let read: Read | undefined
  const server = createServer(async (incoming, response) => {
    const body = Buffer.concat(await incoming.toArray())
    read = await readCall({ method: incoming.method!, operation: incoming.url!.slice(1), headers: incoming.headers, body }, secretOf)
    response.setHeader('connection', 'close').end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())

  const docId = '68edb8c8c2dcb14db773ce44'
  const calls: Record<string, object> = {
    getReceivedEdocList: { kind: 'document' },
    sendEdoc: { kind: 'status', from: '000.00.00.G99', bytes: captures[1]!.body.subarray(0, -2) },
    getEdoc: { docId },
    updateStatus: { docId, status: 'done' },
    getSentEdocList: { kind: 'document', docId },
    getAgenciesList: {},
    registerAgency: { agency: { id: '', pcode: '00.22.W00', code: 'H22.99', name: 'Don vi thu', mail: 'a@b', mobile: '', fax: '' } },
    deleteAgency: { code: 'H22.99' },
    countReceiveEdoc: {},
    downloadEdoc: { docId },
  }
  for (const { name, operation, raw } of captures) {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
    socket.write(raw)
    socket.resume()
    await once(socket, 'close')
    t.same(read, { kind: 'call', systemId: '000.00.00.G99', call: { operation, ...calls[operation] } }, name)
  }
})

t.test('a stranger, a wrong secret and a touched body are denied', async (t) => {
  const good = request('getEdoc', [['docId', 'x']])
  t.match(await readCall(good, secretOf), { kind: 'call' })
  const denied = { kind: 'denied', answer: { status: 401 } }
  const answers = [
    await readCall(good, () => undefined),
    await readCall(good, () => 'another'),
    await readCall({ ...good, headers: {} }, secretOf),
    await readCall({ ...good, headers: { ...good.headers, 'xroadvnpt-docid': 'y' } }, secretOf),
  ]
  for (const answer of answers) t.match(answer, denied)
  t.same(new Set(answers.map((answer) => answer.kind === 'denied' && String(answer.answer.body))).size, 1, 'in the same words')

  const send = request('sendEdoc', [['messagetype', 'edoc'], ['from', 'a'], ['hash-file', 'b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9']], { body: 'hello world' })
  t.match(await readCall(send, secretOf), { kind: 'call', call: { from: 'a', bytes: Buffer.from('hello world') } })
  t.match(await readCall({ ...send, body: Buffer.from('hello w0rld') }, secretOf), { kind: 'denied', answer: { status: 200, body: /hash-file/ } })
})

t.test('recipients named in a header are read', async (t) => {
  const to = (value: string) => readCall(request('sendEdoc', [['messagetype', 'edoc'], ['from', 'a'], ['to', value], ['hash-file', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855']]), secretOf)
  t.match(await to('["H37.02.02","000.00.00.G22"]'), { kind: 'call', call: { to: ['H37.02.02', '000.00.00.G22'] } })
  for (const value of ['H37.02.02', '{}', '[1]']) t.match(await to(value), { kind: 'denied' }, value)
})

t.test('a list may be asked for a span of time', async (t) => {
  t.match(await readCall(request('getReceivedEdocList', [['messagetype', 'status'], ['fromDate', '01/11/2026 00:00:00'], ['toDate', '02/11/2026 00:00:00']]), secretOf), {
    kind: 'call', call: { kind: 'status', since: new Date('2026-10-31T17:00:00Z'), until: new Date('2026-11-01T17:00:00Z') },
  })
})

t.test('what is not known, or not whole, is denied', async (t) => {
  for (const [operation, parameters, options, status] of [
    ['shutdown', [], {}, 404],
    ['toString', [], {}, 404],
    ['getEdoc', [['docId', 'x']], { method: 'GET' }, 405],
    ['downloadEdoc', [['docId', 'x']], {}, 405],
    ['getEdoc', [], {}, 200],
    ['sendEdoc', [['messagetype', 'letter'], ['from', 'a']], {}, 200],
    ['getReceivedEdocList', [], {}, 200],
    ['getSentEdocList', [], {}, 200],
    ['updateStatus', [['docId', 'x'], ['status', 'finished']], {}, 200],
    ['registerAgency', [], { body: '{"name":"x"}' }, 200],
    ['registerAgency', [], { body: 'x' }, 200],
    ['deleteAgency', [], {}, 200],
  ] as [string, Parameters, { method?: string, body?: string }, number][]) {
    t.match(await readCall(request(operation, parameters, options), secretOf), { kind: 'denied', answer: { status, body: /"FAIL"/ } }, operation)
  }
})
