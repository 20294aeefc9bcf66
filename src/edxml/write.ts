import { randomBytes } from 'node:crypto'
import { XMLBuilder } from 'fast-xml-parser'
import { Refusal } from '../errors.ts'
import { encodeBase64 } from './base64.ts'
import { checkPacket } from './check.ts'
import { writeDay, writeMoment } from './dates.ts'
import { DOCUMENT_HEADER, pathOf, STATUS_HEADER, TRACE_HEADER_LIST } from './layout.ts'
import type { Field } from './layout.ts'
import { trimBlanks } from './markup.ts'
import { extensionOf } from './names.ts'
import type { Content } from './open.ts'
import { EDXML_NAMESPACE } from './packet.ts'
import type { Attachment, DocumentPacket, Packet } from './packet.ts'
import { canonicalise, EXCLUSIVE_C14N } from './xml.ts'
import { wrapInZip } from './zip.ts'

/** Writes packets exactly as the SDK does: its order, prefixes, spelling, dates and wrapping (axis.md 1.1, 1.2, 1.8). Nothing empty is ever written. */

/** A packet that is written but for its signature. Markers stand where the base64 of attachments goes. */
export type Written = {
  /** What a signature over all of it digests: exclusive canonical. */
  readonly content: Content,
  /** Base64 of each attachment as it is sent. */
  slots: Buffer[],
  xml: Buffer,
  markers: string[],
  /** Where in `xml` a Signature goes: last in edXMLHeader, after the trace headers. */
  signatureAt: number,
}

/** Writes a packet. Throws a Refusal that names the field if it lacks what edXML demands, or holds what XML cannot. */
export async function writePacket (packet: Packet): Promise<Written> {
  checkPacket(packet)
  const nonce = randomBytes(16).toString('hex')
  const wrapped = packet.kind === 'document' ? await Promise.all(packet.attachments.map(wrap)) : []
  const markers = wrapped.map((_, index) => `slot-${nonce}-${index}`)
  const tree = packet.kind === 'document' ? documentTree(packet, wrapped, markers) : rootTree([envelopeTree(writeFields(packet, STATUS_HEADER, 'MessageHeader'), [])])
  const xml = Buffer.from(DECLARATION + trimBlanks(BUILDER.build(tree)) + '\n')
  let content: Content | null = null
  return {
    get content () { return content ??= { method: EXCLUSIVE_C14N, octets: canonicalise(xml, EXCLUSIVE_C14N), markers } },
    slots: wrapped.map(({ bytes }) => encodeBase64(bytes)),
    xml,
    markers,
    signatureAt: endOfHeader(xml),
  }
}

/** The bytes of the packet as they are sent, with a signature (a Signature element as it is to stand there) or without. */
export function assemble (written: Written, signature: Uint8Array | null): Buffer {
  const { xml, markers, slots, signatureAt } = written
  const parts: Uint8Array[] = [xml.subarray(0, signatureAt)]
  if (signature !== null) parts.push(signature)
  let from = signatureAt
  markers.forEach((marker, index) => {
    const at = xml.indexOf(marker, from, 'latin1')
    parts.push(xml.subarray(from, at), slots[index] as Buffer)
    from = at + marker.length
  })
  parts.push(xml.subarray(from))
  return Buffer.concat(parts)
}

type Node = { [name: string]: Node[] | string | Record<string, string> }
type Wrapped = { contentType: string, bytes: Buffer }

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
const PREFIX = 'edXML:'

const BUILDER = new XMLBuilder({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  suppressBooleanAttributes: false,
  format: true,
  indentBy: '  ',
  processEntities: false,
  tagValueProcessor: (_, text) => escape(text as string),
})

// A parser would hand on a plain carriage return as a line feed.
const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '\r': '&#13;' }

function escape (text: string): string {
  return text.replace(/[&<>\r]/g, (character) => ESCAPES[character] as string)
}

/** The SDK's builder goes by the extension (axis.md 1.8): these are sent as they are, all others in a zip of their own. */
const SENT_PLAIN: Record<string, string> = { pdf: 'application/pdf', doc: 'application/doc', docx: 'application/docx', zip: 'application/zip' }

async function wrap ({ name, bytes }: Attachment): Promise<Wrapped> {
  const extension = extensionOf(name)
  const plain = Object.hasOwn(SENT_PLAIN, extension) ? SENT_PLAIN[extension] : undefined
  return plain === undefined ? { contentType: 'application/zip', bytes: await wrapInZip(bytes, name) } : { contentType: plain, bytes }
}

