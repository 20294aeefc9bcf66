/**
 * The embedded PostgreSQL: a real server beside this process, for machines that have no other. Any number of processes may
 * use one folder, and the last to stop stops the server. It outlives a process that is killed, and the next one attaches to it.
 */
import pg from 'pg'
import { randomBytes } from 'node:crypto'
import { readFileSync, readlinkSync, statSync } from 'node:fs'
import { link, readFile, rename, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { openCluster, OWNER, type Cluster } from './cluster.ts'
import { run } from './programs.ts'

const DATABASE = 'lienthong'
const GATEWAY = 'lienthong_gateway'
/** Held shared, in the database `postgres`, by every process that uses the server. The server frees it when a process dies. */
const IN_USE = 20250701
const CREATING = 20250702
/** Two starters at once, a port taken meanwhile, a server that is just stopping: each costs one attempt. */
const ATTEMPTS = 10
/** Recovery after a crash replays at most max_wal_size (1 GB): seconds. */
const READY_MS = 60_000
/** Until a server that starts has written its pid file. */
const BEGUN_MS = 2000

/** A running server, with the database, its owner and the gateway's role. */
export type Embedded = {
  ownerUrl: string
  gatewayUrl: string
  /** It ran already: another process uses it, or was killed. */
  attached: boolean
  /** Stops the server, unless another process uses it. */
  stop (): Promise<void>
}

/** `pid` is the server that the connection is to: another one may run by the time that this one is stopped. */
type Session = { client: pg.Client, port: number, pid: number, attached: boolean }

/**
 * Makes sure that a server runs on this folder; see cluster.ts for what is in it. `settings` go to a server that this process
 * starts. A server that dies is started again on the same port; `onError` hears when that fails.
 */
export async function startEmbedded (options: {
  folder: string
  settings?: Record<string, string>
  onError?: (error: Error) => void
}): Promise<Embedded> {
  const { settings = {}, onError = () => {} } = options
  const cluster = await openCluster(resolve(options.folder), { sync: settings['fsync'] !== 'off' })
  let session = await attach(cluster, settings)
  let stopped = false
  let reviving = Promise.resolve()
  const { port, attached } = session

  function guard (): void {
    session.client.once('end', () => {
      if (stopped) return
      reviving = attach(cluster, { ...settings, port: String(port) }).then((next) => { session = next; guard() }).catch(onError)
    })
  }
  guard()

  const url = (role: string, password: string) => `postgres://${role}:${password}@127.0.0.1:${port}/${DATABASE}?sslmode=disable`
  return {
    ownerUrl: url(OWNER, cluster.passwords.owner),
    gatewayUrl: url(GATEWAY, cluster.passwords.gateway),
    attached,
    async stop () {
      if (stopped) return
      stopped = true
      await reviving
      await detach(cluster, session)
    },
  }
}

/** Connects to the cluster's server, which it starts if none runs, and holds it in use. */
async function attach (cluster: Cluster, settings: Record<string, string>): Promise<Session> {
  let attached = true
  for (let attempt = 1; ; attempt++) {
    try {
      if (await findServer(cluster) === undefined) {
        attached = false
        await startServer(cluster, settings)
      }
      const held = await hold(cluster)
      const { client } = held
      await createDatabase(client, cluster)
      keepAlive(client, false)
      return { ...held, attached }
    } catch (error) {
      if (attempt === ATTEMPTS) throw error
      await pause(50 * attempt)
    }
  }
}

/** Stops the server, unless another process holds it in use. */
async function detach ({ programs, data, user }: Cluster, { client, pid }: Session): Promise<void> {
  keepAlive(client, true)
  try {
    await client.query('select pg_advisory_unlock_shared($1)', [IN_USE])
    const { rows: [row] } = await client.query('select pg_try_advisory_lock($1) as last', [IN_USE])
    if (!row.last) return
    // Whoever attaches now waits for the lock, sees that the server stops, and starts it again: so stop this one, and wait for it, not for any.
    // A server that stops already gives the lock too, and then the next one may be running: `pg_ctl stop` would stop that.
    if (isServer(pid, data)) await run(programs.pg_ctl, ['kill', 'INT', String(pid)], user)
    for (const start = Date.now(); isServer(pid, data); await pause(10)) {
      if (Date.now() > start + READY_MS) throw new Error('PostgreSQL does not stop')
    }
  } finally {
    await client.end().catch(() => {})
  }
}

/** The server that runs on this data, if one does. Clears away what keeps the next one from starting. */
async function findServer ({ data }: Cluster): Promise<{ pid: number, port: number } | undefined> {
  const file = join(data, 'postmaster.pid')
  for (;; await pause(10)) {
    const content = readIfThere(file)
    if (content === undefined) return undefined
    const [pid, , , port] = content.split('\n').map(Number)
    if (pid && port && isServer(pid, data)) return { pid, port }
    if (pid && !isProcess(pid)) return undefined // the server clears that away itself
    if (!port && Date.now() < statSync(file).mtimeMs + BEGUN_MS) continue // it is being written

    // The server would not start, because the file is empty, or because the process is there: a corpse that nobody reaps (a container
    // without an init), or another one that has got the same id. Of two processes that clear up, neither takes away what the other has started.
    const aside = `${file}.${randomBytes(4).toString('hex')}`
    await rename(file, aside)
    if (readFileSync(aside, 'utf8') !== content) await link(aside, file)
    await rm(aside)
  }
}

function readIfThere (file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function isServer (pid: number, data: string): boolean {
  if (process.platform !== 'linux') return isProcess(pid)
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === data // where the server works; a corpse works nowhere
  } catch {
    return false
  }
}

function isProcess (pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

async function startServer ({ programs, home, data, user }: Cluster, settings: Record<string, string>): Promise<void> {
  const all = { listen_addresses: '127.0.0.1', unix_socket_directories: '', port: String(await freePort()), ...settings }
  const options = Object.entries(all).map(([name, value]) => `-c ${name}=${value}`).join(' ')
  // pg_ctl puts the server into a session of its own: Ctrl-C in the terminal reaches this process alone, which stops the server last.
  await run(programs.pg_ctl, ['start', '--pgdata', data, '--log', join(home, 'server.log'), '--no-wait', '--options', options], user)
}

function freePort (): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject).listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}

