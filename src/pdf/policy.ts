/** What follows from the verdict on a PDF, on the way in and on the way out. */
import Type, { type Static } from 'typebox'
import type { PdfVerdict } from './verdict.ts'

/**
 * How a PDF stands: every signature `valid`; `unsigned`; `undecided`, since an answer on revocation that may still come is missing; `invalid` for
 * everything else, also for a file that cannot be read.
 */
export type PdfStanding = 'valid' | 'unsigned' | 'undecided' | 'invalid'

const strict = { additionalProperties: false }
const incoming = (description: string) => Type.Union([Type.Literal('mark'), Type.Literal('hold'), Type.Literal('refuse')], { description })
const outgoing = (description: string) => Type.Union([Type.Literal('mark'), Type.Literal('refuse')], { description })

/** `mark`: handed over, with the verdict. `hold`: waits for a person. `refuse`: status 02 with the reason goes back. `wait`: judged again until it is known. */
export const InboundPdfPolicy = Type.Object({
  unsigned: Type.Optional(incoming('A PDF without any signature; default mark')),
  invalid: Type.Optional(incoming('A PDF with a signature that does not hold, or that cannot be read; default hold')),
  undecided: Type.Optional(Type.Union([Type.Literal('wait'), Type.Literal('mark'), Type.Literal('hold')], { description: 'It is not known yet whether a signer is revoked; default wait' })),
}, strict)

/** `mark`: sent, with the verdict. `refuse`: the submission is refused, naming the file and the reason, before anything is signed or sent. */
export const OutboundPdfPolicy = Type.Object({
  unsigned: Type.Optional(outgoing('A PDF without any signature, that the gateway is not asked to sign; default mark')),
  invalid: Type.Optional(outgoing('A PDF with a signature that does not hold, or that cannot be read; default refuse')),
  undecided: Type.Optional(outgoing('It is not known yet whether a signer is revoked; default mark')),
}, strict)

/** Of a connection, or of an agency: what the agency says goes before what the connection says. */
export const PdfPolicy = Type.Object({ in: Type.Optional(InboundPdfPolicy), out: Type.Optional(OutboundPdfPolicy) }, { ...strict, default: {} })
export type PdfPolicy = Static<typeof PdfPolicy>

export type InboundPdfRule = 'mark' | 'hold' | 'refuse' | 'wait'
export type OutboundPdfRule = 'mark' | 'refuse'

const DEFAULT_IN = { unsigned: 'mark', invalid: 'hold', undecided: 'wait' } as const
const DEFAULT_OUT = { unsigned: 'mark', invalid: 'refuse', undecided: 'mark' } as const

/** How a file stands by its verdict. */
export function standingOf ({ result, reasons, signatures }: PdfVerdict): PdfStanding {
  if (result === 'valid') return 'valid'
  if (reasons[0]?.code === 'PDF_UNSIGNED') return 'unsigned'
  const waits = result === 'indeterminate' && signatures.some(({ revocation }) => revocation.some(({ status }) => status === 'missing'))
  return waits ? 'undecided' : 'invalid'
}

/** What becomes of a document that arrived with this PDF, for one receiving agency. */
export function ruleInbound (verdict: PdfVerdict, connection: PdfPolicy, agency: PdfPolicy): InboundPdfRule {
  const standing = standingOf(verdict)
  return standing === 'valid' ? 'mark' : agency.in?.[standing] ?? connection.in?.[standing] ?? DEFAULT_IN[standing]
}

/** What becomes of a document that is submitted with this PDF, towards one connection. */
export function ruleOutbound (verdict: PdfVerdict, connection: PdfPolicy, agency: PdfPolicy): OutboundPdfRule {
  const standing = standingOf(verdict)
  return standing === 'valid' ? 'mark' : agency.out?.[standing] ?? connection.out?.[standing] ?? DEFAULT_OUT[standing]
}