function documentTree ({ header, attachments }: DocumentPacket, wrapped: readonly Wrapped[], markers: readonly string[]): Node[] {
  const described = attachments.map((attachment, index) => describe(attachment, (wrapped[index] as Wrapped).contentType, index))
  const envelope = envelopeTree(
    writeFields(header, DOCUMENT_HEADER, 'MessageHeader'),
    writeFields(header, TRACE_HEADER_LIST, 'TraceHeaderList'),
    described.map(({ reference }) => element(`${PREFIX}Reference`, reference)),
  )
  const encoded = described.map(({ attachment }, index) => element('Attachment', [
    ...attachment,
    element(`${PREFIX}ContentTransferEncoded`, [{ '#text': markers[index] as string }], { 'xmlns:edXML': EDXML_NAMESPACE }),
  ]))
  return rootTree(encoded.length === 0 ? [envelope] : [envelope, element('AttachmentEncoded', encoded)])
}

function rootTree (children: Node[]): Node[] {
  return [element('edXML', children, { xmlns: EDXML_NAMESPACE })]
}

function envelopeTree (messageHeader: Node[], traceHeaderList: Node[], references?: Node[]): Node {
  const header = [element(`${PREFIX}MessageHeader`, messageHeader)]
  if (traceHeaderList.length > 0) header.push(element(`${PREFIX}TraceHeaderList`, traceHeaderList))
  const children = [element(`${PREFIX}edXMLHeader`, header)]
  if (references !== undefined) {
    children.push(element(`${PREFIX}edXMLBody`, [element(`${PREFIX}edXMLManifest`, references, { version: '1.0' })]))
  }
  return element(`${PREFIX}edXMLEnvelope`, children, { 'xmlns:edXML': EDXML_NAMESPACE })
}

function describe ({ contentId, name, description }: Attachment, contentType: string, index: number): { reference: Node[], attachment: Node[] } {
  const path = `Attachment[${index + 1}]`
  const id = ['ContentId', `cid:${contentId}`] as const
  const type = ['ContentType', contentType] as const
  const about = description === undefined || trimBlanks(description) === '' ? [] : [['Description', description] as const]
  const named = ['AttachmentName', name] as const
  const leaf = (prefix: string) => ([tag, text]: readonly [string, string]) => element(`${prefix}${tag}`, [{ '#text': valid(trimBlanks(text), `${path}.${tag}`) }])
  return { reference: [id, type, ...about, named].map(leaf(PREFIX)), attachment: [id, named, ...about, type].map(leaf('')) }
}

/** The elements of the fields that have a value, in the order of the table. */
function writeFields (values: object, fields: readonly Field[], path: string): Node[] {
  return fields.flatMap((field) => {
    if (field.kind === 'ignored') return []
    const value = (values as Record<string, unknown>)[field.key]
    const at = pathOf(field, path)
    const nodes = writeField(field, value, at)
    if (nodes.length === 0 && 'required' in field && field.required) throw new Refusal('PACKET_ELEMENT_MISSING', { field: at })
    return nodes.length > 0 && 'within' in field && field.within !== undefined ? [element(PREFIX + field.within, nodes)] : nodes
  })
}

function writeField (field: Exclude<Field, { kind: 'ignored' }>, value: unknown, path: string): Node[] {
  const name = PREFIX + field.element
  switch (field.kind) {
    case 'group': {
      const children = value === undefined ? [] : writeFields(value as object, field.fields, path)
      return children.length === 0 ? [] : [element(name, children)]
    }
    case 'groups': return ((value ?? []) as object[]).flatMap((item, index) => {
      const children = writeFields(item, field.fields, `${path}[${index + 1}]`)
      return children.length === 0 ? [] : [element(name, children)]
    })
    case 'texts': return ((value ?? []) as string[]).flatMap((item, index) => leafOf(name, item, `${path}[${index + 1}]`))
    case 'text': return leafOf(name, (value ?? '') as string, path)
    case 'integer': return value === undefined ? [] : leafOf(name, Number.isSafeInteger(value) ? String(value) : null, path)
    case 'flag': return value === undefined ? [] : leafOf(name, String(value), path)
    case 'day': return value === undefined || value === '' ? [] : leafOf(name, writeDay(value as string), path)
    case 'moment': return value === undefined || value === '' ? [] : leafOf(name, writeMoment(value as string), path)
  }
}

function leafOf (name: string, text: string | null, path: string): Node[] {
  if (text === null) throw new Refusal('PACKET_VALUE_INVALID', { field: path })
  const trimmed = trimBlanks(text)
  return trimmed === '' ? [] : [element(name, [{ '#text': valid(trimmed, path) }])]
}

function element (name: string, children: Node[], attributes?: Record<string, string>): Node {
  return attributes === undefined ? { [name]: children } : { [name]: children, ':@': attributes }
}

// XML 1.0, production [2].
const NOT_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/

function valid (text: string, path: string): string {
  if (NOT_XML.test(text) || !text.isWellFormed()) throw new Refusal('PACKET_VALUE_INVALID', { field: path, detail: 'a character that XML does not allow' })
  return text
}

function endOfHeader (xml: Buffer): number {
  const end = xml.indexOf(`</${PREFIX}edXMLHeader>`)
  return xml.lastIndexOf('>', end) + 1
}
