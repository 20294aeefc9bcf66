import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'

import forge from 'node-forge'
import t from 'tap'

import { OID, basicConstraints, ecKeys, extendedKeyUsage, keyUsage, rsaKeys, type Extension, type Issued } from '../../../certs-example/issue.ts'
import { judgePath } from '../../../src/trust/path/path.ts'
import type { TrustStore } from '../../../src/trust/store.ts'
import { needsShared, shared } from '../../support/shared.ts'
import { AT, makeCa, makeLeaf, needsOpenssl, opensslAccepts, storeOf, type Change } from '../world.ts'

const NULL = forge.asn1.create(forge.asn1.Class.UNIVERSAL, forge.asn1.Type.NULL, false, '')
const UNKNOWN: Extension = { id: '2.999.1', critical: true, value: NULL }
const SHA1 = { oid: '1.2.840.113549.1.1.5', digest: 'sha1' }
const MD5 = { oid: '1.2.840.113549.1.1.4', digest: 'md5' }

const root = makeCa('root')
const sub = makeCa('sub', root)
const store = storeOf([root], [sub])

function codes (leaf: Issued | X509Certificate, trusted: TrustStore = store, at: Date = AT): string[] {
  const certificate = leaf instanceof X509Certificate ? leaf : leaf.certificate
  const { result, reasons } = judgePath(certificate, trusted, at)
  return [result, ...reasons.map(({ code }) => code)]
}

t.test('a signer under a sub-CA under a pinned root is valid, and the chain is told', async (t) => {
  const { certificate } = makeLeaf(sub)
  const { chain, ...verdict } = judgePath(certificate, store, AT)
  t.strictSame(verdict, { result: 'valid', reasons: [] })
  t.strictSame(chain.map(({ subject }) => subject), ['C=VN\nCN=signer', 'C=VN\nCN=sub', 'C=VN\nCN=root'])
})

t.test('a signer right under a root, or under several CAs, is valid; a chain of more than ten certificates is too long', async (t) => {
  const cas = [sub]
  for (let level = 2; level <= 9; level++) cas.push(makeCa(`level ${level}`, cas.at(-1)))
  const deep = storeOf([root], cas)
  t.strictSame(codes(makeLeaf(root), deep), ['valid'])
  t.strictSame(codes(makeLeaf(cas[7]!), deep), ['valid'])
  t.strictSame(codes(makeLeaf(cas[8]!), deep), ['invalid', 'CHAIN_TOO_LONG'])
})

t.test('validity counts at the moment judged, both ends included', async (t) => {
  const leaf = makeLeaf(sub)
  t.strictSame(codes(leaf, store, new Date('2026-01-01T00:00:00Z')), ['valid'])
  t.strictSame(codes(leaf, store, new Date('2027-01-01T00:00:00Z')), ['valid'])
  const late = codes(leaf, store, new Date('2027-01-01T00:00:01Z'))
  t.strictSame(late, ['invalid', 'CERTIFICATE_EXPIRED', 'CERTIFICATE_EXPIRED', 'CERTIFICATE_EXPIRED'], 'signer, sub-CA and root')
  t.match(codes(leaf, store, new Date('2025-12-31T23:59:59Z')), ['invalid', 'CERTIFICATE_NOT_YET_VALID'])
  t.match(codes(leaf, store, new Date(Number.NaN)), ['invalid', 'CERTIFICATE_NOT_YET_VALID'], 'no date at all')
})

t.test('a certificate of an issuer that is not in the store is invalid', async (t) => {
  const stranger = makeCa('stranger')
  t.strictSame(codes(makeLeaf(stranger)), ['invalid', 'ISSUER_UNKNOWN'])
  t.strictSame(codes(stranger), ['invalid', 'ISSUER_UNKNOWN', 'SIGNER_KEY_USAGE_WRONG'])
  t.strictSame(codes(makeLeaf(sub), storeOf([root])), ['invalid', 'ISSUER_UNKNOWN'], 'a missing sub-CA is not fetched')
  t.strictSame(codes(makeLeaf(sub), storeOf([], [sub, root])), ['invalid', 'ISSUER_UNKNOWN'], 'an intermediate is no anchor')
})

