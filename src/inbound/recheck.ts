/**
 * What passed before everything was known of its signers' revocation is looked at again.
 *
 *   waiting ── an answer has come, and all are good ──▶ good
 *      │  └─── one says: revoked at the proof time ───▶ revoked (alarm)
 *      └────── none by the end of acceptHours ────────▶ unanswered (alarm), and still looked at
 *
 * And a certificate that turns out revoked since a date is held against every document accepted since then, under any policy: each such arrival
 * shows it, and `lienthong certificates compromised` lists them.
 */
import { clearAlarm, raiseAlarm } from '../alarms/alarms.ts'
import { recordAudit } from '../audit/audit.ts'
import type { Connections } from '../axis/connections.ts'
import type { Database, Tx } from '../database/database.ts'
import type { Log } from '../http/log.ts'
import type { Trust } from '../trust/judge.ts'
import type { TrustPolicy } from '../trust/policy.ts'
import type { News, RevokedCertificate } from '../trust/revocation/revocation.ts'
import { markRevoked } from '../trust/revocation/store.ts'
import type { NoteForStamping } from '../trust/time/stamp.ts'
import type { SignatureVerdict } from '../trust/verdict.ts'
import { verdictsOf, type Verdicts } from './arrival.ts'
import { toStamp, type Judge } from './judge.ts'
import { bringArrivalsForward, bringRechecksForward, claimRecheck, countTouched, finishRecheck, insertRecheck, markTouched, nextRecheck, type DueRecheck } from './recheck-store.ts'

/** Judged again, it takes milliseconds; after this, whoever had taken it is taken for dead. */
const LEASE_SECONDS = 60
const LOOK_AGAIN_MS = 1000
/** News bring a check forward; without any it is looked at this often. */
const EVERY_MS = { waiting: 15 * 60_000, unanswered: 6 * 60 * 60_000 }

/** What trust rests on, by the general policy and what a connection makes of it. */
export type TrustFor = (own?: Partial<TrustPolicy>) => Trust

export type Recheck = ReturnType<typeof createRecheck>

type Needs = {
  database: Database, connections: Connections, judge: Judge, trust: TrustFor, revokedBy: (news: News) => AsyncIterable<RevokedCertificate>, noteForStamping: NoteForStamping, now: () => Date, log: Log, stopping: AbortSignal,
}

