/** Everything that is sent or judged gets a time-stamp that can be shown to others, and no document waits for one. */
import t, { type Test } from 'tap'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pem } from '../../certs-example/issue.ts'
import { openAlarms } from '../../src/alarms/alarms.ts'
import { createGateway } from '../../src/gateway.ts'
import { EXAMPLE_TRUST_DIR } from '../../src/trust/example.ts'
import { loadTrust } from '../../src/trust/store.ts'
import { hashOfVerdict } from '../../src/trust/time/stamp.ts'
import { evidenceOf, judgeStampEvidence } from '../../src/trust/time/stamped.ts'
import type { SignatureVerdict } from '../../src/trust/verdict.ts'
import { documentPacket, setupFor, signedPacket, startWorld } from '../support/gateway.ts'
import { until } from '../support/until.ts'
import { makeTsa, serveTsa } from '../trust/time/tsa.ts'
import { needsOpenssl } from '../trust/world.ts'

/** A running gateway that trusts a real authority and is told to have everything stamped by it. */
async function start (t: Test, timeStamping: { alarmMinutes?: number } = {}) {
  const tsa = makeTsa(t)
  const server = await serveTsa(t, tsa)
  const folder = t.testdir()
  cpSync(EXAMPLE_TRUST_DIR, folder, { recursive: true })
  mkdirSync(join(folder, 'time-stamping/anchors'), { recursive: true })
  writeFileSync(join(folder, 'time-stamping/anchors/root.pem'), pem('CERTIFICATE', tsa.root.certificate.raw))
  const world = await startWorld(t, { env: { TRUST_DIR: folder } })
  const { rows: [connection] } = await world.database.query<{ url: string }>('select base_url as url from connection')
  await world.apply({ ...setupFor(connection!.url), trust: { timeStamping: { url: server.url, everySeconds: 0.1, ...timeStamping } } })
  await world.gateway.start()
  const send = async (count: number) => {
    for (let number = 1; number <= count; number++) {
      t.equal((await world.a.submit(await signedPacket(documentPacket({ documentId: `id-${number}`, code: { codeNumber: String(number), codeNotation: 'VP' } })))).statusCode, 202)
    }
    const items = await until(async () => { const { items } = await world.b.mailbox(); return items.length === count && items })
    for (const { id } of items) t.equal((await world.b.ask('POST', `/mailbox/${id}/ack`)).statusCode, 200)
    await until(async () => (await world.database.query(`select from arrival where kind = 'status' and state = 'applied'`)).rowCount === count)
  }
  return { ...world, tsa, server, send, store: loadTrust(folder).timeStamping }
}

type World = Awaited<ReturnType<typeof start>>

/** What has to be stamped: the packet of each dispatch, and each verdict, by what is stored of them. */
async function due ({ database }: World): Promise<{ kind: 'dispatch' | 'verdict', subject: string, hash: Buffer }[]> {
  const dispatches = await database.query<{ subject: string, hash: Buffer }>('select id as subject, packet as hash from dispatch')
  const verdicts = await database.query<{ subject: string, verdict: SignatureVerdict, packet: Buffer | null }>(
    `select id as subject, signature as verdict, packet from document union all select id, signature, packet from arrival union all select id, seal, packet from arrival where seal is not null`)
  return [
    ...dispatches.rows.map((row) => ({ kind: 'dispatch' as const, ...row })),
    ...verdicts.rows.map(({ subject, verdict, packet }) => ({ kind: 'verdict' as const, subject, hash: hashOfVerdict(verdict, packet) })),
  ]
}

/** Once this returns, everything that has to be stamped is, and its proof holds. Gives how many there are. */
async function proved (t: Test, world: World): Promise<number> {
  await until(async () => (await world.database.query('select from stamp_waiting')).rowCount === 0 &&
    (await world.database.query('select from stamp_batch b where not exists (select from stamp_token k where k.batch_id = b.id)')).rowCount === 0)
  const items = await due(world)
  for (const { kind, subject, hash } of items) {
    const evidence = (await evidenceOf(world.database, { kind, subject })).find((stamped) => stamped.hash.equals(hash))?.evidence
    t.equal(evidence && judgeStampEvidence(evidence, world.store).result, 'valid', `${kind} ${subject}`)
  }
  return items.length
}

t.test('documents flow while the authority takes its time; then every dispatch and every verdict has a token that proves it', needsOpenssl, async (t) => {
  const world = await start(t)
  const { server, send, database } = world
  const { promise: patience, resolve: release } = Promise.withResolvers<void>()
  server.answering = async (query, response, request) => {
    await patience
    await server.honest(query, response, request)
  }
  await send(3)
  await until(() => server.queries.length === 1)
  t.equal((await database.query('select from stamp_token')).rowCount, 0, 'not one answer has come so far')
  release()
  // Of each document a dispatch, the verdict when it was submitted, and two on its arrival; of each status a dispatch and a verdict
  t.equal(await proved(t, world), 3 * (1 + 1 + 2) + 3 * (1 + 1))
  t.equal(server.most, 1, 'one question at a time')
  const { rows: [{ root, token } = { root: Buffer.alloc(0), token: Buffer.alloc(0) }] } = await database.query<{ root: Buffer, token: Buffer }>('select root, token from stamp_batch join stamp_token on batch_id = id order by id limit 1')
  t.equal(world.tsa.opensslAccepts(token, { hash: root }, ['-token_in']), true, 'openssl agrees')
  t.equal((await database.query(`select from stamp_leaf where kind = 'audit'`)).rowCount! > 0, true, 'the audit chain is among it')

  const { items: expiries } = (await world.client(world.keys.administrator).ask('GET', '/admin/certificates/expiries')).json<{ items: { use: string, whose: string, certificate: { subject: string } }[] }>()
  t.match(expiries.filter(({ whose }) => whose === 'authority'), [{ use: 'time-stamping', certificate: { subject: 'CN=signer, C=VN' } }], 'and the calendar tells when the authority\'s certificate ends')
})

t.test('while the authority is away documents flow and a person hears of it; when it is back, nothing is left unstamped', needsOpenssl, async (t) => {
  const world = await start(t, { alarmMinutes: 0 })
  const { server, send, database } = world
  server.answering = (_, response) => { response.writeHead(503).end() }
  await send(1)
  await until(async () => (await openAlarms(database)).some(({ kind }) => kind === 'time-stamping'))
  server.answering = server.honest
  t.ok(await proved(t, world) > 0)
  await until(async () => !(await openAlarms(database)).some(({ kind }) => kind === 'time-stamping'))
})

t.test('a gateway that is stopped does not wait for the authority, and the next one has the same batch stamped', needsOpenssl, async (t) => {
  const world = await start(t)
  const { server, send, gateway, database } = world
  server.answering = () => {}
  await send(1)
  await until(() => server.queries.length === 1)
  await gateway[Symbol.asyncDispose]()
  const { rows: [batch] } = await database.query<{ root: Buffer }>('select root from stamp_batch')
  t.ok(server.queries[0]!.includes(batch!.root))
  server.answering = server.honest
  await using second = await createGateway(world.config, '0.0.0')
  await second.start()
  await proved(t, world)
  t.ok(server.queries[1]!.includes(batch!.root))
})
