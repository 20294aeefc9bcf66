import t from 'tap'
import pg from 'pg'
import { createTestDatabase } from '../support/database.ts'
import { openDatabase } from '../../src/database/database.ts'

const APPEND_ONLY = ['audit_entry', 'audit_link', 'blob', 'blob_chunk', 'certificate_link', 'delivery_event', 'revocation_answer', 'stamp_batch', 'stamp_leaf', 'stamp_token']
const REFUSED = { code: '42501' }

t.test('as the gateway', async (t) => {
  const { database, ownerUrl } = await createTestDatabase(t)
  const owner = openDatabase(ownerUrl, 1, () => {})
  t.teardown(() => owner[Symbol.asyncDispose]())

  t.test('what is written once can be added to and read', async (t) => {
    await database.query("insert into audit_entry (at, actor, action, subject, detail) values (now(), 'a', 'b', 'c', '{}')")
    const { rows } = await database.query('select actor from audit_entry')
    t.strictSame(rows, [{ actor: 'a' }])
  })

  for (const table of APPEND_ONLY) {
    t.test(`${table} cannot be changed, deleted from or emptied`, async (t) => {
      const { rows: [{ column }] } = await owner.query(
        "select attname as column from pg_attribute where attrelid = $1::regclass and attnum > 0 and attidentity = '' limit 1", [table])
      await t.rejects(database.query(`update ${table} set ${column} = ${column}`), REFUSED)
      await t.rejects(database.query(`delete from ${table}`), REFUSED)
      await t.rejects(database.query(`truncate ${table} cascade`), REFUSED)
    })
  }

  t.test('documents can be changed and not deleted', async (t) => {
    await database.query('update document set subject = subject')
    await t.rejects(database.query('delete from document'), REFUSED)
  })

  t.test('answers whose time is over can be deleted', async () => {
    await database.query('delete from idempotency')
  })

  const forbidden = [
    'create table extra (id int)',
    'create schema extra',
    'alter table audit_entry add column extra int',
    'drop table audit_entry',
    'alter table audit_entry disable trigger all',
    'create table queue.extra (id int)',
    'drop table queue.job',
    "select setval(pg_get_serial_sequence('audit_entry', 'id'), 1)",
    'create role extra',
    "update migration set name = 'none'",
    'update queue.version set version = 1',
  ]
  for (const statement of forbidden) {
    t.test(`refused: ${statement}`, async (t) => {
      await t.rejects(database.query(statement), REFUSED)
    })
  }

  t.test('every table of the schema can be read', async () => {
    const { rows } = await owner.query<{ name: string }>("select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'")
    for (const { name } of rows) await database.query(`select from ${pg.escapeIdentifier(name)}`)
  })
})
