/** What comes from an axis and is not what it should be: kept byte for byte, explained, never handed over. */
import t from 'tap'
import { X509Certificate } from 'node:crypto'
import { linkCertificate } from '../../src/agencies/certificates.ts'
import { NO_LOG, openAlarms } from '../../src/alarms/alarms.ts'
import { recordAudit } from '../../src/audit/audit.ts'
import { readBlob } from '../../src/blobs/blobs.ts'
import { openDatabase, type Database } from '../../src/database/database.ts'
import type { DocumentPacket } from '../../src/edxml/packet.ts'
import { assemble, writePacket } from '../../src/edxml/write.ts'
import { lookForApproval } from '../../src/inbound/judge-again.ts'
import { makeSeal } from '../../src/signing/seal.ts'
import { signerFromPem } from '../../src/trust/signers/pem.ts'
import { detailsOf, fingerprintOf } from '../../src/trust/verdict.ts'
import { createClock, createOddAxis } from '../support/axis.ts'
import { A, B, documentPacket, organisation, signedPacket, startWorld } from '../support/gateway.ts'
import { until } from '../support/until.ts'

type Reason = { code: string, reasons?: { code: string }[] }

const sealOf = (packet: DocumentPacket, by = A.key) => makeSeal(packet, signerFromPem(organisation(by)), new Date())
const withSeal = async (packet: DocumentPacket, seal: DocumentPacket['attachments'][number]) => assemble(await writePacket({ ...packet, attachments: [...packet.attachments, seal] }), null)

async function arrivalOf (database: Database, docId: string) {
  return until(async () => {
    const { rows: [arrival] } = await database.query<{ id: string, state: string, reason: Reason | null, packet: Buffer }>(
      `select id, state, reason, packet from arrival where axis_doc_id = $1 and (state <> 'stored' or reason is not null)`, [docId])
    return arrival
  })
}

t.test('what cannot be read goes to quarantine with its bytes, an alarm, and thanks to the axis; the next packet passes', async (t) => {
  const axis = createOddAxis()
  const { gateway, database, b } = await startWorld(t, { edges: { connect: axis.connect } })
  const good = await signedPacket()
  const cases: [bytes: Buffer, code: string][] = [
    [Buffer.from([0xff, 0xfe, 0x00, 0xd8, 0x00]), 'PACKET_'],
    [Buffer.from('đây không phải XML'), 'PACKET_NOT_XML'],
    [good.subarray(0, good.length - 100), 'PACKET_NOT_XML'],
    [Buffer.from(good.toString().replace('?>', '?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>')), 'PACKET_DOCTYPE'],
    [Buffer.from(good.toString().replace(/<edXML:DocumentId>.*?<\/edXML:DocumentId>/, '')), 'PACKET_ELEMENT_MISSING'],
  ]
  const ids = cases.map(([bytes]) => axis.put('document', bytes, B.codes[0]))
  axis.put('document', good, B.codes[0])
  await gateway.start()
  for (const [index, [bytes, code]] of cases.entries()) {
    const { state, reason, packet } = await arrivalOf(database, ids[index]!)
    t.equal(state, 'quarantined')
    t.ok(reason?.code.startsWith(code), code)
    t.ok((await readBlob(database, packet)).equals(bytes), 'byte for byte')
  }
  await until(async () => (await b.mailbox()).items.length === 1)
  t.same((await openAlarms(database)).map(({ kind }) => kind), cases.map(() => 'arrival.quarantined'))
  await until(() => axis.acknowledged.length === cases.length + 1)
})

