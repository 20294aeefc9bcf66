import t from 'tap'
import { DEFAULT_LIMITS } from '../../src/edxml/limits.ts'
import type { DocumentHeader, Packet } from '../../src/edxml/packet.ts'
import { changed, DOCUMENT, lineOf, NAMESPACE, PDF, readDocument, readStatus, refused, STATUS, without } from './packets.ts'

const saying = ({ warnings: _, ...packet }: Packet) => packet
const codes = ({ warnings }: Packet) => warnings.map(({ code, field }) => `${code} ${field}`)

const HEADER: DocumentHeader = {
  from: { organId: '000.00.00.H41', organName: 'UBND tỉnh Nghệ An' },
  to: [{ organId: '000.00.00.H14' }, { organId: '000.00.00.G22' }],
  documentId: '000.00.00.H41,2026/11/20,12/UBND-VX',
  code: { codeNumber: '12', codeNotation: 'UBND-VX' },
  promulgationInfo: { place: 'Nghệ An', promulgationDate: '2026-11-20' },
  documentType: { type: 2, typeName: 'Công văn' },
  subject: 'V/v tổ chức lễ hội',
  otherInfo: { priority: 1, appendixes: [] },
  responseFor: [],
  responseForTask: [],
  toPlaces: [],
  traceHeaders: [{ organId: '000.00.00.H41', timestamp: '2026-11-20T08:30:00+07:00' }],
  bussiness: { bussinessDocType: 0, replacementInfos: [] },
}

t.test('a document packet is read, all of it', async (t) => {
  t.strictSame(await readDocument(DOCUMENT), {
    kind: 'document',
    header: HEADER,
    attachments: [{ contentId: 'a1', name: 'congvan.pdf', originalName: 'congvan.pdf', contentType: 'application/pdf', bytes: PDF }],
    warnings: [],
  })
})

t.test('a status packet is read, all of it', async (t) => {
  t.strictSame(await readStatus(STATUS), {
    kind: 'status',
    from: { organId: '000.00.00.H14' },
    responseFor: { organId: '000.00.00.H41', code: '12/UBND-VX', documentId: '000.00.00.H41,2026/11/20,12/UBND-VX', promulgationDate: '2026-11-20' },
    statusCode: '03',
    timestamp: '2026-11-20T09:00:00+07:00',
    warnings: [],
  })
  t.strictSame(await readStatus(STATUS.replaceAll('edXML:MessageHeader', 'edXML:Status')), await readStatus(STATUS), 'under the name some hubs give it')
})

