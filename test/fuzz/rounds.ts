/** Fuzzing in rounds: each changes the good bytes of one target, and looks at what is made of them. */
import { isHonest, type Target } from './targets.ts'
import { createRandom } from './random.ts'

/** What must not be: something thrown that is no fault of the bytes, something believed that the good bytes do not say, time or memory without measure. */
export type FuzzFinding = { target: string, seed: number, round: number, what: string, bytes: Buffer }

/** What was run: how many rounds of each target, and how many of them ended in a refusal, in nothing believed, or in what the good bytes say. */
export type FuzzReport = { rounds: number, outcomes: Map<string, { refused: number, nothing: number, same: number }>, findings: FuzzFinding[], slowestMs: number, grownMiB: number }

/** More than the unmutated bytes take on any machine; the rest is a multiple of what they take here. CPU time, since others use the machine too. */
const CPU_MS = 1000
const CPU_FACTOR = 30
/** What libxml2's memory and the collector's leisure may take on top of the start. */
const GROWTH_MIB = 512

export type FuzzOptions = {
  targets: readonly Target[],
  seed: number,
  /** Round numbers, from and up to but not including. */
  from?: number,
  rounds: number,
  /** Told before each round, so that one that never ends can be named. */
  onRound?: (round: number) => void,
  /** Asked before each round: whether to stop. */
  isOver?: () => boolean,
}

/** Runs the rounds, one target after the other. What the good bytes say is asked first. */
export async function fuzz ({ targets, seed, from = 0, rounds, onRound, isOver }: FuzzOptions): Promise<FuzzReport> {
  const goods = new Map<Target, { believed: unknown, capMs: number }>()
  for (const target of targets) {
    // The first time is slower: code is compiled, certificates are read
    const { ms } = await timed(target, target.good)
    goods.set(target, { believed: (await timed(target, target.good)).believed, capMs: CPU_MS + CPU_FACTOR * ms })
  }
  const report: FuzzReport = { rounds: 0, outcomes: new Map(targets.map(({ name }) => [name, { refused: 0, nothing: 0, same: 0 }])), findings: [], slowestMs: 0, grownMiB: 0 }
  const start = process.memoryUsage.rss()
  for (let round = from; round < from + rounds && !isOver?.(); round++) {
    onRound?.(round)
    const target = targets[round % targets.length]!
    const { believed: good, capMs } = goods.get(target)!
    const bytes = target.mutate(target.good, createRandom(seed, round))
    const { believed, ms, fault } = await timed(target, bytes)
    const grown = (process.memoryUsage.rss() - start) / 1024 / 1024
    const fail = (what: string) => { report.findings.push({ target: target.name, seed, round, what, bytes }) }
    if (fault !== undefined && !target.isFault(fault)) fail(`threw ${fault instanceof Error ? fault.stack ?? fault.message : String(fault)}`)
    if (fault === undefined && !isHonest(believed, good)) fail(`is believed: ${JSON.stringify(believed)?.slice(0, 500)}`)
    if (ms > capMs) fail(`took ${Math.round(ms)} ms; the good bytes allow ${Math.round(capMs)}`)
    if (grown > GROWTH_MIB) fail(`memory grew by ${Math.round(grown)} MiB`)
    const outcome = report.outcomes.get(target.name)!
    if (fault !== undefined) outcome.refused++
    else if (believed === undefined) outcome.nothing++
    else outcome.same++
    report.rounds++
    report.slowestMs = Math.max(report.slowestMs, ms)
    report.grownMiB = Math.max(report.grownMiB, grown)
  }
  return report
}

async function timed ({ judge }: Target, bytes: Buffer): Promise<{ believed?: unknown, fault?: unknown, ms: number }> {
  const before = process.cpuUsage()
  const ms = () => {
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1000
  }
  try {
    const believed = await judge(bytes)
    return { believed, ms: ms() }
  } catch (fault) {
    return { fault, ms: ms() }
  }
}
