import { createHash, randomBytes } from 'node:crypto'

import t from 'tap'

import { canonicalise, EXCLUSIVE_C14N } from '../../src/edxml/xml.ts'
import { judgePacketSignature } from '../../src/signing/packet-signature.ts'
import { TAG, childrenOf, readDer } from '../../src/trust/asn1/der.ts'
import { nonceFrom, timeStampRequest } from '../../src/trust/time/request.ts'
import { STORE, TSA } from '../trust/time/reasons.ts'
import { writeToken } from '../trust/time/tokens.ts'
import { makeTsa } from '../trust/time/tsa.ts'
import { needsOpenssl } from '../trust/world.ts'
import { contextFor, handOf, open, packetText, signByHand, told, trust } from './world.ts'
import { DS, enveloping, judgeOne, object, old, packetWith, stamped, toldOf, trustWith, XADES } from './xml-world.ts'

const sha256 = (text: string | Buffer) => createHash('sha256').update(text).digest()
const withStamps = { ...trust, timeStamping: STORE }

t.test("a packet's signature is judged for the time that a token over its value proves", async (t) => {
  const judged = (packet: string, change = {}) => judgePacketSignature(open(packet), contextFor(undefined, { trust: withStamps, ...change }))
  const good = await packetWith((value) => stamped(writeToken(TSA, { hash: sha256(value) })))
  t.equal(told(judged(good)), 'valid')
  t.strictSame(judged(good).proofTime, { at: '2026-06-01T00:00:00.000Z', from: 'token', by: 'CN=signer, C=VN' })
  t.equal(judged(good, { at: new Date('2026-05-01T00:00:00Z') }).proofTime.from, 'receipt', 'what we had before is older than its token')

  const method = `<CanonicalizationMethod xmlns="${DS}" Algorithm="${EXCLUSIVE_C14N}"/>`
  const exclusive = await packetWith((value) => stamped(writeToken(TSA, { hash: sha256(canonicalise(Buffer.from(value), EXCLUSIVE_C14N)) }), method))
  t.equal(told(judged(exclusive)), 'valid', 'canonicalised as the stamp says')

  t.equal(told(judged(await packetWith(() => stamped(writeToken(TSA, { hash: sha256('another signature') }))))), 'invalid TOKEN_IMPRINT_WRONG', 'a token that is there must be right')
  t.equal(told(judged(await packetWith(() => stamped(Buffer.from('no token'))))), 'invalid TOKEN_UNREADABLE')
  t.equal(told(judged(good, { trust })), 'indeterminate TSA_UNKNOWN', 'and from an authority that is known')
  t.equal(judged(good, { trust }).proofTime.from, 'receipt')
})

t.test('a packet carries one time-stamp and no other Object', async (t) => {
  const judged = async (unsigned: (value: string) => string) => told(judgePacketSignature(open(await packetWith(unsigned)), contextFor(undefined, { trust: withStamps })))
  const good = (value: string) => stamped(writeToken(TSA, { hash: sha256(value) }))
  t.equal(await judged(good), 'valid')
  const others: [string, (value: string) => string][] = [
    ['two of them', (value) => good(value).repeat(2)],
    ['two time-stamps in one', (value) => good(value).replace(/<xades:SignatureTimeStamp>.*<\/xades:SignatureTimeStamp>/, '$&$&')],
    ['text', () => '<Object>x</Object>'],
    ['text beside it', (value) => good(value).replace('<Object>', '<Object>x')],
    ['an attribute', (value) => good(value).replace('<Object>', '<Object Encoding="x">')],
    ['signed properties too', (value) => good(value).replace('<xades:UnsignedProperties>', '<xades:SignedProperties/>$&')],
    ['another unsigned property', (value) => good(value).replace('</xades:UnsignedSignatureProperties>', '<xades:CounterSignature/>$&')],
    ['another namespace', (value) => good(value).replace(XADES, 'urn:x')],
    ['something else', () => `<Object xmlns="urn:x"><x/></Object>`],
  ]
  for (const [name, unsigned] of others) t.equal(await judged(unsigned), 'invalid SIGNATURE_FORM', name)
  t.equal(await judged((value) => good(value).replace(/(<xades:EncapsulatedTimeStamp>)../, '$1*!')), 'invalid SIGNATURE_ENCODING')
})

