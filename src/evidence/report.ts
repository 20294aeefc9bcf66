/**
 * A judged file in words: Vietnamese first, English beside it.
 * TT 15/2025/TT-BKHCN, art. 6 and appendix II say what has to be shown: issuer, subject, managing unit, signing time or time-stamp,
 * integrity, validity at the signing time, validity period, status; and a warning where no status can be had.
 */
import type { SealVerdict } from '../signing/seal.ts'
import type { CertificateDetails, ProofTime, Result, SignatureVerdict } from '../trust/verdict.ts'
import type { JudgedFile } from './judge.ts'
import { pdfHeadLines, pdfSignatureLines } from './report-pdf.ts'
import { moment, pathLines, reasonLines, RESULTS } from './words.ts'

const KINDS: Record<JudgedFile['kind'], string> = {
  packet: 'gói tin edXML · edXML packet', pdf: 'PDF', 'xml-signature': 'chữ ký XML · XML signature', certificate: 'chứng thư số · certificate',
}

/** The whole report, a line at a time. What strangers wrote cannot move the cursor or turn the reading direction. */
export function reportLines (file: string, judged: JudgedFile): string[] {
  return [...headOf(file, judged), ...partsOf(judged).flatMap(({ title, result, lines }) => ['', `${title}: ${RESULTS[result]}`, ...lines.map((line) => `  ${line}`)])].map(printable)
}

function headOf (file: string, judged: JudgedFile): string[] {
  const head = [`KẾT LUẬN · VERDICT: ${RESULTS[judged.verdict.result]}`, `Tệp · file: ${file}: ${KINDS[judged.kind]}`]
  if (judged.kind === 'pdf') return [...head, ...pdfHeadLines(judged)]
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

type Part = { title: string, result: Result, lines: string[] }

function partsOf (judged: JudgedFile): Part[] {
  switch (judged.kind) {
    case 'certificate': return [part('Chứng thư số · certificate', judged.verdict)]
    case 'xml-signature': return judged.signatures.map(({ path, line, verdict, covered }) => part(`Chữ ký · signature ${path} (dòng · line ${line})`, verdict, covered.map((part) => part.path)))
    case 'packet': {
      const signature = part('Chữ ký gói tin (chỉ cho một chặng) · packet signature (of one hop)', judged.signature)
      return judged.seal ? [part('Con dấu điện tử · seal', judged.seal), signature] : [signature]
    }
    case 'pdf': return judged.verdict.signatures.map((signature) => ({ title: `Chữ ký · signature ${JSON.stringify(signature.field)}`, result: signature.result, lines: pdfSignatureLines(signature) }))
  }
}

function part (title: string, verdict: SealVerdict, covered?: readonly string[]): Part {
  return { title, result: verdict.result, lines: verdictLines(verdict, covered) }
}

function verdictLines (verdict: SealVerdict, covered: readonly string[] | undefined): string[] {
  const { signer, proofTime, chain, revocation, reasons } = verdict
  return [
    ...(signer ? signerLines(signer, proofTime) : ['Người ký: chưa chứng minh được · signer: not proved']),
    ...(verdict.sealedAt === undefined ? [] : [`Thời điểm ký (theo người ký) · signing time, as the signer says: ${moment(verdict.sealedAt)}`]),
    `Thời điểm được chứng minh · proof time: ${moment(proofTime.at)}; ${VOUCHERS[proofTime.from]}${proofTime.by === undefined ? '' : `: ${proofTime.by}`}`,
    ...(proofTime.claim === undefined ? [] : [`Thời điểm do người ký khai · claimed by the signer: ${proofTime.claim}`]),
    ...(verdict.checked.includes('signature value') ? [`Tính toàn vẹn · integrity: ${integrityOf(verdict)}`] : []),
    ...(covered === undefined ? [] : [`Phần được ký · what it covers: ${covered.length === 0 ? 'không chứng minh được · nothing proved' : covered.join(', ')}`]),
    ...pathLines(verdict),
    ...(chain.length > 0 && revocation.length === 0 ? ['Thu hồi · revocation: CẢNH BÁO: chưa kiểm tra được · WARNING: not checked'] : []),
    ...reasonLines(reasons),
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

function printable (line: string): string {
  return line.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, '\ufffd')
}
