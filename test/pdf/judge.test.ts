import { createHash } from 'node:crypto'
import t from 'tap'

import { ecKeys } from '../../certs-example/issue.ts'
import { issueCrl, issueOcsp } from '../../certs-example/revocation.ts'
import { examinePdf } from '../../src/pdf/examine.ts'
import { judgePdf } from '../../src/pdf/judge.ts'
import { standingOf } from '../../src/pdf/policy.ts'
import { bytesSource } from '../../src/pdf/source.ts'
import { contentOf } from '../../src/trust/asn1/certificate.ts'
import { readSignedData } from '../../src/trust/cms/read.ts'
import { readCrl } from '../../src/trust/revocation/crl.ts'
import { knownFrom } from '../../src/trust/revocation/known.ts'
import { DEFAULT_TRUST_POLICY } from '../../src/trust/policy.ts'
import { evidenceOf, fingerprintOf } from '../../src/trust/verdict.ts'
import { revocationInfo, signingCertificateV2, signingTime, timeStamp, writeMessage } from '../trust/cms/messages.ts'
import { TSA } from '../trust/time/reasons.ts'
import { AT, makeCa, makeCrl, makeLeaf } from '../trust/world.ts'
import {
  AGENCY, LEADER, ROOT, STRANGER, SUB, context, documentTimeStamp, examined, hours, judgedFile, judgedSignature, signedPdf, told, tokenOver, unaware,
} from './judge-world.ts'

const serialOf = ({ certificate }: typeof LEADER) => Buffer.from(contentOf(certificate).serial, 'hex')
const SPAN = { thisUpdate: hours(-24), nextUpdate: hours(24) }
const GOOD_CRL = issueCrl({ issuer: SUB, ...SPAN })
const ROOT_CRL = issueCrl({ issuer: ROOT, ...SPAN })
const REVOKING_CRL = issueCrl({ issuer: SUB, ...SPAN, entries: [{ serial: serialOf(LEADER), at: hours(-48), reason: 1 }] })
const GOOD_OCSP = issueOcsp({ signer: SUB, producedAt: hours(-1), entries: [{ certificate: LEADER.certificate, issuer: SUB.certificate, thisUpdate: hours(-1), nextUpdate: hours(24) }] })
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

t.test('a signature that is as it should be is valid, and its verdict says who, when, on which evidence', async (t) => {
  const verdict = judgedSignature({}, { claims: { time: hours(-1).toISOString(), name: 'A' } })
  t.equal(told(verdict), 'valid')
  t.match(verdict, {
    field: 'Signature1', kind: 'signature', level: 'B-B', revision: 2, signer: { fingerprint: fingerprintOf(LEADER.certificate) }, domain: 'test',
    proofTime: { at: AT.toISOString(), from: 'receipt', claim: hours(-1).toISOString() }, claims: { name: 'A' }, policy: DEFAULT_TRUST_POLICY,
    checked: ['structure', 'changes', 'algorithms', 'signature value', 'digest', 'certificate', 'time'],
  })
  t.strictSame(verdict.chain.map(({ subject }) => subject), ['CN=Nguyễn Văn A, O=UBND tỉnh thử nghiệm, C=VN', 'CN=CA of PDFs, C=VN', 'CN=root of PDFs, C=VN'])
  t.strictSame(verdict.revocation.map(({ status }) => status), ['good', 'good'])
  t.equal('speaksForSender' in verdict, false)
})

t.test('a whole file is read, examined and judged', async (t) => {
  const pdf = signedPdf((content) => writeMessage(LEADER, { content }))
  t.equal(told(judgePdf(examinePdf(bytesSource(pdf)), context)), 'valid')
  pdf[pdf.indexOf('Hello')] = 0x4a
  t.equal(told(judgePdf(examinePdf(bytesSource(pdf)), context)), 'invalid CMS_CONTENT_CHANGED')
})

