/** Where a CA tells of revocation: distribution points in certificates and CRLs (RFC 5280, 4.2.1.13 and 5.2.5), and the addresses of OCSP responders. */
import type { X509Certificate } from 'node:crypto'
import { EXTENSION, contentOf } from '../asn1/certificate.ts'
import { DerError, TAG, bitsOf, childrenOf, oidOf, readDer, readElements, type Der } from '../asn1/der.ts'
import { comparableName, readName, type NameParts } from '../asn1/names.ts'

/** A place where a CRL is put: `names` are comparable, `urls` those of them that are http addresses. */
export type DistributionPoint = {
  names?: string[]
  urls: string[]
  /** The reasons its CRLs tell of, as bits; absent: all */
  reasons?: number
  /** Who signs its CRLs, as comparable names, where that is not the CA itself */
  issuers?: string[]
}

/** What a certificate says of where its revocation is told. */
export type RevocationPoints = { crls: DistributionPoint[], deltas: DistributionPoint[], ocsp: string[] }

/** Bits 1 to 8 of ReasonFlags, RFC 5280, 4.2.1.13: every reason there is. Bit 0 is unused. */
export const ALL_REASONS = 0b1_1111_1110

export const FRESHEST_CRL = '2.5.29.46'
const AUTHORITY_INFORMATION = '1.3.6.1.5.5.7.1.1'
const OCSP_ACCESS = '1.3.6.1.5.5.7.48.1'

/** Tags of the GeneralNames that a point may have, RFC 5280, 4.2.1.6. */
const URI = 0x86
const DIRECTORY_NAME = 0xa4

const read = new WeakMap<X509Certificate, RevocationPoints>()

/** Where the certificate's revocation is told. Throws DerError if it says so in a malformed way. */
export function pointsOf (certificate: X509Certificate): RevocationPoints {
  const known = read.get(certificate)
  if (known !== undefined) return known
  const { issuerParts, extensions } = contentOf(certificate)
  const points = {
    crls: distributionPointsOf(extensions.get(EXTENSION.crlDistributionPoints)?.value, issuerParts),
    deltas: distributionPointsOf(extensions.get(FRESHEST_CRL)?.value, issuerParts),
    ocsp: respondersOf(extensions.get(AUTHORITY_INFORMATION)?.value),
  }
  read.set(certificate, points)
  return points
}

/** The points of a crlDistributionPoints or freshestCRL extension. `issuer` is the name that relative names are relative to. */
export function distributionPointsOf (value: Buffer | undefined, issuer: NameParts): DistributionPoint[] {
  if (value === undefined) return []
  return childrenOf(readDer(value, TAG.sequence)).map((point) => {
    const fields = childrenOf(point)
    const [place, reasons, issuers] = [0xa0, 0x81, 0xa2].map((tag) => fields.find((field) => field.tag === tag))
    const crlIssuers = issuers && directoryNamesIn(issuers)
    return {
      ...(place && { names: namesOf(place, crlIssuers?.[0] ?? issuer) }),
      urls: place ? urlsOf(place) : [],
      ...(reasons && { reasons: reasonsOf(reasons) }),
      ...(crlIssuers && { issuers: crlIssuers.map(comparableName) }),
    }
  })
}

/** The names of a DistributionPointName in its explicit tag: full names, or what is to be added to the issuer's. */
export function namesOf (place: Der, issuer: NameParts): string[] {
  const [choice, ...others] = readElements(place.content)
  if (choice === undefined || others.length > 0) throw new DerError('a distribution point has not exactly one name')
  switch (choice.tag) {
    case 0xa0: return readElements(choice.content).map(comparableGeneralName)
    case 0xa1: return [pointName(comparableName([...issuer, partOf(choice)]))]
    default: throw new DerError('a distribution point has a name of no known form')
  }
}

/** A ReasonFlags, implicitly tagged, as bits. */
export function reasonsOf (element: Der): number {
  return [...bitsOf({ ...element, tag: TAG.bitString })].reduce((mask, bit) => mask | (1 << bit), 0) & ALL_REASONS
}

/** A name in the form that the names of a point are compared in. */
export function pointName (comparable: string): string {
  return `name:${comparable}`
}

/** The directory names among GeneralNames. */
export function directoryNamesIn (names: Der): NameParts[] {
  return readElements(names.content).filter(({ tag }) => tag === DIRECTORY_NAME).map(({ content }) => readName(readDer(content, TAG.sequence)))
}

function comparableGeneralName (name: Der): string {
  switch (name.tag) {
    case URI: return `uri:${name.content.toString('latin1')}`
    case DIRECTORY_NAME: return pointName(comparableName(readName(readDer(name.content, TAG.sequence))))
    default: return `other:${name.raw.toString('hex')}`
  }
}

/** The part that a relative name adds: a set, under the tag of nameRelativeToCRLIssuer. */
function partOf (part: Der): string {
  const set = Buffer.concat([Buffer.from([TAG.set]), part.raw.subarray(1)])
  return readName({ tag: TAG.sequence, content: set, raw: set })[0]!
}

function urlsOf (place: Der): string[] {
  return readElements(place.content)
    .flatMap((choice) => choice.tag === 0xa0 ? readElements(choice.content) : [])
    .flatMap(({ tag, content }) => tag === URI ? httpOnly(content) : [])
}

function respondersOf (value: Buffer | undefined): string[] {
  if (value === undefined) return []
  return childrenOf(readDer(value, TAG.sequence)).flatMap((access) => {
    const [method, location] = childrenOf(access)
    return oidOf(method) === OCSP_ACCESS && location?.tag === URI ? httpOnly(location.content) : []
  })
}

function httpOnly (uri: Buffer): string[] {
  const text = uri.toString('latin1')
  return /^https?:\/\//i.test(text) ? [text] : []
}
