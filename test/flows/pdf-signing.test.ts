/** PDFs get the agency's signature on request before their document leaves, and everybody gets the same bytes. */
import t from 'tap'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { issueCrl } from '../../certs-example/revocation.ts'
import { openAlarms } from '../../src/alarms/alarms.ts'
import { fingerprintOf } from '../../src/trust/verdict.ts'
import { readPdfsig } from '../support/signed-pdf.ts'
import { makePdf, pagesOf } from '../support/pdf.ts'
import { signedByLeader, startSigning, startTsa } from '../support/pdf-signing.ts'
import { until } from '../support/until.ts'
import { needsOpenssl } from '../trust/world.ts'

const unsigned = makePdf(pagesOf('Phu luc'))
const file = (bytes: Buffer, name = 'Công văn.pdf') => ({ name, bytes })

t.test('a document is signed over the leader\'s signature, an annex at its top right, and both arrive valid', async (t) => {
  const world = await startSigning(t)
  const original = await signedByLeader()
  const before = await world.counts()
  const answer = await world.submit([file(original), file(unsigned, 'Phụ lục.pdf'), file(Buffer.from('x'), 'a.txt')], [{ file: 'Công văn.pdf', as: 'document' }, { file: 2, as: 'annex' }])
  t.equal(answer.statusCode, 202, answer.body)
  const { id } = answer.json()
  t.match(await world.view(id), { attachments: [{ signing: { state: 'waiting', wanted: 'B-B', level: null } }, { signing: { state: 'waiting' } }, { signing: null }], deliveries: [{ state: 'waiting', history: [{ kind: 'submitted' }, { kind: 'waiting', detail: { reason: '2 of its files are to be signed first' } }] }] }, 'it waits, and says for what')
  t.match((await world.a.ask('GET', `/documents/${id}/attachments/1`)).json(), { code: 'ATTACHMENT_BEING_SIGNED' })
  await world.gateway.start()

  const { item, files } = await world.arrived()
  t.match(item.attachments.map(({ pdf }) => pdf), [
    { result: 'valid', signatures: [{ result: 'valid', speaksForSender: false }, { result: 'valid', speaksForSender: true, level: 'B-B', appearance: { page: 1 }, coversWholeFile: true }] },
    { result: 'valid', signatures: [{ result: 'valid', speaksForSender: true, appearance: { page: 1 } }] }, null,
  ])
  t.match(item.seal, { result: 'valid' }, 'the seal speaks of the files as they arrive')
  const [leader, agency] = item.attachments[0]!.pdf!.signatures.map(({ appearance }) => appearance!.rect)
  t.ok(agency![0] < leader![2] && agency![2] > leader![0] && agency![0] < leader![0], 'the seal lies over the leader\'s signature, on its left')
  t.ok(item.attachments[1]!.pdf!.signatures[0]!.appearance!.rect[2] > 500, 'the annex is signed at the top right')

  const document = await world.view(id)
  t.match(document.attachments, [
    { sha256: /./, pdf: { result: 'valid' }, signing: { as: 'document', state: 'finished', level: 'B-B', wanted: 'B-B', reason: null, pdf: { result: 'valid' } } },
    { pdf: { standing: 'unsigned' }, signing: { as: 'annex', state: 'finished', pdf: { standing: 'valid', signatures: [{ shown: [{ name: 'verdict' }] }] } } },
    { pdf: null, signing: null },
  ])
  t.match(document.deliveries[0]!.history.map(({ kind }) => kind), ['submitted', 'waiting', 'file-signed'])
  for (const number of [1, 2]) t.ok((await world.a.ask('GET', `/documents/${id}/attachments/${number}`)).rawPayload.equals(files[number - 1]!), 'the system gets what was sent, for its archive')
  t.equal((await world.b.ask('GET', `/documents/${id}/attachments/1`)).statusCode, 404, 'nobody else does')
  t.ok(files[0]!.subarray(0, original.length).equals(original), 'not one byte of the leader\'s revision is changed')
  for (const signed of files.slice(0, 2)) {
    const path = join(t.testdir(), 'signed.pdf')
    writeFileSync(path, signed)
    const said = readPdfsig(spawnSync('pdfsig', ['-nocert', path], { encoding: 'utf8' }).stdout)
    t.ok(said.length > 0 && said.every(({ integrity }) => integrity === 'Signature is Valid.'), 'pdfsig finds every signature valid')
    t.equal(said.at(-1)?.total, true)
  }
  t.equal((await world.counts())['signings'], before['signings']! + 2)
})

t.test('the same document submitted again is the same, signed once; asked to be signed otherwise it is refused', async (t) => {
  const world = await startSigning(t)
  await world.gateway.start()
  const original = await signedByLeader()
  const sign = [{ file: 1, as: 'document', level: 'B-B' }]
  const { id } = (await world.submit([file(original)], sign)).json()
  await world.arrived()
  const [before] = (await world.view(id)).attachments
  t.equal((await world.submit([file(original)], sign)).json().id, id)
  t.match((await world.submit([file(original)])).json(), { code: 'PDF_SIGN_DIFFERS', status: 409 })
  t.match((await world.submit([file(original)], [{ file: 1, as: 'annex' }])).json(), { code: 'PDF_SIGN_DIFFERS' })
  t.strictSame((await world.view(id)).attachments[0], before)
})

