/** `lienthong verify FILE.pdf` as a person runs it: a process, its exit code, and what it says. */
import t from 'tap'
import { execFile } from 'node:child_process'
import { truncateSync, mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pem, type Issued } from '../../certs-example/issue.ts'
import { issueCrl } from '../../certs-example/revocation.ts'
import { startCa } from '../support/ca.ts'
import { flate, makePdf, pagesOf, qpdf, updateOf, writeLargePdf } from '../support/pdf.ts'
import { makeNss, makePdfPki, needsPrograms } from '../support/signed-pdf.ts'
import { signedPdf } from '../pdf/judge-world.ts'
import { writeMessage } from '../trust/cms/messages.ts'
import { makeLeaf } from '../trust/world.ts'

const PROGRAM = resolve(import.meta.dirname, '../../src/cli/lienthong.ts')
const pki = makePdfPki()
const folder = t.testdir({ anchors: {}, intermediates: {}, crls: {}, tsa: {}, none: {} })

/** Writes a file of the test's, and gives its path. */
function file (name: string, content: Uint8Array | string): string {
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}

file('anchors/root.der', pki.root.certificate.raw)
file('intermediates/sub.der', pki.sub.certificate.raw)
file('tsa/root.der', pki.tsaRoot.certificate.raw)
pki.crls.forEach((crl, index) => file(`crls/${index}.crl`, crl))
const TRUST = ['--anchors', join(folder, 'anchors'), '--intermediates', join(folder, 'intermediates'), '--crls', join(folder, 'crls'), '--time-stamping', join(folder, 'tsa'), '--offline']

type Answer = { kind: string | null, verdict: string | null, reasons: { code: string }[], signatures?: Record<string, unknown>[] } & Record<string, unknown>

/** Runs `lienthong verify`, in an environment that says nothing of trust unless the test does. */
function verify (args: string[], env: Record<string, string> = {}): Promise<{ code: number, out: string, err: string }> {
  return new Promise((done) => {
    execFile(process.execPath, [PROGRAM, 'verify', ...args], { env, timeout: 60_000 }, (error, out, err) => { done({ code: error === null ? 0 : Number(error.code), out, err }) })
  })
}

/** The same with --json: the exit code, and what the JSON says, in a line. */
async function told (args: string[]): Promise<string> {
  const { code, out } = await verify([...args, ...TRUST, '--json'])
  const { kind, verdict, reasons } = JSON.parse(out) as Answer
  return [code, kind, verdict, ...reasons.map((reason) => reason.code).filter((name) => !/EXAMPLE|NOT_COMPARED/.test(name))].join(' ')
}

const signedBy = (signer: Issued, base = makePdf(pagesOf('Quyet dinh'))): Buffer => signedPdf((content) => writeMessage(signer, { content }), { base })
const signed = file('signed.pdf', signedBy(pki.leader))

t.test('a signed PDF: 0; changed: 1; unsigned: 2, whatever it is called', async (t) => {
  t.equal(await told([signed]), '0 pdf valid')
  t.equal(await told([file('signed.xml', signedBy(pki.leader))]), '0 pdf valid')
  const bytes = signedBy(pki.leader)
  bytes[bytes.indexOf('Quyet')] = 0x71
  t.equal(await told([file('changed.pdf', bytes)]), '1 pdf invalid CMS_CONTENT_CHANGED')
  t.equal(await told([file('shadowed.pdf', updateOf(signedBy(pki.leader), { 5: flate('BT (Khac) Tj ET') }))]), '1 pdf invalid PDF_CHANGED_AFTER_SIGNING')
  t.equal(await told([file('stranger.pdf', signedBy(pki.stranger))]), '1 pdf invalid ISSUER_UNKNOWN')
  t.equal(await told([file('unsigned.pdf', makePdf())]), '2 pdf indeterminate PDF_UNSIGNED')
})

