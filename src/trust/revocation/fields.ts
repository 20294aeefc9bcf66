/** The fields of a certificate that its revocation is told by, as they stand. */
import type { X509Certificate } from 'node:crypto'
import { readExtensions } from '../asn1/certificate.ts'
import { TAG, childrenOf, expectTag, octetsOf, readDer } from '../asn1/der.ts'
import { readName, type NameParts } from '../asn1/names.ts'

/** `name` is the subject's, DER; `key` the bits of its public key. */
export type CertificateFields = { issuer: NameParts, name: Buffer, key: Buffer, extensions: ReadonlyMap<string, { value: Buffer }> }

const read = new WeakMap<X509Certificate, CertificateFields>()

/** Reads them, once. Throws DerError. */
export function fieldsOf (certificate: X509Certificate): CertificateFields {
  const known = read.get(certificate)
  if (known !== undefined) return known
  const fields = childrenOf(childrenOf(readDer(certificate.raw, TAG.sequence))[0])
  // The version is absent in v1 certificates
  if (fields[0]?.tag === 0xa0) fields.shift()
  const [, , issuer, , subject, publicKey, ...optional] = fields
  const content = {
    issuer: readName(issuer),
    name: expectTag(subject, TAG.sequence).raw,
    key: octetsOf(childrenOf(publicKey)[1]),
    extensions: readExtensions(optional.find(({ tag }) => tag === 0xa3)),
  }
  read.set(certificate, content)
  return content
}
