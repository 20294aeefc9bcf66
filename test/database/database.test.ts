import t from 'tap'
import { openDatabase, type Database } from '../../src/database/database.ts'
import { createTestDatabase } from '../support/database.ts'
import { until } from '../support/until.ts'

t.test('a transaction commits when its work returns and rolls back when it throws', async (t) => {
  const { database } = await createTestDatabase(t)
  t.equal(await database.transaction(async (tx) => { await addPerson(tx, 'kept'); return 'result' }), 'result')
  await t.rejects(database.transaction(async (tx) => {
    await addPerson(tx, 'lost')
    throw new Error('no')
  }), { message: 'no' })
  t.strictSame((await database.query('select id from person')).rows, [{ id: 'kept' }])
})

t.test('whole numbers of 64 bits stay text', async (t) => {
  const { database } = await createTestDatabase(t)
  t.strictSame((await database.query('select 9007199254740993::bigint as number')).rows, [{ number: '9007199254740993' }])
})

t.test('a connection that is lost while idle is told and replaced', async (t) => {
  const { gatewayUrl, ownerUrl } = await createTestDatabase(t)
  const errors: Error[] = []
  const database = openDatabase(gatewayUrl, 2, (error) => { errors.push(error) })
  t.teardown(() => database[Symbol.asyncDispose]())
  await database.query('select 1')
  await cutOff(ownerUrl)
  await until(() => errors.length > 0)
  t.strictSame((await database.query('select 1 as one')).rows, [{ one: 1 }])
})

t.test('a connection that is lost in a transaction fails it, and the next one works', async (t) => {
  const { gatewayUrl, ownerUrl } = await createTestDatabase(t)
  const database = openDatabase(gatewayUrl, 1, () => {})
  t.teardown(() => database[Symbol.asyncDispose]())
  await t.rejects(database.transaction(async (tx) => {
    await addPerson(tx, 'lost')
    await cutOff(ownerUrl)
    await until(() => tx.query('select 1').then(() => false, () => true))
  }))
  t.strictSame((await database.query('select id from person')).rows, [])
})

t.test('more statements than a connection prepares still run', async (t) => {
  const { database } = await createTestDatabase(t)
  for (let number = 0; number < 520; number++) {
    t.strictSame((await database.query(`select ${number} + $1::int as sum`, [1])).rows, [{ sum: number + 1 }])
  }
})

async function addPerson (tx: Pick<Database, 'query'>, id: string): Promise<void> {
  await tx.query('insert into person (id, name) values ($1, $1)', [id])
}

/** Ends every connection of the gateway's role to this database. */
async function cutOff (ownerUrl: string): Promise<void> {
  await using owner = openDatabase(ownerUrl, 1, () => {})
  await owner.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and usename <> current_user')
}
