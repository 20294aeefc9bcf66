/**
 * A database of its own for a test: a copy of one migrated template, on the server in TEST_DATABASE_URL, or on an embedded one
 * that all test processes share. The last of them to end stops it; one that killed tests have left running is used again.
 */
import pg from 'pg'
import { createHash, randomBytes } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { startEmbedded } from '../../src/database/embedded.ts'
import { migrate } from '../../src/database/migrate.ts'
import { openDatabase, type Database } from '../../src/database/database.ts'
import { installQueues } from '../../src/queue/install.ts'

const ROOT = resolve(import.meta.dirname, '../..')
/** What a template depends on: a change makes a new one. */
const SOURCES = ['src/database/migrations/*.sql', 'src/database/migrate.ts', 'src/queue/install.ts', 'src/queue/queues.ts', 'package-lock.json']
const MAKING_TEMPLATE = 20250704
const GATEWAY = 'lienthong_test_gateway'

export type TestDatabase = AsyncDisposable & {
  ownerUrl: string
  gatewayUrl: string
  /** As the gateway's role. */
  database: Database
  /** Drops the database; whoever is connected loses the connection. */
  drop (): Promise<void>
}

/** Where the shared server keeps its data: one for each checkout and user. */
function serverFolder (): string {
  const name = createHash('sha256').update(ROOT).digest('hex').slice(0, 12)
  return join(tmpdir(), `lienthong-test-${process.getuid?.() ?? 'user'}-${name}`)
}

/** How the shared server runs: fast, and safe only as long as the machine does not lose power. */
const SETTINGS = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '300' }

/** A fresh, migrated database. Given a test, it goes when the test ends. */
export async function createTestDatabase (t?: { teardown (end: () => Promise<void>): void }): Promise<TestDatabase> {
  const serverUrl = await server()
  const template = await ready(serverUrl)
  const name = `test_${Date.now()}_${randomBytes(4).toString('hex')}`
  await ask(serverUrl, (client) => client.query(`create database ${name} template ${template}`))

  const ownerUrl = withDatabase(serverUrl, name)
  const gateway = new URL(ownerUrl)
  gateway.username = GATEWAY
  gateway.password = gatewayPassword(serverUrl)
  const database = openDatabase(gateway.href, 10, () => {})
  let dropped: Promise<void> | undefined
  const drop = () => dropped ??= (async () => {
    await database[Symbol.asyncDispose]()
    await ask(serverUrl, (client) => dropDatabase(client, name))
  })()
  t?.teardown(drop)
  return { ownerUrl, gatewayUrl: gateway.href, database, drop, [Symbol.asyncDispose]: drop }
}

let found: Promise<string> | undefined
function server (): Promise<string> {
  return found ??= (async () => {
    if (process.env['TEST_DATABASE_URL']) return process.env['TEST_DATABASE_URL']
    const { ownerUrl, stop } = await startEmbedded({ folder: serverFolder(), settings: SETTINGS })
    process.once('beforeExit', () => { void stop() })
    return ownerUrl
  })()
}

let made: Promise<string> | undefined
function ready (serverUrl: string): Promise<string> {
  return made ??= ask(serverUrl, async (client) => {
    const hash = createHash('sha256')
    for (const path of globSync(SOURCES, { cwd: ROOT }).sort()) hash.update(readFileSync(join(ROOT, path)))
    const template = `template_${hash.digest('hex').slice(0, 12)}`
    await client.query('select pg_advisory_lock($1)', [MAKING_TEMPLATE]) // freed with the connection
    await sweep(client)
    const { rowCount } = await client.query('select from pg_database where datname = $1', [template])
    if (rowCount === 0) {
      const making = `${template}_making`
      await dropDatabase(client, making)
      await client.query(`create database ${making}`)
      const ownerUrl = withDatabase(serverUrl, making)
      await migrate({ ownerUrl, gatewayRole: GATEWAY, gatewayPassword: gatewayPassword(serverUrl) })
      await installQueues({ ownerUrl, gatewayRole: GATEWAY })
      await client.query(`alter database ${making} rename to ${template}`)
    }
    return template
  })
}

/** Drops what killed tests have left. */
async function sweep (client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ name: string }>("select datname as name from pg_database where datname ~ '^test_[0-9]+_'")
  const old = rows.filter(({ name }) => Number(name.split('_')[1]) < Date.now() - 3600_000)
  for (const { name } of old) await dropDatabase(client, name)
}

async function dropDatabase (client: pg.Client, name: string): Promise<void> {
  await client.query(`drop database if exists ${name} with (force)`).catch(async (error: { code?: string }) => {
    if (error.code !== '42501') throw error
    await client.query(`drop database if exists ${name}`) // an owner who may not end the gateway's connections waits until they have ended
  })
}

async function ask<Result> (url: string, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

function withDatabase (url: string, name: string): string {
  const changed = new URL(url)
  changed.pathname = name
  return changed.href
}

/** The same in every process of a run, without being written down. */
function gatewayPassword (serverUrl: string): string {
  const { username, password } = new URL(serverUrl)
  return createHash('sha256').update(`${username}:${password}`).digest('base64url')
}
