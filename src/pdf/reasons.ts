/** Every reason a PDF or a signature in it is not simply valid, in words a clerk understands. */
import { verdictFrom, type Finding, type ReasonTable, type Verdict } from '../trust/verdict.ts'

/** Codes are stored and shown: add, never rename. */
export const PDF_REASONS = {
  // The file
  PDF_UNSIGNED: ['indeterminate', 'Tệp PDF không có chữ ký số', 'The PDF carries no signature', 'Decree 30/2020/NĐ-CP, art. 13, 25'],
  PDF_ENCRYPTED: ['indeterminate', 'Tệp PDF được mã hóa, không kiểm tra được chữ ký', 'The PDF is encrypted, so that its signatures cannot be judged', 'ISO 32000-2, 7.6'],
  PDF_BROKEN: ['indeterminate', 'Cấu trúc tệp PDF bị hỏng, không đọc được như một phần mềm xem thông thường', 'The structure of the PDF is broken: viewers would have to guess what it says', 'ISO 32000-2, 7.5'],
  PDF_TOO_COMPLEX: ['indeterminate', 'Tệp PDF quá phức tạp, vượt giới hạn kiểm tra', 'The PDF is too complex to be judged within its limits', 'EN 319 102-1, 5.1.3'],
} as const satisfies ReasonTable

/** The verdict that follows from what was found. */
export function pdfVerdictFrom (findings: readonly Finding<typeof PDF_REASONS>[]): Verdict {
  return verdictFrom(PDF_REASONS, findings)
}
