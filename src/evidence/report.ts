/**
 * A judged file in words: Vietnamese first, English beside it.
 * TT 15/2025/TT-BKHCN, art. 6 and appendix II say what has to be shown: issuer, subject, managing unit, signing time or time-stamp,
 * integrity, validity at the signing time, validity period, status; and a warning where no status can be had.
 */
import { vietnamTimestamp } from '../edxml/dates.ts'
import type { SealVerdict } from '../signing/seal.ts'
import type { CertificateDetails, ProofTime, Reason, Result, RevocationAnswer, SignatureVerdict } from '../trust/verdict.ts'
import type { JudgedFile } from './judge.ts'

const RESULTS: Record<Result, string> = { valid: 'HỢP LỆ · VALID', invalid: 'KHÔNG HỢP LỆ · INVALID', indeterminate: 'CHƯA XÁC ĐỊNH ĐƯỢC · INDETERMINATE' }

const KINDS: Record<JudgedFile['kind'], string> = { packet: 'gói tin edXML · edXML packet', 'xml-signature': 'chữ ký XML · XML signature', certificate: 'chứng thư số · certificate' }

/** The whole report, a line at a time. What strangers wrote cannot move the cursor or turn the reading direction. */
export function reportLines (file: string, judged: JudgedFile): string[] {
  return [...headOf(file, judged), ...partsOf(judged).flatMap((shown) => ['', `${shown.title}: ${RESULTS[shown.verdict.result]}`, ...verdictLines(shown).map((line) => `  ${line}`)])].map(printable)
}

function headOf (file: string, judged: JudgedFile): string[] {
  const head = [`KẾT LUẬN · VERDICT: ${RESULTS[judged.verdict.result]}`, `Tệp · file: ${file}: ${KINDS[judged.kind]}`]
  if (judged.kind !== 'packet') return head
  const by = judged.decidedBy === 'seal' ? 'con dấu điện tử, chứng minh từ đầu đến cuối · its seal, which proves it end to end' : 'chữ ký gói tin · its packet signature'
  return [...head, `Căn cứ · decided by: ${by}`, ...documentOf(judged.packet)]
}

function documentOf (packet: Extract<JudgedFile, { kind: 'packet' }>['packet']): string[] {
  if (packet.kind === 'status') return [`Trạng thái · status: ${packet.statusCode}, từ · from ${packet.from.organId} ${packet.from.organName ?? ''}`]
  const { from, code, documentId, subject } = packet.header
  return [
    `Văn bản · document: ${code.codeNumber}/${code.codeNotation} (${documentId}): ${subject}`,
    `Cơ quan gửi (theo gói tin) · sender, as the packet says: ${from.organId} ${from.organName ?? ''}`,
    `Tệp đính kèm · attachments: ${packet.attachments.length}`,
  ]
}

type Shown = { title: string, verdict: SealVerdict, covered?: readonly string[] }

function partsOf (judged: JudgedFile): Shown[] {
  switch (judged.kind) {
    case 'certificate': return [{ title: 'Chứng thư số · certificate', verdict: judged.verdict }]
    case 'xml-signature': return judged.signatures.map(({ path, line, verdict, covered }) => ({ title: `Chữ ký · signature ${path} (dòng · line ${line})`, verdict, covered: covered.map((part) => part.path) }))
    case 'packet': {
      const signature = { title: 'Chữ ký gói tin (chỉ cho một chặng) · packet signature (of one hop)', verdict: judged.signature }
      return judged.seal ? [{ title: 'Con dấu điện tử · seal', verdict: judged.seal }, signature] : [signature]
    }
  }
}

