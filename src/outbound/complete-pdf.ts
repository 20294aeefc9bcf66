/** Carries a signed file to the level that is wanted, or as far as it comes in its time; then judges it as whoever gets it will. */
import { createHash } from 'node:crypto'
import { sayWhoSpeaks } from '../agencies/certificates.ts'
import { clearAlarm, raiseAlarm } from '../alarms/alarms.ts'
import { readBlob, storeBlobs } from '../blobs/blobs.ts'
import type { Database } from '../database/database.ts'
import type { KeepEvidence } from '../evidence/keep.ts'
import type { Log } from '../http/log.ts'
import type { JudgePdfs } from '../pdf/attachments.ts'
import { withToken, withValidationData, type SigningWorkers } from '../pdf/sign/sign.ts'
import type { PdfSignatureVerdict, PdfVerdict } from '../pdf/verdict.ts'
import type { Queue } from '../queue/queue.ts'
import type { Trust } from '../trust/judge.ts'
import { readTrustSettings } from '../trust/settings.ts'
import type { TimeStampOutcome, TimeStampingAuthority } from '../trust/time/client.ts'
import { verdictsToStamp, type NoteForStamping } from '../trust/time/stamp.ts'
import type { SignatureVerdict, Verdict } from '../trust/verdict.ts'
import { levelUntil, nextStep, tryAgainAt } from './pdf-level.ts'
import { dropSignature, finishSigning, noteDocument, postponeSigning, saveLevel, type FileKey, type Signing } from './signing-store.ts'
import { validationDataFor } from './validation-data.ts'

type Signed = Signing & { signed: NonNullable<Signing['signed']>, signedAt: Date }

type Needs = {
  database: Database, queue: Queue, trust: Trust, meet: (verdict: Pick<SignatureVerdict, 'chain' | 'revocation'>) => void, workers: SigningWorkers, judgePdfs: JudgePdfs
  /** Asks once, and waits for as long as an answer may take. */
  askForTimeStamp: (hash: Buffer, authority: TimeStampingAuthority) => Promise<TimeStampOutcome>
  keepEvidence: KeepEvidence, noteForStamping: NoteForStamping, now: () => Date, log: Log, stopping: AbortSignal
  onFinished: (connectionIds: string[]) => void
}

/** A file cannot be made ready by a fault of ours. */
export const notReady = ({ documentId }: FileKey) => ({ kind: 'pdf-signing.not-ready', subject: documentId })

/** How long an authority that is away is left alone. */
const AWAY_MS = 2000

/** No token has been had for a file in its time. */
const ALARM = { kind: 'pdf-signing.level', subject: 'gateway' }