t.test('a document whose seal is broken, another document\'s, another agency\'s or worthless is never handed over', async (t) => {
  const axis = createOddAxis()
  const { gateway, database, b } = await startWorld(t, { edges: { connect: axis.connect } })
  const packet = documentPacket()
  const seal = await sealOf(packet)
  const broken = { ...seal, bytes: Buffer.from(seal.bytes.toString().replace('VP-KSTT', 'VP-KSTX')) }
  const file = packet.attachments[0]!
  const cases: [bytes: Buffer, code: string][] = [
    [await withSeal(packet, broken), 'CONTENT_CHANGED'],
    [await withSeal(packet, await sealOf(documentPacket({ documentId: 'khác' }))), 'SEAL_OTHER_DOCUMENT'],
    [await withSeal(packet, await sealOf(packet, B.key)), 'SIGNER_NOT_AGENCY'],
    [await withSeal({ ...packet, header: { ...packet.header, subject: 'V/v khác' } }, seal), 'SEAL_FIELD_CHANGED'],
    [await withSeal({ ...packet, attachments: [{ ...file, bytes: Buffer.from('%PDF-1.4 khác') }] }, seal), 'SEAL_ATTACHMENT_CHANGED'],
    [await withSeal({ ...packet, attachments: [] }, seal), 'SEAL_ATTACHMENT_MISSING'],
    [await withSeal({ ...packet, attachments: [file, { ...file, contentId: '2', name: 'thêm.pdf' }] }, seal), 'SEAL_ATTACHMENT_ADDED'],
    [await withSeal({ ...packet, header: { ...packet.header, to: [{ organId: A.codes[0]! }, ...packet.header.to] } }, seal), 'SEAL_FIELD_CHANGED'],
    [await withSeal(packet, { ...seal, bytes: Buffer.from('<a/>') }), 'SEAL_UNSIGNED'],
  ]
  const ids = cases.map(([bytes]) => axis.put('document', bytes, B.codes[0]))
  await gateway.start()
  for (const [index, [, code]] of cases.entries()) {
    const { state, reason } = await arrivalOf(database, ids[index]!)
    t.equal(state, 'quarantined', code)
    t.equal(reason?.code, 'SEAL')
    t.ok(reason?.reasons?.some((one) => one.code === code), `${code}: ${JSON.stringify(reason?.reasons?.map((one) => one.code))}`)
  }
  t.same((await b.mailbox('?state=all')).items, [])
})

t.test('a document without a seal is handed over with that mark, unless a seal is required', async (t) => {
  for (const seals of ['wanted', 'required']) {
    const axis = createOddAxis()
    const { gateway, database, b } = await startWorld(t, { edges: { connect: axis.connect }, policy: { seals } })
    const id = axis.put('document', assemble(await writePacket(documentPacket()), null), B.codes[0])
    await gateway.start()
    const { state, reason } = await arrivalOf(database, id)
    t.equal(state, seals === 'wanted' ? 'handed-on' : 'quarantined')
    if (seals === 'required') t.equal(reason?.reasons?.[0]?.code, 'SEAL_ABSENT')
    for (const { id } of (await b.mailbox()).items) t.equal((await b.item(id)).seal?.reasons[0]?.code, 'SEAL_ABSENT')
  }
})

t.test('a document whose signer is not registered for its sender is kept back with its name, and handed over once an administrator has approved it', async (t) => {
  const axis = createOddAxis()
  const peer = { codes: ['H92.05'], name: 'Sở Ví Dụ' }
  const { gateway, database, b, apply } = await startWorld(t, { edges: { connect: axis.connect } })
  await apply({ agencies: [peer] })
  const packet = documentPacket({ from: { organId: peer.codes[0]! } })
  const stranger = organisation('so-noi-vu-vi-du').certificates
  const unknown = axis.put('document', await withSeal(packet, await sealOf(packet, 'so-noi-vu-vi-du')), B.codes[0])
  const changed = axis.put('document', await withSeal({ ...packet, header: { ...packet.header, subject: 'V/v khác' } }, await sealOf(packet, 'so-noi-vu-vi-du')), B.codes[0])
  await gateway.start()
  t.match(await arrivalOf(database, unknown), { state: 'quarantined', reason: { code: 'SEAL', reasons: [{ code: 'SIGNER_UNKNOWN' }] } })
  await arrivalOf(database, changed)
  const { fingerprint, subject } = detailsOf(new X509Certificate(stranger))
  const alarms = await openAlarms(database)
  t.equal(alarms.length, 2)
  for (const text of alarms.flatMap(({ vi, en }) => [vi, en])) for (const part of [fingerprint, subject, 'H92.05', 'SIGNER_UNKNOWN']) t.ok(text.includes(part), part)

  await apply({ certificates: [{ agency: A.codes[0], pem: stranger }] })
  t.equal((await openAlarms(database)).length, 2, 'it is not of that agency')
  await apply({ certificates: [{ agency: peer.codes[0], pem: stranger }] })
  const [item] = await until(async () => { const { items } = await b.mailbox(); return items.length > 0 && items })
  t.match((await b.item(item!.id)).seal, { result: 'valid', signer: { fingerprint } })
  t.match(await until(async () => { const found = await arrivalOf(database, changed); return found.reason?.reasons?.[0]?.code !== 'SIGNER_UNKNOWN' && found }), { state: 'quarantined', reason: { reasons: [{ code: 'SEAL_FIELD_CHANGED' }] } }, 'and what was also wrong stays out')
  t.equal((await openAlarms(database)).length, 1)
  t.equal((await database.query(`select from audit_entry where action = 'arrival.judged-again'`)).rowCount, 2)
})

