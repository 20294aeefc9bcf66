/** What an administrator says, and what a gateway starts with. */
import t from 'tap'
import { randomBytes, X509Certificate } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { createVault } from '../../src/access/secrets.ts'
import { applySetup } from '../../src/admin/apply.ts'
import { parseSetup } from '../../src/admin/setup.ts'
import { loadConfig } from '../../src/config.ts'
import type { Database } from '../../src/database/database.ts'
import { createGateway } from '../../src/gateway.ts'
import { A, B, organisation, setupFor, startWorld } from '../support/gateway.ts'
import { createTestDatabase } from '../support/database.ts'
import { needsShared, shared } from '../support/shared.ts'

const masterKey = randomBytes(32)
const vault = createVault(masterKey)
const apply = async (database: Database, setup: object, isReal = false) => applySetup(parseSetup(JSON.stringify(setup)), { database, vault, now: new Date(), actor: 'test', isReal })

/** Every row of every table that a set-up writes, with the transaction that wrote it. */
async function rowsOf (database: Database) {
  const tables = ['agency', 'agency_code', 'connection', 'system', 'system_agency', 'certificate', 'certificate_link', 'signer', 'person']
  return Object.fromEntries(await Promise.all(tables.map(async (table) => [table, (await database.query(`select xmin::text as writer, t::text as row from ${table} t order by 2`)).rows] as const)))
}

t.test('a set-up applied twice changes nothing; one that differs changes what differs', async (t) => {
  const { database } = await createTestDatabase(t)
  const setup = setupFor('http://127.0.0.1:1/axis')
  await apply(database, setup)
  const before = await rowsOf(database)
  await apply(database, setup)
  t.same(await rowsOf(database), before)
  await apply(database, { connections: [{ ...setup.connections[0], secret: 'another' }] })
  const after = await rowsOf(database)
  t.notSame(after['connection'], before['connection'])
  t.same({ ...after, connection: [] }, { ...before, connection: [] }, 'what a set-up does not name stays as it is')
  t.notMatch(JSON.stringify(after), /another|test-secret|PRIVATE/, 'no secret can be read in the database')
  t.equal((await database.query(`select from audit_entry where action = 'setup.applied'`)).rowCount, 3)
})

t.test('a set-up is refused as a whole, with the field that is wrong', async (t) => {
  const { database } = await createTestDatabase(t)
  const before = await rowsOf(database)
  const good = setupFor('http://127.0.0.1:1/axis')
  const [connection] = good.connections
  const [system] = good.systems
  const { key: keyPem, certificates: certificatePem } = organisation(A.key)
  const cases: [changes: object, field: string, detail?: RegExp][] = [
    [{ colour: 'red' }, 'colour'],
    [{ agencies: [...good.agencies, { codes: ['H90.99'] }] }, 'agencies.2.name'],
    [{ agencies: [...good.agencies, { codes: ['H 90'], name: 'x' }] }, 'agencies.2.codes.0'],
    [{ connections: [{ ...connection, policy: { seals: 'sometimes' } }] }, 'connections.0.policy.seals', /^must be one of \w+, /],
    [{ connections: [{ ...connection, policy: { pdf: { in: { unsigned: 'eat' } } } }] }, 'connections.0.policy.pdf.in.unsigned', /^must be one of mark, hold, refuse$/],
    [{ connections: [{ ...connection, policy: { pollSeconds: 0 } }] }, 'connections.0.policy.pollSeconds'],
    [{ connections: [{ ...connection, baseUrl: 'ftp://x' }] }, 'connections.0.baseUrl'],
    [{ systems: [{ ...system, agencies: ['H90.99'] }] }, 'systems.0.agencies.0', /H90\.99/],
    [{ systems: [...good.systems, { id: 'dms-c', name: 'C', agencies: [B.codes[1]] }] }, 'systems.2.agencies.0', /dms-b speaks for/],
    [{ certificates: [{ agency: A.codes[0], pem: '-----BEGIN nothing' }] }, 'certificates.0.pem'],
    [{ certificates: [{ agency: 'H90.99', pem: certificatePem }] }, 'certificates.0.agency'],
    [{ signers: [{ agency: A.codes[0], keyPem, certificatePem: organisation(B.key).certificates }] }, 'signers.0', /belongs to none/],
    [{ signers: [{ agency: A.codes[0], keyPem: '-----BEGIN x', certificatePem }] }, 'signers.0', /cannot be read/],
  ]
  for (const [changes, field, detail = /./] of cases) {
    const error = await apply(database, { ...good, ...changes }).then(() => null, (error: unknown) => error as { code: string, fault: { field: string, detail: string } })
    t.equal(error?.code, 'SETUP_INVALID', field)
    t.equal(error?.fault.field, field)
    t.match(error?.fault.detail, detail)
    t.notMatch(error?.fault.detail, 'PRIVATE')
  }
  t.same(await rowsOf(database), before)
  t.throws(() => parseSetup('{'), { code: 'SETUP_INVALID' })
})

t.test('example keys and example roots start no real gateway, and are not taken into its set-up', async (t) => {
  const test = await createTestDatabase(t)
  const production = (trustDir: string) => loadConfig({
    LIENTHONG_MODE: 'production', MASTER_KEY: masterKey.toString('base64'), TRUST_DIR: trustDir,
    DATABASE_URL: test.gatewayUrl, DATABASE_OWNER_URL: test.ownerUrl, PORT: '0', LOG_LEVEL: 'silent',
  })
  await t.rejects(createGateway(production(resolve(import.meta.dirname, '../../certs-example/trust')), '0.0.0'), { code: 'SETUP_INVALID', message: /RootCA/ })
  await t.rejects(apply(test.database, setupFor('http://127.0.0.1:1/axis'), true), { code: 'SETUP_INVALID' })

  await t.test('with the Cipher Committee\'s own roots it starts, until somebody gives it an example key', needsShared('samples/certs/rootca-g2.crt'), async (t) => {
    const folder = t.testdir({ anchors: {}, intermediates: {} })
    for (const [part, names] of [['anchors', ['rootca-g1', 'rootca-g2']], ['intermediates', ['cp-g1', 'cpca-g2', 'dcsca-g2']]] as const) {
      mkdirSync(join(folder, part), { recursive: true })
      for (const name of names) writeFileSync(join(folder, part, `${name}.pem`), new X509Certificate(readFileSync(shared(`samples/certs/${name}.crt`))).toString())
    }
    {
      await using gateway = await createGateway(production(folder), '0.0.0')
      t.match(await gateway.start(), /^http/)
    }
    await apply(test.database, setupFor('http://127.0.0.1:1/axis'))
    await t.rejects(createGateway(production(folder), '0.0.0'), { code: 'SETUP_INVALID', message: /VÍ DỤ/ })
  })
})

t.test('a gateway that cannot listen closes what it has opened', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1')
  t.teardown(() => { taken.close() })
  await new Promise((resolve) => { taken.once('listening', resolve) })
  const { gateway, database } = await startWorld(t, { env: { PORT: String((taken.address() as AddressInfo).port) } })
  await t.rejects(gateway.start(), { code: 'EADDRINUSE' })
  await t.rejects(gateway.database.query('select 1'), /pool/, 'it works on nothing in the background')
  t.equal((await database.query('select 1')).rowCount, 1)
})
