/**
 * The revocation of every certificate of a chain below its root, at one moment (RFC 5280, 6.3; RFC 6960).
 * Answers of any age may come. What is revoked for good stays so; otherwise the youngest answer that covers the moment decides, be it of that time or one that looks back.
 */
import type { X509Certificate } from 'node:crypto'
import type { AlgorithmPolicy } from '../algorithms.ts'
import type { TrustPolicy } from '../policy.ts'
import type { TrustStore } from '../store.ts'
import { fingerprintOf, momentForPeople, nameForPeople, verdictFrom, type RevocationAnswer, type Verdict } from '../verdict.ts'
import { statementsOfCrls } from './crl-statements.ts'
import { statementsOfOcsp } from './ocsp-statements.ts'
import { ALL_REASONS } from './points.ts'
import { REVOCATION_REASONS, type RevocationFinding } from './reasons.ts'
import type { SignerContext } from './answer-signer.ts'
import type { KnownRevocation } from './known.ts'
import { unlessUnreadable, type Statement } from './statement.ts'

/** What revocation is judged by. */
export type RevocationContext = {
  /** The proof time: revoked later is not revoked then */
  at: Date
  /** How long the document has waited since its receipt, in milliseconds: a missing answer is accepted for a while only */
  waited?: number
  policy: TrustPolicy
  /** The trust domain of the chain, and hints: where the certificates of CRL issuers are found */
  store: Pick<TrustStore, 'anchors' | 'intermediates'>
  /** What is strong enough; the product's own by default */
  algorithms?: AlgorithmPolicy
}

/** A verdict on a chain's revocation, and the answers it rests on: one for each certificate at least, and one more for each further CRL that was needed. */
export type RevocationVerdict = Verdict & { answers: RevocationAnswer[] }

/** The signer of an answer may have a signer of its revocation, and no more than that. */
const MAX_DEPTH = 2

/** Judges a chain whose path is valid: the signer first, the root last. The root has nobody who could revoke it. */
export function judgeRevocation (chain: readonly X509Certificate[], known: KnownRevocation, context: RevocationContext): RevocationVerdict {
  return judgeWithin(chain, known, context, [])
}

/** `asking` are the certificates whose revocation is being judged: what they signed says nothing of themselves. */
function judgeWithin (chain: readonly X509Certificate[], known: KnownRevocation, context: RevocationContext, asking: readonly string[]): RevocationVerdict {
  const judged: Judged[] = []
  // From the root down: what a CA said after its own revocation counts for nothing
  let believedUntil: Date | undefined
  for (let index = chain.length - 2; index >= 0; index--) {
    const one = judgeOne(chain.slice(index), known, { ...context, believedUntil }, [...asking, fingerprintOf(chain[index]!)])
    judged.unshift(one)
    believedUntil = earlier(believedUntil, one.revokedLater)
  }
  return { ...verdictFrom(REVOCATION_REASONS, judged.flatMap(({ findings }) => findings)), answers: judged.flatMap(({ answers }) => answers) }
}

type Judged = { findings: RevocationFinding[], answers: RevocationAnswer[], revokedLater?: Date | undefined }

function judgeOne (chain: readonly X509Certificate[], known: KnownRevocation, context: RevocationContext & Pick<SignerContext, 'believedUntil'>, asking: readonly string[]): Judged {
  const certificate = chain[0]!
  const { statements, findings } = statementsOn(chain, known, { ...context, judgeRevocation: (of, at) => judgeSigner(of, known, { ...context, at, policy: { ...context.policy, missingRevocation: 'wait' } }, asking) })
  const name = nameForPeople(certificate.subject)
  const decided = decide(statements, context.at)
  if (decided === undefined) {
    const partial: RevocationFinding[] = statements.length > 0 ? [{ code: 'ANSWER_REASONS_PARTIAL' }] : []
    return {
      findings: [{ code: missing(context), detail: name }, ...distinct([...partial, ...findings]).map((finding) => ({ ...finding, detail: detailed(name, finding.detail) }))],
      answers: [{ certificate: fingerprintOf(certificate), status: 'missing' }],
    }
  }
  const later = decided.find(({ says, revoked }) => says === 'good' && revoked)?.revoked
  return {
    revokedLater: earlier(later?.at, later?.invalidSince),
    findings: [...conclusionOf(decided, context.at, name), ...distinct(decided.flatMap(({ remarks }) => remarks)).map((finding) => ({ ...finding, detail: detailed(name, finding.detail) }))],
    answers: [...decided, ...newestThen(statements, decided, context.at)].flatMap((statement) => answersFrom(certificate, statement)),
  }
}