t.test('prefixes, order, white space, comments and attributes mean nothing', async (t) => {
  const expected = await readDocument(DOCUMENT)
  const reordered = changed(changed(DOCUMENT, /\s*<edXML:DocumentId>.*<\/edXML:DocumentId>/, ''), '</edXML:MessageHeader>', `<edXML:DocumentId>${HEADER.documentId}</edXML:DocumentId></edXML:MessageHeader>`)
  const [list, messageHeader] = ['TraceHeaderList', 'MessageHeader'].map((name) => new RegExp(`<edXML:${name}>[\\s\\S]*</edXML:${name}>`).exec(DOCUMENT)?.[0] as string) as [string, string]
  const [envelope, encoded] = [/<edXML:edXMLEnvelope[\s\S]*<\/edXML:edXMLEnvelope>/, /<AttachmentEncoded>[\s\S]*<\/AttachmentEncoded>/].map((part) => part.exec(DOCUMENT)?.[0] as string) as [string, string]
  const variants = {
    'another prefix': DOCUMENT.replaceAll('edXML:', 'SOAP-ENV:').replaceAll('xmlns:edXML', 'xmlns:SOAP-ENV'),
    'no prefix': DOCUMENT.replaceAll('edXML:', '').replaceAll(/ xmlns:edXML="[^"]*"/g, ''),
    'one prefix for all': DOCUMENT.replaceAll(/<(\/?)(?=[A-Za-z])(?!edXML:)/g, '<$1edXML:').replace('xmlns=', 'xmlns:edXML='),
    'DocumentId last': reordered,
    'trace headers first': changed(changed(DOCUMENT, list, '#'), messageHeader, `${list}${messageHeader}`).replace('#', ''),
    'attachments first': changed(changed(DOCUMENT, encoded, '#'), envelope, `${encoded}${envelope}`).replace('#', ''),
    'all on one line': DOCUMENT.replaceAll(/>\s+</g, '><'),
    'Windows line ends': DOCUMENT.replaceAll('\n', '\r\n'),
    'comments': DOCUMENT.replaceAll('<edXML:Subject>', '<!-- x --><edXML:Subject><!-- <edXML:Subject>y</edXML:Subject> -->'),
    'a comment in a value': changed(DOCUMENT, 'V/v', 'V<!-- or not -->/v'),
    'CDATA': changed(DOCUMENT, 'V/v tổ chức', '<![CDATA[V/v tổ]]> chức'),
    'blanks around values': changed(DOCUMENT, 'V/v tổ chức lễ hội', '\n   V/v tổ chức lễ hội\t'),
    'attributes': changed(DOCUMENT, '<edXML:TraceHeaderList>', '<edXML:TraceHeaderList id="1" soap:mustUnderstand="1" xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/">'),
    'xlink': changed(DOCUMENT, '<edXML:Reference>', '<edXML:Reference xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="cid:a1" xlink:type="simple">'),
    'an empty answer': changed(DOCUMENT, '</edXML:OtherInfo>', '</edXML:OtherInfo><edXML:ResponseFor><edXML:OrganId/><edXML:Code> </edXML:Code></edXML:ResponseFor><edXML:ResponseFor/>'),
    'an empty SteeringType': changed(DOCUMENT, '</edXML:OtherInfo>', '</edXML:OtherInfo><edXML:SteeringType/><edXML:DueDate></edXML:DueDate><edXML:SignerInfo/>'),
    'what .NET adds': changed(DOCUMENT, '</edXML:TraceHeaderList>', '</edXML:TraceHeaderList><edXML:DigitalSignature/>'),
    'a placeholder for a signature': changed(DOCUMENT, '</edXML:edXMLHeader>', '<Signature><SignatureValue>x</SignatureValue></Signature></edXML:edXMLHeader>'),
  }
  for (const [name, text] of Object.entries(variants)) {
    t.not(text, DOCUMENT, name)
    t.strictSame(await readDocument(text), expected, name)
  }
})

t.test('a packet without Bussiness is read, and one with the English spelling', async (t) => {
  t.equal((await readDocument(without(DOCUMENT, 'Bussiness'))).header.bussiness, undefined)
  t.strictSame((await readDocument(without(DOCUMENT, 'TraceHeaderList'))).header.traceHeaders, [])
  const english = await readDocument(DOCUMENT.replaceAll('Bussiness', 'Business').replace('DocType>0', 'DocType>1'))
  t.equal(english.header.bussiness?.bussinessDocType, 1)
  t.strictSame(codes(english), ['ELEMENT_SPELLING TraceHeaderList.Business', 'ELEMENT_SPELLING TraceHeaderList.Bussiness.BusinessDocType'])
  const untyped = await readDocument(changed(DOCUMENT, '>0</edXML:BussinessDocType>', '></edXML:BussinessDocType>').replace('</edXML:BussinessDocType>', '</edXML:BussinessDocType><edXML:Paper>1</edXML:Paper>'))
  t.match(untyped.header.bussiness, { bussinessDocType: 0, paper: 1 })
})

t.test('a kind of document that nobody knows is refused: it could be a recall', async (t) => {
  for (const kind of ['4', '-1', 'x', '1x', '10']) {
    await refused(t, changed(DOCUMENT, 'DocType>0', `DocType>${kind}`), 'PACKET_VALUE_INVALID', { field: 'TraceHeaderList.Bussiness.BussinessDocType', line: lineOf(DOCUMENT, 'BussinessDocType') })
  }
})

