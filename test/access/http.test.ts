import t, { type Test } from 'tap'
import { addAccess, CACHE_MS, systemOf } from '../../src/access/http.ts'
import { newApiKey, revokeKey } from '../../src/access/keys.ts'
import type { Db } from '../../src/database/database.ts'
import { createHttpServer } from '../../src/http/server.ts'
import { addPerson, addSystem } from '../support/access.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

async function setup (t: Test, database: Db, lines: string[] = []) {
  const clock = { now: new Date('2026-01-05T08:00:00Z') }
  const http = await createHttpServer({ log: { level: 'trace', stream: { write: (line) => { lines.push(line) } } } })
  t.teardown(() => http.close())
  const requireRole = addAccess(http, { database, now: () => clock.now })
  http.get('/system', { onRequest: requireRole('system') }, async (request) => ({ systemId: systemOf(request).systemId }))
  http.get('/numbers', { onRequest: requireRole('monitor', 'administrator') }, async ({ caller }) => ({ name: caller.name }))
  http.get('/either', { onRequest: requireRole('system', 'operator') }, async (request) => ({ systemId: systemOf(request).systemId }))
  http.get('/unguarded', async ({ caller }) => caller)
  const get = (url: string, authorization?: string) => http.inject({ url, headers: authorization === undefined ? {} : { authorization } })
  return { http, clock, get }
}

t.test('a key opens what its role may use', async (t) => {
  const { database } = await createTestDatabase(t)
  const [system, monitor] = [await addSystem(database, 'dms-a'), await addPerson(database, 'lan', 'monitor')]
  const { get } = await setup(t, database)
  t.strictSame((await get('/system', `Bearer ${system.text}`)).json(), { systemId: 'dms-a' })
  t.strictSame((await get('/numbers', `bearer ${monitor.text}`)).json(), { name: 'Person lan' })
  t.match((await get('/system', `Bearer ${monitor.text}`)).json(), { status: 403, code: 'FORBIDDEN' })
  t.match((await get('/numbers', `Bearer ${system.text}`)).json(), { status: 403, code: 'FORBIDDEN' })
})

t.test('without a key, or with a wrong one, the answer says how to come in', async (t) => {
  const { database } = await createTestDatabase(t)
  const { text, id } = await addSystem(database, 'dms-a')
  const { get } = await setup(t, database)
  for (const authorization of [undefined, '', 'Bearer', 'Bearer ', text, `Basic ${text}`, `Bearer lt_${id}_${newApiKey().secret}`, `Bearer ${text} ${text}`]) {
    const answer = await get('/system', authorization)
    t.equal(answer.statusCode, 401)
    t.equal(answer.headers['www-authenticate'], 'Bearer realm="lienthong"')
    t.match(answer.json(), { code: 'UNAUTHENTICATED', title: 'Thiếu khóa API hoặc khóa không đúng' })
  }
})

t.test('a person cannot act as a system where both may come', async (t) => {
  const { database } = await createTestDatabase(t)
  const operator = await addPerson(database, 'hoa', 'operator')
  const { get } = await setup(t, database)
  t.equal((await get('/either', `Bearer ${operator.text}`)).statusCode, 403)
})

t.test('a revoked key dies within the time of the cache', async (t) => {
  const { database } = await createTestDatabase(t)
  const key = await addSystem(database, 'dms-a')
  const { get, clock } = await setup(t, database)
  t.equal((await get('/system', `Bearer ${key.text}`)).statusCode, 200)
  await database.transaction((tx) => revokeKey(tx, { at: clock.now, actor: 'lan', keyId: key.id }))
  clock.now = new Date(clock.now.getTime() + CACHE_MS)
  t.equal((await get('/system', `Bearer ${key.text}`)).statusCode, 401)
  t.ok(CACHE_MS <= 10_000)
})

t.test('within that time one query serves every request', async (t) => {
  const { database } = await createTestDatabase(t)
  const key = await addSystem(database, 'dms-a')
  const { db, asked } = counting(database)
  const { get } = await setup(t, db)
  await Promise.all(Array.from({ length: 20 }, () => get('/system', `Bearer ${key.text}`)))
  t.equal(asked(), 1)
})

t.test('a database that is away is no wrong key, and is asked again', async (t) => {
  const { database } = await createTestDatabase(t)
  const key = await addSystem(database, 'dms-a')
  let away = true
  const db = { query: ((...query: Parameters<Db['query']>) => away ? Promise.reject(new Error('away')) : database.query(...query)) as Db['query'] }
  const { get } = await setup(t, db)
  t.match((await get('/system', `Bearer ${key.text}`)).json(), { status: 500, code: 'INTERNAL' })
  away = false
  t.equal((await get('/system', `Bearer ${key.text}`)).statusCode, 200)
})

t.test('no line of the log holds a key', async (t) => {
  const { database } = await createTestDatabase(t)
  const key = await addSystem(database, 'dms-a')
  const lines: string[] = []
  const { get, http } = await setup(t, database, lines)
  await get('/system', `Bearer ${key.text}`)
  await get(`/system?key=${key.text}`, `Bearer wrong-${key.text}`)
  http.log.info({ req: { headers: { authorization: `Bearer ${key.text}` } }, headers: { authorization: key.text }, key: key.text, system: { key: key.text, secret: key.secret } }, 'x')
  t.ok(lines.length > 2)
  t.notMatch(lines.join(), key.secret)
})

t.test('a route that reads its caller without a guard is a bug', async (t) => {
  const { database } = await createTestDatabase(t)
  const { get } = await setup(t, database)
  t.equal((await get('/unguarded')).statusCode, 500)
})

function counting (database: TestDatabase['database']) {
  let count = 0
  const query = ((...query: Parameters<Db['query']>) => {
    count++
    return database.query(...query)
  }) as Db['query']
  return { db: { query }, asked: () => count }
}
