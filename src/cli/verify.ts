import { parseArgs } from 'node:util'
import { momentIn } from '../agencies/mapping.ts'
import { ConfigError } from '../config.ts'
import { DEFAULT_LIMITS } from '../edxml/limits.ts'
import { Refusal } from '../errors.ts'
import { readCertificates, readFileStart, readFileUpTo } from '../evidence/files.ts'
import { fetchMissing } from '../evidence/fetch.ts'
import { judgeFile, looksLikePdf, type FileContext, type JudgedFile } from '../evidence/judge.ts'
import { judgePdfFile } from '../evidence/judge-pdf.ts'
import { reportLines } from '../evidence/report.ts'
import { stampedAt } from '../evidence/stamps.ts'
import { shownItems } from '../pdf/shown.ts'
import { createPdfWorkers } from '../pdf/workers.ts'
import type { Trust } from '../trust/judge.ts'
import type { Result, SignatureVerdict } from '../trust/verdict.ts'
import { inWords } from './refusal.ts'
import { HOW_TO_TRUST, readTrustNamed } from './trust.ts'
import { UsageError, usageFault } from './usage.ts'

const VERIFY_USAGE = `lienthong verify FILE       (npx --no-install lienthong verify FILE, in the gateway's folder)

  FILE: an edXML packet, another XML file with a signature, a PDF, or a certificate (PEM, DER), alone or with the CAs above it.
  The verdict is the gateway's. A packet is judged by its seal where it has one, since the seal proves the document end to end; otherwise by
  its packet signature, which holds for one hop: an axis rebuilds packets. Neither of them is no proof: indeterminate.
  Of a PDF, however large, every signature of every revision is judged, and what was added after it; the worst decides. None is no proof either.

  --at TIME              judge for this moment (ISO 8601; Vietnamese time unless it names a zone); otherwise for now. A time-stamp token in the
                         signature goes before both, unless it is later than they are: it does not prove the earlier moment, and the verdict says so
  --anchors DIR          the only roots that are trusted (PEM, DER); otherwise those of TRUST_DIR, or of the example PKI in demo and test
  --intermediates DIR    CA certificates that may stand between them and the signer
  --crls DIR             CRLs and OCSP answers; beside those in TRUST_DIR/crls, when TRUST_DIR is what is trusted
  --signers DIR          certificates that are registered for the sender: any other is refused. Otherwise the report asks you to compare
  --time-stamping DIR    roots of time-stamping authorities
  --stamps DIR           time-stamps beside the packet, as an evidence folder has them: judge for the earliest moment that they prove; instead of --at
  --policy FILE          the trust policy (JSON), as an evidence folder or the section "trust" of a set-up has it; otherwise the product's own
  --offline              ask nobody. Otherwise CAs are asked, once, for what is missing on revocation: only at the hosts that the policy names
                         (revocationHosts; by default those of the Cipher Committee), whatever a certificate says
  --json                 kind, verdict, reasons[], signer, chain[], proofTime, revocation[]; of a packet both signatures, of a PDF each

  exit code: 0 valid, 1 invalid, 2 indeterminate, 3 not a readable file (or the options are at fault)
`

const OPTIONS = {
  at: { type: 'string' }, anchors: { type: 'string' }, intermediates: { type: 'string' }, crls: { type: 'string' }, signers: { type: 'string' },
  'time-stamping': { type: 'string' }, stamps: { type: 'string' }, policy: { type: 'string' }, offline: { type: 'boolean' }, json: { type: 'boolean' },
} as const

const EXIT: Record<Result, number> = { valid: 0, invalid: 1, indeterminate: 2 }
const UNREADABLE = 3
/** Where viewers look for the header of a PDF. */
const PDF_START = 1024

/** `lienthong verify FILE`: needs no database. Gives the exit code; 1 only when the file was judged, and disproved. */
export async function verify (args: string[]): Promise<number> {
  if (args.length === 0) {
    console.error(VERIFY_USAGE)
    return UNREADABLE
  }
  const asJson = args.includes('--json')
  try {
    const { values, positionals: [file, ...more] } = parseArgs({ args, options: OPTIONS, allowPositionals: true })
    if (file === undefined || more.length > 0) throw new UsageError('one FILE, please')
    const judged = await judgeNamed(file, values)
    console.log(asJson ? JSON.stringify(inJson(judged), null, 2) : reportLines(file, judged).join('\n'))
    return EXIT[judged.verdict.result]
  } catch (error) {
    const { code, text } = told(error)
    if (asJson) console.log(JSON.stringify({ kind: null, verdict: null, reasons: [{ code, ...error instanceof Refusal && namesOf(error) }] }, null, 2))
    console.error(text)
    return UNREADABLE
  }
}