t.test('dates in other forms are understood, with a warning', async (t) => {
  const line = lineOf(DOCUMENT, '<edXML:PromulgationDate>')
  for (const date of ['20/11/2026', '2026-11-20', '2026-11-20T00:00:00+07:00']) {
    const packet = await readDocument(changed(DOCUMENT, 'Date>2026/11/20', `Date>${date}`))
    t.strictSame(saying(packet), saying(await readDocument(DOCUMENT)), date)
    t.strictSame(packet.warnings, [{ code: 'DATE_FORM', field: 'MessageHeader.PromulgationInfo.PromulgationDate', line }])
  }
  const unreadable = await readDocument(changed(DOCUMENT, 'Date>2026/11/20', 'Date>2026/02/30'))
  t.strictSame(unreadable.header.promulgationInfo, { place: 'Nghệ An' })
  t.strictSame(codes(unreadable), ['DATE_UNREADABLE MessageHeader.PromulgationInfo.PromulgationDate'])
})

t.test('odd values are kept or left out, with a warning', async (t) => {
  const odd = async (what: string, to: string) => readDocument(changed(DOCUMENT, what, to))
  t.strictSame(codes(await odd('Number>12', 'Number>BINTEST123')), ['VALUE_UNUSUAL MessageHeader.Code.CodeNumber'])
  t.equal((await odd('Number>12', 'Number>BINTEST123')).header.code.codeNumber, 'BINTEST123')
  t.strictSame(codes(await odd('Priority>1', 'Priority>9')), ['VALUE_UNUSUAL MessageHeader.OtherInfo.Priority'])
  t.equal((await odd('Priority>1', 'Priority>9')).header.otherInfo?.priority, 9)
  t.strictSame(codes(await odd('<edXML:Type>2', '<edXML:Type>two')), ['VALUE_UNREADABLE MessageHeader.DocumentType.Type'])
  t.strictSame((await odd('<edXML:Type>2', '<edXML:Type>two')).header.documentType, { typeName: 'Công văn' })
  t.strictSame(codes(await odd('<edXML:Subject>', '<edXML:Urgent>yes</edXML:Urgent><edXML:Subject>')), ['ELEMENT_UNKNOWN MessageHeader.Urgent'])
  t.strictSame(codes(await odd('<edXML:Subject>', 'stray<edXML:Subject>')), ['ELEMENT_UNKNOWN MessageHeader'])
  t.strictSame(codes(await odd('<edXML:Subject>', '<x xmlns="urn:x"/><edXML:Subject>')), ['ELEMENT_UNKNOWN MessageHeader.x'])
  const priority = '<edXML:Priority>1</edXML:Priority>'
  for (const [text, value] of [['true', true], ['1', true], ['FALSE', false], ['0', false], ['có', undefined]] as const) {
    t.equal((await odd(priority, `${priority}<edXML:Direction>${text}</edXML:Direction>`)).header.otherInfo?.direction, value, text)
  }
  t.strictSame(codes(await readStatus(changed(STATUS, 'Code>03', 'Code>-1'))), ['VALUE_UNUSUAL MessageHeader.StatusCode'])
})

t.test('a thousand oddities make a hundred warnings', async (t) => {
  t.equal((await readDocument(changed(DOCUMENT, '<edXML:Subject>', `${'<edXML:x/>'.repeat(1000)}<edXML:Subject>`))).warnings.length, 100)
})

