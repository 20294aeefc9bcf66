import { createHash } from 'node:crypto'
import t, { type Test } from 'tap'

import { createHttpClient } from '../../../src/http/client.ts'
import { askForTimeStamp, type TimeStampingAuthority } from '../../../src/trust/time/client.ts'
import { needsOpenssl } from '../world.ts'
import { POLICIES, makeTsa, reply, serveTsa, type Answering } from './tsa.ts'

const HASH = createHash('sha256').update('a root').digest()

/** A real authority behind HTTP, and the one question that is asked of it. */
async function setup (t: Test, answering?: Answering) {
  const tsa = makeTsa(t)
  const server = await serveTsa(t, tsa)
  if (answering) server.answering = answering
  const http = createHttpClient()
  t.teardown(() => http[Symbol.asyncDispose]())
  const ask = (change: Partial<TimeStampingAuthority> = {}, needs: { answerWithin?: number, stopping?: AbortSignal, now?: () => Date } = {}) =>
    askForTimeStamp(HASH, { url: server.url, store: tsa.store, ...change }, { http, now: () => new Date(), ...needs })
  return { tsa, server, ask }
}

const useless = (code: string) => ({ kind: 'useless', verdict: { reasons: [{ code }] } })

t.test('a real authority stamps what it is asked for, under the policy that is demanded', needsOpenssl, async (t) => {
  const { tsa, server, ask } = await setup(t)
  for (const policy of [undefined, ...POLICIES]) {
    const outcome = await ask(policy === undefined ? {} : { policy })
    if (outcome.kind !== 'stamped') throw new Error(JSON.stringify(outcome))
    t.equal(outcome.verdict.info!.policy, policy ?? POLICIES[0])
    t.ok(Math.abs(outcome.genTime.getTime() - Date.now()) < 60_000)
  }
  t.match(await ask({ policy: '1.9.9' }), { kind: 'useless', verdict: { result: 'indeterminate', reasons: [{ code: 'TSA_REFUSED', detail: /unacceptedPolicy/ }] } })
  t.equal(new Set(server.queries.map((query) => query.toString('hex'))).size, 4, 'no two requests are alike')
  t.equal(tsa.opensslAccepts(await tsa.answer(server.queries[0]!), { hash: HASH }), true)
})

t.test('an authority that lies is found out', needsOpenssl, async (t) => {
  const { tsa, server, ask } = await setup(t)
  await ask()
  const earlier = await tsa.answer(server.queries[0]!)
  server.answering = (_, response) => reply(response, earlier)
  t.match(await ask(), useless('TOKEN_NONCE_WRONG'), 'it repeats an earlier answer')

  server.answering = async (query, response) => {
    const at = query.indexOf(HASH)
    reply(response, await tsa.answer(Buffer.concat([query.subarray(0, at), Buffer.alloc(32, 7), query.subarray(at + 32)])))
  }
  t.match(await ask(), useless('TOKEN_IMPRINT_WRONG'), 'it stamps something else')

  server.answering = async (query, response) => {
    const answer = await tsa.answer(query)
    answer[answer.length - 1]! ^= 1
    reply(response, answer)
  }
  t.match(await ask(), useless('TOKEN_SIGNATURE_WRONG'), 'it cannot sign')

  server.answering = server.honest
  t.match(await ask({}, { now: () => new Date(Date.now() + 3_600_000) }), useless('TOKEN_TIME_WRONG'), 'its clock is another than ours')
  t.match(await ask({ store: makeTsa(t).store }), useless('ISSUER_UNKNOWN'), 'nobody trusts it')
  t.match(await ask({ store: null }), useless('TSA_UNKNOWN'))
})

t.test('whatever else answers in its place proves nothing', needsOpenssl, async (t) => {
  const { server, ask } = await setup(t)
  const answers: Record<string, Answering> = {
    'a web page': (_, response) => { response.writeHead(200, { 'content-type': 'text/html' }).end('<html>') },
    '403, as the Cipher Committee answers a GET': (_, response) => { response.writeHead(403).end() },
    '400, as it answers what is no request': (_, response) => { response.writeHead(400, { 'content-type': 'application/timestamp-reply' }).end() },
    'a redirect': (_, response) => { response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end() },
    'nothing at all': (_, response) => reply(response, Buffer.alloc(0)),
    'noise': (_, response) => reply(response, Buffer.alloc(1000, 0x30)),
    'a huge answer': (_, response) => reply(response, Buffer.alloc(1 << 20)),
    'a huge answer that does not say so': (_, response) => {
      response.writeHead(200, { 'content-type': 'application/timestamp-reply' })
      const more = () => { while (response.writable && response.write(Buffer.alloc(64 * 1024))); }
      response.on('drain', more).on('error', () => {})
      more()
    },
  }
  for (const [name, answering] of Object.entries(answers)) {
    server.answering = answering
    t.match(await ask(), useless('TSA_ANSWER_UNREADABLE'), name)
  }
})

t.test('an authority that is dead, busy, silent or hangs up is away', needsOpenssl, async (t) => {
  const { server, ask } = await setup(t)
  t.match(await ask({ url: 'http://127.0.0.1:1/' }), { kind: 'away', reason: /ECONNREFUSED/ })
  for (const status of [429, 500, 503]) {
    server.answering = (_, response) => { response.writeHead(status).end() }
    t.match(await ask(), { kind: 'away', reason: `HTTP ${status}` })
  }
  server.answering = (_, response) => { response.destroy() }
  t.match(await ask(), { kind: 'away' })
  server.answering = () => {}
  t.match(await ask({}, { answerWithin: 30 }), { kind: 'away' })
})

t.test('a gateway that is told to stop does not wait for the answer', needsOpenssl, async (t) => {
  const stopping = new AbortController()
  const { ask } = await setup(t, () => stopping.abort())
  t.match(await ask({}, { stopping: stopping.signal }), { kind: 'away' })
})
