import { spawnSync } from 'node:child_process'
import { verify } from 'node:crypto'

import t from 'tap'
import type { Test } from 'tap'

import { ecKeys, pem, rsaKeys, type Issued, type Keys } from '../../../certs-example/issue.ts'
import { signerFromPem } from '../../../src/trust/signers/pem.ts'
import { signerFromPkcs12 } from '../../../src/trust/signers/pkcs12.ts'
import type { Signer } from '../../../src/trust/signers/signer.ts'
import { keyPemOf, makeCa, makeLeaf, needsOpenssl, openssl } from '../world.ts'

const sub = makeCa('sub')
const DATA = Buffer.from('Công văn số 01')

const text = ({ certificate }: Issued) => pem('CERTIFICATE', certificate.raw)

const kinds: [what: string, keys: Keys, algorithm: string, digest: string, length: number][] = [
  ['RSA', rsaKeys(2048), 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256', 'sha256', 256],
  ['P-256', ecKeys('prime256v1'), 'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256', 'sha256', 64],
  ['P-384', ecKeys('secp384r1'), 'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384', 'sha384', 96],
]

for (const [what, keys, algorithm, digest, length] of kinds) {
  const leaf = makeLeaf(sub, { keys })
  const check = async (t: Test, signer: Signer) => {
    t.equal(signer.algorithm, algorithm)
    t.equal(signer.certificate.fingerprint256, leaf.certificate.fingerprint256)
    t.strictSame(signer.chain.map(({ fingerprint256 }) => fingerprint256), [sub.certificate.fingerprint256])
    const signature = await signer.sign(DATA)
    t.equal(signature.length, length)
    t.ok(verify(digest, DATA, { key: keys.publicKey, dsaEncoding: 'ieee-p1363' }, signature))
  }

  t.test(`a ${what} key from PEM signs`, (t) => check(t, signerFromPem({ key: keyPemOf(leaf), certificates: text(leaf) + text(sub) })))
  t.test(`the leaf is found in any order of certificates (${what})`, (t) => check(t, signerFromPem({ key: keyPemOf(leaf), certificates: text(sub) + text(leaf) })))

  t.test(`a ${what} key from openssl's PKCS#12 signs`, needsOpenssl, (t) => {
    const bytes = openssl(['pkcs12', '-export', '-in', '{in}', '-out', '{out}', '-passout', 'pass:mật khẩu'], keyPemOf(leaf) + text(leaf) + text(sub))
    t.throws(() => signerFromPkcs12({ bytes, password: 'mật khẩu sai' }), { code: 'SETUP_INVALID', message: /PKCS#12 file or its password/ })
    return check(t, signerFromPkcs12({ bytes, password: 'mật khẩu' }))
  })
}

t.test('an RSA key signs by PSS where it is told to, and openssl agrees', needsOpenssl, async (t) => {
  const leaf = makeLeaf(sub, { keys: rsaKeys(2048) })
  const bytes = openssl(['pkcs12', '-export', '-in', '{in}', '-out', '{out}', '-passout', 'pass:x'], keyPemOf(leaf) + text(leaf))
  for (const signer of [signerFromPem({ key: keyPemOf(leaf), certificates: text(leaf), padding: 'pss' }), signerFromPkcs12({ bytes, password: 'x', padding: 'pss' })]) {
    t.equal(signer.algorithm, 'http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1')
    const folder = t.testdir({ 'key.pem': leaf.keys.publicKey.export({ type: 'spki', format: 'pem' }), data: DATA, signature: await signer.sign(DATA) })
    const { stdout } = spawnSync('openssl', ['dgst', '-sha256', '-verify', 'key.pem', '-signature', 'signature', '-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:digest', 'data'], { cwd: folder })
    t.match(String(stdout), 'Verified OK')
  }
})

t.test('a PKCS#12 file of the older kind, from before PBES2, is read too', needsOpenssl, async (t) => {
  const leaf = makeLeaf(sub, { keys: rsaKeys(2048) })
  const old = ['-keypbe', 'PBE-SHA1-3DES', '-certpbe', 'PBE-SHA1-3DES', '-macalg', 'sha1']
  for (const password of ['password', 'mật khẩu']) {
    const bytes = openssl(['pkcs12', '-export', '-in', '{in}', '-out', '{out}', '-passout', `pass:${password}`, ...old], keyPemOf(leaf) + text(leaf))
    t.equal(signerFromPkcs12({ bytes, password }).certificate.fingerprint256, leaf.certificate.fingerprint256, password)
    t.throws(() => signerFromPkcs12({ bytes, password: 'sai' }), { code: 'SETUP_INVALID' })
  }
})

t.test('a key and a certificate that do not belong together are refused', async (t) => {
  const [one, other] = [makeLeaf(sub), makeLeaf(sub)]
  t.throws(() => signerFromPem({ key: keyPemOf(one), certificates: text(other) }), { code: 'SETUP_INVALID', message: /belongs to none/ })
})

t.test('a key of a kind that does not sign documents is refused', async (t) => {
  const leaf = makeLeaf(sub, { keys: ecKeys('secp521r1') })
  t.throws(() => signerFromPem({ key: keyPemOf(leaf), certificates: text(leaf) }), { code: 'SETUP_INVALID', message: /secp521r1/ })
})

t.test('an unreadable key is refused without a word of it', async (t) => {
  const leaf = makeLeaf(sub)
  const key = keyPemOf(leaf).replace('A', '!')
  t.throws(() => signerFromPem({ key, certificates: text(leaf) }), { code: 'SETUP_INVALID', message: /the private key cannot be read$/, cause: undefined })
  t.throws(() => signerFromPem({ key: keyPemOf(leaf), certificates: 'none' }), { code: 'SETUP_INVALID', message: /the certificate cannot be read$/ })
  t.throws(() => signerFromPkcs12({ bytes: Buffer.from('0000', 'hex'), password: '' }), { code: 'SETUP_INVALID' })
})
