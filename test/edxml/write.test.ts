import t from 'tap'
import { canonicalise, EXCLUSIVE_C14N } from '../../src/edxml/xml.ts'
import { eachOctets } from '../../src/edxml/open.ts'
import type { DocumentHeader, DocumentPacket } from '../../src/edxml/packet.ts'
import { openPacket } from '../../src/edxml/read.ts'
import { assemble, writePacket } from '../../src/edxml/write.ts'
import { FULL_DOCUMENT, FULL_STATUS } from './full.ts'
import { NAMESPACE, PDF, read, refusalOf, writeBytes } from './packets.ts'

const names = (text: string, inside: RegExp) => [...(inside.exec(text)?.[0] ?? '').matchAll(/<([\w:]+)/g)].map(([, name]) => name)
const withHeader = (header: Partial<DocumentHeader>): DocumentPacket => ({ ...FULL_DOCUMENT, header: { ...FULL_DOCUMENT.header, ...header } })
const withFile = (name: string, bytes = PDF): DocumentPacket => ({ ...FULL_DOCUMENT, attachments: [{ contentId: '1', name, originalName: name, contentType: 'x', bytes }] })

t.test('every field of a packet is read as it was written', async (t) => {
  t.strictSame(await read(await writeBytes(FULL_DOCUMENT)), FULL_DOCUMENT)
  t.strictSame(await read(await writeBytes(FULL_STATUS)), FULL_STATUS)
})

t.test('order, prefixes and spelling are those of the SDK', async (t) => {
  const text = (await writeBytes(FULL_DOCUMENT)).toString()
  t.ok(text.startsWith(`<?xml version="1.0" encoding="UTF-8"?>\n<edXML xmlns="${NAMESPACE}">\n  <edXML:edXMLEnvelope xmlns:edXML="${NAMESPACE}">\n    <edXML:edXMLHeader>\n`))
  const order = names(text, /<edXML:MessageHeader>[\s\S]*<\/edXML:MessageHeader>/).filter((name, index, all) => all.indexOf(name) === index)
  t.strictSame(order.map((name) => name?.replace('edXML:', '')), [
    'MessageHeader', 'From', 'OrganId', 'OrganizationInCharge', 'OrganName', 'OrganAdd', 'Email', 'Telephone', 'Fax', 'Website', 'To', 'DocumentId',
    'Code', 'CodeNumber', 'CodeNotation', 'PromulgationInfo', 'Place', 'PromulgationDate', 'DocumentType', 'Type', 'TypeDetail', 'TypeName', 'Subject', 'Content',
    'SignerInfo', 'Competence', 'Position', 'FullName', 'DueDate', 'OtherInfo', 'Priority', 'SphereOfPromulgation', 'TyperNotation', 'PromulgationAmount',
    'PageAmount', 'ReplyFors', 'Direction', 'ReferenceCodes', 'Appendixes', 'Appendix', 'ResponseFor', 'SteeringType', 'ResponseForTask', 'TaskCode',
    'ApplicationType', 'ToPlaces',
  ])
  t.strictSame(names(text, /<edXML:TraceHeaderList>[\s\S]*<\/edXML:TraceHeaderList>/).slice(0, 6).map((name) => name?.replace('edXML:', '')),
    ['TraceHeaderList', 'Bussiness', 'DocumentId', 'BussinessDocType', 'BussinessDocReason', 'Paper'])
  t.strictSame(names(text, /<AttachmentEncoded>[\s\S]*?<\/Attachment>/),
    ['AttachmentEncoded', 'Attachment', 'ContentId', 'AttachmentName', 'Description', 'ContentType', 'edXML:ContentTransferEncoded'])
  t.strictSame(names(text, /<edXML:edXMLManifest version="1.0">[\s\S]*?<\/edXML:Reference>/).map((name) => name?.replace('edXML:', '')),
    ['edXMLManifest', 'Reference', 'ContentId', 'ContentType', 'Description', 'AttachmentName'])
  t.notMatch(text, /Business/)
  t.notMatch((await writeBytes(FULL_STATUS)).toString(), /edXMLBody|TraceHeaderList|AttachmentEncoded/)
})

t.test('dates are written as edXML has them, in Vietnam time', async (t) => {
  const text = (await writeBytes(withHeader({ traceHeaders: [{ timestamp: '2026-11-20T18:00:00Z' }] }))).toString()
  t.match(text, '<edXML:PromulgationDate>2026/11/20</edXML:PromulgationDate>')
  t.match(text, '<edXML:Timestamp>2026/11/21 01:00:00</edXML:Timestamp>')
})

t.test('nothing empty is written', async (t) => {
  const { from, to, documentId, code, subject } = FULL_DOCUMENT.header
  const bare: DocumentHeader = {
    from, to, documentId, code, subject, content: ' ', promulgationInfo: {}, documentType: { typeName: '' }, signerInfo: {}, otherInfo: { appendixes: [''] },
    responseFor: [{}], responseForTask: [], toPlaces: [''], traceHeaders: [{}],
  }
  const text = (await writeBytes({ ...FULL_DOCUMENT, header: bare, attachments: [] })).toString()
  t.notMatch(text, /<([\w:]+)[^>]*>\s*<\/\1>(?<!edXMLManifest>)/)
  t.notMatch(text, /SteeringType|AttachmentEncoded|TraceHeaderList|OtherInfo/)
  t.match(await read(text), { header: { subject, toPlaces: [], responseFor: [] } })
})

