import t from 'tap'

import { OID, basicConstraints, extendedKeyUsage, keyUsage, type Extension } from '../../../certs-example/issue.ts'
import { judgePath } from '../../../src/trust/path/path.ts'
import type { Use } from '../../../src/trust/path/uses.ts'
import { AT, makeCa, makeLeaf, storeOf } from '../world.ts'
import { name, subjectAltName } from './extensions.ts'

const PURPOSE = { any: '2.5.29.37.0', server: '1.3.6.1.5.5.7.3.1', client: OID.clientAuth, time: '1.3.6.1.5.5.7.3.8', ocsp: '1.3.6.1.5.5.7.3.9' }
const root = makeCa('root')
const sub = makeCa('sub', root)
const critical = (extension: Extension) => ({ ...extension, critical: true })
const purposes = (...ids: string[]) => extendedKeyUsage(...ids)
const HOST = subjectAltName(name.dns('axis.vn'))
const encipherment = keyUsage('keyEncipherment')

const CASES: [use: Use, what: string, extensions: Extension[], without: string[], ...expected: string[]][] = [
  ['certificates', 'no CA', [], [], 'invalid', 'ISSUER_NOT_CA', 'CA_KEY_USAGE_WRONG'],
  ['certificates', 'a CA', [basicConstraints(true), keyUsage('keyCertSign')], [], 'valid'],
  ['certificates', 'a CA without a key usage', [basicConstraints(true)], [OID.keyUsage], 'invalid', 'CA_KEY_USAGE_WRONG'],
  ['crl', 'cRLSign', [keyUsage('cRLSign')], [], 'valid'],
  ['crl', 'digitalSignature', [], [], 'invalid', 'CRL_KEY_USAGE_WRONG'],
  ['crl', 'no key usage', [], [OID.keyUsage], 'invalid', 'CRL_KEY_USAGE_WRONG'],
  ['ocsp', 'OCSPSigning', [purposes(PURPOSE.ocsp)], [], 'valid'],
  ['ocsp', 'OCSPSigning without a key usage', [purposes(PURPOSE.ocsp)], [OID.keyUsage], 'valid'],
  ['ocsp', 'OCSPSigning with a key for other things', [purposes(PURPOSE.ocsp), encipherment], [], 'invalid', 'USE_KEY_USAGE_WRONG'],
  ['ocsp', 'any purpose', [purposes(PURPOSE.any)], [], 'invalid', 'OCSP_PURPOSE_MISSING'],
  ['ocsp', 'no purpose', [], [], 'invalid', 'OCSP_PURPOSE_MISSING'],
  ['time-stamping', 'critical timeStamping', [critical(purposes(PURPOSE.time))], [], 'valid'],
  ['time-stamping', 'timeStamping, not critical', [purposes(PURPOSE.time)], [], 'invalid', 'TIME_STAMPING_PURPOSE_WRONG'],
  ['time-stamping', 'timeStamping and more', [critical(purposes(PURPOSE.time, PURPOSE.client))], [], 'invalid', 'TIME_STAMPING_PURPOSE_WRONG'],
  ['time-stamping', 'no purpose', [], [], 'invalid', 'TIME_STAMPING_PURPOSE_WRONG'],
  ['time-stamping', 'a key for other things', [critical(purposes(PURPOSE.time)), encipherment], [], 'invalid', 'USE_KEY_USAGE_WRONG'],
  ['tls-server', 'serverAuth', [purposes(PURPOSE.server), HOST], [], 'valid'],
  ['tls-server', 'no purpose', [HOST], [], 'valid'],
  ['tls-server', 'an address alone', [subjectAltName(name.ip(127, 0, 0, 1))], [], 'valid'],
  ['tls-server', 'no host name but the common name', [], [], 'invalid', 'TLS_NAME_MISSING'],
  ['tls-server', 'clientAuth', [purposes(PURPOSE.client), HOST], [], 'invalid', 'TLS_PURPOSE_WRONG'],
  ['tls-server', 'a key that enciphers', [encipherment, HOST], [], 'valid'],
  ['tls-server', 'a key that only repudiates nothing', [keyUsage('nonRepudiation'), HOST], [], 'invalid', 'USE_KEY_USAGE_WRONG'],
]

t.test('every use asks for its own key usage and purposes', async (t) => {
  for (const [use, what, extensions, without, ...expected] of CASES) {
    const { result, reasons } = judgePath(makeLeaf(sub, { extensions, without }).certificate, storeOf([root], [sub]), AT, { use })
    t.strictSame([result, ...reasons.map(({ code }) => code)], expected, `${use}: ${what}`)
  }
})

t.test('a CA that names its purposes, critical, issues for no other', async (t) => {
  const codes = (use: Use, leaf: Extension[], ca: Extension) => {
    const bound = makeCa('bound', root, { extensions: [ca] })
    return judgePath(makeLeaf(bound, { extensions: leaf }).certificate, storeOf([root], [bound]), AT, { use }).reasons.map(({ code }) => code)
  }
  const stamp = [critical(purposes(PURPOSE.time))]
  t.strictSame(codes('time-stamping', stamp, critical(purposes(PURPOSE.time))), [])
  t.strictSame(codes('time-stamping', stamp, critical(purposes(PURPOSE.server))), ['CA_PURPOSE_WRONG'])
  t.strictSame(codes('documents', [], critical(purposes(PURPOSE.time))), ['CA_PURPOSE_WRONG'])
  t.strictSame(codes('documents', [], critical(purposes(PURPOSE.any))), [])
  t.strictSame(codes('documents', [], purposes(PURPOSE.time)), [], 'not critical')
})
