/** Signed messages, written: the signature of a PDF (CAdES B-B, EN 319 122-1, 6; EN 319 142-1, 6.3), in DER throughout. */
import { createHash, type X509Certificate } from 'node:crypto'
import { DIGESTS } from '../algorithms.ts'
import { derFromBer } from '../asn1/ber.ts'
import { TAG, childrenOf, oidOf, readDer, readElements } from '../asn1/der.ts'
import { writeAlgorithm, writeDer, writeOid, writeSetOf, writeUnsigned } from '../asn1/write.ts'
import { SIGNATURE_ALGORITHM, type SignatureAlgorithm, type Signer } from '../signers/signer.ts'
import { ID_DATA, ID_SIGNED_DATA } from './read.ts'
import { ATTRIBUTE, issuerAndSerialOf } from './signer.ts'

/** What is signed. `digest` is that of the content, which stays outside, under `contentDigestOf(signer)`. */
export type ContentToSign = {
  signer: Signer
  digest: Buffer
  /** Left out in a PDF, whose dictionary says it (EN 319 142-1, 6.3) */
  signingTime?: Date
}

const MGF1 = '1.2.840.113549.1.1.8'
const RSASSA_PSS = '1.2.840.113549.1.1.10'
const SHA256_WITH_RSA = '1.2.840.113549.1.1.11'
const ECDSA_WITH = { sha256: '1.2.840.10045.4.3.2', sha384: '1.2.840.10045.4.3.3' } as const
const DIGEST_OID = Object.fromEntries(Object.entries(DIGESTS).map(([oid, name]) => [name, oid]))

const integer = (value: number) => writeUnsigned(Buffer.of(value))

/** The digest under which this signer signs a content, as node:crypto names it: the one that its signature algorithm uses too (RFC 5753, 2.1.1). */
export function contentDigestOf ({ algorithm }: Pick<Signer, 'algorithm'>): 'sha256' | 'sha384' {
  return algorithm === SIGNATURE_ALGORITHM.ecdsaSha384 ? 'sha384' : 'sha256'
}

/** A detached signature over the content with this digest. `signatureValue` is what a time-stamp is over. Rejects with SignerAway when the key cannot be used now. */
export async function writeSignedData ({ signer, digest, signingTime }: ContentToSign): Promise<{ cms: Buffer, signatureValue: Buffer }> {
  const name = contentDigestOf(signer)
  if (digest.length !== (name === 'sha384' ? 48 : 32)) throw new RangeError(`a digest under ${name} is wanted`)
  // RFC 5754, 2: no parameters
  const digestAlgorithm = writeDer(TAG.sequence, writeOid(DIGEST_OID[name]!))
  const attributes = [
    attribute(ATTRIBUTE.contentType, writeOid(ID_DATA)),
    attribute(ATTRIBUTE.messageDigest, writeDer(TAG.octetString, digest)),
    attribute(ATTRIBUTE.signingCertificateV2, signingCertificate(signer.certificate)),
    ...signingTime ? [attribute(ATTRIBUTE.signingTime, writeTime(signingTime))] : [],
  ]
  const signatureValue = asInCms(signer.algorithm, await signer.sign(writeSetOf(attributes)))
  const { issuer, serial } = issuerAndSerialOf(signer.certificate)
  const signerInfo = writeDer(TAG.sequence,
    integer(1), writeDer(TAG.sequence, issuer, serial), digestAlgorithm, writeSetOf(attributes, 0xa0), signatureAlgorithm(signer.algorithm), writeDer(TAG.octetString, signatureValue))
  const certificates = [...new Map([signer.certificate, ...signer.chain].map(({ fingerprint256, raw }) => [fingerprint256, raw])).values()]
  const signedData = writeDer(TAG.sequence,
    integer(1), writeSetOf([digestAlgorithm]), writeDer(TAG.sequence, writeOid(ID_DATA)), writeSetOf(certificates, 0xa0), writeSetOf([signerInfo]))
  return { cms: writeDer(TAG.sequence, writeOid(ID_SIGNED_DATA), writeDer(0xa0, signedData)), signatureValue }
}

