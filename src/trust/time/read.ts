/**
 * What a time-stamping authority answers, read (RFC 3161, 2.4.2; RFC 5652, 5): nothing in it is believed here.
 * CMS may come in BER; the octets that are digested or signed are DER by their standards and stay as they came, octet by octet.
 */
import { X509Certificate } from 'node:crypto'

import { digestNameOf } from '../algorithms.ts'
import { contentOf } from '../asn1/certificate.ts'
import { derFromBer } from '../asn1/ber.ts'
import { DerError, TAG, bitsOf, booleanOf, childrenOf, expectTag, oidOf, readDer, readElements, smallIntegerOf, type Der } from '../asn1/der.ts'

/** What the authority says of a hash (TSTInfo). `digest` is the hash' name in node:crypto, or its OID when it is none that we know. */
export type TimeStampInfo = {
  policy: string
  digest: string
  hashed: Buffer
  serial: string
  genTime: Date
  /** How far the true time may be from genTime, in milliseconds; absent when the authority does not say */
  accuracyMs?: number
  /** The octets of the INTEGER, hex */
  nonce?: string
  hasCriticalExtension: boolean
}

/** One signature of a CMS message. `signedAttributes` is what was signed: the attributes as a SET OF, in the octets that came. */
export type CmsSigner = {
  identifier: Der
  digestAlgorithm: Der
  signedAttributes: Buffer | undefined
  attributes: { type: string, values: Der[] }[]
  signatureAlgorithm: Der
  signature: Buffer
}

/** A time-stamp token as it came, taken apart. `info` is absent when what is signed is no time-stamp. */
export type Token = {
  bytes: Buffer
  contentType: string
  content: Buffer
  info?: TimeStampInfo
  signers: CmsSigner[]
  certificates: X509Certificate[]
}

/** An answer to a request: PKIStatus, what is said about it, and the token if there is one. */
export type TimeStampAnswer = { status: number, said: string, token?: Buffer }

const ID_SIGNED_DATA = '1.2.840.113549.1.7.2'
export const ID_TST_INFO = '1.2.840.113549.1.9.16.1.4'

/** A token with its chain has about 6 KB. */
export const MOST_BYTES = 256 * 1024
/** A TSA's own certificate and the CAs above it; more would only make work. */
const MOST_CERTIFICATES = 16
/** Room for a sentence of the TSA's, or of whoever answers in its place. */
const LONGEST_SAYING = 300
/** RFC 3161, 2.4.2: PKIFailureInfo */
const FAILURES: Readonly<Record<number, string>> = {
  0: 'badAlg', 2: 'badRequest', 5: 'badDataFormat', 14: 'timeNotAvailable', 15: 'unacceptedPolicy', 16: 'unacceptedExtension', 17: 'addInfoNotAvailable', 25: 'systemFailure',
}

/** Reads a TimeStampResp. Throws DerError when it is none. */
export function readAnswer (bytes: Buffer): TimeStampAnswer {
  const [status, token] = childrenOf(readDer(derFromBer(bytes), TAG.sequence))
  const [code, ...details] = childrenOf(status)
  const texts = details.find(({ tag }) => tag === TAG.sequence)
  const failure = details.find(({ tag }) => tag === TAG.bitString)
  const said = [
    ...texts ? childrenOf(texts).map((text) => expectTag(text, TAG.utf8String).content.toString('utf8')) : [],
    ...failure ? [...bitsOf(failure)].map((bit) => FAILURES[bit] ?? `failure ${bit}`) : [],
  ]
  return { status: smallIntegerOf(code), said: said.join('; ').slice(0, LONGEST_SAYING), ...(token && { token: token.raw }) }
}

/** Reads a time-stamp token: a ContentInfo with SignedData in it. Throws DerError when it is none. */
export function readToken (bytes: Uint8Array): Token {
  if (bytes.length > MOST_BYTES) throw new DerError(`larger than ${MOST_BYTES} bytes`)
  const came = Buffer.from(bytes)
  const [contentType, wrapped] = childrenOf(readDer(derFromBer(came), TAG.sequence))
  if (oidOf(contentType) !== ID_SIGNED_DATA) throw new DerError('not a signed CMS message')
  const [, , encapsulated, ...rest] = childrenOf(readDer(expectTag(wrapped, 0xa0).content, TAG.sequence))
  const signers = childrenOf(rest.pop(), TAG.set)
  const certificates = rest.find(({ tag }) => tag === 0xa0)
  const [type, explicit] = childrenOf(encapsulated)
  const content = readDer(expectTag(explicit, 0xa0).content, TAG.octetString).content
  const isTimeStamp = oidOf(type) === ID_TST_INFO
  return {
    bytes: came,
    contentType: oidOf(type),
    content,
    ...(isTimeStamp && { info: readInfo(content) }),
    signers: signers.map(readSigner),
    certificates: certificates ? readCertificates(certificates) : [],
  }
}