t.test('a packet has its files signed too, by the query', async (t) => {
  const world = await startSigning(t)
  await world.gateway.start()
  const answer = await world.submitPacket([file(unsigned)], [{ file: 1, as: 'copy', form: 'SAO Y' }])
  t.equal(answer.statusCode, 202, answer.body)
  const { item } = await world.arrived()
  t.match(item.attachments, [{ pdf: { result: 'valid', signatures: [{ speaksForSender: true }] } }])
  t.match(item.seal, { result: 'valid' })
  const path = join(t.testdir(), 'signed.pdf')
  writeFileSync(path, (await world.arrived()).files[0]!)
  t.match(spawnSync('pdftotext', [path, '-'], { encoding: 'utf8' }).stdout, /SAO Y[^]*Văn phòng UBND tỉnh Ví Dụ/)
})

t.test('what cannot be signed is refused at submit, naming the entry, and nothing is stored', async (t) => {
  const world = await startSigning(t)
  const before = await world.counts()
  const leader = await signedByLeader()
  const cases: [{ name: string, bytes: Buffer }[], { file: number | string, as: string, [more: string]: unknown }[], object][] = [
    [[file(leader)], [{ file: 2, as: 'annex' }], { code: 'PDF_SIGN_FILE', field: 'sign[1].file' }],
    [[file(leader)], [{ file: 'khác.pdf', as: 'annex' }], { code: 'PDF_SIGN_FILE', field: 'sign[1].file' }],
    [[file(leader)], [{ file: 1, as: 'annex' }, { file: 'Công văn.pdf', as: 'document' }], { code: 'PDF_SIGN_FILE', field: 'sign[2].file' }],
    [[file(Buffer.from('x'), 'a.txt')], [{ file: 1, as: 'annex' }], { code: 'PDF_SIGN_FILE', field: 'sign[1].file' }],
    [[file(unsigned)], [{ file: 1, as: 'document' }], { code: 'PDF_SIGN_PLACE', field: 'sign[1].at' }],
    [[file(unsigned)], [{ file: 1, as: 'document', at: { page: 2, left: 100, bottom: 100 } }], { code: 'PDF_SIGN_PLACE', field: 'sign[1].at' }],
    [[file(leader)], [{ file: 1, as: 'document', level: 'B-T' }], { code: 'PDF_SIGN_LEVEL', field: 'sign[1].level' }],
    [[file(leader)], [{ file: 1, as: 'annex', form: 'SAO Y' }], { code: 'REQUEST_INVALID', field: 'sign[1].form' }],
    [[file(leader)], [{ file: 1, as: 'copy' }], { code: 'REQUEST_INVALID', field: 'sign[1].form' }],
    [[file(leader)], [{ file: 1, as: 'stamp' }], { code: 'REQUEST_INVALID', field: 'metadata.sign[1].as', detail: 'must be one of document, annex, copy' }],
    [[file(leader)], [{ file: 1, as: 'copy', form: 'SAO CHƠI' }], { code: 'REQUEST_INVALID', field: 'metadata.sign[1].form', detail: 'must be one of SAO Y, SAO LỤC, TRÍCH SAO' }],
    [[file(leader)], [{ file: 1, as: 'annex', stamp: 1 }], { code: 'REQUEST_INVALID', field: 'metadata.sign[1].stamp', detail: 'there is no such field' }],
    [[file(leader.subarray(0, -200))], [{ file: 1, as: 'document' }], { code: 'ATTACHMENT_PDF_INVALID', field: 'Attachment[1]' }],
  ]
  for (const [files, sign, expected] of cases) t.match((await world.submit(files, sign)).json(), expected)
  t.match((await world.submitPacket([file(leader)], [{ file: 1, as: 'stamp' }])).json(), { code: 'REQUEST_INVALID', field: 'query.sign[1].as', detail: 'must be one of document, annex, copy' })
  t.strictSame(await world.counts(), before)
})

t.test('what a signature adds counts for the size of the packet, and no more than that', async (t) => {
  const world = await startSigning(t, { env: { MAX_PACKET_MB: '4' } })
  const before = await world.counts()
  const objects = pagesOf('Trang')
  const heavy = makePdf({ ...objects, 4: String(objects[4]).replace('/Contents', `/Big (${'x'.repeat(2_000_000)}) /Contents`) })
  t.match((await world.submit([file(heavy)], [{ file: 1, as: 'annex' }])).json(), { code: 'PACKET_TOO_LARGE', field: 'Attachment' }, 'its page is written once more')
  t.strictSame(await world.counts(), before)
  t.equal((await world.submit([file(heavy)])).statusCode, 202)
  const annexes = Array.from({ length: 12 }, (_, index) => file(unsigned, `Phụ lục ${index}.pdf`))
  t.equal((await world.submit(annexes, annexes.map((_, index) => ({ file: index + 1, as: 'annex' })))).statusCode, 202, 'many files to be signed')
})

