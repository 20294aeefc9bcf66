import { PgBoss } from 'pg-boss'
import { openDatabase } from '../database/database.ts'
import { QUEUES, SCHEMA } from './queues.ts'

/**
 * Once this returns, the queues exist and `gatewayRole` can work with them, and change nothing of how they are built. The
 * owner does this after `migrate`. May be called by several processes at once, and again.
 */
export async function installQueues (options: { ownerUrl: string, gatewayRole: string }): Promise<void> {
  const boss = new PgBoss({ connectionString: options.ownerUrl, schema: SCHEMA, max: 1, supervise: false, schedule: false })
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

  await using database = openDatabase(options.ownerUrl, 1, () => {})
  const { rows } = await database.query<{ grants: string }>(`
    select concat_ws(';',
      format('grant usage on schema ${SCHEMA} to %I', $1::text),
      format('grant select, insert, update, delete on all tables in schema ${SCHEMA} to %I', $1),
      format('revoke insert, update, delete on ${SCHEMA}.version from %I', $1),
      format('grant update (%s) on ${SCHEMA}.version to %I', string_agg(quote_ident(attname), ', '), $1), -- when what was last done
      format('grant execute on all functions in schema ${SCHEMA} to %I', $1)) as grants
    from pg_attribute
    where attrelid = '${SCHEMA}.version'::regclass and attnum > 0 and not attisdropped and attname <> 'version'`, [options.gatewayRole])
  await database.query(rows[0]!.grants)
}
