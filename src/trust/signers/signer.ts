/** Keys that sign for agencies, from files: PEM, or PKCS#12 as the Cipher Committee delivers software certificates. */
import { createPrivateKey, sign, X509Certificate } from 'node:crypto'
import type { KeyObject } from 'node:crypto'

import forge from 'node-forge'

import { Refusal } from '../../errors.ts'
import { certificatesFromPem } from '../store.ts'

/** Signature algorithms by their XMLDSig names. */
export const SIGNATURE_ALGORITHM = {
  rsaSha256: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
  ecdsaSha256: 'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256',
  ecdsaSha384: 'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384',
} as const

export type SignatureAlgorithm = typeof SIGNATURE_ALGORITHM[keyof typeof SIGNATURE_ALGORITHM]

/** A certificate with the power to sign in its name. The key itself cannot be had from it. */
export type Signer = {
  certificate: X509Certificate
  /** what came along above the certificate; a help for readers, never trusted */
  chain: X509Certificate[]
  algorithm: SignatureAlgorithm
  /** the signature value as XMLDSig writes it (ECDSA: r and s side by side) */
  sign (data: Uint8Array): Promise<Buffer>
}

/** A signer from an unencrypted private key and its certificate, both PEM; CA certificates may follow. Throws SETUP_INVALID if they do not belong together. */
export function signerFromPem ({ key, certificates }: { key: string, certificates: string }): Signer {
  return createSigner(readable('private key', () => createPrivateKey(key)), readable('certificate', () => certificatesFromPem(certificates)))
}

/** A signer from a PKCS#12 file. Throws SETUP_INVALID if the file or its password is wrong, or key and certificate do not belong together. */
export function signerFromPkcs12 ({ bytes, password }: { bytes: Uint8Array, password: string }): Signer {
  const bags = readable('PKCS#12 file or its password', () => unwrap(bytes, password))
  const { certBag, keyBag, pkcs8ShroudedKeyBag } = forge.pki.oids
  const keys = bags.filter(({ type }) => type === keyBag || type === pkcs8ShroudedKeyBag)
  const [keyOnly, ...others] = keys
  if (keyOnly === undefined || others.length > 0) throw new Refusal('SETUP_INVALID', { detail: `a PKCS#12 file must hold one private key, not ${keys.length}` })
  return createSigner(
    readable('private key', () => createPrivateKey({ key: keyDer(keyOnly), format: 'der', type: 'pkcs8' })),
    readable('certificate', () => bags.filter(({ type }) => type === certBag).map((bag) => new X509Certificate(certificateDer(bag)))),
  )
}

function createSigner (key: KeyObject, certificates: X509Certificate[]): Signer {
  const certificate = certificates.find((candidate) => candidate.checkPrivateKey(key))
  if (certificate === undefined) throw new Refusal('SETUP_INVALID', { detail: 'the private key belongs to none of the certificates' })
  const { algorithm, digest } = algorithmFor(key)
  return {
    certificate,
    chain: certificates.filter((other) => other !== certificate),
    algorithm,
    // With a callback the work is done on the thread pool: an RSA-3072 signature takes 3 ms
    sign: (data) => new Promise((resolve, reject) => {
      sign(digest, data, { key, dsaEncoding: 'ieee-p1363' }, (error, signature) => error === null ? resolve(signature) : reject(error))
    }),
  }
}

function algorithmFor (key: KeyObject): { algorithm: SignatureAlgorithm, digest: string } {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key
  if (type === 'rsa') return { algorithm: SIGNATURE_ALGORITHM.rsaSha256, digest: 'sha256' }
  if (type === 'ec' && details?.namedCurve === 'prime256v1') return { algorithm: SIGNATURE_ALGORITHM.ecdsaSha256, digest: 'sha256' }
  if (type === 'ec' && details?.namedCurve === 'secp384r1') return { algorithm: SIGNATURE_ALGORITHM.ecdsaSha384, digest: 'sha384' }
  throw new Refusal('SETUP_INVALID', { detail: `keys of kind ${type} ${details?.namedCurve ?? ''} do not sign documents` })
}

function unwrap (bytes: Uint8Array, password: string): forge.pkcs12.Bag[] {
  const read = (file: forge.asn1.Asn1, text: string) => forge.pkcs12.pkcs12FromAsn1(file, text).safeContents.flatMap(({ safeBags }) => safeBags)
  const file = forge.asn1.fromDer(Buffer.from(bytes).toString('latin1'))
  try {
    return read(file, password)
  } catch (error) {
    const utf8 = forge.util.encodeUtf8(password)
    if (utf8 === password || !Array.isArray(file.value)) throw error
    // The MAC takes the password in UTF-16, PBES2 in UTF-8, and forge has one for both: an accented one opens such a file only
    // with the MAC left out. What the MAC would tell, the key's match with its certificate tells as well
    return read({ ...file, value: file.value.slice(0, 2) }, utf8)
  }
}

/** Forge reads RSA keys into an object of its own and leaves others as they are. */
function keyDer ({ key, asn1 }: forge.pkcs12.Bag): Buffer {
  return derOf(key ? forge.pki.wrapRsaPrivateKey(forge.pki.privateKeyToAsn1(key)) : asn1)
}

function certificateDer ({ cert, asn1 }: forge.pkcs12.Bag): Buffer {
  return derOf(cert ? forge.pki.certificateToAsn1(cert) : asn1)
}

function derOf (asn1: forge.asn1.Asn1): Buffer {
  return Buffer.from(forge.asn1.toDer(asn1).getBytes(), 'latin1')
}

/** The cause stays out of the message: what a library says of a key file may quote it. */
function readable<T> (what: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof Refusal) throw error
    throw new Refusal('SETUP_INVALID', { detail: `the ${what} cannot be read` })
  }
}