t.test('a time-stamp that comes late is put into place, and the document has waited for it', needsOpenssl, async (t) => {
  const authority = await startTsa(t)
  const world = await startSigning(t, { authority })
  const { promise: patience, resolve: release } = Promise.withResolvers<void>()
  authority.server.answering = async (query, response, request) => { await patience; await authority.server.honest(query, response, request) }
  await world.gateway.start()
  const { id } = (await world.submit([file(await signedByLeader())], [{ file: 1, as: 'document' }])).json()
  await until(() => authority.server.queries.length > 0)
  t.match(await world.view(id), { attachments: [{ signing: { state: 'signed', level: 'B-B', wanted: 'B-T' } }], deliveries: [{ state: 'waiting' }] })
  t.equal((await world.database.query('select from attempt')).rowCount, 0, 'nothing has left')
  release()
  const { item } = await world.arrived()
  t.match(item.attachments[0]!.pdf, { result: 'valid', signatures: [{}, { level: 'B-T', proofTime: { from: 'token', by: 'CN=signer, C=VN' } }] })
  t.match((await world.view(id)).attachments[0]!.signing, { state: 'finished', level: 'B-T', reason: null })
})

t.test('when the authority is away for too long, the document goes with what it has, and a person hears of it', needsOpenssl, async (t) => {
  const authority = await startTsa(t)
  authority.server.answering = (_, response) => { response.writeHead(503).end() }
  const world = await startSigning(t, { authority, systemPolicy: { levelMinutes: 0.02 } })
  await world.gateway.start()
  const { id } = (await world.submit([file(await signedByLeader()), file(unsigned, 'Phụ lục.pdf')], [{ file: 1, as: 'document' }, { file: 2, as: 'annex' }])).json()
  const { item } = await world.arrived()
  t.match(item.attachments.map(({ pdf }) => pdf), [{ result: 'valid', signatures: [{}, { level: 'B-B' }] }, { signatures: [{ level: 'B-B' }] }])
  const document = await world.view(id)
  t.match(document.attachments[0]!.signing, { state: 'finished', level: 'B-B', wanted: 'B-T', reason: 'no time-stamp: HTTP 503' })
  t.match(document.deliveries[0]!.history.filter(({ kind }) => kind === 'file-ready'), [{ detail: { level: 'B-B', wanted: 'B-T', reason: /503/ } }, {}])
  t.ok((await openAlarms(world.database)).some(({ kind }) => kind === 'pdf-signing.level'))
  authority.server.answering = authority.server.honest
  await world.apply({ systems: world.setup.systems.map((system) => ({ ...system, policy: { levelMinutes: 10 } })) })
  t.equal((await world.submit([file(unsigned)], [{ file: 1, as: 'annex' }])).statusCode, 202)
  t.match((await world.arrived(2)).item.attachments[0]!.pdf, { signatures: [{ level: 'B-T' }] })
  t.notOk((await openAlarms(world.database)).some(({ kind }) => kind === 'pdf-signing.level'), 'which is over when tokens come again')
})

t.test('revocation data is added when the answers on signer and authority are known, and missed for no longer than its time', needsOpenssl, async (t) => {
  const authority = await startTsa(t)
  const sign = [{ file: 1, as: 'annex', level: 'B-LT' }]
  const without = await startSigning(t, { authority, systemPolicy: { levelMinutes: 0.02 } })
  await without.gateway.start()
  const { id } = (await without.submit([file(unsigned)], sign)).json()
  t.match((await without.arrived()).item.attachments[0]!.pdf, { result: 'valid', signatures: [{ level: 'B-T' }] })
  t.match((await without.view(id)).attachments[0]!.signing, { level: 'B-T', wanted: 'B-LT', reason: /^no answer on the revocation/ })
  t.strictSame((await openAlarms(without.database)).filter(({ kind }) => kind === 'pdf-signing.level'), [], 'it has its time-stamp')

  const span = { thisUpdate: new Date(Date.now() - 3_600_000), nextUpdate: new Date(Date.now() + 40 * 24 * 3_600_000) }
  for (const issuer of [authority.tsa.root, authority.tsa.sub]) writeFileSync(join(authority.folder, `crls/${fingerprintOf(issuer.certificate)}.crl`), issueCrl({ issuer, ...span }))
  const world = await startSigning(t, { authority })
  await world.gateway.start()
  const signed = (await world.submit([file(unsigned)], sign)).json()
  const { item } = await world.arrived()
  t.match(item.attachments[0]!.pdf, { result: 'valid', signatures: [{ level: 'B-LT', later: [{ kind: 'validation-data', permitted: true }] }] })
  t.match((await world.view(signed.id)).attachments[0]!.signing, { level: 'B-LT', reason: null })
})
