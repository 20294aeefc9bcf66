import { decodeBase64 } from './base64.ts'
import { childOf } from './elements.ts'
import type { Element } from './elements.ts'
import { ATTACHMENT, REFERENCE } from './layout.ts'
import { extensionOf, fileName, fitsMagic, hasMagic, isZipFormat, mediaTypeOf } from './names.ts'
import type { Content } from './open.ts'
import type { Attachment } from './packet.ts'
import { childrenByName, readFields } from './reading.ts'
import type { Reading } from './reading.ts'
import { looksZipped, singleEntry } from './zip.ts'

type Slots = { content: Content, slots: readonly Buffer[] }

/**
 * Reads the attachments: each has its entry in the manifest, and each entry its attachment. A packet that announces a file it does not carry,
 * or carries one it does not announce, is not complete.
 */
export async function readAttachments (reading: Reading, manifest: Element | undefined, encoded: Element | undefined, slots: Slots): Promise<Attachment[]> {
  const elements = encoded === undefined ? [] : childrenByName(reading, encoded, ['Attachment'], 'AttachmentEncoded').get('Attachment') ?? []
  if (elements.length > reading.limits.attachments) reading.refuse('PACKET_TOO_MANY', 'AttachmentEncoded', `more than ${reading.limits.attachments} attachments`)
  const references = readReferences(reading, manifest)
  const slotOf = new Map(slots.content.markers.map((marker, index) => [marker, slots.slots[index]]))
  const attachments: Attachment[] = []
  let room = reading.limits.unpackedBytes
  for (const [index, element] of elements.entries()) {
    const path = `AttachmentEncoded.Attachment[${index + 1}]`
    const described = readFields(reading, element, ATTACHMENT, path) as Described & { encoded: string }
    const reference = references.get(contentIdOf(described))?.shift()
    if (reference === undefined) reading.refuse('ATTACHMENT_UNMATCHED', `${path}.ContentId`)
    if (childOf(element, 'ContentTransferEncoded') === undefined) reading.refuse('PACKET_ELEMENT_MISSING', `${path}.ContentTransferEncoded`)
    const packed = decodeBase64(slotOf.get(described.encoded) ?? Buffer.from(described.encoded))
    if (packed === null) reading.refuse('ATTACHMENT_BASE64', `${path}.ContentTransferEncoded`)
    const originalName = described.attachmentName ?? reference.attachmentName ?? ''
    const bytes = await unwrap(reading, packed, originalName, described.contentType ?? '', path, room)
    room -= bytes.length
    if (room < 0) reading.refuse('PACKET_TOO_LARGE', path, `more than ${reading.limits.unpackedBytes} bytes of attachments`)
    attachments.push({ contentId: contentIdOf(described), ...named(reading, originalName, index, path), ...descriptionOf(described, reference), bytes })
  }
  for (const left of references.values()) {
    if (left[0] !== undefined) reading.refuse('ATTACHMENT_UNMATCHED', left[0].path)
  }
  return attachments
}

type Described = { contentId: string, attachmentName?: string, description?: string, contentType?: string }

/** ContentId without `cid:`, which the SDK's builder puts before what has it already (axis.md 1.5). */
function contentIdOf ({ contentId }: Described): string {
  return contentId.replace(/^(?:\s*cid:)+\s*/i, '')
}

function readReferences (reading: Reading, manifest: Element | undefined): Map<string, (Described & { path: string })[]> {
  const references = new Map<string, (Described & { path: string })[]>()
  const elements = manifest === undefined ? [] : childrenByName(reading, manifest, ['Reference'], 'edXMLManifest').get('Reference') ?? []
  if (elements.length > reading.limits.attachments) reading.refuse('PACKET_TOO_MANY', 'edXMLManifest', `more than ${reading.limits.attachments} attachments`)
  elements.forEach((element, index) => {
    const path = `edXMLManifest.Reference[${index + 1}]`
    const reference = { ...readFields(reading, element, REFERENCE, path) as Described, path }
    const id = contentIdOf(reference)
    references.set(id, [...references.get(id) ?? [], reference])
  })
  return references
}

function named (reading: Reading, originalName: string, index: number, path: string): Pick<Attachment, 'name' | 'originalName' | 'contentType'> {
  const safe = fileName(originalName)
  if (safe !== originalName) reading.warn('ATTACHMENT_NAME', `${path}.AttachmentName`)
  const name = safe === '' ? `attachment-${index + 1}` : safe
  return { name, originalName: originalName === '' ? name : originalName, contentType: mediaTypeOf(name) }
}

function descriptionOf (described: Described, reference: Described): { description?: string } {
  const description = described.description ?? reference.description
  return description === undefined ? {} : { description }
}

/**
 * The file itself. It is taken out of a zip once if the zip holds one file and the packet's name for it says it is something else: by the
 * entry's extension, by how the file begins, or by ContentType where the name is no kind of zip (the SDK's own samples name a wrapped XML `.doc`).
 */
async function unwrap (reading: Reading, packed: Buffer, name: string, contentType: string, path: string, room: number): Promise<Buffer> {
  const saysZip = contentType.toLowerCase() === 'application/zip'
  const extension = extensionOf(name)
  if (!looksZipped(packed)) {
    if (saysZip && extension !== 'zip') reading.warn('ATTACHMENT_TYPE', `${path}.ContentType`, 'not a zip')
    return packed
  }
  if (extension === 'zip') return packed
  const entry = await singleEntry(packed)
  if (entry === null) return packed
  const isWrapper = entry.extension === extension || (saysZip && !isZipFormat(extension))
  const file = isWrapper || hasMagic(extension) ? await entry.inflate(mostUnpacked(reading, packed, room)) : null
  if (isWrapper && file === null) reading.refuse('ATTACHMENT_ZIP', `${path}.ContentTransferEncoded`)
  if (file === null || !(isWrapper || fitsMagic(extension, file))) return packed
  if (!saysZip) reading.warn('ATTACHMENT_TYPE', `${path}.ContentType`, 'wrapped in a zip')
  return file
}

function mostUnpacked ({ limits }: Reading, packed: Buffer, room: number): number {
  return Math.min(room, Math.max(limits.unpackedRatioFrom, packed.length * limits.unpackedRatio))
}
