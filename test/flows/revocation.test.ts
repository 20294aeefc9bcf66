/** Who was revoked, by real CRLs and a real OCSP responder: before a document is accepted, while nobody can tell, and after it was accepted. */
import t from 'tap'
import { readBlob } from '../../src/blobs/blobs.ts'
import { compromisedCommand } from '../../src/cli/keys.ts'
import { fingerprintOf } from '../../src/trust/verdict.ts'
import { startCa } from '../support/ca.ts'
import { A, B } from '../support/gateway.ts'
import { startRevocationWorld } from '../support/revocation.ts'
import { until } from '../support/until.ts'
import { needsOpenssl } from '../trust/world.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

t.test('a signer met for the first time is asked about at once, and the answer is kept as evidence', async (t) => {
  const ca = await startCa(t)
  const leaf = ca.issue()
  const { gateway, database, send, settled } = await startRevocationWorld(t, { ca, leaves: [leaf] })
  await gateway.start()
  const { signature } = await settled(await send(leaf), 'handed-on')
  t.equal(signature?.result, 'valid')
  t.same(signature?.revocation.map(({ status, from }) => ({ status, from })), [{ status: 'good', from: 'crl' }, { status: 'good', from: 'crl' }], 'the signer and the CA above it')
  for (const { evidence } of signature!.revocation) {
    const { rows: [kept] } = await database.query<{ source: string }>(`select source from revocation_answer where answer = decode($1, 'hex')`, [evidence])
    t.match(kept, { source: /^http:\/\/127\.0\.0\.1:\d+\/pki\/pub\/crl\/(sub|root)\.crl$/ })
    t.ok((await readBlob(database, Buffer.from(evidence!, 'hex'))).length > 100, 'byte for byte')
  }
  t.equal(ca.asked.length, 1, 'asked once')
})

t.test('a document whose signer was revoked before is quarantined; one of another signer passes', async (t) => {
  const ca = await startCa(t)
  const [bad, good] = [ca.issue(), ca.issue()]
  ca.revoke(bad)
  ca.publish()
  const { gateway, send, settled } = await startRevocationWorld(t, { ca, leaves: [bad, good] })
  await gateway.start()
  const { signature } = await settled(await send(bad), 'quarantined')
  t.equal(signature?.reasons[0]?.code, 'CERTIFICATE_REVOKED')
  await settled(await send(good), 'handed-on')
})

t.test('a real OCSP responder tells of certificates that no CRL speaks of', needsOpenssl, async (t) => {
  const ca = await startCa(t)
  const [good, bad, unknown] = [ca.issue(['ocsp']), ca.issue(['ocsp']), ca.issue(['ocsp'])]
  const port = await ca.startResponder([good], [{ leaf: bad, at: new Date(Date.now() - HOUR) }])
  const { gateway, send, settled, waiting, database } = await startRevocationWorld(t, { ca, leaves: [good, bad, unknown], settings: ca.settings(port) })
  await gateway.start()
  const { signature } = await settled(await send(good), 'handed-on')
  t.match(signature?.revocation[0], { status: 'good', from: 'ocsp' })
  const revoked = await settled(await send(bad), 'quarantined')
  t.match(revoked.signature?.revocation[0], { status: 'revoked', from: 'ocsp' })
  await waiting(await send(unknown))
  const { rows } = await until(async () => {
    const found = await database.query<{ outcome: string, detail: string }>(`select outcome, detail from revocation_source where kind = 'ocsp' and outcome is not null order by outcome`)
    return found.rows.length === 3 && found
  })
  t.match(rows, [{ outcome: 'rejected', detail: /does not know/ }, { outcome: 'stored' }, { outcome: 'stored' }])
})

