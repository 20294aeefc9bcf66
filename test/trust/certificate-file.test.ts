import t from 'tap'
import type { X509Certificate } from 'node:crypto'
import { pem, rsaKeys } from '../../certs-example/issue.ts'
import { readCertificateFile } from '../../src/trust/certificate-file.ts'
import { fingerprintOf } from '../../src/trust/verdict.ts'
import { keyPemOf, makeCa, makeLeaf, needsOpenssl, openssl } from './world.ts'

const ca = makeCa('CA').certificate
const issuer = makeCa('CA')
const [one, other] = [makeLeaf(issuer).certificate, makeLeaf(issuer, { serial: Buffer.from([2]) }).certificate]
const text = (...certificates: X509Certificate[]) => certificates.map(({ raw }) => pem('CERTIFICATE', raw)).join('')
const told = (bytes: Buffer | string) => {
  const file = readCertificateFile(Buffer.from(bytes))
  return 'fault' in file ? file.fault : file.certificates.map(fingerprintOf)
}

t.test('certificates are read from PEM, with what stands between, from DER, and from bare base64', async (t) => {
  t.same(told(text(one)), [fingerprintOf(one)])
  t.same(told(`Chứng thư số mới\r\n${text(one, other, ca)}`), [one, other, ca].map(fingerprintOf))
  t.same(told(one.raw), [fingerprintOf(one)])
  t.same(told(one.raw.toString('base64').replaceAll(/(.{64})/g, '$1\r\n')), [fingerprintOf(one)])
})

t.test('certificates are read from a P7B that openssl made, DER or PEM', needsOpenssl, async (t) => {
  for (const outform of ['DER', 'PEM']) {
    const p7b = openssl(['crl2pkcs7', '-nocrl', '-certfile', '{in}', '-outform', outform, '-out', '{out}'], text(one, other, ca))
    t.same(told(p7b), [one, other, ca].map(fingerprintOf), outform)
  }
})

t.test('a CMS message in BER, as Java programs write it, gives its certificates too, byte for byte', needsOpenssl, async (t) => {
  const leaf = makeLeaf(issuer, { keys: rsaKeys(2048) })
  const key = keyPemOf(leaf)
  const ber = openssl(['cms', '-sign', '-binary', '-nodetach', '-stream', '-in', import.meta.filename, '-signer', '{in}', '-outform', 'DER', '-out', '{out}'], text(leaf.certificate) + key)
  t.equal(ber[1], 0x80, 'its length is indefinite')
  t.same(told(ber), [fingerprintOf(leaf.certificate)])
})

t.test('a private key is named as such, in whatever form', needsOpenssl, async (t) => {
  const { keys } = makeLeaf(issuer)
  const key = keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  t.equal(told(text(one) + key), 'PRIVATE_KEY')
  t.equal(told(keys.privateKey.export({ type: 'pkcs8', format: 'der' })), 'PRIVATE_KEY')
  const leaf = makeLeaf(issuer, { keys })
  t.equal(told(openssl(['pkcs12', '-export', '-in', '{in}', '-out', '{out}', '-passout', 'pass:x'], key + text(leaf.certificate))), 'PRIVATE_KEY')
})

t.test('what is none, is cut off, or is only partly readable gives nothing', async (t) => {
  const cases: (Buffer | string)[] = [
    '', 'đây không phải chứng thư số', Buffer.from([0x30, 0x80, 0, 0]), one.raw.subarray(0, 100), Buffer.concat([one.raw, Buffer.from([0])]),
    text(one) + text(other).slice(0, 200), text(one).replace(/M/g, 'N'), pem('CERTIFICATE REQUEST', one.raw), '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----',
    Buffer.from('300d06092a864886f70d010701a000', 'hex'),
  ]
  for (const [index, bytes] of cases.entries()) t.equal(told(bytes), 'NOT_CERTIFICATES', `case ${index}`)
  for (let cut = 0; cut < one.raw.length; cut += 7) t.equal(told(one.raw.subarray(0, cut)), 'NOT_CERTIFICATES', `${cut}`)
})