t.test('the worst signature decides for the file, and an unsigned one says so', async (t) => {
  const [leader, agency] = [examined(writeMessage(LEADER)), examined(writeMessage(AGENCY), { field: 'Signature2', revision: 3 })]
  t.equal(told(judgedFile([leader, agency])), 'valid')
  const sneaky = examined(writeMessage(STRANGER), { field: 'Signature3', revision: 4 })
  const file = judgedFile([leader, agency, sneaky])
  t.equal(told(file), 'invalid ISSUER_UNKNOWN')
  t.strictSame(file.signatures.map(({ result }) => result), ['valid', 'valid', 'invalid'])
  t.equal(told(judgedFile([])), 'indeterminate PDF_UNSIGNED')
  t.equal(standingOf(judgedFile([])), 'unsigned')
  t.equal(told(judgedFile([documentTimeStamp()])), 'indeterminate PDF_UNSIGNED', 'a time-stamp alone says when, not who')
  t.equal(standingOf(judgedFile([documentTimeStamp()])), 'unsigned')
  t.equal(standingOf(judgedFile([documentTimeStamp({ hash: Buffer.alloc(32) })])), 'invalid')
  t.match(judgePdf({ kind: 'unreadable', findings: [{ code: 'PDF_BROKEN', detail: 'x' }] }, context), { result: 'indeterminate', reasons: [{ code: 'PDF_BROKEN', detail: 'x' }], signatures: [] })
})

t.test('the same reason is told once for the file, and with every signature', async (t) => {
  const changed = (field: string) => examined(writeMessage(LEADER), { field, content: Buffer.from('other') })
  const file = judgedFile([changed('a'), changed('b')])
  t.equal(told(file), 'invalid CMS_CONTENT_CHANGED')
  t.strictSame(file.signatures.map(told), ['invalid CMS_CONTENT_CHANGED', 'invalid CMS_CONTENT_CHANGED'])
})

t.test('what was added after a signature is named; what it does not permit makes it invalid', async (t) => {
  const signature = { revision: 3, kind: 'signature' as const, permitted: true, detail: 'Signature2' }
  const other = { revision: 4, kind: 'other' as const, permitted: false, detail: 'object 5 changed' }
  t.match(judgedSignature({}, { later: [signature] }), { result: 'valid', reasons: [{ code: 'PDF_EXTENDED_AFTER_SIGNING', detail: '3: signature Signature2' }] })
  t.match(judgedSignature({}, { later: [signature, other] }), { result: 'invalid', reasons: [{ code: 'PDF_CHANGED_AFTER_SIGNING', detail: '4: other object 5 changed' }, { code: 'PDF_EXTENDED_AFTER_SIGNING' }] })
  t.match(judgedFile([documentTimeStamp({}, { later: [other] })]), { result: 'invalid' }, 'after a time-stamp too')
})

t.test('kinds that sign no CMS message, or only a SHA-1 digest, are refused', async (t) => {
  for (const subFilter of ['adbe.pkcs7.sha1', 'adbe.x509.rsa_sha1', 'ETSI.RFC3161', '']) t.match(told(judgedSignature({}, { subFilter })), /^invalid PDF_SIGNATURE_KIND/, subFilter)
  t.match(judgedSignature({}, { subFilter: 'adbe.pkcs7.detached' }), { result: 'valid', level: 'other' })
  t.match(told(judgedFile([documentTimeStamp({}, { subFilter: 'ETSI.CAdES.detached' })])), /^invalid PDF_SIGNATURE_KIND/)
  const unnamed = { attributes: ({ contentType, messageDigest }: Record<'contentType' | 'messageDigest', Buffer>) => [contentType, messageDigest] }
  t.equal(told(judgedSignature(unnamed, { subFilter: 'adbe.pkcs7.detached' })), 'valid CMS_CERTIFICATE_UNNAMED')
  t.equal(told(judgedSignature(unnamed)), 'invalid CMS_CERTIFICATE_UNBOUND')
})

t.test('nobody is named for a signature that he did not make', async (t) => {
  const forged = judgedSignature({ by: STRANGER, certificates: [LEADER.certificate.raw], identifier: readSignedData(writeMessage(LEADER)).signers[0]!.identifier.raw })
  t.match(told(forged), /^invalid .*CMS_SIGNATURE_WRONG/)
  t.equal(forged.signer, undefined)
  t.equal(forged.chain[0]?.fingerprint, fingerprintOf(LEADER.certificate))
  t.equal(forged.level, 'other')
})