t.test('an approval that comes while an arrival is being judged is not missed', async (t) => {
  const axis = createOddAxis()
  const peer = { codes: ['H92.05'], name: 'Sở Ví Dụ' }
  const { gateway, database, b, apply } = await startWorld(t, { edges: { connect: axis.connect } })
  await apply({ agencies: [peer] })
  const packet = documentPacket({ from: { organId: peer.codes[0]! } })
  const certificate = new X509Certificate(organisation('so-noi-vu-vi-du').certificates)
  const docId = axis.put('document', await withSeal(packet, await sealOf(packet, 'so-noi-vu-vi-du')), B.codes[0])
  await gateway.start()
  const { id } = await arrivalOf(database, docId)
  const look = (receivedAt: Date) => lookForApproval(database, NO_LOG, { id, sender: 'H92.05', fingerprint: fingerprintOf(certificate), receivedAt, at: new Date() })
  await look(new Date())
  t.equal((await arrivalOf(database, docId)).state, 'quarantined', 'nobody has approved it')
  const { rows: [agency] } = await database.query<{ id: string }>('select agency_id as id from agency_code where code = $1', peer.codes)
  await database.transaction((tx) => linkCertificate(tx, certificate, agency!.id, { approvedBy: 'test', approvedAt: new Date() }))
  await look(new Date())
  await until(async () => (await b.mailbox()).items.length === 1)
  t.same(await openAlarms(database), [])
})

t.test('a certificate of another agency proves nothing, and the verdict says whose it is not', async (t) => {
  const axis = createOddAxis()
  const { gateway, database } = await startWorld(t, { edges: { connect: axis.connect } })
  const packet = documentPacket()
  const id = axis.put('document', await withSeal(packet, await sealOf(packet, B.key)), B.codes[0])
  await gateway.start()
  t.match(await arrivalOf(database, id), { state: 'quarantined', reason: { code: 'SEAL', reasons: [{ code: 'SIGNER_NOT_AGENCY', detail: /registered for another agency/ }] } })
})

t.test('a packet for nobody here, or for somebody whom it does not name, is not handed over', async (t) => {
  const axis = createOddAxis()
  const { gateway, database, a, b } = await startWorld(t, { edges: { connect: axis.connect } })
  const elsewhere = axis.put('document', await signedPacket(documentPacket({ to: [{ organId: 'H93.01' }] })))
  const misdirected = axis.put('document', await signedPacket(documentPacket({ documentId: 'lạc' })), A.codes[0])
  await gateway.start()
  t.match(await arrivalOf(database, elsewhere), { state: 'quarantined', reason: { code: 'NO_MAILBOX' } })
  t.match(await arrivalOf(database, misdirected), { state: 'quarantined', reason: { code: 'NOT_ADDRESSED' } })
  t.same([...(await a.mailbox()).items, ...(await b.mailbox()).items], [])
})

