/** Signatures that OpenSSL made, as signing programs write them, judged as those of a PDF. */
import { execFileSync } from 'node:child_process'
import { createHash, X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'

import { ecKeys, extendedKeyUsage, pem, rsaKeys, type Issued, type Keys } from '../../certs-example/issue.ts'
import { issueCrl } from '../../certs-example/revocation.ts'
import { judgePdf, type PdfContext } from '../../src/pdf/judge.ts'
import type { PdfSignatureVerdict } from '../../src/pdf/verdict.ts'
import { derFromBer, endOfBer } from '../../src/trust/asn1/ber.ts'
import { readSignedData } from '../../src/trust/cms/read.ts'
import { withTimeStamp } from '../../src/trust/cms/write.ts'
import { DEFAULT_TRUST_POLICY } from '../../src/trust/policy.ts'
import { readCrl } from '../../src/trust/revocation/crl.ts'
import { knownFrom } from '../../src/trust/revocation/known.ts'
import { readAnswer } from '../../src/trust/time/read.ts'
import { nonceFrom, timeStampRequest } from '../../src/trust/time/request.ts'
import { needsShared, shared } from '../support/shared.ts'
import { CONTENT, asBer, signingTime, timeStamp, writeMessage } from '../trust/cms/messages.ts'
import { makeTsa } from '../trust/time/tsa.ts'
import { keyPemOf, makeCa, makeLeaf, needsOpenssl, storeOf } from '../trust/world.ts'
import { examination, examined, told } from './judge-world.ts'

const SPAN = { notBefore: new Date('2020-01-01T00:00:00Z'), notAfter: new Date('2090-01-01T00:00:00Z') }
const HOUR = 3_600_000
const root = makeCa('root', undefined, { keys: rsaKeys(2048), ...SPAN })
const sub = makeCa('sub', root, { keys: rsaKeys(2048), ...SPAN })
const leafOf = (keys: Keys) => makeLeaf(sub, { keys, ...SPAN, extensions: [extendedKeyUsage('1.3.6.1.5.5.7.3.4')] })
const [RSA, P256, P384] = [leafOf(rsaKeys(2048)), leafOf(ecKeys('prime256v1')), leafOf(ecKeys('secp384r1'))]

const crls = [root, sub].map((issuer) => readCrl(issueCrl({ issuer, thisUpdate: new Date(Date.now() - HOUR), nextUpdate: new Date(Date.now() + 40 * 24 * HOUR) })))
const context: PdfContext = { at: new Date(), trust: { domains: [storeOf([root], [sub])], timeStamping: null, policy: DEFAULT_TRUST_POLICY, revocation: knownFrom(crls) } }

/** What `openssl cms -sign` makes of CONTENT with these options. */
function sign (t: Test, signer: Issued, ...options: string[]): Buffer {
  const folder = t.testdir({ 'key.pem': keyPemOf(signer), 'leaf.pem': pem('CERTIFICATE', signer.certificate.raw), content: CONTENT.toString() })
  return execFileSync('openssl', ['cms', '-sign', '-binary', '-outform', 'DER', '-signer', join(folder, 'leaf.pem'), '-inkey', join(folder, 'key.pem'), '-in', join(folder, 'content'), ...options], { stdio: ['ignore', 'pipe', 'pipe'] })
}

function judged (cms: Buffer, { subFilter = 'ETSI.CAdES.detached', content = CONTENT, ...change }: Partial<PdfContext> & { subFilter?: string, content?: Buffer } = {}): PdfSignatureVerdict {
  const verdict = judgePdf(examination([examined(cms, { subFilter, content })]), { ...context, ...change })
  return verdict.signatures[0]!
}

t.test('CAdES by RSA, PSS and ECDSA is valid', needsOpenssl, async (t) => {
  const made: [string, Issued, string[]][] = [
    ['RSA', RSA, ['-md', 'sha256']], ['RSA, SHA-512', RSA, ['-md', 'sha512']], ['P-256', P256, ['-md', 'sha256']], ['P-384', P384, ['-md', 'sha384']],
    ['PSS', RSA, ['-md', 'sha256', '-keyopt', 'rsa_padding_mode:pss']], ['PSS, salt of 20', RSA, ['-md', 'sha256', '-keyopt', 'rsa_padding_mode:pss', '-keyopt', 'rsa_pss_saltlen:20']],
    ['by key identifier', RSA, ['-keyid']],
  ]
  for (const [name, signer, options] of made) {
    const cms = sign(t, signer, '-cades', ...options)
    t.equal(told(judged(cms)), 'valid', name)
    t.match(told(judged(cms, { content: Buffer.from('other') })), 'invalid CMS_CONTENT_CHANGED', name)
  }
})

t.test('lengths left open, and octet strings in pieces, are read as the same signature', needsOpenssl, async (t) => {
  const cms = sign(t, RSA, '-cades')
  const open = asBer(cms)
  t.equal(open[1], 0x80)
  t.same(derFromBer(open), cms)
  t.equal(endOfBer(Buffer.concat([open, Buffer.alloc(1000)])), open.length, 'its end is found before the padding')
  t.equal(told(judged(open)), 'valid')
  t.match(told(judged(open, { content: Buffer.from('other') })), 'invalid CMS_CONTENT_CHANGED')
})

t.test('what is signed otherwise is told from it', needsOpenssl, async (t) => {
  t.equal(told(judged(sign(t, RSA))), 'invalid CMS_CERTIFICATE_UNBOUND', 'not CAdES')
  t.equal(told(judged(sign(t, RSA), { subFilter: 'adbe.pkcs7.detached' })), 'valid CMS_CERTIFICATE_UNNAMED')
  t.equal(told(judged(sign(t, RSA, '-noattr'), { subFilter: 'adbe.pkcs7.detached' })), 'invalid CMS_ATTRIBUTES_ABSENT')
  t.equal(told(judged(sign(t, RSA, '-cades', '-nodetach'))), 'invalid CMS_CONTENT_WRONG')
  t.equal(told(judged(sign(t, RSA, '-cades', '-nocerts'))), 'indeterminate CMS_CERTIFICATE_ABSENT')
  t.match(told(judged(sign(t, RSA, '-cades', '-md', 'sha1'))), 'invalid ALGORITHM_SHA1')
  t.match(told(judged(sign(t, RSA, '-cades', '-md', 'md5'))), /^invalid CMS_ALGORITHM_NOT_ALLOWED/)
  t.match(told(judged(sign(t, RSA, '-cades', '-md', 'sha224'))), /^invalid CMS_ALGORITHM_NOT_ALLOWED/)
  t.match(told(judged(sign(t, leafOf(rsaKeys(1024)), '-cades'))), /^invalid KEY_WEAK/)
  t.match(told(judged(sign(t, leafOf(ecKeys('secp521r1')), '-cades', '-md', 'sha512'))), /^invalid KEY_WEAK/)
  t.match(told(judged(sign(t, makeLeaf(makeCa('stranger', undefined, SPAN), SPAN), '-cades'))), /^invalid ISSUER_UNKNOWN/)
})

t.test('two signers in one message are refused', needsOpenssl, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'lienthong-cms-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'second.pem'), `${keyPemOf(P256)}${pem('CERTIFICATE', P256.certificate.raw)}`)
  const cms = sign(t, RSA, '-cades', '-signer', join(folder, 'second.pem'), '-inkey', join(folder, 'second.pem'))
  t.match(judged(cms), { result: 'invalid', reasons: [{ code: 'CMS_SIGNERS_WRONG', detail: '2' }] })
})

