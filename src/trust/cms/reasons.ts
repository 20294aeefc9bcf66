/** Everything that the signature of a CMS message can be reproached with, apart from its certificate's path and revocation. */
import type { Finding, ReasonTable } from '../verdict.ts'

export const CMS_REASONS = {
  // The form of the message
  CMS_UNREADABLE: ['invalid', 'Không đọc được dữ liệu chữ ký số (CMS)', 'The signature (CMS) cannot be read', 'RFC 5652, 5.1; X.690'],
  CMS_CONTENT_WRONG: ['invalid', 'Chữ ký (CMS) mang theo nội dung riêng hoặc nội dung không phải kiểu dữ liệu thường, thay vì tách rời khỏi tệp', 'The signature (CMS) carries a content of its own, or is of another kind, instead of being detached from plain data', 'EN 319 142-1, 4.1; RFC 5652, 5.2'],
  CMS_SIGNERS_WRONG: ['invalid', 'Chữ ký (CMS) phải có đúng một người ký', 'The signature (CMS) must have exactly one signer', 'ISO 32000-2, 12.8.3.3; EN 319 142-1, 4.1'],
  // Without them, attributes that somebody signed elsewhere pass for a content (draft-ietf-lamps-cms-euf-cma-signeddata), and no certificate is bound
  CMS_ATTRIBUTES_ABSENT: ['invalid', 'Chữ ký không có thuộc tính được ký nên không gắn với nội dung và chứng thư số', 'There are no signed attributes, so that the signature is bound to no kind of content and to no certificate', 'EN 319 122-1, 6.3; RFC 5652, 5.3'],
  CMS_ATTRIBUTE_WRONG: ['invalid', 'Thuộc tính được ký bị thiếu, lặp lại hoặc sai', 'A signed attribute is missing, repeated or wrong', 'RFC 5652, 5.3, 11'],

  // Algorithms
  CMS_ALGORITHM_NOT_ALLOWED: ['invalid', 'Thuật toán ký hoặc hàm băm của chữ ký không được chấp nhận', 'The signature or digest algorithm is not allowed', 'TT 15/2025/TT-BKHCN, appendix I'],
  CMS_ALGORITHMS_DIFFER: ['invalid', 'Các thuật toán nêu trong chữ ký mâu thuẫn với nhau', 'The algorithms that the signature names contradict each other', 'RFC 6211, 2; RFC 5652, 5.3; RFC 4056, 3; RFC 5753, 2.1.1'],

  // Who signed
  CMS_CERTIFICATE_ABSENT: ['indeterminate', 'Chữ ký không kèm chứng thư số của người ký', "The signature does not carry its signer's certificate", 'EN 319 142-1, 6.3; ISO 32000-2, 12.8.3.3'],
  CMS_CERTIFICATE_UNBOUND: ['invalid', 'Chữ ký không gắn với chứng thư số của người ký (thiếu signing-certificate)', 'The signed attributes do not name the certificate (no signing-certificate)', 'EN 319 122-1, 5.2.2; EN 319 142-1, 6.3'],
  CMS_CERTIFICATE_UNNAMED: ['valid', 'Thuộc tính được ký không nêu chứng thư số của người ký; kiểu chữ ký này không bắt buộc', 'The signed attributes do not name the certificate, which this kind of signature need not do', 'ISO 32000-2, 12.8.3.3'],
  CMS_CERTIFICATE_OTHER: ['invalid', 'Thuộc tính được ký nêu một chứng thư số khác', 'The signed attributes name another certificate', 'RFC 5035, 5'],
  CMS_BINDING_SHA1: ['valid', 'Chữ ký nêu chứng thư số của người ký bằng SHA-1 (ESSCertID)', 'The signature names its certificate by SHA-1 (ESSCertID)', 'RFC 5035, 4; EN 319 122-1, 5.2.2.2'],

  // The mathematics
  CMS_SIGNATURE_WRONG: ['invalid', 'Giá trị chữ ký không khớp với chứng thư số', 'The signature value does not fit the certificate', 'RFC 5652, 5.6'],
  CMS_CONTENT_CHANGED: ['invalid', 'Nội dung đã bị thay đổi sau khi ký', 'The content was changed after it was signed', 'RFC 5652, 5.6, 11.2; TT 15/2025/TT-BKHCN, appendix II'],
} as const satisfies ReasonTable

/** A row of the table that was met. */
export type CmsFinding = Finding<typeof CMS_REASONS>