t.test('a token over the signature value proves the time; one that is wrong makes the signature wrong', async (t) => {
  const stamped = (change = {}) => ({ unsigned: (value: Buffer) => [timeStamp(tokenOver(value, change))] })
  const good = judgedSignature(stamped())
  t.equal(told(good), 'valid')
  t.strictSame({ proofTime: good.proofTime, level: good.level }, { proofTime: { at: hours(-1).toISOString(), from: 'token', by: 'CN=signer, C=VN' }, level: 'B-T' })
  t.match(told(judgedSignature(stamped({ hash: Buffer.alloc(32) }))), 'invalid TOKEN_IMPRINT_WRONG')
  t.equal(told(judgedSignature({ unsigned: () => [timeStamp(Buffer.of(5, 0))] })), 'invalid TOKEN_UNREADABLE')
  t.equal(told(judgedSignature({ unsigned: (value) => [timeStamp(tokenOver(value), tokenOver(value, { hash: Buffer.alloc(32) }))] })), 'invalid TOKEN_IMPRINT_WRONG', 'one of two')
  t.equal(told(judgedSignature(stamped(), {}, { trust: { ...context.trust, timeStamping: null } })), 'indeterminate TSA_UNKNOWN')
  t.match(judgedSignature(stamped({ genTime: '20260601050000Z' })), { result: 'valid', reasons: [{ code: 'TOKEN_LATER' }], proofTime: { from: 'receipt' }, level: 'B-B' })
})

t.test('an expired certificate is good for a signature that is proved to be older', async (t) => {
  const at = new Date('2027-06-01T00:00:00Z')
  t.match(told(judgedSignature({}, {}, { at })), /^invalid CERTIFICATE_EXPIRED/)
  t.equal(told(judgedSignature({ unsigned: (value) => [timeStamp(tokenOver(value))] }, {}, { at })), 'valid')
  const file = judgedFile([examined(writeMessage(LEADER)), documentTimeStamp()], { at })
  t.strictSame(file.signatures.map(told), ['valid', 'valid'], 'by a time-stamp over the document too')
  t.strictSame(file.signatures[0]?.proofTime, { at: hours(-1).toISOString(), from: 'token', by: 'CN=signer, C=VN' })
})

t.test('of all that is proved the earliest moment counts', async (t) => {
  const signature = examined(writeMessage(LEADER, { unsigned: (value) => [timeStamp(tokenOver(value, { genTime: '20260531220000Z' }))] }))
  const proofOf = (genTime: string) => judgedFile([signature, documentTimeStamp({ genTime })]).signatures[0]?.proofTime.at
  t.equal(proofOf('20260531230000Z'), hours(-2).toISOString())
  t.equal(proofOf('20260531210000Z'), hours(-3).toISOString())
})

t.test('a time-stamp over the document proves what it covers, if it is honest', async (t) => {
  const signature = examined(writeMessage(LEADER))
  const from = (stamp: ReturnType<typeof documentTimeStamp>) => judgedFile([signature, stamp]).signatures[0]?.proofTime.from
  t.equal(from(documentTimeStamp()), 'token')
  t.equal(from(documentTimeStamp({}, { revision: 1 })), 'receipt', 'an earlier one covers nothing of it')
  t.equal(from(documentTimeStamp({}, { revision: 2 })), 'receipt')
  t.equal(from(documentTimeStamp({ hash: Buffer.alloc(32) })), 'receipt')
  t.equal(from(documentTimeStamp({}, { findings: [{ code: 'PDF_BYTE_RANGE' }] })), 'receipt')
  t.equal(from(documentTimeStamp({}, { findings: [{ code: 'PDF_FIELD_UNLISTED' }] })), 'token', 'a remark does not keep it from proving')
  t.equal(from(documentTimeStamp({}, { kind: 'signature' })), 'receipt')
  const wrong = judgedFile([signature, documentTimeStamp({ hash: Buffer.alloc(32) })])
  t.equal(wrong.result, 'invalid', 'one that is wrong makes the file wrong')
  t.match(judgedFile([documentTimeStamp()]).signatures[0], {
    result: 'valid', kind: 'document-time-stamp', level: 'other', signer: { fingerprint: fingerprintOf(TSA.certificate) }, proofTime: { at: hours(-1).toISOString(), from: 'token' }, revocation: [],
  })
  t.equal(wrong.signatures[1]?.signer, undefined)
})

t.test('what the signer claims may not contradict what is proved; seven hours ahead are the tools\' fault', async (t) => {
  const claimed = (time: Date) => told(judgedSignature({}, { claims: { time: time.toISOString() } }))
  t.equal(claimed(hours(-1000)), 'valid')
  t.equal(claimed(hours(7)), 'valid CLAIM_LOCAL_TIME')
  t.equal(claimed(hours(3)), 'indeterminate CLAIM_AFTER_PROOF')
  const both = (text: string, time: Date) => told(judgedSignature({ attributes: (own) => [...Object.values(own), signingTime(text)] }, { claims: { time: time.toISOString() } }))
  t.equal(both('260601070000Z', hours(0)), 'valid CLAIM_LOCAL_TIME', "the attribute's own claim")
  t.equal(both('260605000000Z', hours(0)), 'indeterminate CLAIM_AFTER_PROOF')
  t.match(judgedSignature({ attributes: (own) => [...Object.values(own), signingTime('260531000000Z')] }), { result: 'valid', proofTime: { claim: hours(-24).toISOString() } })
})

