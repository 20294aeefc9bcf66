import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import path from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { createHttpClient, type HttpClientOptions } from '../../src/http/client.ts'

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

/** A peer of bare sockets: `heard` is told all that a connection has said so far, whenever it says more. */
async function setup (t: Test, heard: (socket: Socket, text: string, connection: number) => void, options: HttpClientOptions = {}) {
  const sockets: Socket[] = []
  let bytes = ''
  const server = createServer((socket) => {
    const connection = sockets.push(socket)
    let text = ''
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      bytes += chunk.toString('latin1')
      heard(socket, text, connection)
    })
  })
  const url = await listen(server)
  const client = createHttpClient(options)
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy()
    await client[Symbol.asyncDispose]()
    server.close()
  })
  return { client, url, sockets, posts: () => bytes.split('POST ').length - 1 }
}

async function listen (server: Server, port = 0) {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/sendEdoc`)
}

const post = (url: URL) => ({ method: 'POST' as const, url, headers: [], body: Buffer.from('hello') })
const whole = (text: string) => text.endsWith('hello')

t.test('a refused connection is unreachable', async (t) => {
  const server = createServer()
  const url = await listen(server)
  server.close()
  await once(server, 'close')
  await using client = createHttpClient()
  const outcome = await client.request(post(url))
  t.match(outcome, { kind: 'unreachable', reason: /ECONNREFUSED/ })
})

t.test('a name that does not resolve is unreachable', async (t) => {
  await using client = createHttpClient()
  t.match(await client.request(post(new URL('http://axis.invalid/sendEdoc'))), { kind: 'unreachable' })
})

t.test('a TLS handshake that never ends is unreachable', async (t) => {
  const { client, url, posts } = await setup(t, () => {}, { connectWithin: 1 })
  t.match(await client.request(post(new URL(url.href.replace('http:', 'https:')))), { kind: 'unreachable' })
  t.equal(posts(), 0)
})

t.test('a peer whose certificate nobody vouches for is unreachable, and hears no request', async (t) => {
  const pem = (end: string) => readFileSync(path.join(import.meta.dirname, `../../certs-example/organisations/so-noi-vu-vi-du.${end}.pem`))
  let requests = 0
  const server = createHttpsServer({ key: pem('key'), cert: pem('crt') }, () => { requests++ })
  const url = await listen(server)
  t.teardown(() => server.close())
  await using client = createHttpClient()
  t.match(await client.request(post(new URL(url.href.replace('http:', 'https:')))), { kind: 'unreachable' })
  t.equal(requests, 0)
})

t.test('a peer that takes the request and hangs up may have done it: unknown, and written once', async (t) => {
  const { client, url, sockets, posts } = await setup(t, (socket, text) => { if (whole(text)) socket.resetAndDestroy() })
  t.match(await client.request(post(url)), { kind: 'unknown' })
  t.equal(posts(), 1)
  t.equal(sockets.length, 1, 'no second connection is opened')
})

t.test('a peer that hangs up in the middle of its answer leaves the outcome unknown', async (t) => {
  const { client, url, posts } = await setup(t, (socket, text) => { if (whole(text)) socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf') })
  t.match(await client.request(post(url)), { kind: 'unknown' })
  t.equal(posts(), 1)
})

t.test('a peer that never answers is given up: unknown', async (t) => {
  const { client, url, posts } = await setup(t, () => {})
  t.match(await client.request({ ...post(url), answerWithin: 20 }), { kind: 'unknown' })
  t.equal(posts(), 1)
})

t.test('an answer that nobody wants any more is not waited for, whether the request has left or not', async (t) => {
  const ending = new AbortController()
  const { client, url, posts } = await setup(t, (_, text) => { if (whole(text)) ending.abort() })
  t.match(await client.request({ ...post(url), signal: ending.signal }), { kind: 'unknown', reason: /not waited for/ })
  t.match(await client.request({ ...post(url), signal: ending.signal }), { kind: 'unreachable', reason: /not waited for/ })
  t.equal(posts(), 1)
})

t.test('a peer that drips its answer for ever is given up: unknown', async (t) => {
  const { client, url } = await setup(t, (socket) => { socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nx') })
  t.match(await client.request({ ...post(url), finishWithin: 50 }), { kind: 'unknown', reason: /50 ms/ })
})

t.test('connections are kept and used again', async (t) => {
  const { client, url, sockets, posts } = await setup(t, (socket, text) => { if (whole(text)) socket.write(OK) }, { connections: 2 })
  for (let n = 0; n < 10; n++) t.match(await client.request(post(url)), { kind: 'answered', status: 200, body: Buffer.from('ok') })
  t.equal(posts(), 10)
  t.ok(sockets.length <= 2, `${sockets.length} connections`)
})

t.test('a kept connection that the peer closed while it was idle is replaced: the request goes out once', async (t) => {
  const { client, url, sockets, posts } = await setup(t, (socket, text) => { if (whole(text)) socket.write(OK) }, { connections: 1 })
  await client.request(post(url))
  const closed = once(sockets[0]!, 'close')
  sockets[0]!.end()
  await closed // our side has seen the end and closed too
  t.match(await client.request(post(url)), { kind: 'answered' })
  t.equal(posts(), 2)
  t.equal(sockets.length, 2)
})

t.test('a kept connection that closes as the next request is written leaves that one unknown, and written once', async (t) => {
  const { client, url, sockets, posts } = await setup(t, (socket, text, connection) => {
    const requests = text.split('POST ').length - 1
    if (requests > 1) socket.resetAndDestroy()
    else if (whole(text)) socket.write(OK)
    if (connection > 1) t.fail('a second connection')
  }, { connections: 1 })
  await client.request(post(url))
  t.match(await client.request(post(url)), { kind: 'unknown' })
  t.equal(posts(), 2)
  t.equal(sockets.length, 1)
})

t.test('a request given up while all connections are busy is unreachable, and is never written', async (t) => {
  const busy = Promise.withResolvers<Socket>()
  const { client, url, posts } = await setup(t, (socket, text) => {
    if (text.includes('third')) socket.write(OK)
    else if (whole(text)) busy.resolve(socket)
  }, { connections: 1 })
  const first = client.request(post(url))
  const socket = await busy.promise
  t.match(await client.request({ ...post(url), finishWithin: 10 }), { kind: 'unreachable' })
  socket.write(OK)
  t.match(await first, { kind: 'answered' })
  t.match(await client.request({ ...post(url), body: Buffer.from('third') }), { kind: 'answered' })
  t.equal(posts(), 2, 'the first and the third')
})

t.test('an answer over the cap is dropped, announced or not', async (t) => {
  const { client, url } = await setup(t, (socket, text) => {
    socket.end(text.includes('chunked') ? 'HTTP/1.1 200 OK\r\n\r\n' + 'x'.repeat(64) : 'HTTP/1.1 200 OK\r\nContent-Length: 64\r\n\r\n' + 'x'.repeat(64))
  })
  t.match(await client.request({ ...post(url), maxAnswer: 63 }), { kind: 'oversize' })
  t.match(await client.request({ ...post(url), headers: [['x', 'chunked']], maxAnswer: 63 }), { kind: 'oversize' })
  t.match(await client.request({ ...post(url), maxAnswer: 64 }), { kind: 'answered' })
})

t.test('an answer in chunks of one octet takes no more memory than its octets', async (t) => {
  const MIB = 1 << 20
  const { client, url } = await setup(t, (socket, text) => {
    if (whole(text)) socket.end(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${'1\r\nx\r\n'.repeat(2 * MIB)}0\r\n\r\n`)
  })
  const before = process.memoryUsage().heapUsed
  const answer = await client.request(post(url))
  t.ok(answer.kind === 'answered' && answer.body.equals(Buffer.alloc(2 * MIB, 'x')))
  t.ok(process.memoryUsage().heapUsed - before < 150 * MIB, `a list of them takes a hundred times that: ${(process.memoryUsage().heapUsed - before) / MIB | 0} MiB`)
})

