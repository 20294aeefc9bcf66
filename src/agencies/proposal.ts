/**
 * What an upload of certificates would change in the registry: one entry for each certificate and agency. Whose a certificate is, a mapping says;
 * without one it is proposed by what ties it to a registered certificate, since official certificates name no agency code (trust.md 1.2).
 */
import type { X509Certificate } from 'node:crypto'
import { contentOf } from '../trust/asn1/certificate.ts'
import { detailsOf, fingerprintOf, type CertificateDetails, type Reason, type Verdict } from '../trust/verdict.ts'
import { warningFor } from './expiry.ts'
import { fingerprintIn, type MappingLine } from './mapping.ts'
import type { Found } from './upload.ts'

/**
 * `added`: speaks for the agency from now on. `replaced`: the same, and the agency's certificates before it end. `ended`: speaks no longer.
 * The rest changes nothing: `unchanged` speaks already; `unknown-issuer` has no path to our roots; `not-trusted` is refused for another reason;
 * `needs-agency` is mapped to no agency, and proposed for none; `ca` is no signer's.
 */
export type Outcome = 'added' | 'replaced' | 'ended' | 'unchanged' | 'unknown-issuer' | 'not-trusted' | 'needs-agency' | 'ca'

/** How the agency was found. */
export type FoundBy = 'mapping' | 'same name' | 'same key' | 'same mail' | 'registered'

export type AgencyName = { id: string, code: string, name: string }

/** What the registry last said of a certificate and an agency. `link` names that row: when it is not the newest any more, a proposal is stale. */
export type Registered = { link: string, certificate: X509Certificate, agency: AgencyName, validFrom: Date | null, validTo: Date | null }

/** A row that approval writes. `basis` is the newest row the proposal knew of. */
export type LinkToWrite = { fingerprint: string, agencyId: string, basis: string | null, validFrom: string | null, validTo: string | null }

/** A certificate that ends when its successor is approved: until then it still speaks, since documents are on the way. */
export type Predecessor = { certificate: CertificateDetails, until: string }

export type Entry = {
  outcome: Outcome
  certificate: CertificateDetails
  file: string | null
  agency: AgencyName | null
  foundBy: FoundBy | null
  replaces: Predecessor[]
  expiry: 'expired' | 'expiring' | null
  /** What the path check says, remarks included */
  reasons: Reason[]
  writes: LinkToWrite[]
}

/** Everything that is weighed. `overlapUntil` is when replaced certificates end, at their own expiry if that is earlier, or if it is absent. */
export type Upload = {
  found: readonly Found[]
  mapping: readonly MappingLine[]
  registered: readonly Registered[]
  agencies: ReadonlyMap<string, AgencyName>
  judge: (certificate: X509Certificate) => Verdict
  overlapUntil: Date | null
  now: Date
}

/** A mapping names something that is not there. */
export type MappingFault = { index: number, field: 'certificate' | 'agency' | 'replaces' }

/** The differences that an upload makes, or what is wrong with its mapping. */
export function proposeEntries (upload: Upload): Entry[] | MappingFault {
  const { found, mapping, registered } = upload
  const wanted = new Map<string, MappingLine[]>()
  const known = new Map([...registered.map(({ certificate }): Found => ({ file: '', certificate })), ...found].map((one) => [fingerprintOf(one.certificate), one]))
  for (const [index, line] of mapping.entries()) {
    const meant = fingerprintIn(line.certificate)
    const fingerprints = meant === undefined ? found.filter((one) => !isCa(one.certificate) && isNamed(one.file, line.certificate)).map(({ certificate }) => fingerprintOf(certificate)) : known.has(meant) ? [meant] : []
    if (fingerprints.length === 0) return { index, field: 'certificate' }
    const agency = upload.agencies.get(line.agency)
    if (agency === undefined) return { index, field: 'agency' }
    if (fingerprintIn(line.replaces ?? '') !== undefined && !registered.some((one) => fingerprintOf(one.certificate) === line.replaces && one.agency.id === agency.id)) return { index, field: 'replaces' }
    for (const fingerprint of fingerprints) wanted.set(fingerprint, [...wanted.get(fingerprint) ?? [], line])
  }
  const uploaded = new Set(found.map(({ certificate }) => fingerprintOf(certificate)))
  const named = [...wanted.keys()].filter((fingerprint) => !uploaded.has(fingerprint)).map((fingerprint) => known.get(fingerprint)!)
  return withoutRepeats([...found, ...named].flatMap((one) => entriesOf(one, wanted.get(fingerprintOf(one.certificate)) ?? [], upload)))
}

