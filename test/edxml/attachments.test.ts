import { deflateRawSync } from 'node:zlib'
import t from 'tap'
import { DEFAULT_LIMITS } from '../../src/edxml/limits.ts'
import type { Limits } from '../../src/edxml/limits.ts'
import { changed, DOCUMENT, lineOf, PDF, readDocument, refused, STATUS, without } from './packets.ts'
import { zipOf } from './zips.ts'

const BASE64 = PDF.toString('base64')
const CONTENT = 'AttachmentEncoded.Attachment[1].ContentTransferEncoded'

/** The packet with this as its attachment. */
function carrying (bytes: Buffer, { name = 'congvan.pdf', type = 'application/pdf' } = {}): string {
  const named = DOCUMENT.replaceAll('congvan.pdf', name)
  return named.replace(BASE64, bytes.toString('base64')).replace('<ContentType>application/pdf', `<ContentType>${type}`)
}

async function read (bytes: Buffer, as?: { name?: string, type?: string }, limits?: Limits): Promise<{ bytes: Buffer, warnings: string[] }> {
  const { attachments, warnings } = await readDocument(carrying(bytes, as), limits)
  t.equal(attachments.length, 1)
  return { bytes: attachments[0]?.bytes as Buffer, warnings: warnings.map(({ code, detail }) => [code, detail].join(': ')) }
}

t.test('wrapped base64 is read, anything else is refused where it stands', async (t) => {
  const line = lineOf(DOCUMENT, 'ContentTransferEncoded')
  for (const text of [BASE64.replace(/.{10}/g, '$&\n'), `\r\n\t${BASE64}\r\n`, BASE64.replace(/.{10}/g, '$&&#13;\n'), `<![CDATA[${BASE64}]]>`, `<!-- -->${BASE64}`]) {
    t.ok((await readDocument(changed(DOCUMENT, BASE64, text))).attachments[0]?.bytes.equals(PDF), JSON.stringify(text))
  }
  for (const text of ['${__StringFromFile(test.txt,,,)}', `${BASE64}x`, `${BASE64.slice(0, -1)}`, `=${BASE64}`, `${BASE64}&#0x41;`, 'à']) {
    const isXml = !text.includes('&#0x')
    await refused(t, changed(DOCUMENT, BASE64, text), isXml ? 'ATTACHMENT_BASE64' : 'PACKET_NOT_XML', isXml ? { field: CONTENT, line } : {})
  }
  await refused(t, changed(DOCUMENT, BASE64, `<b>${BASE64}</b>`), 'PACKET_VALUE_INVALID', { field: CONTENT, line })
  await refused(t, without(DOCUMENT, 'ContentTransferEncoded'), 'PACKET_ELEMENT_MISSING', { field: CONTENT })
  t.equal((await readDocument(changed(DOCUMENT, BASE64, ''))).attachments[0]?.bytes.length, 0, 'a file may be empty')
})

t.test('manifest and attachments belong together by ContentId, with any number of cid:', async (t) => {
  for (const id of ['a1', 'cid:cid:a1', 'CID:a1', ' cid: a1 ', 'cid:cid:cid:a1']) {
    t.equal((await readDocument(changed(DOCUMENT, '<edXML:ContentId>cid:a1', `<edXML:ContentId>${id}`))).attachments[0]?.contentId, 'a1', id)
  }
  await refused(t, changed(DOCUMENT, '<edXML:ContentId>cid:a1', '<edXML:ContentId>cid:a2'), 'ATTACHMENT_UNMATCHED', { field: 'AttachmentEncoded.Attachment[1].ContentId', line: lineOf(DOCUMENT, '<ContentId>') })
  await refused(t, without(DOCUMENT, 'edXMLBody'), 'ATTACHMENT_UNMATCHED', { field: 'AttachmentEncoded.Attachment[1].ContentId' })
  await refused(t, without(DOCUMENT, 'Attachment'), 'ATTACHMENT_UNMATCHED', { field: 'edXMLManifest.Reference[1]', line: lineOf(DOCUMENT, '<edXML:Reference>') })
  await refused(t, without(DOCUMENT, 'AttachmentEncoded'), 'ATTACHMENT_UNMATCHED', { field: 'edXMLManifest.Reference[1]' })
  const reference = /<edXML:Reference>[\s\S]*<\/edXML:Reference>/.exec(DOCUMENT)?.[0] as string
  await refused(t, changed(DOCUMENT, reference, reference + reference), 'ATTACHMENT_UNMATCHED', { field: 'edXMLManifest.Reference[2]' })
})

