/** What to do about one packet that was accepted on the word of a certificate that is not to be believed any more. Decides only. */

import type { HandOverState } from './store.ts'

/** `kind`: an arrival of either kind, or a document that a system of ours has submitted. `items` are its hand-overs. */
export type AcceptedPacket = {
  kind: 'document' | 'status' | 'submitted', state: string, items: readonly { state: HandOverState }[], stampedAt: Date | null
}

export type AcceptedRemedy = 'hold-back' | 'ask-sender' | 'ask-status' | 'ask-system' | 'proved' | 'no-effect'

/** What a person reads of each. */
export const ACCEPTED_REMEDIES: Readonly<Record<AcceptedRemedy, readonly [vi: string, en: string]>> = {
  'hold-back': [
    'còn chờ trong hộp thư: báo cơ quan nhận chưa xử lý cho tới khi nơi gửi xác nhận qua kênh khác, hoặc gửi lại ký bằng chứng thư mới',
    'it waits in a mailbox: tell the recipient not to act on it until the sender confirms it by another way, or sends it again under a new certificate',
  ],
  'ask-sender': [
    'cơ quan nhận đã lấy về: báo để xác nhận với nơi gửi qua kênh khác; nếu không phải của nơi gửi thì dừng và hủy kết quả xử lý',
    'its recipient has taken it over: tell them to have the sender confirm it by another way, and to undo what was done if it is not the sender\'s',
  ],
  'ask-status': ['trạng thái đã ghi nhận: hỏi lại nơi nhận đã xử lý văn bản đến đâu', 'a status that was recorded: ask the recipient what has become of the document'],
  'ask-system': [
    'văn bản do hệ thống của ta gửi: hỏi cơ quan có đúng đã gửi không; nếu không thì gửi văn bản thu hồi (BussinessDocType 1)',
    'a document that a system of ours submitted: ask its agency whether it did, and if not send a recall (BussinessDocType 1)',
  ],
  'proved': ['không cần làm gì: dấu thời gian chứng minh đã nhận trước khi chứng thư bị thu hồi', 'nothing: a time-stamp proves that it was here before the certificate was revoked'],
  'no-effect': ['không cần làm gì: gói tin không làm thay đổi gì', 'nothing: it changed nothing here'],
}

/** As for our own keys, only a time-stamp from before the revocation proves to others that the packet is older (EN 319 102-1, 5.5). */
export function acceptedRemedyFor ({ kind, state, items, stampedAt }: AcceptedPacket, revokedAt: Date | null): AcceptedRemedy {
  if (state === 'duplicate' || state === 'unmatched') return 'no-effect'
  if (items.length > 0 && items.every((item) => item.state === 'refused')) return 'no-effect'
  if (revokedAt !== null && stampedAt !== null && stampedAt < revokedAt) return 'proved'
  switch (kind) {
    case 'submitted': return 'ask-system'
    case 'status': return 'ask-status'
    case 'document': return items.some((item) => item.state === 'acknowledged') ? 'ask-sender' : 'hold-back'
  }
}