t.test('without an answer a document waits, passes with a warning, or is refused: as its connection says', async (t) => {
  for (const [missingRevocation, state] of [['wait', 'stored'], ['accept', 'handed-on'], ['refuse', 'quarantined']] as const) {
    const ca = await startCa(t)
    const leaf = ca.issue()
    ca.answer((response) => { response.destroy() })
    const world = await startRevocationWorld(t, { ca, leaves: [leaf], policy: { trust: { missingRevocation } }, settings: { missingRevocation: missingRevocation === 'wait' ? 'refuse' : 'wait' } })
    await world.gateway.start()
    const id = await world.send(leaf)
    const arrival = state === 'stored' ? await world.waiting(id) : await world.settled(id, state)
    const { rows: rechecks } = await world.database.query('select state from arrival_recheck')
    switch (missingRevocation) {
      case 'wait': {
        t.equal(arrival.reason?.code, 'REVOCATION_UNKNOWN')
        t.match(await world.alarms(), [{ kind: 'arrival.waiting', subject: arrival.id }])
        ca.publish()
        await world.askNow()
        await world.settled(id, 'handed-on')
        t.same(await world.alarms(), [], 'the alarm goes with the answer')
        break
      }
      case 'accept':
        t.match(arrival.signature, { result: 'valid', reasons: [{ code: 'REVOCATION_UNKNOWN_ACCEPTED' }], revocation: [{ status: 'missing' }, {}], policy: { missingRevocation } })
        t.same(rechecks, [{ state: 'waiting' }])
        break
      case 'refuse':
        t.equal(arrival.signature?.reasons[0]?.code, 'REVOCATION_REQUIRED')
        t.same(rechecks, [])
        break
    }
    t.match(await until(async () => { const found = await world.source('crl'); return found?.outcome && found }), missingRevocation === 'wait' ? { outcome: 'stored', failures: 0 } : { outcome: 'broken', failures: 1 })
  }
})

t.test('what passed without an answer is settled by a good one, and alarms when its signer turns out revoked', async (t) => {
  const ca = await startCa(t)
  const [good, bad] = [ca.issue(), ca.issue()]
  ca.answer((response) => { response.destroy() })
  const { gateway, database, b, send, settled, alarms, askNow } = await startRevocationWorld(t, { ca, leaves: [good, bad], settings: { missingRevocation: 'accept' } })
  await gateway.start()
  const kept = await settled(await send(good), 'handed-on')
  const lost = await settled(await send(bad), 'handed-on')
  ca.revoke(bad)
  ca.publish()
  await askNow()
  const states = await until(async () => {
    const { rows } = await database.query<{ id: string, state: string, revocation: string }>(
      `select arrival_id as id, state, verdicts->'signature'->'revocation'->0->>'status' as revocation from arrival_recheck where state <> 'waiting'`)
    return rows.length === 2 && rows
  }, { timeout: 20_000 })
  t.same(new Map(states.map(({ id, state, revocation }) => [id, [state, revocation]])), new Map([[kept.id, ['good', 'good']], [lost.id, ['revoked', 'revoked']]]))
  t.same((await Promise.all((await b.mailbox()).items.map(({ id }) => b.item(id)))).map(({ recheck }) => recheck?.state).sort(), ['good', 'revoked'], 'its system can see it')
  const told = await alarms()
  t.same(told.filter(({ kind }) => kind === 'arrival.signer-revoked').map(({ subject }) => subject), [lost.id])
  t.match(told.filter(({ kind }) => kind === 'certificate.revoked'), [{ en: /accepted on its word/ }])
  t.match(told.find(({ kind }) => kind === 'certificate.revoked')?.en, '1 arrivals and 0 documents')
  const { rows: audited } = await database.query(`select action, subject from audit_entry where action like '%revoked' order by action`)
  t.match(audited, [{ action: 'arrival.signer-revoked', subject: lost.id }, { action: 'certificate.revoked' }])
})

t.test('what passed without an answer alarms when none has come in time, until one comes', async (t) => {
  const ca = await startCa(t)
  const leaf = ca.issue()
  ca.answer((response) => { response.destroy() })
  const { gateway, clock, send, settled, alarms, askNow } = await startRevocationWorld(t, { ca, leaves: [leaf], settings: { missingRevocation: 'accept', acceptHours: 2 } })
  await gateway.start()
  const { id } = await settled(await send(leaf), 'handed-on')
  clock.forward(3 * HOUR)
  await until(async () => (await alarms()).some(({ kind, subject }) => kind === 'arrival.revocation-unanswered' && subject === id), { timeout: 20_000 })
  ca.publish()
  await askNow()
  await until(async () => (await alarms()).length === 0, { timeout: 20_000 })
})

