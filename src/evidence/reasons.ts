/** What is remarked, beside a verdict, on a file that is verified away from the gateway. */
import type { ReasonTable } from '../trust/verdict.ts'

export const EVIDENCE_REASONS = {
  SIGNER_NOT_COMPARED: ['valid', 'Chưa đối chiếu chứng thư số với danh bạ: hãy so tên người ký với cơ quan gửi', 'The certificate was not compared with a registry: compare the signer\'s name with the sending agency', 'TT 15/2025/TT-BKHCN, appendix II'],
  EXAMPLE_CERTIFICATE: ['valid', 'Chứng thư ví dụ: ai cũng có khóa bí mật, nên không chứng minh điều gì', 'An example certificate: everyone has its private key, so it proves nothing', 'TT 15/2025/TT-BKHCN, art. 6'],
} as const satisfies ReasonTable
