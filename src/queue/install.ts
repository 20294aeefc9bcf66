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
  await database.query(`
    do $$ declare role text := ${literal(options.gatewayRole)}; begin
      execute format('grant usage on schema ${SCHEMA} to %I', role);
      execute format('grant select, insert, update, delete on all tables in schema ${SCHEMA} to %I', role);
      execute format('revoke insert, update, delete on ${SCHEMA}.version from %I', role);
      execute format('grant execute on all functions in schema ${SCHEMA} to %I', role);
    end $$`)
}

function literal (text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
