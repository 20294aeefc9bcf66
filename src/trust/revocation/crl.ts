/**
 * Certificate revocation lists (RFC 5280, 5), read strictly and in one pass: a list may have 100,000 entries, so an entry costs a key in a map,
 * and its date and reason are read when somebody asks for them.
 */
import { createHash } from 'node:crypto'
import { EXTENSION, readExtensions } from '../asn1/certificate.ts'
import { DerError, TAG, booleanOf, childrenOf, expectTag, integerOf, octetsOf, readDer, timeOf, type Der } from '../asn1/der.ts'
import { comparableName, readName, type NameParts } from '../asn1/names.ts'
import { signedWith, type SignedWith } from '../algorithms.ts'
import { readEntries, type Revoked } from './crl-entries.ts'
import { FRESHEST_CRL, distributionPointsOf, namesOf, reasonsOf, type DistributionPoint } from './points.ts'

/** What of a CA's certificates a CRL speaks for (issuingDistributionPoint, RFC 5280, 5.2.5). */
export type CrlScope = {
  /** The names of its distribution point, comparable */
  names?: string[]
  only?: 'users' | 'authorities' | 'attributes'
  /** The reasons it tells of, as bits; absent: all */
  reasons?: number
  /** Whether it lists certificates of other issuers */
  indirect: boolean
  /** The extension itself: a delta is of the same scope exactly if this is equal */
  octets: Buffer
}

/** A CRL as it came, and what it says. Nothing of it is proved before its signature is. */
export type Crl = {
  bytes: Buffer
  /** SHA-256 of the DER, lower-case hex: the name by which evidence is kept */
  sha256: string
  /** Comparable, as `contentOf(certificate).subject` */
  issuer: string
  issuerKeyId?: string
  thisUpdate: Date
  nextUpdate?: Date
  number?: bigint
  /** Set for a delta: the number of the complete CRL that it adds to, or any later one */
  baseNumber?: bigint
  scope?: CrlScope
  /** Where its deltas are */
  deltas: DistributionPoint[]
  /** Certificates that expired since then are still listed; without it a CA may drop them (X.509, 9.5.2.9) */
  expiredSince?: Date
  /** How many entries it has */
  size: number
  /** Critical extensions, of the list or of an entry, that are not understood: RFC 5280, 5.2, forbids to use it then */
  unknown: string[]
  signed: { octets: Buffer, with: SignedWith | { oid: string }, value: Buffer }
  /** The entry of this serial number (hex, as `contentOf(certificate).serial`) of this issuer (comparable), if the list has one */
  find (serial: string, certificateIssuer: string): Revoked | undefined
}

const CRL_EXTENSION = {
  number: '2.5.29.20',
  deltaIndicator: '2.5.29.27',
  issuingDistributionPoint: '2.5.29.28',
  freshest: FRESHEST_CRL,
  authorityKeyIdentifier: EXTENSION.authorityKeyIdentifier,
  expiredCertificates: '2.5.29.60',
} as const

const UNDERSTOOD = new Set<string>(Object.values(CRL_EXTENSION))

const PEM_CRL = /-----BEGIN X509 CRL-----([A-Za-z0-9+/=\s]+)-----END X509 CRL-----/g

/** The CRLs of a file, which may hold several as PEM, each as it is read; anything else as it is. */
export function crlsIn (file: Buffer): Buffer[] {
  const blocks = file[0] === TAG.sequence ? [] : file.toString('latin1').match(PEM_CRL) ?? []
  return blocks.length > 1 ? blocks.map((block) => Buffer.from(block, 'latin1')) : [file]
}

/** Whose CRL it is, by its own word, and what would prove that. Cheap however many entries it has: they are not looked at. Throws DerError. */
export function readCrlFrame (bytes: Uint8Array): Pick<Crl, 'bytes' | 'issuer' | 'signed'> & { fields: Fields } {
  const der = derOf(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))
  const [list, algorithm, signature, ...more] = childrenOf(readDer(der, TAG.sequence))
  if (list === undefined || more.length > 0) throw new DerError('a CRL has three parts')
  const fields = fieldsOf(list)
  if (!fields.algorithm.raw.equals(expectTag(algorithm, TAG.sequence).raw)) throw new DerError('a CRL names two algorithms')
  return { bytes: der, issuer: comparableName(fields.issuer), signed: { octets: list.raw, with: signedWith(algorithm), value: octetsOf(signature) }, fields }
}