export function createRecheck ({ database, connections, judge, trust, revokedBy, noteForStamping, now, log, stopping }: Needs) {
  let times = 0
  return {
    /** Remembers an arrival that passed although an answer was missing, as part of the transaction that lets it pass. */
    async note (tx: Tx, { id, fetchedAt }: { id: string, fetchedAt: Date }, verdicts: Verdicts): Promise<void> {
      // In a PDF also what is not decided: a person, or the agency's policy, may let it pass
      const pdfs = verdicts.pdfs.flatMap(({ verdict }) => verdict.signatures)
      const accepted = verdictsOf(verdicts).filter((verdict) => verdict.result === 'valid' || (verdict.result === 'indeterminate' && pdfs.some((one) => one === verdict)))
      const missing = missingIn(accepted)
      if (missing.length === 0) return
      const hours = Math.max(...accepted.map(({ policy }) => policy.acceptHours))
      await insertRecheck(tx, { arrivalId: id, missing, acceptedUntil: new Date(fetchedAt.getTime() + hours * 3_600_000), nextAt: new Date(now().getTime() + EVERY_MS.waiting) })
    },

    /** Looks again at what is due. Returns when to look next, or null. */
    async look (): Promise<Date | null> {
      while (!stopping.aborted) {
        const due = await claimRecheck(database, now(), LEASE_SECONDS)
        if (due === null) break
        await lookAt(due)
      }
      const next = await nextRecheck(database)
      return next && new Date(Math.max(next.getTime(), now().getTime() + LOOK_AGAIN_MS))
    },

    /** Answers have come: what waits for them is asked again now, and whoever is revoked is held against what was accepted. Gives the connections with work. */
    async hear (news: News): Promise<string[]> {
      times++
      for await (const revoked of revokedBy(news)) await tell(revoked)
      const about = { issuers: [...news.issuers], certificates: [...news.certificates] }
      await bringRechecksForward(database, about, now())
      return bringArrivalsForward(database, about, now())
    },

    /** How often answers have come: who has judged meanwhile may have missed one. */
    heard: () => times,
  }

  async function lookAt (due: DueRecheck): Promise<void> {
    const connection = await connections.open(due.connectionId)
    // What is missing stays missing this time, whatever the policy would let pass
    const judged = await judge(due, trust({ ...connection?.policy.trust, missingRevocation: 'wait' }))
    if (judged.kind === 'fault') throw judged.error
    const verdicts = judged.kind === 'read' ? judged.verdicts : null
    // Of what is wrong anyway nobody waits for an answer
    const answers = verdicts ? verdictsOf(verdicts).flatMap(({ result, revocation }) => result === 'invalid' ? revocation.filter(({ status }) => status === 'revoked') : revocation) : []
    const at = now()
    const revoked = answers.filter(({ status }) => status === 'revoked')
    const isGood = answers.length > 0 && answers.every(({ status }) => status === 'good')
    const state = revoked.length > 0 ? 'revoked' : isGood ? 'good' : at >= due.acceptedUntil ? 'unanswered' : 'waiting'
    await database.transaction(async (tx) => {
      await finishRecheck(tx, due.id, { state, at, nextAt: new Date(at.getTime() + (state === 'waiting' ? EVERY_MS.waiting : EVERY_MS.unanswered)), verdicts })
      if (verdicts) await noteForStamping(tx, toStamp(due, verdicts))
      const about = { at, subject: due.id }
      switch (state) {
        case 'waiting': break
        case 'unanswered':
          await raiseAlarm(tx, log, {
            ...about, kind: 'arrival.revocation-unanswered',
            vi: 'Một văn bản đã được tạm chấp nhận, nhưng đến hết thời hạn vẫn chưa biết chứng thư số của người ký có bị thu hồi hay không',
            en: 'An arrival was accepted for now, and by the end of its time it is still not known whether its signer is revoked',
          })
          break
        case 'revoked':
          await raiseAlarm(tx, log, {
            ...about, kind: 'arrival.signer-revoked',
            vi: 'Một văn bản đã được tạm chấp nhận, nhưng chứng thư số của người ký đã bị thu hồi tại thời điểm nhận',
            en: 'An arrival was accepted for now, and its signer turned out to be revoked at the time of its receipt',
          })
          await recordAudit(tx, { at, actor: 'gateway', action: 'arrival.signer-revoked', subject: due.id, detail: { certificates: revoked.map(({ certificate }) => certificate), evidence: revoked.flatMap(({ evidence }) => evidence ?? []) } })
          break
        case 'good': break
      }
      if (state === 'revoked' || state === 'good') await clearAlarm(tx, log, { ...about, kind: 'arrival.revocation-unanswered' })
    })
    if (state !== due.state) log.info({ arrivalId: due.id }, `inbound.recheck: the arrival's signers are ${state}`)
  }

  /** Once for each certificate and date. */
  async function tell ({ fingerprint, since, reason }: RevokedCertificate): Promise<void> {
    await database.transaction(async (tx) => {
      if (!await markRevoked(tx, fingerprint, since)) return
      const at = now()
      const { arrivals, documents } = await countTouched(tx, fingerprint, since)
      await recordAudit(tx, { at, actor: 'gateway', action: 'certificate.revoked', subject: fingerprint, detail: { since: since.toISOString(), reason, arrivals, documents } })
      await clearAlarm(tx, log, { at, kind: 'certificate.revoked', subject: fingerprint }) // of another date
      if (arrivals + documents === 0) return
      await markTouched(tx, fingerprint, since, at)
      const date = since.toISOString()
      const command = `lienthong certificates compromised ${fingerprint} --since ${date}`
      await raiseAlarm(tx, log, {
        at, kind: 'certificate.revoked', subject: fingerprint,
        vi: `Chứng thư số này đã bị thu hồi từ ${date} (${reason}); từ đó đã chấp nhận ${arrivals} gói tin đến và ${documents} văn bản đi có chữ ký dựa vào nó. Xem từng văn bản và việc cần làm: ${command}`,
        en: `This certificate is revoked since ${date} (${reason}); since then ${arrivals} arrivals and ${documents} documents of our systems were accepted on its word. To list them with what to do about each: ${command}`,
      })
    })
  }
}

/** The certificates (fingerprints) that no answer speaks of. */
export function missingOf (verdicts: Verdicts): string[] {
  return missingIn(verdictsOf(verdicts))
}

function missingIn (verdicts: readonly SignatureVerdict[]): string[] {
  return [...new Set(verdicts.flatMap(({ revocation }) => revocation).filter(({ status }) => status === 'missing').map(({ certificate }) => certificate))]
}
