import type { Test } from 'tap'
import type { RefusalCode } from '../../src/errors.ts'
import { Refusal } from '../../src/errors.ts'
import { DEFAULT_LIMITS } from '../../src/edxml/limits.ts'
import type { Limits } from '../../src/edxml/limits.ts'
import type { DocumentPacket, Packet, StatusPacket } from '../../src/edxml/packet.ts'
import { openPacket, readPacket } from '../../src/edxml/read.ts'
import { assemble, writePacket } from '../../src/edxml/write.ts'

/** Packets made up for the tests of edXML: whole, small, and easy to break in one place. */

export const NAMESPACE = 'http://www.mic.gov.vn/TBT/QCVN_102_2016'

export const PDF = Buffer.from('%PDF-1.4 the smallest of all')

export const DOCUMENT = `<?xml version="1.0" encoding="UTF-8"?>
<edXML xmlns="${NAMESPACE}">
  <edXML:edXMLEnvelope xmlns:edXML="${NAMESPACE}">
    <edXML:edXMLHeader>
      <edXML:MessageHeader>
        <edXML:From>
          <edXML:OrganId>000.00.00.H41</edXML:OrganId>
          <edXML:OrganName>UBND tỉnh Nghệ An</edXML:OrganName>
        </edXML:From>
        <edXML:To>
          <edXML:OrganId>000.00.00.H14</edXML:OrganId>
        </edXML:To>
        <edXML:To>
          <edXML:OrganId>000.00.00.G22</edXML:OrganId>
        </edXML:To>
        <edXML:DocumentId>000.00.00.H41,2026/11/20,12/UBND-VX</edXML:DocumentId>
        <edXML:Code>
          <edXML:CodeNumber>12</edXML:CodeNumber>
          <edXML:CodeNotation>UBND-VX</edXML:CodeNotation>
        </edXML:Code>
        <edXML:PromulgationInfo>
          <edXML:Place>Nghệ An</edXML:Place>
          <edXML:PromulgationDate>2026/11/20</edXML:PromulgationDate>
        </edXML:PromulgationInfo>
        <edXML:DocumentType>
          <edXML:Type>2</edXML:Type>
          <edXML:TypeName>Công văn</edXML:TypeName>
        </edXML:DocumentType>
        <edXML:Subject>V/v tổ chức lễ hội</edXML:Subject>
        <edXML:OtherInfo>
          <edXML:Priority>1</edXML:Priority>
        </edXML:OtherInfo>
      </edXML:MessageHeader>
      <edXML:TraceHeaderList>
        <edXML:TraceHeader>
          <edXML:OrganId>000.00.00.H41</edXML:OrganId>
          <edXML:Timestamp>2026/11/20 08:30:00</edXML:Timestamp>
        </edXML:TraceHeader>
        <edXML:Bussiness>
          <edXML:BussinessDocType>0</edXML:BussinessDocType>
        </edXML:Bussiness>
      </edXML:TraceHeaderList>
    </edXML:edXMLHeader>
    <edXML:edXMLBody>
      <edXML:edXMLManifest version="1.0">
        <edXML:Reference>
          <edXML:ContentId>cid:a1</edXML:ContentId>
          <edXML:ContentType>application/pdf</edXML:ContentType>
          <edXML:AttachmentName>congvan.pdf</edXML:AttachmentName>
        </edXML:Reference>
      </edXML:edXMLManifest>
    </edXML:edXMLBody>
  </edXML:edXMLEnvelope>
  <AttachmentEncoded>
    <Attachment>
      <ContentId>cid:a1</ContentId>
      <AttachmentName>congvan.pdf</AttachmentName>
      <ContentType>application/pdf</ContentType>
      <edXML:ContentTransferEncoded xmlns:edXML="${NAMESPACE}">${PDF.toString('base64')}</edXML:ContentTransferEncoded>
    </Attachment>
  </AttachmentEncoded>
</edXML>
`

export const STATUS = `<?xml version="1.0" encoding="UTF-8"?>
<edXML xmlns="${NAMESPACE}">
  <edXML:edXMLEnvelope xmlns:edXML="${NAMESPACE}">
    <edXML:edXMLHeader>
      <edXML:MessageHeader>
        <edXML:From><edXML:OrganId>000.00.00.H14</edXML:OrganId></edXML:From>
        <edXML:ResponseFor>
          <edXML:OrganId>000.00.00.H41</edXML:OrganId>
          <edXML:Code>12/UBND-VX</edXML:Code>
          <edXML:DocumentId>000.00.00.H41,2026/11/20,12/UBND-VX</edXML:DocumentId>
          <edXML:PromulgationDate>2026/11/20</edXML:PromulgationDate>
        </edXML:ResponseFor>
        <edXML:StatusCode>03</edXML:StatusCode>
        <edXML:Timestamp>2026/11/20 09:00:00</edXML:Timestamp>
      </edXML:MessageHeader>
    </edXML:edXMLHeader>
  </edXML:edXMLEnvelope>
</edXML>
`

/** The text with one thing changed. What is to change must be there. */
export function changed (text: string, what: string | RegExp, to: string): string {
  const result = text.replace(what, () => to)
  if (result === text) throw new Error(`not in the packet: ${String(what)}`)
  return result
}

/** The text without this element, given by its local name; only the first. */
export function without (text: string, element: string): string {
  return changed(text, new RegExp(`\\s*<(?:edXML:)?${element}(?: [^>]*)?>[\\s\\S]*?</(?:edXML:)?${element}>`), '')
}

export async function read (packet: string | Uint8Array, limits: Limits = DEFAULT_LIMITS): Promise<Packet> {
  return readPacket(openPacket(typeof packet === 'string' ? Buffer.from(packet) : packet, limits), limits)
}

export async function readDocument (packet: string | Uint8Array, limits?: Limits): Promise<DocumentPacket> {
  const document = await read(packet, limits)
  if (document.kind !== 'document') throw new Error('not a document')
  return document
}

export async function readStatus (packet: string | Uint8Array): Promise<StatusPacket> {
  const status = await read(packet)
  if (status.kind !== 'status') throw new Error('not a status')
  return status
}

/** What is sent, unsigned. */
export async function writeBytes (packet: Packet): Promise<Buffer> {
  return assemble(await writePacket(packet), null)
}

/** Passes if the packet is refused with this code, this field, and on this line. */
export async function refused (t: Test, packet: string | Uint8Array, code: RefusalCode, at: { field?: string, line?: number } = {}, limits?: Limits): Promise<void> {
  const refusal = await refusalOf(() => read(packet, limits))
  t.match(refusal, { code, fault: at }, `${code} ${at.field ?? ''}`)
  if (at.field === undefined) t.equal(refusal?.fault.field, undefined, 'no field')
}

export async function refusalOf (act: () => unknown): Promise<Refusal | null> {
  try {
    await act()
    return null
  } catch (error) {
    if (error instanceof Refusal) return error
    throw error
  }
}

/** Line of the first occurrence. */
export function lineOf (text: string, what: string): number {
  return text.slice(0, text.indexOf(what)).split('\n').length
}
