import { loadConfig, type Config } from '../config.ts'
import { openDatabase, type Database } from '../database/database.ts'
import { prepareDatabase } from '../queue/prepare.ts'

/** Runs a command's work on the gateway's database, as the settings name it, and closes it again. */
export async function withDatabase<Result> (work: (database: Database, config: Config) => Promise<Result>): Promise<Result> {
  const config = loadConfig()
  const { gatewayUrl, stop } = await prepareDatabase(config.database)
  try {
    await using database = openDatabase(gatewayUrl, 2, () => {})
    return await work(database, config)
  } finally {
    await stop()
  }
}
