import { createHash } from 'node:crypto'
import { ContentInfo, SignedData } from '@peculiar/asn1-cms'
import { AsnConvert } from '@peculiar/asn1-schema'
import t from 'tap'

import { ecKeys, rsaKeys } from '../../../certs-example/issue.ts'
import { derFromBer } from '../../../src/trust/asn1/ber.ts'
import { TAG, childrenOf, readDer, readElements, type Der } from '../../../src/trust/asn1/der.ts'
import { readSignedData } from '../../../src/trust/cms/read.ts'
import { attribute, der, octets, oid, sequence } from '../time/tokens.ts'
import { makeLeaf } from '../world.ts'
import {
  CONTENT, DIGEST, algorithmProtection, issuerSerialOf, pss, revocationInfo, signingCertificateV1, signingCertificateV2, signingTime, timeStamp, writeMessage, type MessageChange,
} from './messages.ts'
import { SIGNER, SUB, codesOf, judged } from './reasons.ts'

const RSA = makeLeaf(SUB, { keys: rsaKeys(2048) })
const other = makeLeaf(SUB, { name: { CN: 'other' } })

/** The signed attributes as they should be, and these. */
const also = (...more: Buffer[]): MessageChange => ({ attributes: (own) => [...Object.values(own), ...more] })
/** With these in place of the one that names the certificate. */
const naming = (...named: Buffer[]): MessageChange => ({ attributes: ({ contentType, messageDigest }) => [contentType, messageDigest, ...named] })

t.test('a signature that is as it should be has nothing against it, by every algorithm that is admitted', async (t) => {
  for (const digest of ['sha256', 'sha384', 'sha512'] as const) {
    for (const change of [{ digest }, { digest, salt: createHash(digest).update('').digest().length }, { digest, salt: 20 }]) t.strictSame(codesOf(change, {}, RSA), [], JSON.stringify(change))
  }
  t.strictSame(codesOf({ digest: 'sha384' }, {}, makeLeaf(SUB, { keys: ecKeys('secp384r1') })), [])
  t.strictSame(codesOf({ signatureAlgorithm: sequence(oid('1.2.840.113549.1.1.1'), Buffer.of(5, 0)) }, {}, RSA), [], 'rsaEncryption alone, as OpenSSL names it')
  const { signed, signer, value, sha1 } = judged(writeMessage(SIGNER))
  t.strictSame({ signed, signer: signer?.fingerprint256, sha1 }, { signed: true, signer: SIGNER.certificate.fingerprint256, sha1: undefined })
  t.same(value, readSignedData(writeMessage(SIGNER, { signature: () => value })).signers[0]!.signature)
})

t.test('what is weak or unknown is refused, wherever it stands; SHA-1 is left to whoever knows the time', async (t) => {
  t.strictSame(codesOf({ digest: 'md5' }, {}, RSA), ['CMS_ALGORITHM_NOT_ALLOWED'])
  t.strictSame(codesOf({ signatureAlgorithm: sequence(oid('1.2.3')) }), ['CMS_ALGORITHM_NOT_ALLOWED'])
  t.strictSame(codesOf({ salt: 32, signatureAlgorithm: pss(DIGEST.sha256, 32, { mask: DIGEST.sha1 }) }, {}, RSA), ['CMS_ALGORITHM_NOT_ALLOWED'], 'another digest for the mask')
  t.strictSame(codesOf({ salt: 32, signatureAlgorithm: pss(DIGEST.sha256, 32, { trailer: 2 }) }, {}, RSA), ['CMS_ALGORITHM_NOT_ALLOWED'], 'a trailer that nobody knows')
  t.strictSame(codesOf({ salt: 32, signatureAlgorithm: pss(DIGEST.sha256, 32, { trailer: 1 }) }, {}, RSA), [])
  t.strictSame(codesOf({ salt: 32, signatureAlgorithm: pss(DIGEST.sha256, 31) }, {}, RSA), ['CMS_SIGNATURE_WRONG'], 'another salt than was used')
  const old = judged(writeMessage(RSA, { digest: 'sha1' }))
  t.strictSame({ codes: old.findings, sha1: old.sha1, signed: old.signed }, { codes: [], sha1: 'digestAlgorithm, signatureAlgorithm', signed: true })
})

