/** Every reason a PDF or a signature in it is not simply valid, in words a clerk understands. */
import { verdictFrom, type Finding, type ReasonTable, type Verdict } from '../trust/verdict.ts'

/** Codes are stored and shown: add, never rename. */
export const PDF_REASONS = {
  // The file
  PDF_UNSIGNED: ['indeterminate', 'Tệp PDF không có chữ ký số', 'The PDF carries no signature', 'Decree 30/2020/NĐ-CP, art. 13, 25'],
  PDF_ENCRYPTED: ['indeterminate', 'Tệp PDF được mã hóa, không kiểm tra được chữ ký', 'The PDF is encrypted, so that its signatures cannot be judged', 'ISO 32000-2, 7.6'],
  PDF_BROKEN: ['indeterminate', 'Cấu trúc tệp PDF bị hỏng, không đọc được như một phần mềm xem thông thường', 'The structure of the PDF is broken: viewers would have to guess what it says', 'ISO 32000-2, 7.5'],
  PDF_TOO_COMPLEX: ['indeterminate', 'Tệp PDF quá phức tạp, vượt giới hạn kiểm tra', 'The PDF is too complex to be judged within its limits', 'EN 319 102-1, 5.1.3'],

  // The form of one signature
  PDF_SIGNATURE_FORM: ['invalid', 'Từ điển chữ ký trong tệp PDF không đúng quy cách', 'The signature dictionary does not have the form it must have', 'ISO 32000-2, 12.8.1'],
  PDF_SIGNATURE_KIND: ['invalid', 'Kiểu chữ ký (SubFilter) không được chấp nhận', 'This kind of signature (SubFilter) is not accepted', 'EN 319 142-1, 4.1, 6.3; ISO 32000-2, table 255; TT 15/2025/TT-BKHCN, appendix I'],
  PDF_FIELD_UNLISTED: ['valid', 'Biểu mẫu của tệp PDF không liệt kê trường chữ ký này: có phần mềm xem không hiển thị chữ ký', 'The form of the PDF does not list this signature field: some viewers do not show the signature', 'ISO 32000-2, 12.7.3'],
  PDF_BYTE_RANGE: ['invalid', 'Vùng được ký (ByteRange) không bao trùm đúng toàn bộ phiên bản đã ký của tệp', 'The ByteRange does not cover the whole signed revision but for the signature itself', 'ISO 32000-2, 12.8.1; EN 319 142-1, 6.3'],
  PDF_SIGNATURE_COVERS: ['invalid', 'Hình hiển thị của chữ ký che quá một phần tám trang mà người khác đã ký', 'What the signature shows takes up more than an eighth of a page that somebody else had signed', 'Decree 30/2020/NĐ-CP, appendix I; ISO 32000-2, 12.8.2.2'],

  // What was added after a signature
  PDF_CHANGED_AFTER_SIGNING: ['invalid', 'Tệp PDF đã bị thay đổi sau khi ký, ngoài những gì chữ ký cho phép', 'The PDF was changed after it was signed, beyond what the signature permits', 'ISO 32000-2, 12.8.2; EN 319 142-1, 5.4; TT 15/2025/TT-BKHCN, appendix II'],
  PDF_EXTENDED_AFTER_SIGNING: ['valid', 'Sau chữ ký này tệp PDF có thêm nội dung được phép', 'After this signature the PDF was added to, as is permitted', 'ISO 32000-2, 12.8.2; EN 319 142-1, 5.4'],
} as const satisfies ReasonTable

/** Room for what a person reads of names and places that a stranger wrote. */
const LONGEST_DETAIL = 500

/** The verdict that follows from what was found. */
export function pdfVerdictFrom (findings: readonly Finding<typeof PDF_REASONS>[]): Verdict {
  return verdictFrom(PDF_REASONS, findings.map(({ code, detail }) => detail === undefined ? { code } : { code, detail: detail.slice(0, LONGEST_DETAIL) }))
}
