/** PDFs whose signers' revocation is not known yet, or becomes known after the document was handed over. */
import t, { type Test } from 'tap'
import { assemble, writePacket } from '../../src/edxml/write.ts'
import { listAccepted } from '../../src/inbound/accepted.ts'
import type { PdfVerdict } from '../../src/pdf/verdict.ts'
import { fingerprintOf } from '../../src/trust/verdict.ts'
import { withSignature } from '../support/agency-signed.ts'
import { startCa, type Leaf } from '../support/ca.ts'
import { B, documentPacket } from '../support/gateway.ts'
import { makePdf, pagesOf } from '../support/pdf.ts'
import { startRevocationWorld } from '../support/revocation.ts'
import { until } from '../support/until.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

/** A world whose CA tells nothing until it publishes; documents come in with a PDF that the leaf has signed, and nothing else is signed. */
async function startPdfWorld (t: Test, { isSilent = true, ...options }: { isSilent?: boolean, policy?: object, settings?: object } = {}) {
  const ca = await startCa(t)
  const leaf = ca.issue()
  if (isSilent) ca.answer((response) => { response.destroy() })
  const world = await startRevocationWorld(t, { ca, leaves: [leaf], ...options, policy: { packetSignature: 'ignored', ...options.policy } })
  let number = 0
  return {
    ...world,
    ca,
    leaf,
    async put (by: Leaf = leaf, more: { name: string, bytes: Buffer }[] = []): Promise<string> {
      const pdf = await withSignature(makePdf(pagesOf('Cong van')), { key: by.keyPem, certificates: by.pem })
      const documentId = `pdf ${++number}`
      return world.axis.put('document', assemble(await writePacket(documentPacket({ documentId, code: { codeNumber: documentId, codeNotation: 'VP' } }, [{ name: 'Công văn.pdf', bytes: pdf }, ...more])), null), B.codes[0])
    },
    recheckOf: (id: string) => until(async () => (await world.database.query<{ state: string, verdicts: { pdfs: { number: number, verdict: PdfVerdict }[] } | null }>('select state, verdicts from arrival_recheck where arrival_id = $1', [id])).rows[0]),
  }
}

t.test('while nobody can tell of a signer\'s revocation the document waits with an alarm, and passes as soon as the CRL comes', async (t) => {
  const { gateway, b, ca, put, waiting, settled, alarms, askNow, database } = await startPdfWorld(t)
  await gateway.start()
  const id = await put()
  const { id: arrivalId, reason } = await waiting(id)
  t.match(reason, { code: 'REVOCATION_UNKNOWN', detail: 'tệp · file 1', missing: [/^[0-9a-f]{64}$/] })
  t.match(await alarms(), [{ kind: 'arrival.waiting', subject: arrivalId }])
  t.equal((await database.query('select from hand_over')).rowCount, 0)
  ca.publish()
  await askNow()
  await settled(id, 'handed-on')
  t.match((await b.mailbox()).items, [{ pdf: 'valid' }])
  t.same(await alarms(), [])
  const [item] = (await b.mailbox()).items
  t.match((await b.item(item!.id)).attachments[0]!.pdf, { signatures: [{ result: 'valid', speaksForSender: true, revocation: [{ status: 'good', from: 'crl' }, { status: 'good' }] }] })
})

t.test('one that turns out revoked while it waits is held; the bytes of what decided are kept', async (t) => {
  const { gateway, ca, leaf, put, waiting, settled, askNow, database, client, keys } = await startPdfWorld(t)
  await gateway.start()
  const id = await put()
  await waiting(id)
  ca.revoke(leaf)
  ca.publish()
  await askNow()
  await settled(id, 'handed-on')
  const [item] = (await client(keys.administrator).ask('GET', '/admin/held')).json().items
  t.match(item.reason.files, [{ standing: 'invalid', reasons: [{ code: 'CERTIFICATE_REVOKED' }] }])
  const { evidence } = item.attachments[0].pdf.signatures[0].revocation[0]
  t.equal((await database.query(`select from blob where sha256 = decode($1, 'hex')`, [evidence])).rowCount, 1)
})

t.test('what passed undecided by policy is looked at again, and told when its signer turns out revoked', async (t) => {
  for (const [policy, standing] of [[{ pdf: { in: { undecided: 'mark' } } }, 'undecided'], [{ trust: { missingRevocation: 'accept' } }, 'valid']] as const) {
    const { gateway, b, ca, put, settled, alarms, askNow, recheckOf } = await startPdfWorld(t, { policy })
    await gateway.start()
    const kept = await settled(await put(), 'handed-on')
    const other = ca.issue()
    const lost = await settled(await put(other), 'handed-on')
    const items = (await b.mailbox()).items
    t.same(items.map(({ pdf }) => pdf), [standing, standing])
    t.match([await recheckOf(kept.id), await recheckOf(lost.id)], [{ state: 'waiting' }, { state: 'waiting' }])
    ca.revoke(other)
    ca.publish()
    await askNow()
    t.match(await until(async () => { const found = await recheckOf(kept.id); return found.state === 'good' && found }), { verdicts: { pdfs: [{ number: 1, verdict: { result: 'valid' } }] } })
    t.match(await until(async () => { const found = await recheckOf(lost.id); return found.state === 'revoked' && found }), { verdicts: { pdfs: [{ verdict: { result: 'invalid', signatures: [{ revocation: [{ status: 'revoked' }, {}] }] } }] } })
    t.same((await Promise.all(items.map(({ id }) => b.item(id)))).map(({ recheck }) => recheck?.state), ['good', 'revoked'])
    t.ok((await alarms()).some(({ kind, subject }) => kind === 'arrival.signer-revoked' && subject === lost.id))
  }
})

t.test('a certificate that turns out revoked is held against what it had signed inside PDFs, too', async (t) => {
  const { gateway, database, b, clock, ca, leaf, put, settled, alarms, askNow } = await startPdfWorld(t, { isSilent: false })
  await gateway.start()
  const arrival = await settled(await put(), 'handed-on')
  await settled(await put(ca.issue()), 'handed-on')
  ca.revoke(leaf, new Date(Date.now() - DAY))
  ca.publish()
  clock.forward(HOUR)
  await askNow()
  const fingerprint = fingerprintOf(leaf.certificate)
  t.match(await until(async () => (await alarms()).find(({ kind, subject }) => kind === 'certificate.revoked' && subject === fingerprint), { timeout: 20_000 }), { en: /1 arrivals and 0 documents/ })
  t.match(await listAccepted(database, { fingerprint, since: new Date(Date.now() - DAY) }), [{ id: arrival.id, remedy: 'hold-back' }])
  const shown = await Promise.all((await b.mailbox()).items.map(({ id }) => b.item(id)))
  t.same(shown.map(({ recheck, pdf }) => [recheck?.state ?? null, pdf]), [['revoked', 'valid'], [null, 'valid']], 'the verdict of then stays')
})

t.test('of what was refused nobody waits for an answer', async (t) => {
  const { gateway, database, put, settled } = await startPdfWorld(t, { policy: { pdf: { in: { undecided: 'mark', invalid: 'refuse' } } } })
  await gateway.start()
  const { id } = await settled(await put(undefined, [{ name: 'Phụ lục.pdf', bytes: Buffer.from('no PDF at all') }]), 'handed-on')
  t.match((await database.query('select state from hand_over where arrival_id = $1', [id])).rows, [{ state: 'refused' }])
  t.equal((await database.query('select from arrival_recheck')).rowCount, 0)
})
