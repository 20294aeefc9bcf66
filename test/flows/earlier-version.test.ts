/** What an earlier version has stored is shown by this one. */
import t from 'tap'
import { signedPacket, startWorld } from '../support/gateway.ts'
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