/** What stands in the signing-certificate attribute for the first certificate, the signer's own: the digest' name and the hash. */
export function readSigningCertificate (value: Der | undefined, isSecondVersion: boolean): { digest: string, hash: Buffer } {
  const [certificates] = childrenOf(value)
  const [first] = childrenOf(certificates)
  const parts = childrenOf(first)
  // RFC 5035, 4: without an algorithm the second version means SHA-256, and the first knows SHA-1 only
  const algorithm = isSecondVersion && parts[0]?.tag === TAG.sequence ? parts.shift() : undefined
  const digest = algorithm ? digestNameOf(algorithm) : isSecondVersion ? 'sha256' : 'sha1'
  return { digest, hash: expectTag(parts[0], TAG.octetString).content }
}

function readInfo (content: Buffer): TimeStampInfo {
  const [version, policy, imprint, serial, genTime, ...optional] = childrenOf(readDer(content, TAG.sequence))
  if (smallIntegerOf(version) !== 1) throw new DerError('a time-stamp of another version')
  const [algorithm, hashed] = childrenOf(imprint)
  const accuracy = optional.find(({ tag }) => tag === TAG.sequence)
  const nonce = optional.find(({ tag }) => tag === TAG.integer)
  const extensions = optional.find(({ tag }) => tag === 0xa1)
  return {
    policy: oidOf(policy),
    digest: digestNameOf(algorithm),
    hashed: expectTag(hashed, TAG.octetString).content,
    serial: expectTag(serial, TAG.integer).content.toString('hex'),
    genTime: readTime(expectTag(genTime, TAG.generalizedTime).content.toString('latin1')),
    ...(accuracy && { accuracyMs: readAccuracy(accuracy) }),
    ...(nonce && { nonce: nonce.content.toString('hex') }),
    hasCriticalExtension: extensions !== undefined && readElements(extensions.content).some(isCritical),
  }
}

function isCritical (extension: Der): boolean {
  const [, critical, value] = childrenOf(extension)
  return value !== undefined && booleanOf(critical)
}

/** RFC 3161, 2.4.2: UTC always, to the second or finer; what is finer than a millisecond is cut off. */
function readTime (text: string): Date {
  const [, whole, fraction = ''] = /^(\d{14})(?:\.(\d+))?Z$/.exec(text) ?? []
  const iso = whole?.replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/, `$1-$2-$3T$4:$5:$6.${fraction.slice(0, 3).padEnd(3, '0')}Z`) ?? ''
  const time = new Date(iso)
  // A thirtieth of February would become the second of March
  if (Number.isNaN(time.getTime()) || time.toISOString() !== iso) throw new DerError('genTime is no time')
  return time
}

function readAccuracy (accuracy: Der): number {
  const unit: Readonly<Record<number, number>> = { [TAG.integer]: 1000, 0x80: 1, 0x81: 0.001 }
  return childrenOf(accuracy).reduce((sum, part) => sum + smallIntegerOf({ ...part, tag: TAG.integer }) * (unit[part.tag] ?? 0), 0)
}

function readSigner (signer: Der): CmsSigner {
  const [, identifier, digestAlgorithm, ...rest] = childrenOf(signer)
  const attributes = rest[0]?.tag === 0xa0 ? rest.shift() : undefined
  const [signatureAlgorithm, signature] = rest
  if (!identifier || !digestAlgorithm || !signatureAlgorithm) throw new DerError('a signature lacks its parts')
  return {
    identifier,
    digestAlgorithm,
    // RFC 5652, 5.4: signed as a SET OF, though it travels with an implicit tag
    signedAttributes: attributes && Buffer.concat([Buffer.of(TAG.set), attributes.raw.subarray(1)]),
    attributes: attributes ? readElements(attributes.content).map(readAttribute) : [],
    signatureAlgorithm,
    signature: expectTag(signature, TAG.octetString).content,
  }
}

function readAttribute (attribute: Der): { type: string, values: Der[] } {
  const [type, values] = childrenOf(attribute)
  return { type: oidOf(type), values: childrenOf(values, TAG.set) }
}

/** Certificates only help to find the signer's: one that cannot be read is as good as absent. */
function readCertificates (set: Der): X509Certificate[] {
  const elements = readElements(set.content)
  if (elements.length > MOST_CERTIFICATES) throw new DerError(`more than ${MOST_CERTIFICATES} certificates`)
  return elements.flatMap(({ tag, raw }) => {
    if (tag !== TAG.sequence) return []
    try {
      const certificate = new X509Certificate(raw)
      contentOf(certificate)
      return [certificate]
    } catch {
      return []
    }
  })
}
