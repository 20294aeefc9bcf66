/** Whether one certificate was signed by another, and whether what signed it is strong enough. */
import type { X509Certificate } from 'node:crypto'

import { MAX_RSA_BITS, isSigned, keyIsAdmitted, type AlgorithmPolicy } from '../algorithms.ts'
import { contentOf, publicKeyOf } from '../asn1/certificate.ts'
import { fingerprintOf } from '../verdict.ts'
import type { PathFinding } from './reasons.ts'

/** The first generation (G1) of the Cipher Committee's CA certificates: signed with SHA-1 in 2010–2016, in use until 2030. */
const G1 = new Set([
  'f7bc89054cec7f12730d7b8cd3eb7955b163835087e5eb873edfb584763b3f90', // root
  '75e969c07ba35c29c72bbc1bfb880f20f3891a619b00b77eb02ca6160736a1fe', // Chính phủ
  'a262cfa489dbbe666f8b89fab832547809874d5a06fa9f7a38fc227ebdf40514', // Bộ Tài chính
  'ecbf8428266c549eb1bfdc2715270d5b9dff3bbbe2d3f0c33e0fd91f70b2d943', // Bộ Công an
  '6e218b3ebc2f31b0d03205c64fd7e8920fb47187d37afcdb4cb2bb4178bf4635', // Đảng
  '3c4281296f92d292cc952295fe41ad7d0b37438ff1d143b56c4642cc1b14bd93', // Bộ Ngoại giao
])

/** Whether this is one of the Cipher Committee's CA certificates of the first generation, by its fingerprint. */
export function isPinnedG1 (certificate: X509Certificate): boolean {
  return G1.has(fingerprintOf(certificate))
}

/** What was computed before. CAs are asked about again and again, and neither certificate ever changes. */
const computed = new WeakMap<X509Certificate, WeakMap<X509Certificate, boolean>>()

/** Whether the issuer's key made the signature on the certificate, by an algorithm that is known here. */
export function isSignedBy (certificate: X509Certificate, issuer: X509Certificate): boolean {
  const answers = computed.get(certificate) ?? new WeakMap<X509Certificate, boolean>()
  const answer = answers.get(issuer) ?? computeSignedBy(certificate, issuer)
  computed.set(certificate, answers.set(issuer, answer))
  return answer
}

function computeSignedBy (certificate: X509Certificate, issuer: X509Certificate): boolean {
  const { tbs, signedWith, signature } = contentOf(certificate)
  const key = publicKeyOf(issuer)
  // A key of unbounded size would make whoever verifies with it slow
  return key !== undefined && (key.asymmetricKeyDetails?.modulusLength ?? 0) <= MAX_RSA_BITS && 'scheme' in signedWith && isSigned(tbs, signedWith, signature, key)
}

/** What stands against the key that the certificate speaks for. */
export function judgeKey (certificate: X509Certificate, policy: AlgorithmPolicy): PathFinding[] {
  const key = publicKeyOf(certificate)
  if (keyIsAdmitted(key, policy)) return []
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key ?? {}
  return [{ code: 'KEY_WEAK', detail: [type ?? 'unreadable', details?.modulusLength ?? details?.namedCurve].filter(Boolean).join(' ') }]
}

/** What stands against the algorithm that signed the certificate. */
export function judgeAlgorithm (certificate: X509Certificate, policy: AlgorithmPolicy): PathFinding[] {
  const { signedWith } = contentOf(certificate)
  if (!('digest' in signedWith)) return [{ code: 'ALGORITHM_NOT_ADMITTED', detail: signedWith.oid }]
  if (policy.digests.has(signedWith.digest)) return []
  return [{ code: signedWith.digest === 'sha1' && isPinnedG1(certificate) ? 'DIGEST_SHA1_PINNED' : 'DIGEST_WEAK', detail: signedWith.digest }]
}
