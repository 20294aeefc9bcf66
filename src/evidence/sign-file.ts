/**
 * Signs a PDF file for an agency, and judges the result before it stands where it was asked for: copies of the file are made by the file system,
 * and only updates are ever in memory.
 */
import { createHash, randomBytes } from 'node:crypto'
import { appendFile, copyFile, rename, rm } from 'node:fs/promises'
import { constants } from 'node:fs'
import type { HttpClient } from '../http/client.ts'
import { judgePdf } from '../pdf/judge.ts'
import { leaderAmong } from '../pdf/sign/leader.ts'
import { chainOfToken } from '../pdf/sign/proofs.ts'
import type { PdfSignatureRequest, SignatureLevel } from '../pdf/sign/request.ts'
import { signPdf, withToken, withValidationData, type SignedPdf } from '../pdf/sign/sign.ts'
import type { PdfSignatureVerdict, PdfVerdict } from '../pdf/verdict.ts'
import type { PdfWorkers } from '../pdf/workers.ts'
import type { Trust } from '../trust/judge.ts'
import type { Signer } from '../trust/signers/signer.ts'
import { askForTimeStamp } from '../trust/time/client.ts'
import { fingerprintOf } from '../trust/verdict.ts'
import { fetchMissing } from './fetch.ts'
import { validationDataOf } from './proofs.ts'
import type { GivenTrust } from './trust.ts'
import { briefly } from './words.ts'

/** What is to be done to which file. `tsa` is asked where the level needs a time-stamp. */
export type FileToSign = { path: string, output: string, request: PdfSignatureRequest, signer: Signer, level: SignatureLevel, tsa: string | null, offline: boolean }

/** What became of it: `refused` and `unfit` leave nothing behind. */
export type SignedFile =
  | { kind: 'signed', level: SignatureLevel, signature: PdfSignatureVerdict, verdict: PdfVerdict }
  /** A signature that is in the file already does not hold: nobody puts a seal on that */
  | { kind: 'refused', verdict: PdfVerdict }
  /** No time-stamp, or no answer on revocation, was to be had */
  | { kind: 'incomplete', level: SignatureLevel, reason: string }
  /** Our own signature, or an earlier one because of it, would not hold */
  | { kind: 'unfit', verdict: PdfVerdict }

type Needs = { given: GivenTrust, workers: PdfWorkers, http: HttpClient, now: () => Date }

/** Once this returns `signed`, the output is there, whole and judged. Throws a Refusal for a file or a request that cannot be signed, SignerAway for a key. */
export async function signFile (file: FileToSign, { given, workers, http, now }: Needs): Promise<SignedFile> {
  const { path, output, signer } = file
  const judging = createJudging(given, workers, file.offline, now)
  const before = await judging.judge(path)
  if (before.result === 'invalid') return { kind: 'refused', verdict: before }
  const over = leaderAmong(before.signatures, fingerprintOf(signer.certificate))
  const request = file.request.as === 'document' && over !== undefined ? { over, ...file.request } : file.request

  const signed = await signPdf({ path }, request, signer, workers)
  const stamped = file.level === 'B-B' ? { signed, token: null } : await stamp(signed)
  if ('reason' in stamped) return { kind: 'incomplete', level: 'B-B', reason: stamped.reason }
  const part = `${output}.${randomBytes(4).toString('hex')}.part`
  try {
    await copyFile(path, part, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
    await appendFile(part, stamped.signed.increment)
    if (stamped.token && file.level === 'B-LT') {
      const { signatureValue } = signed
      const update = await proofs(part, stamped.signed, { token: stamped.token, signatureValue })
      if (!update) return { kind: 'incomplete', level: 'B-T', reason: 'no answer on the revocation of the signer, or of the time-stamping authority' }
      await appendFile(part, update)
    }
    const verdict = await judging.judge(part)
    const signature = verdict.signatures.find(({ field }) => field === signed.field)
    if (!signature || verdict.result === 'invalid') return { kind: 'unfit', verdict }
    await rename(part, output)
    return { kind: 'signed', level: file.level, signature, verdict }
  } finally {
    await rm(part, { force: true })
  }

  async function stamp (signed: SignedPdf): Promise<{ signed: SignedPdf, token: Buffer } | { reason: string }> {
    const hash = createHash('sha256').update(signed.signatureValue).digest()
    const outcome = await askForTimeStamp(hash, { url: file.tsa!, store: given.trust.timeStamping }, { http, now })
    switch (outcome.kind) {
      case 'stamped': return { signed: withToken(signed, outcome.token), token: outcome.token }
      case 'away': return { reason: outcome.reason }
      case 'useless': return { reason: outcome.verdict.reasons.map(briefly).join('; ') }
    }
  }

  async function proofs (part: string, signed: SignedPdf, stamp: { token: Buffer, signatureValue: Buffer }): Promise<Buffer | null> {
    const verdict = await judging.judge(part)
    const own = verdict.signatures.find(({ field }) => field === signed.field)!
    const ofAuthority = () => chainOfToken(stamp, judging.trust(), now())
    await judging.ask([ofAuthority()])
    const data = validationDataOf([own, ofAuthority()], judging.trust())
    return data && withValidationData({ path }, signed, data, now(), workers)
  }
}

/** Judges files; what is missing on revocation is asked for once, and then known. */
function createJudging ({ trust: first, settings, knowing }: GivenTrust, workers: PdfWorkers, offline: boolean, now: () => Date) {
  let [trust, fetched]: [Trust, Buffer[]] = [first, []]

  /** Whatever comes is known from now on. */
  async function ask (verdicts: Parameters<typeof fetchMissing>[0]): Promise<void> {
    const more = offline ? [] : await fetchMissing(verdicts, settings)
    if (more.length === 0) return
    fetched = [...fetched, ...more]
    trust = knowing(fetched)
  }

  return {
    ask,
    trust: () => trust,
    async judge (path: string): Promise<PdfVerdict> {
      const examination = await workers.examine({ path })
      const judge = () => judgePdf(examination, { trust, at: now() })
      await ask(judge().signatures)
      return judge()
    },
  }
}
