/** The command as a person runs it: a process, its exit code, and what it says. */
import t from 'tap'
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pem } from '../../certs-example/issue.ts'
import { writePacket } from '../../src/edxml/write.ts'
import { signPacket } from '../../src/signing/packet-signature.ts'
import { NOW, documentPacket, exampleFiles, exampleSigner, needsXmlsec, sender, signatureTemplate, trust, xmlsecAccepts, xmlsecSigns } from '../signing/world.ts'
import { packetWith, stamped } from '../signing/xml-world.ts'
import { STORE, TSA } from '../trust/time/reasons.ts'
import { writeToken } from '../trust/time/tokens.ts'
import { needsOpenssl, opensslAccepts } from '../trust/world.ts'

const PROGRAM = resolve(import.meta.dirname, '../../src/cli/lienthong.ts')
const EXAMPLE = resolve(import.meta.dirname, '../../certs-example/trust')
/** Roots of the example PKI, and what its CAs say of their certificates. */
const WITH_EXAMPLE = ['--anchors', join(EXAMPLE, 'anchors'), '--intermediates', join(EXAMPLE, 'intermediates'), '--crls', join(EXAMPLE, 'crls'), '--offline']

type Answer = { kind: string | null, verdict: string | null, reasons: { code: string }[] } & Record<string, unknown>

/** Runs `lienthong verify`, in an environment that says nothing of trust unless the test does. */
function verify (args: string[], env: Record<string, string> = {}): Promise<{ code: number, out: string, err: string }> {
  return new Promise((done) => {
    execFile(process.execPath, [PROGRAM, 'verify', ...args], { env, timeout: 60_000 }, (error, out, err) => { done({ code: error === null ? 0 : Number(error.code), out, err }) })
  })
}

/** The same with --json: the exit code, and what the JSON says, in a line. */
async function told (args: string[]): Promise<string> {
  const { code, out } = await verify([...args, ...WITH_EXAMPLE, '--json'])
  const { kind, verdict, reasons } = JSON.parse(out) as Answer
  return [code, kind, verdict, ...reasons.map((reason) => reason.code).filter((name) => !/EXAMPLE|NOT_COMPARED/.test(name))].join(' ')
}

const folder = t.testdir()
/** Writes a file of the test's, and gives its path. */
function file (name: string, content: Uint8Array | string): string {
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}

const signed = await signPacket(await writePacket(documentPacket()), sender)
const packet = file('packet.edxml', signed)

t.test('a signed packet: 0, and xmlsec1 agrees; changed by one character: 1, and xmlsec1 agrees', needsXmlsec, async (t) => {
  t.equal(await told([packet]), '0 packet valid')
  t.ok(xmlsecAccepts(signed))
  const changed = signed.toString('utf8').replace('15</', '16</')
  t.equal(await told([file('changed.edxml', changed)]), '1 packet invalid CONTENT_CHANGED')
  t.notOk(xmlsecAccepts(changed))
})

t.test('a packet that nobody signed: 2', async (t) => {
  t.equal(await told([file('unsigned.edxml', signed.toString('utf8').replace(/<Signature xmlns[^]*?<\/Signature>/, ''))]), '2 packet indeterminate SIGNATURE_ABSENT')
})

t.test('an XML signature of another document, made by xmlsec1: 0; with a wrong value: 1', needsXmlsec, async (t) => {
  const made = xmlsecSigns(`<don><ten>Vi Du</ten>${signatureTemplate()}</don>`)
  t.equal(await told([file('don.xml', made)]), '0 xml-signature valid')
  t.equal(await told([file('don-sai.xml', made.replace('Vi Du', 'Vi Du 2'))]), '1 xml-signature invalid CONTENT_CHANGED')
})

t.test('a certificate: as openssl says', needsOpenssl, async (t) => {
  const [store] = trust.domains as [typeof trust.domains[number]]
  for (const [name, part, expected] of [['so-noi-vu-vi-du', 'organisations', '0 certificate valid'], ['expired', 'bad', '1 certificate invalid CERTIFICATE_EXPIRED']] as const) {
    t.equal(await told([exampleFiles(name, part).certificates]), expected)
    t.equal(await told([file(`${name}.der`, exampleSigner(name, part).certificate.raw)]), expected)
    t.equal(opensslAccepts(exampleSigner(name, part).certificate.raw, store, NOW), expected.startsWith('0'))
  }
})