t.test('fields of any length are stored, and hold up nothing', async (t) => {
  const axis = createOddAxis()
  const { gateway, a, b } = await startWorld(t, { edges: { connect: axis.connect } })
  const long = Array.from({ length: 4000 }, (_, index) => String.fromCodePoint(0x4e00 + (index * 7919) % 20_000)).join('')
  axis.put('document', assemble(await writePacket(documentPacket({ documentId: long, code: { codeNumber: long, codeNotation: long }, otherInfo: { priority: 1e14, appendixes: [] } })), null), B.codes[0])
  axis.put('document', await signedPacket(), B.codes[0])
  await gateway.start()
  const items = await until(async () => { const { items } = await b.mailbox(); return items.length === 2 && items })
  t.equal(items[0]!.documentId, long)
  const refused = await a.submit(await signedPacket(documentPacket({ documentId: long })))
  t.same([refused.statusCode, refused.json().code, refused.json().field], [422, 'PACKET_VALUE_INVALID', 'MessageHeader.DocumentId'])
})

t.test('an arrival that cannot be carried out waits with an alarm, and those behind it pass', async (t) => {
  const axis = createOddAxis()
  const clock = createClock()
  const { gateway, database, config, b } = await startWorld(t, { edges: { connect: axis.connect, now: clock.now } })
  await using owner = openDatabase((config.database as { ownerUrl: string }).ownerUrl, 1, () => {})
  await owner.query(`create function fail() returns trigger language plpgsql as $$ begin raise exception 'disk full'; end $$`)
  await owner.query(`create trigger fail before update on arrival for each row when (new.document_id = 'hỏng') execute function fail()`)
  const id = axis.put('document', await signedPacket(documentPacket({ documentId: 'hỏng' })), B.codes[0])
  for (let number = 1; number <= 9; number++) axis.put('document', await signedPacket(documentPacket({ documentId: `tốt-${number}` })), B.codes[0])
  await gateway.start()
  await until(async () => (await b.mailbox()).items.length === 9)
  t.match(await arrivalOf(database, id), { state: 'stored', reason: { code: 'FAULT' } })
  t.match(await openAlarms(database), [{ kind: 'arrival.waiting' }])
  await owner.query('drop trigger fail on arrival')
  clock.forward(2 * 60_000)
  await until(async () => (await b.mailbox()).items.length === 10)
})

t.test('a packet that the axis lists and does not give out is asked for again later; the others arrive', async (t) => {
  const clock = createClock()
  const { gateway, database, simulator, a, b } = await startWorld(t, { edges: { now: clock.now } })
  simulator.faults.push({ fault: { kind: 'refuse', code: '10', reason: 'loi' }, operation: 'getEdoc', times: 1 })
  await gateway.start()
  await a.submit(await signedPacket(documentPacket({ documentId: '1' })))
  t.match(await until(async () => { const alarms = await openAlarms(database); return alarms.length > 0 && alarms }), [{ kind: 'fetch.refused' }])
  await a.submit(await signedPacket(documentPacket({ documentId: '2' })))
  await until(async () => (await b.mailbox()).items.length === 1)
  clock.forward(11 * 60_000)
  await until(async () => (await b.mailbox()).items.length === 2)
  t.same(await openAlarms(database), [])
})

t.test('an axis is asked as often as the policy says, whatever wakes the gateway', async (t) => {
  const axis = createOddAxis()
  let asked = 0
  const { gateway, database } = await startWorld(t, { policy: { pollSeconds: 3600 }, edges: { connect: (settings) => {
    const connection = axis.connect(settings)
    return { ...connection, listReceived: (kind) => { asked++; return connection.listReceived(kind) } }
  } } })
  await gateway.start()
  await until(() => asked === 2)
  // The rescue that looks for whatever lies idle links audit entries too: when this one is linked, it has been round.
  await database.transaction((tx) => recordAudit(tx, { at: new Date(), actor: 'test', action: 'test', subject: 'test', detail: {} }))
  await until(async () => (await database.query(`select from audit_link l join audit_entry e on e.id = l.entry_id where e.action = 'test'`)).rowCount === 1)
  t.equal(asked, 2, 'once for documents, once for statuses')
})
