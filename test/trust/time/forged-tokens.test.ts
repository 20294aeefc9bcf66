/** Tokens that no real authority writes: made by hand, each wrong in one respect. */
import t from 'tap'
import { createHash } from 'node:crypto'

import { derFromBer } from '../../../src/trust/asn1/ber.ts'
import { readToken } from '../../../src/trust/time/read.ts'
import { judgeTokenBytes } from '../../../src/trust/time/token.ts'
import { makeCa, makeLeaf, storeOf } from '../world.ts'
import { STORE, TSA, judged } from './reasons.ts'
import { HASH, attribute, der, octets, oid, sequence, writeToken } from './tokens.ts'
import { TIME_STAMPING_PURPOSE } from './tsa.ts'

const codesOf = ({ reasons }: { reasons: { code: string }[] }) => reasons.map(({ code }) => code)

t.test('a token written as it should be is valid', async (t) => {
  t.strictSame(judged().reasons, [])
  t.strictSame(judged().genTime, new Date('2026-06-01T00:00:00Z'))
  t.strictSame(judged({ byKeyId: createHash('sha1').update(TSA.keys.publicKey.export({ type: 'spki', format: 'der' }).subarray(-65)).digest() }).reasons, [], 'also when its signer is named by the key')
  t.strictSame(judged({ extension: 'harmless' }).reasons, [])
})

t.test('fractions of seconds count to the millisecond, and a time that is none is unreadable', async (t) => {
  t.strictSame(judged({ genTime: '20260601000000.1239Z' }).genTime, new Date('2026-06-01T00:00:00.123Z'))
  t.strictSame(judged({ genTime: '20260601000000.5Z' }).genTime, new Date('2026-06-01T00:00:00.500Z'))
  for (const genTime of ['20260601000000', '20260601000000+0700', '20260631000000Z', '20261301000000Z', '202606010000Z', '20260601240000Z', '20260601000000.Z', '', 'now']) {
    t.match(judged({ genTime }), { result: 'invalid', reasons: [{ code: 'TOKEN_UNREADABLE' }] }, genTime)
  }
  t.strictSame(codesOf(judged({ infoVersion: 2 })), ['TOKEN_UNREADABLE'])
})

t.test('signed attributes that are missing, repeated, doubled or wrong are refused', async (t) => {
  t.match(codesOf(judged({ attributes: () => null })), ['TOKEN_ATTRIBUTE_WRONG'], 'a signature over the content itself')
  for (const attributes of [
    ({ contentType, ...rest }) => [contentType, contentType, ...Object.values(rest)],
    ({ messageDigest, signingCertificate }) => [messageDigest, signingCertificate],
    ({ messageDigest, signingCertificate }) => [attribute('1.2.840.113549.1.9.3', oid('1.2.840.113549.1.7.1')), messageDigest, signingCertificate],
    ({ contentType, messageDigest, signingCertificate }) => [contentType, messageDigest, messageDigest, signingCertificate],
    ({ contentType, signingCertificate }) => [contentType, attribute('1.2.840.113549.1.9.4', octets(HASH), octets(HASH)), signingCertificate],
  ] satisfies NonNullable<Parameters<typeof judged>[0]>['attributes'][]) t.match(judged({ attributes }), { result: 'invalid', reasons: [{ code: 'TOKEN_ATTRIBUTE_WRONG' }] })
})

t.test("the signature is bound to its certificate: another certificate of the same key and name does not do", async (t) => {
  const root = makeCa('TSA root')
  const own = makeLeaf(root, { extensions: [TIME_STAMPING_PURPOSE] })
  const twin = makeLeaf(root, { keys: own.keys, extensions: [TIME_STAMPING_PURPOSE], notBefore: new Date('2020-01-01'), serial: Buffer.from(own.certificate.serialNumber, 'hex') })
  const judge = (certificates: Buffer[]) => judgeTokenBytes(writeToken(own, { certificates }), () => HASH, storeOf([root]))
  t.equal(judge([own.certificate.raw]).result, 'valid')
  t.strictSame(codesOf(judge([twin.certificate.raw])), ['TOKEN_CERTIFICATE_UNBOUND'])
  t.match(judged({ attributes: ({ contentType, messageDigest }) => [contentType, messageDigest, attribute('1.2.840.113549.1.9.16.2.47', sequence(sequence()))] }), { result: 'invalid', reasons: [{ code: 'TOKEN_UNREADABLE' }] })
})

