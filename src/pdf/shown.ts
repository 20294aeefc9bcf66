/**
 * What has to be shown of each signature, in words: issuer, subject, managing unit, signing time or time-stamp, integrity, validity at the signing
 * time, validity period and the verdict; and a warning where no status can be had (TT 15/2025/TT-BKHCN, art. 6 and appendix II). Vietnam time
 * throughout (Decree 30/2020/NĐ-CP, appendix I).
 */
import { vietnamTimestamp } from '../edxml/dates.ts'
import { CMS_REASONS } from '../trust/cms/reasons.ts'
import { PATH_REASONS } from '../trust/path/reasons.ts'
import { REVOCATION_REASONS } from '../trust/revocation/reasons.ts'
import { TIME_REASONS } from '../trust/time/reasons.ts'
import type { CertificateDetails, Reason, ReasonTable, Result } from '../trust/verdict.ts'
import { PDF_REASONS } from './reasons.ts'
import type { PdfSignatureVerdict } from './verdict.ts'

/** The same in both languages. */
export type InWords = { vi: string, en: string }

/** One item: what it is called, and what it says of this signature. */
export type ShownItem = { name: 'verdict' | 'subject' | 'managing-unit' | 'issuer' | 'signing-time' | 'time-stamp' | 'integrity' | 'validity' | 'validity-period', value: InWords } & InWords

/** Every item, in the order in which it is read. Names stand as their certificates have them, and are proved only where the verdict says so. */
export function shownItems (verdict: PdfSignatureVerdict): ShownItem[] {
  const certificate = verdict.signer ?? verdict.chain[0]
  const named = (value: string): InWords => verdict.signer ? same(value) : { vi: `${value} (chưa chứng minh được)`, en: `${value} (not proved)` }
  return [
    { name: 'verdict', vi: 'Kết luận', en: 'Verdict', value: conclusionOf(verdict) },
    ...certificate ? [
      { name: 'subject', vi: 'Chủ thể chứng thư số', en: 'Subject', value: named(certificate.subject) } as const,
      { name: 'managing-unit', vi: 'Đơn vị quản lý', en: 'Managing unit', value: named(managingUnitOf(certificate)) } as const,
      { name: 'issuer', vi: 'Tổ chức cấp chứng thư số', en: 'Issuer', value: named(certificate.issuer) } as const,
    ] : [],
    { name: 'signing-time', vi: 'Thời gian ký', en: 'Signing time', value: signingTimeOf(verdict) },
    { name: 'time-stamp', vi: 'Dấu thời gian', en: 'Time-stamp', value: timeStampOf(verdict) },
    { name: 'integrity', vi: 'Tính toàn vẹn', en: 'Integrity', value: integrityOf(verdict) },
    { name: 'validity', vi: 'Hiệu lực của chứng thư số tại thời điểm ký', en: 'Validity of the certificate at the signing time', value: validityOf(verdict) },
    ...certificate ? [{ name: 'validity-period', vi: 'Thời hạn của chứng thư số', en: 'Validity period', value: same(`${moment(certificate.notBefore)} – ${moment(certificate.notAfter)}`) } as const] : [],
  ]
}

const RESULTS: Record<Result, InWords> = {
  valid: { vi: 'Hợp lệ', en: 'Valid' },
  invalid: { vi: 'Không hợp lệ', en: 'Invalid' },
  indeterminate: { vi: 'Chưa đủ căn cứ kết luận', en: 'Indeterminate' },
}

/** The result and all that led to it; remarks only beside a valid one. */
function conclusionOf ({ result, reasons }: PdfSignatureVerdict): InWords {
  return { vi: [RESULTS[result].vi, ...reasons.map(({ vi }) => vi)].join('. '), en: [RESULTS[result].en, ...reasons.map(({ en }) => en)].join('. ') }
}

/** Who answers for the subject, the narrowest first. */
function managingUnitOf ({ subject }: CertificateDetails): string {
  return partsOf(subject).filter(({ type }) => type === 'OU' || type === 'O').map(({ value }) => value).join(', ') || '—'
}

/** The parts of a name as verdicts write it, commas inside of them escaped. */
function partsOf (name: string): { type: string, value: string }[] {
  return (name.match(/(?:\\.|[^\\,])+/g) ?? []).map((part) => {
    const [, type = '', value = ''] = /^\s*([^=]+)=(.*)$/s.exec(part) ?? []
    return { type, value: value.replace(/\\([^0-9A-F])/g, '$1') }
  })
}

