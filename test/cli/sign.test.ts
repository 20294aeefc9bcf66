/** The command as a person runs it: a process, its exit code, what it says, and what it leaves behind. */
import t from 'tap'
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pem, type Issued } from '../../certs-example/issue.ts'
import { issueCrl } from '../../certs-example/revocation.ts'
import { judge, leader, pki, SEAL_IMAGE, SIGNATURE_IMAGE, workers } from '../pdf/sign/world.ts'
import { signPdf } from '../../src/pdf/sign/sign.ts'
import { officialPdf } from '../support/official-pdf.ts'
import { makePdf, pagesOf } from '../support/pdf.ts'
import { p12Of, P12_PASSWORD } from '../support/signed-pdf.ts'
import { makeTsa, serveTsa } from '../trust/time/tsa.ts'
import { keyPemOf } from '../trust/world.ts'

const PROGRAM = resolve(import.meta.dirname, '../../src/cli/lienthong.ts')
const folder = t.testdir()
const LEADER_RECT = [346, 300, 487, 356] as const

function sign (args: string[], env: Record<string, string> = { LIENTHONG_MODE: 'demo' }): Promise<{ code: number, out: string, err: string }> {
  return new Promise((done) => {
    execFile(process.execPath, [PROGRAM, 'sign', ...args], { env, timeout: 60_000 }, (error, out, err) => { done({ code: error === null ? 0 : Number(error.code), out, err }) })
  })
}

function file (name: string, content: Uint8Array | string): string {
  mkdirSync(join(folder, name, '..'), { recursive: true })
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}

const certificate = ({ certificate }: Issued) => pem('CERTIFICATE', certificate.raw)
const tsa = makeTsa(t)
const served = await serveTsa(t, tsa)
const tsaCrls = [tsa.root, tsa.sub].map((issuer) => issueCrl({ issuer, thisUpdate: new Date(Date.now() - 3_600_000), nextUpdate: new Date(Date.now() + 3_600_000_000) }))
file('anchors/root.pem', certificate(pki.root))
file('intermediates/sub.pem', certificate(pki.sub))
file('intermediates/tsa.pem', certificate(tsa.sub))
file('time-stamping/tsa.pem', certificate(tsa.root));
[...pki.crls, ...tsaCrls].forEach((crl, index) => file(`crls/${index}.crl`, crl))
const path = (name: string) => join(folder, name)
const TRUST = ['--anchors', path('anchors'), '--intermediates', path('intermediates'), '--offline']
const WITH_CRLS = [...TRUST, '--crls', path('crls')]
const WITH_TSA = ['--tsa', served.url, '--time-stamping', path('time-stamping')]
const KEY = ['--key', file('agency.p12', p12Of(pki.agency, [pki.sub], 'agency')), '--password-file', file('password', `${P12_PASSWORD}\n`)]
const ANNEX = ['--as', 'annex', '--number', '12/QĐ-UBND']
const DOCUMENT = ['--as', 'document', '--image', file('seal.png', SEAL_IMAGE.png), '--width-mm', '36']

const plain = await officialPdf()
const byLeader = await signedByLeader()

t.test('a document with a leader\'s signature gets the agency\'s, with time-stamp and proofs: 0', async (t) => {
  const input = file('leader.pdf', byLeader)
  const output = path('sealed.pdf')
  const { code, out, err } = await sign([input, '--output', output, ...KEY, ...DOCUMENT, '--level', 'B-LT', ...WITH_TSA, ...WITH_CRLS])
  t.equal(code, 0, err)
  t.match(out, /Đã ký · Signed: .*sealed\.pdf[^]*CN=UBND tỉnh thử nghiệm[^]*PAdES B-LT, .* lienthong-1, document, trang · page 1[^]*hợp lệ · valid, 2 chữ ký/)
  const signed = readFileSync(output)
  t.ok(readFileSync(input).equals(byLeader), 'the file stays')
  t.ok(signed.subarray(0, byLeader.length).equals(byLeader))
  const [, seal] = judge(signed).signatures
  t.match(seal?.appearance, { page: 1 })
  t.equal(seal!.appearance!.rect[2], LEADER_RECT[0] + (LEADER_RECT[2] - LEADER_RECT[0]) / 3, 'the seal stands over the leader\'s signature, found by itself')
})

