/**
 * Verdicts: what the gateway says of a signature or a certificate, and why (EN 319 102-1).
 * Every reason is a row of a closed table; the worst row decides.
 */
import type { X509Certificate } from 'node:crypto'

/** `valid` is proved, `invalid` is disproved, `indeterminate` needs evidence that is not at hand. */
export type Result = 'valid' | 'invalid' | 'indeterminate'

/** Why a verdict is what it is. A valid verdict may carry reasons too: they are remarks. */
export type Reason = { code: string, vi: string, en: string, detail?: string }

/** A result and everything that led to it. */
export type Verdict = { result: Result, reasons: Reason[] }

/** Who signed, as a person and a registry need it; `fingerprint` is the SHA-256 of the certificate, lower-case hex. */
export type SignerDetails = { subject: string, issuer: string, serial: string, fingerprint: string, notBefore: string, notAfter: string }

/** What is stored and shown of one signature: `at` is the moment it was judged for, `checked` names what was looked at. */
export type SignatureVerdict = Verdict & { signer?: SignerDetails, at: string, checked: string[] }

/** Code → the result it brings, and its text. A row whose result is `valid` only remarks. Codes are stored: add, never rename. */
export type ReasonTable = Readonly<Record<string, readonly [result: Result, vi: string, en: string]>>

/** One row of a table that was met, and where. */
export type Finding<Table extends ReasonTable> = { code: keyof Table & string, detail?: string }

/** Everything a certificate path can be reproached with. */
export const PATH_REASONS = {
  CERTIFICATE_UNREADABLE: ['invalid', 'Chứng thư số không đọc được theo DER', 'A certificate cannot be read as DER'],
  ISSUER_UNKNOWN: ['invalid', 'Không có đường dẫn chứng thư tới chứng thư gốc được tin cậy', 'No chain leads to a trusted root'],
  CHAIN_TOO_LONG: ['invalid', 'Đường dẫn chứng thư quá dài', 'The chain has too many certificates'],
  CHAIN_SIGNATURE_WRONG: ['invalid', 'Chữ ký trên chứng thư số không do cơ quan phát hành tạo ra', 'The signature on a certificate was not made by its issuer'],
  CERTIFICATE_NOT_YET_VALID: ['invalid', 'Chứng thư số chưa có hiệu lực', 'A certificate is not valid yet'],
  CERTIFICATE_EXPIRED: ['invalid', 'Chứng thư số đã hết hạn', 'A certificate has expired'],
  ISSUER_NOT_CA: ['invalid', 'Chứng thư phát hành không phải là chứng thư CA', 'The issuer is not a certification authority'],
  PATH_LENGTH_EXCEEDED: ['invalid', 'Vượt quá số cấp CA được phép (pathLenConstraint)', 'There are more CAs below than pathLenConstraint allows'],
  CA_KEY_USAGE_WRONG: ['invalid', 'Khóa của CA không được dùng để ký chứng thư (keyUsage)', 'The key of the CA may not sign certificates (keyUsage)'],
  SIGNER_KEY_USAGE_WRONG: ['invalid', 'Khóa không được dùng để ký văn bản (keyUsage)', 'The key may not sign documents (keyUsage)'],
  SIGNER_PURPOSE_WRONG: ['invalid', 'Chứng thư số chỉ dùng cho mục đích khác (extKeyUsage)', 'The certificate is for other purposes only (extKeyUsage)'],
  EXTENSION_UNKNOWN: ['invalid', 'Chứng thư số có phần mở rộng quan trọng chưa được hỗ trợ', 'A certificate has a critical extension that is not understood'],
  KEY_WEAK: ['invalid', 'Khóa công khai quá yếu hoặc thuộc loại không được chấp nhận', 'A public key is too weak, or of a kind that is not admitted'],
  DIGEST_WEAK: ['invalid', 'Chứng thư số được ký bằng hàm băm không còn an toàn', 'A certificate is signed with a digest that is broken'],
  ALGORITHM_NOT_ADMITTED: ['invalid', 'Thuật toán ký trên chứng thư số không được chấp nhận', 'The algorithm that signed a certificate is not admitted'],
  DIGEST_SHA1_PINNED: ['valid', 'Chứng thư CA thế hệ G1 ký bằng SHA-1, được chấp nhận vì đã ghim theo dấu vân tay', 'A G1 CA certificate is signed with SHA-1; admitted because it is pinned by its fingerprint'],
} as const satisfies ReasonTable

/** The verdict that follows from what was found: valid only if nothing worse than a remark is among it. */
export function verdictFrom<Table extends ReasonTable> (table: Table, findings: readonly Finding<Table>[]): Verdict {
  const results = new Set<Result>()
  const reasons: Reason[] = []
  for (const { code, detail } of findings) {
    const row = table[code]
    if (row === undefined) throw new Error(`${code} is no reason of this table`)
    const [result, vi, en] = row
    results.add(result)
    reasons.push({ code, vi, en, ...(detail !== undefined && { detail }) })
  }
  return { result: results.has('invalid') ? 'invalid' : results.has('indeterminate') ? 'indeterminate' : 'valid', reasons }
}

/** SHA-256 of a certificate, lower-case hex: the name by which certificates are registered and pinned. */
export function fingerprintOf (certificate: X509Certificate): string {
  return certificate.fingerprint256.replaceAll(':', '').toLowerCase()
}

/** What a verdict tells of the signer: names most specific part first, times in UTC. */
export function signerDetails (certificate: X509Certificate): SignerDetails {
  return {
    subject: nameForPeople(certificate.subject),
    issuer: nameForPeople(certificate.issuer),
    serial: certificate.serialNumber.toLowerCase(),
    fingerprint: fingerprintOf(certificate),
    notBefore: momentForPeople(certificate.validFromDate),
    notAfter: momentForPeople(certificate.validToDate),
  }
}

/** A name as Node gives it, one part a line, root first, → `CN=…, O=…, C=VN`. For people only: names are compared as DER. */
export function nameForPeople (name: string | undefined): string {
  return (name ?? '').split('\n').reverse().join(', ')
}

/** A moment in UTC; a certificate may hold a date that is none. */
export function momentForPeople (date: Date): string {
  return Number.isNaN(date.getTime()) ? 'unreadable' : date.toISOString()
}
