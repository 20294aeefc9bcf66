/** What a verdict rests on is kept with it, and can be shown to somebody who has no gateway. */
import t from 'tap'
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pem } from '../../certs-example/issue.ts'
import { readBlob } from '../../src/blobs/blobs.ts'
import type { WrittenStamp } from '../../src/evidence/bundle-stamps.ts'
import { writePacket } from '../../src/edxml/write.ts'
import { writeBundle } from '../../src/evidence/bundle.ts'
import { signPacket } from '../../src/signing/packet-signature.ts'
import { EXAMPLE_TRUST_DIR } from '../../src/trust/example.ts'
import { loadTrust } from '../../src/trust/store.ts'
import { isIncluded } from '../../src/trust/time/merkle.ts'
import { evidenceOf } from '../../src/trust/time/stamped.ts'
import { fingerprintOf, type SignatureVerdict } from '../../src/trust/verdict.ts'
import { PROGRAM, runAll, verify } from '../support/bundle.ts'
import { A, B, documentPacket, setupFor, signedPacket, startWorld } from '../support/gateway.ts'
import { until } from '../support/until.ts'
import { makeTsa, serveTsa } from '../trust/time/tsa.ts'
import { exampleSigner, needsXmlsec } from '../signing/world.ts'
import { needsOpenssl } from '../trust/world.ts'

const trusted = loadTrust(EXAMPLE_TRUST_DIR)

type Judged = { id: string, signature: SignatureVerdict, seal: SignatureVerdict }

/** Sends a document from A to B and gives back its arrival, judged. */
async function arrived ({ gateway, a, database }: Awaited<ReturnType<typeof startWorld>>): Promise<{ arrival: Judged, document: string }> {
  await gateway.start()
  const { id } = (await a.submit(await signedPacket())).json<{ id: string }>()
  const arrival = await until(async () => (await database.query<Judged>(`select id, signature, seal from arrival where kind = 'document' and judged_at is not null`)).rows[0])
  return { arrival, document: id }
}

t.test('of every signature that was judged, chain, CRLs, packet, policy and verdict are kept under the hashes that the verdict names', async (t) => {
  const world = await startWorld(t)
  const { arrival, document } = await arrived(world)
  const { rows: [submitted] } = await world.database.query<{ signature: SignatureVerdict }>('select signature from document where id = $1', [document])
  for (const { result, chain, revocation, policy } of [submitted!.signature, arrival.seal]) {
    t.equal(result, 'valid')
    t.equal(chain.length, 3)
    t.equal(revocation.length, 2)
    t.ok(policy.missingRevocation)
    for (const hash of [...chain.map(({ fingerprint }) => fingerprint), ...revocation.map(({ evidence }) => evidence!)]) {
      t.ok((await readBlob(world.database, Buffer.from(hash, 'hex'))).length > 100)
    }
  }
})

t.test('the evidence of an arrival gives the same verdict without a gateway, and openssl and xmlsec1 agree', { ...needsOpenssl, ...needsXmlsec }, async (t) => {
  const world = await startWorld(t)
  const { arrival } = await arrived(world)
  const folder = join(t.testdir(), 'evidence')
  t.strictSame((await writeBundle({ database: world.database, trusted, id: arrival.id, folder })).missing, [])
  t.strictSame(readdirSync(folder).toSorted(), [
    'README.txt', 'anchors', 'anchors.pem', 'crls.pem', 'intermediates', 'intermediates.pem', 'lienthong-seal.xml', 'packet.edxml', 'pdf', 'policy.json', 'revocation', 'seal-signer.pem', 'signers', 'verdict.json'])

  const { code, out } = await verify(folder)
  t.equal(code, 0)
  const again = JSON.parse(out) as { verdict: string, decidedBy: string, proofTime: object, revocation: object[], chain: object[] }
  t.match(again, { verdict: arrival.seal.result, decidedBy: 'seal' })
  t.strictSame(again.chain, arrival.seal.chain)
  t.strictSame(again.revocation, arrival.seal.revocation)
  t.strictSame({ ...again.proofTime, from: '' }, { ...arrival.seal.proofTime, from: '' })

  t.match(runAll(folder, 'openssl'), [{ status: 0, told: /seal-signer.pem: OK/ }])
  t.match(runAll(folder, 'xmlsec1'), [{ status: 0 }])

  t.equal((await verify(folder, ['--crls', '"$E/signers"'])).code, 3, 'certificates are no CRLs')
  t.equal((await verify(folder, ['--crls', '"$E/anchors/.."'])).code, 3)
})