/** The same message with this time-stamp token over its signature value, in place of any earlier one (RFC 3161, appendix A; EN 319 122-1, 5.3). */
export function withTimeStamp (cms: Buffer, token: Buffer): Buffer {
  const stamp = attribute(ATTRIBUTE.signatureTimeStamp, derFromBer(token))
  const [contentType, wrapped] = childrenOf(readDer(cms, TAG.sequence))
  const fields = childrenOf(childrenOf(wrapped, 0xa0)[0])
  const [signerInfo] = childrenOf(fields.at(-1), TAG.set)
  const parts = childrenOf(signerInfo)
  const unsigned = parts.at(-1)?.tag === 0xa1 ? parts.pop() : undefined
  const others = unsigned ? readElements(unsigned.content).filter((one) => oidOf(childrenOf(one)[0]) !== ATTRIBUTE.signatureTimeStamp) : []
  const stamped = writeDer(TAG.sequence, ...parts.map(({ raw }) => raw), writeSetOf([stamp, ...others.map(({ raw }) => raw)], 0xa1))
  const signedData = writeDer(TAG.sequence, ...fields.slice(0, -1).map(({ raw }) => raw), writeSetOf([stamped]))
  return writeDer(TAG.sequence, contentType!.raw, writeDer(0xa0, signedData))
}

function attribute (type: string, value: Buffer): Buffer {
  return writeDer(TAG.sequence, writeOid(type), writeSetOf([value]))
}

/** ESSCertIDv2 by SHA-256, its default (RFC 5035, 4). */
function signingCertificate ({ raw }: X509Certificate): Buffer {
  const hash = writeDer(TAG.octetString, createHash('sha256').update(raw).digest())
  return writeDer(TAG.sequence, writeDer(TAG.sequence, writeDer(TAG.sequence, hash)))
}

/** RFC 5652, 11.3: UTCTime until 2049. */
function writeTime (time: Date): Buffer {
  const text = `${time.toISOString().slice(0, 19).replace(/[-:T]/g, '')}Z`
  return time.getUTCFullYear() < 2050 ? writeDer(TAG.utcTime, Buffer.from(text.slice(2))) : writeDer(TAG.generalizedTime, Buffer.from(text))
}

function signatureAlgorithm (algorithm: SignatureAlgorithm): Buffer {
  switch (algorithm) {
    case SIGNATURE_ALGORITHM.rsaSha256: return writeAlgorithm(SHA256_WITH_RSA)
    case SIGNATURE_ALGORITHM.rsaPssSha256: {
      const hash = writeAlgorithm(DIGEST_OID.sha256!)
      const parameters = writeDer(TAG.sequence, writeDer(0xa0, hash), writeDer(0xa1, writeDer(TAG.sequence, writeOid(MGF1), hash)), writeDer(0xa2, integer(32)))
      return writeDer(TAG.sequence, writeOid(RSASSA_PSS), parameters)
    }
    case SIGNATURE_ALGORITHM.ecdsaSha256: return writeDer(TAG.sequence, writeOid(ECDSA_WITH.sha256))
    case SIGNATURE_ALGORITHM.ecdsaSha384: return writeDer(TAG.sequence, writeOid(ECDSA_WITH.sha384))
  }
}

/** RFC 5753, 7.2: r and s as DER; signers give them side by side. */
function asInCms (algorithm: SignatureAlgorithm, value: Buffer): Buffer {
  switch (algorithm) {
    case SIGNATURE_ALGORITHM.rsaSha256:
    case SIGNATURE_ALGORITHM.rsaPssSha256: return value
    case SIGNATURE_ALGORITHM.ecdsaSha256:
    case SIGNATURE_ALGORITHM.ecdsaSha384: {
      const half = value.length / 2
      return writeDer(TAG.sequence, writeUnsigned(value.subarray(0, half)), writeUnsigned(value.subarray(half)))
    }
  }
}
