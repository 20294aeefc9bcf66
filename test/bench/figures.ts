/** From what was measured to the figures that count. A share of 1 means: this machine cannot do better. */
import { cpus } from 'node:os'
import { acceptFloor, cpuFloor, handOverFloor } from './floor.ts'
import type { Limits } from './limits.ts'
import type { Idle, Load } from './load.ts'
import { median, quantile } from './numbers.ts'
import { ATTACHMENT_BYTES } from './packets.ts'
import type { Cpu } from './processes.ts'
import type { Owner, Profile } from './profile.ts'
import { POLL_SECONDS } from './world.ts'

/** One load, and the CPU that each process took meanwhile, in seconds. `machine`: all programs on it. */
export type Round = Load & { gateway: Cpu, server: number, axis: number, load: number, machine: number }

export type Measured = {
  documents: number, concurrency: number, packetBytes: number, limits: Limits, idle: Idle, rounds: readonly Round[], profile: Profile,
  /** Of one document, on average. `commits`: transactions that changed something. */
  counts: { statements: number, commits: number, walBytes: number },
  delivered: { submitted: readonly string[], found: ReadonlyMap<string, number> },
}

/** A time or a rate, the limit it is compared with, and how much of the limit it reaches. */
export type Compared = { value: number, limit: number, share: number }

export type Figures = ReturnType<typeof figuresOf>

export function figuresOf ({ documents, concurrency, packetBytes, limits, idle, rounds, profile, counts, delivered }: Measured) {
  const cores = cpus().length
  const floor = cpuFloor(limits)
  const perDocument = (of: (round: Round) => number) => median(rounds.map(of)) * 1000 / documents
  const gateway = gatewayCpu(perDocument, profile)
  const cpu = { gateway, server: perDocument(({ server }) => server), axis: perDocument(({ axis }) => axis), load: perDocument(({ load }) => load) }

  const rates = rounds.map(({ handedOverMs }) => documents * 1000 / handedOverMs)
  const accept = rounds.flatMap(({ acceptMs }) => acceptMs)
  // Under load every request shares the machine with all others: the limit is how often one of so many would be answered.
  const acceptLimitUnderLoad = concurrency * 1000 / limits.post.perSecond + concurrency * 1000 / limits.commit.perSecond
  const wait = idle.steps.map(({ sent, fetched }) => fetched.getTime() - sent.getTime())
  const between = (from: keyof Idle['steps'][number], to: keyof Idle['steps'][number]) => median(idle.steps.map((step) => step[to].getTime() - step[from].getTime()))

  return {
    machine: { cores, processor: cpus()[0]!.model.trim(), node: process.version },
    given: { documents, rounds: rounds.length, concurrency, attachmentBytes: ATTACHMENT_BYTES, packetBytes, pollSeconds: POLL_SECONDS },
    limits,
    perSecond: {
      ...rate(median(rates), cores * 1000 / (floor.total + cpu.axis + cpu.load)),
      rounds: rates,
      accepted: median(rounds.map(({ allAcceptedMs }) => documents * 1000 / allAcceptedMs)),
    },
    acceptMs: {
      load: { p50: time(median(accept), acceptLimitUnderLoad), p99: time(quantile(accept, 0.99), acceptLimitUnderLoad) },
      idle: { p50: time(median(idle.acceptMs), acceptFloor(limits)), p99: time(quantile(idle.acceptMs, 0.99), acceptFloor(limits)) },
    },
    handedOverMs: {
      p50: time(median(idle.handedOverMs), handOverFloor(limits)),
      p99: time(quantile(idle.handedOverMs, 0.99), handOverFloor(limits)),
      withoutWait: time(median(idle.handedOverMs.map((ms, index) => ms - (wait[index] ?? 0))), handOverFloor(limits)),
      steps: { sign: between('accepted', 'signed'), send: between('signed', 'sent'), waitAndFetch: between('sent', 'fetched'), verify: between('fetched', 'judged') },
    },
    cpuMs: { ...cpu, floor, share: floor.total / (gateway.total + cpu.server) },
    /** Cores that were in use while the load ran. */
    busy: {
      mainThread: median(rounds.map((round) => round.gateway.main * 1000 / round.handedOverMs)),
      ours: median(rounds.map((round) => (round.gateway.total + round.server + round.axis + round.load) * 1000 / round.handedOverMs)),
      machine: median(rounds.map((round) => round.machine * 1000 / round.handedOverMs)),
    },
    perDocument: counts,
    hottest: profile.hottest,
    documents: count(delivered),
  }
}

/** The main thread by the profile's shares; RSA runs on the thread pool, and V8 collects garbage and compiles on threads of its own. */
function gatewayCpu (perDocument: (of: (round: Round) => number) => number, { shares }: Profile): Record<Owner | 'engine' | 'signPool' | 'total', number> {
  const main = perDocument(({ gateway }) => gateway.main)
  const signPool = perDocument(({ gateway }) => gateway.pool)
  const owned = Object.fromEntries(Object.entries(shares).map(([owner, share]) => [owner, share * main])) as Record<Owner, number>
  return { ...owned, sign: owned.sign + signPool, signPool, engine: perDocument(({ gateway }) => gateway.engine), total: perDocument(({ gateway }) => gateway.total) }
}

const time = (value: number, limit: number): Compared => ({ value, limit, share: limit / value })
const rate = (value: number, limit: number): Compared => ({ value, limit, share: value / limit })

function count ({ submitted, found }: Measured['delivered']) {
  return {
    submitted: submitted.length,
    missing: submitted.filter((id) => !found.has(id)).length,
    doubled: submitted.filter((id) => (found.get(id) ?? 0) > 1).length,
  }
}

