/** What a bundle of evidence says in words: which verdict decides, and how anybody checks it. */
import { SEAL_NAME } from '../edxml/packet.ts'
import type { SignatureVerdict } from '../trust/verdict.ts'
import type { WrittenStamp } from './bundle-stamps.ts'
import type { JudgedItem } from './store.ts'

/** The verdict that `lienthong verify` gives: the seal's where there is a seal; of what was judged again, the later one. */
export function decidedBy ({ signature, seal, recheck }: Pick<JudgedItem, 'signature' | 'seal' | 'recheck'>): SignatureVerdict | null {
  const latest = recheck?.verdicts ?? { signature, seal }
  return latest.seal && latest.seal.reasons[0]?.code !== 'SEAL_ABSENT' ? latest.seal : latest.signature
}

/** Whether the registry said that the signer speaks for the sender, when it was judged. */
export function hasIdentity ({ checked, reasons }: Pick<SignatureVerdict, 'checked' | 'reasons'>): boolean {
  return checked.includes('agency') && !reasons.some(({ code }) => NO_IDENTITY.has(code))
}

const NO_IDENTITY: ReadonlySet<string> = new Set(['SIGNER_UNKNOWN', 'SIGNER_NOT_AGENCY'])

/** README.txt: commands that a stranger can run in the folder. */
export function instructions (item: JudgedItem, verdict: SignatureVerdict | null, { stamps, hasAuthority }: { stamps: readonly WrittenStamp[], hasAuthority: boolean }): string {
  const at = new Date(verdict?.proofTime.at ?? item.at)
  const seconds = Math.floor(at.getTime() / 1000)
  const parts = (['signature', 'seal'] as const).filter((part) => item[part]?.chain.length)
  const chain = (verdict?.chain ?? []).map(({ fingerprint }) => fingerprint)
  const trusted = [...chain.slice(-1).map((root) => `--trusted-pem anchors/${root}.pem`), ...chain.slice(1, -1).map((ca) => `--untrusted-pem intermediates/${ca}.pem`)].join(' ')
  const verify = item.packet === null
    ? '(không có gói tin: văn bản nộp dạng dữ liệu và tệp · there is no packet: it was submitted as metadata and files)'
    : `npx lienthong verify packet.edxml --at ${item.at.toISOString()} --anchors anchors --intermediates intermediates --crls revocation --signers signers ${hasAuthority ? '--time-stamping time-stamping ' : ''}--policy policy.json --offline`
  const tokens = [...new Set(stamps.map(({ root }) => root))]
  return `Chứng cứ của một kết luận về chữ ký số · Evidence of a verdict on a signature
${item.kind} ${item.id}, ${at.toISOString()}

verdict.json là kết luận gateway đã lưu. Kiểm tra lại trong thư mục này, không cần gateway:
verdict.json is the verdict as the gateway stored it. To check it in this folder, without a gateway:

  ${verify}

anchors/ là các chứng thư gốc mà gateway tin: hãy so dấu vân tay SHA-256 (tên tệp) với công bố của cơ quan cấp.
anchors/ are the roots that the gateway trusts: compare their SHA-256 fingerprints (the files' names) with what the authority publishes.

Bằng công cụ khác · with other tools:

${parts.map((part) => `  openssl verify -attime ${seconds} -CAfile anchors.pem ${(item[part]?.chain.length ?? 0) > 2 ? '-untrusted intermediates.pem ' : ''}-CRLfile crls.pem -crl_check_all ${part}-signer.pem\n`).join('')}${parts.length === 0 ? '' : `  xmlsec1 --verify --verification-time "${at.toISOString().slice(0, 19).replace('T', ' ')}" ${trusted} ${item.seal?.chain.length ? SEAL_NAME : 'packet.edxml'}\n`}\
${tokens.map((root) => `  openssl ts -verify -digest ${root} -in stamps/${root}.tst -token_in -CAfile time-stamping.pem\n`).join('')}`
}
