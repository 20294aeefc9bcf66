/** PDFs that arrive: the verdict on each goes with the document, and what is not valid is marked, held for a person, or refused, as the policy says. */
import t from 'tap'
import { openAlarms } from '../../src/alarms/alarms.ts'
import type { Database } from '../../src/database/database.ts'
import { assemble, writePacket } from '../../src/edxml/write.ts'
import type { HeldItem } from '../../src/inbound/held.ts'
import { createOddAxis } from '../support/axis.ts'
import { agencySigned } from '../support/agency-signed.ts'
import { A, B, documentPacket, signedPacket, startWorld, type WorldOptions } from '../support/gateway.ts'
import { makePdf, pagesOf, qpdf, updateOf } from '../support/pdf.ts'
import { until } from '../support/until.ts'

const C = { codes: ['H90.28', '000.00.28.H90'], name: 'UBND phường Khác' }
const altered = (signed: Buffer) => updateOf(signed, { 5: { data: 'BT /F1 24 Tf 72 720 Td (Khac) Tj ET' } })

/** A world whose axis has a document of A for B on its list, as often as it is put there: each another document. */
async function startArrivals (t: Parameters<typeof startWorld>[0], options: WorldOptions = {}) {
  const axis = createOddAxis()
  const world = await startWorld(t, { ...options, policy: { pollSeconds: 0.05, ...options.policy }, edges: { connect: axis.connect, ...options.edges } })
  let number = 0
  const administrator = world.client(world.keys.administrator)
  return {
    ...world,
    administrator,
    put: async (files: { name: string, bytes: Buffer }[], to = B.codes[0]!, documentId = `văn bản ${++number}`) =>
      axis.put('document', assemble(await writePacket(documentPacket({ documentId, code: { codeNumber: documentId, codeNotation: 'VP' }, to: [{ organId: to }] }, files)), null), to),
    held: async () => (await administrator.ask('GET', '/admin/held')).json<{ items: HeldItem[] }>().items,
  }
}

const arrivalOf = (database: Database, docId: string, state: string) => until(async () =>
  (await database.query<{ id: string, reason: { code: string } | null }>('select id, reason from arrival where axis_doc_id = $1 and state = $2', [docId, state])).rows[0])
const some = <Item>(list: () => Promise<Item[]>) => until(async () => { const items = await list(); return items.length > 0 && items })

t.test('a document with two valid signatures arrives with a verdict on each, and with all that has to be shown of them, in both languages', async (t) => {
  const { gateway, b, put } = await startArrivals(t)
  await put([{ name: 'Công văn.pdf', bytes: await agencySigned(A.key, 'so-noi-vu-vi-du') }, { name: 'Bảng.xlsx', bytes: Buffer.from('bảng') }, { name: 'Phụ lục.pdf', bytes: makePdf(pagesOf('Phu luc')) }])
  await gateway.start()
  const [entry] = await some(async () => (await b.mailbox()).items)
  t.equal(entry!.pdf, 'unsigned', 'the list shows the worst')
  const { attachments: [signed, table, unsigned] } = await b.item(entry!.id)
  t.match(signed!.pdf, { standing: 'valid', result: 'valid', signatures: [{ field: 'lienthong-1', level: 'B-B', speaksForSender: true }, { field: 'lienthong-2', speaksForSender: false, coversWholeFile: true }] })
  for (const { shown } of (signed!.pdf as unknown as { signatures: { shown: { name: string, vi: string, en: string, value: { vi: string, en: string } }[] }[] }).signatures) {
    t.same(shown.map(({ name }) => name), ['verdict', 'subject', 'managing-unit', 'issuer', 'signing-time', 'time-stamp', 'integrity', 'validity', 'validity-period'])
    t.ok(shown.every(({ vi, en, value }) => vi && en && value.vi && value.en))
  }
  t.equal(table!.pdf, null)
  t.match(unsigned!.pdf, { standing: 'unsigned', result: 'indeterminate', reasons: [{ code: 'PDF_UNSIGNED' }], signatures: [] })
})

