import pg from 'pg'
import { createHash } from 'node:crypto'

/** What a query runs on: the pool, or one open transaction. */
export type Db = Pick<pg.ClientBase, 'query'>

declare const open: unique symbol

/** An open transaction. Only transaction() makes one, so a function that takes a Tx cannot run outside. */
export type Tx = Db & { readonly [open]: true }

export interface Database extends Db, AsyncDisposable {
  /** Runs `work` in one transaction: committed when it returns, rolled back when it throws. */
  transaction<Result> (work: (tx: Tx) => Promise<Result>): Promise<Result>
}

/** A database that does not answer, or a pool that stays exhausted, must not hang its callers for ever. */
const CONNECT_MS = 30_000
/** A connection keeps a plan for every statement it has prepared: beyond this many, statements are not prepared any more. */
const MOST_PREPARED = 500

/**
 * Opens a pool of at most `connections` connections. `onIdleError` hears of connections lost while idle. Statements with
 * parameters are prepared once a connection, which saves half of a small statement's time: their text must not vary without bound.
 */
export function openDatabase (url: string, connections: number, onIdleError: (error: Error) => void): Database {
  const pool = new pg.Pool({ connectionString: url, max: connections, connectionTimeoutMillis: CONNECT_MS, keepAlive: true, application_name: 'lienthong' })
  let closing = false
  pool.on('error', (error) => { if (!closing) onIdleError(error) }) // without a listener a lost idle connection ends the process
  const names = new Map<string, string>()

  function prepare (text: string): string | undefined {
    const known = names.get(text)
    if (known !== undefined || names.size >= MOST_PREPARED) return known
    const name = createHash('sha1').update(text).digest('base64url')
    names.set(text, name)
    return name
  }

  /** `query` as it is, but for text with parameters, which gets a name. */
  function prepared (query: Db['query']): Db['query'] {
    const run = query as (...args: unknown[]) => unknown
    return ((...args: unknown[]) => {
      const [text, values] = args
      const name = typeof text === 'string' && Array.isArray(values) && args.length === 2 ? prepare(text) : undefined
      return name === undefined ? run(...args) : run({ name, text, values })
    }) as Db['query']
  }

  return {
    query: prepared(pool.query.bind(pool) as Db['query']),

    async transaction (work) {
      const client = await pool.connect()
      let broken: Error | undefined
      const onError = (error: Error) => { broken = error } // lost between two statements: nobody else listens
      client.on('error', onError)
      try {
        await client.query('begin')
        const tx: Db = { query: prepared(client.query.bind(client) as Db['query']) }
        const result = await work(tx as Tx)
        await client.query('commit')
        return result
      } catch (error) {
        await client.query('rollback').catch((reason: Error) => { broken = reason })
        throw error
      } finally {
        client.off('error', onError)
        client.release(broken) // a connection that cannot roll back is not reused
      }
    },

    [Symbol.asyncDispose]: () => {
      closing = true
      return pool.end()
    },
  }
}
