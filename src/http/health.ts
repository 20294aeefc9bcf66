/** Two addresses for whoever watches the process from outside. Open: they name no more than parts and whether these work. */
import Type from 'typebox'
import type { HttpServer } from './server.ts'

/** Each throws, or does not return in time, when its part cannot be used. */
export type Checks = Readonly<Record<string, () => Promise<unknown>>>

/** Shorter than the 3 s and more that probes usually wait. */
const CHECK_MS = 2000

const Health = Type.Object({ ok: Type.Boolean(), checks: Type.Record(Type.String(), Type.Boolean()) })

/** Serves /healthz (the process answers) and /readyz (it can take work: every check passes). */
export function addHealth (http: HttpServer, checks: Checks, within = CHECK_MS) {
  let running: Promise<{ ok: boolean, checks: Record<string, boolean> }> | null = null

  http.get('/healthz', { schema: { summary: 'Is the process alive?', tags: ['health'], security: [], response: { 200: Type.Object({ ok: Type.Boolean() }) } } }, () => ({ ok: true }))

  http.get('/readyz', { schema: { summary: 'Can it take work?', tags: ['health'], security: [], response: { 200: Health, 503: Health } } }, async (_request, reply) => {
    running ??= run().finally(() => { running = null }) // whoever asks meanwhile gets the same answer, so that asking often costs nothing
    const result = await running
    return reply.code(result.ok ? 200 : 503).send(result)
  })

  async function run () {
    const results = await Promise.all(Object.entries(checks).map(async ([name, check]) => {
      const { promise: tooLate, reject } = Promise.withResolvers<never>()
      const timer = setTimeout(() => reject(new Error(`no answer within ${within} ms`)), within)
      try {
        await Promise.race([check(), tooLate])
        return [name, true] as const
      } catch (error) {
        http.log.info({ check: name, err: error }, 'not ready')
        return [name, false] as const
      } finally {
        clearTimeout(timer)
      }
    }))
    return { ok: results.every(([, ok]) => ok), checks: Object.fromEntries(results) }
  }
}
