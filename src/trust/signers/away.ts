/** A signer that cannot be used now: its documents wait, and a person hears of it. Nobody is refused for that. */

/** Why, for a person. The list is closed, so that no library's words, which may quote a key or a PIN, get out. */
const REASONS = {
  NO_KEY_NOW: ['không có khóa nào đang dùng được: đã ngừng dùng hoặc chưa tới ngày dùng', 'no key may be used now: retired, or not begun'],
  KEY_REVOKED: ['chứng thư số của khóa đã bị thu hồi hoặc tạm dừng, và chưa có khóa nào khác đến ngày dùng', 'the certificate of its key is revoked or suspended, and no other key has begun: set one up, or an earlier `from`'],
  KEY_UNREADABLE: ['không mở được khóa đã lưu', 'the key that is kept cannot be opened'],
  MODULE_ABSENT: ['không nạp được thư viện PKCS#11', 'the PKCS#11 module cannot be loaded'],
  TOKEN_ABSENT: ['không thấy thiết bị lưu khóa', 'the token is not there'],
  TOKEN_FAULT: ['thiết bị lưu khóa báo lỗi', 'the token reports a fault'],
  PIN_WRONG: ['thiết bị lưu khóa không chấp nhận mã PIN; không thử lại cho tới khi đổi cấu hình', 'the token does not accept the PIN; it is not tried again until the set-up changes'],
  PIN_LAST_TRY: ['thiết bị lưu khóa chỉ còn một lần thử PIN hoặc đã khóa; cần người xử lý', 'the token allows one last try of its PIN, or is locked; a person has to act'],
  KEY_ABSENT: ['thiết bị không có khóa này', 'the token has no such key, or several'],
  MECHANISM_ABSENT: ['thiết bị không ký được bằng thuật toán này', 'the token does not sign by this algorithm'],
  SERVER_AWAY: ['không gọi được máy chủ ký số', 'the signing server cannot be reached'],
  SERVER_ANSWER: ['máy chủ ký số trả lời sai quy ước', 'the signing server gives no answer that can be used'],
  TOO_SLOW: ['quá lâu không có chữ ký', 'no signature came in time'],
  SIGNATURE_WRONG: ['chữ ký làm ra không khớp với chứng thư', 'the signature that was made does not fit the certificate'],
  RESTING: ['vừa thử và không ký được', 'it was tried a moment ago, in vain'],
} as const satisfies Record<string, readonly [vi: string, en: string]>

export type AwayCode = keyof typeof REASONS

/** `detail` names a code of PKCS#11 or of HTTP, never what was sent. `retryAt` is when to ask again. */
export class SignerAway extends Error {
  override readonly name = 'SignerAway'
  readonly code: AwayCode
  readonly detail: string | undefined
  readonly retryAt: Date | undefined

  constructor (code: AwayCode, { detail, retryAt }: { detail?: string | undefined, retryAt?: Date | undefined } = {}) {
    super([REASONS[code][1], detail].filter(Boolean).join(': '))
    this.code = code
    this.detail = detail
    this.retryAt = retryAt
  }

  /** The reason in Vietnamese, for alarms and tables. */
  get vietnamese (): string {
    return [REASONS[this.code][0], this.detail].filter(Boolean).join(': ')
  }
}
