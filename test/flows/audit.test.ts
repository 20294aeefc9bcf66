/** Whatever was done leaves an entry that nobody can change unseen, the gateway itself included. */
import t from 'tap'
import { revokeKey } from '../../src/access/keys.ts'
import { linkAudit, verifyAudit } from '../../src/audit/audit.ts'
import { openDatabase } from '../../src/database/database.ts'
import { signedPacket, startWorld } from '../support/gateway.ts'
import { until } from '../support/until.ts'

t.test('set-up, keys, submissions, acknowledgements and statuses each leave an entry, and the chain holds', async (t) => {
  const { gateway, database, config, keys, a, b } = await startWorld(t)
  await gateway.start()
  const { id } = (await a.submit(await signedPacket(), { 'idempotency-key': 'k' })).json()
  await a.submit(await signedPacket(), { 'idempotency-key': 'k' })
  const [item] = await until(async () => { const { items } = await b.mailbox(); return items.length > 0 && items })
  for (const path of ['/ack', '/ack']) await b.ask('POST', `/mailbox/${item!.id}${path}`)
  await b.ask('POST', `/mailbox/${item!.id}/statuses`, { code: '03' })
  await b.ask('POST', `/mailbox/${item!.id}/statuses`, { code: '03' }) // refused: not done, so not on record
  const keyId = keys.a.split('_')[1]!
  await database.transaction((tx) => revokeKey(tx, { at: new Date(), actor: 'test', keyId }))

  const { rows } = await database.query<{ actor: string, action: string, subject: string, detail: object }>('select actor, action, subject, detail from audit_entry order by id')
  t.same(rows.map(({ action }) => action), [
    'setup.applied', 'key.created', 'key.created', 'key.created', 'document.submitted', 'hand-over.acknowledged', 'status.reported', 'status.reported', 'key.revoked',
  ])
  t.match(rows[4], { actor: 'Hệ thống A', subject: id, detail: { key: keyId } })
  t.match(rows[5], { actor: 'Hệ thống B', subject: item!.id })
  t.match(rows[7], { actor: 'Hệ thống B', subject: item!.id, detail: { code: '03', automatic: false } })
  t.notMatch(JSON.stringify(rows), /rà soát|lt_[0-9a-f]/, 'no content, no key')

  await linkAudit(database)
  const verdict = await verifyAudit(database)
  t.match(verdict, { ok: true })
  t.ok('length' in verdict && verdict.length === rows.length)
  for (const statement of [
    `update audit_entry set actor = 'x'`, 'delete from audit_entry', 'truncate audit_entry', `update audit_link set hash = ''`, 'delete from audit_link',
    `update delivery_event set kind = 'x'`, 'delete from delivery_event', `update blob_chunk set bytes = ''`, 'delete from document', 'drop table audit_entry',
    'alter table audit_entry disable trigger all',
  ]) await t.rejects(database.query(statement), /permission denied|must be owner/, statement)

  await using owner = openDatabase((config.database as { ownerUrl: string }).ownerUrl, 1, () => {})
  await owner.query(`update audit_entry set subject = 'khác' where action = 'hand-over.acknowledged'`)
  t.same(await verifyAudit(database), { ok: false, position: 6 }, 'and who can change it, is found out')
})
