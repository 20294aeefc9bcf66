/** PDFs are judged before their document is stored, signed or sent: by the agency's policy, or by that of the connections it goes over. */
import t from 'tap'
import { writePacket } from '../../src/edxml/write.ts'
import { signPacket } from '../../src/signing/packet-signature.ts'
import { importAnswer } from '../../src/trust/revocation/import.ts'
import { signerFromPem } from '../../src/trust/signers/pem.ts'
import { loadTrust, storesOf } from '../../src/trust/store.ts'
import { agencySigned, withSignature } from '../support/agency-signed.ts'
import { startCa } from '../support/ca.ts'
import { A, documentPacket } from '../support/gateway.ts'
import { makePdf, pagesOf, updateOf } from '../support/pdf.ts'
import { LEADER, signedByLeader, startSigning, startTsa } from '../support/pdf-signing.ts'
import { startRevocationWorld } from '../support/revocation.ts'
import { until } from '../support/until.ts'
import { needsOpenssl } from '../trust/world.ts'

const unsigned = makePdf(pagesOf('Cong van'))
const altered = async () => updateOf(await signedByLeader(), { 5: { data: 'BT /F1 24 Tf 72 720 Td (1 000 000 000) Tj ET' } })
const file = (bytes: Buffer, name = 'Công văn.pdf') => ({ name, bytes })

t.test('a document with an altered PDF is refused, naming the file and the reason, and nothing of it is stored', async (t) => {
  const world = await startSigning(t)
  const before = await world.counts()
  const files = [file(await signedByLeader()), file(await altered(), 'Phụ lục.pdf')]
  for (const submit of [world.submit, world.submitPacket]) {
    const answer = await submit(files)
    t.equal(answer.statusCode, 422)
    t.match(answer.json(), { code: 'ATTACHMENT_PDF_INVALID', field: 'Attachment[2]', detail: /^Phụ lục\.pdf: PDF_CHANGED_AFTER_SIGNING: .+ · .+/, title: /không hợp lệ/, titleEn: /does not hold/ })
  }
  const named = await world.submit([file(Buffer.from('no PDF at all'))])
  t.match(named.json(), { code: 'ATTACHMENT_PDF_INVALID', field: 'Attachment[1]', detail: /^Công văn\.pdf: PDF_BROKEN: / }, 'a file that calls itself a PDF and is none')
  t.strictSame(await world.counts(), before)
})

t.test('an altered PDF leaves with a mark where the policy says so, and its verdict can be seen', async (t) => {
  const world = await startSigning(t, { policy: { pdf: { out: { invalid: 'mark' }, in: { invalid: 'mark' } } } })
  await world.gateway.start()
  const answer = await world.submit([file(await altered()), file(await signedByLeader(), 'Phụ lục.pdf'), file(unsigned, 'Bảng.pdf'), file(Buffer.from('PK'), 'x.zip.txt')])
  t.equal(answer.statusCode, 202, answer.body)
  const { attachments } = await world.view(answer.json().id)
  t.match(attachments, [
    { number: 1, pdf: { standing: 'invalid', result: 'invalid', reasons: [{ code: 'PDF_CHANGED_AFTER_SIGNING' }], signatures: [{ result: 'invalid', speaksForSender: false }] }, signing: null },
    { number: 2, pdf: { standing: 'valid', result: 'valid', signatures: [{ result: 'valid', signer: { subject: /CN=/ } }] } },
    { number: 3, pdf: { standing: 'unsigned', reasons: [{ code: 'PDF_UNSIGNED' }], signatures: [] } },
    { number: 4, pdf: null },
  ])
  t.match(attachments[1]!.pdf!.signatures[0], { shown: [{ name: 'verdict' }, { name: 'subject' }, { name: 'managing-unit' }, { name: 'issuer' }, { name: 'signing-time' }, { name: 'time-stamp' }, { name: 'integrity' }, { name: 'validity' }, { name: 'validity-period' }] }, 'with all that is to be shown of a signature')
  const { files } = await world.arrived()
  const kept = await world.a.ask('GET', `/documents/${answer.json().id}/attachments/2`)
  t.equal(kept.statusCode, 200, kept.body.slice(0, 300))
  t.ok(files[1]!.equals(kept.rawPayload), 'a file that is not signed here is given back as it was submitted')
})