t.test('algorithms that contradict each other are refused', async (t) => {
  t.strictSame(codesOf({ signatureDigest: 'sha512' }), ['CMS_ALGORITHMS_DIFFER'], 'one for the content and another for the attributes')
  t.strictSame(codesOf({ announced: [DIGEST.sha512] }), ['CMS_ALGORITHMS_DIFFER'], 'the message announces another')
  t.strictSame(codesOf({ announced: [DIGEST.sha512, DIGEST.sha256] }), [])
  const [sha256, ecdsa] = [sequence(oid(DIGEST.sha256)), sequence(oid('1.2.840.10045.4.3.2'))]
  t.strictSame(codesOf(also(algorithmProtection(sha256, ecdsa))), [])
  t.strictSame(codesOf(also(algorithmProtection(sequence(oid(DIGEST.sha256), Buffer.of(5, 0)), ecdsa))), [], 'NULL means the same as nothing')
  t.strictSame(codesOf(also(algorithmProtection(sequence(oid(DIGEST.sha512)), ecdsa))), ['CMS_ALGORITHMS_DIFFER'])
  t.strictSame(codesOf(also(algorithmProtection(sha256, sequence(oid('1.2.840.10045.4.3.3'))))), ['CMS_ALGORITHMS_DIFFER'])
  const protecting = (...parts: Buffer[]) => codesOf(also(attribute('1.2.840.113549.1.9.52', sequence(...parts))))
  const tagged = (tag: number) => Buffer.concat([Buffer.of(tag), ecdsa.subarray(1)])
  t.strictSame(protecting(sha256, tagged(0xa1)), [])
  for (const parts of [[sha256], [sha256, tagged(0xa2)], [sha256, tagged(0xa1), tagged(0xa2)]]) t.strictSame(protecting(...parts), ['CMS_ALGORITHMS_DIFFER'])
})

t.test('the signed attributes are there, each once, and name plain data and its digest', async (t) => {
  t.strictSame(codesOf({ attributes: () => null }), ['CMS_ATTRIBUTES_ABSENT'])
  const wrong: [string, MessageChange, string][] = [
    ['no content-type', { attributes: ({ messageDigest, signingCertificate }) => [messageDigest, signingCertificate] }, 'CMS_ATTRIBUTE_WRONG'],
    ['no message-digest', { attributes: ({ contentType, signingCertificate }) => [contentType, signingCertificate] }, 'CMS_ATTRIBUTE_WRONG'],
    ['another content-type', { attributes: ({ messageDigest, signingCertificate }) => [attribute('1.2.840.113549.1.9.3', oid('1.2.3')), messageDigest, signingCertificate] }, 'CMS_ATTRIBUTE_WRONG'],
    ['two signing times', also(signingTime('260601000000Z'), signingTime('260602000000Z')), 'CMS_ATTRIBUTE_WRONG'],
    ['the certificate named twice', also(signingCertificateV2(other)), 'CMS_ATTRIBUTE_WRONG'],
    ['none in it', { attributes: () => [] }, 'CMS_ATTRIBUTE_WRONG'],
    ['another digest', { messageDigest: Buffer.alloc(32) }, 'CMS_CONTENT_CHANGED'],
    ['a digest that is cut off', { messageDigest: createHash('sha256').update(CONTENT).digest().subarray(0, 16) }, 'CMS_CONTENT_CHANGED'],
  ]
  for (const [name, change, code] of wrong) t.ok(codesOf(change).includes(code), `${name}: ${codesOf(change).join(' ')}`)
  const twice = attribute('1.2.840.113549.1.9.4', octets(createHash('sha256').update(CONTENT).digest()))
  t.ok(codesOf(also(twice)).includes('CMS_ATTRIBUTE_WRONG'), 'the right digest beside itself')
  t.strictSame(codesOf({}, { digestOf: () => undefined }), ['CMS_CONTENT_CHANGED'], 'a digest that nobody computed')
})

t.test('attributes that were signed elsewhere are no content, nor is a content taken for attributes', async (t) => {
  // RFC 5652 without signed attributes signs the content itself: one that is a SET of attributes would pass for them, and they for it
  const attributes = readSignedData(writeMessage(SIGNER)).signers[0]!.signedAttributes!
  const bare = writeMessage(SIGNER, { attributes: () => null, content: attributes })
  t.strictSame(judged(bare, { digestOf: (digest) => createHash(digest).update(attributes).digest() }).findings.map(({ code }) => code), ['CMS_ATTRIBUTES_ABSENT'])
  t.equal(judged(bare).signed, false)
})

