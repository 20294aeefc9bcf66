/** Detached CMS signatures written octet by octet and signed by node:crypto: for what no real signer would write. */
import { constants, createHash, sign, type SignKeyObjectInput } from 'node:crypto'
import type { Issued } from '../../../certs-example/issue.ts'
import { TAG, readElements } from '../../../src/trust/asn1/der.ts'
import { issuerAndSerialOf } from '../../../src/trust/cms/signer.ts'
import { attribute, der, octets, oid, sequence } from '../time/tokens.ts'

/** What is signed, unless the test says otherwise. */
export const CONTENT = Buffer.from('%PDF-1.7\nnội dung đã ký')

export const DIGEST = { md5: '1.2.840.113549.2.5', sha1: '1.3.14.3.2.26', sha256: '2.16.840.1.101.3.4.2.1', sha384: '2.16.840.1.101.3.4.2.2', sha512: '2.16.840.1.101.3.4.2.3' } as const
const RSA_WITH = { md5: '1.2.840.113549.1.1.4', sha1: '1.2.840.113549.1.1.5', sha256: '1.2.840.113549.1.1.11', sha384: '1.2.840.113549.1.1.12', sha512: '1.2.840.113549.1.1.13' } as const
const ECDSA_WITH = { md5: '', sha1: '1.2.840.10045.4.1', sha256: '1.2.840.10045.4.3.2', sha384: '1.2.840.10045.4.3.3', sha512: '1.2.840.10045.4.3.4' } as const

type DigestName = keyof typeof DIGEST
type OwnAttributes = Record<'contentType' | 'messageDigest' | 'signingCertificate', Buffer>

/** What is different in a message. Octets replace a part as a whole; null leaves it out. */
export type MessageChange = {
  digest?: DigestName
  /** Of the signature, where it is another one */
  signatureDigest?: DigestName
  /** With PSS; the length of its salt */
  salt?: number
  content?: Buffer
  /** What the content's digest is said to be */
  messageDigest?: Buffer
  /** Put into the message, which is detached otherwise */
  encapsulated?: Buffer
  contentType?: string
  attributes?: (own: OwnAttributes) => Buffer[] | null
  signatureAlgorithm?: Buffer
  signature?: (own: Buffer) => Buffer
  announced?: string[]
  identifier?: Buffer
  certificates?: Buffer[]
  crls?: Buffer[]
  /** Made when the signature value is known */
  unsigned?: (value: Buffer) => Buffer[]
  signers?: number
}

/** A detached signature of this signer over CONTENT, as it should be but for the change. */
export function writeMessage (signer: Issued, change: MessageChange = {}): Buffer {
  const digest = change.digest ?? 'sha256'
  const signatureDigest = change.signatureDigest ?? digest
  const contentType = change.contentType ?? '1.2.840.113549.1.7.1'
  const own = {
    contentType: attribute('1.2.840.113549.1.9.3', oid(contentType)),
    messageDigest: attribute('1.2.840.113549.1.9.4', octets(change.messageDigest ?? createHash(digest).update(change.content ?? CONTENT).digest())),
    signingCertificate: signingCertificateV2(signer),
  }
  const attributes = change.attributes ? change.attributes(own) : Object.values(own)
  const signed = attributes ? der(TAG.set, ...attributes) : change.content ?? CONTENT
  const isRsa = signer.keys.privateKey.asymmetricKeyType === 'rsa'
  const key: SignKeyObjectInput = { key: signer.keys.privateKey, ...change.salt !== undefined && { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: change.salt } }
  const value = (change.signature ?? ((own) => own))(sign(signatureDigest, signed, key))
  const { issuer, serial } = issuerAndSerialOf(signer.certificate)
  const algorithm = change.signatureAlgorithm ?? (change.salt === undefined ? sequence(oid((isRsa ? RSA_WITH : ECDSA_WITH)[signatureDigest]), ...isRsa ? [Buffer.of(5, 0)] : []) : pss(DIGEST[signatureDigest], change.salt))
  const unsigned = change.unsigned?.(value) ?? []
  const info = sequence(
    der(TAG.integer, Buffer.of(1)), change.identifier ?? sequence(issuer, serial), sequence(oid(DIGEST[digest])), ...attributes ? [der(0xa0, ...attributes)] : [], algorithm, octets(value),
    ...unsigned.length > 0 ? [der(0xa1, ...unsigned)] : [],
  )
  return sequence(oid('1.2.840.113549.1.7.2'), der(0xa0, sequence(
    der(TAG.integer, Buffer.of(1)), der(TAG.set, ...(change.announced ?? [DIGEST[digest]]).map((id) => sequence(oid(id)))),
    sequence(oid(contentType), ...change.encapsulated ? [der(0xa0, octets(change.encapsulated))] : []),
    der(0xa0, ...change.certificates ?? [signer.certificate.raw]), ...change.crls ? [der(0xa1, ...change.crls)] : [],
    der(TAG.set, ...Array.from({ length: change.signers ?? 1 }, () => info)),
  )))
}