t.test('a certificate revoked since a date is held against what was accepted since then, under any policy', async (t) => {
  const ca = await startCa(t)
  const leaf = ca.issue()
  const { gateway, clock, a, packet, send, settled, alarms, askNow } = await startRevocationWorld(t, { ca, leaves: [leaf], policy: { packetSignature: 'ignored' } })
  await gateway.start()
  await settled(await send(leaf), 'handed-on')
  await settled(await send(leaf), 'handed-on')
  await until(async () => (await a.submit(await packet(leaf))).statusCode === 202)
  ca.revoke(leaf, new Date(Date.now() - DAY))
  ca.publish()
  clock.forward(HOUR)
  await askNow()
  const [alarm] = await until(async () => { const told = await alarms(); return told.some(({ kind }) => kind === 'certificate.revoked') && told.filter(({ kind }) => kind === 'certificate.revoked') }, { timeout: 20_000 })
  t.match(alarm, { subject: /^[0-9a-f]{64}$/, en: /2 arrivals and 1 documents/ })
})

t.test('what was accepted on the word of a certificate that turns out revoked, and then revoked earlier, is listed and shown', async (t) => {
  const ca = await startCa(t)
  const [leaf, other] = [ca.issue(), ca.issue()]
  const fingerprint = fingerprintOf(leaf.certificate)
  const { gateway, clock, database, config, a, b, packet, send, settled, alarms, askNow } = await startRevocationWorld(t, { ca, leaves: [leaf, other] })
  await gateway.start()
  const early = await settled(await send(leaf), 'handed-on')
  clock.forward(3 * HOUR)
  const late = await settled(await send(leaf), 'handed-on')
  await settled(await send(other), 'handed-on')
  const submitted = (await until(async () => { const answer = await a.submit(await packet(leaf)); return answer.statusCode === 202 && answer })).json<{ id: string }>().id
  const items = (await b.mailbox()).items
  const itemOf = async (arrival: { id: string }) => (await database.query<{ id: string }>('select id from hand_over where arrival_id = $1', [arrival.id])).rows[0]!.id
  t.equal((await b.ask('POST', `/mailbox/${await itemOf(early)}/ack`)).statusCode, 200)
  const shown = async () => (await Promise.all(items.map(({ id }) => b.item(id)))).map(({ recheck, signature }) => [recheck?.state ?? null, signature.result])
  t.same(await shown(), [[null, 'valid'], [null, 'valid'], [null, 'valid']])

  const told = (arrivals: number) => until(async () => (await alarms()).find(({ kind, subject, en }) => kind === 'certificate.revoked' && subject === fingerprint && en.includes(`${arrivals} arrivals`)), { timeout: 20_000 })
  const list = async (since: Date) => JSON.parse((await compromisedCommand(database, config, [fingerprint], { since: since.toISOString(), json: true })).lines.join('\n')) as { accepted: unknown[] }
  ca.revoke(leaf, new Date(Date.now() + HOUR))
  ca.publish({ thisUpdate: clock.now() })
  clock.forward(HOUR)
  await askNow()
  t.match(await told(1), { en: new RegExp(`certificates compromised ${fingerprint} --since`) })
  t.same(await shown(), [[null, 'valid'], ['revoked', 'valid'], [null, 'valid']], 'the verdict of then stays')
  t.match((await list(new Date(Date.now() + HOUR))).accepted, [
    { id: late.id, kind: 'document', sender: A.codes[0], number: '2', notation: 'VP', promulgatedOn: '2026-01-05', items: [{ id: await itemOf(late), agency: B.codes[0], state: 'waiting' }], remedy: 'hold-back' },
    { id: submitted, kind: 'submitted', remedy: 'ask-system' },
  ])

  ca.unrevoke()
  ca.revoke(leaf, new Date(Date.now() - DAY))
  ca.publish({ thisUpdate: clock.now() })
  await askNow()
  await told(2)
  t.same(await shown(), [['revoked', 'valid'], ['revoked', 'valid'], [null, 'valid']])
  t.match((await list(new Date(Date.now() - DAY))).accepted, [{ id: early.id, items: [{ state: 'acknowledged' }], remedy: 'ask-sender' }, { id: late.id }, { id: submitted }])
  t.match((await compromisedCommand(database, config, [fingerprint], { since: '2026-01-01', json: false })).lines.join('\n'), /: 3\n.*\n.*1\/VP .*tell them to have the sender confirm.*\n.*2\/VP .*tell the recipient not to act/)
  t.equal((await database.query('select from signer where retired_at is not null')).rowCount, 0, 'and no key of ours is touched')
})
