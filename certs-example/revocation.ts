/** Makes CRLs and OCSP answers for examples and tests, well-formed or wrong on purpose. */
import type { X509Certificate } from 'node:crypto'

import { contentOf } from '../src/trust/asn1/certificate.ts'
import { certificateIdOf } from '../src/trust/revocation/ocsp.ts'
import {
  CONTEXT_SPECIFIC, Type, UNIVERSAL, algorithmOf, bitString, directoryName, element, enumerated, extensionOf, fromDer, fullName, generalizedTime, integer, keyIdOf, nameOf,
  octets, oid, sequence, signed, time, toDer,
} from './asn1.ts'
import { OID, authorityKeyIdentifier } from './issue.ts'
import type { Extension, Issued, Issuer, Name } from './issue.ts'

/** One entry of a CRL. `reason` is the number of a CRLReason, keyCompromise by default; `null` leaves it out. */
export type CrlEntry = { serial: Buffer, at?: Date, reason?: number | null, extensions?: Extension[] }

/** Everything a CRL is made of. `serials` are revoked since `thisUpdate`, for keyCompromise; `extensions` stand beside the key identifier and the number, or replace them. */
export type CrlOptions = {
  issuer: Issuer
  thisUpdate: Date
  nextUpdate?: Date
  serials?: Buffer[]
  entries?: CrlEntry[]
  number?: number
  extensions?: Extension[]
  signature?: { oid: string, digest: string }
}

/** Makes a CRL (v2), DER. */
export function issueCrl ({ issuer, thisUpdate, nextUpdate, serials = [], entries = [], number = 1, extensions: more = [], signature }: CrlOptions): Buffer {
  const algorithm = algorithmOf(issuer.keys, signature)
  const revoked = [...serials.map((serial): CrlEntry => ({ serial })), ...entries].map(({ serial, at = thisUpdate, reason = 1, extensions = [] }) => {
    const all = [...(reason === null ? [] : [{ id: OID.crlReason, value: enumerated(reason) }]), ...extensions]
    return sequence(integer(serial), time(at), ...(all.length === 0 ? [] : [sequence(...all.map(extensionOf))]))
  })
  const own: Extension[] = [authorityKeyIdentifier(issuer.keys), { id: OID.crlNumber, value: integer(Buffer.from([number])) }]
  const extensions = [...own.filter(({ id }) => !more.some((extension) => extension.id === id)), ...more]
  return signed(sequence(
    integer(Buffer.from([1])),
    algorithm.identifier,
    nameOf(issuer.name),
    time(thisUpdate),
    ...(nextUpdate === undefined ? [] : [time(nextUpdate)]),
    ...(revoked.length === 0 ? [] : [sequence(...revoked)]),
    element(CONTEXT_SPECIFIC, 0, true, [sequence(...extensions.map(extensionOf))]),
  ), issuer.keys, algorithm)
}

/** RFC 5280, 5.2.5. */
export function issuingDistributionPoint ({ url, only, reasons, indirect = false }: { url?: string, only?: 'users' | 'authorities' | 'attributes', reasons?: number[], indirect?: boolean }): Extension {
  const flag = (tag: number) => element(CONTEXT_SPECIFIC, tag, false, '\xff')
  return { id: OID.issuingDistributionPoint, critical: true, value: sequence(
    ...(url === undefined ? [] : [element(CONTEXT_SPECIFIC, 0, true, [fullName(url)])]),
    ...(only === 'users' ? [flag(1)] : only === 'authorities' ? [flag(2)] : []),
    ...(reasons === undefined ? [] : [bitString(reasons, CONTEXT_SPECIFIC, 3)]),
    ...(indirect ? [flag(4)] : []),
    ...(only === 'attributes' ? [flag(5)] : []),
  ) }
}

/** RFC 5280, 5.2.4: makes a CRL a delta on the CRL of this number. */
export function deltaIndicator (base: number): Extension {
  return { id: OID.deltaIndicator, critical: true, value: integer(Buffer.from([base])) }
}

