/**
 * The certificates that trust rests on: files that an administrator pinned.
 * `anchors/` are the roots; `intermediates/` are CAs below them, kept here since signatures rarely bring them along.
 */
import { X509Certificate } from 'node:crypto'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

import { Refusal } from '../errors.ts'
import { contentOf } from './asn1/certificate.ts'
import { crlsIn, readCrl } from './revocation/crl.ts'

/** One trust domain: pinned roots, and the CAs that may stand between them and a signer. */
export type TrustStore = { label: string, anchors: X509Certificate[], intermediates: X509Certificate[] }

/** What a trust folder holds. `crls` are the bytes of CRLs that were put there by hand, for networks that cannot reach the CA. */
export type TrustFolder = {
  domains: TrustStore[]
  /** Whose time-stamp tokens are believed; null when nobody's are */
  timeStamping: TrustStore | null
  /** Whom TLS servers are believed from, where that differs from the domains */
  tls: TrustStore | null
  crls: Buffer[]
}

/** Labels of the domains documents may be signed under: the folder itself is the Cipher Committee's. */
const CIPHER_COMMITTEE = 'cipher-committee'
const NATIONAL = 'national'

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g

/**
 * Reads a trust folder: `anchors/`, `intermediates/` (the Cipher Committee's), `crls/`, and, where there are any, the same two in `national/`,
 * `time-stamping/` and `tls/`. Once this returns, every domain has an anchor and every certificate file held CA certificates only.
 * Throws SETUP_INVALID naming every fault there is: a file left out silently would show much later, as documents refused.
 */
export function loadTrust (folder: string): TrustFolder {
  const faults: string[] = []
  const load = <Item>(part: string, read: (bytes: Buffer) => Item[]): Item[] => {
    const path = join(folder, part)
    if (!existsSync(path)) return []
    return readdirSync(path).filter((name) => !name.startsWith('.')).sort().flatMap((name) => {
      try {
        return read(readFileSync(join(path, name)))
      } catch (error) {
        faults.push(`${join(part, name)}: ${error instanceof Error ? error.message : String(error)}`)
        return []
      }
    })
  }
  const domain = (label: string, part: string): TrustStore => {
    const store = { label, anchors: load(join(part, 'anchors'), caCertificatesFrom), intermediates: load(join(part, 'intermediates'), caCertificatesFrom) }
    if (store.anchors.length === 0) faults.push(`no trusted root in ${join(folder, part, 'anchors')}`)
    return store
  }
  const optional = (label: string) => existsSync(join(folder, label)) ? domain(label, label) : null
  const national = optional(NATIONAL)
  const read = {
    domains: [domain(CIPHER_COMMITTEE, ''), ...(national ? [national] : [])],
    timeStamping: optional('time-stamping'),
    tls: optional('tls'),
    crls: load('crls', crlsFrom),
  }
  if (faults.length > 0) throw new Refusal('SETUP_INVALID', { field: 'TRUST_DIR', detail: faults.join('; ') })
  return read
}

/** Every store of a folder, whatever it is for. */
export function storesOf ({ domains, timeStamping, tls }: Pick<TrustFolder, 'domains' | 'timeStamping' | 'tls'>): TrustStore[] {
  return [...domains, ...[timeStamping, tls].filter((store) => store !== null)]
}

/** Every CA of these stores. */
export function authoritiesIn (stores: readonly TrustStore[]): X509Certificate[] {
  return stores.flatMap(({ anchors, intermediates }) => [...anchors, ...intermediates])
}

/** The certificates in a PEM text, in order. Throws if there is none. */
export function certificatesFromPem (pem: string): X509Certificate[] {
  const blocks = pem.match(PEM_CERTIFICATE) ?? []
  if (blocks.length === 0 || blocks.length !== pem.split('-----BEGIN').length - 1) throw new Error('not a PEM file of certificates only')
  return blocks.map((block) => new X509Certificate(block))
}

/** The certificates in a file: PEM, or one in DER and nothing behind it. Throws if it is neither. */
export function certificatesFrom (bytes: Buffer): X509Certificate[] {
  if (bytes.includes('-----BEGIN ')) return certificatesFromPem(bytes.toString('latin1'))
  const certificate = new X509Certificate(bytes)
  if (!certificate.raw.equals(bytes)) throw new Error('there is something behind the certificate')
  return [certificate]
}

/** One that cannot be read must show at the start, by its file's name. */
function crlsFrom (bytes: Buffer): Buffer[] {
  const crls = crlsIn(bytes)
  for (const crl of crls) readCrl(crl)
  return crls
}

function caCertificatesFrom (bytes: Buffer): X509Certificate[] {
  const certificates = certificatesFromPem(bytes.toString('latin1'))
  for (const certificate of certificates) {
    if (!contentOf(certificate).isCa) throw new Error('not the certificate of a CA')
  }
  return certificates
}
