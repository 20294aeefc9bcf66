/** Keys of our own that their CA has revoked: from then on they sign nothing, and nobody is refused for that. */
import t from 'tap'
import { importAnswer } from '../../src/trust/revocation/import.ts'
import { loadTrust, storesOf } from '../../src/trust/store.ts'
import { fingerprintOf } from '../../src/trust/verdict.ts'
import { startCa } from '../support/ca.ts'
import { A } from '../support/gateway.ts'
import { startRevocationWorld } from '../support/revocation.ts'
import { until } from '../support/until.ts'

const MINUTE = 60_000
type Event = { kind: string, detail: { certificate?: string } }

/** Agency A and a CA that can give it keys. The key it has from the example PKI leads to no root here: it does not step in. */
async function setup (t: Parameters<typeof startRevocationWorld>[0], { down = false } = {}) {
  const ca = await startCa(t)
  const [old, present, sender] = [ca.issue(), ca.issue(), ca.issue()]
  if (down) ca.answer((response) => { response.destroy() })
  const world = await startRevocationWorld(t, { ca, leaves: [sender], settings: { missingRevocation: 'accept' }, policy: { sealing: true, packetSignature: 'ignored' } })
  const { gateway, database, clock, a, packet, alarms } = world
  const key = (leaf: typeof old, from: string) => ({ agency: A.codes[0], keyPem: leaf.keyPem, certificatePem: leaf.pem, from })
  return {
    ...world, ca, old, present, key,
    submit: async () => (await until(async () => { const answer = await a.submit(await packet(sender)); return answer.statusCode === 202 && answer })).json<{ id: string }>().id,
    /** Which certificate signed the document, once it did. */
    signedBy: (id: string) => until(async () => (await history(id)).findLast(({ kind }) => kind === 'signed')?.detail.certificate),
    history,
    /** A person brings the newest CRL in a file. */
    async revoke (...leaves: (typeof old)[]) {
      for (const leaf of leaves) ca.revoke(leaf)
      t.match(await importAnswer('sub.crl', ca.crl(), { database, stores: storesOf(loadTrust(ca.trustDir)), now: clock.now(), actor: 'test' }), { isNew: true })
    },
    isTold: (leaf: typeof old) => until(async () => (await alarms()).some(({ kind, subject }) => kind === 'signer.revoked' && subject === fingerprintOf(leaf.certificate)), { timeout: 20_000 }),
    start: () => gateway.start(),
  }

  async function history (id: string): Promise<Event[]> {
    return (await a.document(id)).deliveries[0].history
  }
}

t.test('a key that its CA has revoked signs nothing more: another key of its agency does', async (t) => {
  const { apply, key, old, present, start, submit, signedBy, revoke, isTold } = await setup(t)
  await apply({ signers: [key(old, '2021-01-01'), key(present, '2022-01-01')] })
  await start()
  t.equal(await signedBy(await submit()), fingerprintOf(present.certificate))
  await revoke(present)
  await isTold(present)
  t.equal(await signedBy(await submit()), fingerprintOf(old.certificate))
})

t.test('without another key the documents wait, none is refused, and an alarm names what to do; a new key signs them', async (t) => {
  const { apply, key, old, present, start, submit, signedBy, revoke, isTold, alarms, database, clock, ca } = await setup(t)
  await apply({ signers: [key(old, '2021-01-01'), key(present, '2022-01-01')] })
  await start()
  await signedBy(await submit())
  await revoke(old, present)
  await isTold(present)
  const waiting = await submit()
  await until(async () => (await database.query(`select from dispatch where document_id = $1 and state = 'waiting' and reason = 'the signer is away' and packet is null`, [waiting])).rowCount === 1)
  clock.forward(11 * 24 * 60 * MINUTE)
  await until(async () => (await database.query(`select from dispatch where document_id = $1 and next_at > $2`, [waiting, clock.now()])).rowCount === 1)
  t.match((await database.query('select state, attempts from dispatch where document_id = $1', [waiting])).rows, [{ state: 'waiting', attempts: 0 }])
  const told = await alarms()
  t.match(told.find(({ kind, subject }) => kind === 'signer.revoked' && subject === fingerprintOf(present.certificate)), { en: new RegExp(`lienthong certificates compromised ${fingerprintOf(present.certificate)} --since`) })
  t.match(told.filter(({ kind }) => kind === 'signer.away'), [{ subject: new RegExp(`${fingerprintOf(present.certificate)}$`), en: /revoked/ }])
  const next = ca.issue()
  await apply({ signers: [key(next, '2023-01-01')] })
  clock.forward(2 * MINUTE)
  t.equal(await signedBy(waiting), fingerprintOf(next.certificate))
  await until(async () => (await alarms()).every(({ kind }) => kind !== 'signer.away'))
})

t.test('a key set up after its revocation was news does not sign either, and is told of', async (t) => {
  const { apply, key, old, present, start, submit, signedBy, revoke, isTold } = await setup(t)
  await apply({ signers: [key(old, '2021-01-01')] })
  await start()
  await revoke(present)
  t.equal(await signedBy(await submit()), fingerprintOf(old.certificate))
  await apply({ signers: [key(present, '2022-01-01')] })
  t.equal(await signedBy(await submit()), fingerprintOf(old.certificate))
  await isTold(present)
})

t.test('a packet that is signed and has not left is signed anew when its certificate is revoked', async (t) => {
  const { apply, key, old, present, start, submit, signedBy, history, revoke, isTold, simulator, clock, database } = await setup(t)
  await apply({ signers: [key(old, '2021-01-01'), key(present, '2022-01-01')] })
  const { rows: [connection] } = await database.query<{ port: string }>(`select substring(base_url from ':(\\d+)/') as port from connection`)
  await start()
  await simulator.close()
  const id = await submit()
  t.equal(await signedBy(id), fingerprintOf(present.certificate))
  await until(async () => (await database.query(`select from dispatch where document_id = $1 and state = 'waiting' and packet is not null`, [id])).rowCount === 1)
  await revoke(present)
  await isTold(present)
  await simulator.listen({ port: Number(connection!.port) })
  clock.forward(6 * MINUTE)
  await until(async () => (await database.query(`select from dispatch where document_id = $1 and state = 'sent' and signed_by = $2`, [id, Buffer.from(fingerprintOf(old.certificate), 'hex')])).rowCount === 1)
  t.same((await history(id)).map(({ kind }) => kind).filter((kind) => /signed/.test(kind)), ['signed', 'unsigned', 'signed'])
})

t.test('where nobody can tell whether it is revoked, a key signs on', async (t) => {
  const { apply, key, present, start, submit, signedBy } = await setup(t, { down: true })
  await apply({ signers: [key(present, '2022-01-01')] })
  await start()
  t.equal(await signedBy(await submit()), fingerprintOf(present.certificate))
})