t.test('the file itself becomes the signed one where that is asked for', async (t) => {
  const input = file('in-place.pdf', plain)
  t.equal((await sign([input, '--in-place', ...KEY, ...ANNEX, ...WITH_CRLS])).code, 0)
  t.match(judge(readFileSync(input)), { result: 'valid', signatures: [{ level: 'B-B' }] })
})

t.test('a PEM key, and an entry of a set-up, sign as well', async (t) => {
  const input = file('plain.pdf', plain)
  const pemKey = ['--key', file('key.pem', keyPemOf(pki.agency)), '--certificate', file('own.pem', certificate(pki.agency))]
  t.equal((await sign([input, '--output', path('by-pem.pdf'), ...pemKey, ...ANNEX, ...WITH_CRLS])).code, 0)
  const entry = file('signer.json', JSON.stringify({ pkcs12Base64: readFileSync(path('agency.p12')).toString('base64'), password: P12_PASSWORD, padding: 'pss' }))
  t.equal((await sign([input, '--output', path('by-entry.pdf'), '--signer', entry, '--as', 'copy', '--agency', 'Sở Nội vụ', '--number', '3/SY-SNV', ...WITH_CRLS])).code, 0)
  t.equal((await sign([input, '--output', path('no.pdf'), ...pemKey, ...ANNEX, ...WITH_CRLS], {})).code, 3, 'a plain key is refused where the gateway is real')
})

t.test('what is not known of revocation is said: 2', async (t) => {
  const { code, out } = await sign([file('plain.pdf', plain), '--output', path('undecided.pdf'), ...KEY, ...ANNEX, ...TRUST])
  t.equal(code, 2)
  t.match(out, /chưa đủ căn cứ · indeterminate[^]*REVOCATION/)
  t.ok(existsSync(path('undecided.pdf')))
})

t.test('a file whose signature does not hold is not sealed: 1', async (t) => {
  const changed = Buffer.from(byLeader)
  changed.write('/Resourcez', changed.indexOf('/Resources'))
  const { code, err } = await sign([file('changed.pdf', changed), '--output', path('no.pdf'), ...KEY, ...DOCUMENT, ...WITH_CRLS])
  t.equal(code, 1, err)
  t.match(err, /Không ký: tệp đã có chữ ký không hợp lệ[^]*CMS_/)
})

t.test('what would spoil an earlier signature is not written: 1', async (t) => {
  // The leader signed references to objects that are missing: whoever adds an object under such a number changes what was signed
  const { code, err } = await sign([file('trap.pdf', await signedByLeader(`/Trap [${Array.from({ length: 60 }, (_, index) => `${index + 7} 0 R`).join(' ')}]`)), '--output', path('no.pdf'), ...KEY, ...DOCUMENT, ...WITH_CRLS])
  t.equal(code, 1, err)
  t.match(err, /Không ghi tệp[^]*PDF_CHANGED_AFTER_SIGNING/)
})