/** Connects once the server answers, and holds it in use until the connection ends. */
async function hold (cluster: Cluster): Promise<Omit<Session, 'attached'>> {
  const start = Date.now()
  let seen = false
  for (;;) {
    const server = await findServer(cluster)
    if (server === undefined && (seen || Date.now() > start + BEGUN_MS)) throw new Error(`PostgreSQL does not run; its log ends with:\n${await lastLines(cluster)}`)
    if (server !== undefined) {
      const { pid, port } = server
      seen = true
      const client = newClient(cluster, port)
      const probe = newClient(cluster, port)
      try {
        await client.connect()
        await client.query('select pg_advisory_lock_shared($1)', [IN_USE])
        // The lock may be free because a server that stops has just ended the connection that held it; then no new one is let in.
        await probe.connect()
        await probe.end()
        if ((await findServer(cluster))?.pid !== pid) throw new Error('another server has taken the place of the one that was found')
        return { client, port, pid }
      } catch (error) {
        await client.end().catch(() => {})
        // Not listening yet; or starting, recovering, stopping.
        const passes = ['ECONNREFUSED', '57P03'].includes((error as { code?: string }).code ?? '')
        if (!passes || Date.now() > start + READY_MS) throw error
      }
    }
    await pause(10)
  }
}

function newClient ({ passwords }: Cluster, port: number): pg.Client {
  const client = new pg.Client({ host: '127.0.0.1', port, user: OWNER, password: passwords.owner, database: 'postgres', ssl: false })
  client.on('error', () => {}) // 'end' follows
  return client
}

async function createDatabase (client: pg.Client, { passwords }: Cluster): Promise<void> {
  const { rows: [{ exists }] } = await client.query('select exists (select from pg_database where datname = $1)', [DATABASE])
  if (exists) return
  await client.query('select pg_advisory_lock($1)', [CREATING])
  try {
    const { rows: [found] } = await client.query(`
      select exists (select from pg_roles where rolname = $1) as role, exists (select from pg_database where datname = $2) as database`, [GATEWAY, DATABASE])
    if (!found.role) await client.query(`create role ${GATEWAY} login password ${pg.escapeLiteral(passwords.gateway)}`)
    if (!found.database) await client.query(`create database ${DATABASE}`)
  } finally {
    await client.query('select pg_advisory_unlock($1)', [CREATING])
  }
}

/** Whether the idle connection keeps this process from ending. */
function keepAlive (client: pg.Client, yes: boolean): void {
  const { connection } = client as unknown as { connection: { ref: () => void, unref: () => void } } // not in @types/pg
  if (yes) connection.ref()
  else connection.unref()
}

async function lastLines ({ home }: Cluster): Promise<string> {
  const log = await readFile(join(home, 'server.log'), 'utf8').catch(() => '')
  return log.trimEnd().split('\n').slice(-10).join('\n')
}
