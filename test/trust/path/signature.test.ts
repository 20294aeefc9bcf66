import { X509Certificate, createPublicKey } from 'node:crypto'
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import t from 'tap'
import type { Test } from 'tap'

import { ecKeys, pem, rsaKeys, type Issued } from '../../../certs-example/issue.ts'
import { judgePath } from '../../../src/trust/path/path.ts'
import { isSignedBy } from '../../../src/trust/path/signature.ts'
import { AT, keyPemOf, makeCa, makeLeaf, needsOpenssl, storeOf } from '../world.ts'

const root = makeCa('root', undefined, { keys: rsaKeys(2048) })
const other = makeCa('other')

/** A document signer's certificate, signed by openssl with these options. */
function signedByOpenssl (t: Test, issuer: Issued, options: string[]): X509Certificate {
  const folder = t.testdir()
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  const keys = keyPemOf(issuer)
  const run = (...args: string[]) => {
    const { status, stderr } = spawnSync('openssl', args)
    if (status !== 0) throw new Error(stderr.toString())
  }
  const key = file('key.pem', ecKeys('prime256v1').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
  run('req', '-new', '-key', key, '-subj', '/C=VN/CN=signer', '-out', join(folder, 'request.pem'))
  const extensions = file('extensions.cnf', 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n')
  run('x509', '-req', '-in', join(folder, 'request.pem'), '-CA', file('ca.pem', pem('CERTIFICATE', issuer.certificate.raw)), '-CAkey', file('ca.key', keys), '-days', '2', '-extfile', extensions, ...options, '-out', join(folder, 'leaf.pem'))
  return new X509Certificate(readFileSync(join(folder, 'leaf.pem')))
}

const PSS = ['-sigopt', 'rsa_padding_mode:pss']
const CASES: [what: string, options: string[], ...expected: string[]][] = [
  ['PKCS#1 v1.5 and SHA-256', ['-sha256'], 'valid'],
  ['PKCS#1 v1.5 and SHA-512', ['-sha512'], 'valid'],
  ['PSS and SHA-256', ['-sha256', ...PSS, '-sigopt', 'rsa_pss_saltlen:digest'], 'valid'],
  ['PSS and SHA-384 with another length of salt', ['-sha384', ...PSS, '-sigopt', 'rsa_pss_saltlen:20'], 'valid'],
  ['PSS and SHA-1', ['-sha1', ...PSS], 'invalid', 'DIGEST_WEAK'],
  ['PSS whose mask has another digest', ['-sha256', ...PSS, '-sigopt', 'rsa_mgf1_md:sha1'], 'invalid', 'ALGORITHM_NOT_ADMITTED'],
  ['PKCS#1 v1.5 and SHA-1', ['-sha1'], 'invalid', 'DIGEST_WEAK'],
]

t.test('signatures that openssl makes are judged by their algorithm', needsOpenssl, async (t) => {
  for (const [what, options, ...expected] of CASES) {
    const certificate = signedByOpenssl(t, root, options)
    // Openssl dates it by its own clock
    const at = new Date(certificate.validFromDate.getTime() + 1000)
    const long = makeCa('root', undefined, { keys: root.keys, notAfter: new Date('2049-01-01T00:00:00Z') })
    const { result, reasons } = judgePath(certificate, storeOf([long]), at)
    t.strictSame([result, ...reasons.map(({ code }) => code)], expected, what)
    t.notOk(isSignedBy(certificate, other.certificate), `${what}: not by another key`)
  }
})

t.test('what is weak passes only where the exam that asks says so', async (t) => {
  const old = makeCa('old', undefined, { keys: rsaKeys(1024), signature: { oid: '1.2.840.113549.1.1.5', digest: 'sha1' } })
  const { certificate } = makeLeaf(old, { signature: { oid: '1.2.840.113549.1.1.5', digest: 'sha1' } })
  t.match(judgePath(certificate, storeOf([old]), AT).reasons.map(({ code }) => code), ['DIGEST_WEAK', 'KEY_WEAK', 'DIGEST_WEAK'])
  const algorithms = { rsaBits: 1024, curves: new Set(['prime256v1']), digests: new Set(['sha1']) }
  t.strictSame(judgePath(certificate, storeOf([old]), AT, { algorithms }).reasons, [])
})

t.test('the algorithm outside of what is signed must be the one inside', async (t) => {
  const bytes = Buffer.from(makeLeaf(root).certificate.raw)
  const sha256WithRsa = Buffer.from('06092a864886f70d01010b', 'hex')
  bytes[bytes.lastIndexOf(sha256WithRsa) + sha256WithRsa.length - 1] = 0x0c
  t.match(judgePath(new X509Certificate(bytes), storeOf([root]), AT), { result: 'invalid', reasons: [{ code: 'CERTIFICATE_UNREADABLE', detail: /algorithms differ/ }] })
})

t.test('an RSA key that is too large to verify with is refused', async (t) => {
  const { result, reasons } = judgePath(signerWithLargeKey(), storeOf([root]), AT)
  t.strictSame([result, ...reasons.map(({ code }) => code)], ['invalid', 'KEY_WEAK'])
})

/** The modulus is no product of two primes: nobody asks. */
function signerWithLargeKey (): X509Certificate {
  const publicKey = rsaKeys(2048).publicKey
  const jwk = publicKey.export({ format: 'jwk' })
  const large = Buffer.alloc(1032, 0xc1).toString('base64url')
  const keys = { publicKey: createPublicKey({ key: { ...jwk, n: large }, format: 'jwk' }), privateKey: root.keys.privateKey }
  return makeLeaf(root, { keys }).certificate
}
