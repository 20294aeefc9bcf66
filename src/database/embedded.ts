/**
 * The embedded PostgreSQL: a real server beside this process, for machines that have no other. It outlives this process
 * when that is killed, and the next one attaches to it. Any number of processes may use one folder: the last to stop stops it.
 */
import pg from 'pg'
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, readlinkSync, realpathSync, statSync } from 'node:fs'
import { chmod, chown, link, mkdir, mkdtemp, open, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { canReach, chooseUser, findPrograms, run, SHARED_FOLDER, type Programs, type User } from './programs.ts'

const DATABASE = 'lienthong'
const OWNER = 'lienthong_owner'
const GATEWAY = 'lienthong_gateway'
/** Held shared, in the database `postgres`, by every process that uses the server. The server frees it when a process dies. */
const IN_USE = 20250701
/** Two starters at once, a port taken meanwhile, a server that is just stopping: each costs one attempt. */
const ATTEMPTS = 10
/** Recovery after a crash replays at most max_wal_size (1 GB): seconds. */
const READY_MS = 60_000

/** A running server. `attached`: it ran before. */
export type Embedded = { ownerUrl: string, gatewayUrl: string, attached: boolean, stop: () => Promise<void> }

type Cluster = { home: string, data: string, user: User, programs: Programs, passwords: { owner: string, gateway: string } }

/**
 * Makes sure that a server runs on this folder, with the database, its owner and the gateway's role. `settings` go to a
 * server that this call starts. Everything is in the folder, except that root keeps it in /var/lib/lienthong, linked from
 * the folder, when the folder is closed to the user the server runs as.
 */
export async function startEmbedded (options: { folder: string, settings?: Record<string, string> }): Promise<Embedded> {
  const settings = options.settings ?? {}
  const cluster = await openCluster(resolve(options.folder), settings)
  for (let attempt = 1; ; attempt++) {
    try {
      const attached = await findServer(cluster) !== undefined
      if (!attached) await startServer(cluster, settings)
      const { client, port } = await hold(cluster)
      await createRoles(client, cluster)
      keepAlive(client, false)
      const url = (role: string, password: string) => `postgres://${role}:${password}@127.0.0.1:${port}/${DATABASE}?sslmode=disable`
      return {
        ownerUrl: url(OWNER, cluster.passwords.owner),
        gatewayUrl: url(GATEWAY, cluster.passwords.gateway),
        attached,
        stop: () => stopServer(client, cluster),
      }
    } catch (error) {
      if (attempt === ATTEMPTS) throw error
      await pause(50 * attempt)
    }
  }
}

/** Opens the folder's cluster; makes it when there is none. Made aside and put in place at once, so a killed process leaves no half of one. */
async function openCluster (folder: string, settings: Record<string, string>): Promise<Cluster> {
  if (await mkdir(folder, { recursive: true }) !== undefined && process.getuid?.() === 0) await chmod(folder, 0o755) // whatever the umask is
  const link = join(folder, 'postgres')
  const owner = existsSync(link) ? statSync(link) : undefined
  if (owner !== undefined && process.getuid !== undefined && process.getuid() !== 0 && process.getuid() !== owner.uid) {
    throw new Error(`${link} belongs to the user with the id ${owner.uid}: start as this user`)
  }
  const user = owner === undefined || process.getuid?.() !== 0 ? chooseUser() : { uid: owner.uid, gid: owner.gid }
  const programs = await findPrograms(user)
  if (owner === undefined) await createCluster(folder, link, user, programs, settings)

  const home = realpathSync(link)
  const data = join(home, 'data')
  const major = readFileSync(join(data, 'PG_VERSION'), 'utf8').trim()
  if (major !== programs.major) throw new Error(`${data} was made by PostgreSQL ${major}, and this is PostgreSQL ${programs.major}: dump it with the old one, restore it with the new one`)
  return { home, data, user, programs, passwords: JSON.parse(await readFile(join(home, 'passwords.json'), 'utf8')) }
}

async function createCluster (folder: string, place: string, user: User, programs: Programs, settings: Record<string, string>): Promise<void> {
  const elsewhere = user !== undefined && !canReach(user, folder)
  if (elsewhere) {
    await mkdir(SHARED_FOLDER, { recursive: true })
    await chmod(SHARED_FOLDER, 0o755)
  }
  const home = await mkdtemp(join(elsewhere ? SHARED_FOLDER : folder, 'postgres-'))
  const passwords = { owner: randomBytes(24).toString('base64url'), gateway: randomBytes(24).toString('base64url') }
  const files = { 'passwords.json': JSON.stringify(passwords), 'owner-password': passwords.owner }
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(home, name), content, { mode: 0o600 })
    if (user !== undefined) await chown(join(home, name), user.uid, user.gid)
  }
  if (user !== undefined) await chown(home, user.uid, user.gid)
  await run(programs.initdb, [
    '--pgdata', join(home, 'data'), '--username', OWNER, '--pwfile', join(home, 'owner-password'), '--auth', 'scram-sha-256',
    '--encoding', 'UTF8', '--locale', 'C', '--locale-provider', 'builtin', '--builtin-locale', 'C.UTF-8', '--data-checksums',
    ...settings['fsync'] === 'off' ? ['--no-sync'] : [],
  ], user)
  await rm(join(home, 'owner-password'))
  try {
    await (elsewhere ? symlink(home, place) : rename(home, place))
  } catch (error) {
    await rm(home, { recursive: true })
    if (!['EEXIST', 'ENOTEMPTY'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error // else: another process was first
  }
  const entry = await open(folder, 'r') // the cluster's name must be on the disk before its first commit is
  await entry.sync().finally(() => entry.close())
}

/** The port of the server that runs on this data, if one does. Clears away what a dead server has left. */
async function findServer ({ data }: Cluster): Promise<number | undefined> {
  const file = join(data, 'postmaster.pid')
  if (!existsSync(file)) return undefined
  const [pid, , , port] = readFileSync(file, 'utf8').split('\n').map(Number)
  if (!pid || !port) throw new Error(`${file} is not complete yet`)
  if (isServer(pid, data)) return port

  // The process is a corpse that nobody reaps (a container without an init), or another one that has got the same id. The server
  // refuses to start while it is there. Two starters may clear at once: neither takes away what the other's server has written.
  const aside = `${file}.${randomBytes(4).toString('hex')}`
  await rename(file, aside)
  if (Number(readFileSync(aside, 'utf8').split('\n')[0]) !== pid) await link(aside, file)
  await rm(aside)
  return undefined
}

function isServer (pid: number, data: string): boolean {
  try {
    // The server's working folder is its data; a corpse has none.
    if (process.platform === 'linux') return readlinkSync(`/proc/${pid}/cwd`) === data
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
async function hold (cluster: Cluster): Promise<{ client: pg.Client, port: number }> {
  const deadline = Date.now() + READY_MS
  for (;;) {
    const port = await findServer(cluster)
    if (port === undefined && Date.now() > deadline - READY_MS + 2000) throw new Error(`PostgreSQL does not start; its log ends with:\n${await lastLines(cluster)}`)
    if (port !== undefined) {
      const client = new pg.Client({ host: '127.0.0.1', port, user: OWNER, password: cluster.passwords.owner, database: 'postgres', ssl: false })
      client.on('error', () => {}) // the server has died: whoever uses it sees it
      try {
        await client.connect()
        await client.query('select pg_advisory_lock_shared($1)', [IN_USE])
        return { client, port }
      } catch (error) {
        await client.end().catch(() => {})
        if (!isPassing(error) || Date.now() > deadline) throw error
      }
    }
    await pause(10)
  }
}

/** Whether the idle connection keeps this process from ending. */
function keepAlive (client: pg.Client, yes: boolean): void {
  const { connection } = client as unknown as { connection: { ref: () => void, unref: () => void } } // not in @types/pg
  if (yes) connection.ref()
  else connection.unref()
}

/** Not listening yet, starting up, or recovering. */
function isPassing (error: unknown): boolean {
  return ['ECONNREFUSED', '57P03'].includes((error as { code?: string }).code ?? '')
}

async function createRoles (client: pg.Client, { passwords }: Cluster): Promise<void> {
  const { rows: [found] } = await client.query('select exists (select from pg_database where datname = $1)', [DATABASE])
  if (found.exists) return
  await client.query('select pg_advisory_lock($1)', [IN_USE + 1])
  try {
    const { rows: [found] } = await client.query(`
      select exists (select from pg_roles where rolname = $1) as role, exists (select from pg_database where datname = $2) as database`, [GATEWAY, DATABASE])
    if (!found.role) await client.query(`create role ${GATEWAY} login password ${pg.escapeLiteral(passwords.gateway)}`)
    if (!found.database) await client.query(`create database ${DATABASE}`)
  } finally {
    await client.query('select pg_advisory_unlock($1)', [IN_USE + 1])
  }
}

/** Stops the server, unless another process uses it. */
async function stopServer (client: pg.Client, { programs, data, user }: Cluster): Promise<void> {
  keepAlive(client, true)
  try {
    await client.query('select pg_advisory_unlock_shared($1)', [IN_USE])
    const { rows: [row] } = await client.query('select pg_try_advisory_lock($1) as last', [IN_USE])
    // Who attaches now waits for the lock, loses the connection with the server, and starts it again.
    if (row.last) await run(programs.pg_ctl, ['stop', '--pgdata', data, '--mode', 'fast', '--wait'], user)
  } finally {
    await client.end().catch(() => {})
  }
}

async function lastLines ({ home }: Cluster): Promise<string> {
  const log = await readFile(join(home, 'server.log'), 'utf8').catch(() => '')
  return log.trimEnd().split('\n').slice(-10).join('\n')
}
