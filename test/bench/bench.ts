/**
 * `npm run bench`: how fast a signed document goes from the sender's POST to the recipient's mailbox, what it costs, and how far
 * that is from what this machine could do. Ends with 1 only when documents are missing or doubled; how fast is for people to judge.
 * `npm run bench -- pdf` measures PDFs instead (pdf.ts). `--json` prints one JSON object instead; before it npm prints two lines of its own, unless it runs with `-s`.
 */
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { figuresOf, type Round } from './figures.ts'
import { measureLimits } from './limits.ts'
import { readMailbox, runIdle, runLoad } from './load.ts'
import { preparePackets, type Prepared } from './packets.ts'
import { benchPdf } from './pdf.ts'
import { cpuOf, cpuOfServer, since, type Child } from './processes.ts'
import { attribute } from './profile.ts'
import { describe } from './report.ts'
import { buildWorld, type World } from './world.ts'

/** So many rounds of the load: the median counts, since the machine may be busy with other things. */
const ROUNDS = 3
const IDLE_DOCUMENTS = 50
/** Sent before anything is measured, so that code is compiled and statements are prepared. */
const WARM_UP = 150

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { documents: { type: 'string', default: '400' }, concurrency: { type: 'string', default: '16' }, json: { type: 'boolean', default: false } },
})
const [documents, concurrency] = [Number(values.documents), Number(values.concurrency)]
if (positionals.length === 1 && positionals[0] === 'pdf') process.exit(await benchPdf(values.json))
if (!(positionals.length === 0 && Number.isInteger(documents) && documents > 0 && Number.isInteger(concurrency) && concurrency > 0)) {
  console.error('bench [--documents N] [--concurrency N] [--json]\nbench pdf [--json]')
  process.exit(2)
}
const say = (text: string) => { if (!values.json) console.log(text) }

const world = await buildWorld()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, async () => {
  await world[Symbol.asyncDispose]()
  process.exit(1)
})
try {
  process.exitCode = await bench()
} finally {
  await world[Symbol.asyncDispose]()
}

async function bench (): Promise<number> {
  const submitted: string[] = []
  const prepare = async (count: number) => {
    const packets = await preparePackets(count)
    submitted.push(...packets.map(({ documentId }) => documentId))
    return packets
  }
  const warmUp = async (gateway: Child) => runLoad(world, gateway.url, await prepare(WARM_UP), concurrency)

  say(`Measuring the machine's limits, then ${ROUNDS} rounds of ${documents} documents and ${IDLE_DOCUMENTS} one by one …`)
  const [sample] = await preparePackets(1)
  const limits = await measureLimits(world, sample!.bytes, concurrency)

  const { idle, rounds } = await world.withGateway(async (gateway) => {
    await warmUp(gateway)
    const idle = await runIdle(world, gateway.url, await prepare(IDLE_DOCUMENTS))
    const rounds: Round[] = []
    while (rounds.length < ROUNDS) rounds.push(await runRound(gateway, await prepare(documents)))
    return { idle, rounds }
  })

  say('Once more under the profiler …')
  await world.owner.query(`alter role lienthong_gateway set pg_stat_statements.track = 'top'`)
  const { result: { profiled, counts, found }, profile } = await world.withProfile(async (gateway) => {
    await warmUp(gateway)
    await world.owner.query('select pg_stat_statements_reset()')
    const packets = await prepare(documents)
    const [from, written] = [now(), await writtenBy(world)]
    await runLoad(world, gateway.url, packets, concurrency)
    const [to, after] = [now(), await writtenBy(world)]
    const { rows: [statements] } = await world.owner.query<{ calls: number }>('select sum(calls)::int as calls from pg_stat_statements')
    const counts = { statements: statements!.calls / documents, commits: (after.commits - written.commits) / documents, walBytes: (after.wal - written.wal) / documents }
    return { profiled: { from, to }, counts, found: await readMailbox(gateway.url, world.keys.receiver) }
  })

  const figures = figuresOf({
    documents, concurrency, packetBytes: sample!.bytes.length, limits, idle, rounds, counts,
    profile: attribute(profile, profiled.from, profiled.to), delivered: { submitted, found },
  })
  console.log(values.json ? JSON.stringify(figures) : describe(figures))
  return figures.documents.missing + figures.documents.doubled > 0 ? 1 : 0
}

/** One load, with what every process took meanwhile. */
async function runRound (gateway: Child, packets: readonly Prepared[]): Promise<Round> {
  const took = () => ({ gateway: cpuOf(gateway.pid), axis: cpuOf(world.axis.pid).total, load: cpuOf(process.pid).total, server: cpuOfServer(world.serverPid), machine: busySeconds() })
  const before = took()
  const load = await runLoad(world, gateway.url, packets, concurrency)
  const after = took()
  return {
    ...load,
    gateway: since(before.gateway, after.gateway),
    axis: after.axis - before.axis, load: after.load - before.load, server: after.server - before.server, machine: after.machine - before.machine,
  }
}

/** What all programs on the machine have taken, ours and others. */
function busySeconds (): number {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0) / 1000
}

/** The profiler's clock. */
function now (): number {
  return Number(process.hrtime.bigint() / 1000n)
}

/** Transactions that have changed something, and bytes of write-ahead log. */
async function writtenBy ({ owner }: World): Promise<{ commits: number, wal: number }> {
  const { rows: [row] } = await owner.query<{ commits: number, wal: number }>(
    `select pg_snapshot_xmax(pg_current_snapshot())::text::float8 as commits, (pg_current_wal_insert_lsn() - '0/0')::float8 as wal`)
  return row!
}
