import pg from 'pg'

/** What a query runs on: the pool, or one open transaction. */
export type Db = Pick<pg.ClientBase, 'query'>

declare const open: unique symbol

/** An open transaction. Only transaction() makes one, so a function that takes a Tx cannot run outside. */
export type Tx = Db & { readonly [open]: true }

export interface Database extends Db, AsyncDisposable {
  /** Runs `work` in one transaction: committed when it returns, rolled back when it throws. */
  transaction<Result> (work: (tx: Tx) => Promise<Result>): Promise<Result>
}

/** Opens a pool of at most `connections` connections. `onIdleError` hears of connections lost while idle. */
export function openDatabase (url: string, connections: number, onIdleError: (error: Error) => void): Database {
  const pool = new pg.Pool({ connectionString: url, max: connections })
  pool.on('error', onIdleError) // without a listener a lost idle connection ends the process

  return {
    query: pool.query.bind(pool) as Db['query'],

    async transaction (work) {
      const client = await pool.connect()
      let broken: Error | undefined
      try {
        await client.query('begin')
        const result = await work(client as unknown as Tx)
        await client.query('commit')
        return result
      } catch (error) {
        await client.query('rollback').catch((reason: Error) => { broken = reason })
        throw error
      } finally {
        client.release(broken) // a connection that cannot roll back is not reused
      }
    },

    [Symbol.asyncDispose]: () => pool.end(),
  }
}
