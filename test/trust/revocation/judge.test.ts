import t from 'tap'

import { OID, distributionPoints, ecKeys, extendedKeyUsage, keyUsage } from '../../../certs-example/issue.ts'
import { certificateIssuer, deltaIndicator, expiredCertificatesSince, issuingDistributionPoint } from '../../../certs-example/revocation.ts'
import { judgeCertificate } from '../../../src/trust/judge.ts'
import { knownFrom } from '../../../src/trust/revocation/known.ts'
import { fingerprintOf, type Verdict } from '../../../src/trust/verdict.ts'
import { AT, makeCa, makeCrl, makeLeaf, trustOf } from '../world.ts'
import { judgeG1 } from './reasons.ts'
import { DAY, HOUR, NO_CHECK, after, crlWithLeaf, judge, leaf, makeResponder, ocspOnLeaf, root, serialOf, sub } from './world.ts'

/** A verdict in a line: `valid`, or `invalid CODE CODE`. */
const told = ({ result, reasons }: Verdict): string => [result, ...reasons.map(({ code }) => code)].join(' ')
const fresh = () => makeCrl(sub)

t.test('every certificate below the root needs an answer, and the verdict names what each rests on', async (t) => {
  const crl = fresh()
  const { answers, ...verdict } = judge({ crls: [crl] })
  t.equal(told(verdict), 'valid')
  t.match(answers, [
    { certificate: fingerprintOf(leaf.certificate), status: 'good', from: 'crl', evidence: crl.sha256, thisUpdate: '2026-05-31T00:00:00.000Z', nextUpdate: '2026-06-07T00:00:00.000Z' },
    { certificate: fingerprintOf(sub.certificate), status: 'good', from: 'crl' },
  ])
  t.match(judge({}).answers, [{ certificate: fingerprintOf(leaf.certificate), status: 'missing' }, { status: 'good' }])
  t.equal(told(judge({})), 'indeterminate REVOCATION_UNKNOWN')
  t.match(judge({}).reasons[0]?.detail, 'CN=signer')
})

t.test('a revocation counts from its date on, whenever it is heard of', async (t) => {
  for (const [name, known] of Object.entries({ 'by CRL': { crls: [crlWithLeaf({ at: AT }, { thisUpdate: after(DAY) })] }, 'by OCSP': { ocsp: [ocspOnLeaf({ revoked: { at: AT }, thisUpdate: after(DAY) })] } })) {
    t.equal(told(judge({ ...known })), 'invalid CERTIFICATE_REVOKED', name)
    t.equal(told(judge({ ...known, at: after(-1000) })), 'valid CERTIFICATE_REVOKED_LATER', name)
    t.match(judge({ ...known, at: after(-1000) }).answers[0], { status: 'good', revokedAt: AT.toISOString() })
  }
  t.match(judge({ crls: [crlWithLeaf()] }).reasons[0]?.detail, 'keyCompromise')
})

t.test('a revocation stands however old the CRL is, and whatever a younger answer says', async (t) => {
  const old = crlWithLeaf({ at: after(-90 * DAY) }, { thisUpdate: after(-80 * DAY), nextUpdate: after(-70 * DAY) })
  t.equal(told(judge({ crls: [old] })), 'invalid CERTIFICATE_REVOKED')
  t.equal(told(judge({ crls: [old, fresh()], ocsp: [ocspOnLeaf()] })), 'invalid CERTIFICATE_REVOKED')
})

t.test('a doubt that reaches back before the proof time counts, and is named', async (t) => {
  const { reasons, result } = judge({ crls: [crlWithLeaf({ at: after(DAY), extensions: [{ id: '2.5.29.24', value: Buffer.from('180f32303236303533303030303030305a', 'hex') }] }, { thisUpdate: after(2 * DAY) })] })
  t.equal(result, 'invalid')
  t.match(reasons[0], { code: 'CERTIFICATE_INVALID_SINCE', detail: /2026-06-02.*invalidityDate 2026-05-30/ })
})

