/**
 * Makes certificates and CRLs for examples and tests, well-formed or wrong on purpose.
 * forge writes the DER, node:crypto signs it: so keys may be RSA or EC, and every field can be set.
 */
import { X509Certificate, createHash, generateKeyPairSync, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'

import forge from 'node-forge'

import { TAG, childrenOf, expectTag, readDer } from '../src/trust/asn1/der.ts'

const { asn1 } = forge
const { Class: { UNIVERSAL, CONTEXT_SPECIFIC }, Type } = asn1
type Asn1 = forge.asn1.Asn1

/** Object identifiers that the example PKI uses. 2.999 is the arc for examples: the mark by which the gateway knows them. */
export const OID = {
  country: '2.5.4.6', locality: '2.5.4.7', organisation: '2.5.4.10', commonName: '2.5.4.3',
  sha256WithRsa: '1.2.840.113549.1.1.11', ecdsaWithSha256: '1.2.840.10045.4.3.2', ecdsaWithSha384: '1.2.840.10045.4.3.3',
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
    asn1.create(CONTEXT_SPECIFIC, 0, true, [integer(Buffer.from([2]))]),
    integer(options.serial ?? serialOf(JSON.stringify([issuer.name, name, notBefore, notAfter]))),
    algorithm.identifier,
    nameOf(issuer.name),
    sequence(time(notBefore), time(notAfter)),
    nameOf(name),
    fromDer(keys.publicKey.export({ type: 'spki', format: 'der' })),
    ...(extensions.length === 0 ? [] : [asn1.create(CONTEXT_SPECIFIC, 3, true, [sequence(...extensions.map(extensionOf))])]),
  )
  return { name, keys, certificate: new X509Certificate(signed(tbs, issuer.keys, algorithm)) }
}

/** One entry of a CRL. `reason` is the number of a CRLReason, keyCompromise by default; `null` leaves it out. */
export type CrlEntry = { serial: Buffer, at?: Date, reason?: number | null, extensions?: Extension[] }

/** Everything a CRL is made of. `serials` are revoked since `thisUpdate`, for keyCompromise; `extensions` stand beside the key identifier and the number, or replace them. */
export type CrlOptions = {
  issuer: Issuer
  thisUpdate: Date
  nextUpdate?: Date
  serials?: Buffer[]
  entries?: CrlEntry[]
  number?: number
  extensions?: Extension[]
  signature?: { oid: string, digest: string }
}

/** Makes a CRL (v2), DER. */
export function issueCrl ({ issuer, thisUpdate, nextUpdate, serials = [], entries = [], number = 1, extensions: more = [], signature }: CrlOptions): Buffer {
  const algorithm = algorithmOf(issuer.keys, signature)
  const revoked = [...serials.map((serial): CrlEntry => ({ serial })), ...entries].map(({ serial, at = thisUpdate, reason = 1, extensions = [] }) => {
    const all = [...(reason === null ? [] : [{ id: OID.crlReason, value: enumerated(reason) }]), ...extensions]
    return sequence(integer(serial), time(at), ...(all.length === 0 ? [] : [sequence(...all.map(extensionOf))]))
  })
  const own: Extension[] = [authorityKeyIdentifier(issuer.keys), { id: OID.crlNumber, value: integer(Buffer.from([number])) }]
  const extensions = [...own.filter(({ id }) => !more.some((extension) => extension.id === id)), ...more]
  return signed(sequence(
    integer(Buffer.from([1])),
    algorithm.identifier,
    nameOf(issuer.name),
    time(thisUpdate),
    ...(nextUpdate === undefined ? [] : [time(nextUpdate)]),
    ...(revoked.length === 0 ? [] : [sequence(...revoked)]),
    asn1.create(CONTEXT_SPECIFIC, 0, true, [sequence(...extensions.map(extensionOf))]),
  ), issuer.keys, algorithm)
}

/** A place where CRLs are put; only in CRLs of others: `crlIssuer`. `reasons` are bits of ReasonFlags. */
export type PointOptions = { url?: string, reasons?: number[], crlIssuer?: Name }

