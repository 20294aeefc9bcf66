import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { XmlBufferInputProvider, XmlDocument, xmlRegisterInputProvider, XsdValidator } from 'libxml2-wasm'
import { Refusal } from '../../src/errors.ts'
import type { Packet } from '../../src/edxml/packet.ts'
import { needsShared, shared } from '../support/shared.ts'
import { FULL_DOCUMENT, FULL_STATUS } from './full.ts'
import { changed, DOCUMENT, read, STATUS, without, writeBytes } from './packets.ts'

const SCHEMAS = join(import.meta.dirname, '../../schemas')

xmlRegisterInputProvider(new XmlBufferInputProvider({ 'edxml.xsd': readFileSync(join(SCHEMAS, 'edxml.xsd')) }))

function validator (kind: Packet['kind']): XsdValidator {
  const url = `edxml-${kind}.xsd`
  using schema = XmlDocument.fromBuffer(readFileSync(join(SCHEMAS, url)), { url })
  return XsdValidator.fromDoc(schema)
}

const VALIDATORS = { document: validator('document'), status: validator('status') }

/** Which kinds of packet this is by the schemas. */
function bySchema (bytes: Uint8Array): string {
  let document: XmlDocument
  try {
    document = XmlDocument.fromBuffer(bytes)
  } catch {
    return 'none'
  }
  const kinds = (['document', 'status'] as const).filter((kind) => {
    try {
      VALIDATORS[kind].validate(document)
      return true
    } catch {
      return false
    }
  })
  document.dispose()
  return kinds.join() || 'none'
}

/** Which kind of packet this is by the reader, if all its elements are ones it knows, under their right names. */
async function byReader (bytes: Uint8Array): Promise<string> {
  try {
    const { kind, warnings } = await read(bytes)
    return warnings.some(({ code }) => code === 'ELEMENT_UNKNOWN' || code === 'ELEMENT_SPELLING') ? 'none' : kind
  } catch (error) {
    if (error instanceof Refusal) return 'none'
    throw error
  }
}

t.test('schema and reader agree on every sample', needsShared('samples/edxml'), async (t) => {
  for (const name of readdirSync(shared('samples/edxml')).filter((name) => name.endsWith('.edxml'))) {
    const bytes = readFileSync(shared(`samples/edxml/${name}`))
    const expected = name === 'edoc.edxml' || name === 'edoc_new.edxml' ? 'none' : name.startsWith('status') ? 'status' : 'document'
    t.equal(bySchema(bytes), expected, name)
    t.equal(await byReader(bytes), expected, name)
    if (expected !== 'none') t.equal(bySchema(await writeBytes(await read(bytes))), expected, `${name}, written`)
  }
})

t.test('schema and reader agree on what is written', async (t) => {
  t.equal(bySchema(await writeBytes(FULL_DOCUMENT)), 'document')
  t.equal(bySchema(await writeBytes({ ...FULL_DOCUMENT, attachments: [] })), 'document')
  t.equal(bySchema(await writeBytes(FULL_STATUS)), 'status')
})

/** Every element of the text, as its own text. */
function elementsOf (text: string): { name: string, whole: string, start: string }[] {
  return [...text.matchAll(/<((?:edXML:)?\w+)(?: [^>]*)?>/g)].flatMap(({ 0: start, 1: name, index }) => {
    const end = text.indexOf(`</${name}>`, index)
    return end === -1 ? [] : [{ name: name as string, start, whole: text.slice(index, end + `</${name}>`.length) }]
  })
}

// These occur twice with other fields than the first, or do not fit together: more than XML Schema 1.0 can say.
const BEYOND_SCHEMA = /^(twice: (SignerInfo|OtherInfo|ToPlaces|PromulgationInfo|DocumentType|ResponseForTask|Appendixes)|twice: (Attachment|Reference)|gone: (Reference|edXMLBody|edXMLManifest|Attachment|AttachmentEncoded)|empty: (edXMLManifest|edXMLBody|Attachment|AttachmentEncoded)|with text: ContentId)$/