t.test('the evidence of a document that a system signed is kept as well, by the id of the document', needsOpenssl, async (t) => {
  const world = await startWorld(t)
  const { document } = await arrived(world)
  const folder = join(t.testdir(), 'evidence')
  t.strictSame((await writeBundle({ database: world.database, trusted, id: document, folder })).missing, [])
  t.match(JSON.parse((await verify(folder)).out), { verdict: 'valid', decidedBy: 'packet-signature' })
  t.match(runAll(folder, 'openssl verify'), [{ status: 0 }])
  t.match(runAll(folder, 'xmlsec1'), [{ status: 0 }])
})

t.test('the evidence of an item is found by its id in the mailbox; what is not there is refused', async (t) => {
  const world = await startWorld(t)
  const { arrival } = await arrived(world)
  const item = await until(async () => (await world.b.mailbox()).items[0])
  const folder = join(t.testdir(), 'evidence')
  const { item: found } = await writeBundle({ database: world.database, trusted, id: item.id, folder })
  t.equal(found.id, arrival.id)
  await t.rejects(writeBundle({ database: world.database, trusted, id: item.id, folder }), { code: 'REQUEST_INVALID' }, 'nothing is written over')
  for (const id of ['x', '00000000-0000-7000-8000-000000000000']) await t.rejects(writeBundle({ database: world.database, trusted, id, folder: join(folder, 'x') }), { code: 'DOCUMENT_NOT_FOUND' })
})

t.test('the command writes the same folder, from the database that the settings name', async (t) => {
  const world = await startWorld(t)
  const { arrival } = await arrived(world)
  const { url, ownerUrl } = world.config.database as { url: string, ownerUrl: string }
  const folder = join(t.testdir(), 'evidence')
  const { promise, resolve: done } = Promise.withResolvers<{ code: number, out: string }>()
  execFile(process.execPath, [PROGRAM, 'evidence', arrival.id, '--out', folder], { env: { LIENTHONG_MODE: 'test', DATABASE_URL: url, DATABASE_OWNER_URL: ownerUrl } },
    (error, out, err) => { done({ code: error === null ? 0 : Number(error.code), out: out + err }) })
  t.match(await promise, { code: 0, out: /README\.txt/ })
  t.equal((await verify(folder)).code, 0)
})

t.test('a time-stamp on the verdict goes with the evidence, and openssl agrees with it', { ...needsOpenssl }, async (t) => {
  const tsa = makeTsa(t)
  const { url } = await serveTsa(t, tsa)
  const place = t.testdir()
  const trustDir = join(place, 'trust')
  cpSync(EXAMPLE_TRUST_DIR, trustDir, { recursive: true })
  mkdirSync(join(trustDir, 'time-stamping/anchors'), { recursive: true })
  writeFileSync(join(trustDir, 'time-stamping/anchors/root.pem'), pem('CERTIFICATE', tsa.root.certificate.raw))
  const world = await startWorld(t, { env: { TRUST_DIR: trustDir } })
  const { rows: [connection] } = await world.database.query<{ url: string }>('select base_url as url from connection')
  await world.apply({ ...setupFor(connection!.url), trust: { timeStamping: { url, everySeconds: 0.1 } } })
  const { arrival } = await arrived(world)
  await until(async () => (await evidenceOf(world.database, { kind: 'verdict', subject: arrival.id })).filter(({ evidence }) => evidence).length === 3)

  const folder = join(place, 'evidence')
  await writeBundle({ database: world.database, trusted: loadTrust(trustDir), id: arrival.id, folder })
  t.equal((await verify(folder)).code, 0)
  t.match(readFileSync(join(folder, 'README.txt'), 'utf8'), '--time-stamping "$E/time-stamping"')
  t.match(runAll(folder, 'openssl ts'), [{ status: 0, told: /Verification: OK/ }])
  const stamps = JSON.parse(readFileSync(join(folder, 'stamps/stamps.json'), 'utf8')) as WrittenStamp[]
  t.equal(stamps.length, 3, 'of the packet signature, of the seal, and of the file')
  for (const { verdict, hash, index, size, path, root } of stamps) {
    const octets = readFileSync(join(folder, 'stamps', verdict))
    t.equal(createHash('sha256').update(octets).digest('hex'), hash)
    const judged = JSON.parse(octets.toString('utf8')) as { packet: string, verdict: object }
    t.equal(judged.packet, createHash('sha256').update(readFileSync(join(folder, 'signatures' in judged.verdict ? 'pdf/1.pdf' : 'packet.edxml'))).digest('hex'))
    t.ok(isIncluded(Buffer.from(hash, 'hex'), { index, size, path: path.map((node) => Buffer.from(node, 'hex')) }, Buffer.from(root, 'hex')))
  }

  const byStamps = 'packet.edxml" --stamps "$E/stamps'
  const stamped = await verify(folder, [], byStamps)
  t.equal(stamped.code, 0, 'the authority vouches for the moment, not the gateway')
  t.match(JSON.parse(stamped.out), { verdict: 'valid', proofTime: { from: 'token', at: stamps.map(({ genTime }) => genTime).toSorted()[0], by: 'CN=signer, C=VN' } })
  t.equal((await verify(folder, ['--at', '2026-11-21'], byStamps)).code, 3, 'one moment at a time')
  for (const change of [{ index: stamps[0]!.index + 1 }, { path: ['00'.repeat(32)] }, { root: '00'.repeat(32) }, { hash: '00'.repeat(32) }, { verdict: '../packet.edxml' }]) {
    writeFileSync(join(folder, 'stamps/stamps.json'), JSON.stringify([{ ...stamps[0], ...change }]))
    t.equal((await verify(folder, [], byStamps)).code, 3, `nothing is proved by ${JSON.stringify(change)}`)
  }
  writeFileSync(join(folder, 'stamps/stamps.json'), JSON.stringify(stamps))
  writeFileSync(join(folder, 'packet.edxml'), `${readFileSync(join(folder, 'packet.edxml'), 'utf8')}\n`)
  t.equal((await verify(folder, [], byStamps)).code, 3, 'nor for another packet')
})

