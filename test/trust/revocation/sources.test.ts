/** Which of a certificate's addresses may be asked, and when again. */
import t from 'tap'
import { nextTry, targetOf } from '../../../src/trust/revocation/sources.ts'
import { DEFAULT_TRUST_SETTINGS } from '../../../src/trust/settings.ts'

t.test('hosts of the Cipher Committee are asked, under the names that can be reached', async (t) => {
  const asked = (url: string) => { const target = targetOf(url, DEFAULT_TRUST_SETTINGS); return target.kind === 'allowed' ? target.url.href : target.reason }
  t.equal(asked('http://ca.gov.vn/pki/pub/crl/cp.crl'), 'http://ca.gov.vn/pki/pub/crl/cp.crl')
  t.equal(asked('http://OCSP.ca.gov.vn'), 'http://ocsp.ca.gov.vn/')
  t.equal(asked('http://ca.btc/pki/pub/crl/btc.crl'), 'http://ca.gov.vn/pki/pub/crl/btc.crl', 'a private name')
  t.equal(asked('http://ca.btc:8080/pki/pub/crl/btc.crl'), 'http://ca.gov.vn/pki/pub/crl/btc.crl', 'the port goes with it')
  t.equal(asked('http://ocsp.ca.ptc/#x'), 'http://ocsp.ca.gov.vn/')
})

t.test('a rewritten host may bring its port, and must be on the list itself', async (t) => {
  const rewrite = { 'ca.gov.vn': 'relay.tinh.vn:3128' }
  t.match(targetOf('http://ca.gov.vn/a.crl', { revocationHosts: ['relay.tinh.vn:3128'], rewrite }), { kind: 'allowed', url: { href: 'http://relay.tinh.vn:3128/a.crl' } })
  t.match(targetOf('http://ca.gov.vn/a.crl', { revocationHosts: ['ca.gov.vn'], rewrite }), { kind: 'forbidden' })
})

t.test('no other address is asked, whatever a certificate names', async (t) => {
  const addresses = [
    'http://ca.gov.vn.evil.vn/a.crl', 'http://evil.vn/ca.gov.vn', 'http://evil.vn#ca.gov.vn', 'http://ca.gov.vn@evil.vn/', 'http://user@ca.gov.vn/', 'http://user:secret@ca.gov.vn/', 'http://169.254.169.254/latest/meta-data',
    'http://127.0.0.1/', 'http://2130706433/', 'http://[::1]/', 'file:///etc/passwd', 'ldap://ca.gov.vn/cn=x', 'ftp://ca.gov.vn/a.crl', 'gopher://ca.gov.vn', 'javascript:1', '//ca.gov.vn', '', 'http://', 'http://constructor/',
  ]
  for (const address of addresses) t.equal(targetOf(address, DEFAULT_TRUST_SETTINGS).kind, 'forbidden', address)
})

t.test('a source is asked again after the usual time, when its answer ends, or later and later while it fails', async (t) => {
  const now = new Date('2026-06-01T00:00:00Z')
  const minutes = (failures: number, nextUpdate: string | null = null) => (nextTry({ now, failures, nextUpdate: nextUpdate === null ? null : new Date(nextUpdate), fetchMinutes: 30 }).getTime() - now.getTime()) / 60_000
  t.equal(minutes(0), 30)
  t.equal(minutes(0, '2026-06-02T00:00:00Z'), 30)
  t.equal(minutes(0, '2026-06-01T00:10:00Z'), 10)
  t.equal(minutes(0, '2026-05-01T00:00:00Z'), 1, 'one that has ended: soon, not at once')
  t.same([1, 2, 3, 4, 5, 6, 7, 1000].map((failures) => minutes(failures)), [1, 2, 4, 8, 16, 30, 30, 30])
})
