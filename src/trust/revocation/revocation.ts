/**
 * What the gateway knows of revocation: kept in tables, held in memory, asked for in the background.
 *
 *   a judgement meets a chain ─▶ followed: its sources are asked ─▶ an answer is taken in (table) ─▶ held in memory, by every gateway ─▶ judgements look
 *                                follow.ts          ask.ts, fetch.ts              take-in.ts, store.ts    load.ts, memory.ts              known.ts
 *
 * To judge is apart from that, and pure: crl.ts and ocsp.ts read an answer, answer-signer.ts proves whose it is, crl-statements.ts and
 * ocsp-statements.ts say what it means for a certificate, and judge.ts weighs all that is said.
 */
import type { X509Certificate } from 'node:crypto'
import type { Database } from '../../database/database.ts'
import { Refusal } from '../../errors.ts'
import { isPublicAddress } from '../../http/addresses.ts'
import { createHttpClient } from '../../http/client.ts'
import type { Log } from '../../http/log.ts'
import type { Queue } from '../../queue/queue.ts'
import type { TrustPolicy } from '../policy.ts'
import { policyOf, readTrustSettings } from '../settings.ts'
import type { TrustStore } from '../store.ts'
import { certificateOf, type SignatureVerdict } from '../verdict.ts'
import { createAsk, IN_USE_MS } from './ask.ts'
import { createFollow } from './follow.ts'
import { holdStored } from './load.ts'
import { createMemory, CRL_VERSIONS, OCSP_VERSIONS } from './memory.ts'
import type { KnownRevocation } from './known.ts'
import { answersAfter, lastSequence, newestAnswers, seenUnder, type AnswerRow, type SourceKind } from './store.ts'
import { authoritiesOf, takeInCrl, type Authorities } from './take-in.ts'

/** Answers read from the tables at a time: other work goes on in between. */
const PAGE = 50
const CONNECT_MS = 5000

const PAGE_OF_SEEN = 500

/** A certificate (fingerprint, hex) that its CA has revoked, and since when what it signed is in doubt. */
export type RevokedCertificate = { fingerprint: string, since: Date, reason: string }

/** Whose answers have come: names of CAs (comparable) whose CRLs, and fingerprints of certificates whose OCSP answers. */
export type News = { issuers: Set<string>, certificates: Set<string> }

export type Revocation = Awaited<ReturnType<typeof openRevocation>>

type Needs = {
  database: Database, queue: Queue,
  /** Every store whose certificates are judged. */
  stores: readonly TrustStore[],
  /** CRLs that an administrator put into the trust folder. */
  crls: readonly Buffer[],
  now: () => Date, log: Log, stopping: AbortSignal,
  /** There may be work for `refresh` or for `ask`. */
  nudge: { refresh: () => void, ask: () => void },
  /** Heard after judgements can see the news. */
  onNews: (news: News) => Promise<void>,
}

