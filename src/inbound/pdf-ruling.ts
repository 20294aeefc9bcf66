/** What the PDFs of an arrival mean for an agency that it is addressed to. Decides only. */
import { ruleInbound, standingOf, type InboundPdfRule, type PdfPolicy, type PdfStanding } from '../pdf/policy.ts'
import type { PdfVerdict } from '../pdf/verdict.ts'
import type { Reason } from '../trust/verdict.ts'

/** The verdict on one attachment, by its number in the packet (from 1), and the SHA-256 of its bytes. */
export type JudgedPdf = { number: number, name: string, sha256: string, verdict: PdfVerdict }

/** Why a document is held or refused: a file, and what is wrong with it. */
export type FileFault = { number: number, name: string, standing: PdfStanding, reasons: Reason[] }

/** `faults` are the files that it is for; none where the document passes. */
export type PdfRuling = { kind: InboundPdfRule, faults: FileFault[] }

/** What waits is waited for only where nothing worse is known: a person decides with all that is known by then, and a refusal stands in any case. */
const STRICTEST = ['refuse', 'hold', 'wait'] as const

/** The strictest rule that one of the files meets, and the files that meet it. */
export function rulePdfs (pdfs: readonly JudgedPdf[], connection: PdfPolicy, agency: PdfPolicy): PdfRuling {
  const ruled = pdfs.map((pdf) => ({ pdf, rule: ruleInbound(pdf.verdict, connection, agency) }))
  const kind = STRICTEST.find((one) => ruled.some(({ rule }) => rule === one))
  if (kind === undefined) return { kind: 'mark', faults: [] }
  return { kind, faults: ruled.filter(({ rule }) => rule === kind).map(({ pdf: { number, name, verdict } }) => ({ number, name, standing: standingOf(verdict), reasons: reasonsOf(verdict) })) }
}

const WORST: readonly PdfStanding[] = ['invalid', 'undecided', 'unsigned', 'valid']

/** How the worst of the files stands; null where there is none. */
export function worstStanding (pdfs: readonly JudgedPdf[]): PdfStanding | null {
  const standings = new Set(pdfs.map(({ verdict }) => standingOf(verdict)))
  return WORST.find((standing) => standings.has(standing)) ?? null
}

/** Reasons kept beside a hand-over; all of them stand in the verdict. */
const MOST_REASONS = 5
/** Room in a status: what a system may report, too. */
const LONGEST = 500

function reasonsOf ({ reasons }: PdfVerdict): Reason[] {
  return reasons.slice(0, MOST_REASONS)
}

/** What is waited for, and for which file; by its number, since it stands in logs. */
export function waitReason ([fault]: readonly FileFault[]): Reason {
  const { number, reasons: [first] } = fault!
  return { ...first!, detail: `tệp · file ${number}` }
}

/** What the sender reads of a refusal. */
export function refusalText (faults: readonly FileFault[]): string {
  return shortened(`Từ chối tiếp nhận: ${inVietnamese(faults)}`)
}

/** What a person reads of a document that waits for them, and the log without the files' names. */
export function heldText (faults: readonly FileFault[], agency: string): { vi: string, en: string, logged: string } {
  return {
    logged: `A document for ${agency} waits for a person to decide: ${shortened(faults.map(({ number, reasons: [first] }) => `file ${number} ${first?.code}`).join('; '))}`,
    vi: `Một văn bản gửi ${agency} chờ người quyết định (lienthong held): ${shortened(inVietnamese(faults))}`,
    en: `A document for ${agency} waits for a person to decide (lienthong held): ${shortened(faults.map(({ number, name, reasons: [first] }) => `file ${number} “${name}”: ${first?.en} (${first?.code})`).join('; '))}`,
  }
}

function inVietnamese (faults: readonly FileFault[]): string {
  return faults.map(({ number, name, reasons: [first] }) => `tệp ${number} “${name}”: ${first?.vi} (${first?.code})`).join('; ')
}

function shortened (text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1).toWellFormed()}…` // the cut may go through a character
}
