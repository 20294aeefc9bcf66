/**
 * What the signatures of a PDF are worth: every one of them by its form, what was added after it, its CMS message, its certificate at the proof
 * time, and its time-stamps (ISO 32000-2, 12.8; EN 319 142-1; TT 15/2025/TT-BKHCN, art. 6). The worst verdict decides for the file.
 */
import { X509Certificate } from 'node:crypto'
import { conclusionOf } from '../signing/conclude.ts'
import { judgeSha1, momentOf, proveTime, withClaim, type Moment, type ProvedTime, type ReceiptContext } from '../signing/proof-time.ts'
import { SIGNING_REASONS } from '../signing/reasons.ts'
import { judgeSignedData, type JudgedSignature } from '../trust/cms/judge.ts'
import { CMS_REASONS, type CmsFinding } from '../trust/cms/reasons.ts'
import { judgeCertificate, type CertificateVerdict, type Trust } from '../trust/judge.ts'
import { knownTogether, readHints, type Hints } from '../trust/revocation/hints.ts'
import { authoritiesIn } from '../trust/store.ts'
import { judgeClaim } from '../trust/time/claim.ts'
import { judgeTokenBytes, type TokenVerdict } from '../trust/time/token.ts'
import { combine, detailsOf, verdictFrom, withEvidence, type RevocationAnswer, type SignatureVerdict, type Verdict } from '../trust/verdict.ts'
import type { ExaminedSignature, LaterChange, PdfExamination, PdfFinding, ValidationMaterial } from './examination.ts'
import { levelOf } from './level.ts'
import { pdfVerdictFrom } from './reasons.ts'
import { SUB_FILTER } from './sub-filter.ts'
import type { PdfSignatureVerdict, PdfVerdict } from './verdict.ts'

/** What a PDF is judged against. */
export type PdfContext = ReceiptContext & { trust: Trust }

/** What only signs a SHA-1 digest of the document, or without CMS, is no signature by any standard in force. */
const SIGNATURE_KINDS: ReadonlySet<string> = new Set([SUB_FILTER.pades, SUB_FILTER.cms])

/** Certificates of a file's validation material that are looked at; a path has need of a few. */
const MOST_CERTIFICATES = 32

/** Judges a file by what was found in it. Never throws for what a stranger sent. */
export function judgePdf (examination: PdfExamination, context: PdfContext): PdfVerdict {
  const steps = judging(examination, context)
  let step = steps.next()
  while (!step.done) step = steps.next()
  return step.value
}

/** judgePdf, one signature, message or time-stamp at a time: keys and certificates that a stranger chose make some files take seconds. */
export function * judging (examination: PdfExamination, context: PdfContext): Generator<void, PdfVerdict> {
  if (examination.kind === 'unreadable') return { ...pdfVerdictFrom(examination.findings), signatures: [] }
  const { signatures, material } = examination
  const stamps = new Map<ExaminedSignature, TokenVerdict>()
  const messages = new Map<ExaminedSignature, JudgedSignature>()
  for (const signature of signatures) {
    if (isStamp(signature)) stamps.set(signature, judgeDocumentToken(signature, context))
    else messages.set(signature, judgeMessage(signature))
    yield
  }
  const hints = readHints({ crls: [material, ...messages.values()].flatMap(({ crls }) => crls), ocsps: [material, ...messages.values()].flatMap(({ ocsps }) => ocsps) })
  const along: Along = { stamps: [...stamps].map(([signature, token]) => ({ signature, token })), hints, certificates: readCertificates(material) }
  const judged: PdfSignatureVerdict[] = []
  for (const signature of signatures) {
    const message = messages.get(signature)
    judged.push(message ? judgeSignature(signature, message, along, context) : judgeDocumentTimeStamp(signature, stamps.get(signature)!, context))
    yield
  }
  return { ...worstOf(judged), signatures: judged }
}

const isStamp = ({ kind }: ExaminedSignature) => kind === 'document-time-stamp'

