/**
 * Files that the agency signs, on their way:
 *
 *   waiting ── signed with the agency's key (B-B) ──▶ signed ── time-stamp, revocation data, or time over ──▶ finished
 *      ▲  └─ signer away: later                         │ judged: our own signature does not hold
 *      └────────────────────────────────────────────────┘
 *
 * Every dispatch of the document waits for the last of its files. What was done is kept before the next step begins, so that a gateway that dies
 * is followed by one that goes on; a lease keeps two from one file.
 */
import { sealOf } from '../agencies/seals.ts'
import type { Signers } from '../agencies/signers.ts'
import { raiseAlarm } from '../alarms/alarms.ts'
import { readBlob } from '../blobs/blobs.ts'
import type { Database } from '../database/database.ts'
import type { Log } from '../http/log.ts'
import { signPdf, type SigningWorkers } from '../pdf/sign/sign.ts'
import { SignerAway } from '../trust/signers/away.ts'
import { fingerprintOf, nameForPeople } from '../trust/verdict.ts'
import { oneEnds } from './in-flight.ts'
import { afterFault } from './pdf-level.ts'
import { signatureRequest } from './sign-request.ts'
import { notReady } from './complete-pdf.ts'
import { claimSignings, loadSigning, nextSigning, noteDocument, postponeSigning, renewLeases, saveSignature, type ClaimedFile, type FileKey, type Signing } from './signing-store.ts'

/** Files at once, and no further one once they have so many octets: each is in memory while it is signed or judged. */
const WINDOW = { count: 8, bytes: 64 * 1024 * 1024 }
/** How soon another gateway goes on after one that died; whoever lives lengthens its leases three times in that time. */
const LEASE_MS = 10_000
const RENEW_MS = LEASE_MS / 3
/** A signer that is away says itself when to ask again; otherwise this soon. */
const SIGNER_AWAY_MS = 10_000

type Needs = {
  database: Database, signers: Signers, workers: SigningWorkers, now: () => Date, log: Log, stopping: AbortSignal
  /** Carries a file that is signed as far as it comes. */
  complete: (signing: Signing) => Promise<void>
  onSigned: () => void
}

export function createSignPdf ({ database, signers, workers, now, log, stopping, complete, onSigned }: Needs) {
  const leaseUntil = () => new Date(now().getTime() + LEASE_MS)

  return {
    /** Signs what waits for the agency's signature. Returns when to look again, or null. */
    sign: () => workOff('waiting', sign),
    /** Carries on what is signed and has not its level yet. Returns when to look again, or null. */
    complete: () => workOff('signed', complete),
  }

  async function workOff (state: 'waiting' | 'signed', work: (signing: Signing) => Promise<void>): Promise<Date | null> {
    const running = new Map<Promise<void>, ClaimedFile>()
    let renewAt = now().getTime() + RENEW_MS
    try {
      while (!stopping.aborted) {
        for (const file of await claimSignings(database, state, roomBeside([...running.values()]), leaseUntil(), now())) {
          const done: Promise<void> = workOn(file, work)
            .catch((error: unknown) => log.error({ err: error, ...file }, 'outbound.sign-pdf: a file was left; its lease ends by itself'))
            .finally(() => running.delete(done))
          running.set(done, file)
        }
        if (running.size === 0) break
        await oneEnds(running.keys())
        if (now().getTime() < renewAt) continue
        await renewLeases(database, [...running.values()], leaseUntil())
        renewAt = now().getTime() + RENEW_MS
      }
    } finally {
      await Promise.all(running.keys())
    }
    return nextSigning(database, state)
  }

  /** What one file meets is no matter of the others. */
  async function workOn (file: FileKey, work: (signing: Signing) => Promise<void>): Promise<void> {
    let attempts = 0
    try {
      const signing = await loadSigning(database, file)
      attempts = signing.attempts
      await work(signing)
    } catch (error) {
      const at = now()
      if (error instanceof SignerAway) return postpone(file, error.retryAt ?? new Date(at.getTime() + SIGNER_AWAY_MS), 'the signer is away')
      if (stopping.aborted) return // its lease ends by itself
      log.error({ err: error, ...file }, 'outbound.sign-pdf: a file could not be made ready')
      await database.transaction(async (tx) => {
        // Another gateway may have finished it meanwhile, and would never clear the alarm
        if (!await postponeSigning(tx, file, afterFault(attempts, at), 'the gateway could not make the file ready', at)) return
        await raiseAlarm(tx, log, { at, ...notReady(file), vi: 'Gateway không ký được tệp PDF của một văn bản; văn bản đang chờ', en: 'The gateway cannot sign a PDF of a document, which waits' })
      })
    }
  }

  async function postpone (file: FileKey, until: Date, reason: string): Promise<void> {
    await database.transaction((tx) => postponeSigning(tx, file, until, reason, now()))
  }

  async function sign ({ documentId, position, name, original, agencyId, agency, header, over, request }: Signing): Promise<void> {
    const signer = await signers.signerOf(agencyId)
    if (!signer) throw new SignerAway('NO_KEY_NOW')
    const [bytes, seal] = [await readBlob(database, original), await sealOf(database, agencyId)]
    const at = now()
    const signed = await signPdf({ bytes }, signatureRequest({ request, ...over !== undefined && { over } }, { agency, header, seal, time: at }), signer, workers)
    const certificate = fingerprintOf(signer.certificate)
    const isKept = await database.transaction(async (tx) => {
      if (!await saveSignature(tx, { documentId, position }, { ...signed, token: null }, Buffer.from(certificate, 'hex'), at)) return false
      await noteDocument(tx, documentId, 'file-signed', { attachment: position, name, as: request.as, signer: nameForPeople(signer.certificate.subject), certificate }, at)
      return true
    })
    if (!isKept) return
    log.info({ documentId, attachment: position }, 'outbound.sign-pdf: a file is signed')
    onSigned()
  }
}

/** What may be taken beside these. */
function roomBeside (files: readonly ClaimedFile[]): typeof WINDOW {
  return { count: WINDOW.count - files.length, bytes: files.reduce((left, { size }) => left - size, WINDOW.bytes) }
}
