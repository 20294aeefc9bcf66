/**
 * What a time-stamping authority answers, read (RFC 3161, 2.4.2): nothing in it is believed here.
 */
import { digestNameOf } from '../algorithms.ts'
import { derFromBer } from '../asn1/ber.ts'
import { DerError, TAG, bitsOf, booleanOf, childrenOf, expectTag, oidOf, readDer, readElements, smallIntegerOf, type Der } from '../asn1/der.ts'
import { readSignedData, type SignedData } from '../cms/read.ts'

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

/** A time-stamp token as it came, taken apart. `info` is absent when what is signed is no time-stamp. */
export type Token = SignedData & { content: Buffer, info?: TimeStampInfo }

/** An answer to a request: PKIStatus, what is said about it, and the token if there is one. */
export type TimeStampAnswer = { status: number, said: string, token?: Buffer }

export const ID_TST_INFO = '1.2.840.113549.1.9.16.1.4'

/** A token with its chain has about 6 KB. */
export const MOST_BYTES = 256 * 1024
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
  const signed = readSignedData(bytes)
  const { contentType, content } = signed
  if (content === undefined) throw new DerError('a time-stamp without what it says')
  return { ...signed, content, ...(contentType === ID_TST_INFO && { info: readInfo(content) }) }
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
