/** Asks the sources that are due, in the background: a few at a time, so that no responder, however slow, holds up another or fills memory. */
import { X509Certificate } from 'node:crypto'
import { clearAlarm, raiseAlarm } from '../../alarms/alarms.ts'
import type { Database } from '../../database/database.ts'
import type { HttpClient } from '../../http/client.ts'
import type { Log } from '../../http/log.ts'
import type { TrustSettings } from '../settings.ts'
import { CRL_LIMITS, fetchCrl, fetchOcsp, OCSP_LIMITS, type Fetched, type Validators } from './fetch.ts'
import { ocspRequestFor } from './ocsp.ts'
import { nextTry, targetOf } from './sources.ts'
import { claimSource, findSeen, finishSource, nextSource, restResponder, restUnused, type DueSource, type SourceKind } from './store.ts'
import { takeInCrl, takeInOcsp, type Authorities, type TakenIn } from './take-in.ts'

/** CRLs are large, so few at once: 2 × 32 MiB is the most that is in flight. */
const WINDOW: Record<SourceKind, number> = { crl: 2, ocsp: 4 }
/** Longer than any try takes; after it, whoever had taken the source is taken for dead. */
const LEASE_SECONDS = 180
const LOOK_AGAIN_MS = 1000
/** An answer that says until when it holds is not asked for again before, but once a day. */
const OCSP_MINUTES = 24 * 60
/** Certificates that were not seen for so long, and are not in the registry, are not asked about. */
export const IN_USE_MS = 7 * 24 * 60 * 60_000

/** So many failures in a row, about half an hour with pauses of 1, 2, 4, 8 and 16 minutes. */
const SILENT_AFTER = 6

/** What came of asking: `outcome` stands in the source's row. */
type Result = { outcome: string, detail: string | null, isFailure: boolean, nextUpdate: Date | null, validators: Validators | null }

type Needs = {
  database: Database, http: HttpClient, settings: () => TrustSettings, authorities: Authorities, now: () => Date, log: Log, stopping: AbortSignal,
  onTaken: () => void, limits?: { crl: typeof CRL_LIMITS, ocsp: typeof OCSP_LIMITS }
}

export function createAsk ({ database, http, settings, authorities, now, log, stopping, onTaken, limits = { crl: CRL_LIMITS, ocsp: OCSP_LIMITS } }: Needs) {
  /** Asks what is due. Returns when to look again, or null. */
  return async function ask (): Promise<Date | null> {
    await restUnused(database, new Date(now().getTime() - IN_USE_MS), now())
    await Promise.all((['crl', 'ocsp'] as const).flatMap((kind) => Array.from({ length: WINDOW[kind] }, () => askInTurn(kind))))
    const due = await nextSource(database)
    return due && new Date(Math.max(due.getTime(), now().getTime() + LOOK_AGAIN_MS))
  }

  async function askInTurn (kind: SourceKind): Promise<void> {
    while (!stopping.aborted) {
      const source = await claimSource(database, kind, { now: now(), leaseSeconds: LEASE_SECONDS })
      if (source === null) return
      const result = await askOne(source)
      if (!stopping.aborted) await finish(source, result)
    }
  }

  async function askOne (source: DueSource): Promise<Result> {
    const target = targetOf(source.url, settings())
    if (target.kind === 'forbidden') return failed('forbidden', target.reason)
    switch (source.kind) {
      case 'crl':
        return conclude(source, await fetchCrl(http, target.url, source, limits.crl, stopping), (bytes) => takeInCrl(database, authorities, bytes, { source: target.url.href, at: now() }))
      case 'ocsp': {
        const seen = await findSeen(database, source.certificate!)
        if (seen === null) return failed('unknown', 'the CA of this certificate is not known')
        const [certificate, issuer] = [new X509Certificate(seen.der), new X509Certificate(seen.issuer)]
        const fetched = await fetchOcsp(http, target.url, ocspRequestFor(certificate, issuer), limits.ocsp, stopping)
        return conclude(source, fetched, (bytes) => takeInOcsp(database, [{ certificate, issuer }], bytes, { source: target.url.href, at: now() }))
      }
    }
  }

  async function conclude (source: DueSource, fetched: Fetched, takeIn: (bytes: Buffer) => Promise<TakenIn>): Promise<Result> {
    switch (fetched.kind) {
      case 'failed': return failed(fetched.outcome, fetched.detail)
      case 'unchanged': return current('unchanged', source.endsAt, null)
      case 'fetched': {
        const taken = await takeIn(fetched.bytes)
        // Without validators: what was no answer is not to be called unchanged next time
        if (taken.kind === 'rejected') return { ...failed('rejected', taken.reason), validators: { etag: null, lastModified: null } }
        if (taken.isNew) onTaken()
        return current(taken.isNewest ? taken.isNew ? 'stored' : 'unchanged' : 'older', taken.nextUpdate, fetched.validators)
      }
    }
  }

  /** What is given out although it has ended counts as a failure: it is asked for again soon. */
  function current (outcome: string, nextUpdate: Date | null, validators: Validators | null): Result {
    if (nextUpdate !== null && nextUpdate <= now()) return { outcome: 'ended', detail: `nextUpdate ${nextUpdate.toISOString()}`, isFailure: true, nextUpdate, validators }
    return { outcome, detail: null, isFailure: false, nextUpdate, validators }
  }

  /** Long before a CRL ends a person should hear that the next one cannot be had: then every document would wait. */
  async function tellWhenSilent (url: string, { failures, before, why, at }: { failures: number, before: number, why: string, at: Date }): Promise<void> {
    const alarm = { at, kind: 'revocation.silent', subject: url }
    if (failures === SILENT_AFTER) {
      await database.transaction((tx) => raiseAlarm(tx, log, {
        ...alarm,
        vi: `Không lấy được danh sách thu hồi từ ${url} (${why}); hết hạn thì văn bản phải chờ. Xem: lienthong revocation list; nạp từ tệp: lienthong revocation import`,
        en: `No CRL can be had from ${url} (${why}); once the last one has ended, documents wait. See: lienthong revocation list; from a file: lienthong revocation import`,
      }))
    }
    if (failures === 0 && before >= SILENT_AFTER) await database.transaction((tx) => clearAlarm(tx, log, alarm))
  }

  async function finish (source: DueSource, { outcome, detail, isFailure, nextUpdate, validators }: Result): Promise<void> {
    const at = now()
    const failures = isFailure ? source.failures + 1 : 0
    const fetchMinutes = source.kind === 'ocsp' && nextUpdate !== null && !isFailure ? OCSP_MINUTES : settings().fetchMinutes
    const nextAt = nextTry({ now: at, failures, nextUpdate, fetchMinutes })
    await finishSource(database, source.id, { outcome, detail, failures, nextAt, at, endsAt: nextUpdate ?? source.endsAt, validators })
    if (source.kind === 'ocsp' && (outcome === 'unreachable' || outcome === 'broken')) await restResponder(database, source.url, nextAt, at)
    const about = { url: source.url, certificate: source.certificate ?? undefined, outcome, reason: detail ?? undefined }
    if (source.kind === 'crl') await tellWhenSilent(source.url, { failures, before: source.failures, why: [outcome, detail].filter(Boolean).join(': '), at })
    if (isFailure && source.failures === 0) log.info(about, 'trust.revocation: a source gives no answer that counts')
    if (!isFailure && source.failures > 0) log.info(about, 'trust.revocation: a source answers again')
  }
}

function failed (outcome: string, detail: string): Result {
  return { outcome, detail, isFailure: true, nextUpdate: null, validators: null }
}
