/**
 * What a certificate says, read from its own bytes (RFC 5280, 4.1 and 4.2).
 * Node tells too little: its `.keyUsage` gives the extended key usage, and nothing says which extensions are critical.
 */
import type { KeyObject, X509Certificate } from 'node:crypto'

import { signedWith, type SignedWith } from '../algorithms.ts'
import { DerError, TAG, bitsOf, booleanOf, childrenOf, expectTag, ifReadable, oidOf, octetsOf, readDer, smallIntegerOf, timeOf, type Der } from './der.ts'
import { comparableName, emailsIn, readGeneralName, readName, type GeneralName, type NameParts } from './names.ts'
import { readMappings, readPolicies, readPolicyConstraints, readSubtrees, type NameConstraints } from './restrictions.ts'

/** The extensions read here; the path check refuses any other that is critical. */
export const EXTENSION = {
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  nameConstraints: '2.5.29.30',
  crlDistributionPoints: '2.5.29.31',
  certificatePolicies: '2.5.29.32',
  policyMappings: '2.5.29.33',
  authorityKeyIdentifier: '2.5.29.35',
  policyConstraints: '2.5.29.36',
  extendedKeyUsage: '2.5.29.37',
  inhibitAnyPolicy: '2.5.29.54',
} as const

/** Bits of keyUsage, RFC 5280, 4.2.1.3. */
export const KEY_USAGE = { digitalSignature: 0, nonRepudiation: 1, keyEncipherment: 2, keyAgreement: 4, keyCertSign: 5, cRLSign: 6 } as const

/** The parts of a certificate that a path check weighs. `subject` and `issuer` are equal exactly when the names match. */
export type CertificateContent = {
  subject: string
  issuer: string
  subjectParts: NameParts
  issuerParts: NameParts
  /** The subject, DER */
  subjectName: Buffer
  /** The octets of the serial number, hex, with their leading zero: -1 is not 255 */
  serial: string
  /** What is signed, by which algorithm, and the signature: the octets as they came */
  tbs: Buffer
  signedWith: SignedWith | { oid: string }
  signature: Buffer
  notBefore: Date
  notAfter: Date
  /** SubjectPublicKeyInfo, DER */
  publicKeyInfo: Buffer
  /** Every extension by its OID, those that are not read here too; and the OIDs of those marked critical */
  extensions: ReadonlyMap<string, { value: Buffer }>
  critical: Set<string>
  isCa: boolean
  pathLength?: number
  keyUsage?: Set<number>
  extendedKeyUsage?: string[]
  /** The alternative names, and the mail addresses of the subject itself */
  alternativeNames: GeneralName[]
  emails: string[]
  nameConstraints?: NameConstraints
  policies: string[]
  /** Kinds of qualifiers that nobody here can read */
  unknownQualifiers: string[]
  policyMappings: [issuerDomain: string, subjectDomain: string][]
  /** How many certificates may follow before the constraint holds */
  requireExplicitPolicy?: number
  inhibitPolicyMapping?: number
  inhibitAnyPolicy?: number
  keyId?: string
  issuerKeyId?: string
}

const read = new WeakMap<X509Certificate, CertificateContent>()

/** Reads a certificate, once. Throws DerError if it is not strict DER or an extension that counts is malformed. */
export function contentOf (certificate: X509Certificate): CertificateContent {
  const known = read.get(certificate)
  if (known !== undefined) return known
  const content = readCertificate(certificate.raw)
  read.set(certificate, content)
  return content
}

/** The same; undefined for a certificate that cannot be read, which is nobody's. */
export function contentIfReadable (certificate: X509Certificate): CertificateContent | undefined {
  return ifReadable(() => contentOf(certificate))
}

/** The key that a certificate speaks for. Node reads it only when asked, and throws if it cannot: undefined then. */
export function publicKeyOf (certificate: X509Certificate): KeyObject | undefined {
  try {
    return certificate.publicKey
  } catch {
    return undefined
  }
}

