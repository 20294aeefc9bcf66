/** Everything a certificate path can be reproached with. */
import type { Finding, ReasonTable } from '../verdict.ts'

export const PATH_REASONS = {
  CERTIFICATE_UNREADABLE: ['invalid', 'Chứng thư số không đọc được theo DER', 'A certificate cannot be read as DER', 'RFC 5280, 4.1; X.690, 10'],
  ISSUER_UNKNOWN: ['invalid', 'Không có đường dẫn chứng thư tới chứng thư gốc được tin cậy', 'No chain leads to a trusted root', 'RFC 5280, 6.1; TT 15/2025/TT-BKHCN, art. 6'],
  CHAIN_TOO_LONG: ['invalid', 'Đường dẫn chứng thư quá dài', 'The chain has too many certificates', 'RFC 5280, 6.1'],
  PATH_SEARCH_TOO_WIDE: ['invalid', 'Có quá nhiều chứng thư CA khả dĩ: dừng tìm đường dẫn chứng thư', 'There are too many CA certificates that might lead on: the search for a chain was ended', 'RFC 4158, 3.1'],
  CHAIN_SIGNATURE_WRONG: ['invalid', 'Chữ ký trên chứng thư số không do cơ quan phát hành tạo ra', 'The signature on a certificate was not made by its issuer', 'RFC 5280, 6.1.3 (a)(1)'],
  CERTIFICATE_NOT_YET_VALID: ['invalid', 'Chứng thư số chưa có hiệu lực', 'A certificate is not valid yet', 'RFC 5280, 6.1.3 (a)(2)'],
  CERTIFICATE_EXPIRED: ['invalid', 'Chứng thư số đã hết hạn', 'A certificate has expired', 'RFC 5280, 6.1.3 (a)(2)'],
  ISSUER_NOT_CA: ['invalid', 'Chứng thư phát hành không phải là chứng thư CA', 'The issuer is not a certification authority', 'RFC 5280, 6.1.4 (k)'],
  PATH_LENGTH_EXCEEDED: ['invalid', 'Vượt quá số cấp CA được phép (pathLenConstraint)', 'There are more CAs below than pathLenConstraint allows', 'RFC 5280, 6.1.4 (l)'],
  CA_KEY_USAGE_WRONG: ['invalid', 'Khóa của CA không được dùng để ký chứng thư (keyUsage)', 'The key of the CA may not sign certificates (keyUsage)', 'RFC 5280, 6.1.4 (n)'],
  CA_PURPOSE_WRONG: ['invalid', 'Chứng thư CA chỉ dùng cho mục đích khác (extKeyUsage)', 'The CA may issue for other purposes only (extKeyUsage)', 'RFC 5280, 4.2.1.12'],
  NAME_NOT_PERMITTED: ['invalid', 'Tên trong chứng thư số nằm ngoài phạm vi CA được phép cấp (nameConstraints)', 'A name is outside of those that the CA may give (nameConstraints)', 'RFC 5280, 6.1.3 (b)'],
  NAME_EXCLUDED: ['invalid', 'Tên trong chứng thư số thuộc phạm vi CA không được cấp (nameConstraints)', 'A name is among those that the CA may not give (nameConstraints)', 'RFC 5280, 6.1.3 (c)'],
  NAME_FORM_UNJUDGED: ['invalid', 'Tên trong chứng thư số thuộc loại bị giới hạn mà chưa kiểm tra được (nameConstraints)', 'A name is of a form that is constrained and cannot be judged (nameConstraints)', 'RFC 5280, 4.2.1.10'],
  POLICY_MISSING: ['invalid', 'Đường dẫn chứng thư không có chính sách chứng thư nào được chấp nhận', 'No certificate policy that is accepted holds along the chain', 'RFC 5280, 6.1.3 (f), 6.1.5 (g)'],
  POLICY_MAPPING_WRONG: ['invalid', 'CA ánh xạ chính sách chứng thư từ hoặc sang anyPolicy', 'A CA maps a policy from or to anyPolicy', 'RFC 5280, 6.1.4 (a)'],
  SIGNER_KEY_USAGE_WRONG: ['invalid', 'Khóa không được dùng để ký văn bản (keyUsage)', 'The key may not sign documents (keyUsage)', 'RFC 5280, 4.2.1.3; TT 15/2025/TT-BKHCN, appendix II'],
  SIGNER_PURPOSE_WRONG: ['invalid', 'Chứng thư số chỉ dùng cho mục đích khác (extKeyUsage)', 'The certificate is for other purposes only (extKeyUsage)', 'RFC 5280, 4.2.1.12'],
  CRL_KEY_USAGE_WRONG: ['invalid', 'Khóa không được dùng để ký danh sách thu hồi (keyUsage)', 'The key may not sign CRLs (keyUsage)', 'RFC 5280, 6.3.3 (f)'],
  OCSP_PURPOSE_MISSING: ['invalid', 'Chứng thư số không dùng để ký phản hồi OCSP (extKeyUsage)', 'The certificate is not for signing OCSP answers (extKeyUsage)', 'RFC 6960, 4.2.2.2'],
  TIME_STAMPING_PURPOSE_WRONG: ['invalid', 'Chứng thư số không dành riêng cho cấp dấu thời gian (extKeyUsage)', 'The certificate is not for time-stamping alone, marked critical (extKeyUsage)', 'RFC 3161, 2.3'],
  TLS_PURPOSE_WRONG: ['invalid', 'Chứng thư số không dành cho máy chủ TLS (extKeyUsage)', 'The certificate is not for TLS servers (extKeyUsage)', 'RFC 5280, 4.2.1.12'],
  TLS_NAME_MISSING: ['invalid', 'Chứng thư máy chủ TLS không có tên máy chủ trong subjectAltName', 'The certificate of a TLS server has no host name in subjectAltName', 'RFC 9525, 6.3'],
  USE_KEY_USAGE_WRONG: ['invalid', 'Khóa không được dùng cho mục đích này (keyUsage)', 'The key may not be used so (keyUsage)', 'RFC 5280, 4.2.1.3'],
  EXTENSION_UNKNOWN: ['invalid', 'Chứng thư số có phần mở rộng quan trọng chưa được hỗ trợ', 'A certificate has a critical extension that is not understood', 'RFC 5280, 6.1.4 (o), 6.1.5 (f)'],
  KEY_WEAK: ['invalid', 'Khóa công khai quá yếu hoặc thuộc loại không được chấp nhận', 'A public key is too weak, or of a kind that is not admitted', 'TT 15/2025/TT-BKHCN, appendix I'],
  DIGEST_WEAK: ['invalid', 'Chứng thư số được ký bằng hàm băm không còn an toàn', 'A certificate is signed with a digest that is broken', 'TT 15/2025/TT-BKHCN, appendix I'],
  ALGORITHM_NOT_ADMITTED: ['invalid', 'Thuật toán ký trên chứng thư số không được chấp nhận', 'The algorithm that signed a certificate is not admitted', 'TT 15/2025/TT-BKHCN, appendix I'],
  DIGEST_SHA1_PINNED: ['valid', 'Chứng thư CA thế hệ G1 ký bằng SHA-1, được chấp nhận vì đã ghim theo dấu vân tay', 'A G1 CA certificate is signed with SHA-1; admitted because it is pinned by its fingerprint', 'ETSI TS 119 312; pinned anchors'],
} as const satisfies ReasonTable

/** A row of the table that was met. */
export type PathFinding = Finding<typeof PATH_REASONS>