t.test('what a document must have is missed by name, with the line where it should be', async (t) => {
  const header = lineOf(DOCUMENT, '<edXML:MessageHeader>')
  const missing = (element: string, field = `MessageHeader.${element}`, line = header) => refused(t, without(DOCUMENT, element), 'PACKET_ELEMENT_MISSING', { field, line })
  await missing('From')
  await missing('DocumentId')
  await missing('Code')
  await missing('Subject')
  await missing('CodeNumber', 'MessageHeader.Code.CodeNumber', lineOf(DOCUMENT, '<edXML:Code>'))
  await missing('OrganId', 'MessageHeader.From.OrganId', lineOf(DOCUMENT, '<edXML:From>'))
  await refused(t, without(without(DOCUMENT, 'To'), 'To'), 'PACKET_ELEMENT_MISSING', { field: 'MessageHeader.To', line: header })
  await refused(t, changed(DOCUMENT, 'V/v tổ chức lễ hội', ' \n '), 'PACKET_ELEMENT_MISSING', { field: 'MessageHeader.Subject', line: lineOf(DOCUMENT, '<edXML:Subject>') })
  await refused(t, changed(DOCUMENT, '000.00.00.G22', ''), 'PACKET_ELEMENT_MISSING', { field: 'MessageHeader.To[2].OrganId', line: lineOf(DOCUMENT, '000.00.00.G22') })
  await refused(t, without(DOCUMENT, 'MessageHeader'), 'PACKET_ELEMENT_MISSING', { field: 'edXMLHeader.MessageHeader', line: lineOf(DOCUMENT, '<edXML:edXMLHeader>') })
  await refused(t, without(DOCUMENT, 'edXMLHeader'), 'PACKET_ELEMENT_MISSING', { field: 'edXMLEnvelope.edXMLHeader', line: 3 })
  await refused(t, `<edXML xmlns="${NAMESPACE}"/>`, 'PACKET_ELEMENT_MISSING', { field: 'edXML.edXMLEnvelope', line: 1 })
  await refused(t, `<other xmlns="${NAMESPACE}"/>`, 'PACKET_ELEMENT_MISSING', { field: 'edXML' })
})

t.test('what a status must have is missed by name too', async (t) => {
  const header = lineOf(STATUS, '<edXML:MessageHeader>')
  await refused(t, without(STATUS, 'ResponseFor'), 'PACKET_ELEMENT_MISSING', { field: 'MessageHeader.ResponseFor', line: header })
  await refused(t, without(STATUS, 'StatusCode'), 'PACKET_ELEMENT_MISSING', { field: 'MessageHeader.StatusCode', line: header })
  await refused(t, without(STATUS, 'From'), 'PACKET_ELEMENT_MISSING', { field: 'MessageHeader.From', line: header })
  await refused(t, changed(STATUS, '000.00.00.H41</edXML:OrganId>', '</edXML:OrganId>'), 'PACKET_ELEMENT_MISSING', { field: 'MessageHeader.ResponseFor.OrganId' })
  await refused(t, without(without(STATUS, 'Code'), 'DocumentId'), 'PACKET_ELEMENT_MISSING', { field: 'MessageHeader.ResponseFor.DocumentId' })
  t.ok(await readStatus(without(STATUS, 'Code')))
  t.ok(await readStatus(without(STATUS, 'DocumentId')))
})

