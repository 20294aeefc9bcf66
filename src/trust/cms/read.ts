/**
 * Signed messages, read (SignedData; RFC 5652, 5): nothing in them is believed here.
 * CMS may come in BER; the octets that are digested or signed are DER by their standards and stay as they came, octet by octet.
 */
import { X509Certificate } from 'node:crypto'
import { digestNameOf } from '../algorithms.ts'
import { contentOf } from '../asn1/certificate.ts'
import { derFromBer } from '../asn1/ber.ts'
import { DerError, TAG, childrenOf, expectTag, oidOf, readDer, readElements, smallIntegerOf, type Der } from '../asn1/der.ts'

/** An attribute of a signature: its type's OID, and all that it holds. */
export type Attribute = { type: string, values: Der[] }

/** One signature of a message (SignerInfo). `signedAttributes` is what was signed: the attributes as a SET OF, in the octets that came. */
export type CmsSigner = {
  identifier: Der
  digestAlgorithm: Der
  signedAttributes: Buffer | undefined
  attributes: Attribute[]
  signatureAlgorithm: Der
  signature: Buffer
  /** Added by anybody, at any time: only what proves itself counts */
  unsignedAttributes: Attribute[]
}

/** A signed message as it came, taken apart. `content` is absent when the signature is detached from it. */
export type SignedData = {
  bytes: Buffer
  /** Every digest that the message announces: its name in node:crypto, or its OID when it is none that we know */
  digests: string[]
  contentType: string
  content?: Buffer
  certificates: X509Certificate[]
  /** CRLs and OCSP answers that came along, DER: hints, like the certificates */
  crls: Buffer[]
  ocsps: Buffer[]
  signers: CmsSigner[]
}

export const ID_SIGNED_DATA = '1.2.840.113549.1.7.2'
export const ID_DATA = '1.2.840.113549.1.7.1'
/** RFC 5940, 2: a whole OCSPResponse among the CRLs */
const OCSP_RESPONSE = '1.3.6.1.5.5.7.16.2'

/** Room for the CRLs that some signers put in, which may have megabytes. */
const MOST_BYTES = 16 << 20
/** A signer's own certificate, those of time-stamping authorities, and the CAs above them; more would only make work. */
const MOST_CERTIFICATES = 16
export const MOST_ANSWERS = 32
/** Algorithms, signers, attributes and their values: some have a dozen attributes. */
const MOST_ITEMS = 64

const [CONTEXT_0, CONTEXT_1] = [0xa0, 0xa1]

/** Reads a ContentInfo with SignedData in it, BER or DER. Throws DerError when it is none. */
export function readSignedData (bytes: Uint8Array): SignedData {
  if (bytes.length > MOST_BYTES) throw new DerError(`larger than ${MOST_BYTES} bytes`)
  const came = Buffer.from(bytes)
  const [contentType, wrapped, ...beside] = readElements(readDer(derFromBer(came), TAG.sequence).content, MOST_ITEMS)
  if (oidOf(contentType) !== ID_SIGNED_DATA) throw new DerError('not a signed CMS message')
  const [version, digests, encapsulated, ...rest] = readElements(readDer(expectTag(wrapped, CONTEXT_0).content, TAG.sequence).content, MOST_ITEMS)
  const certificates = rest[0]?.tag === CONTEXT_0 ? rest.shift() : undefined
  const answers = rest[0]?.tag === CONTEXT_1 ? rest.shift() : undefined
  const [signers, ...others] = rest
  if (smallIntegerOf(version) > 5 || beside.length > 0 || others.length > 0) throw new DerError('a signed message of another version')
  return {
    bytes: came,
    digests: childrenOf(digests, TAG.set, MOST_ITEMS).map(digestNameOf),
    ...readContent(encapsulated),
    certificates: certificates ? readCertificates(certificates) : [],
    ...readAnswers(answers),
    signers: childrenOf(signers, TAG.set, MOST_ITEMS).map(readSigner),
  }
}

function readContent (encapsulated: Der | undefined): Pick<SignedData, 'contentType' | 'content'> {
  const [type, explicit, ...others] = childrenOf(encapsulated, TAG.sequence, MOST_ITEMS)
  if (others.length > 0) throw new DerError('there is something after the content')
  return { contentType: oidOf(type), ...(explicit && { content: readDer(expectTag(explicit, CONTEXT_0).content, TAG.octetString).content }) }
}

function readSigner (signer: Der): CmsSigner {
  const [version, identifier, digestAlgorithm, ...rest] = childrenOf(signer, TAG.sequence, MOST_ITEMS)
  if (smallIntegerOf(version) > 3) throw new DerError('a signature of another version')
  const attributes = rest[0]?.tag === CONTEXT_0 ? rest.shift() : undefined
  const [signatureAlgorithm, signature, unsigned, ...others] = rest
  if (!identifier || !digestAlgorithm || !signatureAlgorithm || others.length > 0) throw new DerError('a signature lacks its parts, or has more')
  return {
    identifier,
    digestAlgorithm,
    // RFC 5652, 5.4: signed as a SET OF, though it travels with an implicit tag
    signedAttributes: attributes && Buffer.concat([Buffer.of(TAG.set), attributes.raw.subarray(1)]),
    attributes: attributes ? readElements(attributes.content, MOST_ITEMS).map(readAttribute) : [],
    signatureAlgorithm,
    signature: expectTag(signature, TAG.octetString).content,
    unsignedAttributes: unsigned ? readElements(expectTag(unsigned, CONTEXT_1).content, MOST_ITEMS).map(readAttribute) : [],
  }
}

function readAttribute (attribute: Der): Attribute {
  const [type, values] = childrenOf(attribute, TAG.sequence, MOST_ITEMS)
  return { type: oidOf(type), values: childrenOf(values, TAG.set, MOST_ITEMS) }
}

/** Certificates only help to find the signer's: one that cannot be read is as good as absent. */
function readCertificates (set: Der): X509Certificate[] {
  return readElements(set.content, MOST_CERTIFICATES).flatMap(({ tag, raw }) => {
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

/** RFC 5652, 10.2.1: CRLs, and what has another format. What is none of them is for others. */
function readAnswers (set: Der | undefined): Pick<SignedData, 'crls' | 'ocsps'> {
  const elements = set ? readElements(set.content, MOST_ANSWERS) : []
  const ocsps = elements.filter(({ tag }) => tag === CONTEXT_1).flatMap(({ content }) => {
    const [format, answer] = readElements(content, MOST_ITEMS)
    return oidOf(format) === OCSP_RESPONSE && answer ? [answer.raw] : []
  })
  return { crls: elements.filter(({ tag }) => tag === TAG.sequence).map(({ raw }) => raw), ocsps }
}
