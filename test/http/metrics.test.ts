import t, { type Test } from 'tap'
import { Refusal } from '../../src/errors.ts'
import { addMetrics, createMetrics } from '../../src/http/metrics.ts'
import { createHttpServer } from '../../src/http/server.ts'

/** The values of one metric: what stands between its braces, and the number. */
const samples = (text: string, name: string) =>
  Object.fromEntries([...text.matchAll(new RegExp(`^lienthong_${name}(?:\\{(.*)\\})? (.+)$`, 'gm'))].map(([, labels = '', value]) => [labels, Number(value)]))

async function setup (t: Test) {
  const http = await createHttpServer({ log: { level: 'silent' } })
  t.teardown(() => http.close())
  const metrics = createMetrics()
  addMetrics(http, metrics, async (request) => { if (request.headers.authorization === undefined) throw new Refusal('UNAUTHENTICATED') })
  const read = () => http.inject({ url: '/metrics', headers: { authorization: 'x' } })
  return { http, metrics, read }
}

t.test('the numbers want a key', async (t) => {
  const { http, read } = await setup(t)
  t.equal((await http.inject('/metrics')).statusCode, 401)
  const answer = await read()
  t.equal(answer.statusCode, 200)
  t.match(answer.headers['content-type'], /^text\/plain; version=0\.0\.4/)
  t.match(answer.body, /^process_cpu_seconds_total /m)
})

t.test('requests are counted by route, not by address', async (t) => {
  const { http, read } = await setup(t)
  http.get('/documents/:id', async () => ({}))
  await Promise.all(['/documents/1', '/documents/2', '/x', '/y'].map((url) => http.inject(url)))
  t.strictSame(samples((await read()).body, 'http_request_seconds_count'), {
    'method="GET",route="/documents/:id",status="200"': 2,
    'method="GET",route="none",status="404"': 2,
  })
})

t.test('a part registers what it counts, and what it can be asked', async (t) => {
  const { metrics } = await setup(t)
  const sent = metrics.counter('sent_total', 'Packets sent', ['connection'])
  sent({ connection: 'national' })
  sent({ connection: 'national' }, 2)
  let lanes = [{ labels: { lane: 'a' }, value: 3 }, { labels: { lane: 'b' }, value: 4 }]
  metrics.gauge('waiting', 'Dispatches that wait', async () => lanes, ['lane'])
  metrics.gauge('alarms', 'Open alarms', () => 2)
  const text = await metrics.read()
  t.strictSame(samples(text, 'sent_total'), { 'connection="national"': 3 })
  t.strictSame(samples(text, 'waiting'), { 'lane="a"': 3, 'lane="b"': 4 })
  t.strictSame(samples(text, 'alarms'), { '': 2 })
  lanes = lanes.slice(1)
  t.strictSame(samples(await metrics.read(), 'waiting'), { 'lane="b"': 4 })
})

t.test('a gauge that cannot be read is missing, and spoils no other', async (t) => {
  const { metrics } = await setup(t)
  metrics.gauge('broken', 'x', async () => { throw new Error('away') })
  metrics.gauge('broken_lanes', 'x', () => { throw new Error('away') }, ['lane'])
  metrics.gauge('whole', 'x', () => 1)
  const text = await metrics.read()
  t.strictSame(samples(text, 'broken'), {})
  t.strictSame(samples(text, 'broken_lanes'), {})
  t.strictSame(samples(text, 'whole'), { '': 1 })
})
