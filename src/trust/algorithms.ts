/**
 * The algorithms that certificates, CRLs, OCSP answers and time-stamps may be signed with, and their verification by node:crypto.
 * The lists are ours (TT 15/2025/TT-BKHCN, appendix I): what is signed only picks from them.
 */
import { constants, verify, type KeyObject } from 'node:crypto'
import { DerError, TAG, childrenOf, oidOf, readDer, smallIntegerOf, type Der } from './asn1/der.ts'

/** What is strong enough. Exams that were made long ago need another one than the product's. */
export type AlgorithmPolicy = { rsaBits: number, curves: ReadonlySet<string>, digests: ReadonlySet<string> }

/** RSA from 2048 bits, ECDSA from 256 bits, SHA-2 from 256 bits. */
export const ADMITTED: AlgorithmPolicy = { rsaBits: 2048, curves: new Set(['prime256v1', 'secp384r1']), digests: new Set(['sha256', 'sha384', 'sha512']) }

/** How something was signed: the digest as node:crypto names it. */
export type SignedWith = { oid: string, scheme: 'rsa-pkcs1' | 'rsa-pss' | 'ecdsa', digest: string, saltLength?: number }

const ALGORITHMS: Readonly<Record<string, Pick<SignedWith, 'scheme' | 'digest'>>> = {
  '1.2.840.113549.1.1.4': { scheme: 'rsa-pkcs1', digest: 'md5' },
  '1.2.840.113549.1.1.5': { scheme: 'rsa-pkcs1', digest: 'sha1' },
  '1.3.14.3.2.29': { scheme: 'rsa-pkcs1', digest: 'sha1' },
  '1.2.840.113549.1.1.11': { scheme: 'rsa-pkcs1', digest: 'sha256' },
  '1.2.840.113549.1.1.12': { scheme: 'rsa-pkcs1', digest: 'sha384' },
  '1.2.840.113549.1.1.13': { scheme: 'rsa-pkcs1', digest: 'sha512' },
  '1.2.840.10045.4.1': { scheme: 'ecdsa', digest: 'sha1' },
  '1.2.840.10045.4.3.2': { scheme: 'ecdsa', digest: 'sha256' },
  '1.2.840.10045.4.3.3': { scheme: 'ecdsa', digest: 'sha384' },
  '1.2.840.10045.4.3.4': { scheme: 'ecdsa', digest: 'sha512' },
}

const RSASSA_PSS = '1.2.840.113549.1.1.10'
const MGF1 = '1.2.840.113549.1.1.8'

/** Digests by OID, under their names in node:crypto. */
export const DIGESTS: Readonly<Record<string, string>> = {
  '1.2.840.113549.2.5': 'md5',
  '1.3.14.3.2.26': 'sha1',
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
}

/** The name of a digest in node:crypto, or its OID where it has none. Throws DerError. */
export function digestNameOf (identifier: Der | undefined): string {
  const oid = oidOf(childrenOf(identifier)[0])
  return DIGESTS[oid] ?? oid
}

/** What an AlgorithmIdentifier says, or its OID alone when it is none that we can verify. Throws DerError if it is malformed. */
export function signedWith (identifier: Der | undefined): SignedWith | { oid: string } {
  const [algorithm, parameters] = childrenOf(identifier)
  const oid = oidOf(algorithm)
  const known = ALGORITHMS[oid]
  if (known !== undefined) return { oid, ...known }
  return oid === RSASSA_PSS ? pssOf(oid, parameters) : { oid }
}

/** Whether the policy admits it: the digest is strong enough, and the scheme is one we know. */
export function isAdmitted (signed: SignedWith | { oid: string }, policy: AlgorithmPolicy): signed is SignedWith {
  return 'digest' in signed && policy.digests.has(signed.digest)
}

/** Larger RSA keys only make verification slow; official roots have 4096 bits. */
export const MAX_RSA_BITS = 8192

/** Whether a public key is strong enough. */
export function keyIsAdmitted (key: KeyObject | undefined, policy: AlgorithmPolicy): boolean {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key ?? {}
  const bits = details?.modulusLength ?? 0
  if (type === 'rsa' || type === 'rsa-pss') return bits >= policy.rsaBits && bits <= MAX_RSA_BITS && (details?.publicExponent ?? 0n) >= 3n
  return type === 'ec' && policy.curves.has(details?.namedCurve ?? '')
}

/** Whether the key's owner made this signature over these octets, by this algorithm. Never throws for what a stranger sent. */
export function isSigned (octets: Uint8Array, how: SignedWith, signature: Uint8Array, key: KeyObject): boolean {
  const isRsa = key.asymmetricKeyType === 'rsa' || key.asymmetricKeyType === 'rsa-pss'
  try {
    switch (how.scheme) {
      case 'rsa-pkcs1': return key.asymmetricKeyType === 'rsa' && verify(how.digest, octets, { key, padding: constants.RSA_PKCS1_PADDING }, signature)
      case 'rsa-pss': return isRsa && verify(how.digest, octets, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: how.saltLength ?? constants.RSA_PSS_SALTLEN_DIGEST }, signature)
      case 'ecdsa': return key.asymmetricKeyType === 'ec' && verify(how.digest, octets, { key, dsaEncoding: 'der' }, signature)
    }
  } catch {
    // A key bound to other PSS parameters, or a signature that is no DER: OpenSSL throws instead of saying no
    return false
  }
}

/** RFC 4055, 3.1: only one digest for message and mask is admitted, and what is left out means SHA-1 and 20 octets of salt. */
function pssOf (oid: string, parameters: Der | undefined): SignedWith | { oid: string } {
  const fields = new Map(childrenOf(parameters).map((field) => [field.tag, field]))
  const inside = (tag: number, wanted: number) => {
    const field = fields.get(tag)
    return field && readDer(field.content, wanted)
  }
  const hash = digestOf(inside(0xa0, TAG.sequence))
  const mask = inside(0xa1, TAG.sequence)
  const [maskAlgorithm, maskHash] = mask ? childrenOf(mask) : []
  const salt = inside(0xa2, TAG.integer)
  const trailer = inside(0xa3, TAG.integer)
  if ((mask && oidOf(maskAlgorithm) !== MGF1) || (trailer && smallIntegerOf(trailer) !== 1)) return { oid }
  if (hash === undefined || (mask ? digestOf(maskHash) : 'sha1') !== hash) return { oid }
  return { oid, scheme: 'rsa-pss', digest: hash, saltLength: salt ? smallIntegerOf(salt) : 20 }
}

function digestOf (identifier: Der | undefined): string | undefined {
  if (identifier === undefined) return 'sha1'
  const [algorithm] = childrenOf(identifier)
  if (algorithm === undefined) throw new DerError('an algorithm has no name')
  return DIGESTS[oidOf(algorithm)]
}
