import t from 'tap'

import { OID, ecKeys, pem } from '../../../certs-example/issue.ts'
import { certificateIssuer, deltaIndicator, expiredCertificatesSince, invalidityDate, issueCrl, issuingDistributionPoint } from '../../../certs-example/revocation.ts'
import { contentOf } from '../../../src/trust/asn1/certificate.ts'
import { DerError } from '../../../src/trust/asn1/der.ts'
import { readCrl } from '../../../src/trust/revocation/crl.ts'
import { AT, makeCa, makeCrl, needsOpenssl, openssl } from '../world.ts'
import { DAY, after, root, sub } from './world.ts'

const issuer = contentOf(sub.certificate).subject
const span = { thisUpdate: AT, nextUpdate: after(DAY) }
const entries = [
  { serial: Buffer.from([1]), at: after(-DAY) },
  { serial: Buffer.from([0, 255]), at: after(-2 * DAY), reason: 6 },
  { serial: Buffer.from([2]), reason: null, extensions: [invalidityDate(after(-3 * DAY))] },
]

t.test('a CRL is read, DER or PEM', async (t) => {
  const der = issueCrl({ issuer: sub, ...span, entries, number: 7 })
  const crl = readCrl(der)
  t.match(crl, { issuer, issuerKeyId: contentOf(sub.certificate).keyId, thisUpdate: AT, nextUpdate: after(DAY), number: 7n, size: 3, unknown: [], scope: undefined, baseNumber: undefined })
  t.strictSame(crl.find('01', issuer), { at: after(-DAY), reason: 'keyCompromise' })
  t.strictSame(crl.find('00ff', issuer), { at: after(-2 * DAY), reason: 'certificateHold' })
  t.strictSame(crl.find('02', issuer), { at: AT, reason: 'unspecified', invalidSince: after(-3 * DAY) })
  t.equal(crl.find('03', issuer), undefined)
  t.equal(crl.find('ff', issuer), undefined, '-1 is not 255')
  t.equal(crl.find('01', contentOf(root.certificate).subject), undefined, 'of another issuer')
  const other = readCrl(Buffer.from(pem('X509 CRL', der)))
  t.equal(other.sha256, crl.sha256)
  t.ok(other.bytes.equals(der), 'kept as DER')
})

t.test('openssl reads the same', needsOpenssl, async (t) => {
  const text = openssl(['crl', '-in', '{in}', '-text', '-noout', '-out', '{out}'], pem('X509 CRL', makeCrl(sub, { entries }).bytes)).toString()
  t.strictSame([...text.matchAll(/Serial Number: (\w+)/g)].map(([, serial]) => serial), ['01', 'FF', '02'])
  t.match(text, 'Certificate Hold')
})

t.test('what a CRL is for is read from its extensions', async (t) => {
  t.match(makeCrl(sub, { extensions: [issuingDistributionPoint({ url: 'http://ca.example/a.crl', only: 'users', reasons: [1, 8], indirect: true })] }).scope, {
    names: ['uri:http://ca.example/a.crl'], only: 'users', reasons: 0b1_0000_0010, indirect: true,
  })
  t.match(makeCrl(sub, { extensions: [deltaIndicator(5), expiredCertificatesSince(AT)] }), { baseNumber: 5n, expiredSince: AT })
})

t.test('the entries of an indirect CRL belong to the issuer that is named last before them', async (t) => {
  const list = [
    { serial: Buffer.from([1]) },
    { serial: Buffer.from([2]), extensions: [certificateIssuer({ CN: 'root' })] },
    { serial: Buffer.from([3]) },
    { serial: Buffer.from([2]), extensions: [certificateIssuer({ CN: 'sub' })] },
  ]
  const crl = makeCrl(sub, { entries: list, extensions: [issuingDistributionPoint({ indirect: true })] })
  const rootName = contentOf(root.certificate).subject
  const found = (name: string) => ['01', '02', '03'].filter((serial) => crl.find(serial, name))
  t.strictSame([found(issuer), found(rootName)], [['01', '02'], ['02', '03']])
  t.throws(() => makeCrl(sub, { entries: list }), DerError, 'one that is not indirect has no such entries')
})