t.test('SHA-1 passes only where it is proved to be older than the day that is set', async (t) => {
  const at = new Date('2026-06-01T00:00:00Z')
  const trust = { ...context.trust, policy: { ...DEFAULT_TRUST_POLICY, sha1Before: '2026-06-02' } }
  const named = { digest: 'sha1' as const, attributes: (own: Record<'contentType' | 'messageDigest', Buffer>) => [own.contentType, own.messageDigest, signingCertificateV2(LEADER)] }
  t.equal(told(judgedSignature(named, {}, { at })), 'invalid ALGORITHM_SHA1')
  t.equal(judgedSignature(named, {}, { at }).signer, undefined, 'and names nobody')
  t.equal(told(judgedSignature(named, {}, { at, trust })), 'valid ALGORITHM_SHA1_HISTORICAL')
  t.equal(told(judgedSignature(named, {}, { at, trust, atFrom: 'claim' })), 'invalid ALGORITHM_SHA1')
})

t.test('answers on revocation that came along count, and can be kept as evidence', async (t) => {
  const without = judgedSignature({}, {}, unaware)
  t.match(told(without), /^indeterminate REVOCATION_UNKNOWN/)
  t.equal(standingOf(judgedFile([examined(writeMessage(LEADER))], unaware)), 'undecided')
  const ways: [string, ReturnType<typeof judgedSignature>, Buffer][] = [
    ['a CRL in the file', judgedSignature({}, {}, { ...unaware, material: { crls: [new Uint8Array(GOOD_CRL)] } }), GOOD_CRL],
    ['an OCSP answer in the file', judgedSignature({}, {}, { ...unaware, material: { ocsps: [GOOD_OCSP] } }), GOOD_OCSP],
    ['a CRL in the message', judgedSignature({ crls: [GOOD_CRL] }, {}, unaware), GOOD_CRL],
    ["Adobe's attribute", judgedSignature({ attributes: (own) => [...Object.values(own), revocationInfo({ ocsps: [GOOD_OCSP] })] }, {}, unaware), GOOD_OCSP],
  ]
  for (const [name, verdict, bytes] of ways) {
    t.equal(told(verdict), 'valid', name)
    t.equal(verdict.revocation[0]?.evidence, sha256(bytes), name)
    t.same(evidenceOf(verdict.revocation[0]!), bytes, name)
    t.equal(JSON.stringify(verdict).includes('bytes'), false)
  }
  t.match(told(judgedSignature({}, {}, { ...context, material: { crls: [REVOKING_CRL] } })), /^invalid CERTIFICATE_REVOKED/, 'also beside what is known')
})

t.test('answers that came along prove nothing that a stranger made up, and hide nothing', async (t) => {
  const falseSub = { ...SUB, keys: ecKeys('prime256v1') }
  // Bears the CA's name, and the identifier of its key
  const forged = issueCrl({ issuer: SUB, ...SPAN, thisUpdate: hours(-2) })
  forged[forged.length - 1]! ^= 1
  const ofStranger = issueCrl({ issuer: falseSub, ...SPAN })
  for (const crl of [forged, ofStranger, Buffer.from('no CRL'), Buffer.alloc(0)]) {
    t.match(told(judgedSignature({}, {}, { ...unaware, material: { crls: [crl] } })), /^indeterminate REVOCATION_UNKNOWN/)
    const knowing = { ...context, trust: { ...context.trust, revocation: knownFrom([makeCrl(ROOT), readCrl(REVOKING_CRL)]) } }
    t.match(told(judgedSignature({}, {}, { ...knowing, material: { crls: [crl], ocsps: [crl] } })), /^invalid CERTIFICATE_REVOKED/, 'a revocation is not silenced')
  }
  const ocsp = issueOcsp({ signer: falseSub, producedAt: hours(-1), entries: [{ certificate: LEADER.certificate, issuer: SUB.certificate, thisUpdate: hours(-1), nextUpdate: hours(24) }] })
  t.match(told(judgedSignature({}, {}, { ...unaware, material: { ocsps: [ocsp] } })), /^indeterminate REVOCATION_UNKNOWN/)
  const many = Array.from({ length: 2000 }, () => forged)
  t.match(told(judgedSignature({}, {}, { ...unaware, material: { crls: many, ocsps: many, certificates: many } })), /^indeterminate/, 'however many there are')
})

