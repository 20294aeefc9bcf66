import { readFileSync, readdirSync } from 'node:fs'
import t from 'tap'
import { identityOf } from '../../src/edxml/identity.ts'
import type { DocumentPacket, Packet } from '../../src/edxml/packet.ts'
import { openPacket, readPacket } from '../../src/edxml/read.ts'
import { createRewrite } from '../../src/simulator/rewrite.ts'
import { needsShared, shared } from '../support/shared.ts'
import { documentPacket, statusPacket } from './packets.ts'

const rewrite = createRewrite({ centreCode: '001.00.20.TT2' })
const NOW = new Date('2019-05-17T11:16:33Z')

async function rewritten (bytes: Buffer): Promise<{ before: Packet, after: Packet, text: string }> {
  const opened = openPacket(bytes)
  const out = await rewrite(await readPacket(opened), opened.signature?.element ?? null, NOW)
  return { before: await readPacket(opened), after: await readPacket(openPacket(out)), text: out.toString() }
}

async function rewrittenDocument (bytes: Buffer): Promise<{ before: DocumentPacket, after: DocumentPacket, text: string }> {
  const { before, after, text } = await rewritten(bytes)
  if (before.kind !== 'document' || after.kind !== 'document') throw new Error('no document')
  return { before, after, text }
}

const sample = (name: string) => readFileSync(shared(`samples/edxml/${name}`))

/** Tags and texts, without the white space between them. */
const tokens = (xml: string) => xml.replace(/\s+\/>/g, '/>').split(/(<[^>]*>)/).map((token) => token.replace(/\s+/g, ' ').trim()).filter((token) => token !== '')

t.test('the packet sent in 2019 becomes the packet received in 2019', needsShared('samples/edxml/edoc.edxml', 'samples/edxml/received_2019.edxml'), async (t) => {
  const received = await readPacket(openPacket(sample('received_2019.edxml')))
  if (received.kind !== 'document') throw new Error('no document')
  // The template that was sent lacks its attachment and two namespaces; sender and number were filled in by hand.
  const sent = sample('edoc.edxml').toString()
    .replace('xlink:href=""', '')
    .replace('<edXML:AttachmentEncoded>', '<edXML:AttachmentEncoded xmlns:edXML="http://www.mic.gov.vn/TBT/QCVN_102_2016">')
    .replace('${__StringFromFile(test.txt,,,)}', received.attachments[0]!.bytes.toString('base64'))
    .replace('002.00.20.H13', '000.00.15.H51')
    .replace('12234555512', '1223412')

  const { after, text } = await rewrittenDocument(Buffer.from(sent))
  t.same(after.header, received.header)
  t.same(after.attachments, received.attachments)

  const zip = /(<edXML:ContentTransferEncoded[^>]*>)[^<]*/g // its entry has a random name and a time
  const expected = tokens(sample('received_2019.edxml').toString().replace(zip, '$1').replaceAll('<edXML:ResponseFor />', ''))
  t.same(tokens(text.replace(zip, '$1')), expected)
})

t.test('field values and attachments of every sample survive; the trace grows by the centre', needsShared('samples/edxml'), async (t) => {
  const files = readdirSync(shared('samples/edxml')).filter((name) => name.endsWith('.edxml') && name !== 'edoc.edxml')
  t.equal(files.length, 16)
  for (const name of files) {
    const bytes = name === 'edoc_new.edxml' ? sample(name).subarray(4) : sample(name)
    const { before, after } = await rewritten(bytes)
    if (before.kind === 'document' && after.kind === 'document') {
      t.same(identityOf(after), identityOf(before), name)
      t.same(after.attachments.map(({ bytes }) => bytes), before.attachments.map(({ bytes }) => bytes), name)
      t.same(after.header.traceHeaders.slice(0, -1), before.header.traceHeaders, name)
      t.same(after.header.traceHeaders.at(-1), { organId: '001.00.20.TT2', timestamp: '2019-05-17T18:16:33+07:00' }, name)
    } else {
      t.same(after, before, name)
    }
  }
})