t.test('a stranger whose chain leads nowhere is no root of the evidence against it', async (t) => {
  const world = await startWorld(t, { systemPolicy: { packetSignature: 'ignored' } })
  await world.gateway.start()
  const packet = await signPacket(await writePacket(documentPacket()), exampleSigner('wrong-issuer', 'bad'))
  const { id } = (await world.a.submit(packet)).json<{ id: string }>()
  const folder = join(t.testdir(), 'evidence')
  await writeBundle({ database: world.database, trusted, id, folder })
  t.strictSame(readdirSync(join(folder, 'anchors')), trusted.domains.flatMap(({ anchors }) => anchors.map((anchor) => `${fingerprintOf(anchor)}.pem`)))
  const { code, out } = await verify(folder)
  t.equal(code, 1)
  t.ok((JSON.parse(out) as { reasons: { code: string }[] }).reasons.some((reason) => reason.code === 'ISSUER_UNKNOWN'))
})

t.test('what was refused can be shown as well: a signer who is not registered for the sender', async (t) => {
  const world = await startWorld(t, { policy: { packetSignature: 'required', seals: 'ignored' }, systemPolicy: { packetSignature: 'ignored' } })
  await world.gateway.start()
  const { id } = (await world.a.submit(await signedPacket(undefined, B.key))).json<{ id: string }>()
  const folder = join(t.testdir(), 'evidence')
  await writeBundle({ database: world.database, trusted, id, folder })
  t.match(JSON.parse(readFileSync(join(folder, 'verdict.json'), 'utf8')), { kind: 'document', verdict: 'invalid', sender: A.codes[0] })
  t.strictSame(readdirSync(join(folder, 'signers')), [])
  t.equal((await verify(folder)).code, 1)
})

t.test('of a document that came as metadata and files, the packets that were sent for it are the evidence', async (t) => {
  const { gateway, database, a } = await startWorld(t)
  await gateway.start()
  const { traceHeaders: _, responseForTask: __, documentId: ___, ...metadata } = documentPacket().header
  const form = new FormData()
  form.append('metadata', JSON.stringify(metadata))
  form.append('file', new Blob(['ví dụ']), 'a.txt')
  const body = new Response(form)
  const { id } = (await a.ask('POST', '/documents', Buffer.from(await body.arrayBuffer()), { 'content-type': body.headers.get('content-type')! })).json<{ id: string }>()
  const packet = await until(async () => (await database.query<{ packet: Buffer }>(`select packet from dispatch where document_id = $1 and state = 'sent'`, [id])).rows[0]?.packet)
  const folder = join(t.testdir(), 'evi dence')
  t.strictSame((await writeBundle({ database, trusted, id, folder })).missing, [])
  t.strictSame(readdirSync(join(folder, 'sent')), ['01.edxml'])
  t.equal(createHash('sha256').update(readFileSync(join(folder, 'sent/01.edxml'))).digest('hex'), packet.toString('hex'))
  t.match(readFileSync(join(folder, 'README.txt'), 'utf8'), new RegExp(`^  sent/01\\.edxml  .*${packet.toString('hex')}$`, 'm'))
  const { code, out } = await verify(folder, ['--offline', '--crls', join(EXAMPLE_TRUST_DIR, 'crls')], 'sent/01.edxml')
  t.equal(code, 0)
  t.match(JSON.parse(out), { verdict: 'valid', decidedBy: 'seal' })
})
