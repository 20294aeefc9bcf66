import t from 'tap'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { certificatesOf } from '../../src/agencies/certificates.ts'
import { migrate } from '../../src/database/migrate.ts'
import { openDatabase, type Database } from '../../src/database/database.ts'
import { installQueues } from '../../src/queue/install.ts'
import { createTestDatabase } from '../support/database.ts'

const MIGRATIONS = join(import.meta.dirname, '../../src/database/migrations')

t.test('processes that migrate an empty database at once wait for each other', async (t) => {
  const { owner, ownerUrl, gatewayRole } = await setup(t)
  const name = `test_${Date.now()}_empty`
  await owner.query(`create database ${name}`)
  t.teardown(() => owner.query(`drop database ${name}`))
  const url = new URL(ownerUrl)
  url.pathname = name
  await Promise.all([1, 2, 3].map(async () => {
    await migrate({ ownerUrl: url.href, gatewayRole })
    await installQueues({ ownerUrl: url.href, gatewayRole })
  }))
  await using empty = openDatabase(url.href, 1, () => {})
  t.strictSame((await empty.query<{ name: string }>('select name from migration order by id')).rows.map(({ name }) => `${name}.sql`), readdirSync(MIGRATIONS).toSorted())
})

t.test('what a gateway of the first version linked is taken over', async (t) => {
  const { owner, ownerUrl, gatewayRole } = await setup(t)
  const name = `test_${Date.now()}_first`
  await owner.query(`create database ${name}`)
  t.teardown(() => owner.query(`drop database ${name}`))
  const url = new URL(ownerUrl)
  url.pathname = name
  await using first = openDatabase(url.href, 1, () => {})
  await first.query(readFileSync(join(MIGRATIONS, '0001_main-job.sql'), 'utf8'))
  await first.query('create table migration (id serial primary key, name varchar(255) not null, run_on timestamp not null)')
  await first.query(`insert into migration (name, run_on) values ('0001_main-job', now())`)
  await first.query(`insert into agency (name, source) values ('A', 'setup')`)
  await first.query(`insert into agency_code (code, agency_id) values ('H90.01', 1)`)
  await first.query(`insert into certificate (fingerprint, der) values ('\\xab', '\\x00')`)
  await first.query(`insert into certificate_agency (fingerprint, agency_id) values ('\\xab', 1)`)
  await migrate({ ownerUrl: url.href, gatewayRole })
  t.strictSame([...await certificatesOf(first, 'H90.01', new Date())], [['ab', true]])
})

t.test('migrating again takes away a right that nobody should have', async (t) => {
  const { owner, ownerUrl, gatewayRole, database } = await setup(t)
  await owner.query(`grant delete on document to ${gatewayRole}`)
  await database.query('delete from document')
  await migrate({ ownerUrl, gatewayRole })
  await t.rejects(database.query('delete from document'), { code: '42501' })
})

t.test('a superuser cannot be the gateway', async (t) => {
  const { owner, ownerUrl } = await setup(t)
  const { rows: [{ name }] } = await owner.query("select rolname as name from pg_roles where rolsuper and rolname !~ '^pg_' limit 1")
  await t.rejects(migrate({ ownerUrl, gatewayRole: name }), { message: /superuser/ })
})

t.test('an owner who may not create roles says which one to create', async (t) => {
  const { owner, ownerUrl } = await setup(t)
  const name = `test_${Date.now()}_plain`
  await owner.query(`create role ${name} login password 'plain'`)
  await owner.query(`create database ${name} owner ${name}`)
  t.teardown(async () => {
    await owner.query(`drop database ${name}`)
    await owner.query(`drop role ${name}`)
  })
  const url = new URL(ownerUrl)
  Object.assign(url, { username: name, password: 'plain', pathname: name })
  await t.rejects(migrate({ ownerUrl: url.href, gatewayRole: 'test_no_such_role' }), { message: /create role test_no_such_role/ })
})

async function setup (t: { teardown (end: () => unknown): void }) {
  const { ownerUrl, gatewayUrl, database, drop } = await createTestDatabase()
  const owner: Database = openDatabase(ownerUrl, 1, () => {})
  t.teardown(async () => {
    await owner[Symbol.asyncDispose]()
    await drop()
  })
  return { owner, ownerUrl, database, gatewayRole: new URL(gatewayUrl).username }
}
