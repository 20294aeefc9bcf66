/**
 * What signs for an agency. Where its key lies is its own affair: pem.ts, pkcs12.ts, pkcs11.ts, remote.ts.
 * Every signature is verified against the signer's own certificate before it is given out.
 */
import { constants, createHash, verify, type KeyObject, type X509Certificate } from 'node:crypto'

import { Refusal } from '../../errors.ts'
import { ADMITTED, keyIsAdmitted } from '../algorithms.ts'
import { SignerAway } from './away.ts'

/** Signature algorithms by their XMLDSig names (XMLDSig 1.1, 6.4; RFC 6931, 2.3.9: MGF1 and the salt are of the digest's length). */
export const SIGNATURE_ALGORITHM = {
  rsaSha256: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
  rsaPssSha256: 'http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1',
  ecdsaSha256: 'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256',
  ecdsaSha384: 'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384',
} as const

export type SignatureAlgorithm = typeof SIGNATURE_ALGORITHM[keyof typeof SIGNATURE_ALGORITHM]

/** How RSA keys sign: PKCS#1 v1.5 as the Cipher Committee's own software does, or PSS as TT 15/2025, appendix I names it. ECDSA has no choice. */
export type Padding = 'pkcs1' | 'pss'

/** A certificate with the power to sign in its name. The key itself cannot be had from it. */
export type Signer = {
  certificate: X509Certificate
  /** what came along above the certificate; a help for readers, never trusted */
  chain: X509Certificate[]
  algorithm: SignatureAlgorithm
  /** The signature value as XMLDSig writes it (ECDSA: r and s side by side). Rejects with SignerAway when the key cannot be used now. */
  sign (data: Uint8Array): Promise<Buffer>
}

/** Who signs, and by which padding if the key is RSA. */
export type SignerIdentity = { certificate: X509Certificate, chain: X509Certificate[], padding?: Padding }

/** What a key is asked to do: the algorithm, and its digest as node:crypto names it. */
export type Scheme = { algorithm: SignatureAlgorithm, digest: 'sha256' | 'sha384' }

/** A signer whose signatures `sign` makes. Throws SETUP_INVALID if keys of the certificate's kind do not sign documents. */
export function createSigner ({ certificate, chain, padding = 'pkcs1' }: SignerIdentity, sign: (data: Uint8Array, scheme: Scheme) => Promise<Buffer>): Signer {
  const { publicKey } = certificate
  const scheme = schemeFor(publicKey, padding)
  return {
    certificate,
    chain,
    algorithm: scheme.algorithm,
    async sign (data) {
      const signature = await sign(data, scheme)
      if (!fits(scheme, publicKey, data, signature)) throw new SignerAway('SIGNATURE_WRONG')
      return signature
    },
  }
}

/** The digest that a key is given to sign where the data itself stays here. */
export function digestOf (data: Uint8Array, { digest }: Scheme): Buffer {
  return createHash(digest).update(data).digest()
}

/** How node:crypto is told of an algorithm, to sign or to verify. */
export function optionsFor (algorithm: SignatureAlgorithm) {
  switch (algorithm) {
    case SIGNATURE_ALGORITHM.rsaSha256: return { padding: constants.RSA_PKCS1_PADDING }
    case SIGNATURE_ALGORITHM.rsaPssSha256: return { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
    case SIGNATURE_ALGORITHM.ecdsaSha256:
    case SIGNATURE_ALGORITHM.ecdsaSha384: return { dsaEncoding: 'ieee-p1363' as const }
  }
}

function schemeFor (key: KeyObject, padding: Padding): Scheme {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key
  if (type === 'rsa' && keyIsAdmitted(key, ADMITTED)) return { algorithm: padding === 'pss' ? SIGNATURE_ALGORITHM.rsaPssSha256 : SIGNATURE_ALGORITHM.rsaSha256, digest: 'sha256' }
  if (type === 'ec' && details?.namedCurve === 'prime256v1') return { algorithm: SIGNATURE_ALGORITHM.ecdsaSha256, digest: 'sha256' }
  if (type === 'ec' && details?.namedCurve === 'secp384r1') return { algorithm: SIGNATURE_ALGORITHM.ecdsaSha384, digest: 'sha384' }
  throw new Refusal('SETUP_INVALID', { detail: `keys of kind ${type} ${details?.namedCurve ?? details?.modulusLength ?? ''} do not sign documents` })
}

function fits ({ algorithm, digest }: Scheme, key: KeyObject, data: Uint8Array, signature: Buffer): boolean {
  try {
    return verify(digest, data, { key, ...optionsFor(algorithm) }, signature)
  } catch {
    // OpenSSL throws at some shapes that are no signature at all
    return false
  }
}
