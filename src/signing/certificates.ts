/** The certificates that come with signatures, read once: the same few signers sign nearly everything. */
import { X509Certificate, type KeyObject } from 'node:crypto'

/** A certificate with its public key, which Node would decode anew at each use. */
export type KnownCertificate = { certificate: X509Certificate, key: KeyObject }

/** About 4 KiB each. */
const MOST_KNOWN = 1000
const known = new Map<string, KnownCertificate>()

/** Reads a certificate from the base64 of its DER, or gives undefined when it is none. Nothing about it is proved. */
export function readCertificate (base64: string): KnownCertificate | undefined {
  const found = known.get(base64)
  if (found) return found
  try {
    const der = Buffer.from(base64, 'base64')
    const certificate = new X509Certificate(der)
    // Node also reads PEM, and DER with something behind it: one certificate must have one text
    if (!certificate.raw.equals(der) || der.toString('base64') !== base64) return undefined
    const read = { certificate, key: certificate.publicKey }
    if (known.size >= MOST_KNOWN) known.delete(known.keys().next().value!)
    known.set(base64, read)
    return read
  } catch {
    // OpenSSL's errors tell nothing that a person could use
    return undefined
  }
}