t.test('a message of another kind, or with a content of its own, is no detached signature', async (t) => {
  t.ok(codesOf({ encapsulated: CONTENT }).includes('CMS_CONTENT_WRONG'))
  t.ok(codesOf({ contentType: '1.2.840.113549.1.9.16.1.4' }).includes('CMS_CONTENT_WRONG'), 'a time-stamp')
  t.strictSame(codesOf({ signers: 0 }), ['CMS_SIGNERS_WRONG'])
  t.strictSame(codesOf({ signers: 2 }), ['CMS_SIGNERS_WRONG'])
})

t.test('the certificate that is named is the signer\'s, by its hash and by its issuer and number', async (t) => {
  t.strictSame(codesOf(naming(signingCertificateV2(SIGNER, { issuerSerial: issuerSerialOf(SIGNER) }))), [])
  t.strictSame(codesOf(naming(signingCertificateV2(SIGNER, { digest: 'sha512' }))), [])
  t.strictSame(codesOf(naming(signingCertificateV2(SIGNER, { issuerSerial: issuerSerialOf(other) }))), ['CMS_CERTIFICATE_OTHER'])
  t.strictSame(codesOf(naming(signingCertificateV2(SIGNER, { digest: 'sha1' }))), ['CMS_BINDING_SHA1'])
  t.strictSame(codesOf(naming(signingCertificateV2(SIGNER, { digest: 'md5' }))), ['CMS_CERTIFICATE_OTHER'], 'by MD5 anybody could be')
  t.strictSame(codesOf(naming(signingCertificateV1(SIGNER))), ['CMS_BINDING_SHA1'])
  t.strictSame(codesOf(naming(signingCertificateV1(SIGNER), signingCertificateV2(SIGNER))), [])
  t.strictSame(codesOf(naming(signingCertificateV1(other), signingCertificateV2(SIGNER))), ['CMS_CERTIFICATE_OTHER'], 'both must')
  t.strictSame(codesOf(naming()), ['CMS_CERTIFICATE_UNBOUND'])
  t.strictSame(codesOf(naming(), { mustNameCertificate: false }), ['CMS_CERTIFICATE_UNNAMED'])
  t.strictSame(codesOf(naming(signingCertificateV2(other)), { mustNameCertificate: false }), ['CMS_CERTIFICATE_OTHER'], 'what is there must be right')
})

t.test('a certificate of the same key in place of the signer\'s is found out', async (t) => {
  const twin = makeLeaf(SUB, { name: { CN: 'twin' }, keys: SIGNER.keys })
  t.strictSame(codesOf({ certificates: [twin.certificate.raw] }), ['CMS_CERTIFICATE_ABSENT'])
  const asTwin = readSignedData(writeMessage(twin)).signers[0]!.identifier.raw
  t.strictSame(codesOf({ certificates: [twin.certificate.raw], identifier: asTwin }), ['CMS_CERTIFICATE_OTHER'])
  t.strictSame(codesOf({ certificates: [twin.certificate.raw, SIGNER.certificate.raw] }), [])
})

t.test('what comes along is found: time-stamps, the claimed time, CRLs and OCSP answers', async (t) => {
  const [crl, ocsp, token] = [sequence(octets(Buffer.from('crl'))), sequence(octets(Buffer.from('ocsp'))), sequence(octets(Buffer.from('token')))] as const
  const archived = revocationInfo({ crls: [crl], ocsps: [ocsp] })
  const told = judged(writeMessage(SIGNER, { ...also(signingTime('260601070000Z'), archived), crls: [crl, der(0xa1, oid('1.3.6.1.5.5.7.16.2'), ocsp), der(0xa1, oid('1.2.3'), ocsp)], unsigned: () => [timeStamp(token, token), timeStamp(token), archived] }))
  t.strictSame(told.findings, [])
  t.same(told.signingTime, new Date('2026-06-01T07:00:00Z'))
  t.same(told.stamps, [token, token, token])
  t.same(told.crls, [crl, crl, crl])
  t.same(told.ocsps, [ocsp, ocsp, ocsp])
})

t.test('answers on revocation that cannot be read are as good as absent', async (t) => {
  for (const value of [octets(CONTENT), sequence(der(0xa0, octets(CONTENT)), der(0xa1))]) {
    t.match(judged(writeMessage(SIGNER, { unsigned: () => [attribute('1.2.840.113583.1.1.8', value)] })), { findings: [], signed: true, crls: [], ocsps: [] })
  }
})