t.test('schema and reader agree when any one element is gone, emptied, doubled, renamed, misplaced or of another namespace', async (t) => {
  const texts = { document: (await writeBytes(FULL_DOCUMENT)).toString(), status: (await writeBytes(FULL_STATUS)).toString(), small: DOCUMENT, smallStatus: STATUS }
  let compared = 0
  for (const [packet, text] of Object.entries(texts)) {
    for (const { name, whole, start } of elementsOf(text)) {
      const local = name.replace('edXML:', '')
      const renamed = whole.replace(start, start.replace(name, `${name}X`)).replace(new RegExp(`</${name}>$`), `</${name}X>`)
      const variants: Record<string, string> = {
        gone: text.replace(whole, () => ''),
        empty: text.replace(whole, () => `${start}</${name}>`),
        twice: text.replace(whole, () => whole + whole),
        renamed: text.replace(whole, () => renamed),
        'of another namespace': text.replace(start, () => start.replace(/ xmlns(:\w+)?="[^"]*"/, '').replace(name, `${name} ${name.includes(':') ? 'xmlns:edXML' : 'xmlns'}="urn:x"`)),
        'with a child': text.replace(start, () => `${start}<edXML:x xmlns:edXML="urn:x"/>`),
        'with text': text.replace(start, () => `${start}text`),
        'with an attribute': text.replace(start, () => start.replace('>', ' x="1">')),
        'in the root': text.replace(whole, () => '').replace('</edXML>', () => `<x xmlns:edXML="urn:x">${whole}</x></edXML>`),
      }
      for (const [what, variant] of Object.entries(variants)) {
        if (BEYOND_SCHEMA.test(`${what}: ${local}`)) continue
        const bytes = Buffer.from(variant)
        const [schema, reader] = [bySchema(bytes), await byReader(bytes)]
        compared++
        if (schema !== reader) t.fail(`${packet}: ${local} ${what}: ${schema} by the schema, ${reader} by the reader`)
      }
    }
  }
  t.ok(compared > 1000, `${compared} packets compared`)
})

t.test('schema and reader agree on what only looks wrong', async (t) => {
  const variants = [
    DOCUMENT.replaceAll('edXML:', 'e:').replaceAll('xmlns:edXML', 'xmlns:e'),
    changed(DOCUMENT, '<edXML:Subject>', '<!-- x --><edXML:Subject>'),
    changed(DOCUMENT, '</edXML:edXMLHeader>', '<Signature><x/></Signature><s:Signature xmlns:s="http://www.w3.org/2000/09/xmldsig#"/></edXML:edXMLHeader>'),
    changed(DOCUMENT, '<edXML:MessageHeader>', '<edXML:DigitalSignature/><edXML:MessageHeader>'),
    changed(DOCUMENT, '</edXML:OtherInfo>', '</edXML:OtherInfo><edXML:SteeringType/><edXML:ResponseFor/><edXML:ResponseFor/>'),
    without(DOCUMENT, 'TraceHeaderList'),
    without(DOCUMENT, 'Bussiness'),
    changed(DOCUMENT, 'DocType>0', 'DocType> 03 '),
  ]
  for (const variant of variants) t.equal(`${bySchema(Buffer.from(variant))} ${await byReader(Buffer.from(variant))}`, 'document document')
  t.equal(bySchema(Buffer.from(STATUS.replaceAll('edXML:MessageHeader', 'edXML:Status'))), 'status')
  for (const variant of [changed(DOCUMENT, 'DocType>0', 'DocType>4'), changed(DOCUMENT, '000.00.00.G22', '000.00.00.H14'), DOCUMENT.replaceAll('Bussiness', 'Business'), changed(DOCUMENT, /(Encoded xmlns[^>]*>)[^<]*/, '<edXML:ContentTransferEncoded xmlns:edXML="x">%%<')]) {
    t.equal(`${bySchema(Buffer.from(variant))} ${await byReader(Buffer.from(variant))}`, 'none none')
  }
})
