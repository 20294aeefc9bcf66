/**
 * The example PKI (`certs-example/`): its private keys are public, so whatever it signs proves nothing.
 * Every certificate of it names a policy under 2.999, the arc that ITU-T X.660 sets aside for examples.
 */
import type { X509Certificate } from 'node:crypto'
import { join } from 'node:path'

import { Refusal } from '../errors.ts'
import { contentIfReadable } from './asn1/certificate.ts'
import type { Signer } from './signers/signer.ts'
import { authoritiesIn, type TrustStore } from './store.ts'
import { nameForPeople } from './verdict.ts'

/** Where the example store lies: what the demo and the tests trust. */
export const EXAMPLE_TRUST_DIR = join(import.meta.dirname, '../../certs-example/trust')

const EXAMPLE_ARC = '2.999.'

/** Whether the certificate carries the mark of the example PKI. */
export function isExampleCertificate (certificate: X509Certificate): boolean {
  // What cannot be read is never trusted, so it is no example either
  return contentIfReadable(certificate)?.policies.some((policy) => policy.startsWith(EXAMPLE_ARC)) ?? false
}

/**
 * Once this returns, the gateway neither trusts nor signs with the example PKI. To be called wherever it starts outside demo and test.
 * Throws SETUP_INVALID naming every example certificate found.
 */
export function refuseExample ({ stores, signers }: { stores: readonly TrustStore[], signers: readonly Pick<Signer, 'certificate' | 'chain'>[] }): void {
  const found = [...authoritiesIn(stores), ...signers.flatMap(({ certificate, chain }) => [certificate, ...chain])].filter(isExampleCertificate)
  if (found.length === 0) return
  const names = [...new Set(found.map(({ subject }) => nameForPeople(subject)))].join('; ')
  throw new Refusal('SETUP_INVALID', {
    detail: `không được dùng chứng thư ví dụ ngoài demo và kiểm thử: ai cũng có khóa bí mật của chúng / example certificates must not be used outside demo and test: everyone has their private keys: ${names}`,
  })
}
