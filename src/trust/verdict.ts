/**
 * Verdicts: what the gateway says of a signature or a certificate, and why (EN 319 102-1).
 * Every reason is a row of a closed table, with the clause it follows; the worst row decides.
 */
import type { X509Certificate } from 'node:crypto'
import { DEFAULT_TRUST_POLICY, type TrustPolicy } from './policy.ts'

/** `valid` is proved, `invalid` is disproved, `indeterminate` needs evidence that is not at hand. */
export type Result = 'valid' | 'invalid' | 'indeterminate'

/** Why a verdict is what it is, and by which clause or standard. A valid verdict may carry reasons too: they are remarks. */
export type Reason = { code: string, vi: string, en: string, clause: string, detail?: string }

/** A result and everything that led to it. */
export type Verdict = { result: Result, reasons: Reason[] }

/** What a registry and a person need to know of a certificate; `fingerprint` is its SHA-256, lower-case hex. */
export type CertificateDetails = { subject: string, issuer: string, serial: string, fingerprint: string, notBefore: string, notAfter: string }

/**
 * The moment a signature is judged for, and who vouches for it: a time-stamp token, our own receipt, or only the signer.
 * `claim` is what the signer says, where that differs; `by` is the authority whose token it is.
 */
export type ProofTime = { at: string, from: 'token' | 'receipt' | 'claim', by?: string, claim?: string }

/**
 * What is known of one certificate's revocation at the proof time. `evidence` is the SHA-256 (lower-case hex) of the CRL or OCSP response, kept
 * byte for byte; `missing` when no answer that counts is at hand.
 */
export type RevocationAnswer = {
  certificate: string
  status: 'good' | 'revoked' | 'missing'
  from?: 'crl' | 'ocsp'
  evidence?: string
  thisUpdate?: string
  nextUpdate?: string
  revokedAt?: string
  /** CRLReason, RFC 5280, 5.3.1 */
  reason?: string
}

/** What is stored and shown of one signature, so that it can be shown to a court: who, by which chain, at which time, on what evidence, by which policy. */
export type SignatureVerdict = Verdict & {
  signer?: CertificateDetails
  /** Label of the trust domain whose root the chain ends at */
  domain?: string
  /** From the signer's certificate to the root, as far as one was found */
  chain: CertificateDetails[]
  proofTime: ProofTime
  revocation: RevocationAnswer[]
  policy: TrustPolicy
  /** The steps that were taken */
  checked: string[]
}

/** Verdicts as the first version stored them: they say less. */
type StoredVerdict = Partial<Omit<SignatureVerdict, 'reasons'>> & Pick<SignatureVerdict, 'result' | 'checked'> & { reasons: (Omit<Reason, 'clause'> & Partial<Reason>)[] }

/** A verdict as it was stored, whichever version did it. `receipt` is when what it speaks of was received: what the first version judged for. */
export function storedVerdict (stored: StoredVerdict, receipt: Date): SignatureVerdict {
  const reasons = stored.reasons.map((reason) => ({ clause: '', ...reason }))
  return { chain: [], revocation: [], policy: DEFAULT_TRUST_POLICY, proofTime: { at: receipt.toISOString(), from: 'receipt' }, ...stored, reasons }
}

/** Code → the result it brings, its text, and the clause or standard it follows. A row whose result is `valid` only remarks. Codes are stored: add, never rename. */
export type ReasonTable = Readonly<Record<string, readonly [result: Result, vi: string, en: string, clause: string]>>

/** One row of a table that was met, and where. */
export type Finding<Table extends ReasonTable> = { code: keyof Table & string, detail?: string }

/** The verdict that follows from what was found: valid only if nothing worse than a remark is among it. */
export function verdictFrom<Table extends ReasonTable> (table: Table, findings: readonly Finding<Table>[]): Verdict {
  const results = new Set<Result>()
  const reasons: Reason[] = []
  for (const { code, detail } of findings) {
    const row = table[code]
    if (row === undefined) throw new Error(`${code} is no reason of this table`)
    const [result, vi, en, clause] = row
    results.add(result)
    reasons.push({ code, vi, en, clause, ...(detail !== undefined && { detail }) })
  }
  return { result: results.has('invalid') ? 'invalid' : results.has('indeterminate') ? 'indeterminate' : 'valid', reasons }
}

const RANK: Record<Result, number> = { invalid: 0, indeterminate: 1, valid: 2 }

/** Several verdicts on one thing as one: the worst decides, and its reasons stand first. */
export function combine (...verdicts: readonly Verdict[]): Verdict {
  const sorted = verdicts.toSorted((one, other) => RANK[one.result] - RANK[other.result])
  return { result: sorted[0]?.result ?? 'valid', reasons: sorted.flatMap(({ reasons }) => reasons) }
}

/** SHA-256 of a certificate, lower-case hex: the name by which certificates are registered and pinned. */
export function fingerprintOf (certificate: X509Certificate): string {
  return certificate.fingerprint256.replaceAll(':', '').toLowerCase()
}

const readFrom = new WeakMap<CertificateDetails, X509Certificate>()

/** What a verdict tells of a certificate: names most specific part first, times in UTC. */
export function detailsOf (certificate: X509Certificate): CertificateDetails {
  const details = {
    subject: nameForPeople(certificate.subject),
    issuer: nameForPeople(certificate.issuer),
    serial: certificate.serialNumber.toLowerCase(),
    fingerprint: fingerprintOf(certificate),
    notBefore: momentForPeople(certificate.validFromDate),
    notAfter: momentForPeople(certificate.validToDate),
  }
  readFrom.set(details, certificate)
  return details
}

/** The certificate itself, beside the verdict and never in its JSON: there for a verdict that was just given, not for one read back from where it is kept. */
export function certificateOf (details: CertificateDetails): X509Certificate | undefined {
  return readFrom.get(details)
}

const cameWith = new WeakMap<RevocationAnswer, Buffer>()

/** The same answer, with the CRL or OCSP response that it names: one that came along with what is judged, and is kept nowhere yet. */
export function withEvidence (answer: RevocationAnswer, bytes: Buffer): RevocationAnswer {
  const same = { ...answer }
  cameWith.set(same, bytes)
  return same
}

/** The bytes of evidence that came along, beside the verdict and never in its JSON, like `certificateOf`. */
export function evidenceOf (answer: RevocationAnswer): Buffer | undefined {
  return cameWith.get(answer)
}

/** A name as Node gives it, one part a line, root first, → `CN=…, O=…, C=VN`. For people only: names are compared as DER. */
export function nameForPeople (name: string | undefined): string {
  return (name ?? '').split('\n').reverse().join(', ')
}

/** A moment in UTC; a certificate may hold a date that is none. */
export function momentForPeople (date: Date): string {
  return Number.isNaN(date.getTime()) ? 'unreadable' : date.toISOString()
}
