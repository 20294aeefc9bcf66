/** An axis over https that asks who we are. */
import t from 'tap'
import type { Test } from 'tap'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { connect, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createServer } from 'node:tls'

import { pem } from '../../certs-example/issue.ts'
import type { Issued } from '../../certs-example/issue.ts'
import { createVault } from '../../src/access/secrets.ts'
import { applySetup } from '../../src/admin/apply.ts'
import { parseSetup } from '../../src/admin/setup.ts'
import { EXAMPLE_TRUST_DIR } from '../../src/trust/example.ts'
import { createTestDatabase } from '../support/database.ts'
import { A, documentPacket, organisation, setupFor, signedPacket, startWorld } from '../support/gateway.ts'
import { until } from '../support/until.ts'
import { name, subjectAltName } from '../trust/path/extensions.ts'
import { keyPemOf, makeCa, makeLeaf } from '../trust/world.ts'

/** OpenSSL tells the time itself. */
const LONG = { notBefore: new Date('2020-01-01T00:00:00Z'), notAfter: new Date('2049-12-31T00:00:00Z') }
const root = makeCa('TLS root', undefined, LONG)
const stranger = makeCa('stranger', undefined, LONG)
const server = (issuer: Issued) => makeLeaf(issuer, { ...LONG, extensions: [subjectAltName(name.ip(127, 0, 0, 1))] })
const certificatePem = ({ certificate }: Issued) => pem('CERTIFICATE', certificate.raw)
const identityOf = (issued: Issued) => ({ certificatePem: certificatePem(issued), keyPem: keyPemOf(issued) })

/** A gateway whose trust folder has a part for TLS, and its axis behind a server that demands a client certificate of the same root. */
async function start (t: Test, issuer: Issued = root) {
  const folder = t.testdir()
  cpSync(EXAMPLE_TRUST_DIR, folder, { recursive: true })
  mkdirSync(join(folder, 'tls/anchors'), { recursive: true })
  writeFileSync(join(folder, 'tls/anchors/root.pem'), certificatePem(root))
  const world = await startWorld(t, { env: { TRUST_DIR: folder } })
  const { rows: [row] } = await world.database.query<{ url: string }>('select base_url as url from connection')
  const inside = new URL(row!.url)
  const issued = server(issuer)
  const front = createServer({ cert: certificatePem(issued), key: keyPemOf(issued), ca: certificatePem(root), requestCert: true, rejectUnauthorized: true }, (socket) => {
    const behind = connect(Number(inside.port), '127.0.0.1')
    socket.on('error', () => behind.destroy())
    behind.on('error', () => socket.destroy())
    socket.pipe(behind).pipe(socket)
  })
  front.on('tlsClientError', () => {})
  front.listen(0, '127.0.0.1')
  await once(front, 'listening')
  t.teardown(() => front.close())
  const axisUrl = `https://127.0.0.1:${(front.address() as AddressInfo).port}${inside.pathname}`
  const configure = (clientCertificate?: { certificatePem: string, keyPem: string }) => world.apply(setupWith(axisUrl, clientCertificate))
  const laneReason = async () => (await world.database.query<{ reason: string | null }>('select reason from lane')).rows[0]?.reason
  return { ...world, configure, laneReason }
}

function setupWith (axisUrl: string, clientCertificate?: { certificatePem: string, keyPem: string }) {
  const setup = setupFor(axisUrl)
  return { ...setup, connections: setup.connections.map((connection) => ({ ...connection, ...(clientCertificate && { clientCertificate }) })) }
}

t.test('a document crosses once the axis knows our certificate, and is never written before', async (t) => {
  const { gateway, database, simulator, configure, laneReason, a, b } = await start(t)
  await configure()
  await gateway.start()
  await a.submit(await signedPacket(documentPacket()))
  await until(async () => /alert|closed/i.test(await laneReason() ?? ''))
  await configure(identityOf(makeLeaf(stranger, LONG)))
  await database.query('update lane set next_at = now()')
  await until(async () => (await database.query('select from attempt where outcome is not null')).rowCount! > 1)
  t.same((await database.query('select distinct outcome from attempt')).rows, [{ outcome: 'unreachable' }])
  t.same(simulator.events.filter(({ kind }) => kind === 'accepted'), [])

  await configure(identityOf(makeLeaf(root, LONG)))
  await database.query('update lane set next_at = now()')
  await until(async () => (await b.mailbox()).items.length === 1)
  t.notMatch(JSON.stringify((await database.query(`select t::text as row from connection t`)).rows), /PRIVATE|BEGIN/)
})

t.test('an axis whose certificate is of another root is not reached', async (t) => {
  const { gateway, database, configure, laneReason, a } = await start(t, stranger)
  await configure(identityOf(makeLeaf(root, LONG)))
  await gateway.start()
  await a.submit(await signedPacket(documentPacket()))
  t.match(await until(laneReason), /unable to verify|UNABLE_TO|self.signed|ISSUER/i)
  t.same((await database.query('select distinct outcome from attempt')).rows, [{ outcome: 'unreachable' }])
})

t.test('a client certificate must fit its key and its connection, and be no example where the gateway is real', async (t) => {
  const { database } = await createTestDatabase(t)
  const vault = createVault(randomBytes(32))
  const apply = async (url: string, identity: { certificatePem: string, keyPem: string }, isReal = false) => applySetup(parseSetup(JSON.stringify({ ...setupWith(url, identity), signers: [] })), { database, vault, now: new Date(), actor: 'test', isReal })
  const own = identityOf(makeLeaf(root, LONG))
  const refused = { code: 'SETUP_INVALID', fault: { field: 'connections.0.clientCertificate' } }
  await t.rejects(apply('https://axis.invalid/', { ...own, keyPem: keyPemOf(makeLeaf(root)) }), refused)
  await t.rejects(apply('https://axis.invalid/', { ...own, keyPem: '-----BEGIN nothing' }), refused)
  await t.rejects(apply('http://axis.invalid/', own), refused)
  const { key, certificates } = organisation(A.key)
  await t.rejects(apply('https://axis.invalid/', { certificatePem: certificates, keyPem: key }, true), { ...refused, message: /./ })
  await apply('https://axis.invalid/', own, true)
  const rows = async () => (await database.query('select xmin, sealed_client_certificate as sealed from connection')).rows
  const before = await rows()
  await apply('https://axis.invalid/', own)
  t.same(await rows(), before, 'said twice, it changes nothing')
})