t.test('an answer speaks for the time between its updates, and for every time before it', async (t) => {
  const now = makeCrl(sub, { thisUpdate: after(-HOUR), nextUpdate: after(HOUR) })
  t.equal(told(judge({ crls: [now] })), 'valid')
  t.equal(told(judge({ crls: [now], at: after(HOUR) })), 'valid', 'to the end')
  t.equal(told(judge({ crls: [now], at: after(HOUR + 1) })), 'indeterminate REVOCATION_UNKNOWN ANSWER_OUTDATED')
  t.equal(told(judge({ crls: [now], at: after(-30 * DAY) })), 'valid', 'a later answer looks back')
  t.equal(told(judge({ crls: [now], at: after(3 * HOUR), policy: { staleHours: 2 } })), 'valid ANSWER_STALE')
  t.equal(told(judge({ crls: [now], at: after(3 * HOUR + 1), policy: { staleHours: 2 } })), 'indeterminate REVOCATION_UNKNOWN ANSWER_OUTDATED')
  const endless = readEndless()
  t.equal(told(judge({ ocsp: [endless], at: after(HOUR) })), 'valid', 'without an end it holds for an hour')
  t.equal(told(judge({ ocsp: [endless], at: after(HOUR + 1) })), 'indeterminate REVOCATION_UNKNOWN ANSWER_OUTDATED')
})

function readEndless () {
  const { nextUpdate, ...single } = ocspOnLeaf({ thisUpdate: AT }).responses[0]!
  return { ...ocspOnLeaf({ thisUpdate: AT }), responses: [single] }
}

t.test('a suspension counts while it lasts, and is forgotten when it is over', async (t) => {
  const held = crlWithLeaf({ at: after(-2 * DAY), reason: 6 }, { thisUpdate: after(-DAY), nextUpdate: after(DAY) })
  const released = makeCrl(sub, { thisUpdate: after(-HOUR), nextUpdate: after(2 * DAY) })
  t.equal(told(judge({ crls: [held] })), 'invalid CERTIFICATE_ON_HOLD')
  t.equal(told(judge({ crls: [held, released] })), 'valid', 'released since')
  t.equal(told(judge({ crls: [held, released], at: after(-30 * HOUR) })), 'invalid CERTIFICATE_ON_HOLD', 'while it was certainly suspended')
  t.equal(told(judge({ crls: [held, released], at: after(-3 * DAY) })), 'valid', 'before')
  t.equal(told(judge({ crls: [held, makeCrl(sub, { number: 2, thisUpdate: after(HOUR), nextUpdate: after(DAY) })] })), 'invalid CERTIFICATE_ON_HOLD', 'released only after it')
  t.equal(told(judge({ crls: [held, crlWithLeaf({ at: after(HOUR), reason: 1 }, { thisUpdate: after(2 * HOUR), nextUpdate: after(DAY) })] })), 'invalid CERTIFICATE_ON_HOLD', 'and revoked for good after it')
  t.equal(told(judge({ crls: [held], at: after(2 * DAY) })), 'indeterminate REVOCATION_UNKNOWN ANSWER_OUTDATED', 'whether it still lasts nobody knows')
})

t.test('a CRL that may have dropped an expired certificate does not prove it good', async (t) => {
  const short = makeLeaf(sub, { name: { CN: 'short' }, notAfter: after(30 * DAY) })
  const late = { thisUpdate: after(40 * DAY), nextUpdate: after(50 * DAY) }
  const judged = (change: object) => told(judge({ chain: [short, sub, root], crls: [makeCrl(sub, { ...late, ...change })] }))
  t.equal(judged({}), 'indeterminate REVOCATION_UNKNOWN ANSWER_OMITS_EXPIRED')
  t.equal(judged({ extensions: [expiredCertificatesSince(after(30 * DAY))] }), 'valid')
  t.equal(judged({ extensions: [expiredCertificatesSince(after(31 * DAY))] }), 'indeterminate REVOCATION_UNKNOWN ANSWER_OMITS_EXPIRED')
  t.equal(judged({ entries: [{ serial: serialOf(short), at: after(-DAY) }] }), 'invalid CERTIFICATE_REVOKED', 'one that still lists it does prove it revoked')
  const answer = ocspOnLeaf({ certificate: short.certificate, ...late }, { producedAt: late.thisUpdate })
  t.equal(told(judge({ chain: [short, sub, root], ocsp: [answer] })), 'indeterminate REVOCATION_UNKNOWN ANSWER_OMITS_EXPIRED')
})

