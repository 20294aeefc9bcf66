/**
 * `npm run fuzz -- --rounds N --seconds T --seed S --from R`: changes packets, seals, signatures, certificates, CRLs, OCSP answers, tokens and PDFs, and
 * holds what is made of them against what must never be. Prints the seed: the same seed does the same. A finding is repeated by `--seed S --from R
 * --rounds 1`; keys are new in each run. Exits 1 on a finding, also on a round that never ends.
 */
import { randomInt } from 'node:crypto'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { parseArgs } from 'node:util'

import { fuzz, type FuzzReport } from './rounds.ts'
import { makeTargets } from './targets.ts'

type Job = { seed: number, from: number, rounds: number, seconds: number }
type Message = { round: number } | { report: Pick<FuzzReport, 'rounds' | 'outcomes' | 'slowestMs' | 'grownMiB'> & { findings: { target: string, round: number, what: string, base64: string }[] } }

/** No round takes a hundredth of this. */
const STUCK_MS = 60_000

const print = (text: string) => { process.stdout.write(`${text}\n`) }

if (isMainThread) await watch(jobFrom())
else await work(workerData as Job)

function jobFrom (): Job {
  const { values } = parseArgs({ options: { rounds: { type: 'string', default: '5000' }, seconds: { type: 'string', default: '300' }, seed: { type: 'string' }, from: { type: 'string', default: '0' } } })
  return { seed: Number(values.seed ?? randomInt(2 ** 31)), from: Number(values.from), rounds: Number(values.rounds), seconds: Number(values.seconds) }
}

/** The rounds run in a thread of their own, so that one that never ends can be seen and named. */
async function watch (job: Job): Promise<void> {
  print(`seed ${job.seed}, rounds ${job.from} to ${job.from + job.rounds - 1}, at most ${job.seconds} s`)
  const worker = new Worker(import.meta.filename, { workerData: job })
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  let round = -1
  const stuck = () => { resolve(told(`round ${round} does not end: --seed ${job.seed} --from ${round} --rounds 1`)) }
  let timer = setTimeout(stuck, STUCK_MS)
  worker.on('error', reject)
  worker.on('message', (message: Message) => {
    clearTimeout(timer)
    if ('report' in message) return resolve(tell(message.report, job))
    round = message.round
    timer = setTimeout(stuck, STUCK_MS)
  })
  process.exitCode = await promise
  await worker.terminate()
}

function told (text: string): number {
  print(text)
  return 1
}

function tell ({ rounds, outcomes, findings, slowestMs, grownMiB }: Extract<Message, { report: unknown }>['report'], { seed }: Job): number {
  for (const [name, { refused, nothing, same }] of outcomes) print(`${name}: ${refused} refused, ${nothing} not believed, ${same} as before`)
  print(`${rounds} rounds, the slowest ${Math.round(slowestMs)} ms of CPU, memory grew by ${Math.round(grownMiB)} MiB at most`)
  for (const { target, round, what, base64 } of findings) print(`\nFINDING: ${target}, --seed ${seed} --from ${round} --rounds 1\n${what}\n${base64.slice(0, 20_000)}`)
  print(findings.length === 0 ? 'No findings.' : `${findings.length} findings.`)
  return findings.length === 0 ? 0 : 1
}

async function work ({ seed, from, rounds, seconds }: Job): Promise<void> {
  const end = performance.now() + seconds * 1000
  const targets = await makeTargets()
  const { findings, ...report } = await fuzz({
    targets, seed, from, rounds, isOver: () => performance.now() > end, onRound: (round) => { if (round % 100 === 0 || rounds === 1) parentPort?.postMessage({ round } satisfies Message) },
  })
  parentPort?.postMessage({ report: { ...report, findings: findings.map(({ target, round, what, bytes }) => ({ target, round, what, base64: bytes.toString('base64') })) } } satisfies Message)
}
