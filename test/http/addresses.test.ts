/** A name that a stranger chose leads to no address but a public one, whatever way the address is written. */
import t from 'tap'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { isPublicAddress } from '../../src/http/addresses.ts'
import { createHttpClient } from '../../src/http/client.ts'

t.test('only addresses of the public network are public', async (t) => {
  for (const address of ['203.162.0.1', '8.8.8.8', '1.1.1.1', '172.15.0.1', '172.32.0.1', '2001:ee0::1', '2606:4700::1111']) t.ok(isPublicAddress(address), address)
  const others = [
    '127.0.0.1', '127.255.0.1', '0.0.0.0', '10.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.1.1', '169.254.169.254', '100.64.0.1', '224.0.0.1', '239.255.255.250', '255.255.255.255', '198.18.0.1',
    '::', '::1', 'fe80::1', 'fe80::1%eth0', 'fc00::1', 'fd12:3456::1', 'ff02::1', '::ffff:127.0.0.1', '::ffff:8.8.8.8', '64:ff9b::a00:1', '2002:7f00:1::', '2001:db8::1', 'localhost', '', '8.8.8',
  ]
  for (const address of others) t.notOk(isPublicAddress(address), address)
})

t.test('a client that may reach public addresses only connects to no other, by name or by number', async (t) => {
  let connections = 0
  const server = createServer((socket) => { connections++; socket.destroy() }).listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await using client = createHttpClient({ mayReach: isPublicAddress })
  for (const host of ['127.0.0.1', 'localhost', '2130706433', '0x7f.1', '[::1]', '[::ffff:127.0.0.1]', '0.0.0.0']) {
    const url = new URL(`http://${host}:${port}/`)
    t.match(await client.request({ method: 'GET', url, headers: [] }), { kind: 'unreachable', reason: /may not be reached/ }, host)
    t.match(await client.stream({ method: 'GET', url, headers: [] }), { kind: 'unreachable', reason: /may not be reached/ }, host)
  }
  t.equal(connections, 0)
})

t.test('the address is asked about each time a connection is made', async (t) => {
  const server = createServer((socket) => { socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok') }).listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  let isAllowed = true
  await using client = createHttpClient({ mayReach: (address) => isAllowed && address === '127.0.0.1' })
  const request = { method: 'GET' as const, url: new URL(`http://localhost:${(server.address() as AddressInfo).port}/`), headers: [] }
  t.match(await client.request(request), { kind: 'answered', status: 200 })
  isAllowed = false
  t.match(await client.request(request), { kind: 'unreachable' }, 'a name that could be reached, and now leads elsewhere')
})