/** Once this returns, judgements see whatever was known before. */
export async function openRevocation ({ database, queue, stores, crls, now, log, stopping, nudge, onNews }: Needs) {
  const memory = createMemory()
  let settings = await readTrustSettings(database)
  const follow = createFollow({ database, queue, stores, now })
  follow.meetStores()
  const authorities = authoritiesOf(database, stores)
  await takeInFolder(database, authorities, crls, now())

  let last = await lastSequence(database)
  const usedSince = new Date(now().getTime() - IN_USE_MS)
  const unheard = await hold(await newestAnswers(database, { crls: CRL_VERSIONS, ocsp: OCSP_VERSIONS, upTo: last, usedSince }))

  // Apart from the client that axes are spoken to with: it goes where strangers' certificates point
  const http = createHttpClient({ connections: 4, connectWithin: CONNECT_MS, mayReach: (address) => settings.privateNetworks || isPublicAddress(address) })
  const ask = createAsk({
    database, http, settings: () => settings, authorities, now, log, stopping, onTaken: nudge.refresh,
  })

  async function hold (rows: readonly AnswerRow[]): Promise<News> {
    await holdStored(database, memory, rows, log)
    const of = (kind: SourceKind) => rows.filter((row) => row.kind === kind)
    return { issuers: new Set(of('crl').map(({ issuer }) => issuer)), certificates: new Set(of('ocsp').map(({ certificate }) => certificate!)) }
  }

  return {
    /** What judgements look at. */
    known: { crls: memory.crls, ocsp: memory.ocsp } satisfies KnownRevocation,
    ask,

    /** The general policy, or what a connection makes of it. */
    policy: (own?: Partial<TrustPolicy>) => policyOf(settings, own),

    /** Follows the certificates that a fresh verdict rests on, and asks now for the answers that it missed. Takes no time. */
    meet ({ chain, revocation }: Pick<SignatureVerdict, 'chain' | 'revocation'>): void {
      const certificates = chain.map(certificateOf)
      if (certificates.some((certificate) => certificate === undefined)) return
      const missing = revocation.filter(({ status }) => status === 'missing').map(({ certificate }) => certificate)
      if (follow.meet({ chain: certificates as X509Certificate[], missing })) nudge.refresh()
    },

    /** Certificates seen that the news say are revoked, since another time than a person was told of, if at all. */
    async * revokedBy ({ issuers, certificates }: News): AsyncGenerator<RevokedCertificate> {
      for (let after = ''; ;) {
        const seen = await seenUnder(database, { issuers: [...issuers], certificates: [...certificates], after, limit: PAGE_OF_SEEN })
        for (const { fingerprint, issuer, serial, revokedSince } of seen) {
          const found = revokedIn(memory, { fingerprint, issuer, serial })
          if (found && found.since.getTime() !== revokedSince?.getTime()) yield { fingerprint, ...found }
        }
        if (seen.length < PAGE_OF_SEEN) return
        after = seen.at(-1)!.fingerprint
      }
    },

    /** Reads the settings and the answers that any gateway has stored meanwhile, and writes down what judgements have met. */
    async refresh (): Promise<Date | null> {
      settings = await readTrustSettings(database)
      await tell(unheard)
      while (!stopping.aborted) {
        const rows = await answersAfter(database, last, PAGE)
        if (rows.length === 0) break
        await tell(await hold(rows))
        last = rows.at(-1)!.sequence
      }
      // Last: what judgements have met comes from strangers, and nothing of it may keep answers from being heard
      if (await follow.write()) nudge.ask()
      return null
    },

    [Symbol.asyncDispose]: () => http[Symbol.asyncDispose](),
  }

  /** News that were told once are not told again; told twice they do no harm. */
  async function tell (news: News): Promise<void> {
    if (news.issuers.size === 0 && news.certificates.size === 0) return
    await onNews(news)
    news.issuers.clear()
    news.certificates.clear()
  }
}

/** What the CA has said last: a suspension that it has taken back is none. */
function revokedIn ({ crls, ocsp }: KnownRevocation, { fingerprint, issuer, serial }: { fingerprint: string, issuer: string, serial: string }): { since: Date, reason: string } | null {
  const newest = new Map(crls(issuer).toReversed().map((crl) => [`${crl.baseNumber === undefined} ${crl.scope?.octets.toString('hex')} ${crl.issuerKeyId}`, crl]))
  const listed = [...newest.values()].toSorted((one, other) => other.thisUpdate.getTime() - one.thisUpdate.getTime()).map((crl) => crl.find(serial, issuer)).find((entry) => entry !== undefined)
  const answered = ocsp(fingerprint)[0]?.responses.find((response) => response.serial === serial)?.revoked
  const revoked = [listed, answered].find((one) => one !== undefined && one.reason !== 'removeFromCRL')
  if (!revoked) return null
  const { at, invalidSince = at, reason } = revoked
  return { since: invalidSince < at ? invalidSince : at, reason }
}

/** A file that says nothing would be missed much later, as documents that wait: it is refused at the start, like the certificates beside it. */
async function takeInFolder (database: Database, authorities: Authorities, crls: readonly Buffer[], at: Date): Promise<void> {
  const faults: string[] = []
  for (const bytes of crls) {
    const taken = await takeInCrl(database, authorities, bytes, { source: 'TRUST_DIR/crls', at })
    if (taken.kind === 'rejected') faults.push(`crls: ${taken.reason}`)
  }
  if (faults.length > 0) throw new Refusal('SETUP_INVALID', { field: 'TRUST_DIR', detail: faults.join('; ') })
}