function entriesOf ({ file, certificate }: Found, lines: readonly MappingLine[], upload: Upload): Entry[] {
  const { registered, agencies, now } = upload
  const base = { certificate: detailsOf(certificate), file: file || null, agency: null, foundBy: null, replaces: [], expiry: expiryOf(certificate, now), reasons: [], writes: [] }
  if (isCa(certificate)) return [{ ...base, outcome: 'ca' }]
  const fingerprint = fingerprintOf(certificate)
  const own = registered.filter((one) => fingerprintOf(one.certificate) === fingerprint)
  const { result, reasons } = upload.judge(certificate)
  const judged = { ...base, reasons }
  const current = registered.filter((one) => speaks(one, now) && fingerprintOf(one.certificate) !== fingerprint)

  if (lines.length > 0) {
    return lines.map((line) => decide({ ...judged, agency: agencies.get(line.agency)!, foundBy: 'mapping' }, line))
  }
  const ties = current.flatMap((before) => { const tie = tieOf(before.certificate, certificate); return tie === null ? [] : [{ before, tie }] })
  const proposed = new Map<string, { agency: AgencyName, foundBy: FoundBy }>()
  for (const { before, tie } of ties) if (!proposed.has(before.agency.id)) proposed.set(before.agency.id, { agency: before.agency, foundBy: tie })
  for (const { agency } of own.filter((one) => speaks(one, now))) proposed.set(agency.id, { agency, foundBy: 'registered' })
  if (proposed.size === 0) return [{ ...judged, outcome: distrust() ?? 'needs-agency' }]
  return [...proposed.values()].map((owner) => decide({ ...judged, ...owner }, {}))

  function distrust (): Outcome | null {
    if (result !== 'invalid') return null
    return reasons.some(({ code }) => code === 'ISSUER_UNKNOWN') ? 'unknown-issuer' : 'not-trusted'
  }

  function decide (entry: Omit<Entry, 'outcome'> & { agency: AgencyName }, line: Partial<MappingLine>): Entry {
    const before = own.find(({ agency }) => agency.id === entry.agency.id)
    const write = { fingerprint, agencyId: entry.agency.id, basis: before?.link ?? null, validFrom: line.from?.toISOString() ?? null, validTo: line.until?.toISOString() ?? null }
    const isSpeaking = before !== undefined && speaks(before, now)
    // To end what speaks needs no trust
    if (isSpeaking && line.until && line.until.getTime() !== before.validTo?.getTime()) {
      return { ...entry, outcome: 'ended', writes: [{ ...write, validFrom: (line.from ?? before.validFrom)?.toISOString() ?? null }] }
    }
    if (isSpeaking && (line.from === undefined || line.from.getTime() === before.validFrom?.getTime())) return { ...entry, outcome: 'unchanged' }
    const distrusted = distrust()
    if (distrusted) return { ...entry, outcome: distrusted }
    const replaced = current.filter((one) => one.agency.id === entry.agency.id && isReplaced(one, certificate, line.replaces))
    const predecessors = replaced.map((one) => ({ one, until: endOf(one, upload.overlapUntil) }))
    return {
      ...entry,
      outcome: replaced.length > 0 ? 'replaced' : 'added',
      replaces: predecessors.map(({ one, until }) => ({ certificate: detailsOf(one.certificate), until: until.toISOString() })),
      writes: [write, ...predecessors.map(({ one, until }) => ({
        fingerprint: fingerprintOf(one.certificate), agencyId: one.agency.id, basis: one.link, validFrom: one.validFrom?.toISOString() ?? null, validTo: until.toISOString(),
      }))],
    }
  }
}

/** Whether it speaks at that moment or will: neither ended nor taken back. */
function speaks ({ validFrom, validTo }: Registered, now: Date): boolean {
  return validTo === null || (validTo > now && validFrom?.getTime() !== validTo.getTime())
}

function isReplaced (before: Registered, certificate: X509Certificate, replaces: string | undefined): boolean {
  if (replaces === '-') return false
  if (replaces === '*') return true
  return replaces === undefined ? tieOf(before.certificate, certificate) !== null : fingerprintOf(before.certificate) === replaces
}

/** What makes one certificate the next of the same owner; null when nothing does, or it is the older of the two. */
function tieOf (before: X509Certificate, after: X509Certificate): FoundBy | null {
  if (!(before.validFromDate < after.validFromDate)) return null
  const [old, fresh] = [contentOf(before), contentOf(after)]
  if (old.subject === fresh.subject) return 'same name'
  if (old.publicKeyInfo.equals(fresh.publicKeyInfo)) return 'same key'
  const mail = mailOf(after)
  return mail !== undefined && mail === mailOf(before) && old.issuer === fresh.issuer ? 'same mail' : null
}

/** Never later than it would have ended by itself, and never before it began. */
function endOf ({ certificate, validFrom, validTo }: Registered, overlapUntil: Date | null): Date {
  const end = Math.min(certificate.validToDate.getTime(), validTo?.getTime() ?? Infinity, overlapUntil?.getTime() ?? Infinity)
  return new Date(Math.max(end, validFrom?.getTime() ?? end))
}

function expiryOf (certificate: X509Certificate, now: Date): Entry['expiry'] {
  if (certificate.validToDate <= now) return 'expired'
  return warningFor(certificate.validToDate, now) === null ? null : 'expiring'
}

/** Two certificates may replace the same one: it is ended once. */
function withoutRepeats (entries: Entry[]): Entry[] {
  const written = new Set<string>()
  return entries.map((entry) => ({
    ...entry,
    writes: entry.writes.filter(({ fingerprint, agencyId }) => {
      const key = `${fingerprint} ${agencyId}`
      return written.has(key) ? false : written.add(key)
    }),
  }))
}

/** Whether the mapping's file name means this file: its whole path, or its last part. */
function isNamed (file: string, name: string): boolean {
  const [one, other] = [file.toLowerCase(), name.normalize('NFC').toLowerCase()]
  return one === other || one.endsWith(`/${other}`)
}

function isCa (certificate: X509Certificate): boolean {
  return contentOf(certificate).isCa
}

function mailOf ({ subjectAltName }: X509Certificate): string | undefined {
  return /(?:^|, )email:([^,"]+)(?:,|$)/.exec(subjectAltName ?? '')?.[1]?.toLowerCase()
}
