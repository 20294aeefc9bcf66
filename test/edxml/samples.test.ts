import { readFileSync, readdirSync } from 'node:fs'
import t from 'tap'
import { identityOf } from '../../src/edxml/identity.ts'
import { DEFAULT_LIMITS } from '../../src/edxml/limits.ts'
import { eachOctets, openXml } from '../../src/edxml/open.ts'
import type { Packet } from '../../src/edxml/packet.ts'
import { openPacket, readPacket } from '../../src/edxml/read.ts'
import { needsShared, shared } from '../support/shared.ts'
import { changed, NAMESPACE, read, readDocument, refused, writeBytes } from './packets.ts'

const FOLDER = 'samples/edxml'
const REFUSED = ['edoc.edxml', 'edoc_new.edxml']
const SIGNATURE_AT = ['edXML', 'edXMLEnvelope', 'edXMLHeader']

const sample = (name: string) => readFileSync(shared(`${FOLDER}/${name}`))

/** Every sample that is a packet; edoc_new without the four bytes before it. */
function readable (): [name: string, bytes: Buffer][] {
  const names = readdirSync(shared(FOLDER)).filter((name) => name.endsWith('.edxml') && !REFUSED.includes(name))
  return [...names.map((name): [string, Buffer] => [name, sample(name)]), ['edoc_new.edxml from its declaration on', sample('edoc_new.edxml').subarray(4)]]
}

const saying = ({ warnings: _, ...packet }: Packet) => packet

t.test('the samples that are no packets are refused for the first of their faults', needsShared(FOLDER), async (t) => {
  await refused(t, sample('edoc_new.edxml'), 'PACKET_LEADING_BYTES', { line: 1 })
  // Its attachment is a placeholder too, but before that, its prefixes xlink and edXML are not declared where they are used.
  await refused(t, sample('edoc.edxml'), 'PACKET_NOT_XML', { line: 116 })
  const declared = changed(changed(sample('edoc.edxml').toString(), 'xlink:href=""', ''), '<edXML xmlns=', `<edXML xmlns:edXML="${NAMESPACE}" xmlns=`)
  await refused(t, declared, 'ATTACHMENT_BASE64', { field: 'AttachmentEncoded.Attachment[1].ContentTransferEncoded' })
})

t.test('every other sample is read, and says the same after it is written and read again', needsShared(FOLDER), async (t) => {
  for (const [name, bytes] of readable()) {
    const packet = await read(bytes)
    const again = await read(await writeBytes(packet))
    t.strictSame(saying(again), saying(packet), name)
    t.strictSame(await writeBytes(again), await writeBytes(packet), `${name}, byte for byte the third time`)
    if (packet.kind === 'document' && again.kind === 'document') t.ok(identityOf(again).equals(identityOf(packet)), `${name}, with the same identity`)
  }
})

t.test('every sample reads the same with its attachments in the parser', needsShared(FOLDER), async (t) => {
  for (const [name, bytes] of readable()) {
    const lifted = openPacket(bytes)
    const whole = openXml(bytes, { limits: DEFAULT_LIMITS, signatureAt: SIGNATURE_AT, lift: false })
    const parts: Buffer[] = []
    eachOctets(lifted, (part) => { parts.push(part) })
    t.ok(Buffer.concat(parts).equals(whole.content.octets), name)
    t.strictSame({ ...lifted.signature }, { ...whole.signature }, `${name}: signature`)
    t.strictSame(await readPacket(lifted), await readPacket(whole), `${name}: values`)
  }
})

t.test('the samples say what they are about', needsShared(FOLDER), async (t) => {
  const kinds = new Map([['edoc_revocation.edxml', 1], ['edoc_update.edxml', 2], ['edoc_replacement.edxml', 3]])
  for (const [name, type] of kinds) {
    const { header } = await readDocument(sample(name))
    t.equal(header.bussiness?.bussinessDocType, type, name)
    t.equal(header.documentId, '000.00.00.G22,2015/09/30,7816/VPCP-TTĐT')
    t.strictSame(header.to.map(({ organId }) => organId), ['000.00.00.H41', '000.00.00.H14', '000.00.00.G17'])
  }
  const replacement = await readDocument(sample('edoc_replacement.edxml'))
  t.strictSame(replacement.header.bussiness?.replacementInfos[0], { documentId: '000.00.00.G22,2014/01/30,7806/VPCP-TTĐT', organIds: ['000.00.00.H41', '000.00.00.H14'] })
  t.match(replacement.attachments[0], { name: '1896_QD-TTg_m_294779.doc', contentType: 'application/msword' })
  t.equal(replacement.attachments[0]?.bytes.subarray(0, 5).toString(), '<?xml', 'taken out of its zip')

  const received = await readDocument(sample('received_2019.edxml'))
  t.equal(received.header.bussiness, undefined, 'a packet without Bussiness')
  t.strictSame(received.header.responseFor, [], 'that answers nothing')
  t.strictSame(received.header.traceHeaders[1], { organId: '001.00.20.TT2', timestamp: '2019-05-17T18:16:33+07:00' })

  const newest = await readDocument(sample('received_2025.edxml'))
  t.strictSame(newest.header.traceHeaders, [{ organId: 'null', timestamp: '2025-10-23T15:46:18+07:00' }, { timestamp: '2025-10-23T15:46:19+07:00' }])
  t.equal(newest.attachments[0]?.bytes.subarray(0, 5).toString(), '%PDF-')
})

t.test('an attachment keeps its bytes when the axis wraps it differently', needsShared(FOLDER), async (t) => {
  const [sent] = (await readDocument(sample('edoc_update.edxml'))).attachments
  const [again] = (await readDocument(await writeBytes(await readDocument(sample('edoc_update.edxml'))))).attachments
  t.ok(sent && again?.bytes.equals(sent.bytes))
})
