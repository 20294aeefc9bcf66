/** What the bench runs in: an embedded PostgreSQL as safe as in production, the axis in a process of its own, and a gateway in another. */
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSystemKey } from '../../src/access/keys.ts'
import { createVault } from '../../src/access/secrets.ts'
import { applySetup } from '../../src/admin/apply.ts'
import { parseSetup } from '../../src/admin/setup.ts'
import { loadConfig } from '../../src/config.ts'
import { openDatabase, type Database } from '../../src/database/database.ts'
import { startEmbedded } from '../../src/database/embedded.ts'
import { prepareDatabase } from '../../src/queue/prepare.ts'
import { A, B, SECRET, setupFor, SYSTEM_ID } from '../support/gateway.ts'
import { parentOf, startGateway, startServer, type Child } from './processes.ts'

/** How often the gateway asks the axis what has arrived: the shortest that a policy allows. */
export const POLL_SECONDS = 0.05

export type World = AsyncDisposable & {
  /** As the gateway's role, and as the owner of the tables. */
  database: Database
  owner: Database
  axis: Child
  /** The process of the PostgreSQL server. */
  serverPid: number
  keys: { sender: string, receiver: string }
  /** Runs `work` against a gateway that has just been started, and ends it. */
  withGateway<Result> (work: (gateway: Child) => Promise<Result>): Promise<Result>
  /** The same under the profiler; gives the profile too. */
  withProfile<Result> (work: (gateway: Child) => Promise<Result>): Promise<{ result: Result, profile: string }>
}

/** Builds the world in a fresh folder, which disposing of it removes. */
export async function buildWorld (): Promise<World> {
  await using opened = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'lienthong-bench-'))
  chmodSync(folder, 0o755) // root hands the server to another user, who has to walk in
  opened.defer(() => rm(folder, { recursive: true }))

  // Statements are counted only while track is switched on, which the runs that are timed are not.
  const embedded = await startEmbedded({ folder, settings: { shared_preload_libraries: 'pg_stat_statements', 'pg_stat_statements.track': 'none' } })
  opened.defer(embedded.stop)
  const { gatewayUrl } = await prepareDatabase({ kind: 'external', url: embedded.gatewayUrl, ownerUrl: embedded.ownerUrl })
  const database = opened.use(openDatabase(gatewayUrl, 4, () => {}))
  const owner = opened.use(openDatabase(embedded.ownerUrl, 64, () => {}))
  await owner.query('create extension pg_stat_statements')
  const { rows: [session] } = await owner.query<{ pid: number }>('select pg_backend_pid() as pid')

  const axis = opened.use(await startServer('axis.ts', JSON.stringify({
    systems: [{ systemId: SYSTEM_ID, secret: SECRET, codes: [...A.codes, ...B.codes] }],
    agencies: [A, B].map(({ codes: [code, oldCode], name }) => ({ code, name, oldCode })),
  })))
  const keys = await setUp(database, axis.url)

  const env = { DATABASE_URL: gatewayUrl, DATABASE_OWNER_URL: embedded.ownerUrl }
  const log = join(folder, 'gateway.log')
  const profiles = join(folder, 'profiles')
  mkdirSync(profiles)
  const parts = opened.move()
  return {
    database, owner, axis, keys, serverPid: parentOf(session!.pid),
    async withGateway (work) {
      await using gateway = await startGateway({ env, log })
      return await work(gateway)
    },
    async withProfile (work) {
      const gateway = await startGateway({ env, log, profile: profiles })
      const result = await work(gateway).finally(() => gateway[Symbol.asyncDispose]())
      return { result, profile: readFileSync(join(profiles, readdirSync(profiles)[0]!), 'utf8') }
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  }
}

async function setUp (database: Database, axisUrl: string): Promise<World['keys']> {
  const { masterKey } = loadConfig({ LIENTHONG_MODE: 'test' })
  const made = { at: new Date(), actor: 'bench' }
  const setup = setupFor(axisUrl, { policy: { pollSeconds: POLL_SECONDS, sendTimeoutSeconds: 30 } })
  await applySetup(parseSetup(JSON.stringify(setup)), { database, vault: createVault(masterKey), now: made.at, actor: made.actor })
  return database.transaction(async (tx) => ({
    sender: (await createSystemKey(tx, { ...made, systemId: 'dms-a' })).text,
    receiver: (await createSystemKey(tx, { ...made, systemId: 'dms-b' })).text,
  }))
}
