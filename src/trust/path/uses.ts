/**
 * What a certificate may be used for (RFC 5280, 4.2.1.3 and 4.2.1.12): every use asks for its own key usage and purposes.
 * Document signing never asks for the purpose documentSigning, since no official certificate names it.
 */
import { EXTENSION, KEY_USAGE, type CertificateContent } from '../asn1/certificate.ts'
import type { PathFinding } from './reasons.ts'

/** What the certificate at the end of a path is to be used for: signing documents, CRLs, OCSP answers, time-stamps or certificates, or as a TLS server. */
export type Use = 'documents' | 'certificates' | 'crl' | 'ocsp' | 'time-stamping' | 'tls-server'

const PURPOSE = {
  any: '2.5.29.37.0',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  emailProtection: '1.3.6.1.5.5.7.3.4',
  timeStamping: '1.3.6.1.5.5.7.3.8',
  ocspSigning: '1.3.6.1.5.5.7.3.9',
  documentSigning: '1.3.6.1.5.5.7.3.36', // RFC 9336
} as const

/** Purposes that allow a use. Certificates and CRLs need none: their right is a key usage. */
const PURPOSES: Record<Use, ReadonlySet<string>> = {
  documents: new Set([PURPOSE.clientAuth, PURPOSE.emailProtection, PURPOSE.documentSigning, PURPOSE.any]),
  certificates: new Set(),
  crl: new Set(),
  ocsp: new Set([PURPOSE.ocspSigning]),
  'time-stamping': new Set([PURPOSE.timeStamping]),
  'tls-server': new Set([PURPOSE.serverAuth, PURPOSE.any]),
}

/** What stands against using the certificate so. */
export function judgeUse (content: CertificateContent, use: Use): PathFinding[] {
  const { keyUsage, extendedKeyUsage, critical, alternativeNames } = content
  const has = (...usages: (keyof typeof KEY_USAGE)[]) => usages.some((usage) => keyUsage?.has(KEY_USAGE[usage]))
  const purposes = extendedKeyUsage?.join(' ') ?? ''
  const allowed = extendedKeyUsage?.some((purpose) => PURPOSES[use].has(purpose)) ?? false
  switch (use) {
    case 'documents': return [
      // Certificates of 2013–2015 have nonRepudiation only
      ...refuse(!has('digitalSignature', 'nonRepudiation'), 'SIGNER_KEY_USAGE_WRONG'),
      ...refuse(critical.has(EXTENSION.extendedKeyUsage) && !allowed, 'SIGNER_PURPOSE_WRONG', purposes),
    ]
    // RFC 5280, 6.1.4 (k) and (n)
    case 'certificates': return [...refuse(!content.isCa, 'ISSUER_NOT_CA'), ...refuse(!has('keyCertSign'), 'CA_KEY_USAGE_WRONG')]
    // RFC 5280, 6.3.3 (f)
    case 'crl': return refuse(!has('cRLSign'), 'CRL_KEY_USAGE_WRONG')
    // RFC 6960, 4.2.2.2: the purpose must be named; anyExtendedKeyUsage is not enough
    case 'ocsp': return [
      ...refuse(!allowed, 'OCSP_PURPOSE_MISSING', purposes),
      ...refuse(keyUsage !== undefined && !has('digitalSignature', 'nonRepudiation'), 'USE_KEY_USAGE_WRONG', use),
    ]
    // RFC 3161, 2.3: this purpose alone, and critical
    case 'time-stamping': return [
      ...refuse(!allowed || extendedKeyUsage?.length !== 1 || !critical.has(EXTENSION.extendedKeyUsage), 'TIME_STAMPING_PURPOSE_WRONG', purposes),
      ...refuse(keyUsage !== undefined && !has('digitalSignature', 'nonRepudiation'), 'USE_KEY_USAGE_WRONG', use),
    ]
    case 'tls-server': return [
      // RFC 9525, 6.3: the common name is no host name, and no name constraint reaches it
      ...refuse(!alternativeNames.some(({ form }) => form === 'dns' || form === 'ip'), 'TLS_NAME_MISSING'),
      ...refuse(extendedKeyUsage !== undefined && !allowed, 'TLS_PURPOSE_WRONG', purposes),
      ...refuse(keyUsage !== undefined && !has('digitalSignature', 'keyEncipherment', 'keyAgreement'), 'USE_KEY_USAGE_WRONG', use),
    ]
  }
}

/** What stands against issuing certificates for this use. A CA that names its purposes, critical, may issue for no other; most name none. */
export function judgeCaPurpose ({ extendedKeyUsage, critical }: CertificateContent, use: Use): PathFinding[] {
  const isBound = critical.has(EXTENSION.extendedKeyUsage) && PURPOSES[use].size > 0
  const isAllowed = extendedKeyUsage?.some((purpose) => purpose === PURPOSE.any || PURPOSES[use].has(purpose))
  return refuse(isBound && !isAllowed, 'CA_PURPOSE_WRONG', extendedKeyUsage?.join(' '))
}

function refuse (met: boolean, code: PathFinding['code'], detail?: string): PathFinding[] {
  return met ? [{ code, ...(detail !== undefined && { detail }) }] : []
}