t.test('a packet needs no attachments', async (t) => {
  const none = without(DOCUMENT, 'AttachmentEncoded')
  t.strictSame((await readDocument(without(none, 'edXMLBody'))).attachments, [])
  t.strictSame((await readDocument(without(none, 'Reference'))).attachments, [])
  t.strictSame((await readDocument(without(without(DOCUMENT, 'Attachment'), 'Reference'))).attachments, [])
})

t.test('a status packet has none', async (t) => {
  const encoded = /<AttachmentEncoded>[\s\S]*<\/AttachmentEncoded>/.exec(DOCUMENT)?.[0] as string
  await refused(t, changed(STATUS, '</edXML>', `${encoded}</edXML>`), 'ATTACHMENT_UNMATCHED', { field: 'AttachmentEncoded' })
})

t.test('names are made safe and the original is kept', async (t) => {
  const { attachments, warnings } = await readDocument(DOCUMENT.replaceAll('congvan.pdf', '../../etc/cron.d/x.pdf'))
  t.match(attachments[0], { name: 'x.pdf', originalName: '../../etc/cron.d/x.pdf' })
  t.match(warnings, [{ code: 'ATTACHMENT_NAME', field: 'AttachmentEncoded.Attachment[1].AttachmentName', line: lineOf(DOCUMENT, '<AttachmentName>') }])
  t.equal((await readDocument(DOCUMENT.replaceAll('congvan.pdf', '..'))).attachments[0]?.name, 'attachment-1')
  const fromManifest = await readDocument(without(DOCUMENT.replace('<AttachmentName>', '<Description>').replace('</AttachmentName>', '</Description>'), 'Description'))
  t.equal(fromManifest.attachments[0]?.name, 'congvan.pdf', 'the manifest names it too')
})

t.test('a file is taken out of the zip around it, whatever ContentType says', async (t) => {
  const zip = zipOf([{ name: '55c7082fe.pdf', bytes: PDF }])
  t.strictSame(await read(zip, { type: 'application/zip' }), { bytes: PDF, warnings: [] })
  t.strictSame(await read(zip), { bytes: PDF, warnings: ['ATTACHMENT_TYPE: wrapped in a zip'] })
  t.strictSame(await read(PDF, { type: 'application/zip' }), { bytes: PDF, warnings: ['ATTACHMENT_TYPE: not a zip'] })
  t.strictSame(await read(zipOf([{ name: 'x.PDF', bytes: PDF }]), { name: 'A.Pdf' }), { bytes: PDF, warnings: ['ATTACHMENT_TYPE: wrapped in a zip'] })
  t.strictSame(await read(zipOf([{ name: '../../x.pdf', bytes: PDF }])), { bytes: PDF, warnings: ['ATTACHMENT_TYPE: wrapped in a zip'] }, 'the name in the zip means nothing')
  t.strictSame(await read(zipOf([{ name: 'x.edxml', bytes: PDF }])), { bytes: PDF, warnings: ['ATTACHMENT_TYPE: wrapped in a zip'] }, 'the file begins as its name says')
  const text = Buffer.from('báo cáo')
  t.strictSame(await read(zipOf([{ name: 'x.edxml', bytes: text }]), { name: 'a.doc', type: 'application/zip' }), { bytes: text, warnings: [] }, 'as in the samples of the SDK')
  t.strictSame(await read(zipOf([{ name: 'x', bytes: text, stored: true }]), { name: 'README', type: 'application/zip' }), { bytes: text, warnings: [] })
})

