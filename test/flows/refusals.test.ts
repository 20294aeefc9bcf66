import t from 'tap'
import { readFileSync } from 'node:fs'
import { needsShared, shared } from '../support/shared.ts'
import { until } from '../support/until.ts'
import { A, B, documentPacket, organisation, signedPacket, startWorld } from '../support/gateway.ts'
import { writePacket, assemble } from '../../src/edxml/write.ts'

const TABLES = ['document', 'document_attachment', 'dispatch', 'delivery', 'delivery_event', 'blob', 'idempotency']
const unsigned = async (packet = documentPacket()) => assemble(await writePacket(packet), null)

t.test('what is refused at submit says why and where, and leaves nothing behind', async (t) => {
  const { database, a } = await startWorld(t)
  const rowsOf = async () => Object.fromEntries(await Promise.all(TABLES.map(async (table) => [table, (await database.query(`select from ${table}`)).rowCount] as const)))
  const before = await rowsOf() // the CRLs of the trust folder are blobs too
  const xml = (await unsigned()).toString()
  const cases: [name: string, packet: Buffer, code: string, field?: string][] = [
    ['unknown recipient', await signedPacket(documentPacket({ to: [{ organId: B.codes[0]! }, { organId: 'H99.99' }] })), 'RECIPIENT_UNKNOWN', 'MessageHeader.To[2].OrganId'],
    ['one agency under two codes', await signedPacket(documentPacket({ to: B.codes.map((organId) => ({ organId })) })), 'RECIPIENT_DUPLICATE', 'MessageHeader.To[2].OrganId'],
    ['another agency\'s document', await unsigned(documentPacket({ from: { organId: B.codes[0]! } })), 'SENDER_NOT_YOURS', 'MessageHeader.From.OrganId'],
    ['unknown sender', await unsigned(documentPacket({ from: { organId: 'H99.01' } })), 'SENDER_UNKNOWN', 'MessageHeader.From.OrganId'],
    ['a seal that the sender made up', await signedPacket(documentPacket({}, [{ name: 'lienthong-seal.xml', bytes: Buffer.from('<a/>') }])), 'ATTACHMENT_NAME_RESERVED', 'Attachment[1].AttachmentName'],
    ['signed by another agency', await signedPacket(documentPacket(), B.key), 'SIGNATURE_INVALID', 'edXMLHeader.Signature'],
    ['changed after signing', Buffer.from((await signedPacket()).toString().replace('V/v rà soát', 'V/v xem xét')), 'SIGNATURE_INVALID', 'edXMLHeader.Signature'],
    ['a DOCTYPE', Buffer.from(xml.replace('?>', '?><!DOCTYPE edXML>')), 'PACKET_DOCTYPE'],
    ['another namespace', Buffer.from(xml.replaceAll('http://www.mic.gov.vn/TBT/QCVN_102_2016', 'http://www.e-doc.vn/Schema/')), 'PACKET_NAMESPACE'],
    ['no subject', Buffer.from(xml.replace(/<edXML:Subject>.*?<\/edXML:Subject>/, '')), 'PACKET_ELEMENT_MISSING', 'MessageHeader.Subject'],
    ['no XML', Buffer.from('{"a":1}'), 'PACKET_NOT_XML'],
  ]
  for (const [name, packet, code, field] of cases) {
    const answer = await a.submit(packet, { 'idempotency-key': name })
    const problem = answer.json()
    t.equal(problem.code, code, `${name}: ${answer.body}`)
    t.equal(answer.headers['content-type'], 'application/problem+json; charset=utf-8')
    t.ok(problem.title && problem.titleEn, 'in Vietnamese and English')
    if (field !== undefined) t.equal(problem.field, field, name)
    t.notMatch(answer.body, /rà soát|at \w+ \(/, 'no document content, no stack trace')
  }
  t.same(await rowsOf(), before)
})

t.test('a policy that requires a packet signature refuses what has none', async (t) => {
  const { a } = await startWorld(t, { systemPolicy: { packetSignature: 'required' } })
  t.equal((await a.submit(await unsigned())).json().code, 'SIGNATURE_REQUIRED')
  t.equal((await a.submit(await signedPacket())).statusCode, 202)
})

t.test('a policy that wants a packet signature takes what has none, with a mark', async (t) => {
  const { a } = await startWorld(t)
  const { id } = (await a.submit(await unsigned())).json()
  const { signature } = await a.document(id)
  t.equal(signature.result, 'indeterminate')
  t.equal(signature.reasons[0].code, 'SIGNATURE_ABSENT')
})

t.test('metadata is refused with the field that is wrong', async (t) => {
  const { a } = await startWorld(t)
  const { traceHeaders: _, responseForTask: __, ...metadata } = documentPacket().header
  const send = async (changes: object) => {
    const form = new FormData()
    form.append('metadata', JSON.stringify({ ...metadata, ...changes }))
    const body = new Response(form)
    return (await a.ask('POST', '/documents', Buffer.from(await body.arrayBuffer()), { 'content-type': body.headers.get('content-type')! })).json()
  }
  t.match(await send({ subject: '' }), { code: 'REQUEST_INVALID', field: 'metadata.subject' })
  t.match(await send({ colour: 'red' }), { code: 'REQUEST_INVALID' })
  t.match(await send({ promulgationInfo: { promulgationDate: '05/01/2026' } }), { code: 'REQUEST_INVALID', field: 'metadata.promulgationInfo.promulgationDate' })
  t.match(await send({ to: [{ organId: 'H99.99' }] }), { code: 'RECIPIENT_UNKNOWN', field: 'MessageHeader.To[1].OrganId' })
})

t.test('no system sees another\'s documents, mailbox or files; without a key nobody sees anything', async (t) => {
  const { gateway, a, b, client, keys } = await startWorld(t)
  await gateway.start()
  const { id } = (await a.submit(await signedPacket())).json()
  const [entry] = await until(async () => { const { items } = await b.mailbox(); return items.length > 0 && items })

  t.equal((await b.ask('GET', `/documents/${id}`)).statusCode, 404)
  for (const path of ['', '/packet', '/attachments/1']) t.equal((await a.ask('GET', `/mailbox/${entry!.id}${path}`)).statusCode, 404, path)
  t.equal((await a.ask('POST', `/mailbox/${entry!.id}/ack`)).statusCode, 404)
  t.equal((await a.ask('POST', `/mailbox/${entry!.id}/statuses`, { code: '03' })).statusCode, 404)
  t.same((await a.mailbox()).items, [])
  t.equal((await client(keys.administrator).ask('GET', '/mailbox')).statusCode, 403, 'an administrator is not a system')
  const stranger = client(`${keys.a.slice(0, -1)}x`)
  for (const path of ['/mailbox', `/documents/${id}`]) t.equal((await stranger.ask('GET', path)).statusCode, 401, path)
})

t.test('the gateway does not open its API page or numbers to everybody', async (t) => {
  const { gateway, keys } = await startWorld(t)
  const get = (url: string, key?: string) => gateway.http.inject({ url, headers: key ? { authorization: `Bearer ${key}` } : {} })
  t.same(await Promise.all(['/healthz', '/readyz', '/docs', '/openapi.json', '/metrics'].map(async (url) => (await get(url)).statusCode)), [200, 200, 401, 401, 401])
  t.equal((await get('/metrics', keys.a)).statusCode, 403, 'a system reads no numbers')
  t.equal((await get('/metrics', keys.administrator)).statusCode, 200)
  const description = (await get('/openapi.json', keys.a)).json()
  t.equal(description.openapi, '3.1.0')
  t.same(Object.keys(description.paths).filter((path) => path.startsWith('/v1')).sort(), [
    '/v1/admin/certificates', '/v1/admin/certificates/changes', '/v1/admin/certificates/changes/{id}', '/v1/admin/certificates/changes/{id}/approve',
    '/v1/admin/certificates/changes/{id}/rollback', '/v1/admin/certificates/expiries', '/v1/admin/held', '/v1/admin/held/{id}/attachments/{number}', '/v1/admin/held/{id}/refuse',
    '/v1/admin/held/{id}/release',
    '/v1/documents', '/v1/documents/{id}', '/v1/documents/{id}/attachments/{number}', '/v1/mailbox', '/v1/mailbox/{id}', '/v1/mailbox/{id}/ack', '/v1/mailbox/{id}/attachments/{number}', '/v1/mailbox/{id}/packet', '/v1/mailbox/{id}/statuses',
  ])
})

t.test('an official sample with bytes before its declaration is refused for just that', needsShared('samples/edxml/edoc_new.edxml'), async (t) => {
  const { a } = await startWorld(t)
  t.match((await a.submit(readFileSync(shared('samples/edxml/edoc_new.edxml')))).json(), { code: 'PACKET_LEADING_BYTES', line: 1 })
})

t.test('a key that does not belong to its certificate is not taken into the set-up', async (t) => {
  const { database, config } = await startWorld(t)
  const { applySetup } = await import('../../src/admin/apply.ts')
  const { parseSetup } = await import('../../src/admin/setup.ts')
  const { createVault } = await import('../../src/access/secrets.ts')
  const mixed = { signers: [{ agency: A.codes[0], keyPem: organisation(A.key).key, certificatePem: organisation(B.key).certificates }] }
  await t.rejects(applySetup(parseSetup(JSON.stringify(mixed)), { database, vault: createVault(config.masterKey), now: new Date(), actor: 'test' }), { code: 'SETUP_INVALID' })
})