function readCertificate (raw: Buffer): CertificateContent {
  const [tbs, algorithm, signature] = childrenOf(readDer(raw, TAG.sequence))
  const fields = childrenOf(tbs)
  // The version is absent in v1 certificates, which have no extensions either
  if (fields[0]?.tag === 0xa0) fields.shift()
  const [serial, signedAlgorithm, issuer, validity, subject, publicKeyInfo, ...optional] = fields
  // RFC 5280, 4.1.1.2: the algorithm outside is not signed, so it must be the one inside
  if (tbs === undefined || algorithm === undefined || !signedAlgorithm?.raw.equals(algorithm.raw)) throw new DerError('the two signature algorithms differ')
  const [notBefore, notAfter] = childrenOf(validity)
  const [subjectParts, issuerParts] = [readName(subject), readName(issuer)]
  const extensions = readExtensions(optional.find(({ tag }) => tag === 0xa3))
  return {
    subject: comparableName(subjectParts),
    issuer: comparableName(issuerParts),
    subjectParts,
    issuerParts,
    subjectName: expectTag(subject, TAG.sequence).raw,
    serial: expectTag(serial, TAG.integer).content.toString('hex'),
    tbs: tbs.raw,
    signedWith: signedWith(algorithm),
    signature: octetsOf(signature),
    notBefore: timeOf(notBefore),
    notAfter: timeOf(notAfter),
    publicKeyInfo: expectTag(publicKeyInfo, TAG.sequence).raw,
    emails: emailsIn(subject),
    extensions,
    critical: new Set([...extensions].filter(([, { critical }]) => critical).map(([id]) => id)),
    ...contentOfExtensions((id, tag) => {
      const extension = extensions.get(id)
      return extension === undefined ? undefined : readDer(extension.value, tag)
    }),
  }
}

function contentOfExtensions (value: (id: string, tag: number) => Der | undefined) {
  const usage = value(EXTENSION.keyUsage, TAG.bitString)
  const purposes = value(EXTENSION.extendedKeyUsage, TAG.sequence)
  const names = value(EXTENSION.subjectAltName, TAG.sequence)
  const subtrees = value(EXTENSION.nameConstraints, TAG.sequence)
  const anyPolicy = value(EXTENSION.inhibitAnyPolicy, TAG.integer)
  const keyId = value(EXTENSION.subjectKeyIdentifier, TAG.octetString)
  const authority = value(EXTENSION.authorityKeyIdentifier, TAG.sequence)
  const issuerKeyId = authority && childrenOf(authority).find(({ tag }) => tag === 0x80)
  return {
    ...readBasicConstraints(value(EXTENSION.basicConstraints, TAG.sequence)),
    ...(usage && { keyUsage: bitsOf(usage) }),
    ...(purposes && { extendedKeyUsage: childrenOf(purposes).map(oidOf) }),
    alternativeNames: names === undefined ? [] : childrenOf(names).map(readGeneralName),
    ...(subtrees && { nameConstraints: readSubtrees(subtrees) }),
    ...readPolicies(value(EXTENSION.certificatePolicies, TAG.sequence)),
    policyMappings: readMappings(value(EXTENSION.policyMappings, TAG.sequence)),
    ...readPolicyConstraints(value(EXTENSION.policyConstraints, TAG.sequence)),
    ...(anyPolicy && { inhibitAnyPolicy: smallIntegerOf(anyPolicy) }),
    ...(keyId && { keyId: keyId.content.toString('hex') }),
    ...(issuerKeyId && { issuerKeyId: issuerKeyId.content.toString('hex') }),
  }
}

/** Extensions as certificates, CRLs and OCSP answers hold them, inside their explicit tag. */
export function readExtensions (wrapper: Der | undefined): Map<string, { critical: boolean, value: Buffer }> {
  const extensions = new Map<string, { critical: boolean, value: Buffer }>()
  if (wrapper === undefined) return extensions
  for (const extension of childrenOf(readDer(wrapper.content, TAG.sequence))) {
    const [id, second, third] = childrenOf(extension)
    const name = oidOf(id)
    // RFC 5280, 4.2: a certificate must not include more than one instance of an extension
    if (extensions.has(name)) throw new DerError(`extension ${name} occurs twice`)
    extensions.set(name, {
      critical: third !== undefined && booleanOf(second),
      value: expectTag(third ?? second, TAG.octetString).content,
    })
  }
  return extensions
}

function readBasicConstraints (constraints: Der | undefined): { isCa: boolean, pathLength?: number } {
  if (constraints === undefined) return { isCa: false }
  const [first, second] = childrenOf(constraints)
  if (first === undefined) return { isCa: false }
  return { isCa: booleanOf(first), ...(second && { pathLength: smallIntegerOf(second) }) }
}
