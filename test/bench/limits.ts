/** What this machine can do at best, measured in the same run: every other figure is a share of it. */
import { createPrivateKey, createPublicKey, sign, subtle, verify } from 'node:crypto'
import { promisify } from 'node:util'
import { canonicalise, EXCLUSIVE_C14N } from '../../src/edxml/xml.ts'
import { createHttpClient } from '../../src/http/client.ts'
import { A, organisation } from '../support/gateway.ts'
import { median } from './numbers.ts'
import { cpuOf, cpuOfServer, startServer } from './processes.ts'
import type { World } from './world.ts'

/** Each limit is measured so often, and the median counts: the machine may be busy with other things. */
const ROUNDS = 3
const ROUND_MS = 250

/** What one kind of work comes to. `cpuMs` is what one piece takes of the process that does it, `otherMs` of the process that it asks. */
export type Limit = { perSecond: number, cpuMs: number, otherMs: number, /** One at a time. */ aloneMs: number }

export type Limits = {
  /** RSA-2048 with SHA-256, by node:crypto's thread pool, on all cores. */
  sign: Limit
  verify: Limit
  /** SHA-256 of as many bytes as a packet has, on all cores. */
  hash: Limit
  /** libxml2: parse a packet without its attachment, and canonicalise it. */
  xml: Limit
  /** One row inserted, committed and on the disk. */
  commit: Limit
  /** A packet posted to a Fastify that answers 202 and does nothing. */
  post: Limit
}

/** Measures them all. Nothing else of ours should run. */
export async function measureLimits (world: World, packet: Buffer, concurrency: number): Promise<Limits> {
  const { key, certificates } = organisation(A.key)
  const privateKey = createPrivateKey(key)
  const publicKey = createPublicKey(certificates)
  const text = Buffer.from('<SignedInfo>'.padEnd(800, '.'))
  const value = sign('sha256', text, privateKey)
  const signAside = promisify<string, Buffer, typeof privateKey, Buffer>(sign)
  const bare = Buffer.from(packet.toString('latin1').replace(/(<edXML:ContentTransferEncoded[^>]*>)[^<]*/g, '$1'), 'latin1')

  await world.owner.query('create table bench_commit (id bigint generated always as identity primary key, text text not null)')
  await using server = await startServer('nothing.ts')
  await using client = createHttpClient({ connections: concurrency })
  const headers = [['authorization', 'Bearer none'], ['content-type', 'application/xml'], ['idempotency-key', 'none']] as const

  return {
    sign: await measure(concurrency, () => signAside('sha256', text, privateKey)),
    verify: await measure(1, async () => verify('sha256', text, publicKey, value)),
    hash: await measure(concurrency, () => subtle.digest('SHA-256', packet as Uint8Array<ArrayBuffer>)),
    xml: await measure(1, async () => canonicalise(bare, EXCLUSIVE_C14N)),
    commit: await measure(concurrency, () => world.owner.query('insert into bench_commit (text) values ($1)', ['a row']), () => cpuOfServer(world.serverPid)),
    post: await measure(concurrency, () => client.request({ method: 'POST', url: new URL(server.url), headers, body: packet }), () => cpuOf(server.pid).total),
  }
}

/** `other` tells the CPU of the process that is asked, in seconds. */
async function measure (concurrency: number, work: () => Promise<unknown>, other = () => 0): Promise<Limit> {
  await round(concurrency, work, other) // compiles, connects
  const alone: number[] = []
  const together: Limit[] = []
  for (let index = 0; index < ROUNDS; index++) {
    alone.push(1000 / (await round(1, work, other)).perSecond)
    together.push(await round(concurrency, work, other))
  }
  const middle = (name: keyof Limit) => median(together.map((limit) => limit[name]))
  return { perSecond: middle('perSecond'), cpuMs: middle('cpuMs'), otherMs: middle('otherMs'), aloneMs: median(alone) }
}

async function round (concurrency: number, work: () => Promise<unknown>, other: () => number): Promise<Limit> {
  let count = 0
  const [cpu, asked, began] = [process.cpuUsage(), other(), performance.now()]
  await Promise.all(Array.from({ length: concurrency }, async () => {
    for (; performance.now() < began + ROUND_MS; count++) await work()
  }))
  const { user, system } = process.cpuUsage(cpu)
  return { perSecond: count * 1000 / (performance.now() - began), cpuMs: (user + system) / 1000 / count, otherMs: (other() - asked) * 1000 / count, aloneMs: 0 }
}
