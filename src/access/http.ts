/** Who sends a request, and may they? Decided before any of the body is read. */
import { createHash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { Db } from '../database/database.ts'
import { Refusal } from '../errors.ts'
import type { Guard, HttpServer } from '../http/server.ts'
import { findCaller, type Caller, type Role, type SystemCaller } from './keys.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who sent it. Reading it on a route without `requireRole` is a bug, and throws. */
    readonly caller: Caller
  }
}

/** Makes the guard of a route that only callers with one of these roles may use: `{ onRequest: requireRole('system') }`. */
export type RequireRole = (...roles: [Role, ...Role[]]) => Guard

/** A revoked key, or a system's changed agencies, take effect within this time; under load it saves a query per request. */
export const CACHE_MS = 5000
/** Far more than a province has systems; whoever floods us with old keys only empties the cache. */
const CACHE_SIZE = 5000

type Needs = { database: Db, now: () => Date }

/** Teaches a server whom keys belong to. */
export function addAccess (http: HttpServer, { database, now }: Needs): RequireRole {
  const known = new Map<string, { caller: Promise<Caller | null>, until: number }>()
  const callers = new WeakMap<FastifyRequest, Caller>()

  http.decorateRequest('caller', {
    getter (this: FastifyRequest) {
      const caller = callers.get(this)
      if (caller === undefined) throw new Error(`${this.routeOptions.url} reads its caller without requireRole`)
      return caller
    },
  })

  return (...roles) => async (request) => {
    const caller = await callerOf(/^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1])
    if (caller === null) throw new Refusal('UNAUTHENTICATED')
    if (!roles.includes(caller.role)) throw new Refusal('FORBIDDEN')
    callers.set(request, caller)
  }

  async function callerOf (text: string | undefined): Promise<Caller | null> {
    if (text === undefined) return null
    const at = now().getTime()
    const name = createHash('sha256').update(text).digest('base64') // keys themselves do not stay in memory
    const found = known.get(name)
    if (found !== undefined && found.until > at) return found.caller

    const caller = findCaller(database, text)
    known.delete(name)
    known.set(name, { caller, until: at + CACHE_MS })
    const [oldest] = known.keys()
    if (known.size > CACHE_SIZE && oldest !== undefined) known.delete(oldest)
    try {
      const result = await caller
      if (result === null) known.delete(name) // a wrong key costs its sender the query each time, and us no memory
      return result
    } catch (error) {
      known.delete(name)
      throw error
    }
  }
}

/** The system that calls. For routes that stand open to persons as well: a person gets FORBIDDEN. */
export function systemOf ({ caller }: Pick<FastifyRequest, 'caller'>): SystemCaller {
  if (caller.role !== 'system') throw new Refusal('FORBIDDEN')
  return caller
}
