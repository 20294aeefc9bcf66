import t from 'tap'
import pg from 'pg'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDatabase } from '../../src/database/database.ts'
import { startEmbedded } from '../../src/database/embedded.ts'
import { canReach } from '../../src/database/programs.ts'
import { startEmbeddedProcess } from '../support/embedded-process.ts'
import { until } from '../support/until.ts'

const isRoot = process.getuid?.() === 0
/** For tests that lose nothing when the machine loses power. */
const fast = { settings: { fsync: 'off' } }
/** Removing what was written through to the disk is slow, so the tests do not wait for it one by one. */
const removals: Promise<void>[] = []
t.teardown(() => Promise.all(removals))

t.test('it starts with a database, an owner and a role of the gateway, and stops', async (t) => {
  const folder = newFolder(t)
  const server = await startEmbedded({ folder })
  t.equal(server.attached, false)
  t.strictSame(await ask(server.ownerUrl, 'select current_user, current_database()'), [{ current_user: 'lienthong_owner', current_database: 'lienthong' }])
  t.strictSame(await ask(server.gatewayUrl, 'select usesuper from pg_user where usename = current_user'), [{ usesuper: false }])
  t.strictSame(await ask(server.ownerUrl, "select 'Đăng' ilike 'đĂNG' as same"), [{ same: true }])
  t.strictSame(await ask(server.ownerUrl, 'show fsync'), [{ fsync: 'on' }])
  await server.stop()
  await t.rejects(ask(server.ownerUrl, 'select'), { code: 'ECONNREFUSED' })

  const again = await startEmbedded({ folder })
  t.equal(new URL(again.ownerUrl).password, new URL(server.ownerUrl).password)
  await again.stop()
})

t.test('a server that is killed is there again, at the same address, with every row that was committed', async (t) => {
  const folder = newFolder(t)
  const server = await startEmbedded({ folder })
  const count = await killAmongWrites(server.ownerUrl, () => process.kill(serverPid(folder), 'SIGKILL'))
  t.ok(await until(() => ask(server.ownerUrl, 'select count(*)::int as rows from kept').then(([row]) => Number(row!['rows']) >= count, () => false)))
  await server.stop()
})

t.test('a process that is killed leaves the server to the next one', async (t) => {
  const folder = newFolder(t)
  const first = await startEmbeddedProcess(folder)
  const count = await killAmongWrites(first.ownerUrl, first.kill)

  const second = await startEmbeddedProcess(folder)
  t.equal(second.attached, true)
  t.equal(second.ownerUrl, first.ownerUrl)
  const [row] = await ask(second.ownerUrl, 'select count(*)::int as rows from kept')
  t.ok(Number(row!['rows']) >= count)
  await second.stop()
  t.notOk(isServing(folder))
})

t.test('killed together with its server, it starts again with every row that was committed', async (t) => {
  const folder = newFolder(t)
  const first = await startEmbeddedProcess(folder)
  const count = await killAmongWrites(first.ownerUrl, async () => {
    await first.kill()
    process.kill(serverPid(folder), 'SIGKILL')
  })
  const second = await startEmbeddedProcess(folder)
  t.equal(second.attached, false)
  const [row] = await ask(second.ownerUrl, 'select count(*)::int as rows from kept')
  t.ok(Number(row!['rows']) >= count)
  await second.stop()
})

t.test('many processes that start at once share one server, and the last to stop stops it', async (t) => {
  const folder = newFolder(t)
  const processes = await Promise.all([1, 2, 3, 4].map(() => startEmbeddedProcess(folder, fast)))
  t.equal(new Set(processes.map(({ ownerUrl }) => ownerUrl)).size, 1)
  const last = processes.pop()!
  await Promise.all(processes.map(({ stop }) => stop()))
  t.strictSame(await ask(last.gatewayUrl, 'select 1 as here'), [{ here: 1 }])
  await last.stop()
  t.notOk(isServing(folder))
})

t.test('processes that start while others stop always get a server', async (t) => {
  const folder = newFolder(t)
  await Promise.all([1, 2, 3].map(async () => {
    for (let turn = 0; turn < 5; turn++) {
      const server = await startEmbedded({ folder, ...fast })
      t.strictSame(await ask(server.gatewayUrl, 'select 1 as here'), [{ here: 1 }])
      await server.stop()
    }
  }))
  t.notOk(isServing(folder))
})