t.test('a certificate with the CAs above it is one file; two signers\' certificates in a file are none that one verdict could speak of: 3', async (t) => {
  const [one, other] = ['so-noi-vu-vi-du', 'so-tai-chinh-vi-du'].map((name) => pem('CERTIFICATE', exampleSigner(name).certificate.raw))
  const cas = trust.domains.flatMap(({ intermediates }) => intermediates).map(({ raw }) => pem('CERTIFICATE', raw)).join('')
  t.equal(await told([file('with-cas.pem', cas + one + one)]), '0 certificate valid')
  const { code, err } = await verify([file('two.pem', one + cas + other), ...WITH_EXAMPLE])
  t.equal(code, 3)
  t.match(err, /FILE_AMBIGUOUS: .* · .*one at a time/)
})

t.test('--at is Vietnamese time unless it names a zone', async (t) => {
  for (const at of ['2026-11-20T15:30', '2026-11-20T08:30Z', '2026-11-20T15:30:00+07:00']) {
    t.match((await verify([packet, ...WITH_EXAMPLE, '--at', at], { TZ: 'America/New_York' })).out, /proof time: 2026-11-20T15:30:00\+07:00/, at)
  }
  t.equal((await verify([packet, ...WITH_EXAMPLE, '--at', '2026-02-30'])).code, 3)
})

t.test('a revoked certificate: 1, by the CRL that says so; without an answer on revocation: 2, with a warning', async (t) => {
  const revoked = exampleFiles('revoked', 'bad').certificates
  t.equal(await told([revoked]), '1 certificate invalid CERTIFICATE_REVOKED')
  t.equal(await told([revoked, '--at', '2025-05-31T00:00:00Z']), '0 certificate valid CERTIFICATE_REVOKED_LATER', 'revoked later is not revoked then')
  const { code, out } = await verify([packet, ...WITH_EXAMPLE.slice(0, 4)])
  t.equal(code, 2)
  t.match(out, /WARNING: no answer that counts/)
  t.match(out, /REVOCATION_UNKNOWN: /)
})

t.test('what is no file to be judged: 3, whatever it is', async (t) => {
  mkdirSync(join(folder, 'folder'))
  const files = {
    'absent.edxml': 'FILE_UNREADABLE', folder: 'FILE_UNREADABLE', 'empty.xml': 'FILE_UNKNOWN', 'cut.edxml': 'PACKET_NOT_XML', 'bomb.xml': 'PACKET_DOCTYPE',
  }
  file('empty.xml', '')
  file('cut.edxml', signed.subarray(0, 2000))
  file('bomb.xml', '<!DOCTYPE a [<!ENTITY b "bbbbbbbb"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><a>&c;</a>')
  for (const [name, code] of Object.entries(files)) {
    const { code: exit, out, err } = await verify([join(folder, name), ...WITH_EXAMPLE, '--json'])
    t.equal(exit, 3)
    t.match(JSON.parse(out), { kind: null, verdict: null, reasons: [{ code }] })
    t.match(err, code)
  }
})

t.test('a file larger than MAX_PACKET_MB is not read: 3', async (t) => {
  const { code, err } = await verify([file('large.edxml', Buffer.alloc(2 * 1024 * 1024, '<')), ...WITH_EXAMPLE], { MAX_PACKET_MB: '1' })
  t.equal(code, 3)
  t.match(err, 'more than 1048576 bytes')
})

t.test('no fault of the options looks like a verdict', async (t) => {
  const roots = file('not-a-root.pem', 'x')
  for (const args of [[], [packet, '--anchor', '.'], [packet, packet], [packet, '--at', 'soon', ...WITH_EXAMPLE], [packet], [packet, '--anchors', join(roots, 'x')], [packet, ...WITH_EXAMPLE, '--policy', roots]]) {
    const { code, out, err } = await verify(args)
    t.equal(code, 3, args.join(' '))
    t.equal(out, '')
    t.not(err, '')
  }
})