/** What the signer says, who proves nothing by it, and the moment that the verdict is for. */
function signingTimeOf ({ kind, claims, proofTime }: PdfSignatureVerdict): InWords {
  const claim = kind === 'document-time-stamp' ? undefined : claims.time ?? proofTime.claim
  const at = moment(proofTime.at)
  const vouched = VOUCHERS[proofTime.from]
  const proof = { vi: `xét tại ${at}, ${vouched.vi}`, en: `judged for ${at}, ${vouched.en}` }
  return claim === undefined ? proof : { vi: `${moment(claim)}, theo người ký; ${proof.vi}`, en: `${moment(claim)}, as the signer says; ${proof.en}` }
}

const VOUCHERS: Record<PdfSignatureVerdict['proofTime']['from'], InWords> = {
  token: { vi: 'do dấu thời gian chứng thực', en: 'which a time-stamp vouches for' },
  receipt: { vi: 'lúc nhận hoặc kiểm tra', en: 'when it was received or verified' },
  claim: { vi: 'chỉ theo lời khai', en: "on somebody's word alone" },
}

function timeStampOf ({ proofTime: { from, at, by }, reasons }: PdfSignatureVerdict): InWords {
  const fault = worstIn(reasons, TOKEN_REASONS)
  if (fault) return { vi: `Không dùng được: ${fault.vi}`, en: `Not usable: ${fault.en}` }
  if (from !== 'token') return { vi: 'Không có', en: 'None' }
  return by === undefined ? same(moment(at)) : { vi: `${moment(at)}, do ${by} cấp`, en: `${moment(at)}, by ${by}` }
}

/** Intact is only what a signature proves: its value right, its content as it was, and nothing added that it does not permit. */
function integrityOf ({ kind, signer, reasons }: PdfSignatureVerdict): InWords {
  if (reasons.some(({ code }) => CHANGED.has(code) || (kind === 'document-time-stamp' && code === 'TOKEN_IMPRINT_WRONG'))) return { vi: 'KHÔNG toàn vẹn: đã bị thay đổi sau khi ký', en: 'NOT intact: changed after signing' }
  if (signer === undefined || worstIn(reasons, FORM_REASONS)) return { vi: 'Không chứng minh được', en: 'Not proved' }
  const extended = reasons.find(({ code }) => code === 'PDF_EXTENDED_AFTER_SIGNING')
  return extended ? { vi: `Toàn vẹn. ${extended.vi} (${extended.detail})`, en: `Intact. ${extended.en} (${extended.detail})` } : { vi: 'Toàn vẹn', en: 'Intact' }
}

const CHANGED: ReadonlySet<string> = new Set(['CMS_CONTENT_CHANGED', 'PDF_CHANGED_AFTER_SIGNING'])

const FORM_REASONS: ReasonTable = { ...PDF_REASONS, ...CMS_REASONS }
const TOKEN_REASONS: ReasonTable = Object.fromEntries(Object.entries(TIME_REASONS).filter(([code]) => /^(TOKEN|TSA)_/.test(code)))
const CERTIFICATE_REASONS: ReasonTable = { ...PATH_REASONS, ...REVOCATION_REASONS }

function validityOf ({ chain, revocation, reasons }: PdfSignatureVerdict): InWords {
  const fault = worstIn(reasons, CERTIFICATE_REASONS)
  const unknown = { vi: 'CẢNH BÁO: chưa xác định được chứng thư số có bị thu hồi hay không', en: 'WARNING: it is not known whether it was revoked' }
  if (chain.length === 0) return { vi: 'Không xác định được: không có chứng thư số', en: 'Not known: there is no certificate' }
  if (fault?.result === 'invalid') return { vi: `Không có hiệu lực: ${fault.vi}`, en: `Not valid: ${fault.en}` }
  if (fault || revocation.some(({ status }) => status === 'missing')) return { vi: `Còn hạn. ${unknown.vi}`, en: `Within its period. ${unknown.en}` }
  // The revocation of authorities' certificates is not asked for
  if (revocation.length === 0) return { vi: 'Còn hạn', en: 'Within its period' }
  return { vi: 'Có hiệu lực, không bị thu hồi hoặc tạm dừng', en: 'Valid, neither revoked nor suspended' }
}

/** The reason of these that decides, if one is more than a remark. */
function worstIn (reasons: readonly Reason[], table: ReasonTable): (Reason & { result: Result }) | undefined {
  const met = reasons.flatMap((reason) => {
    const [result] = table[reason.code] ?? []
    return result === undefined || result === 'valid' ? [] : [{ ...reason, result }]
  })
  return met.find(({ result }) => result === 'invalid') ?? met[0]
}

function moment (text: string): string {
  const at = new Date(text)
  return Number.isNaN(at.getTime()) ? text : vietnamTimestamp(at)
}

const same = (value: string): InWords => ({ vi: value, en: value })
