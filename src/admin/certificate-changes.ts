import type { X509Certificate } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { v7 as newId } from 'uuid'
import type { AlarmLog } from '../alarms/alarms.ts'
import { recordAudit } from '../audit/audit.ts'
import { keepCertificates, lockLinks, readCertificates } from '../agencies/certificates.ts'
import {
  findAgencyNames, findChange, findFollowed, findRegistered, findStale, insertChange, markChange, restoreLinks, writeLinks, type Change,
} from '../agencies/change-store.ts'
import { fingerprintIn, parseMapping } from '../agencies/mapping.ts'
import { proposeEntries, type Entry, type LinkToWrite, type Outcome } from '../agencies/proposal.ts'
import { readUpload, type Found, type UploadedFile } from '../agencies/upload.ts'
import { readBlob, storeBlobs } from '../blobs/blobs.ts'
import type { Database, Db, Tx } from '../database/database.ts'
import { Refusal } from '../errors.ts'
import { judgeAgain } from '../inbound/judge-again.ts'
import { contentOf } from '../trust/asn1/certificate.ts'
import { readCertificateFile } from '../trust/certificate-file.ts'
import { judgeCertificate, type Trust } from '../trust/judge.ts'
import { fingerprintOf, type Verdict } from '../trust/verdict.ts'

/** Who acts: `key` is the API key, where one was used. */
export type Actor = { name: string, key?: string }

/** What an administrator uploads. `overlapUntil`: when the certificates that are replaced end; by themselves, if absent. */
export type NewChange = { files: readonly UploadedFile[], mapping?: string, note?: string, overlapUntil?: Date }

/** No certificate is larger; other bytes may be kept under a name that somebody typed. */
const LARGEST = 64 * 1024

type Needs = { database: Database, trust: Trust, log: AlarmLog, now: () => Date }

export type CertificateChanges = ReturnType<typeof createCertificateChanges>

