/**
 * OCSP (RFC 6960): the question about a certificate, in the form that may be cached (RFC 5019), and the answers.
 * Read with our own strict DER reader, so that what is verified is exactly what came.
 */
import { createHash, X509Certificate } from 'node:crypto'
import { contentOf, readExtensions } from '../asn1/certificate.ts'
import { DerError, TAG, childrenOf, expectTag, integerOf, octetsOf, oidOf, readDer, readElements, timeOf, type Der } from '../asn1/der.ts'
import { comparableName, readName } from '../asn1/names.ts'
import { writeAlgorithm, writeDer } from '../asn1/write.ts'
import { digestNameOf, signedWith, type SignedWith } from '../algorithms.ts'
import { reasonOf, type Revoked } from './crl-entries.ts'

/** What an answer says of one certificate. The certificate is named by its serial and by digests of its issuer's name and key. */
export type SingleResponse = {
  /** As node:crypto names it; an OID where it does not */
  digest: string
  issuerName: Buffer
  issuerKey: Buffer
  serial: string
  status: 'good' | 'revoked' | 'unknown'
  revoked?: Revoked
  thisUpdate: Date
  nextUpdate?: Date
  /** Certificates that expired since then are still spoken of (RFC 6960, 4.4.4) */
  archivedSince?: Date
}

/** A successful basic response as it came, and what it says. Nothing of it is proved before its signature is. */
export type OcspAnswer = {
  bytes: Buffer
  /** SHA-256 of the response, lower-case hex: the name by which evidence is kept */
  sha256: string
  /** Who says that it answers: a comparable name, or the SHA-1 of a public key, hex */
  responder: { name: string } | { key: string }
  producedAt: Date
  responses: readonly SingleResponse[]
  /** Certificates that came along: hints, among them a delegated responder's */
  certificates: readonly X509Certificate[]
  /** Critical extensions that are not understood: the answer does not count then */
  unknown: string[]
  signed: { octets: Buffer, with: SignedWith | { oid: string }, value: Buffer }
}

const BASIC_RESPONSE = '1.3.6.1.5.5.7.48.1.1'
const SHA1 = '1.3.14.3.2.26'
const ARCHIVE_CUTOFF = '1.3.6.1.5.5.7.48.1.6'

/** Digests that name an issuer: they find it, and prove nothing. */
const KNOWN_DIGESTS = new Set(['sha1', 'sha256', 'sha384', 'sha512'])

/** What a responder may send: more certificates or responses than these, and it is none of ours. */
const MAX_CERTIFICATES = 8
const MAX_RESPONSES = 100

/** OCSPResponseStatus, RFC 6960, 4.2.1. */
const RESPONSE_STATUS: Readonly<Record<string, string>> = { 1: 'malformedRequest', 2: 'internalError', 3: 'tryLater', 5: 'sigRequired', 6: 'unauthorized' }

/** The request for one certificate, DER: SHA-1 as every responder understands it, unsigned, and without a nonce, so that the answer can be made ahead and cached. */
export function ocspRequestFor (certificate: X509Certificate, issuer: X509Certificate): Buffer {
  const { issuerName, issuerKey } = certificateIdOf(issuer, 'sha1')
  const serial = Buffer.from(contentOf(certificate).serial, 'hex')
  const id = writeDer(TAG.sequence, writeAlgorithm(SHA1), writeDer(TAG.octetString, issuerName), writeDer(TAG.octetString, issuerKey), writeDer(TAG.integer, serial))
  return writeDer(TAG.sequence, writeDer(TAG.sequence, writeDer(TAG.sequence, writeDer(TAG.sequence, id))))
}

/** The digests by which an answer names the issuer of a certificate, RFC 6960, 4.1.1. */
export function certificateIdOf (issuer: X509Certificate, digest: string): { issuerName: Buffer, issuerKey: Buffer } {
  return { issuerName: createHash(digest).update(contentOf(issuer).subjectName).digest(), issuerKey: keyHashOf(issuer, digest) }
}

/** The digest of a certificate's public key: of its bits alone, RFC 6960, 4.1.1 and 4.2.1. */
export function keyHashOf (certificate: X509Certificate, digest: string): Buffer {
  const [, key] = childrenOf(readDer(contentOf(certificate).publicKeyInfo, TAG.sequence))
  return createHash(digest).update(octetsOf(key)).digest()
}

/** What the answer says of this certificate, if anything: its issuer must match by name and by key. */
export function responseOn ({ responses }: Pick<OcspAnswer, 'responses'>, certificate: X509Certificate, issuer: X509Certificate): SingleResponse | undefined {
  const { serial } = contentOf(certificate)
  return responses.find((response) => {
    if (response.serial !== serial || !KNOWN_DIGESTS.has(response.digest)) return false
    const { issuerName, issuerKey } = certificateIdOf(issuer, response.digest)
    return response.issuerName.equals(issuerName) && response.issuerKey.equals(issuerKey)
  })
}

