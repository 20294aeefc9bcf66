/** Which arrivals an answer is for. */
import t from 'tap'
import type { Test } from 'tap'
import { v7 as newId } from 'uuid'
import { storeBlobs } from '../../src/blobs/blobs.ts'
import { bringArrivalsForward, bringRechecksForward, claimRecheck, countTouched, finishRecheck, insertRecheck, markTouched, nextRecheck } from '../../src/inbound/recheck-store.ts'
import { askAgain, insertArrival } from '../../src/inbound/store.ts'
import { createTestDatabase } from '../support/database.ts'

const NOW = new Date('2026-06-01T00:00:00Z')
const LATER = new Date('2026-06-01T01:00:00Z')
const [ONE, TWO] = ['11'.repeat(32), '22'.repeat(32)]

/** Two arrivals; certificate ONE is of CA a, TWO of CA b. */
async function setup (t: Test) {
  const { database } = await createTestDatabase(t)
  await database.query(`insert into connection (id, protocol, base_url, system_id, sealed_secret, policy) values ('axis', 'vxp', 'http://x', 'x', '', '{}')`)
  for (const [fingerprint, issuer] of [[ONE, 'a'], [TWO, 'b']]) {
    await database.query(`insert into certificate_seen (fingerprint, der, issuer_name, serial, first_seen_at, seen_at) values (decode($1, 'hex'), '', $2, '01', $3, $3)`, [fingerprint, issuer, NOW])
  }
  const ids = [newId(), newId()] as const
  await database.transaction(async (tx) => {
    const [packet] = await storeBlobs(tx, [Buffer.from('x')])
    for (const id of ids) await insertArrival(tx, { id, connectionId: 'axis', axisDocId: id, kind: 'document', from: null, to: null, packet: packet!.sha256, at: NOW })
  })
  return { database, ids }
}

t.test('an answer wakes the arrivals that miss it, by certificate or by CA, and no others', async (t) => {
  const { database, ids: [first, second] } = await setup(t)
  await askAgain(database, first, LATER, { code: 'REVOCATION_UNKNOWN', missing: [ONE] })
  await askAgain(database, second, LATER, { code: 'REVOCATION_UNKNOWN', missing: [TWO] })
  const due = async () => (await database.query<{ id: string }>('select id from arrival where next_at <= $1 order by id', [NOW])).rows.map(({ id }) => id)
  t.same(await bringArrivalsForward(database, { issuers: ['c'], certificates: [] }, NOW), [])
  t.same(await due(), [])
  t.same(await bringArrivalsForward(database, { issuers: [], certificates: [TWO] }, NOW), ['axis'])
  t.same(await due(), [second])
  t.same(await bringArrivalsForward(database, { issuers: ['a'], certificates: [] }, NOW), ['axis'])
  t.same(await due(), [first, second])
})

t.test('what passed without an answer is looked at when it comes, at the latest when its time is over, and by one gateway at a time', async (t) => {
  const { database, ids: [first, second] } = await setup(t)
  await database.transaction(async (tx) => {
    await insertRecheck(tx, { arrivalId: first, missing: [ONE], acceptedUntil: LATER, nextAt: new Date('2026-06-02') })
    await insertRecheck(tx, { arrivalId: second, missing: [TWO], acceptedUntil: new Date('2026-06-02'), nextAt: LATER })
  })
  t.same(await nextRecheck(database), LATER)
  t.equal(await claimRecheck(database, NOW, 60), null)
  await bringRechecksForward(database, { issuers: ['b'], certificates: [] }, NOW)
  t.match(await claimRecheck(database, NOW, 60), { id: second, connectionId: 'axis', state: 'waiting' })
  t.equal(await claimRecheck(database, NOW, 60), null, 'the other gateway has it')
  await database.transaction((tx) => finishRecheck(tx, second, { state: 'good', at: NOW, nextAt: LATER, verdicts: null }))
  t.match(await claimRecheck(database, LATER, 60), { id: first }, 'its time is over')
  await database.transaction((tx) => finishRecheck(tx, first, { state: 'unanswered', at: LATER, nextAt: new Date('2026-06-01T07:00:00Z'), verdicts: null }))
  t.same(await nextRecheck(database), new Date('2026-06-01T07:00:00Z'), 'it is still looked at')
})

t.test('a copied certificate under a signature that nobody proved touches nothing', async (t) => {
  const { database, ids: [first, second] } = await setup(t)
  const verdict = (signer: boolean) => JSON.stringify({ chain: [{ fingerprint: TWO }, { fingerprint: ONE }], ...signer && { signer: { fingerprint: TWO } } })
  await database.query(`update arrival set state = 'handed-on', signature = $2 where id = $1`, [first, verdict(true)])
  await database.query(`update arrival set state = 'handed-on', signature = $2 where id = $1`, [second, verdict(false)])
  t.same(await countTouched(database, ONE, NOW), { arrivals: 1, documents: 0 }, 'a CA above the signer counts too')
  t.same(await countTouched(database, TWO, LATER), { arrivals: 0, documents: 0 }, 'what came before counts not')
})

t.test('an arrival that rests on a revoked certificate shows it; one that is still looked at is due now', async (t) => {
  const { database, ids: [first, second] } = await setup(t)
  const verdict = JSON.stringify({ chain: [{ fingerprint: TWO }], signer: { fingerprint: TWO } })
  await database.query(`update arrival set state = 'handed-on', signature = $1`, [verdict])
  await database.transaction((tx) => insertRecheck(tx, { arrivalId: first, missing: [ONE], acceptedUntil: new Date('2026-06-02'), nextAt: LATER }))
  const states = async () => new Map((await database.query<{ id: string, state: string }>('select arrival_id as id, state from arrival_recheck')).rows.map(({ id, state }) => [id, state]))
  const mark = () => database.transaction((tx) => markTouched(tx, TWO, NOW, NOW))
  await mark()
  t.same(await states(), new Map([[first, 'waiting'], [second, 'revoked']]))
  t.match(await claimRecheck(database, NOW, 60), { id: first })
  await database.transaction((tx) => finishRecheck(tx, first, { state: 'good', at: NOW, nextAt: LATER, verdicts: null }))
  await mark()
  t.same(await states(), new Map([[first, 'revoked'], [second, 'revoked']]), 'what was good at the last look too')
})
