/** Everything that can be said of a certificate's revocation, and of the answers it rests on. */
import type { Finding, ReasonTable } from '../verdict.ts'

export const REVOCATION_REASONS = {
  // The certificate
  CERTIFICATE_REVOKED: ['invalid', 'Chứng thư số đã bị thu hồi trước thời điểm ký', 'A certificate was revoked before the proof time', 'RFC 5280, 6.3; TT 15/2025/TT-BKHCN, appendix II'],
  CERTIFICATE_INVALID_SINCE: ['invalid', 'Chứng thư số bị thu hồi sau thời điểm ký, nhưng khóa bị coi là không an toàn từ trước đó (invalidityDate)', 'A certificate was revoked after the proof time, but its key has been in doubt since before it (invalidityDate)', 'RFC 5280, 5.3.2'],
  CERTIFICATE_ON_HOLD: ['invalid', 'Chứng thư số đang bị tạm dừng tại thời điểm ký', 'A certificate was suspended at the proof time', 'RFC 5280, 5.3.1; TT 15/2025/TT-BKHCN, appendix II'],
  CERTIFICATE_REVOKED_LATER: ['valid', 'Chứng thư số bị thu hồi sau thời điểm ký', 'A certificate was revoked after the proof time', 'EN 319 102-1, 5.5'],

  // What it means that no answer counts, by policy
  REVOCATION_UNKNOWN: ['indeterminate', 'Chưa xác định được chứng thư số có bị thu hồi hay không', 'It is not known whether a certificate was revoked', 'TT 15/2025/TT-BKHCN, appendix II; EN 319 102-1, 5.2.6'],
  REVOCATION_UNKNOWN_ACCEPTED: ['valid', 'Chưa xác định được chứng thư số có bị thu hồi hay không; tạm chấp nhận theo chính sách và sẽ kiểm tra lại', 'It is not known whether a certificate was revoked; accepted for now by policy, to be checked again', 'TT 15/2025/TT-BKHCN, appendix II; policy'],
  REVOCATION_REQUIRED: ['invalid', 'Không có thông tin thu hồi chứng thư số mà chính sách bắt buộc', 'There is no answer on a certificate\'s revocation, and the policy demands one', 'TT 15/2025/TT-BKHCN, appendix II; policy'],

  // Remarks on an answer that counts
  ANSWER_STALE: ['valid', 'Thông tin thu hồi đã quá hạn cập nhật, còn trong thời gian chính sách cho phép', 'The answer on revocation is past its nextUpdate, within what the policy allows', 'RFC 5280, 5.1.2.5; policy'],
  ANSWER_SHA1_PINNED: ['valid', 'Thông tin thu hồi ký bằng SHA-1, được chấp nhận vì do CA thế hệ G1 đã ghim phát hành', 'The answer on revocation is signed with SHA-1; admitted because a pinned G1 CA issued it', 'ETSI TS 119 312; pinned anchors'],

  // Why an answer does not count
  ANSWER_UNREADABLE: ['valid', 'Thông tin thu hồi, hoặc nơi công bố ghi trong chứng thư, không đọc được theo DER', 'An answer on revocation, or where a certificate says it is to be found, cannot be read as DER', 'RFC 5280, 5.1; X.690, 10'],
  ANSWER_OUTDATED: ['valid', 'Thông tin thu hồi đã quá hạn tại thời điểm cần xét', 'An answer on revocation was out of date at the proof time', 'RFC 5280, 6.3.3 (a); RFC 6960, 4.2.2.1'],
  ANSWER_OMITS_EXPIRED: ['valid', 'Thông tin thu hồi phát hành sau khi chứng thư hết hạn, có thể không còn nêu chứng thư đó', 'An answer is younger than the certificate\'s expiry, and may no longer speak of it', 'X.509, 9.5.2.9; RFC 6960, 4.4.4'],
  ANSWER_SIGNATURE_WRONG: ['valid', 'Chữ ký trên thông tin thu hồi không đúng', 'The signature on an answer on revocation is wrong', 'RFC 5280, 6.3.3 (g); RFC 6960, 3.2'],
  ANSWER_SIGNER_UNKNOWN: ['valid', 'Không tìm thấy chứng thư của bên ký thông tin thu hồi', 'No certificate is known of whoever signed an answer on revocation', 'RFC 5280, 6.3.3 (f); RFC 6960, 4.2.2.2'],
  ANSWER_SIGNER_UNFIT: ['valid', 'Bên ký thông tin thu hồi không có quyền ký', 'Whoever signed an answer on revocation may not do so', 'RFC 5280, 6.3.3 (f); RFC 6960, 4.2.2.2'],
  ANSWER_DIGEST_WEAK: ['valid', 'Thông tin thu hồi ký bằng hàm băm không còn an toàn', 'An answer on revocation is signed with a digest that is broken', 'TT 15/2025/TT-BKHCN, appendix I'],
  ANSWER_ALGORITHM_NOT_ADMITTED: ['valid', 'Thuật toán ký trên thông tin thu hồi không được chấp nhận', 'The algorithm that signed an answer on revocation is not admitted', 'TT 15/2025/TT-BKHCN, appendix I'],
  ANSWER_KEY_WEAK: ['valid', 'Khóa ký thông tin thu hồi quá yếu', 'The key that signed an answer on revocation is too weak', 'TT 15/2025/TT-BKHCN, appendix I'],
  ANSWER_SCOPE_OTHER: ['valid', 'CRL không thuộc phạm vi của chứng thư số này', 'A CRL does not speak for this certificate', 'RFC 5280, 6.3.3 (b)'],
  ANSWER_REASONS_PARTIAL: ['valid', 'Các CRL hiện có không nêu hết các lý do thu hồi', 'The CRLs at hand do not tell of all reasons for revocation', 'RFC 5280, 6.3.3 (e)'],
  ANSWER_EXTENSION_UNKNOWN: ['valid', 'Thông tin thu hồi có phần mở rộng quan trọng chưa được hỗ trợ', 'An answer on revocation has a critical extension that is not understood', 'RFC 5280, 5.2 and 5.3; RFC 6960, 4.4'],
  ANSWER_OF_OTHER_CERTIFICATE: ['valid', 'Thông tin OCSP không phải của chứng thư số này', 'An OCSP answer does not speak of this certificate', 'RFC 6960, 3.2 (1)'],
  ANSWER_STATUS_UNKNOWN: ['valid', 'Máy chủ OCSP không biết chứng thư số này', 'The OCSP responder does not know this certificate', 'RFC 6960, 2.2'],
} as const satisfies ReasonTable

/** A row of the table that was met. */
export type RevocationFinding = Finding<typeof REVOCATION_REASONS>