t.test('what cannot be read as a PDF has a verdict of its own: 2, and no crash', async (t) => {
  t.equal(await told([file('cut.pdf', signedBy(pki.leader).subarray(0, 3000))]), '2 pdf indeterminate PDF_BROKEN')
  t.equal(await told([file('junk.pdf', Buffer.concat([Buffer.from('junk'), makePdf()]))]), '2 pdf indeterminate PDF_BROKEN')
  t.equal(await told([file('nested.pdf', makePdf({ ...pagesOf('x'), 2: `<< /Type /Pages /X ${'['.repeat(100_000)}` }))]), '2 pdf indeterminate PDF_TOO_COMPLEX')
  t.match(await verify([file('none.pdf', 'nothing'), ...TRUST]), { code: 3, err: /FILE_UNKNOWN/ }, 'a file that only is called so is none')
  t.match(await verify([join(folder, 'absent.pdf'), ...TRUST]), { code: 3, err: /FILE_UNREADABLE/ })
})

t.test('an encrypted PDF: 2', needsPrograms('qpdf'), async (t) => {
  t.equal(await told([file('encrypted.pdf', qpdf(makePdf(), '--encrypt', '', 'owner', '256', '--'))]), '2 pdf indeterminate PDF_ENCRYPTED')
})

t.test('the report shows of each signature what TT 15/2025, art. 6, asks for, Vietnamese first', needsPrograms('pdfsig', 'certutil'), async (t) => {
  const nss = makeNss(t, pki)
  const both = file('both.pdf', nss.sign(nss.sign(makePdf(), { field: 'Leader', reason: 'Phê duyệt \u202e' }), { nick: 'agency', field: 'Agency' }))
  const { code, out } = await verify([both, ...TRUST])
  t.equal(code, 0)
  for (const line of [
    /^KẾT LUẬN · VERDICT: HỢP LỆ · VALID$/m, /^Số trang · pages: 1; phiên bản · revisions: 3; chữ ký · signatures: 2$/m,
    /^Chữ ký · signature "Leader": HỢP LỆ · VALID$/m, /Phần được ký · what it covers: phiên bản 2 của tệp · revision 2 of the file/, /Chủ thể chứng thư số · Subject: CN=Nguyễn Văn Minh, /,
    /Đơn vị quản lý · Managing unit: UBND tỉnh thử nghiệm/, /Tổ chức cấp chứng thư số · Issuer: CN=CA thử nghiệm phục vụ/, /Thời gian ký · Signing time: \d{4}-\d\d-\d\dT[\d:]+\+07:00, theo người ký/,
    /Dấu thời gian · Time-stamp: Không có · None/, /Tính toàn vẹn · Integrity: Toàn vẹn/, /Hiệu lực của chứng thư số tại thời điểm ký · [^:]*: Có hiệu lực/, /Thời hạn của chứng thư số · Validity period: 2020-01-01T/,
    /Lý do ký · reason: Phê duyệt \ufffd$/m, /phiên bản · revision 3: chữ ký khác · another signature \(.*\): được phép · permitted/, /Thu hồi · revocation: CN=Nguyễn Văn Minh.*không bị thu hồi · not revoked.*CRL/,
    /^Chữ ký · signature "Agency": HỢP LỆ · VALID$/m, /what it covers: toàn bộ tệp · the whole file/, /SIGNER_NOT_COMPARED: /,
  ]) t.match(out, line)
  t.match(JSON.parse((await verify([both, ...TRUST, '--json'])).out), {
    kind: 'pdf', verdict: 'valid', pages: 1, revisions: 3, signatures: [
      { field: 'Leader', kind: 'signature', verdict: 'valid', subFilter: 'adbe.pkcs7.detached', revision: 2, coversWholeFile: false, signer: { fingerprint: /^[0-9a-f]{64}$/ }, later: [{ kind: 'signature', permitted: true }], shown: [{ name: 'verdict', value: { vi: /^Hợp lệ/ } }, {}, {}, {}, {}, {}, {}, {}, {}], chain: [{}, {}, {}], revocation: [{ status: 'good' }, {}] },
      { field: 'Agency', coversWholeFile: true, later: [] },
    ],
  })
})

