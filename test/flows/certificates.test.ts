/** The registry of certificates as its administrator meets it: uploaded, seen, approved, taken back, and warned of before they expire. */
import t from 'tap'
import type { X509Certificate } from 'node:crypto'
import { emailName, pem, type Issued } from '../../certs-example/issue.ts'
import { createPersonKey } from '../../src/access/keys.ts'
import { createExpiries } from '../../src/agencies/expiries.ts'
import { NO_LOG, openAlarms } from '../../src/alarms/alarms.ts'
import { signPacket } from '../../src/signing/packet-signature.ts'
import { signerFromPem } from '../../src/trust/signers/pem.ts'
import { loadTrust } from '../../src/trust/store.ts'
import { fingerprintOf } from '../../src/trust/verdict.ts'
import { writePacket } from '../../src/edxml/write.ts'
import { zipOf } from '../edxml/zips.ts'
import { createClock, createOddAxis } from '../support/axis.ts'
import { inDays, issueLeaf, pemOf, trustFolder } from '../support/certificates.ts'
import { A, B, documentPacket, startWorld, type WorldOptions } from '../support/gateway.ts'
import { until } from '../support/until.ts'
import { makeCa, needsOpenssl, openssl } from '../trust/world.ts'

const DAY = 24 * 3600 * 1000
const OFFICE = A.codes[0]!
const WARD = B.codes[0]!

type Entry = { outcome: string, certificate: { fingerprint: string }, file: string | null, agency: { code: string } | null, foundBy: string | null, replaces: { certificate: { fingerprint: string }, until: string }[], expiry: string | null }
type Change = { id: string, state: string, counts: Record<string, number>, entries: Entry[], unreadable: { file: string, code: string }[], approvedBy: string | null }
type Files = Record<string, Buffer | string>

/** A world that trusts one more root, whose certificates the tests issue, and an administrator's client. */
async function startRegistry (t: Parameters<typeof startWorld>[0] & Parameters<typeof trustFolder>[0], options: WorldOptions = {}) {
  const { folder, root } = trustFolder(t)
  const clock = createClock()
  const world = await startWorld(t, { systemPolicy: { packetSignature: 'required' }, ...options, env: { TRUST_DIR: folder }, edges: { now: clock.now, ...options.edges } })
  const administrator = world.client(world.keys.administrator)
  let number = 0

  async function upload (files: Files, fields: Record<string, string> = {}) {
    const form = new FormData()
    for (const [name, content] of Object.entries(files)) form.append('file', new Blob([new Uint8Array(Buffer.from(content))]), name)
    for (const [name, value] of Object.entries(fields)) form.append(name, value)
    const body = new Response(form)
    return administrator.ask('POST', '/admin/certificates/changes', Buffer.from(await body.arrayBuffer()), { 'content-type': body.headers.get('content-type')! })
  }
  return {
    ...world, clock, root, administrator, upload,
    propose: async (files: Files, fields?: Record<string, string>): Promise<Change> => (await upload(files, fields)).json(),
    approve: (id: string) => administrator.ask('POST', `/admin/certificates/changes/${id}/approve`),
    rollBack: (id: string) => administrator.ask('POST', `/admin/certificates/changes/${id}/rollback`),
    /** What system a is told when it hands over a new document of the office, signed with this certificate: `accepted`, or the reason. */
    async submit (by: Issued): Promise<string> {
      const packet = documentPacket({ documentId: `số ${++number}` })
      const answer = await world.a.submit(await signPacket(await writePacket(packet), signerFromPem(pemOf(by))))
      return answer.statusCode === 202 ? 'accepted' : /^\w+/.exec(answer.json().detail)![0]
    },
  }
}

const told = (entries: Entry[]) => entries.map(({ outcome, agency, foundBy, replaces }) => [outcome, agency?.code ?? null, foundBy, replaces.length])
const of = ({ certificate }: { certificate: X509Certificate }) => fingerprintOf(certificate)
const text = (...all: Issued[]) => all.map(({ certificate }) => pem('CERTIFICATE', certificate.raw)).join('')