t.test('files are wrapped as the SDK wraps them, and say the same type twice', async (t) => {
  const plain = { 'a.pdf': 'application/pdf', 'a.PDF': 'application/pdf', 'a.doc': 'application/doc', 'a.docx': 'application/docx', 'a.zip': 'application/zip' }
  for (const [name, type] of Object.entries(plain)) {
    const text = (await writeBytes(withFile(name))).toString()
    t.equal(text.match(new RegExp(`ContentType>${type}</`, 'g'))?.length, 2, name)
    t.match(text, `>${PDF.toString('base64')}<`)
  }
  for (const name of ['a.xls', 'a.xlsx', 'a.pptx', 'a.txt', 'a.xml', 'a.png', 'a.rar', 'a.p7m', 'a.constructor', 'a']) {
    const bytes = await writeBytes(withFile(name))
    t.equal(bytes.toString().match(/ContentType>application\/zip<\//g)?.length, 2, name)
    const zip = openPacket(bytes).slots.map((slot) => Buffer.from(slot.toString(), 'base64'))[0] as Buffer
    const extension = name.slice(1)
    t.match(zip.toString('latin1', 30, 30 + 36 + extension.length), new RegExp(`^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}${extension}$`), 'a UUID with the extension')
    t.match(await read(bytes), { attachments: [{ name, bytes: PDF }], warnings: [] })
  }
})

t.test('the same packet is written in the same bytes', async (t) => {
  t.ok((await writeBytes(FULL_DOCUMENT)).equals(await writeBytes(FULL_DOCUMENT)))
})

t.test('a signature goes last into the header and changes nothing else', async (t) => {
  for (const packet of [FULL_DOCUMENT, FULL_STATUS, { ...FULL_DOCUMENT, attachments: [] }]) {
    const written = await writePacket(packet)
    const unsigned = assemble(written, null)
    const signature = Buffer.from('<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo><Reference><Transforms><Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></Transform></Transforms></Reference></SignedInfo></Signature>')
    const signed = assemble(written, signature)
    t.ok(Buffer.from(signed.toString().replace(signature.toString(), '')).equals(unsigned))
    t.match(signed.toString(), /<\/edXML:(TraceHeaderList|MessageHeader)><Signature[\s\S]*<\/Signature>\s*<\/edXML:edXMLHeader>/)
    t.strictSame(await read(signed), packet)

    const octetsOf = (from: Parameters<typeof eachOctets>[0]) => {
      const parts: Buffer[] = []
      eachOctets(from, (part) => { parts.push(part) })
      return Buffer.concat(parts).toString()
    }
    t.equal(octetsOf(written), canonicalise(unsigned, EXCLUSIVE_C14N).toString(), 'what is signed is the packet without it')
    t.equal(octetsOf(openPacket(signed)), octetsOf(written), 'and what is verified')
  }
})

t.test('what must not be sent is refused by its field', async (t) => {
  const cases: [DocumentPacket, string, string][] = [
    [withHeader({ subject: ' ' }), 'PACKET_ELEMENT_MISSING', 'MessageHeader.Subject'],
    [withHeader({ to: [] }), 'PACKET_ELEMENT_MISSING', 'MessageHeader.To'],
    [withHeader({ to: [{ organId: 'A' }, { organId: '' }] }), 'PACKET_ELEMENT_MISSING', 'MessageHeader.To[2].OrganId'],
    [withHeader({ to: [{ organId: 'A' }, { organId: 'B' }, { organId: 'a' }] }), 'RECIPIENT_DUPLICATE', 'MessageHeader.To[3].OrganId'],
    [withHeader({ to: Array.from({ length: 5001 }, (_, index) => ({ organId: `${index}` })) }), 'PACKET_TOO_MANY', 'MessageHeader.To'],
    [withHeader({ subject: 'a\u0000b' }), 'PACKET_VALUE_INVALID', 'MessageHeader.Subject'],
    [withHeader({ subject: 'a\ud800b' }), 'PACKET_VALUE_INVALID', 'MessageHeader.Subject'],
    [withHeader({ toPlaces: ['a', '\uffff'] }), 'PACKET_VALUE_INVALID', 'MessageHeader.ToPlaces.Place[2]'],
    [withHeader({ dueDate: '2026-02-30' }), 'PACKET_VALUE_INVALID', 'MessageHeader.DueDate'],
    [withHeader({ steeringType: 1.5 }), 'PACKET_VALUE_INVALID', 'MessageHeader.SteeringType'],
    [withFile('a\u0001.pdf'), 'PACKET_VALUE_INVALID', 'Attachment[1].AttachmentName'],
  ]
  for (const [packet, code, field] of cases) t.match(await refusalOf(() => writePacket(packet)), { code, fault: { field } }, `${code} ${field}`)
  t.match(await refusalOf(() => writePacket({ ...FULL_STATUS, responseFor: { organId: 'A' } })), { code: 'PACKET_ELEMENT_MISSING' })
  t.match(await refusalOf(() => writePacket({ ...FULL_STATUS, statusCode: '' })), { code: 'PACKET_ELEMENT_MISSING', fault: { field: 'MessageHeader.StatusCode' } })
})

t.test('text that looks like markup stays text', async (t) => {
  const subject = '</edXML:Subject><edXML:To/>&amp;&#13;<![CDATA[x]]><!-- y --><?z?> />'
  t.equal((await read(await writeBytes(withHeader({ subject, toPlaces: ['a/>', '</b>', '>'] }))) as DocumentPacket).header.subject, subject)
  t.strictSame((await read(await writeBytes(withHeader({ toPlaces: ['a/>', '</b>', '>', 'slot-0'] }))) as DocumentPacket).header.toPlaces, ['a/>', '</b>', '>', 'slot-0'])
})