/** TT 15/2025/TT-BKHCN, art. 6 and appendix II: the CRL newest at the time is evidence, also where a younger answer looks back and decides. */
function newestThen (statements: readonly Statement[], decided: readonly Statement[], at: Date): Statement[] {
  const looksBack = decided.every(({ says, thisUpdate }) => says === 'good' && thisUpdate > at)
  const newest = !looksBack ? undefined : statements.find(({ thisUpdate }) => thisUpdate <= at)
  return newest ? [newest] : []
}

/** What a signer of answers is worth: nothing while it is itself being asked about. */
function judgeSigner (chain: readonly X509Certificate[], known: KnownRevocation, context: RevocationContext, asking: readonly string[]): Verdict {
  if (asking.length >= MAX_DEPTH + 1 || asking.includes(fingerprintOf(chain[0]!))) return verdictFrom(REVOCATION_REASONS, [{ code: 'REVOCATION_UNKNOWN' }])
  return judgeWithin(chain, known, context, asking)
}

function statementsOn (chain: readonly X509Certificate[], known: KnownRevocation, context: SignerContext): { statements: Statement[], findings: RevocationFinding[] } {
  const told = unlessUnreadable(() => [...statementsOfOcsp(chain, known, context), ...statementsOfCrls(chain, known, context)])
  return {
    statements: told.filter((one) => 'says' in one).toSorted((one, other) => other.thisUpdate.getTime() - one.thisUpdate.getTime()),
    findings: told.filter((one) => 'code' in one),
  }
}

/** The statements that decide, youngest first; nothing if those at hand leave a reason for revocation open. */
function decide (statements: readonly Statement[], at: Date): Statement[] | undefined {
  const settled = statements.find(({ settled, says }) => settled && says === 'revoked') ?? statements.find(({ settled }) => settled)
  if (settled !== undefined) return [settled]
  // TT 15/2025/TT-BKHCN, appendix II: not suspended at the time. What came later, its release or the revocation for good, does not change what was then
  const then = statements.find(({ thisUpdate }) => thisUpdate <= at)
  if (then?.says === 'held') return [then]
  const used: Statement[] = []
  let open = ALL_REASONS
  for (const statement of statements) {
    if ((statement.reasons & open) === 0) continue
    if (statement.says === 'held') return [statement]
    used.push(statement)
    open &= ~statement.reasons
    if (open === 0) return used
  }
  return undefined
}

function conclusionOf (decided: readonly Statement[], at: Date, name: string): RevocationFinding[] {
  const [first] = decided
  const revoked = decided.find((statement) => statement.revoked)?.revoked
  if (first === undefined || revoked === undefined) return []
  const since = `${name}: ${momentForPeople(revoked.at)}, ${revoked.reason}`
  switch (first.says) {
    case 'held': return [{ code: 'CERTIFICATE_ON_HOLD', detail: since }]
    case 'good': return [{ code: 'CERTIFICATE_REVOKED_LATER', detail: since }]
    case 'revoked': return revoked.at <= at
      ? [{ code: 'CERTIFICATE_REVOKED', detail: since }]
      : [{ code: 'CERTIFICATE_INVALID_SINCE', detail: `${since}; invalidityDate ${momentForPeople(revoked.invalidSince!)}` }]
  }
}

function missing ({ waited = 0, policy }: RevocationContext): RevocationFinding['code'] {
  switch (policy.missingRevocation) {
    case 'wait': return 'REVOCATION_UNKNOWN'
    case 'refuse': return 'REVOCATION_REQUIRED'
    case 'accept': return waited <= policy.acceptHours * 3_600_000 ? 'REVOCATION_UNKNOWN_ACCEPTED' : 'REVOCATION_UNKNOWN'
  }
}

function answersFrom (certificate: X509Certificate, { says, from, evidence, revoked }: Statement): RevocationAnswer[] {
  return evidence.map(({ sha256, thisUpdate, nextUpdate }) => ({
    certificate: fingerprintOf(certificate),
    status: says === 'good' ? 'good' : 'revoked',
    from,
    evidence: sha256,
    thisUpdate: momentForPeople(thisUpdate),
    ...(nextUpdate && { nextUpdate: momentForPeople(nextUpdate) }),
    ...(revoked && { revokedAt: momentForPeople(revoked.at), reason: revoked.reason }),
  }))
}

function earlier (one: Date | undefined, other: Date | undefined): Date | undefined {
  return one === undefined || (other !== undefined && other < one) ? other : one
}

function distinct (findings: readonly RevocationFinding[]): RevocationFinding[] {
  return [...new Map(findings.map((finding) => [finding.code, finding])).values()]
}

function detailed (name: string, detail: string | undefined): string {
  return detail === undefined ? name : `${name}: ${detail}`
}
