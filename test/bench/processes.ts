/** The processes of the bench, and the processor time they take as Linux counts it. Elsewhere there is none to be had: everything is 0. */
import { fork, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { openSync, readdirSync, readFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { environment } from '../../src/config.ts'

/** Seconds since a process began. */
export type Cpu = {
  total: number,
  /** The thread that runs JavaScript. */
  main: number,
  /** libuv's thread pool: RSA and zlib. */
  pool: number,
  /** V8's own threads: garbage collection and compilation beside the main thread. */
  engine: number,
}

const NONE: Cpu = { total: 0, main: 0, pool: 0, engine: 0 }

/** What a process has taken so far, by the names that Node gives its threads. */
export function cpuOf (pid: number): Cpu {
  if (process.platform !== 'linux') return NONE
  const spent = { ...NONE }
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const seconds = Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]) / 1e9
    const name = readFileSync(`/proc/${pid}/task/${thread}/comm`, 'utf8').trim()
    spent.total += seconds
    if (Number(thread) === pid) spent.main += seconds
    else if (name === 'libuv-worker') spent.pool += seconds
    else spent.engine += seconds
  }
  return spent
}

/** What a process and its children have taken so far, those that have ended among them: a PostgreSQL server, in seconds. */
export function cpuOfServer (pid: number): number {
  if (process.platform !== 'linux') return 0
  const server = ticksOf(pid)!
  const children = readdirSync('/proc').map(Number).filter((child) => child > 0).map(ticksOf).filter((ticks) => ticks?.parent === pid)
  return (server.own + server.ended + children.reduce((sum, ticks) => sum + ticks!.own, 0)) / TICKS
}

/** Linux counts in hundredths of a second, whatever its own clock does. */
const TICKS = 100

function ticksOf (pid: number): { parent: number, own: number, ended: number } | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ').map(Number)
    return { parent: fields[1]!, own: fields[11]! + fields[12]!, ended: fields[13]! + fields[14]! }
  } catch {
    return undefined // it has ended meanwhile
  }
}

/** The parent of a process: of a session's process, the PostgreSQL server. */
export function parentOf (pid: number): number {
  return process.platform === 'linux' ? ticksOf(pid)!.parent : 0
}

/** Processor time between two moments. */
export function since (before: Cpu, after: Cpu): Cpu {
  return { total: after.total - before.total, main: after.main - before.main, pool: after.pool - before.pool, engine: after.engine - before.engine }
}

export type Child = AsyncDisposable & { url: string, pid: number }

/** Runs a file of this folder that tells where it listens. */
export async function startServer (file: string, ...args: string[]): Promise<Child> {
  const child = fork(join(import.meta.dirname, file), args, { stdio: ['ignore', 2, 2, 'ipc'] }) // standard output is for the figures
  const failed = once(child, 'exit').then(() => { throw new Error(`${file} does not start`) })
  const [{ url }] = await Promise.race([once(child, 'message'), failed]) as [{ url: string }]
  return { url, pid: child.pid!, [Symbol.asyncDispose]: () => end(child) }
}

/** Runs the gateway as `npm start` does, and returns when it is ready. With `profile`, it writes a CPU profile into that folder as it ends. */
export async function startGateway ({ env, log, profile }: { env: Record<string, string>, log: string, profile?: string }): Promise<Child> {
  const port = await freePort()
  const output = openSync(log, 'a')
  const profiling = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`, '--cpu-prof-interval=500']
  const child = spawn(process.execPath, [...profiling, resolve(import.meta.dirname, '../../src/main.ts')], {
    env: { PATH: environment['PATH'], LIENTHONG_MODE: 'test', PORT: String(port), ...env }, stdio: ['ignore', output, output],
  })
  const url = `http://127.0.0.1:${port}`
  while (!await fetch(`${url}/readyz`).then((answer) => answer.ok, () => false)) {
    if (child.exitCode !== null) throw new Error(`the gateway does not start:\n${readFileSync(log, 'utf8')}`)
    await new Promise((resolve) => { setTimeout(resolve, 50) })
  }
  return { url, pid: child.pid!, [Symbol.asyncDispose]: () => end(child) }
}

async function end (child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGTERM')
  await once(child, 'exit')
}

async function freePort (): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
