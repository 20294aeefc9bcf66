/** What certificates, CRLs and OCSP answers for examples and tests are written with: forge writes the DER, node:crypto signs it. */
import { createHash, sign } from 'node:crypto'

import forge from 'node-forge'

import { TAG, childrenOf, expectTag, readDer } from '../src/trust/asn1/der.ts'
import type { Extension, Keys, Name } from './issue.ts'

export const { Class: { UNIVERSAL, CONTEXT_SPECIFIC }, Type } = forge.asn1
export type Asn1 = forge.asn1.Asn1

const OID = {
  country: '2.5.4.6', locality: '2.5.4.7', organisation: '2.5.4.10', commonName: '2.5.4.3',
  sha256WithRsa: '1.2.840.113549.1.1.11', ecdsaWithSha256: '1.2.840.10045.4.3.2', ecdsaWithSha384: '1.2.840.10045.4.3.3',
} as const

/** An algorithm as it is named, and its digest as node:crypto names it. */
export type Algorithm = { identifier: Asn1, digest: string }

export function algorithmOf ({ privateKey }: Keys, signature?: { oid: string, digest: string }): Algorithm {
  if (privateKey.asymmetricKeyType === 'rsa') {
    const { oid: id, digest } = signature ?? { oid: OID.sha256WithRsa, digest: 'sha256' }
    return { identifier: sequence(oid(id), element(UNIVERSAL, Type.NULL, false, '')), digest }
  }
  const large = privateKey.asymmetricKeyDetails?.namedCurve === 'secp384r1'
  const { oid: id, digest } = signature ?? { oid: large ? OID.ecdsaWithSha384 : OID.ecdsaWithSha256, digest: large ? 'sha384' : 'sha256' }
  return { identifier: sequence(oid(id)), digest }
}

/** Signs what certificates and CRLs are: the signed part, the algorithm, the signature. `more` stands behind it. */
export function signed (tbs: Asn1, { privateKey }: Keys, { identifier, digest }: Algorithm, ...more: Asn1[]): Buffer {
  const signature = sign(digest, toDer(tbs), privateKey)
  return toDer(sequence(tbs, identifier, element(UNIVERSAL, Type.BITSTRING, false, `\0${signature.toString('latin1')}`), ...more))
}

export function nameOf ({ CN, O, L }: Name): Asn1 {
  const attribute = (id: string, type: forge.asn1.Type, value: string) =>
    element(UNIVERSAL, Type.SET, true, [sequence(oid(id), element(UNIVERSAL, type, false, forge.util.encodeUtf8(value)))])
  return sequence(
    // RFC 5280, appendix A: the country is a PrintableString; the Cipher Committee writes the rest in UTF8String
    attribute(OID.country, Type.PRINTABLESTRING, 'VN'),
    ...(L === undefined ? [] : [attribute(OID.locality, Type.UTF8, L)]),
    ...(O === undefined ? [] : [attribute(OID.organisation, Type.UTF8, O)]),
    attribute(OID.commonName, Type.UTF8, CN),
  )
}

export function extensionOf ({ id, critical, value }: Extension): Asn1 {
  return sequence(oid(id), ...(critical ? [element(UNIVERSAL, Type.BOOLEAN, false, '\xff')] : []), octets(Buffer.isBuffer(value) ? value : toDer(value)))
}

/** RFC 5280, 4.2.1.2 (1): SHA-1 of the key's bits, without the octet before them that counts unused ones. */
export function keyIdOf ({ publicKey }: Keys): Buffer {
  const [, bits] = childrenOf(readDer(publicKey.export({ type: 'spki', format: 'der' }), TAG.sequence))
  return createHash('sha1').update(expectTag(bits, TAG.bitString).content.subarray(1)).digest()
}

/** RFC 5280, 4.1.2.5: UTCTime until 2049, GeneralizedTime from 2050. */
export function time (date: Date): Asn1 {
  return date.getUTCFullYear() < 2050
    ? element(UNIVERSAL, Type.UTCTIME, false, forge.asn1.dateToUtcTime(date) as string)
    : element(UNIVERSAL, Type.GENERALIZEDTIME, false, forge.asn1.dateToGeneralizedTime(date) as string)
}

export function generalizedTime (date: Date): Asn1 {
  return element(UNIVERSAL, Type.GENERALIZEDTIME, false, forge.asn1.dateToGeneralizedTime(date) as string)
}

export function sequence (...children: Asn1[]): Asn1 {
  return element(UNIVERSAL, Type.SEQUENCE, true, children)
}

export function integer (value: Buffer): Asn1 {
  return element(UNIVERSAL, Type.INTEGER, false, value.toString('latin1'))
}

export function enumerated (value: number): Asn1 {
  return element(UNIVERSAL, Type.ENUMERATED, false, String.fromCharCode(value))
}

export function bitString (bits: readonly number[], kind: forge.asn1.Class, tag: number): Asn1 {
  const flags = bits.reduce((mask, bit) => mask | (0x8000 >> bit), 0)
  const last = Math.max(...bits)
  return element(kind, tag, false, String.fromCharCode(7 - (last & 7), flags >> 8, ...(last > 7 ? [flags & 0xff] : [])))
}

export function fullName (url: string): Asn1 {
  return element(CONTEXT_SPECIFIC, 0, true, [contextString(6, url)])
}

export function directoryName (name: Name): Asn1 {
  return element(CONTEXT_SPECIFIC, 4, true, [nameOf(name)])
}

export function octets (value: Buffer): Asn1 {
  return element(UNIVERSAL, Type.OCTETSTRING, false, value.toString('latin1'))
}

export function contextString (tag: number, value: string): Asn1 {
  return element(CONTEXT_SPECIFIC, tag, false, value)
}

export function oid (id: string): Asn1 {
  return element(UNIVERSAL, Type.OID, false, forge.asn1.oidToDer(id).getBytes())
}

export function toDer (value: Asn1): Buffer {
  return Buffer.from(forge.asn1.toDer(value).getBytes(), 'latin1')
}

export function fromDer (der: Buffer): Asn1 {
  return forge.asn1.fromDer(der.toString('latin1'))
}

/** An element with its content, or with its children. */
export function element (kind: forge.asn1.Class, tag: number, constructed: boolean, value: string | Asn1[]): Asn1 {
  return forge.asn1.create(kind, tag, constructed, value)
}
