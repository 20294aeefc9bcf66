/** What an earlier version has stored is shown by this one. */
import t from 'tap'
import { join } from 'node:path'
import { writeBundle } from '../../src/evidence/bundle.ts'
import { EXAMPLE_TRUST_DIR } from '../../src/trust/example.ts'
import { loadTrust } from '../../src/trust/store.ts'
import { documentPacket, signedPacket, startWorld } from '../support/gateway.ts'
import { until } from '../support/until.ts'

/** As the first version stored them. */
const EARLIER = {
  result: 'indeterminate', reasons: [{ code: 'SIGNATURE_ABSENT', vi: 'Gói tin không có chữ ký số', en: 'The packet carries no signature' }],
  at: '2026-01-05T08:00:00.000Z', checked: ['structure'],
}

t.test('verdicts that the first version stored are shown, of arrivals and of documents', async (t) => {
  const { gateway, database, a, b } = await startWorld(t)
  await gateway.start()
  const { id } = (await a.submit(await signedPacket())).json()
  const [item] = await until(async () => { const { items } = await b.mailbox(); return items.length > 0 && items })
  await database.query('update arrival set signature = $1, seal = $1', [JSON.stringify(EARLIER)])
  await database.query('update document set signature = $1', [JSON.stringify(EARLIER)])
  const read = await b.ask('GET', `/mailbox/${item!.id}`)
  t.equal(read.statusCode, 200)
  t.match(read.json(), { signature: { result: 'indeterminate', reasons: [{ code: 'SIGNATURE_ABSENT', clause: '' }], chain: [], proofTime: { from: 'receipt' } }, seal: { result: 'indeterminate' } })
  const sent = await a.ask('GET', `/documents/${id}`)
  t.equal(sent.statusCode, 200)
  t.match(sent.json(), { signature: { result: 'indeterminate', revocation: [] } })
})

t.test('a connection, an agency and an arrival from before PDFs were judged go on', async (t) => {
  const { gateway, database, a, b } = await startWorld(t)
  await database.query(`update connection set policy = policy - 'pdf'`)
  await gateway.start()
  await a.submit(await signedPacket())
  const [item] = await until(async () => { const { items } = await b.mailbox(); return items.length > 0 && items })
  await database.query('update arrival set pdf = null')
  await database.query('update arrival_attachment set pdf = null')
  t.match((await b.mailbox()).items, [{ pdf: null, releasedAt: null }])
  t.match((await b.item(item!.id)).attachments, [{ pdf: null }])
  t.equal((await b.ask('POST', `/mailbox/${item!.id}/ack`)).statusCode, 200)
  await a.submit(await signedPacket(documentPacket({ documentId: 'sau' })))
  t.match(await until(async () => { const { items } = await b.mailbox(); return items.length > 0 && items }), [{ documentId: 'sau', pdf: 'unsigned' }])
})

t.test('a verdict of a recheck from before PDFs were judged is shown in the evidence', async (t) => {
  const { gateway, database, a, b } = await startWorld(t)
  await gateway.start()
  await a.submit(await signedPacket())
  const [item] = await until(async () => { const { items } = await b.mailbox(); return items.length > 0 && items })
  await database.query(
    `insert into arrival_recheck (arrival_id, state, missing, accepted_until, next_at, verdicts)
     select id, 'good', '{}', now(), now(), jsonb_build_object('signature', signature, 'seal', seal) from arrival where kind = 'document'`)
  const folder = join(t.testdir(), 'evidence')
  t.strictSame((await writeBundle({ database, trusted: loadTrust(EXAMPLE_TRUST_DIR), id: item!.id, folder })).missing, [])
})
