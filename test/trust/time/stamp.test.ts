/** Batches and tokens, on a real database with a real authority behind HTTP. Two gateways are two of these on one database. */
import { createHash, randomUUID } from 'node:crypto'
import t, { type Test } from 'tap'

import { openAlarms } from '../../../src/alarms/alarms.ts'
import { linkAudit, recordAudit } from '../../../src/audit/audit.ts'
import { createHttpClient } from '../../../src/http/client.ts'
import { openQueue } from '../../../src/queue/queue.ts'
import { DEFAULT_TRUST_SETTINGS, saveTrustSettings } from '../../../src/trust/settings.ts'
import { createTimeStamping } from '../../../src/trust/time/stamp.ts'
import type { ToStamp } from '../../../src/trust/time/stamp-store.ts'
import { evidenceOf, judgeStampEvidence } from '../../../src/trust/time/stamped.ts'
import { createTestDatabase } from '../../support/database.ts'
import { createClock } from '../../support/axis.ts'
import { needsOpenssl } from '../world.ts'
import { makeTsa, reply, serveTsa } from './tsa.ts'

const itemOf = (kind: ToStamp['kind'] = 'dispatch'): ToStamp => ({ kind, subject: randomUUID(), hash: createHash('sha256').update(randomUUID()).digest() })

/** A database, an authority, and as many gateways as wanted that time-stamp; `set` is what an administrator has set. */
async function setup (t: Test, set: { alarmMinutes?: number, off?: boolean } = {}) {
  const { database } = await createTestDatabase(t)
  const tsa = makeTsa(t, { keys: 'ec' })
  const server = await serveTsa(t, tsa)
  const clock = createClock()
  const http = createHttpClient()
  const queue = await openQueue({ database, onError: () => {} })
  t.teardown(async () => {
    await queue[Symbol.asyncDispose]()
    await http[Symbol.asyncDispose]()
  })
  const timeStamping = { url: server.url, everySeconds: 60, alarmMinutes: set.alarmMinutes ?? 240 }
  if (!set.off) await database.transaction((tx) => saveTrustSettings(tx, { ...DEFAULT_TRUST_SETTINGS, timeStamping }, clock.now()))
  const lines: unknown[] = []
  const line = (fields: unknown, text?: string) => { lines.push([text, fields]) }
  const log = { info: line, error: line } as unknown as Parameters<typeof createTimeStamping>[0]['log']
  const gateway = async (stopping = new AbortController()) => {
    const stamping = createTimeStamping({ database, queue, http, store: tsa.store, now: clock.now, log, stopping: stopping.signal })
    await stamping.refresh()
    return { stamp: stamping.stamp, noteIn: stamping.note, note: (...items: ToStamp[]) => database.transaction((tx) => stamping.note(tx, items)) }
  }
  const count = async (table: string) => (await database.query<{ count: number }>(`select count(*)::int as count from ${table}`)).rows[0]!.count
  return { database, tsa, server, clock, gateway, count, lines }
}

type World = Awaited<ReturnType<typeof setup>>

/** Every one of these is proved by one token; gives the tokens' number. */
async function prove (t: Test, { database, tsa }: World, items: ToStamp[]): Promise<number> {
  const roots = new Set<string>()
  for (const item of items) {
    const [stamped, ...others] = await evidenceOf(database, item)
    t.strictSame(others, [], 'stamped once')
    const { evidence } = stamped!
    if (!evidence) throw new Error('it still waits')
    t.same(stamped!.hash, item.hash)
    t.strictSame([judgeStampEvidence(evidence, tsa.store).result, evidence.genTime], ['valid', judgeStampEvidence(evidence, tsa.store).genTime])
    t.equal(judgeStampEvidence({ ...evidence, hash: Buffer.alloc(32) }, tsa.store).reasons[0]?.code, 'TOKEN_IMPRINT_WRONG')
    roots.add(evidence.root.toString('hex'))
  }
  return roots.size
}