t.test('an issuer that only bears the right name is found out', async (t) => {
  const impostor = makeCa('sub', root)
  t.strictSame(codes(makeLeaf(impostor)), ['invalid', 'ISSUER_UNKNOWN'], 'its key identifier differs')
  t.strictSame(codes(makeLeaf(impostor, { without: [OID.authorityKeyIdentifier] })), ['invalid', 'CHAIN_SIGNATURE_WRONG'])
})

t.test('a changed byte of the certificate breaks its signature', async (t) => {
  const bytes = Buffer.from(makeLeaf(sub).certificate.raw)
  bytes[bytes.indexOf('signer')]! ^= 1
  t.strictSame(codes(new X509Certificate(bytes)), ['invalid', 'CHAIN_SIGNATURE_WRONG'])
})

t.test('among CAs of one name the one that signed is taken', async (t) => {
  const renewed = makeCa('sub', root)
  const without = [OID.authorityKeyIdentifier]
  t.strictSame(codes(makeLeaf(renewed, { without }), storeOf([root], [sub, renewed])), ['valid'])
  t.strictSame(codes(makeLeaf(sub, { without }), storeOf([root], [sub, renewed])), ['valid'])
})

t.test('CAs that certify each other lead nowhere, and the search ends', async (t) => {
  const one = makeCa('one')
  const two = makeCa('two', one)
  const back = makeCa('one', two, { keys: one.keys })
  t.match(codes(makeLeaf(two), storeOf([root], [two, back])), ['invalid', /ISSUER_UNKNOWN|CHAIN_TOO_LONG/])
})

t.test('names match whatever their case and spaces (RFC 5280, 7.1)', async (t) => {
  const without = [OID.authorityKeyIdentifier]
  t.strictSame(codes(makeLeaf({ ...sub, name: { CN: ' SUB ' } }, { without })), ['valid'])
  t.strictSame(codes(makeLeaf({ ...sub, name: { CN: 'su b' } }, { without })), ['invalid', 'ISSUER_UNKNOWN'])
})

const signers: [what: string, change: Change, ...expected: string[]][] = [
  ['nonRepudiation alone', { extensions: [keyUsage('nonRepudiation')] }, 'valid'],
  ['digitalSignature alone', { extensions: [keyUsage('digitalSignature')] }, 'valid'],
  ['keyEncipherment alone', { extensions: [keyUsage('keyEncipherment')] }, 'invalid', 'SIGNER_KEY_USAGE_WRONG'],
  ['no key usage', { without: [OID.keyUsage] }, 'invalid', 'SIGNER_KEY_USAGE_WRONG'],
  ['an extended key usage for other things, not critical', { extensions: [extendedKeyUsage('1.3.6.1.5.5.7.3.1')] }, 'valid'],
  ['critical clientAuth', { extensions: [{ ...extendedKeyUsage(OID.clientAuth), critical: true }] }, 'valid'],
  ['critical timeStamping', { extensions: [{ ...extendedKeyUsage('1.3.6.1.5.5.7.3.8'), critical: true }] }, 'invalid', 'SIGNER_PURPOSE_WRONG'],
  ['an unknown extension', { extensions: [{ ...UNKNOWN, critical: false }] }, 'valid'],
  ['an unknown critical extension', { extensions: [UNKNOWN] }, 'invalid', 'EXTENSION_UNKNOWN'],
  ['an extension twice', { extensions: [UNKNOWN, UNKNOWN] }, 'invalid', 'CERTIFICATE_UNREADABLE'],
  ['a P-384 key', { keys: ecKeys('secp384r1') }, 'valid'],
  ['a P-521 key', { keys: ecKeys('secp521r1') }, 'invalid', 'KEY_WEAK'],
  ['an RSA-2048 key', { keys: rsaKeys(2048) }, 'valid'],
  ['an RSA-1024 key', { keys: rsaKeys(1024) }, 'invalid', 'KEY_WEAK'],
]
t.test('what a signer\'s certificate may and may not be', async (t) => {
  for (const [what, change, ...expected] of signers) t.strictSame(codes(makeLeaf(sub, change)), expected, what)
})