export function createCompletePdf ({ database, queue, trust, meet, workers, judgePdfs, askForTimeStamp, keepEvidence, noteForStamping, now, log, stopping, onFinished }: Needs) {
  let asking = 0
  let away: { reason: string, until: Date } | null = null

  /** Does all that can be done of it now. Once it is finished, what leaves is stored, with our own verdict on it. */
  return async function complete (signing: Signing): Promise<void> {
    const { signed, signedAt } = signing
    if (!signed || !signedAt) throw new Error('the file is not signed yet')
    await carryOn({ ...signing, signed, signedAt })
  }

  async function carryOn (file: Signed): Promise<void> {
    const until = levelUntil(file.signedAt, file.levelMinutes)
    switch (nextStep({ ...file, level: file.signed.level })) {
      case 'finish': return finish(file)
      case 'stamp': return stamp(file, until)
      case 'validate': return validate(file, until)
    }
  }

  /** RFC 3161, EN 319 122-1, 5.3: over the signature's value, so that it proves when the signature was there. */
  async function stamp (file: Signed, until: Date): Promise<void> {
    // One that is away is asked by one file at a time, so that the others can go when their time is over
    if (away && (asking > 0 || now() < away.until)) return later(file, until, away.reason)
    const { timeStamping } = await readTrustSettings(database)
    const hash = createHash('sha256').update(file.signed.signatureValue).digest()
    if (!timeStamping) return later(file, until, 'no time-stamp: no authority is set up')
    asking++
    const outcome = await askForTimeStamp(hash, { ...timeStamping, store: trust.timeStamping }).finally(() => { asking-- })
    if (stopping.aborted && outcome.kind === 'away') return // the lease ends by itself, and whoever comes next asks
    away = outcome.kind === 'away' ? { reason: `no time-stamp: ${outcome.reason}`, until: new Date(now().getTime() + AWAY_MS) } : null
    switch (outcome.kind) {
      case 'away': return later(file, until, `no time-stamp: ${outcome.reason}`)
      case 'useless': return later(file, until, `no time-stamp: ${reasonOf(outcome.verdict)}`)
      case 'stamped': {
        const signed = { ...withToken({ ...file.signed, level: 'B-B' }, outcome.token), token: outcome.token }
        if (!await saveLevel(database, file, 'B-B', signed)) return
        await clearAlarm(database, log, { at: now(), ...ALARM })
        return carryOn({ ...file, signed, attempts: 0, reason: null })
      }
    }
  }

  /** EN 319 142-1, 5.4: what proves the signature and its time-stamp when their CAs answer no more. */
  async function validate (file: Signed, until: Date): Promise<void> {
    const original = await readBlob(database, file.original)
    const ours = ownSignature(await judge(file, Buffer.concat([original, file.signed.increment])), file)
    const data = await validationDataFor({ verdict: ours, signatureValue: file.signed.signatureValue, token: file.signed.token! }, { database, trust, meet, at: now() })
    if (data === 'missing') return later(file, until, 'no answer on the revocation of its signer, or of the time-stamping authority')
    if (data === 'too large') return finish({ ...file, reason: 'its revocation data is too large to travel with it' })
    const update = await withValidationData({ bytes: original }, file.signed, data, now(), workers)
    const signed = { ...file.signed, level: 'B-LT' as const, increment: Buffer.concat([file.signed.increment, update]) }
    if (await saveLevel(database, file, 'B-T', signed)) await carryOn({ ...file, signed, attempts: 0, reason: null })
  }

  async function finish (file: Signed): Promise<void> {
    const { documentId, position, name, wanted, signed: { level, increment } } = file
    const bytes = Buffer.concat([await readBlob(database, file.original), increment])
    const verdict = await judge(file, bytes)
    const ours = ownSignature(verdict, file)
    // Whoever signed before us must not be made a liar by our update
    const spoils = verdict.signatures.some(({ later }) => later.some(({ permitted, revision }) => !permitted && revision >= ours.revision))
    if (ours.result === 'invalid' || spoils) {
      await dropSignature(database, file, file.signed)
      // Their details name fields of the file
      throw new Error(`the file must not leave as it is signed: ${(spoils ? verdict : ours).reasons.map(({ code }) => code).join(' ')}`)
    }
    const at = now()
    const reason = level === wanted ? null : file.reason ?? 'its time is over'
    const done = await database.transaction(async (tx) => {
      const [blob] = await storeBlobs(tx, [bytes])
      const done = await finishSigning(tx, file, { signed: file.signed, sha256: blob!.sha256, verdict, reason }, at)
      if (!done) return null
      await clearAlarm(tx, log, { at, ...notReady(file) })
      await noteDocument(tx, documentId, 'file-ready', { attachment: position, name, level, ...reason !== null && { wanted, reason }, result: verdict.result }, at)
      await noteForStamping(tx, verdictsToStamp(documentId, blob!.sha256, [verdict]))
      if (level === 'B-B' && wanted !== 'B-B') {
        await raiseAlarm(tx, log, { at, ...ALARM, vi: 'Văn bản đã đi với tệp PDF chưa có dấu thời gian: hết thời gian chờ', en: 'A document has gone with a PDF that has no time-stamp: its time was over' })
      }
      await queue.wake(tx, done.connectionIds.map((connectionId) => ({ name: 'outbound.send', data: { connectionId }, key: connectionId })))
      return done
    })
    if (!done) return
    log.info({ documentId, attachment: position, level, wanted }, 'outbound.sign-pdf: a file is ready')
    onFinished(done.connectionIds)
  }

  async function judge ({ name, header }: Signed, bytes: Buffer): Promise<PdfVerdict> {
    const at = now()
    const [verdict] = await sayWhoSpeaks(database, { code: header.from.organId, at }, await judgePdfs([{ name, bytes }], { trust, at }))
    if (!verdict) throw new Error('a file that we have signed is no PDF')
    verdict.signatures.forEach(meet)
    await keepEvidence(verdict.signatures)
    return verdict
  }

  /** It is tried again, unless its time is over: then it goes as it is. */
  async function later (file: Signed, until: Date, reason: string): Promise<void> {
    const again = tryAgainAt(file.attempts, until, now())
    if (again === null) return finish({ ...file, reason })
    await database.transaction((tx) => postponeSigning(tx, file, again, reason, now()))
  }
}

/** The verdict on the signature that is ours. */
function ownSignature ({ signatures, reasons }: PdfVerdict, { signed }: Signed): PdfSignatureVerdict {
  const ours = signatures.find(({ field }) => field === signed.field)
  if (!ours) throw new Error(`our own signature is not found in the file: ${reasons.map(({ code }) => code).join(' ')}`)
  return ours
}

function reasonOf ({ reasons }: Verdict): string {
  return reasons.map(({ code, detail }) => detail === undefined ? code : `${code}: ${detail}`).join('; ').slice(0, 300)
}
