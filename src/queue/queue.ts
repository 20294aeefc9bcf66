/**
 * Wake-ups that live in the database: an alarm that says where to look, added in the transaction of the change it follows
 * from, run at least once, by any gateway on this database. Latency comes from looker.ts; this is what a crash cannot lose.
 */
import { PgBoss, type Db, type JobResult } from 'pg-boss'
import type { Database, Tx } from '../database/database.ts'
import type { JobHandlers, JobName, Jobs, NewJob } from '../jobs.ts'
import { QUEUES, SCHEMA } from './queues.ts'

/** How often waiting jobs are fetched. LISTEN/NOTIFY would be quicker, but lets only one transaction commit at a time. */
const POLLING_SECONDS = 0.5
/** Jobs of one name that are fetched at once: with few keys, all that wait. */
const BATCH = 100
/** How long running handlers are waited for. */
const STOP_MS = 30_000

/** Jobs whose payload is empty can be run by the clock. */
type Plain = { [Name in JobName]: Record<never, never> extends Jobs[Name] ? Name : never }[JobName]

export interface Queue extends AsyncDisposable {
  /**
   * Adds jobs as part of `tx`. One that waits already, or that another open transaction is adding, is not added: it may run
   * just before `tx` commits, so tell the looker after the commit; what both miss, the job `rescue` finds.
   */
  wake (tx: Tx, jobs: readonly NewJob[]): Promise<void>
  /** Runs a job by the clock, once for all gateways. `cron` has five fields, in UTC. */
  every (name: Plain, cron: string): Promise<void>
  /** Runs waiting jobs from now on. One that throws is run again, later and later. */
  start (handlers: JobHandlers): Promise<void>
}

/** Opens the queues that installQueues has made. `onError` hears of what goes wrong where no caller waits. */
export async function openQueue ({ database, onError }: { database: Database, onError: (error: Error) => void }): Promise<Queue> {
  const boss = new PgBoss({ db: on(database), schema: SCHEMA, migrate: false, reindex: false, monitorVacuum: false })
  boss.on('error', atTimes(onError))
  await boss.start()

  return {
    async wake (tx, jobs) {
      for (const { name, data, key, startAt } of jobs) {
        const singletonKey = startAt ? `${key} ${startAt.toISOString().slice(0, 19)}` : key
        if (await isMissing(tx, name, singletonKey)) await boss.send(name, data, { singletonKey, db: on(tx), ...startAt && { startAfter: startAt } })
      }
    },

    async every (name, cron) {
      await boss.schedule(name, cron, {}, { singletonKey: 'clock', missed: 'once' })
    },

    async start (handlers) {
      for (const name of Object.keys(QUEUES) as JobName[]) {
        const handle = handlers[name] as (data: object) => Promise<void>
        const options = { batchSize: BATCH, pollingIntervalSeconds: POLLING_SECONDS, perJobResults: true } as const
        await boss.work<object>(name, options, (jobs) => runBatch(jobs, handle, onError))
      }
    },

    [Symbol.asyncDispose]: () => boss.stop({ graceful: true, timeout: STOP_MS }),
  }
}

/**
 * Whether this job has to be added. Adding one that another open transaction has added would wait until that one commits: all
 * transactions would commit one after the other (measured with 5 ms a commit, 16 at once: 774 instead of 2,791 a second).
 */
async function isMissing (tx: Tx, name: JobName, key: string): Promise<boolean> {
  const { rows: [row] } = await tx.query<{ missing: boolean }>(`
    select case
      when exists (
        select from ${SCHEMA}.job_common where name = $1 and coalesce(singleton_key, '') = $2 and state = 'created' and policy = 'short'
      ) then false
      else pg_try_advisory_xact_lock(hashtextextended($1 || ' ' || $2, 0))
    end as missing`, [name, key])
  return row!.missing
}

/** Runs one job of each payload, since the others say the same; each job fails or ends with the one that stood for it. */
async function runBatch (jobs: readonly { id: string, data: object }[], handle: (data: object) => Promise<void>, onError: (error: Error) => void): Promise<JobResult[]> {
  const runs = new Map<string, Promise<Error | undefined>>()
  return Promise.all(jobs.map(async ({ id, data }) => {
    const about = JSON.stringify(data)
    const run = runs.get(about) ?? handle(data).then(() => undefined, (error: Error) => {
      onError(error)
      return error
    })
    runs.set(about, run)
    const error = await run
    return error ? { id, status: 'failed', output: { message: error.message } } : { id, status: 'completed' }
  }))
}

/** The same error once in half a minute: every queue asks a database that is away twice a second. */
function atTimes (onError: (error: Error) => void): (error: Error) => void {
  const told = new Map<string, number>()
  return (error) => {
    const now = Date.now()
    if (now < (told.get(error.message) ?? 0) + 30_000) return
    if (told.size > 100) told.clear()
    told.set(error.message, now)
    onError(error)
  }
}

/** pg-boss on our connections: its statements are prepared like ours. */
function on (database: Database | Tx): Db {
  return { executeSql: (text, values) => values?.length ? database.query(text, values) : database.query(text) }
}
