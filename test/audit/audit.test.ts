import t, { type Test } from 'tap'
import pg from 'pg'
import { linkAudit, recordAudit, verifyAudit } from '../../src/audit/audit.ts'
import type { Database, Tx } from '../../src/database/database.ts'
import { createTestDatabase } from '../support/database.ts'

const at = new Date('2026-01-05T08:00:00.123Z')

async function setup (t: Test) {
  const { database, ownerUrl } = await createTestDatabase(t)
  const owner = new pg.Client({ connectionString: ownerUrl })
  await owner.connect()
  t.teardown(() => owner.end())
  return { database, owner }
}

async function record (tx: Tx, subject: string) {
  await recordAudit(tx, { at, actor: 'lan', action: 'document.submitted', subject, detail: { recipients: 2, codes: ['H26', 'A01'] } })
}

async function recordMany (database: Database, ...subjects: string[]) {
  for (const subject of subjects) await database.transaction((tx) => record(tx, subject))
}

const chain = async (database: Database) =>
  (await database.query<{ subject: string }>('select e.subject from audit_link l join audit_entry e on e.id = l.entry_id order by l.position')).rows.map(({ subject }) => subject)

t.test('entries are linked in the order of their ids, each once', async (t) => {
  const { database } = await setup(t)
  t.strictSame(await verifyAudit(database), { ok: true, length: 0, head: { length: 0, hash: '' } })
  await recordMany(database, 'a', 'b')
  t.equal(await linkAudit(database), 2)
  await recordMany(database, 'c')
  t.equal(await linkAudit(database), 1)
  t.equal(await linkAudit(database), 0)
  t.strictSame(await chain(database), ['a', 'b', 'c'])
  t.match(await verifyAudit(database), { ok: true, length: 3, head: { length: 3, hash: /^[0-9a-f]{64}$/ } })
})

t.test('what is rolled back is not on record', async (t) => {
  const { database } = await setup(t)
  await t.rejects(database.transaction(async (tx) => { await record(tx, 'gone'); throw new Error('no') }))
  await recordMany(database, 'a')
  t.equal(await linkAudit(database), 1)
  t.match(await verifyAudit(database), { ok: true, length: 1 })
})

t.test('an entry that commits late gets a later place', async (t) => {
  const { database } = await setup(t)
  const { promise: othersLinked, resolve: go } = Promise.withResolvers<void>()
  const { promise: recorded, resolve: isRecorded } = Promise.withResolvers<void>()
  const late = database.transaction(async (tx) => {
    await record(tx, 'late')
    isRecorded()
    await othersLinked
  })
  await recorded
  await recordMany(database, 'a', 'b')
  t.equal(await linkAudit(database), 2)
  go()
  await late
  t.equal(await linkAudit(database), 1)
  t.strictSame(await chain(database), ['a', 'b', 'late'])
  t.match(await verifyAudit(database), { ok: true, length: 3 })
})

t.test('an entry that commits very late is found by a thorough run', async (t) => {
  const { database, owner } = await setup(t)
  await recordMany(database, 'very late')
  await owner.query('alter table audit_entry alter column id restart with 20000')
  await recordMany(database, 'a')
  // as if only the younger had been visible
  const { rows: [entry] } = await owner.query("delete from audit_entry where subject = 'very late' returning id, at, actor, action, subject, detail")
  t.equal(await linkAudit(database), 1)
  await owner.query('insert into audit_entry (id, at, actor, action, subject, detail) overriding system value values ($1, $2, $3, $4, $5, $6)', Object.values(entry))
  t.equal(await linkAudit(database), 0)
  t.equal(await linkAudit(database, { thorough: true }), 1)
  t.strictSame(await chain(database), ['a', 'very late'])
})

t.test('several gateways that link at once make one chain', async (t) => {
  const { database } = await setup(t)
  await Promise.all(Array.from({ length: 50 }, async (_, n) => {
    await recordMany(database, `entry ${n}`)
    await linkAudit(database)
  }))
  await linkAudit(database)
  t.match(await verifyAudit(database), { ok: true, length: 50 })
})

t.test('a long backlog is linked to its end', async (t) => {
  const { database, owner } = await setup(t)
  await owner.query("insert into audit_entry (at, actor, action, subject, detail) select now(), 'x', 'y', n::text, '{}' from generate_series(1, 2500) as n")
  t.equal(await linkAudit(database), 2500)
  t.match(await verifyAudit(database), { ok: true, length: 2500 })
})

for (const [what, sql] of [
  ['another actor', "update audit_entry set actor = 'someone' where subject = 'b'"],
  ['a time moved by a microsecond', "update audit_entry set at = at + interval '1 microsecond' where subject = 'b'"],
  ['another detail', "update audit_entry set detail = detail || '{\"recipients\": 3}' where subject = 'b'"],
  ['another hash', "update audit_link set hash = sha256('x') where position = 2"],
  ['an entry removed', "delete from audit_link where position = 2; delete from audit_entry where subject = 'b'"],
  ['an entry removed, and the gap closed', "delete from audit_link where position = 2; delete from audit_entry where subject = 'b'; update audit_link set position = position - 1 where position > 2"],
  ['an entry inserted', `update audit_link set position = -position where position > 1;
    insert into audit_entry (at, actor, action, subject, detail) values (now(), 'x', 'y', 'new', '{}');
    insert into audit_link select 2, max(id), sha256('x') from audit_entry;
    update audit_link set position = 1 - position where position < 0`],
  ['two entries that have changed places', "update audit_entry set subject = case subject when 'b' then 'c' else 'b' end where subject in ('b', 'c')"],
] as const) {
  t.test(`verifying finds ${what}`, async (t) => {
    const { database, owner } = await setup(t)
    await recordMany(database, 'a', 'b', 'c', 'd')
    await linkAudit(database)
    await owner.query(sql)
    t.strictSame(await verifyAudit(database), { ok: false, position: 2 })
  })
}

t.test('with a head kept elsewhere, verifying finds that the end was cut off or written anew', async (t) => {
  const { database, owner } = await setup(t)
  await recordMany(database, 'a', 'b')
  await linkAudit(database)
  const verdict = await verifyAudit(database)
  const head = verdict.ok ? verdict.head : undefined
  await recordMany(database, 'c')
  await linkAudit(database)
  t.match(await verifyAudit(database, head), { ok: true, length: 3 })

  await owner.query("delete from audit_link where position > 1; delete from audit_entry where subject <> 'a'")
  t.match(await verifyAudit(database), { ok: true, length: 1 })
  t.strictSame(await verifyAudit(database, head), { ok: false, position: 2 })
  await recordMany(database, 'forged')
  await linkAudit(database)
  t.strictSame(await verifyAudit(database, head), { ok: false, position: 2 })
})

t.test("the gateway's own role can neither change nor delete what is on record", async (t) => {
  const { database } = await setup(t)
  await recordMany(database, 'a')
  await linkAudit(database)
  for (const sql of ["update audit_entry set actor = 'x'", 'delete from audit_entry', "update audit_link set hash = 'x'", 'delete from audit_link', 'truncate audit_link']) {
    await t.rejects(database.query(sql), { code: '42501' }, sql)
  }
})
