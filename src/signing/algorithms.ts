/** The algorithms a signature may use. The list is ours: a message only picks from it. */
import { constants, verify, type KeyObject } from 'node:crypto'
import type { SigningFinding } from './reasons.ts'

export const XMLDSIG = 'http://www.w3.org/2000/09/xmldsig#'
export const ENVELOPED_SIGNATURE = `${XMLDSIG}enveloped-signature`
export const SHA256 = 'http://www.w3.org/2001/04/xmlenc#sha256'

/** A digest by the name node:crypto knows it, and its length in octets. */
export type DigestAlgorithm = { hash: 'sha1' | 'sha256' | 'sha384' | 'sha512', length: number }

export type SignatureAlgorithm = { hash: DigestAlgorithm['hash'], scheme: 'rsa-pkcs1' | 'rsa-pss' | 'ecdsa' }

// TT 15/2025/TT-BKHCN, Appendix I: SHA-2 from 256 bits, RSA from 2048 bits (the Cipher Committee's own signatures are PKCS#1 v1.5), ECDSA from 256 bits
const DIGESTS: ReadonlyMap<string, DigestAlgorithm> = new Map([
  [SHA256, { hash: 'sha256', length: 32 }],
  ['http://www.w3.org/2001/04/xmldsig-more#sha384', { hash: 'sha384', length: 48 }],
  ['http://www.w3.org/2001/04/xmlenc#sha512', { hash: 'sha512', length: 64 }],
  // What Cipher Committee signatures used until about 2016. It is named here to be read; it counts as historical, or not at all (proof-time.ts)
  [`${XMLDSIG}sha1`, { hash: 'sha1', length: 20 }],
])

// RFC 6931, 2.3: the MGF1 names fix mask hash = hash and salt length = hash length
const SIGNATURES: ReadonlyMap<string, SignatureAlgorithm> = new Map([
  ['http://www.w3.org/2001/04/xmldsig-more#rsa-sha256', { hash: 'sha256', scheme: 'rsa-pkcs1' }],
  ['http://www.w3.org/2001/04/xmldsig-more#rsa-sha384', { hash: 'sha384', scheme: 'rsa-pkcs1' }],
  ['http://www.w3.org/2001/04/xmldsig-more#rsa-sha512', { hash: 'sha512', scheme: 'rsa-pkcs1' }],
  ['http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1', { hash: 'sha256', scheme: 'rsa-pss' }],
  ['http://www.w3.org/2007/05/xmldsig-more#sha384-rsa-MGF1', { hash: 'sha384', scheme: 'rsa-pss' }],
  ['http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1', { hash: 'sha512', scheme: 'rsa-pss' }],
  ['http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256', { hash: 'sha256', scheme: 'ecdsa' }],
  ['http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384', { hash: 'sha384', scheme: 'ecdsa' }],
  ['http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512', { hash: 'sha512', scheme: 'ecdsa' }],
  // As with the digest
  [`${XMLDSIG}rsa-sha1`, { hash: 'sha1', scheme: 'rsa-pkcs1' }],
  ['http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1', { hash: 'sha1', scheme: 'ecdsa' }],
])

const CURVES: ReadonlySet<string | undefined> = new Set(['prime256v1', 'secp384r1'])

/** The digest of this name, or undefined when it may not be used. Whoever computes with SHA-1 has asked judgeSha1 first. */
export function digestAlgorithm (name: string): DigestAlgorithm | undefined {
  return DIGESTS.get(name)
}

/** The signature algorithm of this name, or undefined when it may not be used. Whoever computes with SHA-1 has asked judgeSha1 first. */
export function signatureAlgorithm (name: string): SignatureAlgorithm | undefined {
  return SIGNATURES.get(name)
}

/** Whether this is the name of an algorithm that uses SHA-1. */
export function isSha1 (name: string): boolean {
  return /sha1(?!\d)/i.test(name)
}

/** Why an algorithm that is not on the list is refused: the two that peers really send get a reason of their own. */
export function whyRefused (name: string): SigningFinding {
  if (/hmac/i.test(name)) return { code: 'ALGORITHM_HMAC', detail: name }
  if (isSha1(name)) return { code: 'ALGORITHM_SHA1', detail: name }
  return { code: 'ALGORITHM_NOT_ALLOWED', detail: name }
}

/** Whether a key is strong enough, and of the kind the algorithm wants. */
export function keyFits (key: KeyObject, { scheme }: SignatureAlgorithm): boolean {
  const details = key.asymmetricKeyDetails
  switch (scheme) {
    // Keys that are bound to PSS parameters of their own are not used by anybody, and OpenSSL throws where these do not fit
    case 'rsa-pkcs1':
    case 'rsa-pss': return key.asymmetricKeyType === 'rsa' && (details?.modulusLength ?? 0) >= 2048
    case 'ecdsa': return key.asymmetricKeyType === 'ec' && CURVES.has(details?.namedCurve)
  }
}

/** Whether the key's owner made this signature over these octets. */
export function signatureFits ({ hash, scheme }: SignatureAlgorithm, key: KeyObject, octets: Buffer, signature: Buffer): boolean {
  switch (scheme) {
    case 'rsa-pkcs1': return verify(hash, octets, { key, padding: constants.RSA_PKCS1_PADDING }, signature)
    case 'rsa-pss': return verify(hash, octets, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }, signature)
    // XMLDSig 1.1, 6.4.3: r and s side by side, not DER
    case 'ecdsa': return verify(hash, octets, { key, dsaEncoding: 'ieee-p1363' }, signature)
  }
}