t.test('the agency\'s own policy goes before that of the connection; otherwise a PDF without a signature leaves', async (t) => {
  const world = await startSigning(t, { policy: { pdf: { out: { unsigned: 'refuse' } } } })
  t.match((await world.submit([file(unsigned)])).json(), { code: 'ATTACHMENT_PDF_UNSIGNED', field: 'Attachment[1]', detail: /^Công văn\.pdf: PDF_UNSIGNED: / })
  await world.apply({ agencies: [{ codes: A.codes, name: A.name, pdf: { out: { unsigned: 'mark' } } }] })
  t.equal((await world.submit([file(unsigned)])).statusCode, 202)
  await world.apply({ agencies: [{ codes: A.codes, name: A.name, pdf: { out: { unsigned: 'refuse' } } }] })
  t.equal((await world.submit([file(unsigned), file(Buffer.from('x'), 'a.txt')])).json().code, 'ATTACHMENT_PDF_UNSIGNED')
  t.equal((await world.submit([file(unsigned), file(Buffer.from('y'), 'a.txt')], [{ file: 1, as: 'annex' }])).statusCode, 202, 'what the gateway is asked to sign is not unsigned')
})

t.test('what rests on a verdict is kept with it', async (t) => {
  const world = await startSigning(t)
  const answer = await world.submit([file(await agencySigned(LEADER, A.key))])
  t.equal(answer.statusCode, 202, answer.body)
  const { attachments: [attachment] } = await world.view(answer.json().id)
  t.match(attachment!.pdf!.signatures, [{ speaksForSender: false }, { speaksForSender: true }])
  const named = attachment!.pdf!.signatures.flatMap(({ chain, revocation }) => [...chain.map(({ fingerprint }) => fingerprint), ...revocation.map(({ evidence }) => evidence!)])
  const { rowCount } = await world.database.query(`select from blob where encode(sha256, 'hex') = any($1)`, [named])
  t.equal(rowCount, new Set(named).size, 'certificates and answers')
})

t.test('a document that was accepted is the same when it is submitted again, whatever has become of the policy and the time-stamping authority', needsOpenssl, async (t) => {
  const world = await startSigning(t, { authority: await startTsa(t) })
  const sign = [{ file: 1, as: 'document' }, { file: 'Phụ lục.pdf', as: 'annex', level: 'B-T' }]
  const original = await signedByLeader()
  const submit = (asked = sign) => world.submit([file(original), file(unsigned, 'Phụ lục.pdf'), file(unsigned, 'Bảng.pdf')], asked)
  const { id } = (await submit()).json()
  const before = await world.counts()
  await world.apply({ trust: {}, agencies: [{ codes: A.codes, name: A.name, pdf: { out: { unsigned: 'refuse' } } }] })
  const again = await submit()
  t.equal(again.statusCode, 202, again.body)
  t.equal(again.json().id, id)
  t.match((await submit(sign.slice(0, 1))).json(), { code: 'PDF_SIGN_DIFFERS', status: 409 })
  t.match((await submit([{ file: 9, as: 'annex' }])).json(), { code: 'PDF_SIGN_FILE', field: 'sign[1].file' })
  t.strictSame(await world.counts(), before)
  t.match((await world.submit([file(unsigned)])).json(), { code: 'ATTACHMENT_PDF_UNSIGNED' }, 'another document is judged as ever')
})

t.test('a document that was accepted is the same when it is submitted again after its signer was revoked', async (t) => {
  const ca = await startCa(t)
  const [leader, sender] = [ca.issue(), ca.issue()]
  const { gateway, a, clock, database } = await startRevocationWorld(t, { ca, leaves: [sender] })
  const pdf = await withSignature(unsigned, { key: leader.keyPem, certificates: leader.pem })
  const packetOf = async (documentId: string) =>
    signPacket(await writePacket(documentPacket({ documentId, code: { codeNumber: documentId, codeNotation: 'VP' } }, [file(pdf)])), signerFromPem({ key: sender.keyPem, certificates: sender.pem }))
  const packet = await packetOf('1')
  const know = async () => importAnswer('sub.crl', ca.crl(), { database, stores: storesOf(loadTrust(ca.trustDir)), now: clock.now(), actor: 'test' })
  await gateway.start()
  await know()
  const first = await until(async () => { const answer = await a.submit(packet); return answer.statusCode === 202 && answer })
  clock.forward(60_000)
  ca.revoke(leader)
  await know()
  let number = 1
  await until(async () => (await a.submit(await packetOf(String(++number)))).json().code === 'ATTACHMENT_PDF_INVALID')
  const again = await a.submit(packet)
  t.equal(again.statusCode, 202, again.body)
  t.equal(again.json().id, first.json().id)
})