/** RFC 5280, 4.2.1.13. */
export function distributionPoints (...points: PointOptions[]): Extension {
  return { id: OID.crlDistributionPoints, value: sequence(...points.map(({ url, reasons, crlIssuer }) => sequence(
    ...(url === undefined ? [] : [asn1.create(CONTEXT_SPECIFIC, 0, true, [fullName(url)])]),
    ...(reasons === undefined ? [] : [bitString(reasons, CONTEXT_SPECIFIC, 1)]),
    ...(crlIssuer === undefined ? [] : [asn1.create(CONTEXT_SPECIFIC, 2, true, [directoryName(crlIssuer)])]),
  ))) }
}

/** RFC 5280, 5.2.5. */
export function issuingDistributionPoint ({ url, only, reasons, indirect = false }: { url?: string, only?: 'users' | 'authorities' | 'attributes', reasons?: number[], indirect?: boolean }): Extension {
  const flag = (tag: number) => asn1.create(CONTEXT_SPECIFIC, tag, false, '\xff')
  return { id: OID.issuingDistributionPoint, critical: true, value: sequence(
    ...(url === undefined ? [] : [asn1.create(CONTEXT_SPECIFIC, 0, true, [fullName(url)])]),
    ...(only === 'users' ? [flag(1)] : only === 'authorities' ? [flag(2)] : []),
    ...(reasons === undefined ? [] : [bitString(reasons, CONTEXT_SPECIFIC, 3)]),
    ...(indirect ? [flag(4)] : []),
    ...(only === 'attributes' ? [flag(5)] : []),
  ) }
}

/** RFC 5280, 5.2.4: makes a CRL a delta on the CRL of this number. */
export function deltaIndicator (base: number): Extension {
  return { id: OID.deltaIndicator, critical: true, value: integer(Buffer.from([base])) }
}

/** RFC 5280, 5.3.2. */
export function invalidityDate (date: Date): Extension {
  return { id: OID.invalidityDate, value: asn1.create(UNIVERSAL, Type.GENERALIZEDTIME, false, asn1.dateToGeneralizedTime(date) as string) }
}

/** X.509, 9.5.2.9: certificates that expired since then are still listed. */
export function expiredCertificatesSince (date: Date): Extension {
  return { id: OID.expiredCertificates, value: asn1.create(UNIVERSAL, Type.GENERALIZEDTIME, false, asn1.dateToGeneralizedTime(date) as string) }
}

/** RFC 5280, 5.3.3: whose certificate this entry of an indirect CRL and those after it speak of. */
export function certificateIssuer (name: Name): Extension {
  return { id: OID.certificateIssuer, critical: true, value: sequence(directoryName(name)) }
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
    ...(isCa ? [asn1.create(UNIVERSAL, Type.BOOLEAN, false, '\xff')] : []),
    ...(pathLength === undefined ? [] : [integer(Buffer.from([pathLength]))]),
  ]
  return { id: OID.basicConstraints, critical: true, value: sequence(...content) }
}

export function keyUsage (...names: (keyof typeof KEY_USAGE)[]): Extension {
  const bits = names.reduce((octet, name) => octet | (0x80 >> KEY_USAGE[name]), 0)
  const unused = 7 - Math.max(...names.map((name) => KEY_USAGE[name]))
  return { id: OID.keyUsage, critical: true, value: asn1.create(UNIVERSAL, Type.BITSTRING, false, String.fromCharCode(unused, bits)) }
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
  const qualifier = sequence(oid(OID.cps), asn1.create(UNIVERSAL, Type.IA5STRING, false, cps))
  return { id: OID.certificatePolicies, value: sequence(sequence(oid(policy), sequence(qualifier))) }
}

export function emailName (address: string): Extension {
  return { id: OID.subjectAltName, value: sequence(contextString(1, address)) }
}