/** The worst decides, and every reason is told once. A time-stamp alone says when, not who. */
export function worstOf (judged: readonly PdfSignatureVerdict[]): Verdict {
  const isSigned = judged.some(({ kind }) => kind !== 'document-time-stamp')
  const { result, reasons } = combine(...isSigned ? [] : [pdfVerdictFrom([{ code: 'PDF_UNSIGNED' }])], ...judged)
  return { result, reasons: [...new Map(reasons.map((reason) => [`${reason.code} ${reason.detail}`, reason])).values()] }
}

type DocumentStamp = { signature: ExaminedSignature, token: TokenVerdict }
/** What the file holds beside a signature. */
type Along = { stamps: readonly DocumentStamp[], hints: Hints, certificates: readonly X509Certificate[] }

function judgeMessage ({ cms, digests, subFilter }: ExaminedSignature): JudgedSignature {
  return judgeSignedData(cms, { digestOf: (digest) => digests[digest], mustNameCertificate: subFilter === SUB_FILTER.pades })
}

function judgeSignature (examined: ExaminedSignature, cms: JudgedSignature, along: Along, context: PdfContext): PdfSignatureVerdict {
  // Where there is no message, what was found says why
  if (examined.cms.length === 0 && examined.findings.length > 0) return judgeFindings(examined, context)
  const form = [...formOf(examined, SIGNATURE_KINDS.has(examined.subFilter)), ...changesOf(examined)]
  const time = timeOf(examined, cms, along.stamps.flatMap((stamp) => momentOver(examined, stamp)), context)
  const sha1 = judgeSha1(cms.sha1, time, context)
  // With SHA-1 that is not known to be old, anybody may have made the content for a signature, or the signature for a certificate
  const isNamed = cms.signed && !sha1.some(({ code }) => code === 'ALGORITHM_SHA1')
  const own = combine(pdfVerdictFrom(form), verdictFrom(CMS_REASONS, messageFindingsOf(examined, cms)), verdictFrom(SIGNING_REASONS, sha1))
  const signer = cms.signer && judgeSigner(cms.signer, cms, along, time, context)
  return {
    ...shownOf(examined),
    ...conclusionOf(context, {
      checked: ['structure', 'changes', ...cms.value.length > 0 ? ['algorithms', 'signature value', 'digest'] : [], ...signer ? ['certificate'] : [], 'time'],
      own, time, certificate: signer?.verdict, ...(isNamed && cms.signer && { signer: detailsOf(cms.signer) }),
    }),
    level: levelOf(examined, { isNamed, isStamped: time.moments.length > 0, carriesAnswers: signer?.carriesAnswers ?? false, stamps: along.stamps }),
  }
}

/** What a range that is not honest covers was never digested, so that nobody knows whether it was changed. */
function messageFindingsOf ({ findings }: ExaminedSignature, cms: JudgedSignature): CmsFinding[] {
  return findings.some(({ code }) => code === 'PDF_BYTE_RANGE') ? cms.findings.filter(({ code }) => code !== 'CMS_CONTENT_CHANGED') : cms.findings
}

function judgeFindings (examined: ExaminedSignature, context: PdfContext): PdfSignatureVerdict {
  return { ...shownOf(examined), ...conclusionOf(context, { checked: ['structure', 'changes'], own: pdfVerdictFrom([...examined.findings, ...changesOf(examined)]) }), level: 'other' }
}

/** A time-stamp over the whole document, judged at its own time like any token. */
function judgeDocumentTimeStamp (examined: ExaminedSignature, token: TokenVerdict, context: PdfContext): PdfSignatureVerdict {
  const own = combine(pdfVerdictFrom([...formOf(examined, examined.subFilter === SUB_FILTER.timeStamp), ...changesOf(examined)]), { result: token.result, reasons: token.reasons })
  const [moment] = momentOf(token)
  const time = proveTime([], context, moment ? [moment] : [])
  const chain = token.chain.map(detailsOf)
  return {
    ...shownOf(examined),
    ...conclusionOf(context, { checked: ['structure', 'changes', 'algorithms', 'signature value', 'digest', 'certificate'], own, time, ...(moment && chain[0] && { signer: chain[0] }) }),
    chain,
    ...(moment && context.trust.timeStamping && { domain: context.trust.timeStamping.label }),
    level: 'other',
  }
}

function judgeDocumentToken ({ cms, digests }: ExaminedSignature, { trust }: PdfContext): TokenVerdict {
  return judgeTokenBytes(cms, (digest) => digests[digest] && Buffer.from(digests[digest]), trust.timeStamping)
}