/** Changes of which certificate speaks for whom: proposed, seen, approved, taken back. */
export function createCertificateChanges ({ database, trust, log, now }: Needs) {
  return {
    /** Reads what was uploaded and keeps the differences for approval. The registry is as it was. */
    async propose ({ files, mapping = '', note, overlapUntil }: NewChange, actor: Actor): Promise<Change> {
      const at = now()
      const lines = parseMapping(mapping)
      const { found: uploaded, unreadable } = await readUpload(files)
      const meant = new Set(lines.flatMap((line) => fingerprintIn(line.certificate) ?? []))
      const [registered, agencies, met] = await Promise.all([findRegistered(database), findAgencyNames(database, lines.map(({ agency }) => agency)), findMet(database, [...meant])])
      const known = new Set([...uploaded, ...registered].map(({ certificate }) => fingerprintOf(certificate)))
      const found = [...uploaded, ...met.filter(({ certificate }) => !known.has(fingerprintOf(certificate)))]
      const certificates = found.map(({ certificate }) => certificate)
      const hints = certificates.filter(isCa)
      const weighed = [...found, ...registered.filter(({ certificate }) => meant.has(fingerprintOf(certificate)))].map(({ certificate }) => certificate)
      const verdicts = await judgeEach(weighed.filter((certificate) => !isCa(certificate)), hints, at)
      const proposed = proposeEntries({ found, mapping: lines, registered, agencies, overlapUntil: overlapUntil ?? null, now: at, judge: (certificate) => verdicts.get(fingerprintOf(certificate))! })
      if (!Array.isArray(proposed)) throw new Refusal('CERTIFICATE_MAPPING_INVALID', { field: `mapping[${proposed.index}].${proposed.field}`, detail: UNKNOWN[proposed.field] })
      if (proposed.length === 0) {
        const detail = listed(unreadable.map(({ file, vi, en }) => `${file}: ${vi} · ${en}`))
        throw new Refusal('CERTIFICATE_CHANGE_EMPTY', detail === '' ? {} : { detail })
      }

      const id = newId()
      const written = new Set(proposed.flatMap(({ writes }) => writes.map(({ fingerprint }) => fingerprint)))
      await database.transaction(async (tx) => {
        await keepCertificates(tx, certificates.filter((certificate) => written.has(fingerprintOf(certificate))))
        await storeBlobs(tx, hints.map(({ raw }) => raw))
        await insertChange(tx, { id, note: note ?? null, entries: proposed, unreadable, proposedAt: at, proposedBy: actor.name })
        await audit(tx, { at, actor, action: 'certificates.proposed', id, detail: { ...countsOf(proposed), unreadable: unreadable.length } })
      })
      return read(id)
    },

    /**
     * Once this returns, the registry says what the change shows, and arrivals that waited for it are judged again. Gives their connections.
     * Refused when a certificate that would begin to speak is not trusted any more.
     */
    async approve (id: string, actor: Actor): Promise<{ change: Change, connectionIds: string[] }> {
      const at = now()
      const connectionIds = await database.transaction(async (tx) => {
        await lockLinks(tx)
        const { entries } = await mark(tx, id, 'approved', { by: actor.name, at })
        const writes = entries.flatMap((entry) => entry.writes)
        if (writes.length === 0) throw new Refusal('CERTIFICATE_CHANGE_EMPTY')
        const stale = await findStale(tx, writes)
        if (stale.length > 0) throw new Refusal('CERTIFICATE_CHANGE_STALE', { detail: listed(stale) })
        const distrusted = await findDistrusted(tx, entries, at)
        if (distrusted.length > 0) throw new Refusal('CERTIFICATE_CHANGE_DISTRUSTED', { detail: listed(distrusted) })
        await writeLinks(tx, writes, { changeId: id, by: actor.name, at })
        await audit(tx, { at, actor, action: 'certificates.approved', id, detail: { links: writes.map(toAudit) } })
        // One whose day is moved may speak for longer
        const signers = entries.filter((entry) => entry.writes.length > 0).map(({ certificate, agency }) => ({ fingerprint: certificate.fingerprint, agencyId: agency!.id }))
        return judgeAgain(tx, log, { signers, at, actor: actor.name })
      })
      return { change: await read(id), connectionIds }
    },

    /**
     * Once this returns, the registry says of everything that the change touched what it said before, and arrivals that were quarantined since are
     * judged again. Gives their connections. Refused when a later change has touched it too.
     */
    async rollBack (id: string, actor: Actor): Promise<{ change: Change, connectionIds: string[] }> {
      const at = now()
      const connectionIds = await database.transaction(async (tx) => {
        await lockLinks(tx)
        const { entries } = await mark(tx, id, 'rolled-back', { by: actor.name, at })
        const followed = await findFollowed(tx, id)
        if (followed.length > 0) throw new Refusal('CERTIFICATE_CHANGE_FOLLOWED', { detail: listed(followed) })
        const signers = await restoreLinks(tx, id, { by: actor.name, at })
        await audit(tx, { at, actor, action: 'certificates.rolled-back', id, detail: { links: entries.flatMap((entry) => entry.writes).map(toAudit) } })
        return judgeAgain(tx, log, { signers, at, actor: actor.name })
      })
      return { change: await read(id), connectionIds }
    },

    read,
  }

  async function read (id: string): Promise<Change> {
    const change = await findChange(database, id)
    if (change === null) throw new Refusal('CERTIFICATE_CHANGE_NOT_FOUND')
    return change
  }

  /** At a moment of its own life: that it begins tomorrow, or has ended, is told apart from whose it is. */
  function judge (certificate: X509Certificate, hints: readonly X509Certificate[], at: Date): Verdict {
    return judgeCertificate(certificate, hints, trust, new Date(Math.min(Math.max(at.getTime(), certificate.validFromDate.getTime()), certificate.validToDate.getTime())))
  }

  /** By their fingerprints. Path and revocation of thousands take seconds: everybody else has a turn after each. */
  async function judgeEach (certificates: readonly X509Certificate[], hints: readonly X509Certificate[], at: Date): Promise<Map<string, Verdict>> {
    const verdicts = new Map<string, Verdict>()
    for (const certificate of certificates) {
      const fingerprint = fingerprintOf(certificate)
      if (verdicts.has(fingerprint)) continue
      await setImmediate()
      verdicts.set(fingerprint, judge(certificate, hints, at))
    }
    return verdicts
  }

  /** Of the certificates that would begin to speak, those that are not trusted any more, with the reason. The change's CAs count as they did when it was proposed. */
  async function findDistrusted (tx: Tx, entries: readonly Entry[], at: Date): Promise<string[]> {
    const named = (all: readonly Entry[]) => all.map(({ certificate }) => certificate.fingerprint)
    const hints = (await findMet(tx, named(entries.filter(({ outcome }) => outcome === 'ca')))).map(({ certificate }) => certificate)
    const verdicts = await judgeEach(await readCertificates(tx, named(entries.filter(isBeginning))), hints, at)
    return [...verdicts].flatMap(([fingerprint, { result, reasons: [reason] }]) => result === 'invalid' && reason ? [`${fingerprint}: ${reason.code}: ${reason.vi} · ${reason.en}`] : [])
  }

  /** Moves the change on, or refuses with the step it is at. */
  async function mark (tx: Tx, id: string, to: 'approved' | 'rolled-back', who: { by: string, at: Date }): Promise<Change> {
    const isMarked = await markChange(tx, id, to, who)
    const change = await findChange(tx, id)
    if (change === null) throw new Refusal('CERTIFICATE_CHANGE_NOT_FOUND')
    if (!isMarked) throw new Refusal('CERTIFICATE_CHANGE_SETTLED', { detail: `it is ${change.state}` })
    return change
  }
}

