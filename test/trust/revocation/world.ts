/** A signer below a sub-CA below a root, and judgements of their revocation. */
import type { X509Certificate } from 'node:crypto'

import { extendedKeyUsage, keyUsage, type Extension, type Issued } from '../../../certs-example/issue.ts'
import { issueOcsp, type CrlEntry, type CrlOptions, type OcspEntry, type OcspOptions } from '../../../certs-example/revocation.ts'
import type { AlgorithmPolicy } from '../../../src/trust/algorithms.ts'
import { contentOf } from '../../../src/trust/asn1/certificate.ts'
import { DEFAULT_TRUST_POLICY, type TrustPolicy } from '../../../src/trust/policy.ts'
import type { Crl } from '../../../src/trust/revocation/crl.ts'
import { judgeRevocation, type RevocationVerdict } from '../../../src/trust/revocation/judge.ts'
import { readOcsp, type OcspAnswer } from '../../../src/trust/revocation/ocsp.ts'
import { knownFrom } from '../../../src/trust/revocation/known.ts'
import { fingerprintOf } from '../../../src/trust/verdict.ts'
import { AT, makeCa, makeCrl, makeLeaf } from '../world.ts'

export const root = makeCa('root')
export const sub = makeCa('sub', root)
export const leaf = makeLeaf(sub)

export const HOUR = 3_600_000
export const DAY = 24 * HOUR

/** So many milliseconds after AT; before it where negative. */
export const after = (ms: number): Date => new Date(AT.getTime() + ms)

/** The octets of a certificate's serial number. */
export const serialOf = ({ certificate }: Pick<Issued, 'certificate'>): Buffer => Buffer.from(contentOf(certificate).serial, 'hex')

/** A CRL of the sub-CA with the signer in it, issued at AT at the latest and revoked two days before, but for the change. */
export function crlWithLeaf (entry: Partial<CrlEntry> = {}, change: Partial<CrlOptions> = {}): Crl {
  return makeCrl(sub, { entries: [{ serial: serialOf(leaf), at: after(-2 * DAY), ...entry }], ...change })
}

/** An OCSP answer on the signer by its CA, an hour old and good for a day, but for the changes. */
export function ocspOnLeaf (entry: Partial<OcspEntry> = {}, change: Partial<OcspOptions> = {}): OcspAnswer {
  const times = { thisUpdate: after(-HOUR), nextUpdate: after(DAY) }
  return readOcsp(issueOcsp({ signer: sub, producedAt: times.thisUpdate, entries: [{ certificate: leaf.certificate, issuer: sub.certificate, ...times, ...entry }], ...change }))
}

/** A responder that the CA delegated to, but for the change. */
export function makeResponder (issuer: Issued = sub, extensions: Extension[] = [extendedKeyUsage('1.3.6.1.5.5.7.3.9'), NO_CHECK]): Issued {
  return makeLeaf(issuer, { name: { CN: 'responder' }, extensions: [keyUsage('digitalSignature'), ...extensions] })
}

/** RFC 6960, 4.2.2.2.1: NULL. */
export const NO_CHECK: Extension = { id: '1.3.6.1.5.5.7.48.1.5', value: Buffer.from([0x05, 0x00]) }

type Known = {
  crls?: Crl[], ocsp?: OcspAnswer[], at?: Date, now?: Date, policy?: Partial<TrustPolicy>, algorithms?: AlgorithmPolicy
  chain?: Issued[], intermediates?: Issued[]
}

/** Judges the signer's chain; that the root did not revoke the sub-CA is known unless `chain` differs. */
export function judge ({ crls = [], ocsp = [], at = AT, now, policy = {}, algorithms, chain = [leaf, sub, root], intermediates = [] }: Known): RevocationVerdict {
  const certificates: X509Certificate[] = chain.map(({ certificate }) => certificate)
  const fingerprint = fingerprintOf(certificates[0]!)
  return judgeRevocation(certificates, knownFrom([makeCrl(root, { nextUpdate: after(300 * DAY) }), ...crls], ocsp.map((answer) => ({ fingerprint, answer }))), {
    at, ...(now && { waited: now.getTime() - at.getTime() }), ...(algorithms && { algorithms }), policy: { ...DEFAULT_TRUST_POLICY, ...policy },
    store: { anchors: [root.certificate], intermediates: [sub, ...intermediates].map(({ certificate }) => certificate) },
  })
}
