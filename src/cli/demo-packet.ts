/** The packet the demo sends: the shipped document, or the file somebody names. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { vietnamTimestamp } from '../edxml/dates.ts'
import type { DocumentPacket } from '../edxml/packet.ts'
import { openPacket, readPacket } from '../edxml/read.ts'
import { writePacket } from '../edxml/write.ts'
import { Refusal } from '../errors.ts'
import type { PdfSignatureRequest } from '../pdf/sign/request.ts'
import { signPdf } from '../pdf/sign/sign.ts'
import { createPdfWorkers } from '../pdf/workers.ts'
import { signPacket } from '../signing/packet-signature.ts'
import { signerFromPem } from '../trust/signers/pem.ts'
import type { Party } from './demo-world.ts'

const FOLDER = join(import.meta.dirname, 'demo-document')
/** The seal stands where the person who signs would have signed (Decree 30/2020/NĐ-CP, appendix I); an annex in a file of its own has text at its top right. */
const FILES: Record<string, (said: { name: string, time: Date }, number: string) => PdfSignatureRequest> = {
  'Cong van 125.pdf': (said) => ({ ...said, as: 'document', image: { png: readFileSync(join(FOLDER, 'Dau.png')), widthMm: 36 }, at: { page: 1, left: 290, bottom: 405 } }),
  'Phu luc.pdf': (said, number) => ({ ...said, as: 'annex', number }),
}

export const SENDER: Party = { codes: ['H90.01', '000.00.01.H90'], name: 'Văn phòng UBND tỉnh Ví Dụ' }
export const RECEIVER: Party = { codes: ['H90.27', '000.00.27.H90'], name: 'UBND phường Ví Dụ' }

/** The shipped document as its system writes it: today's, with a number of its own, and truly signed by the sending agency. */
export async function shippedPacket (key: { key: string, certificates: string }, now: Date): Promise<Buffer> {
  const number = String(now.getTime()).slice(-9)
  const day = vietnamTimestamp(now).slice(0, 10)
  const packet: DocumentPacket = {
    kind: 'document',
    header: {
      from: { organId: SENDER.codes[0]!, organName: SENDER.name },
      to: [{ organId: RECEIVER.codes[0]!, organName: RECEIVER.name }],
      documentId: `${SENDER.codes[0]},${day.replaceAll('-', '/')},${number}/VP-KSTT`,
      code: { codeNumber: number, codeNotation: 'VP-KSTT' },
      promulgationInfo: { place: 'Ví Dụ', promulgationDate: day },
      documentType: { type: 18, typeName: 'Công văn' },
      subject: 'V/v rà soát mã định danh sau khi sắp xếp đơn vị hành chính hai cấp',
      signerInfo: { competence: 'TL.', position: 'Chánh Văn phòng', fullName: 'Nguyễn Thị Ví Dụ' },
      otherInfo: { priority: 1, pageAmount: 2, appendixes: ['Phụ lục: Danh sách đơn vị'] },
      responseFor: [], responseForTask: [], toPlaces: ['Như trên', 'Lưu: VT'],
      traceHeaders: [{ organId: SENDER.codes[0]!, timestamp: vietnamTimestamp(now) }],
    },
    attachments: await signedFiles(key, `${number}/VP-KSTT`, now),
    warnings: [],
  }
  return signPacket(await writePacket(packet), signerFromPem(key))
}

/** The PDFs with the agency's signature inside, as its system would have them signed before it hands them over. */
async function signedFiles (key: { key: string, certificates: string }, number: string, now: Date): Promise<DocumentPacket['attachments']> {
  await using workers = createPdfWorkers({ threads: 1 })
  return await Promise.all(Object.entries(FILES).map(async ([name, request], index) => {
    const bytes = readFileSync(join(FOLDER, name))
    const { increment } = await signPdf({ bytes }, request({ name: SENDER.name, time: now }, number), signerFromPem(key), workers)
    return { contentId: `${index + 1}`, name, originalName: name, contentType: 'application/pdf', bytes: Buffer.concat([bytes, increment]) }
  }))
}

/** A packet from a file, with the parties it names. Refused like any other, for its true reason. */
export async function packetFromFile (file: string): Promise<{ bytes: Buffer, sender: Party, receivers: Party[] }> {
  const bytes = readFileSync(file)
  const packet = await readPacket(openPacket(bytes))
  if (packet.kind === 'status') throw new Refusal('PACKET_ELEMENT_MISSING', { field: 'MessageHeader.To', detail: 'the demo sends documents, and this is a status packet' })
  const party = ({ organId, organName }: { organId: string, organName?: string }): Party => ({ codes: [organId], name: organName ?? organId })
  return { bytes, sender: party(packet.header.from), receivers: packet.header.to.map(party) }
}
