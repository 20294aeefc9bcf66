/** What the gateway writes about its work: one line for each change of state, with ids, and nothing of what documents say. */
import t from 'tap'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { resolve } from 'node:path'
import { environment } from '../../src/config.ts'
import { createSystemClient } from '../../src/cli/demo-systems.ts'
import { documentPacket, signedPacket, startWorld } from '../support/gateway.ts'
import { until } from '../support/until.ts'

type Line = { level: number, msg: string, documentId?: string, dispatchId?: string, arrivalId?: string, handOverId?: string, statusId?: string }

t.test('each change of state is one line with its ids; no content, no key, no secret is in any', async (t) => {
  const { gateway, database, simulator, config, keys } = await startWorld(t)
  await gateway[Symbol.asyncDispose]() // another one works here, in a process whose output can be read
  simulator.faults.push({ fault: { kind: 'drop', when: 'after' }, operation: 'sendEdoc', times: 1 })
  const { url, ownerUrl } = config.database as { url: string, ownerUrl: string }
  const child = spawn(process.execPath, [resolve(import.meta.dirname, '../../src/main.ts')], {
    env: { PATH: environment['PATH'], LIENTHONG_MODE: 'test', PORT: '0', DATABASE_URL: url, DATABASE_OWNER_URL: ownerUrl }, stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  t.teardown(() => { child.kill('SIGKILL') })
  const text: string[] = []
  createInterface({ input: child.stdout }).on('line', (line) => { text.push(line) })
  const lines = () => text.map((line) => JSON.parse(line) as Line)
  const address = await until(() => /http:\/\/[\d.:]+/.exec(text.join('\n'))?.[0])
  const a = createSystemClient(address, keys.a)
  const b = createSystemClient(address, keys.b)

  const { id } = await a.submit(await signedPacket(documentPacket()), 'key-of-repetition')
  const [entry] = await until(async () => { const items = await b.mailbox('waiting'); return items.length > 0 && items })
  await b.acknowledge(entry!.id)
  await b.report(entry!.id, '03', 'Văn thư đã vào sổ')
  await until(async () => { const { deliveries: [delivery] } = await a.document(id); return delivery!.status === '03' && delivery!.state === 'sent' })
  child.kill('SIGTERM')
  await ended

  const { rows: [dispatch] } = await database.query<{ id: string }>('select id from dispatch where document_id = $1', [id])
  t.same(lines().filter(({ documentId }) => documentId === id).map(({ msg, dispatchId }) => [msg, dispatchId ?? null]), [
    ['outbound.submit: the document is stored', null],
    ['outbound: the dispatch is unknown', dispatch!.id],
    ['outbound: the dispatch is sent', dispatch!.id],
  ])
  const { rows: arrivals } = await database.query<{ id: string, state: string }>('select id, state from arrival order by sequence')
  for (const { id, state } of arrivals) {
    t.same(lines().filter(({ arrivalId }) => arrivalId === id).map(({ msg }) => msg), ['inbound.fetch: the packet is stored', `inbound.verify: the arrival is ${state}`])
  }
  t.same(lines().filter(({ handOverId }) => handOverId === entry!.id).map(({ msg }) => msg), [
    'inbound.mailbox: the hand-over is acknowledged', 'lifecycle.report: status 03 goes back',
  ])
  t.equal(lines().filter(({ level }) => level >= 50).length, 0, 'nothing for a person to do')
  for (const secret of ['rà soát', 'Công văn', 'vào sổ', 'lt_', keys.a, 'test-secret', 'key-of-repetition', 'BEGIN']) t.notMatch(text.join('\n'), secret, secret)
})