t.test('a renewal: seen first, then approved; the old certificate speaks until the overlap ends; rolled back, it is as before', async (t) => {
  const { root, clock, database, administrator, propose, approve, rollBack, submit } = await startRegistry(t)
  const old = issueLeaf(root, { CN: 'Văn phòng' })
  const fresh = issueLeaf(root, { CN: 'VĂN PHÒNG', notBefore: inDays(-1) })
  const first = await propose({ 'cũ.cer': text(old) }, { mapping: `certificate,agency\n${of(old)},${OFFICE}` })
  t.match(first, { state: 'proposed', counts: { added: 1 }, approvedBy: null })
  t.equal(await submit(old), 'SIGNER_UNKNOWN', 'nothing is changed yet')
  t.match((await approve(first.id)).json(), { state: 'approved', approvedBy: 'Người quản trị' })
  t.equal(await submit(old), 'accepted')

  const overlap = inDays(10)
  const second = await propose({ 'mới.cer': text(fresh) }, { overlapUntil: overlap.toISOString(), note: 'Công văn 12/CTSBM' })
  t.same(told(second.entries), [['replaced', OFFICE, 'same name', 1]])
  t.match(second.entries[0]!.replaces, [{ certificate: { fingerprint: of(old) }, until: overlap.toISOString() }])
  t.same([await submit(old), await submit(fresh)], ['accepted', 'SIGNER_UNKNOWN'])
  t.equal((await approve(second.id)).statusCode, 200)
  t.same([await submit(old), await submit(fresh)], ['accepted', 'accepted'], 'documents are still on the way')
  clock.forward(11 * DAY)
  t.same([await submit(old), await submit(fresh)], ['SIGNER_NOT_AGENCY', 'accepted'])

  t.equal((await rollBack(first.id)).json().code, 'CERTIFICATE_CHANGE_FOLLOWED')
  t.equal((await rollBack(second.id)).json().state, 'rolled-back')
  t.same([await submit(old), await submit(fresh)], ['accepted', 'SIGNER_UNKNOWN'], 'exactly that change is undone')
  t.equal((await rollBack(first.id)).statusCode, 200)
  t.equal(await submit(old), 'SIGNER_UNKNOWN')

  const { items } = (await administrator.ask('GET', `/admin/certificates?agency=${A.codes[1]}&history=true`)).json<{ items: { source: string, certificate: { fingerprint: string }, approvedBy: string }[] }>()
  t.same(items.filter(({ certificate }) => certificate.fingerprint === of(old)).map(({ source, approvedBy }) => [source, approvedBy]),
    ['upload', 'upload', 'rollback', 'rollback'].map((source) => [source, 'Người quản trị']), 'history is only added to')
  const { rows } = await database.query<{ action: string }>(`select action from audit_entry where action like 'certificates.%' order by id`)
  t.same(rows.map(({ action }) => action), ['proposed', 'approved', 'proposed', 'approved', 'rolled-back', 'rolled-back'].map((step) => `certificates.${step}`))
  const listed = (await administrator.ask('GET', '/admin/certificates/changes')).json<{ items: Change[] }>().items
  t.same(listed.map(({ id, state }) => [id, state]), [[second.id, 'rolled-back'], [first.id, 'rolled-back']])
})

t.test('a merger: one certificate for several codes, and a successor for its predecessor, without uploading it again', async (t) => {
  const { root, administrator, propose, approve, submit } = await startRegistry(t)
  const merged = issueLeaf(root, { CN: 'Cơ quan hợp nhất' })
  const one = await propose({ 'a.cer': text(merged) }, { mapping: JSON.stringify([{ certificate: 'a.cer', agency: WARD }]) })
  await approve(one.id)
  t.equal(await submit(merged), 'SIGNER_NOT_AGENCY')
  const two = await propose({}, { mapping: JSON.stringify([{ certificate: of(merged), agency: A.codes[1] }]) })
  t.same(told(two.entries), [['added', OFFICE, 'mapping', 0]])
  await approve(two.id)
  t.equal(await submit(merged), 'accepted')
  const { items } = (await administrator.ask('GET', '/admin/certificates')).json<{ items: { agency: { code: string }, certificate: { fingerprint: string }, source: string }[] }>()
  t.same(items.filter(({ certificate }) => certificate.fingerprint === of(merged)).map(({ agency }) => agency.code).toSorted(), [OFFICE, WARD])
  t.equal(items.filter(({ source }) => source === 'setup').length, 2, 'beside those of the set-up')
})