t.test("a dead server's pid file does not keep the next one from starting", async (t) => {
  const folder = newFolder(t)
  await (await startEmbedded({ folder, ...fast })).stop()
  const file = join(folder, 'postgres/data/postmaster.pid')
  const corpse = await makeCorpse(t)
  for (const pid of [process.pid, corpse, 2 ** 22 + 1]) {
    writeFileSync(file, `${pid}\n${realpathSync(join(folder, 'postgres/data'))}\n1700000000\n1\n\n127.0.0.1\n`, { mode: 0o644 })
    const server = await startEmbedded({ folder, ...fast })
    t.strictSame(await ask(server.ownerUrl, 'select 1 as here'), [{ here: 1 }])
    await server.stop()
  }
})

t.test('neither a missing locale, nor PG variables, nor a strict umask matter', async (t) => {
  const server = await startEmbeddedProcess(newFolder(t), { ...fast, env: { LC_ALL: 'vi_VN.UTF-8', LANG: 'vi_VN.UTF-8', PGHOST: 'elsewhere.invalid', PGPORT: '1', PGDATA: '/nowhere', PGSSLMODE: 'require' } })
  t.strictSame(await ask(server.ownerUrl, 'select 1 as here'), [{ here: 1 }])
  await server.stop()
})

if (isRoot) {
  t.test('root can keep it below a folder that is closed to others', async (t) => {
    const parent = newFolder(t)
    chmodSync(parent, 0o700)
    const folder = join(parent, 'data')
    const server = await startEmbedded({ folder, ...fast })
    t.strictSame(await ask(server.ownerUrl, 'select 1 as here'), [{ here: 1 }])
    await server.stop()
    rmSync(realpathSync(join(folder, 'postgres')), { recursive: true })
  })

  const nobody = { uid: 65534, gid: 65534 }
  if (canReach(nobody, import.meta.dirname)) {
    t.test('who is not root runs it as themselves', async (t) => {
      const folder = join(newFolder(t), 'data')
      mkdirSync(folder, { mode: 0o700 })
      chownSync(folder, nobody.uid, nobody.gid)
      const server = await startEmbeddedProcess(folder, { ...fast, ...nobody })
      process.kill(serverPid(folder), 'SIGKILL')
      t.ok(await until(() => ask(server.ownerUrl, 'select').then(() => true, () => false)))
      await server.stop()

      const root = await startEmbedded({ folder, ...fast })
      t.strictSame(await ask(root.gatewayUrl, 'select 1 as here'), [{ here: 1 }])
      await root.stop()
    })
  }
}

function newFolder (t: { teardown (end: () => void): void }): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'lienthong-embedded-')))
  chmodSync(folder, 0o755)
  t.teardown(() => { removals.push(rm(folder, { recursive: true })) })
  return folder
}

function serverPid (folder: string): number {
  return Number(readFileSync(join(folder, 'postgres/data/postmaster.pid'), 'utf8').split('\n')[0])
}

function isServing (folder: string): boolean {
  return existsSync(join(folder, 'postgres/data/postmaster.pid'))
}

async function ask (url: string, statement: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query(statement)).rows
  } finally {
    await client.end().catch(() => {})
  }
}

/** Writes rows from several connections, kills in the middle, and gives back how many commits were acknowledged. */
async function killAmongWrites (url: string, kill: () => unknown): Promise<number> {
  await ask(url, 'create table kept (id bigint generated always as identity)')
  const database = openDatabase(url, 4, () => {})
  let acknowledged = 0
  let killed = false
  const writers = [1, 2, 3, 4].map(async () => {
    while (!killed) {
      await database.query('insert into kept default values')
      acknowledged++
    }
  })
  const written = Promise.allSettled(writers)
  await until(() => acknowledged > 200)
  await kill()
  killed = true
  await written
  await database[Symbol.asyncDispose]()
  return acknowledged
}

/** A process that has ended and that its parent does not reap. */
async function makeCorpse (t: { teardown (end: () => void): void }): Promise<number> {
  const parent = spawn('sh', ['-c', 'true & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] })
  t.teardown(() => parent.kill())
  const [pid] = await once(parent.stdout, 'data')
  return Number(pid)
}
