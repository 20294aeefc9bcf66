/** What a bundle of evidence says in words: which verdict decides, and how anybody checks it. */
import { SEAL_NAME } from '../edxml/packet.ts'
import type { SignatureVerdict } from '../trust/verdict.ts'
import { opensslChecks, type KeptAnswers } from './bundle-checks.ts'
import { latestPdfs, pdfFile, signedParts } from './bundle-pdfs.ts'
import type { WrittenPacket } from './bundle-sent.ts'
import type { WrittenStamp } from './bundle-stamps.ts'
import type { JudgedItem } from './store.ts'

type Judged = Pick<JudgedItem, 'signature' | 'seal' | 'recheck'>

const latestOf = ({ signature, seal, recheck }: Judged): Pick<JudgedItem, 'signature' | 'seal'> => recheck?.verdicts ?? { signature, seal }

/** The verdict that `lienthong verify` gives: the seal's where there is a seal; of what was judged again, the later one. */
export function decidedBy (item: Judged): SignatureVerdict | null {
  const latest = latestOf(item)
  return latest.seal && latest.seal.reasons[0]?.code !== 'SEAL_ABSENT' ? latest.seal : latest.signature
}

/** Whether the registry said that the signer speaks for the sender, when it was judged. */
export function hasIdentity ({ checked, reasons }: Pick<SignatureVerdict, 'checked' | 'reasons'>): boolean {
  return checked.includes('agency') && !reasons.some(({ code }) => NO_IDENTITY.has(code))
}

const NO_IDENTITY: ReadonlySet<string> = new Set(['SIGNER_UNKNOWN', 'SIGNER_NOT_AGENCY'])

/** What is in the folder, beside the verdicts. */
type Written = { folder: string, answers: KeptAnswers, stamps: readonly WrittenStamp[], sent: readonly WrittenPacket[], hasAuthority: boolean }

/** README.txt: commands that a stranger can run. */
export function instructions (item: JudgedItem, written: Written): string {
  const verdict = decidedBy(item)
  const at = new Date(verdict?.proofTime.at ?? item.at)
  return `Chứng cứ của một kết luận về chữ ký số · Evidence of a verdict on a signature
${item.kind} ${item.id}, ${at.toISOString()}

verdict.json là kết luận gateway đã lưu. Để kiểm tra lại, chạy trong thư mục của gateway; không cần gateway đang chạy.
verdict.json is the verdict as the gateway stored it. To check it, run in the gateway's folder; no gateway need be running.

  E=${quoted(written.folder)}   # thư mục này · this folder
${verifyCommands(item, written).map((command) => `  ${command}\n`).join('')}
anchors/ là các chứng thư gốc mà gateway tin: hãy so dấu vân tay SHA-256 (tên tệp) với công bố của cơ quan cấp.
anchors/ are the roots that the gateway trusts: compare their SHA-256 fingerprints (the files' names) with what the authority publishes.
${sentText(written.sent)}
Bằng công cụ khác, trong thư mục này · with other tools, in this folder
(openssl: OK, good = không bị thu hồi · not revoked; crl -text: tìm số hiệu trong danh sách · look for the serial number in the list):

${otherTools(item, at, written).map((command) => `  ${command}\n`).join('')}`
}

function verifyCommands (item: JudgedItem, { sent, stamps, hasAuthority }: Written): string[] {
  const verify = (file: string, time: Date | 'stamped', more: string) => `npx --no-install lienthong verify "$E/${file}" ${time === 'stamped' ? '--stamps "$E/stamps"' : `--at ${time.toISOString()}`} --anchors "$E/anchors" --intermediates "$E/intermediates" --crls "$E/revocation" ` +
    `${hasAuthority ? '--time-stamping "$E/time-stamping" ' : ''}--policy "$E/policy.json"${more}`
  return [
    item.packet === null
      ? '# không có gói tin: văn bản nộp dạng dữ liệu và tệp · there is no packet: it was submitted as metadata and files'
      : verify('packet.edxml', item.at, ' --signers "$E/signers" --offline'),
    // Not on anybody's word: for the moment that an authority vouches for
    ...item.packet === null || stamps.length === 0 ? [] : [verify('packet.edxml', 'stamped', ' --signers "$E/signers" --offline')],
    ...latestPdfs(item).map(({ number }) => verify(pdfFile(number), item.at, ' --offline')),
    // Whether our own signers were revoked is not what was judged, so it is asked for
    ...sent.map(({ file, signedAt }) => verify(file, signedAt ?? item.at, '')),
  ]
}

function sentText (sent: readonly WrittenPacket[]): string {
  if (sent.length === 0) return ''
  return `
sent/ là các gói tin đã lập để gửi văn bản này, theo từng kết nối · sent/ are the packets that were made to send this document, by connection:

${sent.map(({ file, connection, sha256 }) => `  ${file}  ${connection}  SHA-256 ${sha256}\n`).join('')}`
}

function otherTools (item: JudgedItem, at: Date, { answers, stamps }: Written): string[] {
  const [latest, pdfs] = [latestOf(item), latestPdfs(item)]
  const parts = (['signature', 'seal'] as const).flatMap((part) => latest[part]?.chain.length ? [{ part, verdict: latest[part] }] : [])
  const chain = (decidedBy(item)?.chain ?? []).map(({ fingerprint }) => fingerprint)
  const trusted = [...chain.slice(-1).map((root) => `--trusted-pem anchors/${root}.pem`), ...chain.slice(1, -1).map((ca) => `--untrusted-pem intermediates/${ca}.pem`)].join(' ')
  return [
    ...[...parts, ...signedParts(pdfs)].flatMap(({ part, verdict }) => opensslChecks(part, verdict, answers)),
    // It looks at the signatures alone: which roots are trusted is asked above
    ...pdfs.filter(({ verdict }) => verdict.signatures.length > 0).map(({ number }) => `pdfsig -nocert ${pdfFile(number)}`),
    ...parts.length === 0 ? [] : [`xmlsec1 --verify --verification-time "${at.toISOString().slice(0, 19).replace('T', ' ')}" ${trusted} ${latest.seal?.chain.length ? SEAL_NAME : 'packet.edxml'}`],
    ...new Set(stamps.map(({ root }) => `openssl ts -verify -digest ${root} -in stamps/${root}.tst -token_in -CAfile time-stamping.pem`)),
  ]
}

/** As one word of a shell. */
function quoted (text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
