/** Responders that are dead, slow, lying or without end cost a bounded time and memory, and lead nowhere else. */
import t from 'tap'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { createHttpClient } from '../../../src/http/client.ts'
import { fetchCrl, fetchOcsp } from '../../../src/trust/revocation/fetch.ts'

const NONE = { etag: null, lastModified: null }
const LIMITS = { bytes: 1000, answerMs: 300, finishMs: 600 }

/** A server that answers each request as told, and what it was asked. */
async function serve (t: { teardown (end: () => void): void }, answer: (socket: Socket, request: string) => void) {
  const asked: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      asked.push(chunk.toString('latin1'))
      answer(socket, chunk.toString('latin1'))
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const http = createHttpClient()
  t.teardown(() => { for (const socket of sockets) socket.destroy(); server.close(); void http[Symbol.asyncDispose]() })
  return { http, asked, url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/a.crl`) }
}

const ok = (body: string, headers = '') => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n${headers}\r\n${body}`

t.test('a CRL is asked for again only if it has changed', async (t) => {
  const { http, url, asked } = await serve(t, (socket, request) => {
    socket.write(/if-none-match: "v1"/i.test(request) ? 'HTTP/1.1 304 Not Modified\r\n\r\n' : ok('crl', 'ETag: "v1"\r\nLast-Modified: Mon, 01 Jun 2026 00:00:00 GMT\r\n'))
  })
  const first = await fetchCrl(http, url, NONE, LIMITS)
  const validators = { etag: '"v1"', lastModified: 'Mon, 01 Jun 2026 00:00:00 GMT' }
  t.same(first, { kind: 'fetched', bytes: Buffer.from('crl'), validators })
  t.same(await fetchCrl(http, url, validators, LIMITS), { kind: 'unchanged' })
  t.match(asked[1], /if-modified-since: Mon, 01 Jun 2026/i)
})

t.test('short OCSP requests go by GET, long ones by POST, and short ones too where GET is refused', async (t) => {
  const { http, url, asked } = await serve(t, (socket, request) => { socket.write(request.startsWith('GET /a.crl/A') && !request.includes('AgIC') ? ok('answer') : request.startsWith('POST') ? ok('answer') : 'HTTP/1.1 405 No\r\nContent-Length: 0\r\n\r\n') })
  t.match(await fetchOcsp(http, url, Buffer.from([1, 2, 3]), LIMITS), { kind: 'fetched' })
  t.match(await fetchOcsp(http, url, Buffer.alloc(300, 1), LIMITS), { kind: 'fetched' })
  t.match(await fetchOcsp(http, url, Buffer.from([2, 2, 2]), LIMITS), { kind: 'fetched' })
  t.same(asked.map((request) => request.split(' ', 1)[0]), ['GET', 'POST', 'GET', 'POST'])
  t.match(asked[3], /content-type: application\/ocsp-request/i)
})

t.test('a responder that is dead is unreachable', async (t) => {
  const http = createHttpClient()
  t.teardown(() => http[Symbol.asyncDispose]())
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  server.close()
  t.match(await fetchOcsp(http, url, Buffer.from([1]), LIMITS), { kind: 'failed', outcome: 'unreachable' })
})

t.test('one that says nothing, or one byte at a time, is left when its time is over', async (t) => {
  const silent = await serve(t, () => {})
  t.match(await fetchCrl(silent.http, silent.url, NONE, LIMITS), { kind: 'failed', outcome: 'broken' })
  const dripping = await serve(t, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n')
    const drip = setInterval(() => socket.write('x'), 20)
    socket.on('close', () => clearInterval(drip))
  })
  t.match(await fetchCrl(dripping.http, dripping.url, NONE, LIMITS), { kind: 'failed', outcome: 'broken', detail: /600 ms/ })
})

t.test('an answer of 2 GB is dropped when it is announced, and as soon as it is over the cap when it is not', async (t) => {
  const announced = await serve(t, (socket) => { socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2147483648\r\n\r\n') })
  t.match(await fetchCrl(announced.http, announced.url, NONE, LIMITS), { kind: 'failed', outcome: 'too-large' })
  let written = 0
  const endless = await serve(t, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
    const more = () => {
      while (!socket.destroyed && written < 2 ** 31) {
        written += 65_536
        if (!socket.write(`10000\r\n${'x'.repeat(65_536)}\r\n`)) break
      }
      socket.once('drain', more)
    }
    more()
  })
  t.match(await fetchCrl(endless.http, endless.url, NONE, LIMITS), { kind: 'failed', outcome: 'too-large' })
  t.ok(written < 100 << 20, `${written} bytes were written before the end`)
})

t.test('redirects, errors and answers that break off are no answers', async (t) => {
  const elsewhere = await serve(t, (socket) => { socket.write(ok('secret')) })
  const redirect = await serve(t, (socket) => { socket.write(`HTTP/1.1 302 Found\r\nLocation: ${elsewhere.url.href}\r\nContent-Length: 0\r\n\r\n`) })
  t.same(await fetchCrl(redirect.http, redirect.url, NONE, LIMITS), { kind: 'failed', outcome: 'refused', detail: 'HTTP 302' })
  t.same(elsewhere.asked, [], 'nobody else is asked')
  const broken = await serve(t, (socket) => { socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc') })
  t.match(await fetchCrl(broken.http, broken.url, NONE, LIMITS), { kind: 'failed', outcome: 'broken' })
  const nonsense = await serve(t, (socket) => { socket.end('SSH-2.0-OpenSSH_9\r\n') })
  t.match(await fetchCrl(nonsense.http, nonsense.url, NONE, LIMITS), { kind: 'failed', outcome: 'broken' })
  const partial = await serve(t, (socket) => { socket.write('HTTP/1.1 206 Partial\r\nContent-Length: 3\r\n\r\nabc') })
  t.match(await fetchCrl(partial.http, partial.url, NONE, LIMITS), { kind: 'failed', outcome: 'refused', detail: 'HTTP 206' })
})