type Options = { [Name in keyof typeof OPTIONS]?: typeof OPTIONS[Name]['type'] extends 'boolean' ? boolean : string }

async function judgeNamed (file: string, options: Options): Promise<JudgedFile> {
  const now = new Date()
  const at = options.at === undefined ? now : momentIn(options.at)
  if (Number.isNaN(at.getTime())) throw new UsageError(`--at ${options.at} is no moment, like 2026-11-21T08:30:00+07:00`)
  const { stamps, signers } = options
  if (stamps !== undefined && options.at !== undefined) throw new UsageError('either --at or --stamps')
  const { trust, settings, knowing, config } = await readTrustNamed(options)
  const registered = signers === undefined ? null : await readCertificates(signers)
  const limits = { ...DEFAULT_LIMITS, packetBytes: config.maxPacketBytes }
  const context = { trust, at, isNow: options.at === undefined, limits, registered }
  const judge = looksLikePdf(await readFileStart(file, PDF_START)) ? await pdfJudge(file, options, context) : await bytesJudge(file, options, context)
  const judged = await judge(trust)
  const fetched = options.offline ? [] : await fetchMissing(verdictsOf(judged), settings)
  return fetched.length === 0 ? judged : judge(knowing(fetched))
}

/** Judges the file that was read, with what is known of revocation. */
type Judge = (trust: Trust) => JudgedFile | Promise<JudgedFile>

/** A PDF is read in pieces, however large it is, and examined as the gateway does, in a thread that may end. */
async function pdfJudge (file: string, { stamps }: Options, context: FileContext): Promise<Judge> {
  if (stamps !== undefined) throw new UsageError('--stamps are those of a packet; a PDF has its own')
  await using workers = createPdfWorkers({ threads: 1 })
  const examination = await workers.examine({ path: file })
  return (trust) => judgePdfFile(examination, { ...context, trust })
}

async function bytesJudge (file: string, { stamps }: Options, context: FileContext): Promise<Judge> {
  const bytes = await readFileUpTo(file, context.limits.packetBytes)
  const stamped = stamps === undefined ? null : await stampedAt(stamps, bytes, context.trust.timeStamping)
  if (stamps !== undefined && stamped === null) throw new Refusal('FILE_UNREADABLE', { detail: `${stamps}: không dấu thời gian nào ở đây chứng minh tệp này · no time-stamp there proves this file` })
  return (trust) => judgeFile(bytes, { ...context, stamped, trust })
}

function verdictsOf (judged: JudgedFile): SignatureVerdict[] {
  switch (judged.kind) {
    case 'certificate': return [judged.verdict]
    case 'xml-signature': return judged.signatures.map(({ verdict }) => verdict)
    case 'packet': return [judged.signature, ...judged.seal ? [judged.seal] : []]
    case 'pdf': return judged.verdict.signatures
  }
}

function inJson (judged: JudgedFile): object {
  const { kind } = judged
  switch (kind) {
    case 'certificate': return { kind, ...withSigner(judged.verdict) }
    case 'xml-signature': return {
      kind, ...withSigner(judged.verdict),
      signatures: judged.signatures.map((signature) => ({ path: signature.path, line: signature.line, covered: signature.covered.map(({ reference, path }) => ({ reference, path })), ...named(signature.verdict) })),
    }
    case 'packet': {
      const { decidedBy, signature, seal, packet } = judged
      return { kind, decidedBy, ...withSigner(judged.verdict), sender: packet.kind === 'document' ? packet.header.from : packet.from, signatures: { packetSignature: named(signature), seal: seal && named(seal) } }
    }
    case 'pdf': {
      const { result: verdict, reasons, signatures } = judged.verdict
      return { kind, verdict, reasons, ...judged.size, signatures: signatures.map((signature) => ({ ...withSigner(signature), shown: shownItems(signature) })) }
    }
  }
}

function withSigner (verdict: SignatureVerdict): object {
  return { ...named(verdict), signer: verdict.signer ?? null }
}

function named ({ result: verdict, ...rest }: SignatureVerdict): object {
  return { verdict, ...rest }
}

/** No fault ends in exit code 1: that would say that the file was disproved. */
function told (error: unknown): { code: string, text: string } {
  if (error instanceof Refusal) return { code: error.code, text: inWords(error.toProblem()) }
  const fault = usageFault(error, 'verify')
  if (fault !== null) return { code: 'USAGE', text: fault }
  const { message, stack } = error as Error
  if (error instanceof ConfigError) return { code: 'CONFIG', text: `${message}\n  ${HOW_TO_TRUST}` }
  return { code: 'FAULT', text: stack ?? message }
}

function namesOf (refusal: Refusal): object {
  const { title: vi, titleEn: en, field, line, detail } = refusal.toProblem()
  return { vi, en, field, line, detail }
}
