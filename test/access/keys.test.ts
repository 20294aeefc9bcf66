import t from 'tap'
import { createSystemKey, findCaller, newApiKey, revokeKey } from '../../src/access/keys.ts'
import { addPerson, addSystem } from '../support/access.ts'
import { createTestDatabase } from '../support/database.ts'

const at = new Date('2026-01-05T09:00:00Z')

t.test('a key says which system calls, and for which agencies it speaks', async (t) => {
  const { database } = await createTestDatabase(t)
  const key = await addSystem(database, 'dms-a')
  await addSystem(database, 'dms-b')
  t.strictSame(await findCaller(database, key.text), { keyId: key.id, role: 'system', name: 'System dms-a', systemId: 'dms-a', agencyIds: new Set([key.agencyId]) })
})

t.test("a person's key speaks for no agency", async (t) => {
  const { database } = await createTestDatabase(t)
  const key = await addPerson(database, 'lan', 'administrator')
  t.strictSame(await findCaller(database, key.text), { keyId: key.id, role: 'administrator', name: 'Person lan', personId: 'lan', agencyIds: new Set() })
})

t.test('only the whole key is a key', async (t) => {
  const { database } = await createTestDatabase(t)
  const key = await addSystem(database, 'dms-a')
  const other = newApiKey()
  for (const text of ['', 'lt_', key.id, key.secret, `lt_${key.id}_`, `lt_${key.id}_${other.secret}`, `lt_${other.id}_${key.secret}`, `${key.text}x`, ` ${key.text}`, key.text.toUpperCase(), other.text]) {
    t.equal(await findCaller(database, text), null, text.replaceAll(key.secret, '…'))
  }
})

t.test('a revoked key is nobody, and can be revoked once', async (t) => {
  const { database } = await createTestDatabase(t)
  const key = await addSystem(database, 'dms-a')
  const revoke = () => database.transaction((tx) => revokeKey(tx, { at, actor: 'lan', keyId: key.id }))
  t.equal(await revoke(), true)
  t.equal(await findCaller(database, key.text), null)
  t.equal(await revoke(), false)
})

t.test('the database keeps no key, and the audit tells who made and revoked which', async (t) => {
  const { database } = await createTestDatabase(t)
  const key = await addSystem(database, 'dms-a')
  await database.transaction((tx) => revokeKey(tx, { at, actor: 'lan', keyId: key.id }))
  const { rows: kept } = await database.query('select * from api_key')
  t.notMatch(JSON.stringify(kept), key.secret)
  const { rows: entries } = await database.query('select actor, action, subject, detail from audit_entry order by id')
  t.strictSame(entries, [
    { actor: 'setup', action: 'key.created', subject: key.id, detail: { role: 'system', systemId: 'dms-a' } },
    { actor: 'lan', action: 'key.revoked', subject: key.id, detail: {} },
  ])
})

t.test('a key that is not committed does not exist, nor does its audit entry', async (t) => {
  const { database } = await createTestDatabase(t)
  await addSystem(database, 'dms-a')
  await t.rejects(database.transaction(async (tx) => {
    await createSystemKey(tx, { at, actor: 'setup', systemId: 'dms-a' })
    throw new Error('no')
  }), /no/)
  t.strictSame((await database.query('select count(*)::int as keys, (select count(*)::int from audit_entry) as entries from api_key')).rows, [{ keys: 1, entries: 1 }])
})

t.test('keys are random, and 256 bits of them are secret', async (t) => {
  const keys = Array.from({ length: 100 }, newApiKey)
  t.equal(new Set(keys.map(({ id }) => id)).size, 100)
  t.equal(new Set(keys.map(({ secret }) => secret)).size, 100)
  t.equal(Buffer.from(keys[0]!.secret, 'base64url').length, 32)
})
