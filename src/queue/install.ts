import { PgBoss } from 'pg-boss'
import { openDatabase, type Tx } from '../database/database.ts'
import { QUEUES, SCHEMA } from './queues.ts'

/** Held while one process installs, so that the others wait: PostgreSQL refuses rights that two give at once. */
const INSTALLING = 20250706

/**
 * Once this returns, the queues exist and `gatewayRole` can work with them, and change nothing of how they are built. The
 * owner does this after `migrate`. May be called by several processes at once, and again.
 */
export async function installQueues (options: { ownerUrl: string, gatewayRole: string }): Promise<void> {
  await using database = openDatabase(options.ownerUrl, 1, () => {})
  await database.transaction(async (tx) => {
    await tx.query('select pg_advisory_xact_lock($1)', [INSTALLING])
    await createQueues(options.ownerUrl)
    await grant(tx, options.gatewayRole)
  })
}

async function createQueues (ownerUrl: string): Promise<void> {
  const boss = new PgBoss({ connectionString: ownerUrl, schema: SCHEMA, max: 1, supervise: false, schedule: false })
  boss.on('error', () => {}) // what fails here is thrown
  await boss.start()
  try {
    for (const [name, queue] of Object.entries(QUEUES)) {
      await boss.createQueue(name, queue)
      const { policy: _, ...changeable } = queue
      await boss.updateQueue(name, changeable)
    }
  } finally {
    await boss.stop({ graceful: false })
  }
}

async function grant (tx: Tx, role: string): Promise<void> {
  const { rows } = await tx.query<{ grants: string }>(`
    select concat_ws(';',
      format('grant usage on schema ${SCHEMA} to %I', $1::text),
      format('grant select, insert, update, delete on all tables in schema ${SCHEMA} to %I', $1),
      format('revoke insert, update, delete on ${SCHEMA}.version from %I', $1),
      format('grant update (%s) on ${SCHEMA}.version to %I', string_agg(quote_ident(attname), ', '), $1), -- when what was last done
      format('grant execute on all functions in schema ${SCHEMA} to %I', $1)) as grants
    from pg_attribute
    where attrelid = '${SCHEMA}.version'::regclass and attnum > 0 and not attisdropped and attname <> 'version'`, [role])
  await tx.query(rows[0]!.grants)
}