t.test('only a registered signer speaks for the sender', async (t) => {
  const registered = (name: string, signer: Issued) => {
    mkdirSync(join(folder, name))
    file(`${name}/signer.pem`, pem('CERTIFICATE', signer.certificate.raw))
    return ['--signers', join(folder, name)]
  }
  t.equal(await told([signed, ...registered('leaders', pki.leader)]), '0 pdf valid')
  t.equal(await told([signed, ...registered('agencies', pki.agency)]), '1 pdf invalid SIGNER_UNKNOWN')
})

t.test('--at judges for that moment; without an answer on revocation: 2; stamps are those of packets', async (t) => {
  t.match(await told([signed, '--at', '2060-01-01']), /^1 pdf invalid CERTIFICATE_EXPIRED/)
  t.match(await told([signed, '--at', '2019-01-01']), /^1 pdf invalid CERTIFICATE_NOT_YET_VALID/)
  t.match(await verify([signed, ...TRUST, '--at', '2026-11-22T08:00']), { out: /judged for 2026-11-22T08:00:00\+07:00, on somebody's word alone/ })
  t.match((await verify([signed, ...TRUST.slice(0, 4), '--offline', '--json'])), { code: 2, out: /REVOCATION_UNKNOWN/ })
  t.match(await verify([signed, ...TRUST, '--stamps', folder]), { code: 3, err: /--stamps are those of a packet/ })
})

t.test('what was good when it claims to be signed, and is so no more, is indeterminate: nobody vouches for the claim', async (t) => {
  const ended = makeLeaf(pki.sub, { name: { CN: 'Nguyễn Văn Cũ' }, notBefore: new Date('2024-01-01'), notAfter: new Date('2026-01-01') })
  // Newer lists leave out what has ended
  file('crls/then.crl', issueCrl({ issuer: pki.sub, thisUpdate: new Date('2025-06-02'), nextUpdate: new Date('2025-07-02') }))
  const entries = (time: string) => `/Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /M (D:${time}Z)`
  const claiming = (time: string) => file('claiming.pdf', signedPdf((content) => writeMessage(ended, { content }), { entries: entries(time) }))
  t.equal(await told([claiming('20250601000000')]), '2 pdf indeterminate TIME_UNPROVED')
  t.equal(await told([claiming('20260601000000')]), '1 pdf invalid CERTIFICATE_EXPIRED')
})

t.test('what is missing on revocation is asked at allowed hosts', async (t) => {
  const ca = await startCa(t)
  const leaf = ca.issue()
  const path = file('online.pdf', signedBy(leaf))
  const policy = (settings: object) => ['--policy', file('policy.json', JSON.stringify(settings))]
  const run = async (settings: object, more: string[] = []) => {
    const { code, out } = await verify([path, '--json', ...policy(settings), ...more], { LIENTHONG_MODE: 'test', TRUST_DIR: ca.trustDir })
    return `${code} ${(JSON.parse(out) as Answer).verdict}`
  }
  t.equal(await run(ca.settings(), ['--offline']), '2 indeterminate')
  t.strictSame(ca.asked, [])
  t.equal(await run({ ...ca.settings(), revocationHosts: [] }), '2 indeterminate')
  t.equal(await run(ca.settings()), '0 valid')
  ca.revoke(leaf)
  ca.publish()
  t.equal(await run(ca.settings()), '1 invalid')
})

t.test('a file much larger than a packet may be is read in pieces', async (t) => {
  const path = join(folder, 'large.pdf')
  writeLargePdf(path, { pages: 200, bytes: 8 * 1024 * 1024 })
  const { code, out } = await verify([path, ...TRUST], { MAX_PACKET_MB: '1' })
  t.equal(code, 2)
  t.match(out, /pages: 200; .*\nPDF_UNSIGNED/)
  truncateSync(path, 300 * 1024 * 1024)
  t.match(await verify([path, ...TRUST], { MAX_PACKET_MB: '1' }), { code: 2, out: /PDF_BROKEN/ })
})