t.test('nothing is signed, and nothing is left behind: 3', async (t) => {
  const input = file('plain.pdf', plain)
  const nothing = async (what: string, args: string[], said: RegExp) => {
    const { code, err } = await sign(args)
    t.equal(code, 3, `${what}: ${err}`)
    t.match(err, said, what)
  }
  const output = ['--output', path('no.pdf')]
  await nothing('no options', [], /^lienthong sign FILE\.pdf --output[^]*exit code/)
  await nothing('no file named', ['--in-place'], /^one FILE, please\n.*All options: lienthong sign\n$/)
  await nothing('an unknown option', [input, '--bogus'], /^Unknown option '--bogus'.*\n.*All options: lienthong sign\n$/)
  await nothing('no output', [input, ...KEY, ...ANNEX, ...WITH_CRLS], /either --output FILE or --in-place/)
  await nothing('an output that is there', [input, '--output', path('plain.pdf'), ...KEY, ...ANNEX, ...WITH_CRLS], /is there already/)
  await nothing('an unknown kind', [input, ...output, ...KEY, '--as', 'seal', ...WITH_CRLS], /--as document, annex or copy/)
  await nothing('no number', [input, ...output, ...KEY, '--as', 'annex', ...WITH_CRLS], /--as annex needs --number/)
  await nothing('no key', [input, ...output, ...ANNEX, ...WITH_CRLS], /which key/)
  await nothing('a wrong password', [input, ...output, ...KEY.slice(0, 2), '--password-file', file('wrong', 'wrong'), ...ANNEX, ...WITH_CRLS], /mật khẩu sai.*PKCS#12 file or its password/)
  await nothing('no password file', [input, ...output, ...KEY.slice(0, 2), '--password-file', path('absent'), ...ANNEX, ...WITH_CRLS], /^FILE_UNREADABLE: .*absent: không tìm thấy · not found\)\n$/)
  await nothing('no image', [input, ...output, ...KEY, '--as', 'document', '--image', path('absent.png'), '--width-mm', '36', ...WITH_CRLS], /^FILE_UNREADABLE: .*absent\.png: không tìm thấy · not found\)\n$/)
  await nothing('a set-up entry that is none', [input, ...output, '--signer', input, ...ANNEX, ...WITH_CRLS], /^FILE_UNREADABLE: .*not JSON/)
  await nothing('no folder', [input, '--output', path('absent/no.pdf'), ...KEY, ...ANNEX, ...WITH_CRLS], /there is no folder .*absent\n/)
  await nothing('an empty number', [input, ...output, ...KEY, '--as', 'annex', '--number', ' ', ...WITH_CRLS], /--as annex needs --number/)
  await nothing('no form of a copy', [input, ...output, ...KEY, '--as', 'copy', '--number', '1', '--agency', 'A', '--form', 'SAO CHƠI', ...WITH_CRLS], /^--form SAO Y, SAO LỤC, TRÍCH SAO\n/)
  await nothing('no leader', [input, ...output, ...KEY, ...DOCUMENT, ...WITH_CRLS], /PDF_SIGN_PLACE: .*no visible signature of the leader: --over FIELD, .*--at PAGE,LEFT,BOTTOM\)\n$/)
  await nothing('no PDF', [file('text.pdf', 'hello'), ...output, ...KEY, ...ANNEX, ...WITH_CRLS], /PDF_SIGN_UNREADABLE/)
  await nothing('no file', [path('absent.pdf'), ...output, ...KEY, ...ANNEX, ...WITH_CRLS], /^FILE_UNREADABLE: .*absent\.pdf: không tìm thấy · not found\)\n$/)
  await nothing('an authority that is away', [input, ...output, ...KEY, ...ANNEX, '--tsa', 'http://127.0.0.1:1/', '--time-stamping', path('time-stamping'), ...WITH_CRLS], /only level B-B/)
  await nothing('an authority that nobody believes', [input, ...output, ...KEY, ...ANNEX, '--tsa', served.url, ...WITH_CRLS], /TOKEN|only level B-B/)
  await nothing('proofs that are missing', [input, ...output, ...KEY, ...ANNEX, '--level', 'B-LT', ...WITH_TSA, ...TRUST], /only level B-T/)
  t.strictSame(readdirSync(folder).filter((name) => name.startsWith('no.pdf')), [])
  t.ok(readFileSync(input).equals(plain))
})

/** In a field that another program has named, five centimetres by two. */
async function signedByLeader (entries = ''): Promise<Buffer> {
  const pages = pagesOf('Quyet dinh')
  const pdf = makePdf({
    ...pages, 1: '<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [6 0 R] >> >>', 4: (pages[4] as string).replace('/MediaBox', `${entries} /Annots [6 0 R] /MediaBox`),
    6: `<< /Type /Annot /Subtype /Widget /FT /Sig /T (Lanh dao) /P 4 0 R /F 4 /Rect [${LEADER_RECT.join(' ')}] >>`,
  })
  const { increment } = await signPdf({ bytes: pdf }, { as: 'document', image: SIGNATURE_IMAGE, field: 'Lanh dao', time: new Date() }, leader, workers)
  return Buffer.concat([pdf, increment])
}
