/** Every reason a signature or a seal is not simply valid, in words a clerk understands. */
import type { Finding, ReasonTable, Verdict } from '../trust/verdict.ts'
import { combine, verdictFrom } from '../trust/verdict.ts'

/** Everything a signature or a seal can be reproached with. Codes are stored and shown: add, never rename. */
export const SIGNING_REASONS = {
  // There is nothing to verify
  SIGNATURE_ABSENT: ['indeterminate', 'Gói tin không có chữ ký số', 'The packet carries no signature', 'Decision 28/2018/QĐ-TTg, art. 9.1'],
  SIGNATURE_PLACEHOLDER: ['invalid', 'Chữ ký chỉ là giá trị mẫu, không phải chữ ký thật', 'The signature is a placeholder, a constant copied from a sample', 'QCVN 102:2016/BTTTT, the sample of its appendix'],
  SIGNATURE_REWRITTEN: ['indeterminate', 'Chữ ký đã bị trục liên thông ghi lại, không còn kiểm tra được', 'The signature was rewritten by an axis and can no longer be verified', 'Decision 28/2018/QĐ-TTg, art. 9.1'],

  // The form of the signature
  SIGNATURE_REPEATED: ['invalid', 'Có nhiều hơn một phần tử Signature', 'There is more than one Signature element', 'QCVN 102:2016/BTTTT; XMLDSig 1.1, 4.2'],
  SIGNATURE_MISPLACED: ['invalid', 'Phần tử Signature không đúng chỗ', 'The Signature element is not where it belongs', 'QCVN 102:2016/BTTTT, edXMLHeader'],
  SIGNATURE_NAMESPACE: ['invalid', 'Phần tử Signature không thuộc không gian tên xmldsig', 'The Signature element is not in the xmldsig namespace', 'XMLDSig 1.1, 1.3'],
  SIGNATURE_FORM: ['invalid', 'Cấu trúc chữ ký không đúng quy cách', 'The signature does not have the form it must have', 'XMLDSig 1.1, 4'],
  SIGNATURE_NOT_WHOLE: ['invalid', 'Chữ ký không bao trùm toàn bộ tài liệu', 'The signature does not cover the whole document', 'XMLDSig 1.1, 4.4.3, 8.1.1'],
  SIGNATURE_ENCODING: ['invalid', 'Giá trị trong chữ ký không phải base64 hợp lệ hoặc sai độ dài', 'A value in the signature is not valid base64, or has the wrong length', 'XMLDSig 1.1, 4.3, 4.4.3.6'],

  // What a signature of the general form refers to (structure.ts)
  REFERENCE_EXTERNAL: ['invalid', 'Chữ ký tham chiếu dữ liệu nằm ngoài tệp', 'The signature refers to data outside of the file', 'XMLDSig 1.1, 4.4.3.1; XML Signature Best Practices, 2.2'],
  REFERENCE_POINTER: ['invalid', 'Chữ ký dùng biểu thức XPointer không được chấp nhận', 'The signature uses an XPointer that is not allowed', 'XMLDSig 1.1, 4.4.3.2'],
  REFERENCE_ABSENT: ['invalid', 'Không tìm thấy phần mà chữ ký tham chiếu', 'What the signature refers to is not there', 'XMLDSig 1.1, 4.4.3.1'],
  REFERENCE_AMBIGUOUS: ['invalid', 'Nhiều phần tử có cùng Id mà chữ ký tham chiếu', 'Several elements have the Id that the signature refers to', 'XMLDSig 1.1, 4.4.3.2; XML 1.0, 3.3.1'],
  REFERENCE_MISPLACED: ['invalid', 'Phép biến đổi enveloped-signature dùng cho phần không chứa chữ ký', 'The enveloped-signature transform is used on what does not hold the signature', 'XMLDSig 1.1, 6.6.4'],
  TRANSFORM_NOT_ALLOWED: ['invalid', 'Phép biến đổi trong chữ ký không được chấp nhận', 'A transform of the signature is not allowed', 'XMLDSig 1.1, 6.6; XML Signature Best Practices, 2.1'],
  MANIFEST_NOT_ALLOWED: ['invalid', 'Chữ ký dùng Manifest, không kiểm tra được những gì Manifest liệt kê', 'The signature uses a Manifest, whose references nobody has to check', 'XMLDSig 1.1, 5.1'],
  SIGNATURE_COVERS_PARTS: ['valid', 'Chữ ký chỉ bao trùm một phần của tài liệu', 'The signature covers only parts of the document', 'XMLDSig 1.1, 8.1.1'],
  SIGNATURE_COVERS_ITSELF: ['indeterminate', 'Chữ ký chỉ bao trùm nội dung nằm bên trong chính nó, không bao trùm phần nào của tài liệu bên ngoài', 'The signature covers only what stands inside itself, and nothing of the document around it', 'XMLDSig 1.1, 8.1.1'],

  // Algorithms and keys
  CANONICALIZATION_NOT_ALLOWED: ['invalid', 'Phương pháp chuẩn hóa XML không được chấp nhận', 'The canonicalization method is not allowed', 'XMLDSig 1.1, 6.5'],
  ALGORITHM_SHA1: ['invalid', 'Thuật toán SHA-1 không còn an toàn nên không được chấp nhận', 'SHA-1 is no longer safe and is not allowed', 'TT 15/2025/TT-BKHCN, appendix I'],
  ALGORITHM_SHA1_HISTORICAL: ['valid', 'Chữ ký dùng SHA-1, chỉ được chấp nhận vì đã chứng minh được là có từ trước thời hạn', 'The signature uses SHA-1, and passes only since it is proved to be older than the date set for it', 'TT 15/2025/TT-BKHCN, appendix I; EN 319 102-1, 5.2.8'],
  ALGORITHM_HMAC: ['invalid', 'Mã xác thực HMAC không phải là chữ ký số', 'An HMAC is not a signature', 'XMLDSig 1.1, 6.3'],
  ALGORITHM_NOT_ALLOWED: ['invalid', 'Thuật toán chữ ký hoặc hàm băm không được chấp nhận', 'The signature or digest algorithm is not allowed', 'TT 15/2025/TT-BKHCN, appendix I'],
  SIGNER_KEY_UNFIT: ['invalid', 'Khóa của người ký quá yếu hoặc không hợp với thuật toán', 'The signing key is too weak, or does not fit the algorithm', 'TT 15/2025/TT-BKHCN, appendix I'],

  // The signer
  SIGNER_CERTIFICATE_ABSENT: ['invalid', 'Chữ ký không kèm chứng thư số của người ký', "The signature does not carry the signer's certificate", 'XMLDSig 1.1, 4.5.4'],
  SIGNER_CERTIFICATE_UNREADABLE: ['invalid', 'Không đọc được chứng thư số kèm theo chữ ký', 'A certificate in the signature cannot be read', 'XMLDSig 1.1, 4.5.4'],
  SIGNER_CERTIFICATE_AMBIGUOUS: ['invalid', 'Không xác định được chứng thư số nào là của người ký', "It is not clear which certificate is the signer's", 'XMLDSig 1.1, 4.5.4'],
  SIGNER_CERTIFICATE_OTHER: ['invalid', 'Chứng thư số nêu trong thuộc tính đã ký không phải là chứng thư số của người ký', "The signed properties name another certificate than the signer's", 'EN 319 132-1, 5.2.2'],
  SIGNER_KEY_BARE: ['invalid', 'Chữ ký chỉ kèm khóa công khai, không chứng minh được ai ký', 'The signature carries a bare public key, which proves nobody', 'XMLDSig 1.1, 4.5.2; TT 15/2025/TT-BKHCN, appendix II'],
  KEY_INFO_NOT_ALLOWED: ['invalid', 'Chữ ký dẫn đến khóa ở nơi khác, không được chấp nhận', 'The signature has its key looked for elsewhere, which is not allowed', 'XMLDSig 1.1, 4.5.3'],
  SIGNER_NOT_AGENCY: ['invalid', 'Chứng thư số không phải của cơ quan gửi', 'The certificate does not speak for the sending agency', 'Decree 30/2020/NĐ-CP, art. 13; TT 15/2025/TT-BKHCN, appendix II'],
  SIGNER_UNKNOWN: ['invalid', 'Chứng thư số này chưa được đăng ký cho cơ quan nào', 'This certificate is registered for no agency', 'TT 15/2025/TT-BKHCN, appendix II'],

  // The mathematics
  SIGNATURE_VALUE_WRONG: ['invalid', 'Giá trị chữ ký không khớp với chứng thư số', 'The signature value does not fit the certificate', 'XMLDSig 1.1, 3.2.2'],
  CONTENT_CHANGED: ['invalid', 'Nội dung đã bị thay đổi sau khi ký', 'The content was changed after it was signed', 'XMLDSig 1.1, 3.2.1'],

  // The seal
  SEAL_ABSENT: ['indeterminate', 'Văn bản không kèm con dấu điện tử của gateway', 'The document carries no seal', 'Decision 28/2018/QĐ-TTg, art. 9.1'],
  SEAL_UNREADABLE: ['invalid', 'Không đọc được con dấu điện tử', 'The seal cannot be read', 'Decision 28/2018/QĐ-TTg, art. 9.1'],
  SEAL_UNSIGNED: ['invalid', 'Con dấu điện tử không có chữ ký số', 'The seal is not signed', 'Decision 28/2018/QĐ-TTg, art. 9.1'],
  SEAL_OTHER_DOCUMENT: ['invalid', 'Con dấu điện tử là của văn bản khác', 'The seal belongs to another document', 'Decision 28/2018/QĐ-TTg, art. 9.1'],
  SEAL_FIELD_CHANGED: ['invalid', 'Trường thông tin khác với khi đóng dấu', 'A field differs from what was sealed', 'Decision 28/2018/QĐ-TTg, art. 9.1'],
  SEAL_ATTACHMENT_CHANGED: ['invalid', 'Tệp đính kèm khác với khi đóng dấu', 'An attachment differs from what was sealed', 'Decision 28/2018/QĐ-TTg, art. 9.1'],
  SEAL_ATTACHMENT_MISSING: ['invalid', 'Thiếu tệp đính kèm đã đóng dấu', 'A sealed attachment is missing', 'Decision 28/2018/QĐ-TTg, art. 9.1'],
  SEAL_ATTACHMENT_ADDED: ['invalid', 'Có tệp đính kèm không nằm trong con dấu', 'There is an attachment that was not sealed', 'Decision 28/2018/QĐ-TTg, art. 9.1'],
} as const satisfies ReasonTable

/** A row of the table that was met. `detail` names algorithms, elements, fields and files, never their contents. */
export type SigningFinding = Finding<typeof SIGNING_REASONS>

/** Room for the path of a field and for the name of a file; what a stranger wrote in their place may be longer. */
const LONGEST_DETAIL = 300

/** The verdict that follows from what was found and, if it came to that, from the certificate. What decides stands first. */
export function verdictOf (findings: readonly SigningFinding[], certificate?: Verdict): Verdict {
  const own = verdictFrom(SIGNING_REASONS, findings.map(({ code, detail }) => detail === undefined ? { code } : { code, detail: detail.slice(0, LONGEST_DETAIL) }))
  return certificate ? combine(own, certificate) : own
}
