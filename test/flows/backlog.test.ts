/** A long outage leaves a long queue: whoever takes work from it must not read all of it. */
import t from 'tap'
import { openDatabase, type Database } from '../../src/database/database.ts'
import { claimUnjudged } from '../../src/inbound/store.ts'
import { createMailbox } from '../../src/inbound/mailbox.ts'
import { findUnclear } from '../../src/outbound/attempt-store.ts'
import { claimDue } from '../../src/outbound/store.ts'
import { createTestDatabase } from '../support/database.ts'

const WAITING = 100_000
/** Blocks of 8 KiB that one statement may look at: the whole queue has several times as many. A page of a mailbox looks at 100 rows for each agency. */
const MOST_BLOCKS = 1000

/** How many blocks a prepared statement looks at. PostgreSQL makes its plan for any parameters at the sixth time. */
async function blocksOf (database: Database, name: string, parameters: readonly string[], run: () => Promise<unknown>): Promise<number> {
  for (let count = 0; count < 6; count++) await run()
  const { rows: [row] } = await database.query<{ 'QUERY PLAN': [{ Plan: Record<string, number> }] }>(
    `explain (analyze, buffers, format json) execute "${name}"(${parameters.map((parameter) => `'${parameter}'`).join(', ')})`)
  const { Plan: plan } = row!['QUERY PLAN'][0]
  return plan['Shared Hit Blocks']! + plan['Shared Read Blocks']!
}

t.test('behind 100,000 waiting rows the next ones are found without reading them all', async (t) => {
  const { ownerUrl, gatewayUrl } = await createTestDatabase(t)
  await using database = openDatabase(gatewayUrl, 1, () => {}) // one connection knows what is prepared
  await using owner = openDatabase(ownerUrl, 1, () => {})
  // Rows that belong to nothing are quicker to make.
  for (const [table, column] of [['dispatch', 'document_id'], ['hand_over', 'arrival_id'], ['hand_over', 'agency_id']]) await owner.query(`alter table ${table} drop constraint ${table}_${column}_fkey`)
  await owner.query(`insert into connection (id, protocol, base_url, system_id, sealed_secret, policy) values ('axis', 'vxp', '', '', '', '{}')`)
  await owner.query(`
    insert into dispatch (id, connection_id, document_id, order_key, state, urgency, due_on, next_at, patience_until, created_at, updated_at)
    select gen_random_uuid(), 'axis', gen_random_uuid(), 'document-' || n, 'waiting', n % 5, case when n % 3 = 0 then date '2026-01-01' + n % 100 end, '2020-01-01', '2100-01-01', now(), now()
      from generate_series(1, ${WAITING}) n`)
  await owner.query(`insert into blob (sha256, size) values ('', 0)`)
  await owner.query(`
    insert into arrival (id, connection_id, axis_doc_id, kind, state, packet, fetched_at, next_at)
    select gen_random_uuid(), 'axis', n::text, 'document', 'stored', '', now(), '2020-01-01' from generate_series(1, ${WAITING}) n`)
  await owner.query(`
    insert into hand_over (id, arrival_id, agency_id, agency_code, identity, state, created_at)
    select gen_random_uuid(), gen_random_uuid(), n % 20, '', sha256(n::text::bytea), 'waiting', now() from generate_series(1, ${WAITING}) n`)

  const mailbox = createMailbox({ database, reportArrived: async () => {}, now: () => new Date(), log: { debug () {}, info () {}, warn () {}, error () {} }, onReported () {} })
  const caller = { keyId: '', role: 'system' as const, name: '', systemId: '', agencyIds: new Set(Array.from({ length: 20 }, (_, index) => String(index))) }
  const now = new Date()
  for (const state of ['as they are inserted', 'with statistics']) {
    const claimed = async (claim: Promise<readonly unknown[]>) => t.equal((await claim).length, 8)
    t.ok(await blocksOf(database, 'claim-dispatches', ['axis', '8', '60', now.toISOString()], () => claimed(claimDue(database, 'axis', 8, 60, now))) < MOST_BLOCKS, `dispatches, ${state}`)
    t.ok(await blocksOf(database, 'claim-arrivals', ['axis', '8', '60', now.toISOString(), '1000'], async () => {
      await database.query(`update arrival set state = 'handed-on' where lease_until is not null and id in (select id from arrival where connection_id = 'axis' and state = 'stored' order by sequence limit 8)`)
      await claimed(claimUnjudged(database, 'axis', { count: 8, bytes: 1000 }, 60, now))
    }) < MOST_BLOCKS, `arrivals, ${state}`)
    t.ok(await blocksOf(database, 'find-unclear', ['axis', now.toISOString(), '50'], () => findUnclear(database, 'axis', 50, now)) < MOST_BLOCKS, `unclear outcomes, ${state}`)
    t.ok(await blocksOf(database, 'list-mailbox-waiting', [`{${[...caller.agencyIds].join(',')}}`, '0', '100'], () => mailbox.list(caller, { state: 'waiting', after: '0', limit: 100 })) < MOST_BLOCKS * 2, `a mailbox, ${state}`)
    await owner.query('analyze')
  }
})
