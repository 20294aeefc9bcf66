import { createHash } from 'node:crypto'
import { DOCUMENT_HEADER, pathOf, TRACE_HEADER_LIST } from './layout.ts'
import type { Field } from './layout.ts'
import { trimBlanks } from './markup.ts'
import { SEAL_NAME } from './packet.ts'
import type { DocumentPacket } from './packet.ts'

/** What makes two document packets the same document, whatever way they came: the values that cross the axis unharmed (axis.md 1.10). */

/** SHA-256 over every field that survives the axis, and every attachment's name, size and SHA-256. The seal is no part of it. */
export function identityOf (packet: DocumentPacket): Buffer {
  const hash = createHash('sha256')
  const add = (text: string) => { hash.update(`${Buffer.byteLength(text)}:${text}`) }
  for (const [path, value] of survivingFields(packet)) {
    add(path)
    add(value)
  }
  for (const { name, size, sha256 } of attachmentDigests(packet)) {
    add(name)
    add(String(size))
    add(sha256)
  }
  return hash.digest()
}

/** A field's path and its text. */
export type Leaf = [path: string, value: string]

/** The fields that survive the axis, as path and text, in a fixed order. Recipients come in the order of their codes. */
export function survivingFields ({ header }: DocumentPacket): Leaf[] {
  const to = header.to.toSorted((a, b) => a.organId < b.organId ? -1 : 1)
  // Without Bussiness a document is new.
  const bussiness = header.bussiness ?? { bussinessDocType: 0, replacementInfos: [] }
  return [...walk({ ...header, to }, DOCUMENT_HEADER, 'MessageHeader'), ...walk({ bussiness }, TRACE_HEADER_LIST, 'TraceHeaderList')]
}

/** Name, size and SHA-256 (hex) of every attachment but the seal, in the order of these. */
export function attachmentDigests ({ attachments }: DocumentPacket): { name: string, size: number, sha256: string }[] {
  return attachments
    .filter(({ name }) => name !== SEAL_NAME)
    .map(({ name, bytes }) => ({ name, size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }))
    .toSorted((a, b) => a.name < b.name || (a.name === b.name && a.sha256 < b.sha256) ? -1 : 1)
}

function walk (values: object, fields: readonly Field[], path: string): Leaf[] {
  return fields.flatMap((field): Leaf[] => {
    if (field.kind === 'ignored' || field.volatile) return []
    const value = (values as Record<string, unknown>)[field.key]
    if (value === undefined) return []
    const at = pathOf(field, path)
    switch (field.kind) {
      case 'group': return walk(value as object, field.fields, at)
      case 'groups': return numbered(at, (value as object[]).map((item) => walk(item, field.fields, '')))
      case 'texts': return numbered(at, (value as string[]).map((item) => leaf('', item)))
      case 'text':
      case 'day':
      case 'moment':
      case 'integer':
      case 'flag': return leaf(at, String(value))
    }
  })
}

/** Items without any value are never written, so they do not count. */
function numbered (path: string, items: readonly Leaf[][]): Leaf[] {
  return items.filter((item) => item.length > 0).flatMap((item, index) => item.map(([inner, value]): Leaf => [`${path}[${index + 1}]${inner}`, value]))
}

/** As a parser hands the text on: line ends are line feeds, and blanks around it mean nothing. */
function leaf (path: string, value: string): Leaf[] {
  const text = trimBlanks(value.replace(/\r\n?/g, '\n'))
  return text === '' ? [] : [[path, text]]
}