t.test('a real authority stamps a signature of the general form', needsOpenssl, async (t) => {
  const tsa = makeTsa(t)
  const unstamped = enveloping()
  const value = unstamped.match(/<SignatureValue>[^<]*<\/SignatureValue>/)![0].replace('<SignatureValue>', `<SignatureValue xmlns="${DS}">`)
  const answer = await tsa.answer(timeStampRequest(sha256(value), nonceFrom(randomBytes(8))))
  const token = childrenOf(readDer(answer, TAG.sequence))[1]!.raw
  const signed = unstamped.replace('</Signature>', `${stamped(token)}</Signature>`)
  // It stamps with the time of this run, when the signer's certificate may have expired
  const { verdict } = judgeOne(signed, { at: new Date('2089-12-31T00:00:00Z'), trust: { ...trustWith(), timeStamping: tsa.store } })
  t.strictSame(verdict.reasons.filter(({ code }) => /^(TOKEN|TSA|SIGNATURE_VALUE|CONTENT)/.test(code)), [])
  t.equal(verdict.proofTime.from, 'token')
})

t.test('SHA-1 passes as historical only when a token or our receipt proves that it is older than the date of the policy', async (t) => {
  const signed = enveloping({ hash: 'sha1', signer: old })
  const at = new Date('2015-06-01T00:00:00Z')
  const before2017 = trustWith({ sha1Before: '2017-01-01' })
  t.equal(toldOf(signed, { at }), 'invalid ALGORITHM_SHA1', 'never, unless the policy names a date')
  t.equal(toldOf(signed, { at, trust: before2017 }), 'valid SIGNATURE_COVERS_PARTS ALGORITHM_SHA1_HISTORICAL /Signature/Object')
  t.equal(toldOf(signed, { at, atFrom: 'claim', trust: before2017 }), 'invalid ALGORITHM_SHA1', 'a claim proves nothing')
  t.equal(toldOf(signed, { at: new Date('2017-06-01T00:00:00Z'), trust: before2017 }), 'invalid ALGORITHM_SHA1')
  t.equal(toldOf(signed.replace('văn', 'vắn'), { at, trust: before2017 }).split(' ')[1], 'CONTENT_CHANGED', 'and it must be right')

  const stampedThen = enveloping({ hash: 'sha1', signer: old, unsigned: (value) => stamped(writeToken(TSA, { hash: sha256(value) })) })
  const before2027 = { ...trustWith({ sha1Before: '2026-07-01' }), timeStamping: STORE }
  t.equal(toldOf(stampedThen, { at: new Date('2027-06-01T00:00:00Z'), trust: before2027 }), 'valid SIGNATURE_COVERS_PARTS ALGORITHM_SHA1_HISTORICAL /Signature/Object[1]', 'by its token')
  t.equal(toldOf(stampedThen, { at: new Date('2027-06-01T00:00:00Z'), atFrom: 'claim', trust: before2027 }).split(' ')[0], 'valid')

  const packet = signByHand(packetText('{}'), { ...handOf(old), hash: 'sha1', signatureMethod: `${DS}rsa-sha1` })
  const packetContext = contextFor(old, { at, trust: before2017 })
  t.equal(told(judgePacketSignature(open(packet), packetContext)), 'valid ALGORITHM_SHA1_HISTORICAL')
  t.equal(told(judgePacketSignature(open(packet.replace('H99.09', 'H99.10')), packetContext)), 'invalid CONTENT_CHANGED ALGORITHM_SHA1_HISTORICAL')
  t.equal(told(judgePacketSignature(open(packet), { ...packetContext, at: new Date('2017-06-01T00:00:00Z') })), 'invalid ALGORITHM_SHA1')
})

t.test('the signed properties of XAdES name the time and the certificate', async (t) => {
  const properties = (digest: Buffer, time = '2026-05-31T10:00:00Z') => object(`<xades:QualifyingProperties xmlns:xades="${XADES}"><xades:SignedProperties><xades:SignedSignatureProperties><xades:SigningTime>${time}</xades:SigningTime>` +
    '<xades:SigningCertificateV2><xades:Cert><xades:CertDigest><DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></DigestMethod>' +
    `<DigestValue>${digest.toString('base64')}</DigestValue></xades:CertDigest></xades:Cert></xades:SigningCertificateV2></xades:SignedSignatureProperties></xades:SignedProperties></xades:QualifyingProperties>`)
  const { certificate } = old
  const good = enveloping({ signer: old, objects: [properties(sha256(certificate.raw))] })
  t.equal(toldOf(good).split(' ')[0], 'valid')
  t.equal(judgeOne(good).verdict.proofTime.claim, '2026-05-31T10:00:00.000Z')
  t.match(toldOf(enveloping({ signer: old, objects: [properties(sha256('another'))] })), /^invalid SIGNER_CERTIFICATE_OTHER/)
  t.match(toldOf(enveloping({ signer: old, objects: [properties(sha256(certificate.raw), '2026-06-01T06:30:00Z')] })), /^valid .*CLAIM_LOCAL_TIME/, 'local time, marked as UTC')
})
