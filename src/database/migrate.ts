/** Brings the schema up to date, and gives the gateway's role its rights: the owner changes the schema, the gateway works in it. */
import { runner } from 'node-pg-migrate'
import pg from 'pg'
import { join } from 'node:path'

const FOLDER = join(import.meta.dirname, 'migrations')
const MIGRATIONS_TABLE = 'migration'

/** What is written once: the gateway may add to it and read it, not change it. */
const APPEND_ONLY = ['audit_entry', 'audit_link', 'blob', 'blob_chunk', 'certificate_link', 'delivery_event', 'revocation_answer', 'stamp_batch', 'stamp_leaf', 'stamp_token']
/** Where a row can go without a trace: a system's agencies, answers whose time is over, and what a batch of time-stamps has taken in. */
const DELETABLE = ['idempotency', 'stamp_waiting', 'system_agency']

/** Held while one process migrates, so that the others wait. */
const MIGRATING = 20250703

/**
 * Once this returns, every migration has run and `gatewayRole` has its rights. Creates the role, with `gatewayPassword`, if
 * it does not exist. May be called by several processes at once, and again.
 */
export async function migrate (options: { ownerUrl: string, gatewayRole: string, gatewayPassword?: string }): Promise<void> {
  const { ownerUrl, gatewayRole, gatewayPassword } = options
  const client = new pg.Client({ connectionString: ownerUrl })
  await client.connect()
  try {
    await client.query('select pg_advisory_lock($1)', [MIGRATING]) // freed with the connection
    await client.query('set client_min_messages = warning')
    await runner({ dbClient: client, dir: FOLDER, direction: 'up', migrationsTable: MIGRATIONS_TABLE, checkOrder: true, noLock: true, log: () => {} })
    await createRole(client, gatewayRole, gatewayPassword)
    await grant(client, gatewayRole)
  } finally {
    await client.end()
  }
}

async function createRole (client: pg.Client, role: string, password: string | undefined): Promise<void> {
  const { rows } = await client.query('select rolsuper from pg_roles where rolname = $1', [role])
  if (rows[0]?.rolsuper === true) throw new Error(`The gateway's role ${role} is a superuser, whom no rule binds: give it a role of its own`)
  if (rows.length > 0) return
  try {
    await client.query(`create role ${pg.escapeIdentifier(role)} login ${password === undefined ? '' : `password ${pg.escapeLiteral(password)}`}`)
  } catch (error) {
    const { code } = error as { code?: string }
    if (code === '42501') throw new Error(`The owner may not create the gateway's role: create it (create role ${role} login password '…')`, { cause: error })
    if (code !== '42710' && code !== '23505') throw error // else: migrating another database of this server has just created it
  }
}

/** Takes away whatever the role has, then gives what it needs: a right that a later version drops goes. */
async function grant (client: pg.Client, role: string): Promise<void> {
  const gateway = pg.escapeIdentifier(role)
  const { rows } = await client.query<{ name: string }>(`
    select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') order by relname`)
  const tables = rows.map(({ name }) => name).filter((name) => name !== MIGRATIONS_TABLE)

  const rights = (name: string) => APPEND_ONLY.includes(name)
    ? 'select, insert'
    : DELETABLE.includes(name) ? 'select, insert, update, delete' : 'select, insert, update'
  await client.query([
    'begin',
    'revoke create on schema public from public', // as PostgreSQL 15 and later do themselves
    `grant usage on schema public to ${gateway}`,
    `revoke all on all tables in schema public from ${gateway}`,
    `grant usage on all sequences in schema public to ${gateway}`, // ids taken ahead, for rows that name each other
    `grant select on ${MIGRATIONS_TABLE} to ${gateway}`,
    ...tables.map((name) => `grant ${rights(name)} on ${pg.escapeIdentifier(name)} to ${gateway}`),
    'commit',
  ].join(';\n'))
}