t.test('comments, unknown elements, empty elements and descriptions vanish; Direction and the counts appear', async (t) => {
  const odd = documentPacket().toString()
    .replace('<edXML:OtherInfo>', '<!-- ghi chú --><edXML:Unknown>x</edXML:Unknown><edXML:DueDate></edXML:DueDate><edXML:OtherInfo>')
  const { before, after, text } = await rewrittenDocument(Buffer.from(odd))
  for (const gone of ['<!--', 'Unknown', 'DueDate', 'Description']) t.notMatch(text, gone)
  t.equal(before.header.otherInfo?.direction, undefined)
  t.match(after.header.otherInfo, { priority: 1, direction: false, pageAmount: 1, promulgationAmount: 1 })
  t.equal(before.attachments[0]!.description, 'Bản chính')
  t.equal(after.attachments[0]!.description, undefined)
})

t.test('every attachment but a zip comes in a zip, whatever the manifest says of it', async (t) => {
  for (const [name, type] of [['a.pdf', 'application/pdf'], ['a.PDF', 'application/pdf'], ['a.docx', 'application/docx'], ['a.xlsx', 'application/zip'], ['a.txt', 'application/zip']] as const) {
    const { before, after, text } = await rewrittenDocument(Buffer.from(documentPacket({ file: `%PDF ${name}` }).toString().replaceAll('bao-cao.pdf', name)))
    t.match(text, `<edXML:ContentType>${type}</edXML:ContentType>`)
    t.match(text, '<ContentType>application/zip</ContentType>')
    t.match(text, '>UEsDB')
    t.same(after.attachments[0]!.bytes, before.attachments[0]!.bytes)
  }
  const zip = Buffer.from('UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==', 'base64') // an empty one
  const { text } = await rewrittenDocument(Buffer.from(documentPacket().toString().replaceAll('bao-cao.pdf', 'a.zip').replace(Buffer.from('Nội dung').toString('base64'), zip.toString('base64'))))
  t.match(text, zip.toString('base64'))
})

t.test('a signature loses its namespace, whatever prefix it had, its exc-c14n Transform and what is empty', async (t) => {
  const signed = (prefix: string, declaration: string) => documentPacket({
    extra: `<${prefix}Signature ${declaration}="http://www.w3.org/2000/09/xmldsig#"><${prefix}SignedInfo><${prefix}CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/><${prefix}SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/><${prefix}Reference URI=""><${prefix}Transforms><${prefix}Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/><${prefix}Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/></${prefix}Transforms><${prefix}DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><${prefix}DigestValue>AAAA</${prefix}DigestValue></${prefix}Reference></${prefix}SignedInfo><!-- x --><${prefix}SignatureValue>BBBB</${prefix}SignatureValue><${prefix}KeyInfo><${prefix}X509Data><${prefix}X509SubjectName/><${prefix}X509Certificate>CCCC</${prefix}X509Certificate></${prefix}X509Data></${prefix}KeyInfo></${prefix}Signature>`,
  })
  for (const bytes of [signed('', 'xmlns'), signed('ds:', 'xmlns:ds')]) {
    t.equal(openPacket(bytes).signature?.namespace, 'http://www.w3.org/2000/09/xmldsig#')
    const { text } = await rewrittenDocument(bytes)
    t.equal(openPacket(Buffer.from(text)).signature?.namespace, 'http://www.mic.gov.vn/TBT/QCVN_102_2016')
    t.match(text, '<Signature><SignedInfo><CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#" />')
    t.match(text, '<Transforms><Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature" /></Transforms>')
    t.match(text, '<X509Data><X509Certificate>CCCC</X509Certificate></X509Data>')
  }
})

t.test('a status crosses without a trace', async (t) => {
  const { before, after } = await rewritten(statusPacket({ code: '05' }))
  t.same(after, before)
})
