import t from 'tap'
import { shownItems, type ShownItem } from '../../src/pdf/shown.ts'
import type { PdfSignatureVerdict } from '../../src/pdf/verdict.ts'
import { issueCrl } from '../../certs-example/revocation.ts'
import { contentOf } from '../../src/trust/asn1/certificate.ts'
import { timeStamp, writeMessage } from '../trust/cms/messages.ts'
import { makeLeaf } from '../trust/world.ts'
import { LEADER, STRANGER, SUB, context, documentTimeStamp, examined, hours, judgedFile, judgedSignature, tokenOver, unaware } from './judge-world.ts'

/** What an item says, in Vietnamese and in English. */
function said (verdict: PdfSignatureVerdict, name: ShownItem['name']): string {
  const item = shownItems(verdict).find((one) => one.name === name)
  return item === undefined ? 'absent' : item.value.vi === item.value.en ? item.value.vi : `${item.value.vi} · ${item.value.en}`
}

t.test('all that TT 15/2025 wants is shown of a signature, in both languages and in Vietnam time', async (t) => {
  const verdict = judgedSignature({ unsigned: (value) => [timeStamp(tokenOver(value))] }, { claims: { time: '2026-05-31T22:59:00.000Z' } })
  t.strictSame(shownItems(verdict), [
    { name: 'verdict', vi: 'Kết luận', en: 'Verdict', value: { vi: 'Hợp lệ', en: 'Valid' } },
    { name: 'subject', vi: 'Chủ thể chứng thư số', en: 'Subject', value: { vi: 'CN=Nguyễn Văn A, O=UBND tỉnh thử nghiệm, C=VN', en: 'CN=Nguyễn Văn A, O=UBND tỉnh thử nghiệm, C=VN' } },
    { name: 'managing-unit', vi: 'Đơn vị quản lý', en: 'Managing unit', value: { vi: 'UBND tỉnh thử nghiệm', en: 'UBND tỉnh thử nghiệm' } },
    { name: 'issuer', vi: 'Tổ chức cấp chứng thư số', en: 'Issuer', value: { vi: 'CN=CA of PDFs, C=VN', en: 'CN=CA of PDFs, C=VN' } },
    {
      name: 'signing-time', vi: 'Thời gian ký', en: 'Signing time', value: {
        vi: '2026-06-01T05:59:00+07:00, theo người ký; xét tại 2026-06-01T06:00:00+07:00, do dấu thời gian chứng thực',
        en: '2026-06-01T05:59:00+07:00, as the signer says; judged for 2026-06-01T06:00:00+07:00, which a time-stamp vouches for',
      },
    },
    { name: 'time-stamp', vi: 'Dấu thời gian', en: 'Time-stamp', value: { vi: '2026-06-01T06:00:00+07:00, do CN=signer, C=VN cấp', en: '2026-06-01T06:00:00+07:00, by CN=signer, C=VN' } },
    { name: 'integrity', vi: 'Tính toàn vẹn', en: 'Integrity', value: { vi: 'Toàn vẹn', en: 'Intact' } },
    { name: 'validity', vi: 'Hiệu lực của chứng thư số tại thời điểm ký', en: 'Validity of the certificate at the signing time', value: { vi: 'Có hiệu lực, không bị thu hồi hoặc tạm dừng', en: 'Valid, neither revoked nor suspended' } },
    { name: 'validity-period', vi: 'Thời hạn của chứng thư số', en: 'Validity period', value: { vi: '2026-01-01T07:00:00+07:00 – 2027-01-01T07:00:00+07:00', en: '2026-01-01T07:00:00+07:00 – 2027-01-01T07:00:00+07:00' } },
  ])
})

t.test('integrity is said only where it is proved', async (t) => {
  const integrity = (change: Parameters<typeof judgedSignature>[0], place: Parameters<typeof judgedSignature>[1] = {}) => said(judgedSignature(change, place), 'integrity')
  t.equal(integrity({}, { later: [{ revision: 3, kind: 'signature', permitted: true, detail: 'Signature2' }] }),
    'Toàn vẹn. Sau chữ ký này tệp PDF có thêm nội dung được phép (3: signature Signature2) · Intact. After this signature the PDF was added to, as is permitted (3: signature Signature2)')
  t.match(integrity({}, { content: Buffer.from('other') } as object), /^KHÔNG toàn vẹn/)
  t.match(integrity({}, { later: [{ revision: 3, kind: 'other', permitted: false }] }), /^KHÔNG toàn vẹn/)
  t.equal(integrity({}, { findings: [{ code: 'PDF_BYTE_RANGE' }] }), 'Không chứng minh được · Not proved')
  t.equal(integrity({ digest: 'sha1' }), 'Không chứng minh được · Not proved')
  t.equal(integrity({ signature: (own) => Buffer.alloc(own.length, 1) }), 'Không chứng minh được · Not proved')
  t.match(said(judgedFile([documentTimeStamp({ hash: Buffer.alloc(32) })]).signatures[0]!, 'integrity'), /^KHÔNG toàn vẹn/)
  t.equal(said(judgedFile([documentTimeStamp()]).signatures[0]!, 'integrity'), 'Toàn vẹn · Intact')
})

