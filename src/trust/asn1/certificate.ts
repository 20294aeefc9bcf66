/**
 * What a certificate says, read from its own bytes (RFC 5280, 4.1 and 4.2).
 * Node tells too little: its `.keyUsage` gives the extended key usage, and nothing says which extensions are critical.
 */
import { isUtf8 } from 'node:buffer'
import type { X509Certificate } from 'node:crypto'

import { DerError, TAG, bitsOf, booleanOf, childrenOf, expectTag, oidOf, readDer, smallIntegerOf } from './der.ts'
import type { Der } from './der.ts'

/** The extensions read here; the path check refuses any other that is critical. */
export const EXTENSION = {
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  basicConstraints: '2.5.29.19',
  crlDistributionPoints: '2.5.29.31',
  certificatePolicies: '2.5.29.32',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
} as const

/** Bits of keyUsage, RFC 5280, 4.2.1.3. */
export const KEY_USAGE = { digitalSignature: 0, nonRepudiation: 1, keyEncipherment: 2, keyAgreement: 4, keyCertSign: 5, cRLSign: 6 } as const

/** The parts of a certificate that a path check weighs. `subject` and `issuer` are equal exactly when the names match. */
export type CertificateContent = {
  subject: string
  issuer: string
  /** The octets of the serial number, hex: with their leading zero, since -1 is not 255 */
  serial: string
  /** OID of the algorithm that signed this certificate */
  signedWith: string
  /** OIDs of all extensions, and of those marked critical */
  extensions: string[]
  critical: Set<string>
  /** What stands in each extension, by its OID */
  values: ReadonlyMap<string, Buffer>
  isCa: boolean
  pathLength?: number
  keyUsage?: Set<number>
  extendedKeyUsage?: string[]
  policies: string[]
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

function readCertificate (raw: Buffer): CertificateContent {
  const [tbs, algorithm] = childrenOf(readDer(raw, TAG.sequence))
  const fields = childrenOf(tbs)
  // The version is absent in v1 certificates, which have no extensions either
  if (fields[0]?.tag === 0xa0) fields.shift()
  const [serial, , issuer, , subject, , ...optional] = fields
  const extensions = readExtensions(optional.find(({ tag }) => tag === 0xa3))
  const value = (id: string, tag: number) => {
    const extension = extensions.get(id)
    return extension === undefined ? undefined : readDer(extension.value, tag)
  }

  const constraints = value(EXTENSION.basicConstraints, TAG.sequence)
  const usage = value(EXTENSION.keyUsage, TAG.bitString)
  const purposes = value(EXTENSION.extendedKeyUsage, TAG.sequence)
  const policies = value(EXTENSION.certificatePolicies, TAG.sequence)
  const keyId = value(EXTENSION.subjectKeyIdentifier, TAG.octetString)
  const authority = value(EXTENSION.authorityKeyIdentifier, TAG.sequence)
  const issuerKeyId = authority && childrenOf(authority).find(({ tag }) => tag === 0x80)
  return {
    subject: comparableName(subject),
    issuer: comparableName(issuer),
    serial: expectTag(serial, TAG.integer).content.toString('hex'),
    signedWith: oidOf(childrenOf(algorithm)[0]),
    extensions: [...extensions.keys()],
    critical: new Set([...extensions].filter(([, { critical }]) => critical).map(([id]) => id)),
    values: new Map([...extensions].map(([id, { value: content }]) => [id, content])),
    ...readConstraints(constraints),
    ...(usage && { keyUsage: bitsOf(usage) }),
    ...(purposes && { extendedKeyUsage: childrenOf(purposes).map(oidOf) }),
    policies: policies === undefined ? [] : childrenOf(policies).map((policy) => oidOf(childrenOf(policy)[0])),
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

function readConstraints (constraints: Der | undefined): { isCa: boolean, pathLength?: number } {
  if (constraints === undefined) return { isCa: false }
  const [first, second] = childrenOf(constraints)
  if (first === undefined) return { isCa: false }
  return { isCa: booleanOf(first), ...(second && { pathLength: smallIntegerOf(second) }) }
}

/** A name as text that is equal exactly when the names match (RFC 5280, 7.1): case, runs of spaces and the kind of string do not tell two names apart. */
export function comparableName (name: Der | undefined): string {
  return JSON.stringify(childrenOf(name).map((set) => childrenOf(set, TAG.set).map((attribute) => {
    const [type, value] = childrenOf(attribute)
    return [oidOf(type), comparableValue(value)]
  })))
}

function comparableValue (value: Der | undefined): string {
  const text = value && textOf(value)
  if (text === undefined) return `#${value?.raw.toString('hex')}`
  return `=${text.normalize('NFKC').toLowerCase().trim().replace(/\s+/g, ' ')}`
}

function textOf ({ tag, content }: Der): string | undefined {
  switch (tag) {
    case TAG.utf8String:
    case TAG.printableString:
    case TAG.ia5String:
      return isUtf8(content) ? content.toString('utf8') : undefined
    case TAG.bmpString:
      return content.length % 2 === 0 ? Buffer.from(content).swap16().toString('utf16le') : undefined
    // Teletex and universal strings have no agreed reading: their bytes are compared
    default:
      return undefined
  }
}
