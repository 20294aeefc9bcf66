/** Who made a signature of a CMS message, by which algorithm, and which certificate its signed attributes name (RFC 5652, 5.3; RFC 5035). */
import { createHash, timingSafeEqual, type X509Certificate } from 'node:crypto'
import { DIGESTS, MAX_RSA_BITS, digestNameOf, isSigned, signedWith, type SignedWith } from '../algorithms.ts'
import { contentOf, publicKeyOf } from '../asn1/certificate.ts'
import { DerError, TAG, childrenOf, expectTag, oidOf, readDer, type Der } from '../asn1/der.ts'
import { comparableName, readGeneralName } from '../asn1/names.ts'
import type { Attribute, CmsSigner } from './read.ts'

/** Attributes that are read here or written. */
export const ATTRIBUTE = {
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  signingTime: '1.2.840.113549.1.9.5',
  algorithmProtection: '1.2.840.113549.1.9.52',
  signingCertificate: '1.2.840.113549.1.9.16.2.12',
  signingCertificateV2: '1.2.840.113549.1.9.16.2.47',
  signatureTimeStamp: '1.2.840.113549.1.9.16.2.14',
  revocationInfoArchival: '1.2.840.113583.1.1.8',
} as const

export const RSA_ENCRYPTION = '1.2.840.113549.1.1.1'

/** The value of an attribute that stands there once and has one value. */
export function onlyValue (attributes: readonly Attribute[], type: string): Der | undefined {
  const [attribute, second] = attributes.filter((candidate) => candidate.type === type)
  return second === undefined && attribute?.values.length === 1 ? attribute.values[0] : undefined
}

/** RFC 5652, 5.3: by issuer and serial number, octet by octet, or by the key's identifier. */
export function isNamed (certificate: X509Certificate, { identifier }: Pick<CmsSigner, 'identifier'>): boolean {
  if (identifier.tag === 0x80) return contentOf(certificate).keyId === identifier.content.toString('hex')
  const { issuer, serial } = issuerAndSerialOf(certificate)
  return expectTag(identifier, TAG.sequence).content.equals(Buffer.concat([issuer, serial]))
}

/** The name of a certificate's issuer and its serial number, DER. */
export function issuerAndSerialOf (certificate: X509Certificate): { issuer: Buffer, serial: Buffer } {
  const [tbs] = childrenOf(readDer(certificate.raw, TAG.sequence))
  const [serial, , issuer] = childrenOf(tbs).filter(({ tag }) => tag !== 0xa0)
  return { issuer: issuer!.raw, serial: serial!.raw }
}

/** RFC 3370, 3.2: CMS may name the key alone and leave the digest to its own field, as OpenSSL does. */
export function algorithmOf (signer: Pick<CmsSigner, 'signatureAlgorithm' | 'digestAlgorithm'>): SignedWith | { oid: string } {
  const oid = oidOf(childrenOf(signer.signatureAlgorithm)[0])
  return oid === RSA_ENCRYPTION ? { oid, scheme: 'rsa-pkcs1', digest: digestNameOf(signer.digestAlgorithm) } : signedWith(signer.signatureAlgorithm)
}

/** Whether the certificate's key made this signature over the signed attributes; without them never. */
export function isMadeBy (certificate: X509Certificate, { signedAttributes, signature }: CmsSigner, how: SignedWith): boolean {
  const key = publicKeyOf(certificate)
  // A key of unbounded size would make whoever verifies with it slow
  if (key === undefined || signedAttributes === undefined || (key.asymmetricKeyDetails?.modulusLength ?? 0) > MAX_RSA_BITS) return false
  return isSigned(signedAttributes, how, signature, key)
}

/** How the signed attributes name the signer's certificate: by this digest; not at all; or as another one. */
export type Binding = { kind: 'bound' | 'other', digest: string } | { kind: 'absent' }

/** RFC 5035, 5: of all that is named the first is the signer's own. Where both versions of the attribute stand, both must name it. */
export function bindingOf ({ attributes }: Pick<CmsSigner, 'attributes'>, certificate: X509Certificate): Binding {
  const versions = [ATTRIBUTE.signingCertificate, ATTRIBUTE.signingCertificateV2].filter((type) => attributes.some((attribute) => attribute.type === type))
  let bound: Binding = { kind: 'absent' }
  for (const version of versions) {
    const [certificates] = childrenOf(onlyValue(attributes, version))
    const [first] = childrenOf(certificates)
    const { digest, isThis } = compareNamed(first, certificate, version === ATTRIBUTE.signingCertificateV2)
    if (!isThis) return { kind: 'other', digest }
    bound = { kind: 'bound', digest }
  }
  return bound
}

/** An ESSCertID or ESSCertIDv2 held against a certificate: by its hash, and by issuer and serial number where they are given. */
function compareNamed (named: Der | undefined, certificate: X509Certificate, isSecondVersion: boolean): { digest: string, isThis: boolean } {
  const parts = childrenOf(named)
  // RFC 5035, 4: without an algorithm the second version means SHA-256, and the first knows SHA-1 only
  const algorithm = isSecondVersion && parts[0]?.tag === TAG.sequence ? parts.shift() : undefined
  const digest = algorithm ? digestNameOf(algorithm) : isSecondVersion ? 'sha256' : 'sha1'
  const [hash, issuerSerial, ...others] = parts
  if (others.length > 0) throw new DerError('a signing certificate is named by more than there is')
  const isKnown = Object.values(DIGESTS).includes(digest) && digest !== 'md5'
  const isHashed = isKnown && isEqual(createHash(digest).update(certificate.raw).digest(), expectTag(hash, TAG.octetString).content)
  return { digest, isThis: isHashed && (issuerSerial === undefined || isIssued(issuerSerial, certificate)) }
}

function isIssued (issuerSerial: Der, certificate: X509Certificate): boolean {
  const [names, serial] = childrenOf(issuerSerial)
  const { issuer, serial: own } = contentOf(certificate)
  const isNamed = childrenOf(names).map(readGeneralName).some((name) => name.form === 'directory' && comparableName(name.parts) === issuer)
  return isNamed && expectTag(serial, TAG.integer).content.toString('hex') === own
}

/** Whether two values are the same, in a time that does not tell where they differ. */
export function isEqual (one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && timingSafeEqual(one, other)
}
