/** What `lienthong certificates` says of the registry: Vietnamese first, English beside it. Codes stay as they are in the API. */
import type { Change, LinkView } from '../agencies/change-store.ts'
import type { CertificateUse, Expiry } from '../agencies/expiry.ts'
import type { Entry, FoundBy, Outcome } from '../agencies/proposal.ts'
import { detailsOf } from '../trust/verdict.ts'
import { day } from './dates.ts'
import { rowsOf } from './table.ts'

const OUTCOMES: Record<Outcome, string> = {
  added: 'thêm · added', replaced: 'thay · replaced', ended: 'kết thúc · ended', unchanged: 'giữ nguyên · unchanged', 'unknown-issuer': 'nơi cấp lạ · unknown-issuer',
  'not-trusted': 'không tin cậy · not-trusted', 'needs-agency': 'chưa rõ cơ quan · needs-agency', ca: 'của CA · ca',
}

const FOUND_BY: Record<FoundBy, string> = {
  mapping: 'theo danh sách · mapping', 'same name': 'cùng tên · same name', 'same key': 'cùng khóa · same key', 'same mail': 'cùng thư điện tử · same mail', registered: 'đã đăng ký · registered',
}

const EXPIRY = { expired: 'đã hết hạn · expired', expiring: 'sắp hết hạn · expiring' }

const USES: Record<CertificateUse, string> = {
  own: 'khóa của ta · own', partner: 'đối tác · partner', anchor: 'CA gốc · anchor', intermediate: 'CA dưới · intermediate', 'time-stamping': 'dấu thời gian · time-stamping', tls: 'TLS',
}

/** A block for each difference: what, for whom, which certificate, and what it ends or lacks. */
export function differences ({ entries, unreadable }: Pick<Change, 'entries' | 'unreadable'>): string[] {
  return [
    ...entries.flatMap(difference),
    ...unreadable.map(({ file, code, vi, en }) => `không đọc được · not readable: ${file}: ${code}: ${vi} · ${en}`),
  ]
}

function difference ({ outcome, agency, certificate, file, foundBy, replaces, expiry, reasons }: Entry): string[] {
  return [
    [OUTCOMES[outcome], agency && `${agency.code} ${agency.name}`, foundBy && `(${FOUND_BY[foundBy]})`].filter(Boolean).join('  '),
    `  ${certificate.subject}`,
    `  SHA-256 ${certificate.fingerprint}${file === null ? '' : `  ${file}`}`,
    ...replaces.map((before) => `  thay · replaces SHA-256 ${before.certificate.fingerprint} từ · from ${day(before.until)}`),
    ...expiry ? [`  ${EXPIRY[expiry]} ${day(certificate.notAfter)}`] : [],
    ...reasons.map(({ code, vi, en }) => `  ${code}: ${vi} · ${en}`),
  ]
}

/** A line for each link: who, which certificate, how long, and on whose word. */
export function registry (links: readonly LinkView[]): string[] {
  return rowsOf(['cơ quan · agency', 'SHA-256', 'từ · from', 'đến · until', 'nguồn · source', 'chủ thể · subject'], links.map(({ agency, certificate, fingerprint, validFrom, validTo, source, approvedBy, approvedAt }) => [
    agency.code, fingerprint, day(validFrom ?? certificate.validFromDate), day(validTo ?? certificate.validToDate), `${source}, ${approvedBy}, ${day(approvedAt)}`, detailsOf(certificate).subject,
  ]))
}

/** A line for each expiry, the next first. */
export function expiryCalendar (calendar: readonly Expiry[]): string[] {
  return rowsOf(['hết hạn · expires', 'còn (ngày) · days', 'báo · alarm', 'dùng cho · use', 'chủ thể · subject'], calendar.map(({ use, whose, certificate, daysLeft, warning }) => [
    day(certificate.notAfter), String(daysLeft), warning === null ? '' : `! ${warning}`, `${USES[use]} ${whose}`, certificate.subject,
  ]))
}