t.test('of a serial number that occurs twice, the earlier revocation counts', async (t) => {
  for (const list of [entries.slice(0, 1), []]) {
    const crl = makeCrl(sub, { entries: [...list, { serial: Buffer.from([1]), at: after(-9 * DAY) }, { serial: Buffer.from([1]), at: after(-DAY) }] })
    t.strictSame(crl.find('01', issuer)?.at, after(-9 * DAY))
  }
})

t.test('critical extensions that nobody understands are named', async (t) => {
  const unknown = { id: '2.999.1', critical: true, value: Buffer.from([5, 0]) }
  t.strictSame(makeCrl(sub, { extensions: [unknown] }).unknown, ['2.999.1'])
  t.equal(makeCrl(sub, { entries: [{ serial: Buffer.from([1]), extensions: [unknown] }] }).unknown.length, 1)
  t.strictSame(makeCrl(sub, { extensions: [{ ...unknown, critical: false }] }).unknown, [])
})

t.test('anything that is not exactly one CRL is refused', async (t) => {
  const { bytes } = makeCrl(sub, { entries })
  for (let cut = 0; cut < bytes.length; cut += 7) t.throws(() => readCrl(bytes.subarray(0, cut)), DerError)
  t.throws(() => readCrl(Buffer.concat([bytes, Buffer.from([0])])), DerError)
  t.throws(() => readCrl(sub.certificate.raw), DerError)
  t.throws(() => readCrl(Buffer.from('<html>not found</html>')), DerError)
  const padded = Buffer.from(makeCrl(sub, { entries: [{ serial: Buffer.from([0x7f, 0x01]) }] }).bytes)
  padded[padded.indexOf(Buffer.from([0x02, 0x02, 0x7f, 0x01])) + 2] = 0
  t.throws(() => readCrl(padded), { name: 'DerError', message: /padded/ })
  t.throws(() => makeCrl(sub, { extensions: [{ id: OID.crlNumber, value: Buffer.from([5, 0]) }] }), DerError)
})

t.test('a changed octet anywhere changes what is signed, or cannot be read', async (t) => {
  const crl = makeCrl(sub, { entries })
  for (let at = 0; at < crl.bytes.length; at += 3) {
    const changed = Buffer.from(crl.bytes)
    changed[at]! ^= 0x41
    try {
      const { signed } = readCrl(changed)
      t.notOk(signed.octets.equals(crl.signed.octets) && signed.value.equals(crl.signed.value) && signed.with.oid === crl.signed.with.oid, `octet ${at}`)
    } catch (error) {
      t.type(error, DerError)
    }
  }
})

t.test('a CRL of 100,000 entries is read in a moment', async (t) => {
  const ca = makeCa('large', undefined, { keys: ecKeys('prime256v1') })
  const serial = (index: number) => Buffer.concat([Buffer.from([0x40]), Buffer.from(index.toString(16).padStart(14, '0'), 'hex')])
  const der = issueCrl({ issuer: ca, ...span, serials: Array.from({ length: 100_000 }, (_, index) => serial(index)) })
  const started = process.cpuUsage()
  const crl = readCrl(der)
  const { user, system } = process.cpuUsage(started)
  t.equal(crl.size, 100_000)
  t.strictSame(crl.find(serial(99_999).toString('hex'), contentOf(ca.certificate).subject)?.reason, 'keyCompromise')
  t.equal(crl.find(serial(100_000).toString('hex'), contentOf(ca.certificate).subject), undefined)
  t.ok(user + system < 2_000_000, `read in ${(user + system) / 1000} ms of CPU`)
})