const issuers: [what: string, change: Change, ...expected: string[]][] = [
  ['CA:FALSE', { extensions: [basicConstraints(false)] }, 'invalid', 'ISSUER_NOT_CA'],
  ['no basicConstraints', { without: [OID.basicConstraints] }, 'invalid', 'ISSUER_NOT_CA'],
  ['no extensions at all', { without: [OID.basicConstraints, OID.keyUsage, OID.subjectKeyIdentifier, OID.authorityKeyIdentifier] }, 'invalid', 'ISSUER_NOT_CA'],
  ['cRLSign alone', { extensions: [keyUsage('cRLSign')] }, 'invalid', 'CA_KEY_USAGE_WRONG'],
  ['no key usage', { without: [OID.keyUsage] }, 'invalid', 'CA_KEY_USAGE_WRONG'],
  ['an unknown critical extension', { extensions: [UNKNOWN] }, 'invalid', 'EXTENSION_UNKNOWN'],
  ['pathLen 0 and no CA below', { extensions: [basicConstraints(true, 0)] }, 'valid'],
  ['an expired certificate', { notAfter: new Date('2026-05-01T00:00:00Z') }, 'invalid', 'CERTIFICATE_EXPIRED'],
]
t.test('what a sub-CA\'s certificate may and may not be', async (t) => {
  for (const [what, change, ...expected] of issuers) {
    const changed = makeCa('changed', root, change)
    t.strictSame(codes(makeLeaf(changed), storeOf([root], [changed])), expected, what)
  }
})

t.test('an organisation\'s certificate issues no other', async (t) => {
  const organisation = makeLeaf(sub)
  t.strictSame(codes(makeLeaf(organisation), storeOf([root], [sub, organisation])), ['invalid', 'ISSUER_NOT_CA'])
})

t.test('pathLen counts the CAs below, but not those that certify a new key of themselves', async (t) => {
  const narrow = makeCa('narrow', root, { extensions: [basicConstraints(true, 0)] })
  const below = makeCa('below', narrow)
  const renewed = makeCa('narrow', narrow)
  t.strictSame(codes(makeLeaf(below), storeOf([root], [narrow, below])), ['invalid', 'PATH_LENGTH_EXCEEDED'])
  t.strictSame(codes(makeLeaf(renewed), storeOf([root], [narrow, renewed])), ['valid'])
})

t.test('digests that are broken are refused, on a root as well', async (t) => {
  const keys = rsaKeys(2048)
  const rsa = makeCa('rsa', undefined, { keys })
  t.strictSame(codes(makeLeaf(rsa, { signature: SHA1 }), storeOf([rsa])), ['invalid', 'DIGEST_WEAK'])
  t.strictSame(codes(makeLeaf(rsa, { signature: MD5 }), storeOf([rsa])), ['invalid', 'DIGEST_WEAK'])
  t.strictSame(codes(makeLeaf(rsa, { signature: { oid: '1.2.840.113549.1.1.14', digest: 'sha224' } }), storeOf([rsa])), ['invalid', 'ALGORITHM_NOT_ADMITTED'])
  const old = makeCa('rsa', undefined, { keys, signature: SHA1 })
  t.strictSame(codes(makeLeaf(old), storeOf([old])), ['invalid', 'DIGEST_WEAK'])
})