t.test('in production the roots must be named, and the example PKI is believed only when somebody names it', async (t) => {
  t.match((await verify([packet])).err, 'TRUST_DIR is required in production')
  t.match(await verify([packet], { TRUST_DIR: EXAMPLE }), { code: 3, err: /example certificates must not be used/ })
  t.equal((await verify([packet], { LIENTHONG_MODE: 'demo' })).code, 0)
})

t.test('only a registered signer speaks for the sender', async (t) => {
  const registered = (name: string) => {
    mkdirSync(join(folder, name))
    writeFileSync(join(folder, name, 'signer.der'), exampleSigner(name).certificate.raw)
    return ['--signers', join(folder, name)]
  }
  t.equal(await told([packet, ...registered('so-noi-vu-vi-du')]), '0 packet valid')
  t.equal(await told([packet, ...registered('so-tai-chinh-vi-du')]), '1 packet invalid SIGNER_UNKNOWN')
})

t.test('a time-stamp in the signature proves its time, once its authority is trusted', async (t) => {
  const path = file('stamped.edxml', await packetWith((value) => stamped(writeToken(TSA, { hash: createHash('sha256').update(value).digest() }))))
  mkdirSync(join(folder, 'tsa'))
  STORE.anchors.forEach(({ raw }, index) => writeFileSync(join(folder, 'tsa', `${index}.der`), raw))
  t.equal(await told([path]), '2 packet indeterminate TSA_UNKNOWN')
  t.equal(await told([path, '--time-stamping', join(folder, 'tsa')]), '0 packet valid')
  t.equal(await told([path, '--time-stamping', join(folder, 'tsa'), '--at', '2026-05-31']), '0 packet valid TOKEN_LATER', 'it does not prove an earlier moment')
  t.match((await verify([path, ...WITH_EXAMPLE, '--time-stamping', join(folder, 'tsa'), '--at', '2026-05-31'])).out, /proof time: 2026-05-31T00:00:00\+07:00; chỉ theo lời khai[^]*TOKEN_LATER: .*\(2026-06-01T00:00:00\.000Z\)/)
  t.match((await verify([path, ...WITH_EXAMPLE, '--time-stamping', join(folder, 'tsa')])).out, /proof time: 2026-06-01T07:00:00\+07:00; dấu thời gian chứng thực · a time-stamp token vouches for it: CN=signer/)
})

t.test('the report tells people what TT 15/2025, art. 6, asks for, Vietnamese first', async (t) => {
  const { code, out } = await verify([packet, ...WITH_EXAMPLE, '--at', NOW.toISOString()])
  t.equal(code, 0)
  for (const line of [
    /^KẾT LUẬN · VERDICT: HỢP LỆ · VALID$/m, /Chủ thể · subject: CN=SỞ NỘI VỤ TỈNH VÍ DỤ, /, /Cơ quan quản lý · managing unit: UBND TỈNH VÍ DỤ/, /Tổ chức cấp · issuer: CN=CA phục vụ /,
    /Thời hạn · validity period: 2025-01-01T/, /Hiệu lực tại thời điểm đó · valid at that time: còn hạn/, /proof time: 2026-11-20T15:30:00\+07:00; chỉ theo lời khai/, /Tính toàn vẹn · integrity: nguyên vẹn/,
    /Thu hồi · revocation: /, /SIGNER_NOT_COMPARED: .*\[TT 15\/2025\/TT-BKHCN, appendix II\]/,
  ]) t.match(out, line)
})

t.test('the JSON names everything that a court may ask for', async (t) => {
  const answer = JSON.parse((await verify([packet, ...WITH_EXAMPLE, '--json'])).out) as Answer
  t.match(answer, {
    kind: 'packet', verdict: 'valid', decidedBy: 'packet-signature', signer: { subject: /SỞ NỘI VỤ/ }, chain: [{ fingerprint: /^[0-9a-f]{64}$/ }, {}, {}], proofTime: { from: 'receipt' },
    signatures: { packetSignature: { verdict: 'valid' }, seal: null }, sender: { organId: 'H99.04' }, policy: { missingRevocation: 'wait' },
  })
  t.ok(Array.isArray(answer['revocation']) && Array.isArray(answer.reasons))
})
