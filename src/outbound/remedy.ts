/** What to do about one packet whose signing key is not safe any more. Decides only. */
import type { DispatchState } from './dispatch.ts'

/** A packet that the key signed. `mayHaveLeft`: an attempt without a clear answer could have put it on the axis. */
export type SignedPacket = { kind: 'document' | 'status', state: DispatchState, mayHaveLeft: boolean, stampedAt: Date | null }

export type Remedy = 'sign-again' | 'look-again' | 'ask-recipient' | 'tell-recipient' | 'proved' | 'on-record'

/** What a person reads of each. */
export const REMEDIES: Readonly<Record<Remedy, readonly [vi: string, en: string]>> = {
  'sign-again': [
    'chưa rời gateway: gói tin đã bỏ, sẽ tự tạo và ký lại bằng khóa mới khi gửi',
    'it has not left: the packet is dropped, and will be made and signed anew with the key in use when it is sent',
  ],
  'look-again': ['đang gửi, chưa rõ kết quả: chạy lại lệnh này sau', 'it is being sent, its outcome is not known yet: run this command again later'],
  'ask-recipient': [
    'có thể đã tới nơi: hỏi nơi nhận; nếu đã nhận thì báo rằng chữ ký không còn giá trị chứng minh',
    'it may have arrived: ask the recipient, and if so say that its signature proves nothing any more',
  ],
  'tell-recipient': [
    'đã gửi: báo cho nơi nhận và gửi bản cập nhật hoặc thay thế (BussinessDocType 2, 3), ký bằng khóa mới',
    'it was sent: tell the recipients, and send an update or a replacement (BussinessDocType 2, 3) signed with the new key',
  ],
  'proved': ['không cần làm gì: dấu thời gian chứng minh đã ký trước khi chứng thư bị thu hồi', 'nothing: a time-stamp proves that it was signed before the certificate was revoked'],
  'on-record': ['trạng thái đã gửi: không cần gửi lại; lịch sử của gateway cho biết đã gửi', 'a status that was sent: nothing to send again; the gateway\'s history shows that it is ours'],
}

/**
 * Only a time-stamp from before the revocation clears a signature for others (EN 319 102-1, 5.5): our own clock is our word. Without a
 * revocation nothing does, since whoever had the key could sign as well.
 */
export function remedyFor ({ kind, state, mayHaveLeft, stampedAt }: SignedPacket, revokedAt: Date | null): Remedy {
  const isProved = revokedAt !== null && stampedAt !== null && stampedAt < revokedAt
  switch (state) {
    case 'waiting': return 'sign-again'
    case 'refused':
    case 'parked': return mayHaveLeft ? isProved ? 'proved' : 'ask-recipient' : 'sign-again'
    case 'sending':
    case 'unknown': return 'look-again'
    case 'sent': return isProved ? 'proved' : kind === 'status' ? 'on-record' : 'tell-recipient'
  }
}
