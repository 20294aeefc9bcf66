/**
 * The certificates that trust rests on: files that an administrator pinned.
 * `anchors/` are the roots; `intermediates/` are CAs below them, kept here since signatures rarely bring them along.
 */
import { X509Certificate } from 'node:crypto'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

import { Refusal } from '../errors.ts'
import { contentOf } from './certificate.ts'

/** Pinned roots, and the CAs that may stand between them and a signer. */
export type TrustStore = { anchors: X509Certificate[], intermediates: X509Certificate[] }

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g

/**
 * Reads a trust folder. Once this returns, there is at least one anchor and every file held CA certificates only.
 * Throws SETUP_INVALID naming every fault there is: a file left out silently would show much later, as documents refused.
 */
export function loadTrustStore (folder: string): TrustStore {
  const faults: string[] = []
  const load = (part: string) => {
    const path = join(folder, part)
    if (!existsSync(path)) return []
    return readdirSync(path).filter((name) => !name.startsWith('.')).sort().flatMap((name) => {
      try {
        return caCertificatesFrom(readFileSync(join(path, name)))
      } catch (error) {
        faults.push(`${join(part, name)}: ${error instanceof Error ? error.message : String(error)}`)
        return []
      }
    })
  }
  const store = { anchors: load('anchors'), intermediates: load('intermediates') }
  if (store.anchors.length === 0) faults.push(`no trusted root in ${join(folder, 'anchors')}`)
  if (faults.length > 0) throw new Refusal('SETUP_INVALID', { field: 'TRUST_DIR', detail: faults.join('; ') })
  return store
}

/** The certificates in a PEM text, in order. Throws if there is none. */
export function certificatesFromPem (pem: string): X509Certificate[] {
  const blocks = pem.match(PEM_CERTIFICATE) ?? []
  if (blocks.length === 0 || blocks.length !== pem.split('-----BEGIN').length - 1) throw new Error('not a PEM file of certificates only')
  return blocks.map((block) => new X509Certificate(block))
}

function caCertificatesFrom (bytes: Buffer): X509Certificate[] {
  const certificates = certificatesFromPem(bytes.toString('latin1'))
  for (const certificate of certificates) {
    if (!contentOf(certificate).isCa) throw new Error('not the certificate of a CA')
  }
  return certificates
}