t.test('what a missing answer means is the policy\'s', async (t) => {
  t.equal(told(judge({ policy: { missingRevocation: 'wait' } })), 'indeterminate REVOCATION_UNKNOWN')
  t.equal(told(judge({ policy: { missingRevocation: 'refuse' } })), 'invalid REVOCATION_REQUIRED')
  const policy = { missingRevocation: 'accept', acceptHours: 24 } as const
  t.equal(told(judge({ policy })), 'valid REVOCATION_UNKNOWN_ACCEPTED')
  t.equal(told(judge({ policy, now: after(24 * HOUR) })), 'valid REVOCATION_UNKNOWN_ACCEPTED')
  t.equal(told(judge({ policy, now: after(24 * HOUR + 1) })), 'indeterminate REVOCATION_UNKNOWN')
  t.equal(told(judge({ policy, crls: [crlWithLeaf()] })), 'invalid CERTIFICATE_REVOKED')
})

t.test('what a CA says after it expired or was revoked counts for nothing', async (t) => {
  const looksBack = { thisUpdate: after(2 * DAY), nextUpdate: after(9 * DAY) }
  const revoked = makeCrl(root, { thisUpdate: after(3 * DAY), entries: [{ serial: serialOf(sub), at: after(DAY) }] })
  t.match(told(judge({ crls: [makeCrl(sub, looksBack), revoked] })), /^indeterminate REVOCATION_UNKNOWN .*ANSWER_SIGNER_UNFIT.*CERTIFICATE_REVOKED_LATER/)
  t.equal(told(judge({ crls: [fresh(), revoked] })), 'valid CERTIFICATE_REVOKED_LATER', 'what it said before does count')
  const short = makeCa('short', root, { notAfter: after(DAY) })
  t.match(told(judge({ chain: [makeLeaf(short), short, root], crls: [makeCrl(short, looksBack)] })), 'indeterminate REVOCATION_UNKNOWN ANSWER_SIGNER_UNFIT')
})

t.test('a revoked CA takes its signers with it', async (t) => {
  t.equal(told(judge({ crls: [fresh(), makeCrl(root, { serials: [serialOf(sub)] })] })), 'invalid CERTIFICATE_REVOKED')
})

t.test('a delta adds to the complete CRL that it is based on, and takes away from it', async (t) => {
  const delta = (entries: NonNullable<Parameters<typeof makeCrl>[1]>['entries'], change: object = {}) =>
    makeCrl(sub, { thisUpdate: after(-HOUR), number: 3, extensions: [deltaIndicator(1)], ...(entries && { entries }), ...change })
  const entry = { serial: serialOf(leaf), at: after(-2 * HOUR) }
  t.equal(told(judge({ crls: [fresh(), delta([entry])] })), 'invalid CERTIFICATE_REVOKED')
  t.equal(judge({ crls: [fresh(), delta([])] }).answers.length, 3, 'both are evidence')
  const held = crlWithLeaf({ reason: 6 })
  t.equal(told(judge({ crls: [held] })), 'invalid CERTIFICATE_ON_HOLD')
  t.equal(told(judge({ crls: [held, delta([{ ...entry, reason: 8 }])] })), 'valid', 'removeFromCRL')
  t.equal(told(judge({ crls: [delta([])] })), 'indeterminate REVOCATION_UNKNOWN', 'a delta alone says nothing')
  t.equal(told(judge({ crls: [held, delta([{ ...entry, reason: 8 }], { extensions: [deltaIndicator(2)] })] })), 'invalid CERTIFICATE_ON_HOLD', 'based on a later CRL')
  t.equal(told(judge({ crls: [held, delta([{ ...entry, reason: 8 }], { extensions: [deltaIndicator(1), issuingDistributionPoint({ only: 'users' })] })] })), 'invalid CERTIFICATE_ON_HOLD', 'of another scope')
})