/** Reads a CRL, v1 or v2, from DER or PEM. Throws DerError for anything that is not exactly one. */
export function readCrl (bytes: Uint8Array): Crl {
  const { bytes: der, issuer, signed, fields } = readCrlFrame(bytes)
  const extensions = readExtensions(fields.extensions)
  const value = (id: string) => extensions.get(id)?.value
  const scope = scopeOf(value(CRL_EXTENSION.issuingDistributionPoint), fields.issuer)
  const entries = readEntries(fields.revoked, issuer, scope?.indirect ?? false)
  const [number, base, authority, expired] = [CRL_EXTENSION.number, CRL_EXTENSION.deltaIndicator, CRL_EXTENSION.authorityKeyIdentifier, CRL_EXTENSION.expiredCertificates].map(value)
  const issuerKeyId = authority && childrenOf(readDer(authority, TAG.sequence)).find(({ tag }) => tag === 0x80)
  return {
    bytes: der,
    sha256: createHash('sha256').update(der).digest('hex'),
    issuer,
    ...(issuerKeyId && { issuerKeyId: issuerKeyId.content.toString('hex') }),
    thisUpdate: fields.thisUpdate,
    ...(fields.nextUpdate && { nextUpdate: fields.nextUpdate }),
    ...(number && { number: integerOf(readDer(number, TAG.integer)) }),
    ...(base && { baseNumber: integerOf(readDer(base, TAG.integer)) }),
    ...(scope && { scope }),
    deltas: distributionPointsOf(value(CRL_EXTENSION.freshest), fields.issuer),
    ...(expired && { expiredSince: timeOf(readDer(expired, TAG.generalizedTime)) }),
    size: entries.size,
    unknown: [...[...extensions].filter(([id, { critical }]) => critical && !UNDERSTOOD.has(id)).map(([id]) => id), ...entries.unknown],
    signed,
    find: entries.find,
  }
}

type Fields = { algorithm: Der, issuer: NameParts, thisUpdate: Date, nextUpdate?: Date, revoked?: Der, extensions?: Der }

/** RFC 5280, 5.1.2. The entries stay unread. */
function fieldsOf (list: Der): Fields {
  const fields = childrenOf(list)
  const version = fields[0]?.tag === TAG.integer ? integerOf(fields.shift()) : 0n
  if (version > 1n) throw new DerError(`a CRL of version ${version + 1n}`)
  const [algorithm, issuer, thisUpdate, ...optional] = fields
  const nextUpdate = optional[0]?.tag === TAG.utcTime || optional[0]?.tag === TAG.generalizedTime ? optional.shift() : undefined
  const revoked = optional[0]?.tag === TAG.sequence ? optional.shift() : undefined
  const extensions = optional[0]?.tag === 0xa0 ? optional.shift() : undefined
  if (optional.length > 0 || (extensions && version === 0n)) throw new DerError('a CRL has a field that its version does not know')
  return {
    algorithm: expectTag(algorithm, TAG.sequence),
    issuer: readName(issuer),
    thisUpdate: timeOf(thisUpdate),
    ...(nextUpdate && { nextUpdate: timeOf(nextUpdate) }),
    ...(revoked && { revoked }),
    ...(extensions && { extensions }),
  }
}

function scopeOf (value: Buffer | undefined, issuer: NameParts): CrlScope | undefined {
  if (value === undefined) return undefined
  const fields = new Map(childrenOf(readDer(value, TAG.sequence)).map((field) => [field.tag, field]))
  const flag = (tag: number) => {
    const field = fields.get(tag)
    return field !== undefined && booleanOf({ ...field, tag: TAG.boolean })
  }
  const place = fields.get(0xa0)
  const reasons = fields.get(0x83)
  const kinds = ([[0x81, 'users'], [0x82, 'authorities'], [0x85, 'attributes']] as const).filter(([tag]) => flag(tag))
  if (kinds.length > 1) throw new DerError('a CRL is limited to certificates of two kinds')
  return {
    ...(place && { names: namesOf(place, issuer) }),
    ...(kinds[0] && { only: kinds[0][1] }),
    ...(reasons && { reasons: reasonsOf(reasons) }),
    indirect: flag(0x84),
    octets: value,
  }
}

function derOf (bytes: Buffer): Buffer {
  if (bytes[0] === TAG.sequence) return bytes
  const [only, ...others] = bytes.toString('latin1').matchAll(PEM_CRL)
  const base64 = only?.[1]
  if (base64 === undefined || others.length > 0) throw new DerError('neither DER nor PEM of a CRL')
  return Buffer.from(base64, 'base64')
}