t.test('a status that cannot be had is a warning, and what is wrong with a certificate is said', async (t) => {
  t.match(said(judgedSignature({}, {}, unaware), 'validity'), /^Còn hạn\. CẢNH BÁO: chưa xác định được .* WARNING/)
  const accepting = { ...unaware, trust: { ...unaware.trust, policy: { ...unaware.trust.policy, missingRevocation: 'accept' as const } } }
  t.match(judgedSignature({}, {}, accepting), { result: 'valid' })
  t.match(said(judgedSignature({}, {}, accepting), 'validity'), /CẢNH BÁO.*WARNING/, 'also where the policy lets it pass')
  const revoked = issueCrl({ issuer: SUB, thisUpdate: hours(-2), nextUpdate: hours(2), entries: [{ serial: Buffer.from(contentOf(LEADER.certificate).serial, 'hex'), at: hours(-3), reason: 1 }] })
  t.match(said(judgedSignature({}, {}, { material: { crls: [revoked] } }), 'validity'), /^Không có hiệu lực: Chứng thư số đã bị thu hồi/)
  t.match(said(judgedSignature({}, {}, { at: new Date('2027-06-01T00:00:00Z') }), 'validity'), /^Không có hiệu lực: Chứng thư số đã hết hạn/)
  t.match(said(judgedSignature({ by: STRANGER }), 'validity'), /^Không có hiệu lực: Không có đường dẫn/)
  t.equal(said(judgedFile([documentTimeStamp()]).signatures[0]!, 'validity'), 'Còn hạn · Within its period')
})

t.test('who is not proved to have signed is not shown as if he were', async (t) => {
  const forged = judgedSignature({ signature: (own) => Buffer.alloc(own.length, 1) })
  t.equal(said(forged, 'subject'), 'CN=Nguyễn Văn A, O=UBND tỉnh thử nghiệm, C=VN (chưa chứng minh được) · CN=Nguyễn Văn A, O=UBND tỉnh thử nghiệm, C=VN (not proved)')
  t.match(said(forged, 'verdict'), /^Không hợp lệ\. Giá trị chữ ký không khớp với chứng thư số · Invalid\. The signature value/)
  const none = judgedFile([examined(Buffer.from('none'))]).signatures[0]!
  t.strictSame(['subject', 'issuer', 'managing-unit', 'validity-period'].map((name) => said(none, name as ShownItem['name'])), ['absent', 'absent', 'absent', 'absent'])
  t.match(said(none, 'validity'), /^Không xác định được/)
})

t.test('a time-stamp that is wrong, unknown or absent is said to be', async (t) => {
  t.equal(said(judgedSignature(), 'time-stamp'), 'Không có · None')
  t.match(said(judgedSignature({ unsigned: (value) => [timeStamp(tokenOver(value, { hash: Buffer.alloc(32) }))] }), 'time-stamp'), /^Không dùng được: Dấu thời gian là của dữ liệu khác/)
  t.match(said(judgedSignature({ unsigned: (value) => [timeStamp(tokenOver(value))] }, {}, { trust: { ...context.trust, timeStamping: null } }), 'time-stamp'), /^Không dùng được: Chưa cấu hình/)
  t.equal(said(judgedSignature(), 'signing-time'), 'xét tại 2026-06-01T07:00:00+07:00, lúc nhận hoặc kiểm tra · judged for 2026-06-01T07:00:00+07:00, when it was received or verified')
})

t.test('a name cannot be made to look like another one\'s', async (t) => {
  const sly = makeLeaf(SUB, { name: { CN: 'A, O=Văn phòng Chính phủ', O: 'B\\, OU=C, D' } })
  t.equal(said(judgedFile([examined(writeMessage(sly))]).signatures[0]!, 'managing-unit'), 'B\\, OU=C, D')
})