function verdictLines ({ verdict, covered }: Shown): string[] {
  const { signer, proofTime, chain, revocation, domain, reasons } = verdict
  return [
    ...(signer ? signerLines(signer, proofTime) : ['Người ký: chưa chứng minh được · signer: not proved']),
    ...(verdict.sealedAt === undefined ? [] : [`Thời điểm ký (theo người ký) · signing time, as the signer says: ${moment(verdict.sealedAt)}`]),
    `Thời điểm được chứng minh · proof time: ${moment(proofTime.at)}; ${VOUCHERS[proofTime.from]}${proofTime.by === undefined ? '' : `: ${proofTime.by}`}`,
    ...(proofTime.claim === undefined ? [] : [`Thời điểm do người ký khai · claimed by the signer: ${proofTime.claim}`]),
    ...(verdict.checked.includes('signature value') ? [`Tính toàn vẹn · integrity: ${integrityOf(verdict)}`] : []),
    ...(covered === undefined ? [] : [`Phần được ký · what it covers: ${covered.length === 0 ? 'không chứng minh được · nothing proved' : covered.join(', ')}`]),
    ...(chain.length === 0 ? [] : [`Đường dẫn tin cậy · chain${domain === undefined ? '' : ` (${domain})`}:`, ...chain.map(({ subject, fingerprint }) => `  ${subject} [SHA-256 ${fingerprint}]`)]),
    ...revocation.map((answer) => `Thu hồi · revocation: ${revocationOf(answer, chain)}`),
    ...(chain.length > 0 && revocation.length === 0 ? ['Thu hồi · revocation: CẢNH BÁO: chưa kiểm tra được · WARNING: not checked'] : []),
    ...reasons.map((reason) => `${reason.code}: ${inWords(reason)}`),
  ]
}

function signerLines (signer: CertificateDetails, { at }: ProofTime): string[] {
  const isCurrent = signer.notBefore <= at && at <= signer.notAfter
  return [
    `Chủ thể · subject: ${signer.subject}`,
    `Cơ quan quản lý · managing unit: ${unitOf(signer.subject) || '—'}`,
    `Tổ chức cấp · issuer: ${signer.issuer}`,
    `Số hiệu · serial: ${signer.serial}`,
    `Thời hạn · validity period: ${moment(signer.notBefore)} – ${moment(signer.notAfter)}`,
    `Hiệu lực tại thời điểm đó · valid at that time: ${isCurrent ? 'còn hạn · within its period' : 'KHÔNG: ngoài thời hạn · NO: outside its period'}`,
  ]
}

/** Who answers for the subject: its O and OU, the narrowest first. */
function unitOf (subject: string): string {
  return subject.split(', ').filter((part) => /^OU?=/.test(part)).map((part) => part.replace(/^OU?=/, '')).join(', ')
}

const VOUCHERS: Record<ProofTime['from'], string> = {
  token: 'dấu thời gian chứng thực · a time-stamp token vouches for it',
  receipt: 'lúc nhận hoặc kiểm tra · when it was received or verified',
  claim: 'chỉ theo lời khai (--at) · on somebody\'s word alone (--at)',
}

/** Codes that say the signed content, or the signature itself, is not what it was. */
const BROKEN = /^(SIGNATURE_VALUE_WRONG|CONTENT_CHANGED|REFERENCE_.*|SEAL_(FIELD|ATTACHMENT|OTHER).*)$/

function integrityOf ({ reasons }: Pick<SignatureVerdict, 'reasons'>): string {
  return reasons.some(({ code }) => BROKEN.test(code)) ? 'KHÔNG nguyên vẹn · NOT intact' : 'nguyên vẹn · intact'
}

const STATUSES: Record<RevocationAnswer['status'], string> = {
  good: 'không bị thu hồi · not revoked', revoked: 'ĐÃ BỊ THU HỒI · REVOKED', missing: 'CẢNH BÁO: chưa có câu trả lời · WARNING: no answer that counts',
}

function revocationOf ({ certificate, status, from, evidence, thisUpdate, revokedAt }: RevocationAnswer, chain: readonly CertificateDetails[]): string {
  const name = chain.find(({ fingerprint }) => fingerprint === certificate)?.subject ?? certificate
  return [
    `${name}: ${STATUSES[status]}`,
    revokedAt !== undefined && `từ · since ${moment(revokedAt)}`,
    from && `${from.toUpperCase()} ${thisUpdate === undefined ? '' : moment(thisUpdate)}`,
    evidence !== undefined && `[SHA-256 ${evidence}]`,
  ].filter(Boolean).join(', ')
}

function inWords ({ vi, en, clause, detail }: Reason): string {
  return `${vi} · ${en} [${clause}]${detail === undefined ? '' : ` (${detail})`}`
}

/** In Vietnam time, which is what the law counts in (Decision 28/2018, art. 14.4). */
function moment (text: string): string {
  const at = new Date(text)
  return Number.isNaN(at.getTime()) ? text : vietnamTimestamp(at)
}

function printable (line: string): string {
  return line.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, '\ufffd')
}