t.test('CRLs for some reasons prove good only together', async (t) => {
  const keys = makeCrl(sub, { extensions: [issuingDistributionPoint({ reasons: [1, 2] })] })
  const others = makeCrl(sub, { extensions: [issuingDistributionPoint({ reasons: [3, 4, 5, 6, 7, 8] })] })
  t.equal(told(judge({ crls: [keys] })), 'indeterminate REVOCATION_UNKNOWN ANSWER_REASONS_PARTIAL')
  t.equal(told(judge({ crls: [keys, others] })), 'valid')
  t.equal(judge({ crls: [keys, others] }).answers.length, 3)
  t.equal(told(judge({ crls: [crlWithLeaf({}, { extensions: [issuingDistributionPoint({ reasons: [1, 2] })] })] })), 'invalid CERTIFICATE_REVOKED')
})

t.test('a CRL counts only for the certificates it is for', async (t) => {
  const scoped = (scope: Parameters<typeof issuingDistributionPoint>[0]) => judge({ crls: [makeCrl(sub, { extensions: [issuingDistributionPoint(scope)] })] })
  t.equal(told(scoped({ only: 'users' })), 'valid')
  for (const scope of [{ only: 'authorities' }, { only: 'attributes' }, { url: 'http://ca.example/other.crl' }] as const) {
    t.equal(told(scoped(scope)), 'indeterminate REVOCATION_UNKNOWN ANSWER_SCOPE_OTHER')
  }
  const placed = makeLeaf(sub, { extensions: [distributionPoints({ url: 'http://ca.example/other.crl' })] })
  t.equal(told(judge({ chain: [placed, sub, root], crls: [makeCrl(sub, { extensions: [issuingDistributionPoint({ url: 'http://ca.example/other.crl' })] })] })), 'valid')
})

t.test('another than the CA may issue the CRL where the certificate says so, under the same root', async (t) => {
  const crlIssuer = makeLeaf(root, { name: { CN: 'crl issuer' }, extensions: [keyUsage('cRLSign')] })
  const pointing = makeLeaf(sub, { extensions: [distributionPoints({ crlIssuer: { CN: 'crl issuer' } })] })
  const indirect = (...entries: NonNullable<Parameters<typeof makeCrl>[1]>['entries'] & object) =>
    makeCrl(crlIssuer, { entries, extensions: [issuingDistributionPoint({ indirect: true })] })
  const asked = { chain: [pointing, sub, root], intermediates: [crlIssuer] }
  t.equal(told(judge({ ...asked, crls: [indirect()] })), 'valid')
  const entry = { serial: serialOf(pointing), at: after(-DAY) }
  t.equal(told(judge({ ...asked, crls: [indirect({ ...entry, extensions: [certificateIssuer({ CN: 'sub' })] })] })), 'invalid CERTIFICATE_REVOKED')
  t.equal(told(judge({ ...asked, crls: [indirect({ serial: Buffer.from([1]), extensions: [certificateIssuer({ CN: 'sub' })] }, entry)] })), 'invalid CERTIFICATE_REVOKED', 'the issuer of the entry before holds on')
  t.equal(told(judge({ ...asked, crls: [indirect(entry)] })), 'valid', 'a certificate of the CRL issuer itself with that number')
  t.equal(told(judge({ ...asked, crls: [makeCrl(crlIssuer)] })), 'indeterminate REVOCATION_UNKNOWN ANSWER_SCOPE_OTHER', 'not declared indirect')
  t.equal(told(judge({ chain: [leaf, sub, root], intermediates: [crlIssuer], crls: [indirect()] })), 'indeterminate REVOCATION_UNKNOWN', 'nobody pointed at it')
  t.match(told(judge({ ...asked, intermediates: [], crls: [indirect()] })), 'ANSWER_SIGNER_UNKNOWN')
  const revoked = makeCrl(root, { thisUpdate: after(-HOUR), serials: [serialOf(crlIssuer)] })
  t.match(told(judge({ ...asked, crls: [indirect(), revoked] })), 'ANSWER_SIGNER_UNFIT', 'a revoked CRL issuer')
})

t.test('a CA may sign CRLs with a key of their own, unless its certificate forbids it', async (t) => {
  const second = makeCa('sub', root, { without: ['2.5.29.19'], extensions: [keyUsage('cRLSign')] })
  t.equal(told(judge({ crls: [makeCrl(second)], intermediates: [second] })), 'valid')
  const bare = makeCa('no crl sign', root, { extensions: [keyUsage('keyCertSign')] })
  t.match(told(judge({ chain: [makeLeaf(bare), bare, root], crls: [makeCrl(bare)] })), 'ANSWER_SIGNER_UNFIT')
})