t.test('a message made to exhaust its reader, or that is none, is unreadable and nothing worse', async (t) => {
  const whole = writeMessage(SIGNER)
  const many = [
    Buffer.alloc(0), Buffer.alloc(100_000, 0x30), Buffer.alloc(100_000, Buffer.of(0x30, 0x80)), Buffer.alloc(17 << 20), Buffer.concat([whole, Buffer.of(0)]),
    writeMessage(SIGNER, { unsigned: () => [timeStamp(...Array.from({ length: 9 }, () => sequence()))] }),
    writeMessage(SIGNER, { certificates: Array.from({ length: 17 }, () => SIGNER.certificate.raw) }),
    writeMessage(SIGNER, { crls: Array.from({ length: 33 }, () => sequence()) }),
    writeMessage(SIGNER, also(signingTime('260230000000Z'))), writeMessage(SIGNER, naming(attribute('1.2.840.113549.1.9.16.2.47', octets(CONTENT)))),
    ...Array.from({ length: 60 }, (_, index) => whole.subarray(0, Math.floor(whole.length * index / 60))),
  ]
  for (const bytes of many) t.strictSame(judged(bytes).findings.map(({ code }) => code), ['CMS_UNREADABLE'], `${bytes.length} bytes`)
})

t.test('there is nothing in a message beside what belongs there', async (t) => {
  const [type, wrapped] = childrenOf(readDer(writeMessage(SIGNER), TAG.sequence)) as [Der, Der]
  const fields = childrenOf(childrenOf(wrapped, 0xa0)[0]).map(({ raw }) => raw)
  const [info] = readElements(readDer(fields.at(-1)!, TAG.set).content)
  const message = (parts: Buffer[], ...beside: Buffer[]) => sequence(type.raw, der(0xa0, sequence(...parts)), ...beside)
  const more = octets(CONTENT)
  t.strictSame(judged(message(fields)).findings, [])
  const signer = sequence(info!.content, der(0xa1, timeStamp(sequence())), more)
  for (const bytes of [message(fields, more), message([...fields, more]), message([...fields.slice(0, -1), der(TAG.set, signer)])]) {
    t.strictSame(judged(bytes).findings.map(({ code }) => code), ['CMS_UNREADABLE'])
  }
})

t.test('what is DER is not looked at without end', async (t) => {
  const length = 2 * 4_100_000
  const head = Buffer.from(`3084${length.toString(16).padStart(8, '0')}`, 'hex')
  t.throws(() => derFromBer(Buffer.concat([head, Buffer.alloc(length, Buffer.of(5, 0))])), /too many elements/)
})

t.test('no octet of a message can be changed without its being found out, but in what is unsigned', async (t) => {
  const whole = writeMessage(SIGNER)
  const silent = Array.from(whole.keys()).filter((index) => {
    const changed = Buffer.from(whole)
    changed[index]! ^= 0x01
    return judged(changed).findings.length === 0
  })
  t.strictSame(silent.map((index) => whole.subarray(index - 2, index + 1).toString('hex')), ['020101', '020101'], 'the two numbers of the version, which mean nothing')
})

t.test('two readers of CMS read the same', async (t) => {
  for (const message of [writeMessage(SIGNER), writeMessage(RSA, { salt: 32 }), writeMessage(SIGNER, { ...also(signingTime('260601000000Z')), unsigned: () => [timeStamp(sequence())] })]) {
    const theirs = AsnConvert.parse(AsnConvert.parse(message, ContentInfo).content, SignedData)
    const { signers: [ours], certificates, contentType } = readSignedData(message)
    const [signer] = theirs.signerInfos
    t.same(Buffer.from(signer!.signature.buffer), ours!.signature)
    t.same(signer!.signedAttrs?.map(({ attrType, attrValues }) => [attrType, ...attrValues.map((value) => Buffer.from(value).toString('hex'))]), ours!.attributes.map(({ type, values }) => [type, ...values.map(({ raw }) => raw.toString('hex'))]))
    t.equal(theirs.encapContentInfo.eContentType, contentType)
    t.equal(theirs.certificates?.length, certificates.length)
    t.equal(signer!.unsignedAttrs?.length ?? 0, ours!.unsignedAttributes.length)
  }
})