t.test('a new name: the mapping says what it replaces, and a link can be ended by its day', async (t) => {
  const { root, clock, propose, approve, submit } = await startRegistry(t)
  const old = issueLeaf(root, { CN: 'Tổng cục' })
  const fresh = issueLeaf(root, { CN: 'Cục' })
  await approve((await propose({ 'a.cer': text(old) }, { mapping: `certificate;agency\r\na.cer;${OFFICE}` })).id)
  const renamed = await propose({ 'b.cer': text(fresh) }, { mapping: `certificate;agency;replaces\r\nb.cer;${OFFICE};${of(old)}`, overlapUntil: inDays(-1).toISOString() })
  t.same(told(renamed.entries), [['replaced', OFFICE, 'mapping', 1]])
  await approve(renamed.id)
  t.same([await submit(old), await submit(fresh)], ['SIGNER_NOT_AGENCY', 'accepted'])
  const ended = await propose({}, { mapping: `certificate;agency;until\r\n${of(fresh)};${OFFICE};${inDays(5).toISOString().slice(0, 10)}` })
  t.same(told(ended.entries), [['ended', OFFICE, 'mapping', 0]])
  await approve(ended.id)
  t.equal(await submit(fresh), 'accepted')
  clock.forward(6 * DAY)
  t.equal(await submit(fresh), 'SIGNER_NOT_AGENCY')
})

t.test('a link may begin later, and the set-up said again brings back nothing that was ended', async (t) => {
  const { root, clock, apply, propose, approve, submit } = await startRegistry(t)
  const old = issueLeaf(root, { CN: 'Văn phòng' })
  const fresh = issueLeaf(root, { CN: 'Văn phòng', notBefore: inDays(-1) })
  const setup = { certificates: [{ agency: OFFICE, pem: text(old) }] }
  await apply(setup)
  t.equal(await submit(old), 'accepted')
  await approve((await propose({ 'a.cer': text(fresh) }, { mapping: `certificate,agency,from\na.cer,${OFFICE},${inDays(2).toISOString().slice(0, 10)}`, overlapUntil: inDays(1).toISOString() })).id)
  t.same([await submit(old), await submit(fresh)], ['accepted', 'SIGNER_NOT_AGENCY'])
  clock.forward(3 * DAY)
  await apply(setup)
  t.same([await submit(old), await submit(fresh)], ['SIGNER_NOT_AGENCY', 'accepted'])
})

