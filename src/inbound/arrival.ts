/**
 * An arrival is a packet on its way in.
 *
 *     stored ── verdict, policy ──▶ handed-on (a document, into mailboxes) | applied (a status)
 *       │  ▲                        duplicate (all its mailboxes hold it already) | unmatched (a status of nothing)
 *       │  └ indeterminate: asked again
 *       └── unreadable, or not to be trusted ──▶ quarantined, with its bytes and the reason
 *                                                  └── its signer is approved for its sender ──▶ stored
 *
 * This file decides what a verdict means for an arrival; verify.ts carries it out.
 */
import type { Fault, RefusalCode } from '../errors.ts'
import { rule, type SignaturePolicy } from '../signing/policy.ts'
import type { CertificateDetails, Reason, SignatureVerdict } from '../trust/verdict.ts'
import type { JudgedPdf } from './pdf-ruling.ts'

export type ArrivalState = 'stored' | 'handed-on' | 'duplicate' | 'applied' | 'unmatched' | 'quarantined'

/** Why an arrival is in quarantine: a refusal of its bytes, or a verdict that the policy does not let pass. */
export type QuarantineReason =
  | { code: RefusalCode | 'NO_MAILBOX' | 'NOT_ADDRESSED' } & Fault
  | { code: 'PACKET_SIGNATURE' | 'SEAL', reasons: Reason[] }

export type ArrivalDecision =
  | { kind: 'pass' }
  | { kind: 'quarantine', reason: QuarantineReason }
  | { kind: 'ask-again', nextAt: Date, reason: Reason }

/** What is known of the packet as a whole; a status packet has no seal. */
export type PacketVerdicts = { signature: SignatureVerdict, seal: SignatureVerdict | null }

/** What is known of an arrival's signatures. Files are judged only where the packet passes. */
export type Verdicts = PacketVerdicts & { pdfs: readonly JudgedPdf[] }

/** A verdict on each signature that there is, those inside the files too. */
export function verdictsOf ({ signature, seal, pdfs }: Verdicts): SignatureVerdict[] {
  return [signature, ...seal ? [seal] : [], ...pdfs.flatMap(({ verdict }) => verdict.signatures)]
}

/** The wait before an indeterminate verdict is asked for again, by how often it was: a revocation server is mostly back within the hour. */
const ASK_AGAIN_MINUTES = [1, 5, 15, 60]

/** When to ask again, after so many times. */
export function askAgainAt (attempts: number, now: Date): Date {
  const minutes = ASK_AGAIN_MINUTES[Math.min(attempts, ASK_AGAIN_MINUTES.length - 1)]!
  return new Date(now.getTime() + minutes * 60_000)
}

/** Decision 28/2018, art. 9.1: integrity and authenticity are checked before a document is accepted. */
export function decideArrival (verdicts: PacketVerdicts, policy: { packetSignature: SignaturePolicy, seals: SignaturePolicy }, attempts: number, now: Date): ArrivalDecision {
  const answers = [
    ['PACKET_SIGNATURE', verdicts.signature, policy.packetSignature],
    ['SEAL', verdicts.seal, policy.seals],
  ] as const
  for (const [code, verdict, wanted] of answers) {
    if (!verdict) continue
    const ruling = rule(wanted, verdict)
    switch (ruling.kind) {
      case 'accept': break
      case 'refuse': return { kind: 'quarantine', reason: { code, reasons: verdict.reasons } }
      case 'wait': {
        return { kind: 'ask-again', nextAt: askAgainAt(attempts, now), reason: ruling.reason }
      }
    }
  }
  return { kind: 'pass' }
}

/** Room for the name in a certificate: a stranger may have written it. */
const LONGEST_NAME = 300

/** What the administrator hears of an arrival in quarantine: where its signer is the matter, who that is, so that it can be registered. */
export function alarmText (reason: QuarantineReason, sender: string, verdicts: PacketVerdicts | null): { vi: string, en: string } {
  const codes = 'reasons' in reason ? [reason.code, ...reason.reasons.map(({ code }) => code)].join(' ') : reason.code
  const unregistered = unregisteredSigner(reason, verdicts)
  const signer = unregistered && `${unregistered.subject.slice(0, LONGEST_NAME)}, SHA-256 ${unregistered.fingerprint}`
  return {
    vi: `Một gói tin đến được giữ lại để xem xét (${codes})` + (signer ? `: chứng thư số ${signer}, chưa được đăng ký cho cơ quan gửi ${sender}; nếu đúng là của cơ quan đó, hãy đăng ký, gói tin sẽ được kiểm tra lại` : ''),
    en: `An arrival is in quarantine (${codes})` + (signer ? `: the certificate ${signer}, is not registered for the sender ${sender}; if it is theirs, register it, and the arrival is judged again` : ''),
  }
}

/** Whose certificate would have to be registered for the sender; undefined where that is not what keeps the arrival back. */
export function unregisteredSigner (reason: QuarantineReason, verdicts: PacketVerdicts | null): CertificateDetails | undefined {
  if (!('reasons' in reason) || !['SIGNER_UNKNOWN', 'SIGNER_NOT_AGENCY'].includes(reason.reasons[0]?.code ?? '')) return undefined
  return (reason.code === 'SEAL' ? verdicts?.seal : verdicts?.signature)?.signer
}