t.test('what is noted is stamped under one token, and each hash is proved by itself', needsOpenssl, async (t) => {
  const world = await setup(t)
  const { note, stamp } = await world.gateway()
  const items = [itemOf(), itemOf('verdict'), itemOf()]
  await note(...items.slice(0, 2))
  await note(items[2]!)
  t.strictSame((await evidenceOf(world.database, items[0]!)).map(({ evidence }) => evidence), [null], 'until then it waits')
  const nextAt = await stamp()
  t.ok(nextAt!.getTime() > Date.now() + 50_000, 'the next batch has its time')
  t.equal(await prove(t, world, items), 1)
  t.equal(world.server.queries.length, 1)
  t.equal(await world.count('stamp_waiting'), 0)
})

t.test("a verdict that is judged again is stamped again; noted twice, a hash is stamped once", needsOpenssl, async (t) => {
  const world = await setup(t)
  const { note, stamp } = await world.gateway()
  const first = itemOf('verdict')
  const second = { ...itemOf('verdict'), subject: first.subject }
  await note(first, second)
  await note(first)
  await stamp()
  await note(first)
  world.clock.forward(61_000)
  await stamp()
  t.same((await evidenceOf(world.database, first)).map(({ hash }) => hash.toString('hex')).toSorted(), [first, second].map(({ hash }) => hash.toString('hex')).toSorted())
  t.equal(world.server.queries.length, 1, 'what is stamped already makes no batch')
})

t.test('what a rolled-back transaction noted is not stamped', needsOpenssl, async (t) => {
  const { database, server, gateway } = await setup(t)
  const { noteIn, stamp } = await gateway()
  await t.rejects(database.transaction(async (tx) => {
    await noteIn(tx, [itemOf()])
    throw new Error('no')
  }))
  await stamp()
  t.equal(server.queries.length, 0)
})

t.test('while no authority is set up, nothing is noted and nobody is asked', async (t) => {
  const { gateway, count } = await setup(t, { off: true })
  const { note, stamp } = await gateway()
  await note(itemOf())
  t.equal(await stamp(), null)
  t.equal(await count('stamp_waiting'), 0)
})

t.test('two gateways never stamp a hash twice, and ask one at a time', needsOpenssl, async (t) => {
  const world = await setup(t)
  const gateways = [await world.gateway(), await world.gateway()]
  const items: ToStamp[] = []
  for (let round = 0; round < 3; round++) {
    const noted = Array.from({ length: 20 }, () => itemOf())
    items.push(...noted)
    await Promise.all(noted.map((item, index) => gateways[index % 2]!.note(item)))
    await Promise.all([...gateways, ...gateways].map(({ stamp }) => stamp()))
    world.clock.forward(61_000)
  }
  t.equal(await prove(t, world, items), 3)
  t.equal(world.server.most, 1)
  t.equal(world.server.queries.length, 3)
})

t.test('a gateway that dies while it waits for the answer: another asks again for the same root', needsOpenssl, async (t) => {
  const world = await setup(t)
  const first = await world.gateway()
  const items = [itemOf(), itemOf()]
  await first.note(...items)
  world.server.answering = (_, response) => { response.destroy() }
  const { database } = world
  await first.stamp()
  // The turn is as a killed process leaves it: taken
  await database.query(`update stamping set lease_until = $1, next_at = $2, failures = 0`, [new Date(world.clock.now().getTime() + 200_000), world.clock.now()])
  const second = await world.gateway()
  await second.note(itemOf())
  t.ok((await second.stamp())! > world.clock.now(), 'while the first may still be waiting, nobody else asks')
  world.clock.forward(201_000)
  world.server.answering = world.server.honest
  await second.stamp()
  t.equal(await prove(t, world, items), 1)
  const roots = (await database.query<{ root: Buffer }>('select root from stamp_batch')).rows
  t.equal(roots.length, 1, 'what was noted meanwhile waits for a batch of its own')
  t.ok(world.server.queries.every((query) => query.includes(roots[0]!.root)))
})