t.test('many at once, in every form: what is new, expiring, of an unknown issuer, without an agency, or not readable is told apart', needsOpenssl, async (t) => {
  const { root, administrator, propose, upload } = await startRegistry(t)
  const known = issueLeaf(root, { CN: 'Văn phòng', extensions: [emailName('vp@example.vn')] })
  const expiring = issueLeaf(root, { CN: 'Sắp hết hạn', notAfter: inDays(20) })
  const stranger = issueLeaf(makeCa('Gốc lạ'), { CN: 'Người lạ' })
  const homeless = issueLeaf(root, { CN: 'Chưa rõ cơ quan' })
  const inP7b = issueLeaf(root, { CN: 'Trong P7B' })
  const p7b = openssl(['crl2pkcs7', '-nocrl', '-certfile', '{in}', '-outform', 'DER', '-out', '{out}'], text(inP7b, root))
  const change = await propose({
    'nhiều.pem': text(known, expiring),
    'gói.zip': zipOf([
      { name: 'thư mục/lạ.cer', bytes: stranger.certificate.raw }, { name: 'một.p7b', bytes: p7b }, { name: 'đọc tôi.txt', bytes: Buffer.from('xin chào') },
      { name: 'trong.zip', bytes: zipOf([{ name: 'a', bytes: Buffer.from('a') }]) }, { name: 'hỏng.cer', bytes: homeless.certificate.raw, crc: 1 },
    ]),
    'der.cer': homeless.certificate.raw,
    'khóa.pem': pemOf(homeless).key,
    'cụt.zip': Buffer.from('PK\x03\x04 không phải'),
  }, { mapping: `certificate,agency\nmột.p7b,${WARD}\n${of(known)},${OFFICE}\nlạ.cer,${WARD}\n${of(expiring)},${WARD}` })
  t.same(change.entries.map(({ outcome, certificate, file, agency, expiry }) => [outcome, certificate.fingerprint, file, agency?.code ?? null, expiry]), [
    ['added', of(known), 'nhiều.pem', OFFICE, null],
    ['added', of(expiring), 'nhiều.pem', WARD, 'expiring'],
    ['unknown-issuer', of(stranger), 'gói.zip/thư mục/lạ.cer', WARD, null],
    ['added', of(inP7b), 'gói.zip/một.p7b', WARD, null],
    ['ca', of(root), 'gói.zip/một.p7b', null, null],
    ['needs-agency', of(homeless), 'der.cer', null, null],
  ])
  t.same(change.unreadable.map(({ file, code }) => [file, code]), [
    ['gói.zip/đọc tôi.txt', 'NOT_CERTIFICATES'], ['gói.zip/trong.zip', 'ARCHIVE_NESTED'], ['gói.zip/hỏng.cer', 'ARCHIVE_UNREADABLE'], ['khóa.pem', 'PRIVATE_KEY'], ['cụt.zip', 'ARCHIVE_UNREADABLE'],
  ])
  t.same(change.counts, { added: 3, 'unknown-issuer': 1, ca: 1, 'needs-agency': 1, expiring: 1, unreadable: 5 })
  const bomb = zipOf([{ name: 'a.cer', bytes: Buffer.alloc(11 * 1024 * 1024) }])
  t.match((await upload({ 'bom.zip': bomb })).json(), { status: 422, code: 'CERTIFICATE_CHANGE_EMPTY', detail: /^bom\.zip: Tệp ZIP .* · This zip / }, 'nothing to look through is not kept')
  t.equal((await administrator.ask('GET', '/admin/certificates/changes')).json<{ items: Change[] }>().items.length, 1)
  t.equal((await upload({ a: Buffer.alloc(6 * 1024 * 1024), b: Buffer.alloc(6 * 1024 * 1024) })).json().code, 'REQUEST_TOO_LARGE')
  t.equal((await upload({ a: Buffer.alloc(11 * 1024 * 1024) })).json().code, 'REQUEST_TOO_LARGE')
})

