/** Time-stamp tokens written octet by octet and signed by node:crypto: for what no real authority would write. */
import { createHash, sign } from 'node:crypto'
import forge from 'node-forge'
import type { Issued } from '../../../certs-example/issue.ts'
import { TAG, childrenOf, readDer } from '../../../src/trust/asn1/der.ts'

/** The hash that a written token is for, and its time, unless the test says otherwise. */
export const HASH = createHash('sha256').update('a packet').digest()
const GEN_TIME = '20260601000000Z'

const SHA256 = '2.16.840.1.101.3.4.2.1'

/** What is different in a token. Octets replace a part as a whole; null leaves it out. */
export type TokenChange = {
  status?: number
  contentType?: string
  genTime?: string
  hash?: Buffer
  imprintDigest?: string
  infoVersion?: number
  extension?: 'critical' | 'harmless'
  attributes?: (own: Record<'contentType' | 'messageDigest' | 'signingCertificate', Buffer>) => Buffer[] | null
  digest?: string
  signatureAlgorithm?: Buffer
  signature?: (own: Buffer) => Buffer
  signers?: number
  certificates?: Buffer[]
  byKeyId?: Buffer
  /** Digest algorithm (OID) of the content and its attributes */
  digestAlgorithm?: string
}

/** A token of this authority, whose key is on P-256. */
export function writeToken (tsa: Issued, change: TokenChange = {}): Buffer {
  const info = sequence(
    integer(change.infoVersion ?? 1), oid('1.2.3.4.1'), sequence(sequence(oid(change.imprintDigest ?? SHA256)), octets(change.hash ?? HASH)), integer(7),
    der(TAG.generalizedTime, Buffer.from(change.genTime ?? GEN_TIME)),
    ...change.extension ? [der(0xa1, sequence(oid('1.2.3.4'), ...change.extension === 'critical' ? [der(TAG.boolean, Buffer.of(0xff))] : [], octets(Buffer.of(5, 0))))] : [],
  )
  const own = {
    contentType: attribute('1.2.840.113549.1.9.3', oid(change.contentType ?? '1.2.840.113549.1.9.16.1.4')),
    messageDigest: attribute('1.2.840.113549.1.9.4', octets(createHash('sha256').update(info).digest())),
    signingCertificate: attribute('1.2.840.113549.1.9.16.2.47', sequence(sequence(sequence(octets(createHash('sha256').update(tsa.certificate.raw).digest()))))),
  }
  const attributes = change.attributes ? change.attributes(own) : Object.values(own)
  const signed = attributes ? der(TAG.set, ...attributes) : info
  const value = sign('sha256', signed, tsa.keys.privateKey)
  const [serial, , issuer] = childrenOf(childrenOf(readDer(tsa.certificate.raw, TAG.sequence))[0]).filter(({ tag }) => tag !== 0xa0)
  const signer = sequence(
    integer(1), change.byKeyId ? der(0x80, change.byKeyId) : sequence(issuer!.raw, serial!.raw), sequence(oid(change.digestAlgorithm ?? SHA256)),
    ...attributes ? [der(0xa0, ...attributes)] : [],
    change.signatureAlgorithm ?? sequence(oid('1.2.840.10045.4.3.2')), octets(change.signature ? change.signature(value) : value),
  )
  return sequence(oid('1.2.840.113549.1.7.2'), der(0xa0, sequence(
    integer(3), der(TAG.set, sequence(oid(SHA256))),
    sequence(oid(change.contentType ?? '1.2.840.113549.1.9.16.1.4'), der(0xa0, octets(info))),
    der(0xa0, ...change.certificates ?? [tsa.certificate.raw]),
    der(TAG.set, ...Array.from({ length: change.signers ?? 1 }, () => signer)),
  )))
}

/** An answer with this status, which says this, and with this token. */
export function writeAnswer (status: number, token?: Buffer, said?: string, failure?: number): Buffer {
  return sequence(sequence(
    integer(status),
    ...said === undefined ? [] : [sequence(der(TAG.utf8String, Buffer.from(said)))],
    ...failure === undefined ? [] : [der(TAG.bitString, bits(failure))],
  ), ...token ? [token] : [])
}

/** One attribute with these values. */
export function attribute (type: string, ...values: Buffer[]): Buffer {
  return sequence(oid(type), der(TAG.set, ...values))
}

/** One DER element. */
export function der (tag: number, ...contents: Buffer[]): Buffer {
  const content = Buffer.concat(contents)
  if (content.length < 0x80) return Buffer.concat([Buffer.of(tag, content.length), content])
  const length = Buffer.from(content.length.toString(16).padStart(4, '0').replace(/^00/, ''), 'hex')
  return Buffer.concat([Buffer.of(tag, 0x80 | length.length), length, content])
}

export function sequence (...contents: Buffer[]): Buffer {
  return der(TAG.sequence, ...contents)
}

export function octets (content: Buffer): Buffer {
  return der(TAG.octetString, content)
}

export function oid (id: string): Buffer {
  return der(TAG.oid, Buffer.from(forge.asn1.oidToDer(id).getBytes(), 'latin1'))
}

function integer (value: number): Buffer {
  return der(TAG.integer, Buffer.of(value))
}

/** A named bit list with one bit set. */
function bits (bit: number): Buffer {
  const list = Buffer.alloc(2 + (bit >> 3))
  list[0] = 7 - (bit & 7)
  list[1 + (bit >> 3)] = 0x80 >> (bit & 7)
  return list
}
