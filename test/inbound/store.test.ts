/** Who judges an arrival, and for how long nobody else does. */
import t from 'tap'
import { v7 as newId } from 'uuid'
import { storeBlobs } from '../../src/blobs/blobs.ts'
import { askAgain, claimUnjudged, insertArrival, renewClaims } from '../../src/inbound/store.ts'
import { createTestDatabase } from '../support/database.ts'

const at = (seconds: number) => new Date(Date.parse('2026-06-01T00:00:00Z') + seconds * 1000)

t.test('an arrival that takes long to judge is kept from others as long as its claim is renewed; one that was put off stays free', async (t) => {
  const { database } = await createTestDatabase(t)
  await database.query(`insert into connection (id, protocol, base_url, system_id, sealed_secret, policy) values ('axis', 'vxp', 'http://x', 'x', '', '{}')`)
  const id = newId()
  await database.transaction(async (tx) => {
    const [packet] = await storeBlobs(tx, [Buffer.from('x')])
    await insertArrival(tx, { id, connectionId: 'axis', axisDocId: id, kind: 'document', from: null, to: null, packet: packet!.sha256, at: at(0) })
  })
  const claim = async (seconds: number) => (await claimUnjudged(database, 'axis', { count: 8, bytes: 1000 }, 15, at(seconds))).map((arrival) => arrival.id)
  t.same(await claim(0), [id])
  await renewClaims(database, [id], 15, at(10))
  t.same(await claim(20), [])
  t.same(await claim(26), [id], 'who renewed it no more is taken for dead')
  await askAgain(database, id, at(30), { code: 'REVOCATION_UNKNOWN' })
  await renewClaims(database, [id], 15, at(29))
  t.same(await claim(31), [id])
})