t.test('the form of the field is valid: the leaf alone, a token with its chain, and local time marked as UTC', needsOpenssl, async (t) => {
  const tsa = makeTsa(t)
  const utc = (date: Date) => `${date.toISOString().slice(2, 19).replace(/[-T:]/g, '')}Z`
  const local = new Date(Date.now() + 7 * HOUR)
  const unstamped = writeMessage(RSA, { attributes: (own) => [...Object.values(own), signingTime(utc(local))] })
  const { signature } = readSignedData(unstamped).signers[0]!
  const token = readAnswer(await tsa.answer(timeStampRequest(createHash('sha256').update(signature).digest(), nonceFrom(Buffer.alloc(8, 1))))).token!
  const cms = withTimeStamp(unstamped, token)
  t.equal(readSignedData(cms).certificates.length, 1)
  const trust = { ...context.trust, timeStamping: tsa.store }
  const verdict = judged(cms, { trust, at: new Date(Date.now() + 60_000) })
  t.equal(told(verdict), 'valid CLAIM_LOCAL_TIME')
  t.match(verdict, { level: 'B-T', proofTime: { from: 'token', by: 'CN=signer, C=VN' }, chain: { length: 3 } })
  t.match(told(judged(writeMessage(RSA, { unsigned: () => [timeStamp(token)] }), { trust, at: new Date(Date.now() + 60_000) })), 'valid', 'RSA PKCS#1 signs the same value again')
})

const OFFICIAL = ['rootca-g1', 'cp-g1', 'rootca-g2', 'cpca-g2', 'ee-organisation-2025'].map((name) => `samples/certs/${name}.crt`)

t.test("official certificates: an agency's alone leads to the root of the second generation, and the first one's SHA-1 is borne", needsShared(...OFFICIAL), async (t) => {
  const [g1, cp, g2, cpca, agency] = OFFICIAL.map((path) => new X509Certificate(readFileSync(shared(path)))) as [X509Certificate, X509Certificate, X509Certificate, X509Certificate, X509Certificate]
  const trust = { ...context.trust, domains: [{ label: 'cipher-committee', anchors: [g1, g2], intermediates: [cp, cpca] }] }
  const ofAgency = judged(writeMessage({ ...RSA, certificate: agency }), { trust })
  t.strictSame(ofAgency.reasons.map(({ code }) => code).filter((code) => !/^(REVOCATION|ANSWER)_/.test(code)), ['CMS_SIGNATURE_WRONG'], 'nobody else has its key')
  t.equal(ofAgency.chain.at(-1)?.subject, 'CN=RootCA chuyên dùng Chính phủ G2, O=Ban Cơ yếu Chính phủ, C=VN')
  t.equal(ofAgency.signer, undefined)
  const ofG1 = makeLeaf({ ...RSA, name: { CN: 'Co quan chung thuc so Chinh phu', O: 'Ban Co yeu Chinh phu' } }, { ...SPAN, keys: rsaKeys(2048), without: ['2.5.29.35'] })
  const codes = judged(writeMessage(ofG1), { trust }).reasons.map(({ code }) => code)
  t.ok(codes.includes('DIGEST_SHA1_PINNED'), codes.join(' '))
  t.notOk(codes.includes('DIGEST_WEAK'))
  t.ok(codes.includes('CHAIN_SIGNATURE_WRONG'), 'its CA did not sign this one')
})