/** Reads a response, DER. Throws DerError unless it is a successful basic one. */
export function readOcsp (bytes: Uint8Array): OcspAnswer {
  const der = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const [status, wrapped] = childrenOf(readDer(der, TAG.sequence))
  const code = String(expectTag(status, TAG.enumerated).content[0])
  if (code !== '0') throw new DerError(`the responder says ${RESPONSE_STATUS[code] ?? code}`)
  const [type, response] = childrenOf(readDer(expectTag(wrapped, 0xa0).content, TAG.sequence))
  if (oidOf(type) !== BASIC_RESPONSE) throw new DerError('not a basic response')
  const [data, algorithm, signature, certificates] = childrenOf(readDer(expectTag(response, TAG.octetString).content, TAG.sequence))
  const fields = childrenOf(data)
  // DEFAULT v1 must not be written in DER; some responders do
  const version = fields[0]?.tag === 0xa0 ? integerOf(readDer(fields.shift()!.content, TAG.integer)) : 0n
  if (version !== 0n) throw new DerError('a response of an unknown version')
  const [responder, producedAt, list, extensions] = fields
  const responses = childrenOf(list)
  if (responses.length > MAX_RESPONSES) throw new DerError('too many responses')
  const read = responses.map(readSingle)
  return {
    bytes: der,
    sha256: createHash('sha256').update(der).digest('hex'),
    responder: responderOf(responder),
    producedAt: timeOf(producedAt),
    responses: read.map(({ single }) => single),
    certificates: certificates === undefined ? [] : certificatesIn(certificates),
    unknown: [...criticalIn(extensions && readExtensions(expectTag(extensions, 0xa1))), ...read.flatMap(({ unknown }) => unknown)],
    signed: { octets: data!.raw, with: signedWith(algorithm), value: octetsOf(signature) },
  }
}

function responderOf (element: Der | undefined): OcspAnswer['responder'] {
  switch (element?.tag) {
    case 0xa1: return { name: comparableName(readName(readDer(element.content, TAG.sequence))) }
    case 0xa2: return { key: readDer(element.content, TAG.octetString).content.toString('hex') }
    default: throw new DerError('a responder has neither name nor key')
  }
}

function readSingle (element: Der): { single: SingleResponse, unknown: string[] } {
  const [id, status, thisUpdate, ...optional] = childrenOf(element)
  const [digest, issuerName, issuerKey, serial] = childrenOf(id)
  const nextUpdate = optional.find(({ tag }) => tag === 0xa0)
  const wrapper = optional.find(({ tag }) => tag === 0xa1)
  const extensions = wrapper && readExtensions(wrapper)
  const cutoff = extensions?.get(ARCHIVE_CUTOFF)
  const single: SingleResponse = {
    digest: digestNameOf(digest),
    issuerName: expectTag(issuerName, TAG.octetString).content,
    issuerKey: expectTag(issuerKey, TAG.octetString).content,
    serial: expectTag(serial, TAG.integer).content.toString('hex'),
    ...statusOf(status),
    thisUpdate: timeOf(thisUpdate),
    ...(nextUpdate && { nextUpdate: timeOf(readDer(nextUpdate.content, TAG.generalizedTime)) }),
    ...(cutoff && { archivedSince: timeOf(readDer(cutoff.value, TAG.generalizedTime)) }),
  }
  return { single, unknown: criticalIn(extensions) }
}

function statusOf (element: Der | undefined): Pick<SingleResponse, 'status' | 'revoked'> {
  switch (element?.tag) {
    case 0x80: return { status: 'good' }
    case 0xa1: {
      const [at, reason] = readElements(element.content)
      const code = reason && readDer(expectTag(reason, 0xa0).content, TAG.enumerated).content[0]
      return { status: 'revoked', revoked: { at: timeOf(at), reason: reasonOf(code ?? 0) } }
    }
    case 0x82: return { status: 'unknown' }
    default: throw new DerError('a response has no status')
  }
}

function criticalIn (extensions: Map<string, { critical: boolean }> | undefined): string[] {
  return [...extensions ?? []].filter(([id, { critical }]) => critical && id !== ARCHIVE_CUTOFF).map(([id]) => id)
}

function certificatesIn (wrapper: Der): X509Certificate[] {
  const certificates = childrenOf(readDer(expectTag(wrapper, 0xa0).content, TAG.sequence))
  if (certificates.length > MAX_CERTIFICATES) throw new DerError('too many certificates')
  return certificates.map(({ raw }) => {
    try {
      return new X509Certificate(raw)
    } catch {
      throw new DerError('a certificate cannot be read')
    }
  })
}