/** RFC 5280, 5.3.2. */
export function invalidityDate (date: Date): Extension {
  return { id: OID.invalidityDate, value: generalizedTime(date) }
}

/** X.509, 9.5.2.9: certificates that expired since then are still listed. */
export function expiredCertificatesSince (date: Date): Extension {
  return { id: OID.expiredCertificates, value: generalizedTime(date) }
}

/** RFC 5280, 5.3.3: whose certificate this entry of an indirect CRL and those after it speak of. */
export function certificateIssuer (name: Name): Extension {
  return { id: OID.certificateIssuer, critical: true, value: sequence(directoryName(name)) }
}

/** What an OCSP answer says of one certificate. `digest` names the hash of the certificate's issuer, `revoked` makes it so. */
export type OcspEntry = {
  certificate: X509Certificate, issuer: X509Certificate, digest?: 'sha1' | 'sha256'
  status?: 'good' | 'unknown', revoked?: { at: Date, reason?: number }
  thisUpdate: Date, nextUpdate?: Date
}

/** Everything an OCSP answer is made of. The signer names itself by the hash of its key, or by its name. */
export type OcspOptions = {
  signer: Issued, by?: 'key' | 'name', producedAt: Date, entries: OcspEntry[], certificates?: X509Certificate[], extensions?: Extension[]
  signature?: { oid: string, digest: string }
}

const DIGEST_OID = { sha1: '1.3.14.3.2.26', sha256: '2.16.840.1.101.3.4.2.1' } as const
const BASIC_RESPONSE = '1.3.6.1.5.5.7.48.1.1'

/** Makes an OCSP response (RFC 6960), DER. */
export function issueOcsp ({ signer, by = 'key', producedAt, entries, certificates = [], extensions = [], signature }: OcspOptions): Buffer {
  const explicit = (tag: number, ...children: ReturnType<typeof sequence>[]) => element(CONTEXT_SPECIFIC, tag, true, children)
  const data = sequence(
    by === 'name' ? explicit(1, nameOf(signer.name)) : explicit(2, octets(keyIdOf(signer.keys))),
    generalizedTime(producedAt),
    sequence(...entries.map(singleOf)),
    ...(extensions.length === 0 ? [] : [explicit(1, sequence(...extensions.map(extensionOf)))]),
  )
  const more = certificates.length === 0 ? [] : [explicit(0, sequence(...certificates.map(({ raw }) => fromDer(raw))))]
  const basic = signed(data, signer.keys, algorithmOf(signer.keys, signature), ...more)
  return toDer(sequence(enumerated(0), explicit(0, sequence(oid(BASIC_RESPONSE), octets(basic)))))
}

function singleOf ({ certificate, issuer, digest = 'sha1', status = 'good', revoked, thisUpdate, nextUpdate }: OcspEntry) {
  const { issuerName, issuerKey } = certificateIdOf(issuer, digest)
  const id = sequence(sequence(oid(DIGEST_OID[digest]), element(UNIVERSAL, Type.NULL, false, '')), octets(issuerName), octets(issuerKey), integer(Buffer.from(contentOf(certificate).serial, 'hex')))
  const revokedInfo = revoked && element(CONTEXT_SPECIFIC, 1, true, [
    generalizedTime(revoked.at),
    ...(revoked.reason === undefined ? [] : [element(CONTEXT_SPECIFIC, 0, true, [enumerated(revoked.reason)])]),
  ])
  return sequence(
    id,
    revokedInfo ?? element(CONTEXT_SPECIFIC, status === 'good' ? 0 : 2, false, ''),
    generalizedTime(thisUpdate),
    ...(nextUpdate === undefined ? [] : [element(CONTEXT_SPECIFIC, 0, true, [generalizedTime(nextUpdate)])]),
  )
}
