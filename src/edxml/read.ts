import { readAttachments } from './attachments.ts'
import { checkPacket } from './check.ts'
import { readElements } from './elements.ts'
import type { Element } from './elements.ts'
import { DOCUMENT_HEADER, FRAME, ROOT, STATUS_HEADER, TRACE_HEADER_LIST } from './layout.ts'
import { DEFAULT_LIMITS } from './limits.ts'
import type { Limits } from './limits.ts'
import { trimBlanks } from './markup.ts'
import { openXml } from './open.ts'
import type { Opened } from './open.ts'
import { EDXML_NAMESPACE } from './packet.ts'
import type { DocumentHeader, Packet, StatusPacket } from './packet.ts'
import { childrenByName, onlyOne, readFields, startReading } from './reading.ts'
import type { Reading } from './reading.ts'

/**
 * Reads packets, leniently where agencies' software differs (any prefix, any order, missing Bussiness, dates, zips), and refuses what has two
 * meanings or none. Every value comes from the canonical octets of what was opened.
 */

const SIGNATURE_AT = [ROOT, 'edXMLEnvelope', 'edXMLHeader']

/** Opens the bytes of a packet. Throws a Refusal PACKET_… that names the line. */
export function openPacket (bytes: Uint8Array, limits: Limits = DEFAULT_LIMITS): Opened {
  return openXml(bytes, { limits, signatureAt: SIGNATURE_AT, lift: true })
}

/** Reads a packet that was opened. Throws a Refusal that names the element and the line; what is only odd becomes a warning. */
export async function readPacket (opened: Opened, limits: Limits = DEFAULT_LIMITS): Promise<Packet> {
  const reading = startReading(opened, limits)
  const frame = readFrame(reading, readElements(opened.content.octets))
  const packet = frame.kind === 'status' ? readStatus(reading, frame) : await readDocument(reading, frame, opened)
  checkPacket(packet, reading)
  return packet
}

type Frame = { kind: Packet['kind'], messageHeader: Element, messageHeaderName: string, traceHeaderList: Element | undefined, manifest: Element | undefined, encoded: Element | undefined }

function readFrame (reading: Reading, root: Element): Frame {
  if (root.namespace !== EDXML_NAMESPACE) reading.refuse('PACKET_NAMESPACE', root.name)
  if (root.name !== ROOT) reading.refuse('PACKET_ELEMENT_MISSING', ROOT)
  const { edXMLEnvelope: envelope, AttachmentEncoded: encoded } = parts(reading, root, FRAME.edXML)
  if (envelope === undefined) reading.refuse('PACKET_ELEMENT_MISSING', 'edXML.edXMLEnvelope')
  const { edXMLHeader: header, edXMLBody: body } = parts(reading, envelope, FRAME.edXMLEnvelope)
  if (header === undefined) reading.refuse('PACKET_ELEMENT_MISSING', 'edXMLEnvelope.edXMLHeader')
  const { MessageHeader, Status, TraceHeaderList: traceHeaderList } = parts(reading, header, FRAME.edXMLHeader)
  if (MessageHeader !== undefined && Status !== undefined) reading.refuse('PACKET_ELEMENT_REPEATED', 'edXMLHeader.Status')
  const messageHeader = MessageHeader ?? Status
  if (messageHeader === undefined) reading.refuse('PACKET_ELEMENT_MISSING', 'edXMLHeader.MessageHeader')
  const manifest = body === undefined ? undefined : parts(reading, body, FRAME.edXMLBody).edXMLManifest
  return { kind: Status === undefined ? kindOf(messageHeader) : 'status', messageHeader, messageHeaderName: messageHeader.name, traceHeaderList, manifest, encoded }
}

function parts<Name extends string> (reading: Reading, element: Element, names: readonly Name[]): Partial<Record<Name, Element>> {
  const found = childrenByName(reading, element, names, element.name)
  const single = names.filter((name) => name !== 'Signature')
  return Object.fromEntries(single.map((name) => [name, onlyOne(reading, found, name, element.name)])) as Partial<Record<Name, Element>>
}

/** A status has no To, and a StatusCode; where neither is there, it is a status if nothing but a ResponseFor tells what it is about. */
function kindOf (messageHeader: Element): Packet['kind'] {
  const has = (name: string) => messageHeader.children.some((child) => child.name === name && (child.children.length > 0 || trimBlanks(child.text) !== ''))
  if (has('To')) return 'document'
  if (has('StatusCode')) return 'status'
  return has('ResponseFor') && !['DocumentId', 'Code', 'Subject'].some(has) ? 'status' : 'document'
}

async function readDocument (reading: Reading, { messageHeader, messageHeaderName, traceHeaderList, manifest, encoded }: Frame, opened: Opened): Promise<Packet> {
  // The tables of layout.ts and the types of packet.ts say the same; a test compares them over every field.
  const header = {
    ...readFields(reading, messageHeader, DOCUMENT_HEADER, messageHeaderName),
    ...traceHeaderList === undefined ? { traceHeaders: [] } : readFields(reading, traceHeaderList, TRACE_HEADER_LIST, 'TraceHeaderList'),
  } as unknown as DocumentHeader
  const attachments = await readAttachments(reading, manifest, encoded, opened)
  return { kind: 'document', header, attachments, warnings: reading.warnings }
}

function readStatus (reading: Reading, { messageHeader, messageHeaderName, encoded }: Frame): Packet {
  const fields = readFields(reading, messageHeader, STATUS_HEADER, messageHeaderName) as unknown as Omit<StatusPacket, 'kind' | 'warnings'>
  if (encoded !== undefined && encoded.children.length > 0) reading.refuse('ATTACHMENT_UNMATCHED', 'AttachmentEncoded', 'a status packet has no attachments')
  return { kind: 'status', ...fields, warnings: reading.warnings }
}