t.test('weak digests are refused wherever they stand', async (t) => {
  const sha1 = '1.3.14.3.2.26'
  t.match(codesOf(judged({ imprintDigest: sha1, hash: Buffer.alloc(20) })), ['TOKEN_ALGORITHM_NOT_ALLOWED'])
  t.match(codesOf(judged({ digestAlgorithm: sha1 })), ['TOKEN_ALGORITHM_NOT_ALLOWED'])
  t.match(codesOf(judged({ digestAlgorithm: '1.2.3' })), ['TOKEN_ALGORITHM_NOT_ALLOWED'])
  t.match(codesOf(judged({ signatureAlgorithm: sequence(oid('1.2.840.10045.4.1')) })), ['TOKEN_ALGORITHM_NOT_ALLOWED'])
})

t.test("an authority's certificate that is good for other things too is refused", async (t) => {
  const root = makeCa('TSA root')
  for (const certificate of [makeLeaf(root), makeLeaf(root, { extensions: [{ ...TIME_STAMPING_PURPOSE, critical: false }] })]) {
    t.match(judgeTokenBytes(writeToken(certificate), () => HASH, storeOf([root])), { result: 'invalid', reasons: [{ code: 'TIME_STAMPING_PURPOSE_WRONG' }] })
  }
})

t.test("the authority's certificate is judged at genTime, not today", async (t) => {
  t.equal(judged({ genTime: '20261231000000Z' }).result, 'valid')
  t.strictSame(codesOf(judged({ genTime: '20270102000000Z' })), ['CERTIFICATE_EXPIRED', 'CERTIFICATE_EXPIRED'])
  t.strictSame(codesOf(judged({ genTime: '20251231000000Z' })), ['CERTIFICATE_NOT_YET_VALID', 'CERTIFICATE_NOT_YET_VALID'])
})

t.test('a token with lengths left open, as some authorities write CMS, is read as the same token', async (t) => {
  const token = writeToken(TSA)
  const open = indefinite(token)
  t.notSame(open, token)
  t.same(derFromBer(open), token)
  t.same(derFromBer(token), token, 'and what is DER stays octet by octet')
  t.strictSame(judgeTokenBytes(open, () => HASH, STORE).reasons, [])
  t.same(readToken(open).bytes, open, 'what is kept are the bytes that came')
  const parts = der(0x24, octets(Buffer.from('ab')), octets(Buffer.from('c')))
  t.same(derFromBer(parts), octets(Buffer.from('abc')))
})

t.test('a token made to exhaust its reader is unreadable', async (t) => {
  const deep = Array.from({ length: 200 }).reduce<Buffer>((inside) => sequence(inside), sequence())
  const certificates = Array.from({ length: 17 }, () => TSA.certificate.raw)
  const many = sequence(Buffer.alloc(60_000, Buffer.of(5, 0)))
  for (const bytes of [deep, many, Buffer.alloc(300_000), Buffer.alloc(100_000, 0x30), Buffer.alloc(100_000, Buffer.of(0x30, 0x80)), Buffer.of(0x30, 0x84, 0xff, 0xff, 0xff, 0xff), Buffer.of(0x24, 0x02, 0x02, 0x00), Buffer.of(0x04, 0x80, 0, 0)]) {
    t.strictSame(codesOf(judgeTokenBytes(bytes, () => HASH, STORE)), ['TOKEN_UNREADABLE'])
  }
  t.strictSame(codesOf(judged({ certificates })), ['TOKEN_UNREADABLE'])
  t.strictSame(codesOf(judged({ certificates: [sequence(), TSA.certificate.raw, der(0xa3, sequence())] })), [], 'a certificate that cannot be read is as good as absent')
})

/** The same value with the length of every constructed element left open, except inside of what is signed. */
function indefinite (bytes: Buffer): Buffer {
  const outer = [...Array(3)].reduce<{ at: number, tags: number[] }>(({ at, tags }) => {
    const lengthOctets = bytes[at + 1]! < 0x80 ? 0 : bytes[at + 1]! & 0x7f
    return { at: at + 2 + lengthOctets + (tags.length === 0 ? oid('1.2.840.113549.1.7.2').length : 0), tags: [...tags, bytes[at]!] }
  }, { at: 0, tags: [] })
  const [contentInfo, explicit, signedData] = outer.tags
  const ends = Buffer.alloc(2)
  return Buffer.concat([Buffer.of(contentInfo!, 0x80), oid('1.2.840.113549.1.7.2'), Buffer.of(explicit!, 0x80), Buffer.of(signedData!, 0x80), bytes.subarray(outer.at), ends, ends, ends])
}