t.test('every refusal says why, and changes nothing', async (t) => {
  const { root, a, client, database, administrator, upload, propose, approve, rollBack } = await startRegistry(t)
  const fresh = issueLeaf(root, { CN: 'Văn phòng' })
  const mapping = `certificate,agency\n${of(fresh)},${OFFICE}`
  const codeOf = async (answer: ReturnType<typeof upload>) => { const { statusCode, json } = await answer; return [statusCode, json().code, json().field, json().line] }
  const none = '01a2000f-e0d7-754c-920b-c25638d50b9f'
  t.same(await codeOf(approve(none)), [404, 'CERTIFICATE_CHANGE_NOT_FOUND', undefined, undefined])
  t.same(await codeOf(rollBack(none)), [404, 'CERTIFICATE_CHANGE_NOT_FOUND', undefined, undefined])
  t.same(await codeOf(administrator.ask('GET', `/admin/certificates/changes/${none}`)), [404, 'CERTIFICATE_CHANGE_NOT_FOUND', undefined, undefined])
  t.same(await codeOf(upload({})), [422, 'CERTIFICATE_CHANGE_EMPTY', undefined, undefined])
  t.same(await codeOf(upload({ 'a.cer': text(fresh) }, { mapping: 'x' })), [422, 'CERTIFICATE_MAPPING_INVALID', 'mapping', 1])
  t.same(await codeOf(upload({ 'a.cer': text(fresh) }, { mapping: 'certificate,agency\na.cer,H99.99' })), [422, 'CERTIFICATE_MAPPING_INVALID', 'mapping[0].agency', undefined])
  t.same(await codeOf(upload({ 'a.cer': text(fresh) }, { mapping: `certificate,agency\na.cer,${OFFICE}\0` })), [422, 'CERTIFICATE_MAPPING_INVALID', 'mapping', 2])
  for (const overlapUntil of ['mai', '1', '0', '-1', '2026-02-30', '0000-01-01']) t.same(await codeOf(upload({ 'a.cer': text(fresh) }, { overlapUntil })), [400, 'REQUEST_INVALID', 'overlapUntil', undefined], overlapUntil)
  t.same(await codeOf(upload({ 'a.cer': text(fresh) }, { colour: 'red' })), [400, 'REQUEST_INVALID', 'colour', undefined])
  for (const note of ['x'.repeat(501), 'a\0b']) t.same(await codeOf(upload({ 'a.cer': text(fresh) }, { note })), [400, 'REQUEST_INVALID', 'note', undefined])
  t.equal((await administrator.ask('GET', '/admin/certificates?agency=%00')).statusCode, 400)
  t.same(await codeOf(administrator.ask('POST', '/admin/certificates/changes', { a: 1 })), [415, 'MEDIA_TYPE_UNSUPPORTED', undefined, undefined])

  const nothing = await propose({ 'a.cer': text(fresh) })
  t.same(await codeOf(approve(nothing.id)), [422, 'CERTIFICATE_CHANGE_EMPTY', undefined, undefined])
  t.equal((await administrator.ask('GET', `/admin/certificates/changes/${nothing.id}`)).json().state, 'proposed', 'it stays for somebody to complete')
  const [one, two] = [await propose({ 'a.cer': text(fresh) }, { mapping }), await propose({ 'a.cer': text(fresh) }, { mapping })]
  t.same(await codeOf(rollBack(one.id)), [409, 'CERTIFICATE_CHANGE_SETTLED', undefined, undefined])
  t.equal((await approve(one.id)).statusCode, 200)
  t.same(await codeOf(approve(one.id)), [409, 'CERTIFICATE_CHANGE_SETTLED', undefined, undefined])
  t.same(await codeOf(approve(two.id)), [409, 'CERTIFICATE_CHANGE_STALE', undefined, undefined], 'the registry is not as it was shown')
  t.equal((await rollBack(one.id)).statusCode, 200)
  t.same(await codeOf(rollBack(one.id)), [409, 'CERTIFICATE_CHANGE_SETTLED', undefined, undefined])

  const operator = client((await database.transaction((tx) => createPersonKey(tx, { at: new Date(), actor: 'test', personId: 'quan-tri', role: 'operator' }))).text)
  const addresses: ['GET' | 'POST', string][] = [
    ['GET', ''], ['GET', '/expiries'], ['GET', '/changes'], ['GET', `/changes/${none}`], ['POST', '/changes'], ['POST', `/changes/${none}/approve`], ['POST', `/changes/${none}/rollback`],
  ]
  for (const [method, path] of addresses) {
    for (const caller of [a, operator]) t.equal((await caller.ask(method, `/admin/certificates${path}`)).json().code, 'FORBIDDEN', path)
    t.equal((await client('lt_0').ask(method, `/admin/certificates${path}`)).json().code, 'UNAUTHENTICATED', path)
  }
})

t.test('a certificate that came with an arrival is registered by the fingerprint in the alarm, and the arrival is handed over', async (t) => {
  const axis = createOddAxis()
  const { gateway, root, b, database, propose, approve } = await startRegistry(t, { edges: { connect: axis.connect }, policy: { packetSignature: 'required', seals: 'ignored' } })
  const fresh = issueLeaf(root, { CN: 'Văn phòng mới', notBefore: inDays(-2) })
  axis.put('document', await signPacket(await writePacket(documentPacket()), signerFromPem(pemOf(fresh))), WARD)
  await gateway.start()
  const [alarm] = await until(async () => { const alarms = await openAlarms(database); return alarms.length > 0 && alarms })
  t.match(alarm, { kind: 'arrival.quarantined', vi: new RegExp(`SIGNER_UNKNOWN.*${of(fresh)}`), en: /Văn phòng mới/ })
  const { entries, id } = await propose({}, { mapping: `certificate,agency\n${of(fresh)},${OFFICE}` })
  t.same(told(entries), [['added', OFFICE, 'mapping', 0]])
  await approve(id)
  await until(async () => (await b.mailbox()).items.length === 1)
  t.same(await openAlarms(database), [])
})

