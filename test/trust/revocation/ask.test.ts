/** A source that is silent for long is told of, once, and no more when it answers. */
import t from 'tap'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { NO_LOG } from '../../../src/alarms/alarms.ts'
import { createHttpClient } from '../../../src/http/client.ts'
import { createAsk } from '../../../src/trust/revocation/ask.ts'
import { addSources } from '../../../src/trust/revocation/store.ts'
import { DEFAULT_TRUST_SETTINGS } from '../../../src/trust/settings.ts'
import { createTestDatabase } from '../../support/database.ts'
import { AT, makeCrl } from '../world.ts'
import { after, DAY, HOUR, sub } from './world.ts'

t.test('a CRL that cannot be had for half an hour raises one alarm, which ends with the next answer', async (t) => {
  const { database } = await createTestDatabase(t)
  let answer: Buffer | null = null
  const server = createServer((_, reply) => { reply.writeHead(answer ? 200 : 503).end(answer ?? '') }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const http = createHttpClient()
  t.teardown(async () => { await http[Symbol.asyncDispose](); server.close() })
  let at = AT
  const ask = createAsk({
    database, http, settings: () => ({ ...DEFAULT_TRUST_SETTINGS, revocationHosts: [host], privateNetworks: true }), authorities: async () => [sub.certificate],
    now: () => at, log: { ...NO_LOG, warn: () => {}, debug: () => {} }, stopping: new AbortController().signal, onTaken: () => {},
  })
  await database.transaction((tx) => addSources(tx, 'crl', [`http://${host}/sub.crl`], null, AT))
  const alarms = async () => (await database.query<{ kind: string, textVi: string, open: boolean }>('select kind, text_vi as "textVi", cleared_at is null as open from alarm')).rows
  for (let asked = 1; asked <= 8; asked++, at = new Date(at.getTime() + HOUR)) {
    await ask()
    t.equal((await alarms()).length, asked < 6 ? 0 : 1, `asked ${asked} times`)
  }
  t.match(await alarms(), [{ kind: 'revocation.silent', textVi: new RegExp(`${host}/sub.crl.*503.*revocation import`), open: true }])
  answer = makeCrl(sub, { thisUpdate: at, nextUpdate: after(9 * DAY) }).bytes
  await ask()
  t.match(await alarms(), [{ open: false }])
})