/** ESSCertIDv2 of a certificate; `hash` is the octets, `issuerSerial` stands behind them. */
export function signingCertificateV2 ({ certificate }: Pick<Issued, 'certificate'>, { digest, issuerSerial }: { digest?: DigestName, issuerSerial?: Buffer } = {}): Buffer {
  const hash = createHash(digest ?? 'sha256').update(certificate.raw).digest()
  const named = sequence(...digest ? [sequence(oid(DIGEST[digest]))] : [], octets(hash), ...issuerSerial ? [issuerSerial] : [])
  return attribute('1.2.840.113549.1.9.16.2.47', sequence(sequence(named)))
}

/** ESSCertID of the first version, which knows SHA-1 only. */
export function signingCertificateV1 ({ certificate }: Pick<Issued, 'certificate'>): Buffer {
  return attribute('1.2.840.113549.1.9.16.2.12', sequence(sequence(sequence(octets(createHash('sha1').update(certificate.raw).digest())))))
}

/** The issuer and serial number of a certificate as ESSCertID has them. */
export function issuerSerialOf ({ certificate }: Pick<Issued, 'certificate'>): Buffer {
  const { issuer, serial } = issuerAndSerialOf(certificate)
  return sequence(sequence(der(0xa4, issuer)), serial)
}

/** A signing time, as it stands in UTCTime. */
export function signingTime (text: string): Buffer {
  return attribute('1.2.840.113549.1.9.5', der(TAG.utcTime, Buffer.from(text)))
}

/** RFC 6211: the algorithms, said under the signature. */
export function algorithmProtection (digestAlgorithm: Buffer, signatureAlgorithm: Buffer): Buffer {
  return attribute('1.2.840.113549.1.9.52', sequence(digestAlgorithm, Buffer.concat([Buffer.of(0xa1), signatureAlgorithm.subarray(1)])))
}

/** A time-stamp token as the unsigned attribute has it. */
export function timeStamp (...tokens: Buffer[]): Buffer {
  return attribute('1.2.840.113549.1.9.16.2.14', ...tokens)
}

/** Adobe's attribute with what is known of revocation. */
export function revocationInfo ({ crls = [], ocsps = [] }: { crls?: Buffer[], ocsps?: Buffer[] }): Buffer {
  return attribute('1.2.840.113583.1.1.8', sequence(...crls.length > 0 ? [der(0xa0, sequence(...crls))] : [], ...ocsps.length > 0 ? [der(0xa1, sequence(...ocsps))] : []))
}

/** RSASSA-PSS with one digest for message and mask, unless the mask has another. */
export function pss (digest: string, salt: number, { mask = digest, trailer }: { mask?: string, trailer?: number } = {}): Buffer {
  return sequence(oid('1.2.840.113549.1.1.10'), sequence(
    der(0xa0, sequence(oid(digest))), der(0xa1, sequence(oid('1.2.840.113549.1.1.8'), sequence(oid(mask)))), der(0xa2, der(TAG.integer, Buffer.of(salt))),
    ...trailer === undefined ? [] : [der(0xa3, der(TAG.integer, Buffer.of(trailer)))],
  ))
}

/** The same value with every length left open, and octet strings in pieces of 100: the BER that CMS allows. */
export function asBer (bytes: Buffer): Buffer {
  return Buffer.concat(readElements(bytes).map(({ tag, content, raw }) => {
    const isOctets = tag === TAG.octetString
    if (!isOctets && (tag & 0x20) === 0) return raw
    const pieces = Array.from({ length: Math.ceil(content.length / 100) }, (_, index) => octets(content.subarray(index * 100, (index + 1) * 100)))
    return Buffer.concat([Buffer.of(tag | 0x20, 0x80), ...isOctets ? pieces : [asBer(content)], Buffer.alloc(2)])
  }))
}