t.test('a certificate that comes along and cannot be read hides no CRL', async (t) => {
  const broken = makeLeaf(root, { extensions: [{ id: OID.keyUsage, value: Buffer.from([0x05, 0x00]) }] })
  t.equal(told(judge({ crls: [fresh()], intermediates: [broken] })), 'valid')
})

t.test('an OCSP answer counts from the CA, and from a responder that it delegated to', async (t) => {
  t.equal(told(judge({ ocsp: [ocspOnLeaf()] })), 'valid')
  t.equal(told(judge({ ocsp: [ocspOnLeaf({ digest: 'sha256' }, { by: 'name' })] })), 'valid')
  const by = (signer: ReturnType<typeof makeResponder>, change: object = {}) => told(judge({ ocsp: [ocspOnLeaf({}, { signer, certificates: [signer.certificate], ...change })] }))
  t.equal(by(makeResponder()), 'valid')
  t.equal(by(makeResponder(), { by: 'name' }), 'valid')
  t.match(by(makeResponder(root)), 'ANSWER_SIGNER_UNFIT', 'certified by another CA')
  t.match(by(makeResponder(sub, [NO_CHECK])), 'ANSWER_SIGNER_UNFIT', 'not certified for OCSP')
  t.match(by(makeLeaf(sub, { notAfter: after(-2 * HOUR), extensions: [extendedKeyUsage('1.3.6.1.5.5.7.3.9'), NO_CHECK] })), 'ANSWER_SIGNER_UNFIT', 'expired when it answered')
  t.match(by({ ...makeResponder(), keys: makeResponder().keys }), 'ANSWER_SIGNER_UNKNOWN', 'of another key')
})

t.test('a responder whose certificate names where to ask must be known to be good', async (t) => {
  const purpose = extendedKeyUsage('1.3.6.1.5.5.7.3.9')
  const placed = makeResponder(sub, [purpose, distributionPoints({ url: 'http://ca.example/sub.crl' })])
  const answer = ocspOnLeaf({ revoked: { at: after(-DAY) } }, { signer: placed, certificates: [placed.certificate] })
  t.equal(told(judge({ ocsp: [answer] })), 'indeterminate REVOCATION_UNKNOWN ANSWER_SIGNER_UNFIT')
  t.equal(told(judge({ ocsp: [answer], crls: [fresh()] })), 'invalid CERTIFICATE_REVOKED')
  const bare = makeResponder(sub, [purpose])
  const bareAnswer = ocspOnLeaf({}, { signer: bare, certificates: [bare.certificate] })
  t.equal(told(judge({ ocsp: [bareAnswer] })), 'valid', 'no place named')
  t.match(told(judge({ ocsp: [bareAnswer], crls: [makeCrl(sub, { nextUpdate: after(-HOUR), serials: [serialOf(bare)] })] })), 'ANSWER_SIGNER_UNFIT', 'and yet revoked')
})

t.test('SHA-1 counts from pinned CAs of the first generation alone, if the policy says so', async (t) => {
  t.equal(told(judgeG1()), 'valid ANSWER_SHA1_PINNED')
  t.equal(told(judgeG1({ sha1Revocation: false })), 'indeterminate REVOCATION_UNKNOWN ANSWER_DIGEST_WEAK')
  const sha1 = makeCrl(sub, { signature: { oid: '1.2.840.10045.4.1', digest: 'sha1' } })
  t.equal(told(judge({ crls: [sha1] })), 'indeterminate REVOCATION_UNKNOWN ANSWER_DIGEST_WEAK')
  t.equal(told(judge({ crls: [sha1], algorithms: { rsaBits: 2048, curves: new Set(['prime256v1']), digests: new Set(['sha1', 'sha256']) } })), 'valid')
})

