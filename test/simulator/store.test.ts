import { appendFileSync, readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { openStore } from '../../src/simulator/store.ts'
import type { SimulatorEvent } from '../../src/simulator/events.ts'

const event = (docId: string): SimulatorEvent => ({ at: '2026-11-21T00:00:00.000Z', kind: 'fetched', systemId: 'south', docId })

t.test('a folder keeps the log and the packets for the next process', async (t) => {
  const folder = path.join(t.testdir({}), 'axis')
  const store = openStore(folder)
  t.same(store.history, [])
  await store.keep('a', Buffer.from('<edXML/>'))
  store.append(event('a'))
  store.append(event('b'))
  store.release('a')

  const again = openStore(folder)
  t.same(again.history, [event('a'), event('b')])
  t.same(await again.packet('a'), Buffer.from('<edXML/>'))
  t.equal(await again.packet('b'), undefined)
  t.same(readdirSync(folder).sort(), ['events.jsonl', 'packets'])
})

t.test('half a line, left by a process that was killed, never happened', async (t) => {
  const folder = path.join(t.testdir({}), 'axis')
  openStore(folder).append(event('a'))
  appendFileSync(path.join(folder, 'events.jsonl'), '{"kind":"acc')
  const store = openStore(folder)
  t.same(store.history, [event('a')])
  store.append(event('b'))
  t.same(openStore(folder).history, [event('a'), event('b')])
  t.ok(readFileSync(path.join(folder, 'events.jsonl'), 'utf8').endsWith('\n'))
})

t.test('memory forgets the oldest packets that everyone is done with, and no other', async (t) => {
  const store = openStore()
  await store.keep('waiting', Buffer.from('x'))
  for (let n = 0; n <= 1000; n++) {
    await store.keep(String(n), Buffer.from('x'))
    store.release(String(n))
  }
  t.equal(await store.packet('0'), undefined)
  t.ok(await store.packet('1'))
  t.ok(await store.packet('1000'))
  t.ok(await store.packet('waiting'))
})
