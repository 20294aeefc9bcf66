/** The packets of the bench: one PDF of 20 KiB each, no two alike, signed by the sending system as its DMS would do it. */
import { randomBytes } from 'node:crypto'
import { A, B, documentPacket, organisation } from '../support/gateway.ts'
import { makePdf, pagesOf } from '../support/pdf.ts'
import { writePacket } from '../../src/edxml/write.ts'
import { signPacket } from '../../src/signing/packet-signature.ts'
import { signerFromPem } from '../../src/trust/signers/pem.ts'

export const ATTACHMENT_BYTES = 20 * 1024

const FRAME = makePdf({ ...pagesOf('Cong van'), 6: { data: '' } }).length

export type Prepared = { documentId: string, bytes: Buffer }

const signer = signerFromPem(organisation(A.key))
let made = 0

/** Makes packets, as many at once as the thread pool signs. */
export async function preparePackets (count: number): Promise<Prepared[]> {
  const packets: Prepared[] = []
  await Promise.all(Array.from({ length: 4 }, async () => {
    while (packets.length < count) {
      const number = ++made
      const place = packets.push({ documentId: `${A.codes[0]},2026/01/05,${number}/VP-KSTT`, bytes: Buffer.alloc(0) }) - 1
      packets[place]!.bytes = await prepare(packets[place]!.documentId, String(number))
    }
  }))
  return packets
}

async function prepare (documentId: string, codeNumber: string): Promise<Buffer> {
  const packet = documentPacket({
    documentId,
    code: { codeNumber, codeNotation: 'VP-KSTT' },
    to: [{ organId: B.codes[0]!, organName: B.name }],
    subject: `V/v rà soát mã định danh sau khi sắp xếp đơn vị hành chính hai cấp (${codeNumber})`,
    signerInfo: { competence: 'TL.', position: 'Chánh Văn phòng', fullName: 'Nguyễn Thị Ví Dụ' },
    otherInfo: { priority: 0, pageAmount: 2, appendixes: ['Phụ lục: Danh sách đơn vị'] },
    toPlaces: ['Như trên', 'Lưu: VT'],
    traceHeaders: [{ organId: A.codes[0]!, timestamp: '2026-01-05T08:00:00' }],
  }, [{ name: `Công văn ${codeNumber}.pdf`, bytes: pdf() }])
  return signPacket(await writePacket(packet), signer)
}

/** The compressed streams that most of a PDF is look like chance. */
function pdf (): Buffer {
  return makePdf({ ...pagesOf('Cong van'), 6: { data: randomBytes(ATTACHMENT_BYTES - FRAME) } })
}