t.test('bytes of a certificate changed at random never make it valid and never crash the check', async (t) => {
  const { raw } = makeLeaf(sub).certificate
  let state = 20260601
  const random = (below: number) => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) % below
  for (let round = 0; round < 3000; round++) {
    const bytes = Buffer.from(raw)
    bytes[random(bytes.length)]! ^= 1 + random(255)
    const certificate = parse(bytes)
    if (certificate !== undefined && judgePath(certificate, store, AT).result === 'valid') t.fail(bytes.toString('hex'))
  }
})

t.test('openssl agrees on every one of these variants that it judges', needsOpenssl, async (t) => {
  // openssl verify asks neither for a purpose nor for a kind of key
  const ours = new Set(['SIGNER_KEY_USAGE_WRONG', 'SIGNER_PURPOSE_WRONG', 'KEY_WEAK'])
  for (const [what, change, , code] of signers) {
    const { certificate } = makeLeaf(sub, change)
    if (!ours.has(code ?? '')) t.equal(opensslAccepts(certificate.raw, store, AT), code === undefined, what)
  }
  for (const [what, change, result] of issuers) {
    const changed = makeCa('changed', root, change)
    const trusted = storeOf([root], [changed])
    t.equal(opensslAccepts(makeLeaf(changed).certificate.raw, trusted, AT), result === 'valid', what)
  }
})

t.test('the Cipher Committee\'s chains verify at their time', needsShared('samples/certs'), async (t) => {
  const real = (name: string) => new X509Certificate(readFileSync(shared(`samples/certs/${name}.crt`)))
  const cipher = { label: 'cipher', anchors: [real('rootca-g1'), real('rootca-g2')], intermediates: [real('cp-g1'), real('cpca-g2'), real('dcsca-g2')] }
  const organisation = real('ee-organisation-2025')
  t.strictSame(codes(organisation, cipher, AT), ['valid'])
  t.equal(judgePath(organisation, cipher, AT).chain.length, 3)
  t.strictSame(codes(organisation, cipher, new Date('2025-03-13T16:36:52Z')), ['invalid', 'CERTIFICATE_NOT_YET_VALID'])
  t.strictSame(codes(organisation, cipher, new Date('2030-03-12T16:36:54Z')), ['invalid', 'CERTIFICATE_EXPIRED'])
  t.strictSame(codes(organisation, { ...cipher, intermediates: [real('cp-g1'), real('dcsca-g2')] }, AT), ['invalid', 'ISSUER_UNKNOWN'])
  t.strictSame(codes(organisation, { ...cipher, anchors: [real('rootca-g1')] }, AT), ['invalid', 'ISSUER_UNKNOWN'])

  // No signer's certificate of the first generation is public, so its sub-CA stands in, as what it is
  const asCa = (name: string, at = AT) => {
    const { result, reasons } = judgePath(real(name), cipher, at, { use: 'certificates' })
    return [result, ...reasons.map(({ code }) => code)]
  }
  t.strictSame(asCa('cp-g1'), ['valid', 'DIGEST_SHA1_PINNED', 'DIGEST_SHA1_PINNED'], 'SHA-1 on G1 is admitted, and said')
  t.strictSame(asCa('cp-g1', new Date('2030-03-05T00:00:00Z')), ['invalid', 'CERTIFICATE_EXPIRED', 'DIGEST_SHA1_PINNED', 'DIGEST_SHA1_PINNED'])
  t.strictSame([asCa('cpca-g2'), asCa('dcsca-g2')], [['valid'], ['valid']])
  t.strictSame(codes(real('cp-g1'), cipher, AT), ['invalid', 'DIGEST_SHA1_PINNED', 'SIGNER_KEY_USAGE_WRONG', 'DIGEST_SHA1_PINNED'], 'a CA signs no documents')
})

function parse (bytes: Buffer): X509Certificate | undefined {
  try {
    return new X509Certificate(bytes)
  } catch {
    return undefined
  }
}
