/**
 * Files of certificates as offices send them: PEM or DER, one or many, bare or in a P7B/P7C, the certs-only CMS message of RFC 8551, 3.2.2.
 * The bytes of each certificate stay as they came.
 */
import { X509Certificate } from 'node:crypto'
import { contentOf } from './asn1/certificate.ts'
import { derFromBer } from './asn1/ber.ts'
import { DerError, TAG, childrenOf, oidOf, readDer } from './asn1/der.ts'
import { ID_SIGNED_DATA } from './cms/read.ts'

/** What the file holds, or why it holds nothing that may be taken. */
export type CertificateFile = { certificates: X509Certificate[] } | { fault: 'PRIVATE_KEY' | 'NOT_CERTIFICATES', detail?: string }

const PEM_BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----([A-Za-z0-9+/=\s]+)-----END \1-----/g
const PEM_LABELS = new Set(['CERTIFICATE', 'X509 CERTIFICATE', 'PKCS7', 'CMS'])
const BASE64 = /^[A-Za-z0-9+/=\s]+$/
const EXPLICIT_0 = 0xa0

/** Reads a file of certificates as a whole: when one part of it cannot be read, nothing of it is. Nothing about them is proved. */
export function readCertificateFile (bytes: Buffer): CertificateFile {
  // A sequence longer than 127 octets: no text begins so
  const isDer = bytes[0] === TAG.sequence && (bytes[1] ?? 0) >= 0x80
  const text = isDer ? '' : bytes.toString('latin1')
  try {
    return { certificates: text.includes('-----BEGIN') ? fromPem(text) : fromDer(BASE64.test(text) ? Buffer.from(text, 'base64') : bytes) }
  } catch (error) {
    if (error instanceof PrivateKey) return { fault: 'PRIVATE_KEY' }
    // OpenSSL's own words tell nothing that a person could use
    return { fault: 'NOT_CERTIFICATES', ...(error instanceof DerError && { detail: error.message }) }
  }
}

class PrivateKey extends Error {}

function fromPem (text: string): X509Certificate[] {
  if (/-----BEGIN [A-Z0-9 ]*PRIVATE KEY/.test(text)) throw new PrivateKey()
  const blocks = [...text.matchAll(PEM_BLOCK)]
  if (blocks.length !== text.split('-----BEGIN').length - 1) throw new DerError('a PEM block is cut off')
  return blocks.flatMap(([, label = '', base64 = ''], index) => {
    if (!PEM_LABELS.has(label)) throw new DerError(`PEM block ${index + 1} holds no certificate but ${label.slice(0, 40)}`)
    try {
      return fromDer(Buffer.from(base64, 'base64'))
    } catch (error) {
      if (error instanceof PrivateKey) throw error
      throw new DerError(`PEM block ${index + 1} cannot be read`)
    }
  })
}

function fromDer (bytes: Buffer): X509Certificate[] {
  // RFC 5652 allows BER around the certificates, and Java programs write it
  const [first, second] = childrenOf(readDer(derFromBer(bytes), TAG.sequence))
  // A PKCS#8 key and a PKCS#12 file begin with their version, a certificate and a CMS message do not
  if (first?.tag === TAG.integer) throw new PrivateKey()
  if (first?.tag !== TAG.oid) return [certificateOf(bytes)]
  if (oidOf(first) !== ID_SIGNED_DATA) throw new DerError('this CMS message holds no certificates')
  const signedData = readDer(childrenOf(second, EXPLICIT_0)[0]?.raw ?? Buffer.alloc(0), TAG.sequence)
  const certificates = childrenOf(signedData).find(({ tag }) => tag === EXPLICIT_0)
  // RFC 5652, 10.2.2: other choices than a certificate are tagged, and obsolete
  return certificates === undefined ? [] : childrenOf(certificates, EXPLICIT_0).filter(({ tag }) => tag === TAG.sequence).map(({ raw }) => certificateOf(raw))
}

/** Throws what is not read strictly: it could not be judged, nor be told apart by its bytes. */
function certificateOf (der: Buffer): X509Certificate {
  const certificate = new X509Certificate(der)
  contentOf(certificate)
  void certificate.publicKey // throws for a key that OpenSSL does not know
  return certificate
}