t.test('what may be there once is refused the second time, with the line of the second', async (t) => {
  const twice = (element: string) => changed(DOCUMENT, `<edXML:${element}>`, `<edXML:${element}>#</edXML:${element}>\n<edXML:${element}>`).replace('#', '')
  for (const element of ['From', 'DocumentId', 'Code', 'PromulgationInfo', 'DocumentType', 'Subject', 'OtherInfo']) {
    await refused(t, twice(element), 'PACKET_ELEMENT_REPEATED', { field: `MessageHeader.${element}[2]`, line: lineOf(DOCUMENT, `<edXML:${element}>`) + 1 })
  }
  await refused(t, twice('CodeNumber'), 'PACKET_ELEMENT_REPEATED', { field: 'MessageHeader.Code.CodeNumber[2]' })
  await refused(t, twice('Bussiness'), 'PACKET_ELEMENT_REPEATED', { field: 'TraceHeaderList.Bussiness[2]' })
  await refused(t, changed(DOCUMENT, '<edXML:Bussiness>', '<edXML:Business/><edXML:Bussiness>'), 'PACKET_ELEMENT_REPEATED', { field: 'TraceHeaderList.Bussiness[2]' })
  await refused(t, twice('MessageHeader'), 'PACKET_ELEMENT_REPEATED', { field: 'edXMLHeader.MessageHeader[2]' })
  await refused(t, twice('TraceHeaderList'), 'PACKET_ELEMENT_REPEATED', { field: 'edXMLHeader.TraceHeaderList[2]' })
  await refused(t, changed(DOCUMENT, '<AttachmentEncoded>', '<AttachmentEncoded/>\n<AttachmentEncoded>'), 'PACKET_ELEMENT_REPEATED', { field: 'edXML.AttachmentEncoded[2]', line: lineOf(DOCUMENT, '<AttachmentEncoded>') + 1 })
  await refused(t, changed(DOCUMENT, '<edXML:MessageHeader>', '<edXML:Status/><edXML:MessageHeader>'), 'PACKET_ELEMENT_REPEATED', { field: 'edXMLHeader.Status' })
})

t.test('a value that holds elements is no value', async (t) => {
  await refused(t, changed(DOCUMENT, 'V/v', 'V/v<b>x</b>'), 'PACKET_VALUE_INVALID', { field: 'MessageHeader.Subject', line: lineOf(DOCUMENT, 'V/v') })
})

t.test('only the namespace of QCVN 102 is edXML', async (t) => {
  const other = (namespace: string) => DOCUMENT.replaceAll(NAMESPACE, namespace)
  for (const namespace of ['http://www.e-doc.vn/Schema/', 'http://www.go.vn/eDoc', `${NAMESPACE}/`, 'http://www.mic.gov.vn/TBT/QCVN_102_2022']) {
    await refused(t, other(namespace), 'PACKET_NAMESPACE', { field: 'edXML', line: 2 })
  }
  await refused(t, DOCUMENT.replaceAll('edXML:', '').replaceAll(/ xmlns(:edXML)?="[^"]*"/g, ''), 'PACKET_NAMESPACE', { field: 'edXML', line: 2 })
  await refused(t, changed(DOCUMENT, '<edXML:Subject>', '<edXML:Subject xmlns:edXML="urn:x">'), 'PACKET_NAMESPACE', { field: 'MessageHeader.Subject', line: lineOf(DOCUMENT, '<edXML:Subject>') })
  await refused(t, changed(DOCUMENT, '<AttachmentEncoded>', '<AttachmentEncoded xmlns="">'), 'PACKET_NAMESPACE', { field: 'edXML.AttachmentEncoded' })
  await refused(t, '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body/></soap:Envelope>', 'PACKET_NAMESPACE', { field: 'Envelope', line: 1 })
})

t.test('a recipient is named once, and there are not more than the cap', async (t) => {
  await refused(t, changed(DOCUMENT, '000.00.00.G22', '000.00.00.H14'), 'RECIPIENT_DUPLICATE', { field: 'MessageHeader.To[2].OrganId', line: lineOf(DOCUMENT, '000.00.00.G22') })
  await refused(t, changed(DOCUMENT, '000.00.00.G22', ' 000.00.00.h14 '), 'RECIPIENT_DUPLICATE', { field: 'MessageHeader.To[2].OrganId' })
  await refused(t, DOCUMENT, 'PACKET_TOO_MANY', { field: 'MessageHeader.To' }, { ...DEFAULT_LIMITS, recipients: 1 })
  const many = Array.from({ length: 5000 }, (_, index) => `<edXML:To><edXML:OrganId>H${index}</edXML:OrganId></edXML:To>`).join('')
  t.equal((await readDocument(changed(without(without(DOCUMENT, 'To'), 'To'), '</edXML:From>', `</edXML:From>${many}`))).header.to.length, 5000)
})