export function authorityInfoAccess ({ caIssuers, ocsp }: { caIssuers: string, ocsp: string }): Extension {
  return { id: OID.authorityInfoAccess, value: sequence(sequence(oid(OID.caIssuers), contextString(6, caIssuers)), sequence(oid(OID.ocsp), contextString(6, ocsp))) }
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

type Algorithm = { identifier: Asn1, digest: string }

function algorithmOf ({ privateKey }: Keys, signature?: { oid: string, digest: string }): Algorithm {
  if (privateKey.asymmetricKeyType === 'rsa') {
    const { oid: id, digest } = signature ?? { oid: OID.sha256WithRsa, digest: 'sha256' }
    return { identifier: sequence(oid(id), asn1.create(UNIVERSAL, Type.NULL, false, '')), digest }
  }
  const large = privateKey.asymmetricKeyDetails?.namedCurve === 'secp384r1'
  const { oid: id, digest } = signature ?? { oid: large ? OID.ecdsaWithSha384 : OID.ecdsaWithSha256, digest: large ? 'sha384' : 'sha256' }
  return { identifier: sequence(oid(id)), digest }
}

function signed (tbs: Asn1, { privateKey }: Keys, { identifier, digest }: Algorithm): Buffer {
  const signature = sign(digest, toDer(tbs), privateKey)
  return toDer(sequence(tbs, identifier, asn1.create(UNIVERSAL, Type.BITSTRING, false, `\0${signature.toString('latin1')}`)))
}

function nameOf ({ CN, O, L }: Name): Asn1 {
  const attribute = (id: string, type: forge.asn1.Type, value: string) =>
    asn1.create(UNIVERSAL, Type.SET, true, [sequence(oid(id), asn1.create(UNIVERSAL, type, false, forge.util.encodeUtf8(value)))])
  return sequence(
    // RFC 5280, appendix A: the country is a PrintableString; the Cipher Committee writes the rest in UTF8String
    attribute(OID.country, Type.PRINTABLESTRING, 'VN'),
    ...(L === undefined ? [] : [attribute(OID.locality, Type.UTF8, L)]),
    ...(O === undefined ? [] : [attribute(OID.organisation, Type.UTF8, O)]),
    attribute(OID.commonName, Type.UTF8, CN),
  )
}

function extensionOf ({ id, critical, value }: Extension): Asn1 {
  return sequence(oid(id), ...(critical ? [asn1.create(UNIVERSAL, Type.BOOLEAN, false, '\xff')] : []), octets(Buffer.isBuffer(value) ? value : toDer(value)))
}

/** RFC 5280, 4.2.1.2 (1): SHA-1 of the key's bits, without the octet before them that counts unused ones. */
function keyIdOf ({ publicKey }: Keys): Buffer {
  const [, bits] = childrenOf(readDer(publicKey.export({ type: 'spki', format: 'der' }), TAG.sequence))
  return createHash('sha1').update(expectTag(bits, TAG.bitString).content.subarray(1)).digest()
}

/** RFC 5280, 4.1.2.5: UTCTime until 2049, GeneralizedTime from 2050. */
function time (date: Date): Asn1 {
  return date.getUTCFullYear() < 2050
    ? asn1.create(UNIVERSAL, Type.UTCTIME, false, asn1.dateToUtcTime(date) as string)
    : asn1.create(UNIVERSAL, Type.GENERALIZEDTIME, false, asn1.dateToGeneralizedTime(date) as string)
}

function sequence (...children: Asn1[]): Asn1 {
  return asn1.create(UNIVERSAL, Type.SEQUENCE, true, children)
}

function integer (value: Buffer): Asn1 {
  return asn1.create(UNIVERSAL, Type.INTEGER, false, value.toString('latin1'))
}

function enumerated (value: number): Asn1 {
  return asn1.create(UNIVERSAL, Type.ENUMERATED, false, String.fromCharCode(value))
}

function bitString (bits: readonly number[], kind: forge.asn1.Class, tag: number): Asn1 {
  const flags = bits.reduce((mask, bit) => mask | (0x8000 >> bit), 0)
  const last = Math.max(...bits)
  return asn1.create(kind, tag, false, String.fromCharCode(7 - (last & 7), flags >> 8, ...(last > 7 ? [flags & 0xff] : [])))
}

function fullName (url: string): Asn1 {
  return asn1.create(CONTEXT_SPECIFIC, 0, true, [contextString(6, url)])
}

function directoryName (name: Name): Asn1 {
  return asn1.create(CONTEXT_SPECIFIC, 4, true, [nameOf(name)])
}

function octets (value: Buffer): Asn1 {
  return asn1.create(UNIVERSAL, Type.OCTETSTRING, false, value.toString('latin1'))
}

function contextString (tag: number, value: string): Asn1 {
  return asn1.create(CONTEXT_SPECIFIC, tag, false, value)
}

function oid (id: string): Asn1 {
  return asn1.create(UNIVERSAL, Type.OID, false, asn1.oidToDer(id).getBytes())
}

function toDer (value: Asn1): Buffer {
  return Buffer.from(asn1.toDer(value).getBytes(), 'latin1')
}

function fromDer (der: Buffer): Asn1 {
  return asn1.fromDer(der.toString('latin1'))
}
