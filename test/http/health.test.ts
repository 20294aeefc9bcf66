import t, { type Test } from 'tap'
import { addHealth, type Checks } from '../../src/http/health.ts'
import { createHttpServer } from '../../src/http/server.ts'

async function setup (t: Test, checks: Checks, within?: number) {
  const http = await createHttpServer({ log: { level: 'silent' } })
  t.teardown(() => http.close())
  addHealth(http, checks, within)
  return http
}

t.test('a process that answers is alive, whatever else is away', async (t) => {
  const http = await setup(t, { database: async () => { throw new Error('away') } })
  const answer = await http.inject('/healthz')
  t.equal(answer.statusCode, 200)
  t.strictSame(answer.json(), { ok: true })
})

t.test('it is ready when every check passes', async (t) => {
  let away = false
  const http = await setup(t, { database: async () => { if (away) throw new Error('password=hush') }, queue: async () => true })
  t.strictSame((await http.inject('/readyz')).json(), { ok: true, checks: { database: true, queue: true } })
  away = true
  const answer = await http.inject('/readyz')
  t.equal(answer.statusCode, 503)
  t.strictSame(answer.json(), { ok: false, checks: { database: false, queue: true } })
})

t.test('a check that never returns counts as failed', async (t) => {
  const http = await setup(t, { database: () => new Promise(() => {}) }, 10)
  t.equal((await http.inject('/readyz')).statusCode, 503)
})

t.test('whoever asks at the same time shares one check', async (t) => {
  let asked = 0
  const http = await setup(t, { database: async () => { asked++; await new Promise(setImmediate) } })
  await http.ready()
  await Promise.all(Array.from({ length: 50 }, () => http.inject('/readyz')))
  t.equal(asked, 1)
})