t.test('a redirect is an answer, and is not followed', async (t) => {
  const { client, url, posts } = await setup(t, (socket) => { socket.end('HTTP/1.1 307 Temporary Redirect\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n') })
  t.match(await client.request(post(url)), { kind: 'answered', status: 307 })
  t.equal(posts(), 1)
})

t.test('a header that cannot be written is a bug of ours, not an outcome', async (t) => {
  await using client = createHttpClient()
  await t.rejects(client.request({ ...post(new URL('http://127.0.0.1/')), headers: [['x', 'a\nb']] }))
})

t.test('a stream gives the body as it comes, and breaks where the peer breaks', async (t) => {
  const large = Buffer.alloc(3 << 20, 'lienthong')
  const server = createHttpServer((request, response) => {
    response.writeHead(200, { 'content-length': large.length })
    if (request.url === '/whole') response.end(large)
    else response.write(large.subarray(0, 1 << 20), () => response.destroy())
  })
  const url = await listen(server)
  await using client = createHttpClient()
  t.teardown(() => server.close())

  const answer = await client.stream({ method: 'GET', url: new URL('/whole', url), headers: [] })
  if (answer.kind !== 'answered') throw new Error(answer.reason)
  t.ok(Buffer.concat(await answer.body.toArray()).equals(large))

  const broken = await client.stream({ method: 'GET', url: new URL('/broken', url), headers: [] })
  if (broken.kind !== 'answered') throw new Error(broken.reason)
  await t.rejects(broken.body.toArray())
})
