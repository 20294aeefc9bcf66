/**
 * Makes certificates for examples and tests, well-formed or wrong on purpose: keys may be RSA or EC, and every field can be set.
 */
import { X509Certificate, createHash, generateKeyPairSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'

import {
  CONTEXT_SPECIFIC, Type, UNIVERSAL, algorithmOf, bitString, contextString, directoryName, element, extensionOf, fromDer, fullName, integer, keyIdOf, nameOf,
  octets, oid, sequence, signed, time,
} from './asn1.ts'
import type { Asn1 } from './asn1.ts'

/** Object identifiers that the example PKI uses. 2.999 is the arc for examples: the mark by which the gateway knows them. */
export const OID = {
  subjectKeyIdentifier: '2.5.29.14', keyUsage: '2.5.29.15', subjectAltName: '2.5.29.17', basicConstraints: '2.5.29.19', crlNumber: '2.5.29.20',
  crlReason: '2.5.29.21', invalidityDate: '2.5.29.24', deltaIndicator: '2.5.29.27', issuingDistributionPoint: '2.5.29.28', certificateIssuer: '2.5.29.29', expiredCertificates: '2.5.29.60',
  crlDistributionPoints: '2.5.29.31', certificatePolicies: '2.5.29.32', authorityKeyIdentifier: '2.5.29.35', extKeyUsage: '2.5.29.37',
  authorityInfoAccess: '1.3.6.1.5.5.7.1.1', ocsp: '1.3.6.1.5.5.7.48.1', caIssuers: '1.3.6.1.5.5.7.48.2', cps: '1.3.6.1.5.5.7.2.1',
  clientAuth: '1.3.6.1.5.5.7.3.2', emailProtection: '1.3.6.1.5.5.7.3.4', smartcardLogon: '1.3.6.1.4.1.311.20.2.2', timeStamping: '1.3.6.1.5.5.7.3.8',
  examplePolicy: '2.999.704.1.1.1.1.1',
} as const

/** Bits of keyUsage by name. */
export const KEY_USAGE = { digitalSignature: 0, nonRepudiation: 1, keyEncipherment: 2, dataEncipherment: 3, keyCertSign: 5, cRLSign: 6 } as const

/** A key pair: RSA or EC. */
export type Keys = { publicKey: KeyObject, privateKey: KeyObject }

/** A name: common name, organisation, locality; C=VN comes by itself. */
export type Name = { CN: string, O?: string, L?: string }

/** One extension as it will stand in the certificate. */
export type Extension = { id: string, critical?: boolean, value: Asn1 | Buffer }

/** Who signs: the subject of a CA certificate and its key. */
export type Issuer = { name: Name, keys: Keys }

/** A certificate and the key it speaks for. */
export type Issued = Issuer & { certificate: X509Certificate }

/** Everything a certificate is made of; nothing is added by itself. */
export type CertificateOptions = {
  name: Name
  keys: Keys
  /** absent: signs itself */
  issuer?: Issuer
  notBefore: Date
  notAfter: Date
  extensions: Extension[]
  serial?: Buffer
  /** the digest of the signature, to be weak on purpose */
  signature?: { oid: string, digest: string }
}

/** Makes a certificate. Two made from the same options have the same serial. */
export function issueCertificate (options: CertificateOptions): Issued {
  const { name, keys, notBefore, notAfter, extensions } = options
  const issuer = options.issuer ?? { name, keys }
  const algorithm = algorithmOf(issuer.keys, options.signature)
  const tbs = sequence(
    element(CONTEXT_SPECIFIC, 0, true, [integer(Buffer.from([2]))]),
    integer(options.serial ?? serialOf(JSON.stringify([issuer.name, name, notBefore, notAfter]))),
    algorithm.identifier,
    nameOf(issuer.name),
    sequence(time(notBefore), time(notAfter)),
    nameOf(name),
    fromDer(keys.publicKey.export({ type: 'spki', format: 'der' })),
    ...(extensions.length === 0 ? [] : [element(CONTEXT_SPECIFIC, 3, true, [sequence(...extensions.map(extensionOf))])]),
  )
  return { name, keys, certificate: new X509Certificate(signed(tbs, issuer.keys, algorithm)) }
}

/** A new RSA key pair. */
export function rsaKeys (bits: number): Keys {
  return generateKeyPairSync('rsa', { modulusLength: bits })
}

/** A new key pair on a named curve. */
export function ecKeys (curve: string): Keys {
  return generateKeyPairSync('ec', { namedCurve: curve })
}

// RFC 5280, 4.2.1 and 4.2.2: the extensions, critical where the Cipher Committee has them so

export function basicConstraints (isCa: boolean, pathLength?: number): Extension {
  const content = [
    ...(isCa ? [element(UNIVERSAL, Type.BOOLEAN, false, '\xff')] : []),
    ...(pathLength === undefined ? [] : [integer(Buffer.from([pathLength]))]),
  ]
  return { id: OID.basicConstraints, critical: true, value: sequence(...content) }
}

export function keyUsage (...names: (keyof typeof KEY_USAGE)[]): Extension {
  const bits = names.reduce((octet, name) => octet | (0x80 >> KEY_USAGE[name]), 0)
  const unused = 7 - Math.max(...names.map((name) => KEY_USAGE[name]))
  return { id: OID.keyUsage, critical: true, value: element(UNIVERSAL, Type.BITSTRING, false, String.fromCharCode(unused, bits)) }
}

export function extendedKeyUsage (...purposes: string[]): Extension {
  return { id: OID.extKeyUsage, value: sequence(...purposes.map(oid)) }
}

export function subjectKeyIdentifier (keys: Keys): Extension {
  return { id: OID.subjectKeyIdentifier, value: octets(keyIdOf(keys)) }
}

export function authorityKeyIdentifier (keys: Keys): Extension {
  return { id: OID.authorityKeyIdentifier, value: sequence(contextString(0, keyIdOf(keys).toString('latin1'))) }
}

export function certificatePolicies (policy: string, cps: string): Extension {
  const qualifier = sequence(oid(OID.cps), element(UNIVERSAL, Type.IA5STRING, false, cps))
  return { id: OID.certificatePolicies, value: sequence(sequence(oid(policy), sequence(qualifier))) }
}

export function emailName (address: string): Extension {
  return { id: OID.subjectAltName, value: sequence(contextString(1, address)) }
}

export function authorityInfoAccess ({ caIssuers, ocsp }: { caIssuers: string, ocsp: string }): Extension {
  return { id: OID.authorityInfoAccess, value: sequence(sequence(oid(OID.caIssuers), contextString(6, caIssuers)), sequence(oid(OID.ocsp), contextString(6, ocsp))) }
}

/** A place where CRLs are put; only in CRLs of others: `crlIssuer`. `reasons` are bits of ReasonFlags. */
export type PointOptions = { url?: string, reasons?: number[], crlIssuer?: Name }

/** RFC 5280, 4.2.1.13. */
export function distributionPoints (...points: PointOptions[]): Extension {
  return { id: OID.crlDistributionPoints, value: sequence(...points.map(({ url, reasons, crlIssuer }) => sequence(
    ...(url === undefined ? [] : [element(CONTEXT_SPECIFIC, 0, true, [fullName(url)])]),
    ...(reasons === undefined ? [] : [bitString(reasons, CONTEXT_SPECIFIC, 1)]),
    ...(crlIssuer === undefined ? [] : [element(CONTEXT_SPECIFIC, 2, true, [directoryName(crlIssuer)])]),
  ))) }
}

export function crlDistributionPoint (url: string): Extension {
  return distributionPoints({ url })
}

/** PEM with lines of 64 characters. */
export function pem (label: string, der: Buffer): string {
  return `-----BEGIN ${label}-----\n${der.toString('base64').replace(/.{64}(?=.)/g, '$&\n')}\n-----END ${label}-----\n`
}

/** Eight octets, positive, as the Cipher Committee's second generation has. */
function serialOf (seed: string): Buffer {
  const serial = createHash('sha256').update(seed).digest().subarray(0, 8)
  serial[0] = (serial[0]! & 0x3f) | 0x40
  return serial
}
