/** The gateway is killed (SIGKILL) at every step of the main job, and started again: the document arrives once, every status once. */
import t from 'tap'
import { createSystemKey } from '../../src/access/keys.ts'
import { createVault } from '../../src/access/secrets.ts'
import { applySetup } from '../../src/admin/apply.ts'
import { parseSetup } from '../../src/admin/setup.ts'
import { createSystemClient } from '../../src/cli/demo-systems.ts'
import { loadConfig } from '../../src/config.ts'
import type { SimulatorEvent } from '../../src/simulator/events.ts'
import { createTestDatabase } from '../support/database.ts'
import { documentPacket, setupFor, signedPacket, simulatorFor } from '../support/gateway.ts'
import { freePort, superviseGateway } from '../support/supervised.ts'
import { until } from '../support/until.ts'

t.test('a gateway killed at any step delivers the document once, and every status once', async (t) => {
  const test = await createTestDatabase()
  /** Kills still to come: the first event that one of them fits kills the gateway before it hears the axis' answer. */
  const plan: ((event: SimulatorEvent) => boolean)[] = [
    (event) => event.kind === 'accepted' && event.packet === 'document', // the axis has it, the gateway does not know
    (event) => event.kind === 'fetched',                                 // downloaded, not stored
    (event) => event.kind === 'acknowledged',                            // stored, the axis knows, the gateway does not know that
    (event) => event.kind === 'accepted' && event.packet === 'status',   // a status is on the axis
  ]
  const port = await freePort()
  const simulator = simulatorFor({
    onEvent (event) {
      const index = plan.findIndex((fits) => fits(event))
      if (index < 0) return
      plan.splice(index, 1)
      gateway.kill()
    },
  })
  const { url: axisUrl } = await simulator.listen()
  const { masterKey } = loadConfig({ LIENTHONG_MODE: 'test' })
  const made = { at: new Date(), actor: 'test' }
  await applySetup(parseSetup(JSON.stringify(setupFor(axisUrl, { policy: { sendTimeoutSeconds: 1 } }))), { database: test.database, vault: createVault(masterKey), now: made.at, actor: made.actor })
  const [keyA, keyB] = await test.database.transaction(async (tx) => [await createSystemKey(tx, { ...made, systemId: 'dms-a' }), await createSystemKey(tx, { ...made, systemId: 'dms-b' })])
  const gateway = superviseGateway(port, { DATABASE_URL: test.gatewayUrl, DATABASE_OWNER_URL: test.ownerUrl })
  t.teardown(async () => {
    await gateway.stop()
    await simulator.close()
    await test.drop()
  })
  const a = createSystemClient(`http://127.0.0.1:${port}`, keyA!.text)
  const b = createSystemClient(`http://127.0.0.1:${port}`, keyB!.text)
  const patience = { timeout: 60_000 }

  const packet = await signedPacket(documentPacket())
  const { id } = await a.submit(packet, 'k')
  gateway.kill() // accepted, nothing more
  t.equal((await a.submit(packet, 'k')).id, id, 'what was answered with 202 is there after the crash')

  const [entry] = await until(async () => { const items = await b.mailbox('waiting'); return items.length > 0 && items }, patience)
  gateway.kill() // in the mailbox, not acknowledged
  await b.acknowledge(entry!.id)
  gateway.kill() // acknowledged, 01 not sent yet
  await b.acknowledge(entry!.id)
  for (const code of ['03', '04', '05', '06']) {
    await b.report(entry!.id, code, 'xử lý')
    if (code === '04') gateway.kill()
  }
  const document = await until(async () => { const document = await a.document(id); return document.deliveries[0]!.status === '06' && document }, patience)

  t.same(plan, [], 'every planned kill took place')
  t.equal(gateway.kills, 8)
  t.equal((await b.mailbox('all')).length, 1, 'one hand-over')
  t.equal(simulator.events.filter((event) => event.kind === 'accepted' && event.packet === 'document').length, 1, 'the axis was given the document once')
  t.same(document.deliveries[0]!.history.filter(({ kind }) => kind === 'status').map(({ detail }) => detail['code']), ['01', '03', '04', '05', '06'])
  t.equal(simulator.events.filter((event) => event.kind === 'accepted' && event.packet === 'status').length, 5, 'the axis was given each status once')
  const { rows: [counts] } = await test.database.query(`select (select count(*)::int from document) as documents, (select count(*)::int from hand_over) as "handOvers", (select count(*)::int from status) as statuses`)
  t.same(counts, { documents: 1, handOvers: 1, statuses: 5 })
})
