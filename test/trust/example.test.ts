import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

import t from 'tap'

import { EXAMPLE_TRUST_DIR, isExampleCertificate, refuseExample } from '../../src/trust/example.ts'
import { judgeCertificate, type Trust } from '../../src/trust/judge.ts'
import { DEFAULT_TRUST_POLICY } from '../../src/trust/policy.ts'
import { readCrl } from '../../src/trust/revocation/crl.ts'
import { knownFrom } from '../../src/trust/revocation/known.ts'
import { signerFromPem } from '../../src/trust/signers/pem.ts'
import { signerFromPkcs12 } from '../../src/trust/signers/pkcs12.ts'
import { loadTrust } from '../../src/trust/store.ts'
import { detailsOf } from '../../src/trust/verdict.ts'
import { AT, makeCa, makeLeaf, needsOpenssl, openssl, opensslAccepts, storeOf } from './world.ts'

const EXAMPLES = join(EXAMPLE_TRUST_DIR, '..')
const folder = loadTrust(EXAMPLE_TRUST_DIR)
const store = folder.domains[0]!
const trust: Trust = { ...folder, revocation: knownFrom(folder.crls.map(readCrl)), policy: DEFAULT_TRUST_POLICY }

const signer = (name: string) => signerFromPem({
  key: readFileSync(join(EXAMPLES, `${name}.key.pem`), 'utf8'),
  certificates: readFileSync(join(EXAMPLES, `${name}.crt.pem`), 'utf8'),
})
const namesIn = (folder: string) => readdirSync(join(EXAMPLES, folder)).filter((name) => name.endsWith('.crt.pem')).map((name) => `${folder}/${name.replace('.crt.pem', '')}`)

const bad: Record<string, string[]> = {
  'bad/expired': ['CERTIFICATE_EXPIRED'],
  'bad/impostor-issuer': ['CHAIN_SIGNATURE_WRONG'],
  'bad/not-yet-valid': ['CERTIFICATE_NOT_YET_VALID'],
  'bad/revoked': ['CERTIFICATE_REVOKED'],
  'bad/wrong-issuer': ['ISSUER_UNKNOWN'],
}

t.test('the example organisations are valid, and each bad example is bad for its own reason', async (t) => {
  t.equal(namesIn('organisations').length, 4)
  t.strictSame(namesIn('bad'), Object.keys(bad))
  for (const name of [...namesIn('organisations'), ...namesIn('bad')]) {
    t.strictSame(judgeCertificate(signer(name).certificate, [], trust, AT).reasons.map(({ code }) => code), bad[name] ?? [], name)
  }
})

t.test('openssl agrees on all of their paths', needsOpenssl, async (t) => {
  for (const name of [...namesIn('organisations'), ...namesIn('bad')]) {
    t.equal(opensslAccepts(signer(name).certificate.raw, store, AT), (bad[name] ?? []).every((code) => code === 'CERTIFICATE_REVOKED'), name)
  }
})

t.test('openssl finds the revoked example, and only it, in the CRL of the sub-CA', needsOpenssl, async (t) => {
  const crl = openssl(['crl', '-in', join(EXAMPLES, 'trust/crls/cpcag2.crl'), '-CAfile', join(EXAMPLES, 'trust/intermediates/cpcag2.pem'), '-text', '-out', '{out}'], '').toString()
  t.strictSame([...crl.matchAll(/Serial Number: (\w+)/g)].map(([, serial]) => serial), [signer('bad/revoked').certificate.serialNumber])
})

t.test('the PKCS#12 file holds the same signer as the PEM files', async (t) => {
  const pkcs12 = signerFromPkcs12({ bytes: readFileSync(join(EXAMPLES, 'organisations/so-noi-vu-vi-du.p12')), password: 'vi-du' })
  t.equal(pkcs12.certificate.fingerprint256, signer('organisations/so-noi-vu-vi-du').certificate.fingerprint256)
  t.equal(pkcs12.chain.length, 2)
})

t.test('a signer is told in words a person reads', async (t) => {
  const { subject, issuer, fingerprint, notAfter } = detailsOf(signer('organisations/so-noi-vu-vi-du').certificate)
  t.equal(subject, 'CN=SỞ NỘI VỤ TỈNH VÍ DỤ, O=UBND TỈNH VÍ DỤ, L=VÍ DỤ, C=VN')
  t.equal(issuer, 'CN=CA phục vụ các cơ quan VÍ DỤ G2, O=Ban Cơ yếu VÍ DỤ, C=VN')
  t.match(fingerprint, /^[0-9a-f]{64}$/)
  t.equal(notAfter, '2045-01-01T00:00:00.000Z')
})

t.test('every example certificate carries the mark, others do not', async (t) => {
  for (const name of [...namesIn('organisations'), ...namesIn('bad')]) {
    const { certificate, chain } = signer(name)
    t.ok([certificate, ...chain].every(isExampleCertificate), name)
  }
  t.ok([...store.anchors, ...store.intermediates].every(isExampleCertificate))
  t.notOk(isExampleCertificate(makeCa('root').certificate))
})

t.test('neither an example key nor an example root is let into a real gateway', async (t) => {
  const root = makeCa('root')
  const real = storeOf([root])
  const leaf = makeLeaf(root)
  const own = { ...signer('organisations/ubnd-phuong-vi-du'), certificate: leaf.certificate, chain: [] }
  t.doesNotThrow(() => refuseExample({ stores: [real], signers: [own] }))
  t.throws(() => refuseExample({ stores: [real], signers: [own, signer('organisations/ubnd-phuong-vi-du')] }), { code: 'SETUP_INVALID', message: /ví dụ.*UBND PHƯỜNG VÍ DỤ/s })
  t.throws(() => refuseExample({ stores: [store], signers: [] }), { code: 'SETUP_INVALID', message: /RootCA VÍ DỤ/ })
})