t.test('an authority that is away makes hashes wait and a person hear of it; when it is back all is stamped and the alarm is over', needsOpenssl, async (t) => {
  const world = await setup(t, { alarmMinutes: 10 })
  const { database, clock } = world
  const { note, stamp } = await world.gateway()
  clock.forward(-15 * 60_000) // so that it ends at the authority's own time
  world.server.answering = (_, response) => { response.writeHead(503).end() }
  const items: ToStamp[] = []
  const pauses: number[] = []
  while (pauses.length < 4) {
    items.push(itemOf())
    await note(items.at(-1)!)
    t.strictSame(await openAlarms(database), [])
    const pause = (await stamp())!.getTime() - clock.now().getTime()
    pauses.push(Math.round(pause / 60_000))
    clock.forward(pause)
  }
  t.strictSame(pauses, [1, 2, 4, 8], 'asked less and less often')
  await database.query('update stamping set next_at = $1', [clock.now()])
  await stamp()
  t.match(await openAlarms(database), [{ kind: 'time-stamping', en: /HTTP 503/ }])

  world.server.answering = world.server.honest
  await database.query('update stamping set next_at = $1', [clock.now()])
  t.ok((await stamp())! <= clock.now(), 'what was noted meanwhile does not wait any longer')
  await stamp()
  t.equal(await prove(t, world, items), 2)
  t.strictSame(await openAlarms(database), [])
})

t.test('an authority that answers and proves nothing is told at once', needsOpenssl, async (t) => {
  const world = await setup(t)
  const { note, stamp } = await world.gateway()
  await note(itemOf())
  world.server.answering = (_, response) => reply(response, Buffer.from('<html>'))
  await stamp()
  t.match(await openAlarms(world.database), [{ kind: 'time-stamping', subject: 'gateway', en: /TSA_ANSWER_UNREADABLE/, vi: /dấu thời gian/ }])
  t.equal(await world.count('stamp_token'), 0)
  await world.database.transaction((tx) => saveTrustSettings(tx, DEFAULT_TRUST_SETTINGS, new Date()))
  t.equal(await stamp(), null)
  t.strictSame(await openAlarms(world.database), [], 'and whoever is not to be asked any more is no matter for an alarm')
})

t.test('a gateway that stops while it waits leaves the batch to the next, and blames nobody', needsOpenssl, async (t) => {
  const world = await setup(t, { alarmMinutes: 0 })
  const stopping = new AbortController()
  const first = await world.gateway(stopping)
  const items = [itemOf()]
  await first.note(...items)
  world.server.answering = () => { stopping.abort() }
  await first.stamp()
  t.strictSame(await openAlarms(world.database), [])
  world.server.answering = world.server.honest
  world.clock.forward(61_000)
  await (await world.gateway()).stamp()
  t.equal(await prove(t, world, items), 1)
})

t.test("the end of the audit chain is stamped beside what is noted, once", needsOpenssl, async (t) => {
  const world = await setup(t)
  const { database } = world
  const { note, stamp } = await world.gateway()
  await database.transaction((tx) => recordAudit(tx, { at: new Date(), actor: 'a', action: 'b', subject: 'c', detail: {} }))
  await linkAudit(database)
  for (let round = 0; round < 2; round++) {
    await note(itemOf())
    await stamp()
    world.clock.forward(61_000)
  }
  const [end, ...others] = await evidenceOf(database, { kind: 'audit', subject: '1' })
  t.strictSame(others, [])
  t.same(end!.hash, (await database.query<{ hash: Buffer }>('select hash from audit_link')).rows[0]!.hash)
  t.equal(judgeStampEvidence(end!.evidence!, world.tsa.store).result, 'valid')
})

t.test('ten thousand hashes fit under one token, and what does not fit follows at once', needsOpenssl, async (t) => {
  const world = await setup(t)
  const { note, stamp } = await world.gateway()
  const items = Array.from({ length: 12_000 }, () => itemOf())
  await note(...items)
  t.ok((await stamp())! <= world.clock.now())
  await stamp()
  t.equal(await prove(t, world, [items[0]!, items[9_000]!, items.at(-1)!]), 2)
  t.equal(await world.count('stamp_waiting'), 0)
})