t.test('an altered PDF is held: only an administrator sees it, and why, and lets it into the mailbox, once', async (t) => {
  const { gateway, database, a, b, administrator, put, held } = await startArrivals(t)
  const bytes = altered(await agencySigned())
  await put([{ name: 'Công văn.pdf', bytes }])
  await gateway.start()
  const [item] = await some(held)
  t.match(item, { agencyCode: B.codes[0], senderCode: A.codes[0], reason: { files: [{ number: 1, name: 'Công văn.pdf', standing: 'invalid', reasons: [{ code: 'PDF_CHANGED_AFTER_SIGNING' }] }] }, attachments: [{ pdf: { standing: 'invalid', signatures: [{ result: 'invalid' }] } }] })
  const [alarm] = await openAlarms(database)
  t.match(alarm, { kind: 'hand-over.held', subject: item!.id, vi: /Công văn\.pdf.*PDF_CHANGED_AFTER_SIGNING/, en: /Công văn\.pdf.*PDF_CHANGED_AFTER_SIGNING/ })
  t.ok((await administrator.ask('GET', `/admin/held/${item!.id}/attachments/1`)).rawPayload.equals(bytes))
  for (const path of ['', '/packet', '/attachments/1']) t.equal((await b.ask('GET', `/mailbox/${item!.id}${path}`)).statusCode, 404, path)
  t.equal((await b.ask('POST', `/mailbox/${item!.id}/ack`)).statusCode, 404)
  t.equal((await b.ask('POST', `/mailbox/${item!.id}/statuses`, { code: '03' })).statusCode, 404)
  t.same((await b.mailbox('?state=all')).items, [])
  t.equal((await b.ask('GET', '/admin/held')).statusCode, 403)
  t.equal((await a.ask('POST', `/admin/held/${item!.id}/release`)).statusCode, 403)

  const later = await put([{ name: 'Công văn.pdf', bytes: await agencySigned() }])
  await arrivalOf(database, later, 'handed-on')
  const { items: [before], next } = await b.mailbox('?limit=1')
  const released = await Promise.all([1, 2, 3].map(() => administrator.ask('POST', `/admin/held/${item!.id}/release`)))
  t.same(released.map(({ statusCode }) => statusCode), [200, 200, 200])
  t.equal(new Set(released.map(({ body }) => body)).size, 1, 'said again it gives the same answer')
  t.match(released[0]!.json(), { id: item!.id, state: 'waiting', decidedBy: 'Người quản trị' })
  t.match((await b.mailbox(`?after=${next}`)).items, [{ id: item!.id, pdf: 'invalid', releasedAt: released[0]!.json().decidedAt }], 'whoever reads on from a cursor finds it')
  t.equal((await b.item(item!.id)).attachments[0]!.pdf?.result, 'invalid')
  t.same([await held(), await openAlarms(database)], [[], []])
  t.equal((await database.query(`select from audit_entry where action = 'hand-over.released'`)).rowCount, 1)
  t.match((await administrator.ask('POST', `/admin/held/${item!.id}/refuse`, { reason: 'muộn' })).json(), { code: 'HELD_SETTLED' })
  t.match((await administrator.ask('POST', `/admin/held/${before!.id}/release`)).json(), { code: 'HELD_SETTLED' }, 'what was never held')
  t.match((await administrator.ask('POST', '/admin/held/01a2000f-e0d7-754c-920b-c25638d50b9f/release')).json(), { code: 'HELD_NOT_FOUND' })
  t.equal((await b.ask('POST', `/mailbox/${item!.id}/ack`)).statusCode, 200)
  t.equal((await administrator.ask('POST', `/admin/held/${item!.id}/release`)).json().state, 'acknowledged')
})

t.test('a held document that a person refuses goes back with status 02 and their reason, once', async (t) => {
  const { gateway, database, a, b, client, keys } = await startWorld(t, { policy: { pdf: { out: { invalid: 'mark' } } } })
  await gateway.start()
  const administrator = client(keys.administrator)
  const { id } = (await a.submit(await signedPacket(documentPacket({}, [{ name: 'Công văn.pdf', bytes: altered(await agencySigned()) }])))).json<{ id: string }>()
  const [item] = await some(async () => (await administrator.ask('GET', '/admin/held')).json<{ items: HeldItem[] }>().items)
  t.match((await administrator.ask('POST', `/admin/held/${item!.id}/refuse`, { reason: '  ' })).json(), { code: 'STATUS_REASON_MISSING' })
  t.equal((await administrator.ask('POST', `/admin/held/${item!.id}/refuse`, {})).statusCode, 400)
  const refused = await Promise.all([1, 2].map(() => administrator.ask('POST', `/admin/held/${item!.id}/refuse`, { reason: 'Tệp đã bị sửa, đề nghị gửi lại' })))
  t.same(refused.map(({ statusCode }) => statusCode), [200, 200])
  t.match(refused[0]!.json(), { state: 'refused' })
  const delivery = await until(async () => { const { deliveries: [delivery] } = await a.document(id); return delivery.status === '02' && delivery })
  t.match(delivery.history.at(-1), { kind: 'status', detail: { code: '02', description: 'Tệp đã bị sửa, đề nghị gửi lại' } })
  t.match((await administrator.ask('POST', `/admin/held/${item!.id}/release`)).json(), { code: 'HELD_SETTLED' })
  t.same([(await b.mailbox('?state=all')).items, await openAlarms(database)], [[], []])
  const { rows } = await database.query('select automatic, reported_by from status')
  t.match(rows, [{ automatic: false, reported_by: /^[0-9a-f]{16}$/ }])
  t.same((await administrator.ask('GET', '/admin/held')).json().items, [])
  const { items } = (await administrator.ask('GET', '/admin/held?state=refused')).json<{ items: (HeldItem & { decidedAt: string })[] }>()
  t.match(items, [{ id: item!.id, reason: { files: [{ number: 1, name: 'Công văn.pdf', standing: 'invalid' }] }, attachments: [{ pdf: { result: 'invalid' } }], decidedAt: refused[0]!.json<{ decidedAt: string }>().decidedAt, decidedBy: refused[0]!.json<{ decidedBy: string }>().decidedBy }], 'who refused it, when and why stays to be seen')
})

