/** Everything that a time-stamp, or what is said of a time, can be reproached with. */
import type { Finding, ReasonTable } from '../verdict.ts'

export const TIME_REASONS = {
  // The authority's answer
  TSA_ANSWER_UNREADABLE: ['indeterminate', 'Không đọc được trả lời của dịch vụ cấp dấu thời gian', 'The answer of the time-stamping authority cannot be read', 'RFC 3161, 2.4.2'],
  TSA_REFUSED: ['indeterminate', 'Dịch vụ cấp dấu thời gian từ chối yêu cầu', 'The time-stamping authority refused the request', 'RFC 3161, 2.4.2, PKIStatus'],

  // The token's form
  TOKEN_UNREADABLE: ['invalid', 'Không đọc được dấu thời gian', 'The time-stamp token cannot be read', 'RFC 3161, 2.4.2; RFC 5652, 5.1'],
  TOKEN_CONTENT_WRONG: ['invalid', 'Nội dung đã ký không phải là dấu thời gian', 'What is signed is not a time-stamp', 'RFC 3161, 2.4.2, eContentType'],
  TOKEN_SIGNERS_WRONG: ['invalid', 'Dấu thời gian phải có đúng một chữ ký', 'A time-stamp token has exactly one signature', 'RFC 3161, 2.4.2'],
  TOKEN_ATTRIBUTE_WRONG: ['invalid', 'Thuộc tính đã ký của dấu thời gian bị thiếu, lặp lại hoặc sai', 'A signed attribute of the token is missing, repeated or wrong', 'RFC 5652, 5.3, 11; RFC 3161, 2.4.2'],
  TOKEN_EXTENSION_UNKNOWN: ['invalid', 'Dấu thời gian có phần mở rộng quan trọng chưa được hỗ trợ', 'The token has a critical extension that is not understood', 'RFC 3161, 2.4.2, extensions'],

  // Who signed it, and how
  TOKEN_CERTIFICATE_ABSENT: ['indeterminate', 'Dấu thời gian không kèm chứng thư số của người ký', "The token does not carry its signer's certificate", 'RFC 3161, 2.4.1, certReq'],
  TOKEN_CERTIFICATE_UNBOUND: ['invalid', 'Chữ ký của dấu thời gian không gắn với chứng thư số kèm theo', "The token's signature is not bound to the certificate that came with it", 'RFC 5816, 2.2.1; RFC 5035, 5'],
  TOKEN_BINDING_SHA1: ['valid', 'Dấu thời gian gắn với chứng thư số bằng SHA-1 (ESSCertID)', 'The token names its certificate by SHA-1 (ESSCertID)', 'RFC 5816, 1; RFC 2634, 5.4'],
  TOKEN_ALGORITHM_NOT_ALLOWED: ['invalid', 'Thuật toán ký hoặc hàm băm của dấu thời gian không được chấp nhận', "The token's signature or digest algorithm is not allowed", 'TT 15/2025/TT-BKHCN, appendix I'],
  TOKEN_CONTENT_CHANGED: ['invalid', 'Nội dung dấu thời gian đã bị thay đổi sau khi ký', 'The token was changed after it was signed', 'RFC 5652, 5.6, 11.2'],
  TOKEN_SIGNATURE_WRONG: ['invalid', 'Chữ ký của dấu thời gian không khớp với chứng thư số', "The token's signature does not fit the certificate", 'RFC 5652, 5.6'],
  TSA_UNKNOWN: ['indeterminate', 'Chưa cấu hình dịch vụ cấp dấu thời gian được tin cậy', 'No time-stamping authority is trusted: there are no anchors for one', 'RFC 3161, 4.3; TT 15/2025/TT-BKHCN, art. 6'],

  // What it says
  TOKEN_IMPRINT_WRONG: ['invalid', 'Dấu thời gian là của dữ liệu khác', 'The token is for other data', 'RFC 3161, 2.2, messageImprint'],
  TOKEN_NONCE_WRONG: ['invalid', 'Dấu thời gian không phải là trả lời cho yêu cầu này', 'The token does not answer this request', 'RFC 3161, 2.2, nonce'],
  TOKEN_POLICY_WRONG: ['invalid', 'Dấu thời gian được cấp theo chính sách khác với yêu cầu', 'The token was issued under another policy than was demanded', 'RFC 3161, 2.4.1, reqPolicy'],
  TOKEN_TIME_WRONG: ['invalid', 'Thời gian trong dấu thời gian lệch với đồng hồ của gateway', "The token's time differs from the gateway's clock", 'RFC 3161, 2.2'],
  TOKEN_LATER: ['valid', 'Dấu thời gian muộn hơn thời điểm được xét nên không chứng minh được thời điểm đó và không được dùng', 'The time-stamp is later than the moment that is judged: it does not prove that moment, and is not used', 'RFC 3161, 2.4.2, genTime'],

  // What the signer claims, and what is proved
  CLAIM_AFTER_PROOF: ['indeterminate', 'Thời điểm ký tự khai muộn hơn thời điểm đã được chứng minh', 'The signer claims a later time than the signature is proved to be from', 'EN 319 102-1, 5.5.4, SIG_CONSTRAINTS_FAILURE'],
  CLAIM_LOCAL_TIME: ['valid', 'Thời điểm ký tự khai là giờ Việt Nam nhưng ghi là UTC (lệch +7 giờ)', 'The claimed signing time is Vietnamese local time marked as UTC (7 hours ahead)', 'RFC 5652, 11.3; RFC 5280, 4.1.2.5'],
  TIME_UNPROVED: ['indeterminate', 'Không có bằng chứng thời gian nào cho thấy chữ ký có trước khi chứng thư số hết hiệu lực', 'Nothing proves that the signature is older than the end of its certificate', 'EN 319 102-1, 5.2.6, NO_POE; TT 15/2025/TT-BKHCN, appendix II'],
} as const satisfies ReasonTable

/** A row of the table that was met. */
export type TimeFinding = Finding<typeof TIME_REASONS>