/** The moment by which a signature existed, since a later time-stamp covers it. What was added after that time-stamp does not take it back. */
function momentOver ({ revision }: ExaminedSignature, { signature, token }: DocumentStamp): Moment[] {
  const isHonest = pdfVerdictFrom(signature.findings).result === 'valid' && signature.subFilter === SUB_FILTER.timeStamp
  return isHonest && signature.revision > revision ? momentOf(token) : []
}

function formOf ({ subFilter, findings }: ExaminedSignature, isAccepted: boolean): PdfFinding[] {
  return [...findings, ...isAccepted ? [] : [{ code: 'PDF_SIGNATURE_KIND' as const, detail: subFilter }]]
}

function changesOf ({ later }: ExaminedSignature): PdfFinding[] {
  const finding = (code: PdfFinding['code'], changes: readonly LaterChange[]): PdfFinding[] => changes.length === 0 ? [] : [{ code, detail: detailOf(changes) }]
  return [...finding('PDF_CHANGED_AFTER_SIGNING', later.filter(({ permitted }) => !permitted)), ...finding('PDF_EXTENDED_AFTER_SIGNING', later.filter(({ permitted }) => permitted))]
}

function detailOf (changes: readonly LaterChange[]): string {
  return changes.map(({ revision, kind, detail }) => `${revision}: ${kind}${detail === undefined ? '' : ` ${detail}`}`).join('; ')
}

/** The proof time. Two claims may stand there, the dictionary's and the attribute's; neither may contradict it. */
function timeOf ({ claims }: ExaminedSignature, { stamps, value, signingTime }: JudgedSignature, elsewhere: readonly Moment[], context: PdfContext): ProvedTime {
  const time = proveTime(stamps.map((token) => ({ token, octets: value })), context, elsewhere)
  const claimed = claims.time === undefined ? undefined : new Date(claims.time)
  const [first, second] = [claimed, signingTime].filter((claim) => claim !== undefined)
  if (first === undefined) return time
  const held = withClaim(time, first)
  return second === undefined || second.getTime() === first.getTime() ? held : { ...held, verdict: combine(held.verdict, judgeClaim(second, time.at)) }
}

type JudgedSigner = { verdict: CertificateVerdict, carriesAnswers: boolean }

/** Path and revocation. What came along is asked beside what is known, once a path shows whose word counts. */
function judgeSigner (signer: X509Certificate, { certificates }: JudgedSignature, { hints, certificates: more }: Along, { at }: ProvedTime, { trust, waited }: PdfContext): JudgedSigner {
  const judge = (revocation: Trust['revocation']) => judgeCertificate(signer, [...certificates, ...more], { ...trust, revocation }, at, 'documents', waited)
  const verdict = judge(trust.revocation)
  if (verdict.revocation.length === 0 || hints.isEmpty) return { verdict, carriesAnswers: false }
  const known = hints.known([...verdict.chain.slice(1), ...authoritiesIn(trust.domains)])
  const together = judge(knownTogether(trust.revocation, known))
  const withBytes = (answer: RevocationAnswer) => {
    const bytes = answer.evidence === undefined ? undefined : hints.bytesOf(answer.evidence)
    return bytes ? withEvidence(answer, bytes) : answer
  }
  return { verdict: { ...together, revocation: together.revocation.map(withBytes) }, carriesAnswers: isComplete(judge(known)) }
}

function isComplete ({ revocation }: Pick<SignatureVerdict, 'revocation'>): boolean {
  return revocation.length > 0 && revocation.every(({ status }) => status !== 'missing')
}

/** Hints, like those inside a signature: one that cannot be read is as good as absent. */
function readCertificates ({ certificates }: ValidationMaterial): X509Certificate[] {
  return certificates.slice(0, MOST_CERTIFICATES).flatMap((der) => {
    try {
      return [new X509Certificate(der)]
    } catch {
      return []
    }
  })
}

function shownOf ({ field, kind, subFilter, revision, appearance, coversWholeFile, claims, later }: ExaminedSignature) {
  return { field, kind, subFilter, revision, ...(appearance && { appearance }), coversWholeFile, claims, later }
}