t.test('what the policy refuses goes back by itself with status 02, which names the file and the reason', async (t) => {
  const { gateway, database, a, b, client, keys } = await startWorld(t, { policy: { pdf: { in: { unsigned: 'refuse' } } } })
  await gateway.start()
  const files = [{ name: 'Công văn.pdf', bytes: await agencySigned() }, { name: 'Phụ lục.pdf', bytes: makePdf(pagesOf('Phu luc')) }]
  const { id } = (await a.submit(await signedPacket(documentPacket({}, files)))).json<{ id: string }>()
  const delivery = await until(async () => { const { deliveries: [delivery] } = await a.document(id); return delivery.status === '02' && delivery })
  t.match(delivery.history.at(-1), { kind: 'status', detail: { code: '02', description: 'Từ chối tiếp nhận: tệp 2 “Phụ lục.pdf”: Tệp PDF không có chữ ký số (PDF_UNSIGNED)' } })
  t.same([(await b.mailbox('?state=all')).items, await openAlarms(database)], [[], []])
  t.match((await database.query(`select state, reason from hand_over`)).rows, [{ state: 'refused', reason: { files: [{ number: 2, standing: 'unsigned' }] } }])
  t.match((await database.query(`select automatic, reported_by from status`)).rows, [{ automatic: true, reported_by: 'gateway' }])
  t.match((await database.query(`select actor from audit_entry where action = 'status.reported'`)).rows, [{ actor: 'gateway' }])
  const refused = (await client(keys.administrator).ask('GET', '/admin/held?state=refused')).json<{ items: unknown[] }>()
  t.match(refused, { next: null, items: [{ reason: { files: [{ number: 2, reasons: [{ code: 'PDF_UNSIGNED' }] }] }, createdAt: /Z$/, decidedAt: null, decidedBy: null }] }, 'an administrator sees what is refused in the agency\'s name')
})

t.test('each standing has its rule, and an agency\'s own goes before its connection\'s', async (t) => {
  const signed = await agencySigned()
  const files = { valid: signed, unsigned: makePdf(pagesOf('x')), invalid: altered(signed) }
  const { gateway, database, apply, put } = await startArrivals(t, { policy: { pdf: { in: { unsigned: 'hold', invalid: 'refuse' } } }, more: [C] })
  await apply({ agencies: [{ ...C, pdf: { in: { unsigned: 'mark' } } }] })
  await apply({ agencies: [C] })
  const put1 = async (standing: keyof typeof files, to: string) => ({ id: await put([{ name: 'a.pdf', bytes: files[standing] }], to), to, standing })
  const all = [await put1('valid', B.codes[0]!), await put1('unsigned', B.codes[0]!), await put1('invalid', B.codes[0]!), await put1('unsigned', C.codes[0]!), await put1('invalid', C.codes[0]!)]
  await gateway.start()
  const states: string[] = []
  for (const { id } of all) {
    const { id: arrivalId } = await arrivalOf(database, id, 'handed-on')
    states.push((await database.query<{ state: string }>('select state from hand_over where arrival_id = $1', [arrivalId])).rows[0]!.state)
  }
  t.same(states, ['waiting', 'held', 'refused', 'waiting', 'refused'])
})