t.test('what a mistaken change sent to quarantine is handed over when the mistake is undone', async (t) => {
  const axis = createOddAxis()
  const { gateway, root, clock, b, database, propose, approve, rollBack } = await startRegistry(t, { edges: { connect: axis.connect }, policy: { packetSignature: 'required', seals: 'ignored' } })
  const old = issueLeaf(root, { CN: 'Văn phòng' })
  const approved = async (...change: Parameters<typeof propose>) => { const { id } = await propose(...change); t.equal((await approve(id)).statusCode, 200); return id }
  const mapped = (days: number) => ({ mapping: `certificate,agency,until\n${of(old)},${OFFICE},${inDays(days).toISOString().slice(0, 10)}` })
  const arrive = async () => {
    axis.put('document', await signPacket(await writePacket(documentPacket({ documentId: `số ${++number}` })), signerFromPem(pemOf(old))), WARD)
    await until(async () => (await openAlarms(database)).some(({ kind, en }) => kind === 'arrival.quarantined' && en.includes('SIGNER_NOT_AGENCY')))
  }
  let number = 0
  await approved({ 'a.cer': text(old) }, { mapping: `certificate,agency\n${of(old)},${OFFICE}` })
  await gateway.start()

  const wrong = await approved({ 'b.cer': text(issueLeaf(root, { CN: 'VĂN PHÒNG', notBefore: inDays(-1) })) }, { overlapUntil: inDays(-1).toISOString() })
  await arrive()
  t.equal((await rollBack(wrong)).json().state, 'rolled-back')
  await until(async () => (await b.mailbox()).items.length === 1)
  t.same(await openAlarms(database), [])

  await approved({}, mapped(2))
  const longer = await propose({}, mapped(30))
  t.same(told(longer.entries), [['ended', OFFICE, 'mapping', 0]])
  clock.forward(3 * DAY)
  await arrive()
  await approve(longer.id)
  await until(async () => (await b.mailbox()).items.length === 2)
  t.same(await openAlarms(database), [], 'an end that was too early')
})

t.test('whatever expires is in the calendar, and is warned of until it is replaced', async (t) => {
  const { gateway, config, root, database, administrator, clock, propose, approve } = await startRegistry(t)
  const old = issueLeaf(root, { CN: 'Văn phòng', notAfter: inDays(29) })
  await approve((await propose({ 'a.cer': text(old) }, { mapping: `certificate,agency\na.cer,${OFFICE}` })).id)
  await gateway.start()
  const alarms = async () => (await openAlarms(database)).filter(({ kind }) => kind.startsWith('certificate.')).map(({ kind, subject }) => [kind, subject])
  t.same(await alarms(), [['certificate.expiry.30', of(old)]])
  const { items } = (await administrator.ask('GET', '/admin/certificates/expiries')).json<{ items: { use: string, whose: string, certificate: { fingerprint: string }, daysLeft: number, warning: number | null }[] }>()
  t.match(items[0], { use: 'partner', whose: OFFICE, certificate: { fingerprint: of(old) }, warning: 30 })
  t.same(new Set(items.map(({ use }) => use)), new Set(['partner', 'own', 'anchor', 'intermediate']))

  const { watch } = createExpiries({ database, trusted: loadTrust(config.trustDir!), clientCertificates: async () => [], log: NO_LOG, now: clock.now })
  clock.forward(24 * DAY)
  await watch()
  t.same(await alarms(), [['certificate.expiry.7', of(old)]], 'one alarm, louder')
  const fresh = issueLeaf(root, { CN: 'Văn phòng', notBefore: inDays(-1) })
  await approve((await propose({ 'b.cer': text(fresh) })).id)
  await watch()
  t.same(await alarms(), [])
})
