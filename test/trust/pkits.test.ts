import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'

import t from 'tap'

import { judgePath } from '../../src/trust/path/path.ts'
import { needsShared, shared } from '../support/shared.ts'

type Case = { id: string, name: string, cert: string, other_certs?: string[], params?: unknown, error?: { msg_regex: string } }

/** Inside the validity of the trust anchor, 2010–2030. */
const AT = new Date('2022-06-01T00:00:00Z')

t.test('NIST PKITS: no path is accepted that must fail for a reason judged here', needsShared('vectors/nist-pkits'), async (t) => {
  const certificate = (file: string) => new X509Certificate(readFileSync(shared(`vectors/nist-pkits/certs/${file}`)))
  const cases: Case[] = JSON.parse(readFileSync(shared('vectors/nist-pkits/pkits.json'), 'utf8'))
  const anchors = [certificate('TrustAnchorRootCertificate.crt')]
  const rejected: Record<string, string[]> = {}
  let accepted = 0
  for (const { id, name, cert, other_certs: others = [], params, error } of cases) {
    // With parameters a case is about policies; a message about revocation or CRLs is about neither name nor key
    if (params !== undefined || /revo|CRL/.test(error?.msg_regex ?? '')) continue
    const { result, reasons } = judgePath(certificate(cert), { anchors, intermediates: others.map(certificate) }, AT)
    if (error !== undefined) t.equal(result, 'invalid', `${id} ${name}`)
    else if (result === 'valid') accepted++
    else (rejected[reasons[0]!.code] ??= []).push(id)
  }
  t.equal(accepted, 51)
  t.strictSame(Object.keys(rejected).sort(), ['CHAIN_TOO_LONG', 'EXTENSION_UNKNOWN', 'KEY_WEAK'], 'good paths are refused for length, constraints and DSA only')
})