t.test('a document that was refused and is sent again is decided anew; one that is held or handed over is not', async (t) => {
  const { gateway, database, apply, b, put, held } = await startArrivals(t)
  const files = [{ name: 'a.pdf', bytes: makePdf(pagesOf('x')) }]
  const policy = (unsigned: string) => apply({ agencies: [{ codes: B.codes, name: B.name, pdf: { in: { unsigned } } }] })
  await policy('refuse')
  await gateway.start()
  await arrivalOf(database, await put(files, B.codes[0], 'một'), 'handed-on')
  await arrivalOf(database, await put(files, B.codes[0], 'một'), 'handed-on')
  t.equal((await database.query(`select from status where code = '02'`)).rowCount, 2, 'each sending has its answer')
  await policy('hold')
  await arrivalOf(database, await put(files, B.codes[0], 'một'), 'handed-on')
  const [item] = await held()
  await policy('refuse')
  await arrivalOf(database, await put(files, B.codes[0], 'một'), 'duplicate')
  t.same((await held()).map(({ id }) => id), [item!.id])
  t.equal((await database.query(`select from status where code = '02'`)).rowCount, 2)
  t.same((await b.mailbox('?state=all')).items, [])
  t.equal((await openAlarms(database)).length, 1)
})

t.test('a later document follows the first one that is in the mailbox, not one that is held; a released one follows what came meanwhile', async (t) => {
  const { gateway, database, b, administrator, put, held } = await startArrivals(t)
  const signed = await agencySigned()
  await gateway.start()
  await arrivalOf(database, await put([{ name: 'a.pdf', bytes: altered(signed) }], B.codes[0], 'một'), 'handed-on')
  await arrivalOf(database, await put([{ name: 'a.pdf', bytes: signed }], B.codes[0], 'một'), 'handed-on')
  const [second] = (await b.mailbox()).items
  t.equal(second!.follows, null)
  const [item] = await held()
  t.match(item!.later, [{ id: second!.id, bussinessDocType: 0, createdAt: /^20\d\d-/ }], 'the person who decides sees what came meanwhile')
  await administrator.ask('POST', `/admin/held/${item!.id}/release`)
  t.same((await b.mailbox()).items.map(({ id, follows }) => [id, follows]), [[second!.id, null], [item!.id, second!.id]])
})

t.test('encrypted, broken, empty and endless files are held with the reason, and what comes behind them passes', async (t) => {
  const { gateway, b, put, held } = await startArrivals(t)
  const plain = makePdf(pagesOf('x'))
  const deep = Buffer.from(`%PDF-1.7\n1 0 obj\n${'['.repeat(100_000)}\nendobj\n`)
  const loop = makePdf({ ...pagesOf('x'), 2: '<< /Type /Pages /Kids [2 0 R] /Count 1 >>' })
  const odd = makePdf({
    ...pagesOf('x'),
    1: '<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [6 0 R] /SigFlags 3 >> >>',
    6: '<< /FT /Sig /T (a\\000b) /V 7 0 R >>',
    7: '<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /x /Name (\\000) /Reason (\\376\\377\\330\\000) /Contents <3000> /ByteRange [0 1 2 3] >>',
  })
  const bad = [odd, qpdf(plain, '--encrypt', 'u', 'o', '256', '--'), plain.subarray(0, plain.length - 40), Buffer.alloc(0), deep, loop, Buffer.from('không phải PDF')]
  for (const [index, bytes] of bad.entries()) await put([{ name: `${index}.pdf`, bytes }])
  await put([{ name: 'tốt.pdf', bytes: await agencySigned() }])
  await gateway.start()
  t.match(await until(async () => { const { items } = await b.mailbox('?state=all'); return items.some(({ pdf }) => pdf === 'valid') && items.filter(({ pdf }) => pdf === 'valid') }, { timeout: 30_000 }), [{ documentId: `văn bản ${bad.length + 1}` }])
  const codes = (await held()).map(({ reason }) => reason.files[0]!.reasons[0]!.code)
  t.same(codes.slice(0, 2), ['PDF_BYTE_RANGE', 'PDF_ENCRYPTED'])
  t.ok(codes.slice(2).every((code) => ['PDF_BROKEN', 'PDF_TOO_COMPLEX'].includes(code)), codes.join(' '))
})

t.test('a PDF that the axis wraps in a zip is judged as it was signed', async (t) => {
  const { gateway, a, b } = await startWorld(t, { simulator: { rewrite: true } })
  await gateway.start()
  await a.submit(await signedPacket(documentPacket({}, [{ name: 'Công văn.pdf', bytes: await agencySigned() }])))
  const [entry] = await some(async () => (await b.mailbox()).items)
  t.equal(entry!.pdf, 'valid')
})