t.test('of a chain that is invalid anyway, revocation is not asked', async (t) => {
  const trust = { ...trustOf([root], [sub]), revocation: knownFrom([]) }
  t.match(judgeCertificate(makeLeaf(sub, { notAfter: after(-DAY) }).certificate, [], trust, AT), { result: 'invalid', revocation: [] })
  t.match(judgeCertificate(leaf.certificate, [], trust, AT), { result: 'indeterminate', reasons: [{ code: 'REVOCATION_UNKNOWN' }, { code: 'REVOCATION_UNKNOWN' }], domain: 'test', revocation: [{ status: 'missing' }, { status: 'missing' }] })
})

t.test('a CA that renews its key and keeps its name: where each key has a CRL, that of the other one says nothing', async (t) => {
  const renewed = makeCa('sub', root, { serial: Buffer.from([6]) })
  const both = { intermediates: [renewed] }
  const revoked = crlWithLeaf({}, { thisUpdate: after(-2 * DAY), nextUpdate: after(-DAY) })
  const other = makeCrl(renewed, { number: 9, thisUpdate: after(-HOUR), nextUpdate: after(DAY) })
  t.equal(told(judge({ ...both, crls: [revoked, other] })), 'invalid CERTIFICATE_REVOKED')
  t.equal(told(judge({ ...both, crls: [makeCrl(sub, { thisUpdate: after(-3 * DAY), nextUpdate: after(-2 * DAY) }), other] })), 'indeterminate REVOCATION_UNKNOWN ANSWER_OUTDATED')
  const equalSerial = makeCrl(renewed, { thisUpdate: after(-HOUR), nextUpdate: after(DAY), entries: [{ serial: serialOf(leaf), at: after(-DAY) }] })
  t.equal(told(judge({ ...both, crls: [makeCrl(sub), equalSerial] })), 'valid', 'an equal serial number is another certificate')
  t.equal(told(judge({ ...both, crls: [other] })), 'valid', 'one CRL may speak for both keys')
})

t.test('a responder whose certificate has expired says nothing any more, however it dates its answers', async (t) => {
  const responder = makeLeaf(sub, { name: { CN: 'responder' }, notAfter: after(-90 * DAY), extensions: [keyUsage('digitalSignature'), extendedKeyUsage('1.3.6.1.5.5.7.3.9'), NO_CHECK] })
  const answer = ocspOnLeaf({}, { signer: responder, certificates: [responder.certificate], producedAt: after(-100 * DAY) })
  t.match(told(judge({ ocsp: [answer] })), /^indeterminate REVOCATION_UNKNOWN ANSWER_SIGNER_UNFIT/)
})

t.test('where a younger CRL looks back, the one that was newest then is named as evidence too', async (t) => {
  const [then, younger] = [makeCrl(sub, { number: 1 }), makeCrl(sub, { number: 2, thisUpdate: after(HOUR), nextUpdate: after(DAY) })]
  const named = ({ answers }: ReturnType<typeof judge>) => answers.flatMap(({ certificate, evidence }) => certificate === fingerprintOf(leaf.certificate) ? [evidence] : [])
  t.strictSame(named(judge({ crls: [then, younger] })), [younger.sha256, then.sha256])
  t.strictSame(named(judge({ crls: [then, crlWithLeaf({}, { number: 2, thisUpdate: after(HOUR) })] })).length, 1, 'a revocation stands for itself')
})

t.test('a CA with two certificates for one key: the one that was superseded does not stand in the way of the other, wherever it lies', async (t) => {
  const keys = ecKeys('prime256v1')
  const [earlier, renewed] = [makeCa('sub', root, { keys }), makeCa('sub', root, { keys, serial: Buffer.from([5]) })]
  const signer = makeLeaf(renewed)
  for (const order of [[earlier, renewed], [renewed, earlier]]) {
    const verdict = (reason: number) => told(judgeCertificate(signer.certificate, [], {
      ...trustOf([root], order), revocation: knownFrom([makeCrl(root, { entries: [{ serial: serialOf(earlier), at: after(-DAY), reason }] }), makeCrl(renewed)]),
    }, AT))
    t.equal(verdict(4), 'valid')
    if (order[0] === earlier) t.equal(verdict(1), 'invalid CERTIFICATE_REVOKED', 'but a key that is in wrong hands has no second certificate')
  }
})