t.test('a forged CRL for the very key of the CA does not displace the true one of another key', async (t) => {
  // Where the key that signed the certificate has a CRL of its own, those of other keys do not speak of it: so nobody may invent one
  const { issuerKeyId: _, ...withoutKey } = readCrl(REVOKING_CRL)
  const trust = { ...context.trust, revocation: knownFrom([makeCrl(ROOT), withoutKey]) }
  const forged = Buffer.from(GOOD_CRL)
  forged[forged.length - 1]! ^= 1
  t.match(told(judgedSignature({}, {}, { trust })), /^invalid CERTIFICATE_REVOKED/)
  t.match(told(judgedSignature({}, {}, { trust, material: { crls: [forged] } })), /^invalid CERTIFICATE_REVOKED/)
})

t.test('a level is what the file carries', async (t) => {
  const stamped = examined(writeMessage(LEADER, { unsigned: (value) => [timeStamp(tokenOver(value))] }), {
    later: [{ revision: 3, kind: 'validation-data', permitted: true }, { revision: 4, kind: 'document-time-stamp', permitted: true }],
  })
  const complete = { crls: [GOOD_CRL, ROOT_CRL] }
  const levelOf = (signatures: ReturnType<typeof examined>[], material = {}) => judgedFile(signatures, { material }).signatures[0]?.level
  t.equal(levelOf([stamped]), 'B-T')
  t.equal(levelOf([stamped], { crls: [GOOD_CRL] }), 'B-T', 'of the CA there is no answer')
  t.equal(levelOf([stamped], complete), 'B-LT')
  t.equal(levelOf([stamped, documentTimeStamp({}, { revision: 4 })], complete), 'B-LTA')
  t.equal(levelOf([stamped, documentTimeStamp({}, { revision: 5 })], complete), 'B-LTA')
  const late = { ...stamped, later: [{ revision: 5, kind: 'validation-data' as const, permitted: true }] }
  t.equal(levelOf([late, documentTimeStamp({}, { revision: 4 })], complete), 'B-LT', 'it does not cover the answers')
  t.equal(levelOf([stamped, documentTimeStamp({ hash: Buffer.alloc(32) }, { revision: 4 })], complete), 'B-LT')
  t.equal(levelOf([examined(writeMessage(LEADER))], complete), 'B-B')
})

t.test('a certificate that only the file holds may stand between signer and root', async (t) => {
  const far = makeCa('far CA of PDFs', SUB)
  const leaf = makeLeaf(far, { name: { CN: 'far' } })
  t.match(told(judgedSignature({ by: leaf })), /^invalid ISSUER_UNKNOWN/)
  t.equal(told(judgedSignature({ by: leaf }, {}, { material: { certificates: [far.certificate.raw] } })), 'valid')
  t.equal(told(judgedSignature({ by: leaf, certificates: [leaf.certificate.raw, far.certificate.raw] })), 'valid')
  t.match(told(judgedSignature({ by: leaf }, {}, { material: { certificates: [Buffer.from('none'), STRANGER.certificate.raw] } })), /^invalid ISSUER_UNKNOWN/)
})

t.test('of a range that is not honest nobody says that its content was changed', async (t) => {
  t.equal(told(judgedSignature({}, { digests: {}, findings: [{ code: 'PDF_BYTE_RANGE' }] })), 'invalid PDF_BYTE_RANGE')
  t.equal(told(judgedSignature({}, { digests: {} })), 'invalid CMS_CONTENT_CHANGED', 'but a digest that is missing is never taken for right')
})

t.test('a signature whose message is missing says what was found instead', async (t) => {
  const broken = examined(Buffer.alloc(0), { findings: [{ code: 'PDF_TOO_COMPLEX', detail: 'x' }] })
  t.equal(told(judgedFile([broken]).signatures[0]!), 'indeterminate PDF_TOO_COMPLEX')
  t.equal(told(judgedFile([examined(Buffer.alloc(0))]).signatures[0]!), 'invalid CMS_UNREADABLE')
})