t.test('a zip that is the file itself stays one, and only one wrapping is taken off', async (t) => {
  const two = zipOf([{ name: 'a.xml', bytes: PDF }, { name: 'b.xml', bytes: PDF }])
  const one = zipOf([{ name: 'a.pdf', bytes: PDF }])
  t.ok((await read(one, { name: 'a.zip', type: 'application/zip' })).bytes.equals(one))
  t.ok((await read(two, { name: 'a.docx' })).bytes.equals(two))
  t.ok((await read(two, { name: 'a.docx', type: 'application/zip' })).bytes.equals(two))
  t.ok((await read(zipOf([{ name: 'x.docx', bytes: two }]), { name: 'a.docx' })).bytes.equals(two))
  t.ok((await read(zipOf([{ name: 'doc.kml', bytes: PDF }]), { name: 'map.kmz', type: 'application/zip' })).bytes.subarray(0, 2).equals(Buffer.from('PK')))
  t.ok((await read(zipOf([{ name: 'x.pdf', bytes: one }]))).bytes.equals(one), 'once')
  t.ok((await read(zipOf([{ name: 'x.exe', bytes: Buffer.from('MZ') }]))).bytes.subarray(0, 2).equals(Buffer.from('PK')), 'no zip of something else')
  for (const other of [zipOf([]), zipOf([{ name: 'x.pdf/', bytes: Buffer.alloc(0) }]), Buffer.from('PK\x03\x04 and nothing more')]) {
    t.ok((await read(other)).bytes.equals(other))
  }
})

t.test('a wrapped file that cannot be taken out is refused', async (t) => {
  const zip = zipOf([{ name: 'x.pdf', bytes: PDF }])
  const damaged = Buffer.from(zip)
  const data = damaged.indexOf(deflateRawSync(PDF))
  damaged.writeUInt8(damaged.readUInt8(data + 8) ^ 0xff, data + 8)
  await refused(t, carrying(damaged), 'ATTACHMENT_ZIP', { field: CONTENT, line: lineOf(DOCUMENT, 'ContentTransferEncoded') })
  await refused(t, carrying(zipOf([{ name: 'x.pdf', bytes: PDF, crc: 1 }])), 'ATTACHMENT_ZIP', { field: CONTENT })
  await refused(t, carrying(zipOf([{ name: 'x.pdf', bytes: PDF, encrypted: true }])), 'ATTACHMENT_ZIP', { field: CONTENT })
})

t.test('a zip bomb is refused before it is inflated, or as soon as it shows', async (t) => {
  const zeros = Buffer.alloc(40_000_000)
  const honest = zipOf([{ name: 'x.pdf', bytes: zeros }])
  await refused(t, carrying(honest), 'ATTACHMENT_ZIP', { field: CONTENT })
  await refused(t, carrying(zipOf([{ name: 'x.pdf', bytes: zeros, size: 100 }])), 'ATTACHMENT_ZIP', { field: CONTENT })
  const generous = { ...DEFAULT_LIMITS, unpackedRatio: 2000 }
  t.equal((await read(honest, {}, generous)).bytes.length, zeros.length, 'the cap is what refuses it')
  await refused(t, carrying(honest), 'ATTACHMENT_ZIP', { field: CONTENT }, { ...generous, unpackedBytes: 20_000_000 })
})

t.test('the caps hold for all attachments together', async (t) => {
  await refused(t, DOCUMENT, 'PACKET_TOO_LARGE', { field: 'AttachmentEncoded.Attachment[1]' }, { ...DEFAULT_LIMITS, unpackedBytes: PDF.length - 1 })
  await refused(t, DOCUMENT, 'PACKET_TOO_MANY', { field: 'AttachmentEncoded' }, { ...DEFAULT_LIMITS, attachments: 0 })
})