/** Certificates that came with arrivals and are kept with their verdicts, and CAs that came with uploads: what an alarm names by its fingerprint need not be found elsewhere. */
async function findMet (db: Db, fingerprints: readonly string[]): Promise<Found[]> {
  const { rows } = await db.query<{ sha256: Buffer }>('select sha256 from blob where sha256 = any($1) and size < $2', [fingerprints.map((fingerprint) => Buffer.from(fingerprint, 'hex')), LARGEST])
  const kept = await Promise.all(rows.map(async ({ sha256 }) => readCertificateFile(await readBlob(db, sha256))))
  return kept.flatMap((read) => 'fault' in read ? [] : read.certificates.slice(0, 1).map((certificate) => ({ file: '', certificate })))
}

/** Whether its certificate speaks once the change is carried out, and did not before. */
function isBeginning ({ outcome }: Entry): boolean {
  return outcome === 'added' || outcome === 'replaced'
}

function isCa (certificate: X509Certificate): boolean {
  return contentOf(certificate).isCa
}

/** How many entries have each outcome. */
export function countsOf (entries: readonly Entry[]): Partial<Record<Outcome, number>> {
  return Object.fromEntries([...Map.groupBy(entries, ({ outcome }) => outcome)].map(([outcome, all]) => [outcome, all.length]))
}

const UNKNOWN = {
  certificate: 'no such file in the upload, and no such certificate in the upload, the registry or an arrival',
  agency: 'no agency has this code',
  replaces: 'no such certificate is registered for this agency',
} as const

/** Few enough for a person to read. */
function listed (all: readonly string[]): string {
  return [...all.slice(0, 5), ...(all.length > 5 ? [`and ${all.length - 5} more`] : [])].join(', ')
}

function toAudit ({ fingerprint, agencyId, validFrom, validTo }: LinkToWrite) {
  return { fingerprint, agencyId, validFrom, validTo }
}

async function audit (tx: Tx, { at, actor, action, id, detail }: { at: Date, actor: Actor, action: string, id: string, detail: Parameters<typeof recordAudit>[1]['detail'] }): Promise<void> {
  await recordAudit(tx, { at, actor: actor.name, action, subject: id, detail: { ...(actor.key !== undefined && { key: actor.key }), ...detail } })
}
