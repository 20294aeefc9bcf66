/**
 * What an upload of certificates would change in the registry: one entry for each certificate and agency. Whose a certificate is, a mapping says;
 * without one it is proposed by what ties it to a registered certificate, since official certificates name no agency code (trust.md 1.2).
 */
import type { X509Certificate } from 'node:crypto'
import { Refusal } from '../errors.ts'
import { contentOf } from '../trust/asn1/certificate.ts'
import { detailsOf, fingerprintOf, type CertificateDetails, type Reason, type Verdict } from '../trust/verdict.ts'
import { warningFor } from './expiry.ts'
import { fingerprintIn, type MappingLine } from './mapping.ts'
import { add, tiesOf, type Tie, type Ties } from './ties.ts'
import type { Found } from './upload.ts'

/**
 * `added`: speaks for the agency from now on. `replaced`: the same, and the agency's certificates before it end. `ended`: speaks no longer.
 * The rest changes nothing: `unchanged` speaks already; `unknown-issuer` has no path to our roots; `not-trusted` is refused for another reason;
 * `needs-agency` is mapped to no agency, and proposed for none; `ca` is no signer's.
 */
export type Outcome = 'added' | 'replaced' | 'ended' | 'unchanged' | 'unknown-issuer' | 'not-trusted' | 'needs-agency' | 'ca'

/** How the agency was found. */
export type FoundBy = 'mapping' | Tie | 'registered'

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

/** What one change may say: more is a mapping gone wrong, and nobody could look through it. */
const MOST_DIFFERENCES = 20_000

/** The differences that an upload makes, or what is wrong with its mapping. Throws REQUEST_TOO_LARGE when they are more than anybody needs. */
export function proposeEntries (upload: Upload): Entry[] | MappingFault {
  const { found, mapping, registered } = upload
  const ties = tiesOf(registered, (one) => speaks(one, upload.now))
  const uploaded = new Map(found.map((one) => [fingerprintOf(one.certificate), one]))
  const files = filesOf(found)
  const room = roomFor(MOST_DIFFERENCES)
  const wanted = new Map<string, MappingLine[]>()
  for (const [index, line] of mapping.entries()) {
    const meant = fingerprintIn(line.certificate)
    const fingerprints = meant === undefined ? files.get(comparable(line.certificate)) ?? [] : uploaded.has(meant) || ties.of(meant).length > 0 ? [meant] : []
    if (fingerprints.length === 0) return { index, field: 'certificate' }
    const agency = upload.agencies.get(line.agency)
    if (agency === undefined) return { index, field: 'agency' }
    const replaced = fingerprintIn(line.replaces ?? '')
    if (replaced !== undefined && ties.between(replaced, agency.id) === undefined) return { index, field: 'replaces' }
    room(fingerprints.length)
    for (const fingerprint of fingerprints) add(wanted, fingerprint, line)
  }
  const named = [...wanted.keys()].filter((fingerprint) => !uploaded.has(fingerprint)).map((fingerprint): Found => ({ file: '', certificate: ties.of(fingerprint)[0]!.certificate }))
  return withoutRepeats([...found, ...named].flatMap((one) => entriesOf(one, wanted.get(fingerprintOf(one.certificate)) ?? [], upload, ties, room)))
}

function entriesOf ({ file, certificate }: Found, lines: readonly MappingLine[], upload: Upload, ties: Ties<Registered>, room: (taken: number) => void): Entry[] {
  const { agencies, now } = upload
  const base = { certificate: detailsOf(certificate), file: file || null, agency: null, foundBy: null, replaces: [], expiry: expiryOf(certificate, now), reasons: [], writes: [] }
  if (isCa(certificate)) return [{ ...base, outcome: 'ca' }]
  const fingerprint = fingerprintOf(certificate)
  const { result, reasons } = upload.judge(certificate)
  const judged = { ...base, reasons }
  const before = ties.before(certificate)
  const tied = Map.groupBy(before.keys(), ({ agency }) => agency.id)

  if (lines.length > 0) {
    return lines.map((line) => decide({ ...judged, agency: agencies.get(line.agency)!, foundBy: 'mapping' }, line))
  }
  const proposed = new Map<string, { agency: AgencyName, foundBy: FoundBy }>()
  for (const [{ agency }, tie] of before) if (!proposed.has(agency.id)) proposed.set(agency.id, { agency, foundBy: tie })
  for (const { agency } of ties.of(fingerprint).filter((one) => speaks(one, now))) proposed.set(agency.id, { agency, foundBy: 'registered' })
  if (proposed.size === 0) return [{ ...judged, outcome: distrust() ?? 'needs-agency' }]
  return [...proposed.values()].map((owner) => decide({ ...judged, ...owner }, {}))

  function distrust (): Outcome | null {
    if (result !== 'invalid') return null
    return reasons.some(({ code }) => code === 'ISSUER_UNKNOWN') ? 'unknown-issuer' : 'not-trusted'
  }

  function decide (entry: Omit<Entry, 'outcome'> & { agency: AgencyName }, line: Partial<MappingLine>): Entry {
    const before = ties.between(fingerprint, entry.agency.id)
    const write = { fingerprint, agencyId: entry.agency.id, basis: before?.link ?? null, validFrom: line.from?.toISOString() ?? null, validTo: line.until?.toISOString() ?? null }
    const isSpeaking = before !== undefined && speaks(before, now)
    // To end what speaks needs no trust
    if (isSpeaking && line.until && line.until.getTime() !== before.validTo?.getTime()) {
      return { ...entry, outcome: 'ended', writes: [{ ...write, validFrom: (line.from ?? before.validFrom)?.toISOString() ?? null }] }
    }
    if (isSpeaking && (line.from === undefined || line.from.getTime() === before.validFrom?.getTime())) return { ...entry, outcome: 'unchanged' }
    const distrusted = distrust()
    if (distrusted) return { ...entry, outcome: distrusted }
    const replaced = replacedBy(entry.agency.id, line.replaces)
    room(replaced.length)
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

  function replacedBy (agencyId: string, replaces: string | undefined): readonly Registered[] {
    switch (replaces) {
      case undefined: return tied.get(agencyId) ?? []
      case '-': return []
      case '*': return ties.speakersFor(agencyId).filter((one) => fingerprintOf(one.certificate) !== fingerprint)
    }
    const one = replaces === fingerprint ? undefined : ties.between(replaces, agencyId)
    return one !== undefined && speaks(one, now) ? [one] : []
  }
}

/** Whether it speaks at that moment or will: neither ended nor taken back. */
function speaks ({ validFrom, validTo }: Registered, now: Date): boolean {
  return validTo === null || (validTo > now && validFrom?.getTime() !== validTo.getTime())
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

/** The signers' certificates of each file, by its whole path and by every end of it that a mapping may name. */
function filesOf (found: readonly Found[]): Map<string, string[]> {
  const files = new Map<string, string[]>()
  for (const { file, certificate } of found) {
    if (isCa(certificate)) continue
    const parts = comparable(file).split('/')
    for (const first of parts.keys()) add(files, parts.slice(first).join('/'), fingerprintOf(certificate))
  }
  return files
}

function comparable (file: string): string {
  return file.normalize('NFC').toLowerCase()
}

/** Counts what is taken, up to so much. */
function roomFor (most: number): (taken: number) => void {
  let room = most
  return (taken) => {
    room -= taken
    if (room < 0) throw new Refusal('REQUEST_TOO_LARGE', { detail: `more than ${most} differences` })
  }
}

function isCa (certificate: X509Certificate): boolean {
  return contentOf(certificate).isCa
}
