/** A page as an office writes one (Decree 30/2020/NĐ-CP, appendix I), with room for the leader's signature between title and name. */
import PDFDocument from 'pdfkit'

const FONT = new URL(import.meta.resolve('@expo-google-fonts/tinos/400Regular/Tinos_400Regular.ttf')).pathname

/** Where the leader's signature belongs on that page: five centimetres wide, in points. */
export const LEADER_PLACE = { page: 1, left: 346, bottom: 300 }

/** The document; its date and identifiers are always the same. */
export async function officialPdf ({ title = 'QUYẾT ĐỊNH' } = {}): Promise<Buffer> {
  const document = new PDFDocument({ size: 'A4', margin: 0, info: { CreationDate: new Date(0) } })
  const centred = (text: string, left: number, top: number, width: number, size = 13) => document.fontSize(size).text(text, left, top, { width, align: 'center' })
  document.font(FONT)
  centred('ỦY BAN NHÂN DÂN\nTỈNH VÍ DỤ', 60, 60, 190)
  centred('CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM\nĐộc lập - Tự do - Hạnh phúc', 260, 60, 290)
  centred('Số: 12/QĐ-UBND', 60, 110, 190)
  centred('Ví dụ, ngày 22 tháng 11 năm 2026', 260, 110, 290)
  centred(title, 60, 160, 475, 14)
  document.fontSize(14).text('Căn cứ Luật Tổ chức chính quyền địa phương; theo đề nghị của Giám đốc Sở Nội vụ. '.repeat(5), 85, 200, { width: 450, align: 'justify' })
  centred('TM. ỦY BAN NHÂN DÂN\nCHỦ TỊCH', 300, 440, 240, 14)
  centred('Nguyễn Văn Minh', 300, 560, 240, 14)
  document.end()
  const chunks: Buffer[] = []
  for await (const chunk of document) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
