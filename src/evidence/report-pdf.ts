/** A judged PDF in words: each signature with all that has to be shown of it (TT 15/2025/TT-BKHCN, art. 6), where it stands, and what was added after it. */
import type { ChangeKind, LaterChange, PdfSignatureKind } from '../pdf/examination.ts'
import { shownItems } from '../pdf/shown.ts'
import type { PdfSignatureVerdict } from '../pdf/verdict.ts'
import type { JudgedFile } from './judge.ts'
import { pathLines, reasonLines } from './words.ts'

/** What is said of the file before its signatures: how large it is, or why there is none. */
export function pdfHeadLines ({ verdict, size }: Extract<JudgedFile, { kind: 'pdf' }>): string[] {
  return [
    ...size ? [`Số trang · pages: ${size.pages}; phiên bản · revisions: ${size.revisions}; chữ ký · signatures: ${verdict.signatures.length}`] : [],
    ...verdict.signatures.length === 0 ? reasonLines(verdict.reasons) : [],
  ]
}

const KINDS: Record<PdfSignatureKind, string> = {
  signature: 'chữ ký · signature', certification: 'chữ ký chứng nhận · certification', 'document-time-stamp': 'dấu thời gian cho toàn tài liệu · document time-stamp',
}

/** One signature, a line at a time. */
export function pdfSignatureLines (signature: PdfSignatureVerdict): string[] {
  const { kind, subFilter, level, revision, coversWholeFile, appearance, claims, later } = signature
  return [
    `Loại · kind: ${KINDS[kind]}, ${subFilter}${level === 'other' ? '' : `, PAdES ${level}`}`,
    `Phần được ký · what it covers: ${coversWholeFile ? 'toàn bộ tệp · the whole file' : `phiên bản ${revision} của tệp · revision ${revision} of the file`}`,
    `Hiển thị · shown: ${appearance ? `trang · page ${appearance.page}` : 'không · nowhere'}`,
    // The verdict stands above, its reasons below
    ...shownItems(signature).filter(({ name }) => name !== 'verdict').map(({ vi, en, value }) => `${vi} · ${en}: ${value.vi === value.en ? value.vi : `${value.vi} · ${value.en}`}`),
    ...claimed('Người ký khai tên · name, as the signer says', claims.name),
    ...claimed('Lý do ký · reason', claims.reason),
    ...claimed('Nơi ký · location', claims.location),
    ...claimed('Liên hệ · contact', claims.contact),
    ...later.length === 0 ? [] : ['Thêm vào sau chữ ký · added after it:', ...later.map((change) => `  ${changeLine(change)}`)],
    ...pathLines(signature),
    ...reasonLines(signature.reasons),
  ]
}

function claimed (what: string, said: string | undefined): string[] {
  return said === undefined ? [] : [`${what}: ${said}`]
}

const CHANGES: Record<ChangeKind, string> = {
  signature: 'chữ ký khác · another signature', 'document-time-stamp': 'dấu thời gian · document time-stamp', 'validation-data': 'dữ liệu kiểm tra chữ ký · validation data',
  'form-fill': 'điền biểu mẫu · form fields filled in', metadata: 'siêu dữ liệu · metadata', other: 'thay đổi khác · another change',
}

function changeLine ({ revision, kind, permitted, detail }: LaterChange): string {
  const may = permitted ? 'được phép · permitted' : 'KHÔNG được phép · NOT permitted'
  return `phiên bản · revision ${revision}: ${CHANGES[kind]}${detail === undefined ? '' : ` (${detail})`}: ${may}`
}
