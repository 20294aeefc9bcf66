/**
 * Refusals: every way the gateway says no to a caller who is at fault.
 * Anything else that is thrown is a bug or an outage, and is told to no caller.
 */

/** Codes are part of the API: add, never rename. The text is what a person reads; `{}` never holds document content. */
const REFUSALS = {
  // The packet itself (src/edxml)
  PACKET_NOT_XML: [422, 'Gói tin không phải XML hợp lệ', 'The packet is not well-formed XML'],
  PACKET_LEADING_BYTES: [422, 'Có dữ liệu thừa trước khai báo XML', 'There are bytes before the XML declaration'],
  PACKET_TRAILING_CONTENT: [422, 'Có nội dung thừa sau phần tử gốc', 'There is content after the root element'],
  PACKET_DOCTYPE: [422, 'Gói tin không được chứa DOCTYPE', 'A packet must not contain a DOCTYPE'],
  PACKET_INSTRUCTION: [422, 'Gói tin không được chứa chỉ thị xử lý', 'A packet must not contain a processing instruction'],
  PACKET_ENCODING: [422, 'Bảng mã của gói tin không được hỗ trợ', 'The encoding of the packet is not supported'],
  PACKET_NAMESPACE: [422, 'Sai không gian tên của edXML (QCVN 102)', 'The namespace is not that of edXML (QCVN 102)'],
  PACKET_ELEMENT_MISSING: [422, 'Thiếu phần tử bắt buộc', 'A required element is missing'],
  PACKET_ELEMENT_REPEATED: [422, 'Phần tử bị lặp', 'An element occurs more than once'],
  PACKET_VALUE_INVALID: [422, 'Giá trị không hợp lệ', 'A value is not valid'],
  PACKET_TOO_DEEP: [422, 'Các phần tử lồng nhau quá sâu', 'Elements are nested too deeply'],
  PACKET_TOO_MANY: [422, 'Gói tin có quá nhiều phần tử', 'The packet has too many elements'],
  PACKET_TOO_LARGE: [413, 'Gói tin quá lớn', 'The packet is too large'],
  RECIPIENT_DUPLICATE: [422, 'Nơi nhận bị lặp', 'A recipient is named twice'],
  ATTACHMENT_BASE64: [422, 'Nội dung tệp đính kèm không phải base64 hợp lệ', 'The content of an attachment is not valid base64'],
  ATTACHMENT_UNMATCHED: [422, 'Danh mục và tệp đính kèm không khớp nhau', 'The manifest and the attachments do not match'],
  ATTACHMENT_ZIP: [422, 'Tệp nén không đọc được hoặc quá lớn khi giải nén', 'A zip cannot be read, or is too large when unpacked'],
  ATTACHMENT_NAME_RESERVED: [422, 'Tên tệp đính kèm này dành riêng cho con dấu điện tử của gateway', 'This attachment name is reserved for the seal'],

  // Submitting and reading (src/systems)
  REQUEST_INVALID: [400, 'Yêu cầu không hợp lệ', 'The request is not valid'],
  MEDIA_TYPE_UNSUPPORTED: [415, 'Kiểu nội dung không được hỗ trợ', 'The media type is not supported'],
  REQUEST_TOO_LARGE: [413, 'Yêu cầu quá lớn', 'The request is too large'],
  IDEMPOTENCY_KEY_REUSED: [409, 'Idempotency-Key đã được dùng cho một yêu cầu khác', 'The Idempotency-Key was used before, for another request'],
  SENDER_NOT_YOURS: [403, 'Hệ thống không được gửi thay cơ quan này', 'Your system does not speak for this sending agency'],
  SENDER_UNKNOWN: [422, 'Mã định danh của cơ quan gửi không có trong danh bạ', 'The code of the sending agency is not in the registry'],
  SENDER_CANNOT_SIGN: [422, 'Cơ quan gửi chưa có chứng thư số trong gateway', 'The gateway holds no certificate for the sending agency'],
  RECIPIENT_UNKNOWN: [422, 'Mã định danh nơi nhận không có trong danh bạ', 'The code of a recipient is not in the registry'],
  NO_CONNECTION: [422, 'Chưa cấu hình kết nối tới trục liên thông', 'No connection to an axis is configured'],
  SIGNATURE_REQUIRED: [422, 'Gói tin phải có chữ ký số', 'The packet must be signed'],
  SIGNATURE_INVALID: [422, 'Chữ ký số của gói tin không hợp lệ', 'The signature of the packet is not valid'],
  SIGNATURE_UNDECIDED: [503, 'Chưa biết chứng thư số của người ký có bị thu hồi hay không; hãy gửi lại sau ít phút', 'It is not known yet whether the signer\'s certificate is revoked; submit again in some minutes'],
  ATTACHMENT_PDF_UNSIGNED: [422, 'Tệp PDF phải có chữ ký số', 'A PDF must be signed'],
  ATTACHMENT_PDF_INVALID: [422, 'Tệp PDF có chữ ký số không hợp lệ hoặc không kiểm tra được', 'A PDF has a signature that does not hold, or cannot be judged'],
  ATTACHMENT_PDF_UNDECIDED: [503, 'Chưa biết chứng thư số của người ký tệp PDF có bị thu hồi hay không; hãy gửi lại sau ít phút', 'It is not known yet whether the certificate of a signer of a PDF is revoked; submit again in some minutes'],
  DOCUMENT_NOT_FOUND: [404, 'Không tìm thấy văn bản', 'No such document'],
  ATTACHMENT_BEING_SIGNED: [409, 'Tệp đang được ký; hãy lấy lại sau', 'The file is being signed; ask again later'],
  MAILBOX_ITEM_NOT_FOUND: [404, 'Không tìm thấy văn bản trong hộp đến', 'No such item in the mailbox'],
  ATTACHMENT_NOT_FOUND: [404, 'Không tìm thấy tệp đính kèm', 'No such attachment'],
  HELD_NOT_FOUND: [404, 'Không tìm thấy văn bản đang giữ lại', 'No such document that was held'],
  HELD_SETTLED: [409, 'Văn bản không còn (hoặc chưa từng) bị giữ lại', 'The document is not held: it was decided on otherwise, or never was'],
  MAILBOX_NOT_ACKNOWLEDGED: [409, 'Văn bản chưa được xác nhận đã nhận', 'The item has not been acknowledged yet'],
  STATUS_NOT_ALLOWED: [422, 'Mã trạng thái không dùng được ở bước này', 'This status cannot be reported here'],
  STATUS_REASON_MISSING: [422, 'Phải nêu lý do', 'A reason is required'],

  // Certificates (src/admin)
  CERTIFICATE_MAPPING_INVALID: [422, 'Danh sách chứng thư số và cơ quan không hợp lệ', 'The list of certificates and agencies is not valid'],
  CERTIFICATE_CHANGE_EMPTY: [422, 'Không có thay đổi nào để thực hiện', 'There is nothing to change'],
  CERTIFICATE_CHANGE_NOT_FOUND: [404, 'Không tìm thấy đợt thay đổi chứng thư số', 'No such change of certificates'],
  CERTIFICATE_CHANGE_SETTLED: [409, 'Đợt thay đổi chứng thư số không còn ở bước này', 'This change of certificates is not at this step any more'],
  CERTIFICATE_CHANGE_STALE: [409, 'Danh bạ chứng thư số đã thay đổi sau khi đề xuất; hãy tải lên lại', 'The registry has changed since this was proposed; upload it again'],
  CERTIFICATE_CHANGE_DISTRUSTED: [409, 'Có chứng thư số không còn được tin cậy kể từ khi đề xuất; hãy tải lên lại', 'A certificate is not trusted any more since this was proposed; upload it again'],
  CERTIFICATE_CHANGE_FOLLOWED: [409, 'Một thay đổi sau đó đã dùng đến các chứng thư số này; hãy hoàn tác thay đổi đó trước', 'A later change touched the same certificates; roll that one back first'],

  // Access (src/access)
  UNAUTHENTICATED: [401, 'Thiếu khóa API hoặc khóa không đúng', 'The API key is missing or wrong'],
  FORBIDDEN: [403, 'Khóa API không có quyền này', 'The API key does not give this right'],
  NOT_FOUND: [404, 'Không có địa chỉ này', 'There is nothing at this address'],

  // Verifying a file (src/evidence)
  FILE_UNREADABLE: [422, 'Không đọc được tệp', 'The file cannot be read'],
  FILE_UNKNOWN: [422, 'Không nhận ra loại tệp: cần gói tin edXML, tệp XML có chữ ký, tệp PDF, hoặc chứng thư số (PEM, DER)', 'The file is none that can be verified: an edXML packet, an XML file with a signature, a PDF, or a certificate (PEM, DER)'],
  FILE_AMBIGUOUS: [422, 'Tệp có nhiều chứng thư số không phải của CA: hãy tách ra và kiểm tra từng chứng thư', 'The file holds several certificates that are no CA\'s: verify them one at a time'],

  // Signing a PDF (src/pdf/sign)
  PDF_SIGN_FILE: [422, 'Yêu cầu ký phải nêu một tệp PDF của văn bản, mỗi tệp một lần', 'What is to be signed must be a PDF of the document, each named once'],
  PDF_SIGN_SEAL: [422, 'Cơ quan chưa có hình ảnh con dấu trong gateway', 'The gateway has no image of the agency\'s seal'],
  PDF_SIGN_LEVEL: [422, 'Chưa cấu hình máy chủ cấp dấu thời gian, nên không đạt được mức chữ ký này', 'No time-stamping authority is set up, so that this level cannot be reached'],
  PDF_SIGN_DIFFERS: [409, 'Chính văn bản này đã được nộp với yêu cầu ký khác', 'This very document was submitted before, and asked to be signed otherwise'],
  PDF_SIGN_UNREADABLE: [422, 'Không ký được tệp PDF: tệp bị mã hóa, bị hỏng hoặc quá phức tạp', 'The PDF cannot be signed: it is encrypted, broken or too complex'],
  PDF_SIGN_FORBIDDEN: [422, 'Một chữ ký đã có trong tệp PDF không cho phép ký thêm', 'A signature that the PDF already carries forbids further ones'],
  PDF_SIGN_PLACE: [422, 'Không có chỗ đặt chữ ký của cơ quan trong tệp PDF', 'There is no place for the agency\'s signature in the PDF'],
  PDF_SIGN_FIELD: [422, 'Không dùng được trường chữ ký đã nêu của tệp PDF', 'The signature field of the PDF that was named cannot be used'],
  PDF_SIGN_IMAGE: [422, 'Hình ảnh con dấu không dùng được: cần tệp PNG và bề rộng thực tế', 'The image of the seal cannot be used: a PNG and its real width are needed'],
  PDF_SIGN_TEXT: [422, 'Nội dung hiển thị của chữ ký không viết được bằng phông chữ quy định', 'The text that the signature is to show cannot be set in the prescribed font'],
  PDF_SIGN_NO_ROOM: [422, 'Chữ ký và dấu thời gian lớn hơn chỗ đã dành trong tệp PDF', 'The signature and its time-stamp are larger than the room kept for them in the PDF'],

  // Setting up (src/admin, src/cli)
  SETUP_INVALID: [422, 'Cấu hình không hợp lệ', 'The set-up is not valid'],
} as const satisfies Record<string, readonly [number, string, string]>

export type RefusalCode = keyof typeof REFUSALS

/** Where the fault is: `field` is the exact element or JSON field, `line` counts from 1 in the bytes that came. */
export type Fault = { field?: string, line?: number, detail?: string }

/** Thrown when a caller, or a packet, is at fault. Nothing was stored or changed. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly code: RefusalCode
  readonly fault: Fault

  constructor (code: RefusalCode, fault: Fault = {}, options?: ErrorOptions) {
    const [, , english] = REFUSALS[code]
    super([english, fault.field, fault.detail].filter(Boolean).join(': '), options)
    this.code = code
    this.fault = fault
  }

  /** HTTP status. */
  get status (): number { return REFUSALS[this.code][0] }

  /** RFC 9457 problem details: Vietnamese first, English beside it. */
  toProblem (): Problem {
    const [status, title, titleEn] = REFUSALS[this.code]
    return { type: `urn:lienthong:refusal:${this.code}`, status, code: this.code, title, titleEn, ...this.fault }
  }
}

export type Problem = { type: string, status: number, code: string, title: string, titleEn: string } & Fault
