/** PDFs on their way out are judged before anything of their document is stored, signed or sent. Decides only. */
import type { Attachment } from '../edxml/packet.ts'
import { Refusal, type RefusalCode } from '../errors.ts'
import { ruleOutbound, standingOf, type PdfPolicy, type PdfStanding } from '../pdf/policy.ts'
import type { PdfVerdict } from '../pdf/verdict.ts'

/** Whose file it is, where it goes, and which files (from 1) the gateway is asked to sign. */
export type Outgoing = { attachments: readonly Attachment[], agency: PdfPolicy, connections: readonly PdfPolicy[], toSign: ReadonlySet<number> }

const REFUSAL: Record<Exclude<PdfStanding, 'valid'>, RefusalCode> = { unsigned: 'ATTACHMENT_PDF_UNSIGNED', undecided: 'ATTACHMENT_PDF_UNDECIDED', invalid: 'ATTACHMENT_PDF_INVALID' }

/**
 * Refuses the first file that the policies do not let out, by number and name, with the first reason: the agency's policy, else the strictest
 * of the connections'. A file to be signed here is not unsigned; but the agency's signature is put on nothing that is invalid, whatever the policy.
 */
export function refuseUnfit (verdicts: readonly (PdfVerdict | null)[], { attachments, agency, connections, toSign }: Outgoing): void {
  for (const [index, verdict] of verdicts.entries()) {
    if (!verdict) continue
    const standing = standingOf(verdict)
    if (standing === 'valid') continue
    const isToBeSigned = toSign.has(index + 1)
    if (standing === 'unsigned' && isToBeSigned) continue
    const isRefused = (standing === 'invalid' && isToBeSigned) || connections.some((connection) => ruleOutbound(verdict, connection, agency) === 'refuse')
    if (!isRefused) continue
    const [reason] = verdict.reasons
    throw new Refusal(REFUSAL[standing], { field: `Attachment[${index + 1}]`, detail: [attachments[index]!.name, reason && `${reason.code}: ${reason.vi} · ${reason.en}`, reason?.detail].filter(Boolean).join(': ') })
  }
}
