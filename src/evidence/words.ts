/** What the reports on all kinds of files say alike: Vietnamese first, English beside it. */
import { vietnamTimestamp } from '../edxml/dates.ts'
import type { CertificateDetails, Reason, Result, RevocationAnswer, SignatureVerdict } from '../trust/verdict.ts'

export const RESULTS: Record<Result, string> = { valid: 'HỢP LỆ · VALID', invalid: 'KHÔNG HỢP LỆ · INVALID', indeterminate: 'CHƯA XÁC ĐỊNH ĐƯỢC · INDETERMINATE' }

/** The chain and what is known of revocation along it, a line each; a warning where no status can be had (TT 15/2025/TT-BKHCN, appendix II). */
export function pathLines ({ chain, revocation, domain }: Pick<SignatureVerdict, 'chain' | 'revocation' | 'domain'>): string[] {
  return [
    ...(chain.length === 0 ? [] : [`Đường dẫn tin cậy · chain${domain === undefined ? '' : ` (${domain})`}:`, ...chain.map(({ subject, fingerprint }) => `  ${subject} [SHA-256 ${fingerprint}]`)]),
    ...revocation.map((answer) => `Thu hồi · revocation: ${revocationOf(answer, chain)}`),
  ]
}

/** The reasons, a line each. */
export function reasonLines (reasons: readonly Reason[]): string[] {
  return reasons.map((reason) => `${reason.code}: ${inWords(reason)}`)
}

/** A reason in one line, for whoever does not look up its clause. */
export function briefly ({ code, vi, en, detail }: Reason): string {
  return `${code}: ${vi} · ${en}${detail === undefined ? '' : ` (${detail})`}`
}

const STATUSES: Record<RevocationAnswer['status'], string> = {
  good: 'không bị thu hồi · not revoked', revoked: 'ĐÃ BỊ THU HỒI · REVOKED', missing: 'CẢNH BÁO: chưa có câu trả lời · WARNING: no answer that counts',
}

function revocationOf ({ certificate, status, from, evidence, thisUpdate, revokedAt }: RevocationAnswer, chain: readonly CertificateDetails[]): string {
  const name = chain.find(({ fingerprint }) => fingerprint === certificate)?.subject ?? certificate
  return [
    `${name}: ${STATUSES[status]}`,
    revokedAt !== undefined && `từ · since ${moment(revokedAt)}`,
    from && `${from.toUpperCase()} ${thisUpdate === undefined ? '' : moment(thisUpdate)}`,
    evidence !== undefined && `[SHA-256 ${evidence}]`,
  ].filter(Boolean).join(', ')
}

function inWords ({ vi, en, clause, detail }: Reason): string {
  return `${vi} · ${en} [${clause}]${detail === undefined ? '' : ` (${detail})`}`
}

/** In Vietnam time, which is what the law counts in (Decision 28/2018, art. 14.4). */
export function moment (text: string): string {
  const at = new Date(text)
  return Number.isNaN(at.getTime()) ? text : vietnamTimestamp(at)
}
