import { readdirSync, readFileSync } from 'node:fs'

import t from 'tap'

import { SEAL_NAME, type Attachment, type DocumentPacket } from '../../src/edxml/packet.ts'
import { openPacket, readPacket } from '../../src/edxml/read.ts'
import { assemble, writePacket } from '../../src/edxml/write.ts'
import { judgeSeal, makeSeal } from '../../src/signing/seal.ts'
import { createRewrite } from '../../src/simulator/rewrite.ts'
import { needsShared, shared } from '../support/shared.ts'
import { contextFor, documentPacket, exampleSigner, needsXmlsec, NOW, sender, stranger, xmlsecAccepts } from './world.ts'

const told = ({ result, reasons }: ReturnType<typeof judgeSeal>) => [result, ...reasons.map(({ code, detail }) => detail === undefined ? code : `${code} ${detail}`)]

const rewrite = createRewrite({ centreCode: '001.00.20.TT2' })

/** The packet as it comes out of the axis, which builds every packet anew; the seal apart. */
async function overTheAxis (packet: DocumentPacket): Promise<{ seal: Attachment | undefined, come: DocumentPacket }> {
  const rewritten = await read(await rewrite(await read(assemble(await writePacket(packet), null)), null, NOW))
  return {
    seal: rewritten.attachments.find(({ name }) => name === SEAL_NAME),
    come: { ...rewritten, attachments: rewritten.attachments.filter(({ name }) => name !== SEAL_NAME) },
  }
}

async function read (bytes: Buffer): Promise<DocumentPacket> {
  const packet = await readPacket(openPacket(bytes))
  if (packet.kind !== 'document') throw new Error('a document became a status')
  return packet
}

async function sealed (packet: DocumentPacket, signer = sender): Promise<DocumentPacket> {
  return { ...packet, attachments: [...packet.attachments, await makeSeal(packet, signer, NOW)] }
}

t.test('a seal crosses the axis, and tells who sealed the document and when', async (t) => {
  const { seal, come } = await overTheAxis(await sealed(documentPacket()))
  const verdict = judgeSeal(seal, come, contextFor())
  t.same(told(verdict), ['valid'])
  t.match(verdict, { sealedAt: NOW.toISOString(), proofTime: { at: NOW.toISOString(), from: 'receipt' }, signer: { subject: /SỞ NỘI VỤ/ } })
  t.same(verdict.checked, ['structure', 'algorithms', 'signature value', 'digest', 'certificate', 'agency', 'fields', 'attachments'])
})

t.test('the verdict says who vouches for the time, and what the sealing agency claims', async (t) => {
  const { seal, come } = await overTheAxis(await sealed(documentPacket()))
  const receivedAfter = (minutes: number) => {
    const at = new Date(NOW.getTime() + minutes * 60_000)
    return { at: at.toISOString(), verdict: judgeSeal(seal, come, contextFor(undefined, { at })) }
  }
  const { at, verdict } = receivedAfter(5)
  t.same(told(verdict), ['valid'])
  t.same(verdict.proofTime, { at, from: 'receipt', claim: NOW.toISOString() })
  t.equal(judgeSeal(seal, come, contextFor(undefined, { atFrom: 'claim' })).proofTime.from, 'claim', 'as does a verdict for a time that is only somebody\'s word')
  t.same(told(receivedAfter(-30).verdict), ['valid'], "the sender's clock is half an hour ahead")
  t.match(told(receivedAfter(-7 * 60).verdict), ['valid', /^CLAIM_LOCAL_TIME/], 'the sender wrote local time and called it UTC')
  t.match(told(receivedAfter(-24 * 60).verdict), ['indeterminate', /^CLAIM_AFTER_PROOF/])
})

t.test('the seal of every official sample crosses the axis', needsShared('samples/edxml'), async (t) => {
  let documents = 0
  for (const name of readdirSync(shared('samples/edxml')).filter((name) => name.endsWith('.edxml'))) {
    const bytes = readFileSync(shared(`samples/edxml/${name}`))
    // Its own reader says why edoc.edxml, a template that uses prefixes it does not declare, cannot be read
    if (name === 'edoc.edxml') continue
    const packet = await readPacket(openPacket(bytes.subarray(bytes.indexOf('<?xml'))))
    if (packet.kind !== 'document') continue
    documents++
    const { seal, come } = await overTheAxis(await sealed(packet))
    t.same(told(judgeSeal(seal, come, contextFor())), ['valid'], name)
  }
  t.equal(documents, 6)
})

t.test('what differs from the seal is named', async (t) => {
  const packet = documentPacket()
  const { seal, come } = await overTheAxis(await sealed(packet))
  const [first, second] = come.attachments as [Attachment, Attachment]
  const { header } = come
  const other = Buffer.from('%PDF-1.7\nother')
  const forged: [what: string, packet: DocumentPacket, reasons: string[]][] = [
    ['a changed field', { ...come, header: { ...header, subject: 'Khác' } }, ['SEAL_FIELD_CHANGED MessageHeader.Subject']],
    ['a removed field', { ...come, header: (({ dueDate, ...rest }) => rest)(header) }, ['SEAL_FIELD_CHANGED MessageHeader.DueDate']],
    ['an added field', { ...come, header: { ...header, steeringType: 1 } }, ['SEAL_FIELD_CHANGED MessageHeader.SteeringType']],
    ['a recall made of a new document', { ...come, header: { ...header, bussiness: { ...header.bussiness!, bussinessDocType: 1 } } }, ['SEAL_FIELD_CHANGED TraceHeaderList.Bussiness.BussinessDocType']],
    ['a recipient added', { ...come, header: { ...header, to: [...header.to, { organId: 'Z' }] } }, ['SEAL_FIELD_CHANGED MessageHeader.To[2].OrganId']],
    ['a changed attachment', { ...come, attachments: [{ ...first, bytes: other }, second] }, ['SEAL_ATTACHMENT_CHANGED cv.pdf']],
    ['two attachments swapped', { ...come, attachments: [{ ...first, bytes: second.bytes }, { ...second, bytes: first.bytes }] }, ['SEAL_ATTACHMENT_CHANGED bảng tính.xlsx', 'SEAL_ATTACHMENT_CHANGED cv.pdf']],
    ['a missing attachment', { ...come, attachments: [second] }, ['SEAL_ATTACHMENT_MISSING cv.pdf']],
    ['an added attachment', { ...come, attachments: [first, second, { ...first, name: 'thêm.pdf', bytes: other }] }, ['SEAL_ATTACHMENT_ADDED thêm.pdf']],
    ['the same attachment twice', { ...come, attachments: [first, first, second] }, ['SEAL_ATTACHMENT_ADDED cv.pdf']],
    ['a renamed attachment', { ...come, attachments: [{ ...first, name: 'khác.pdf' }, second] }, ['SEAL_ATTACHMENT_MISSING cv.pdf', 'SEAL_ATTACHMENT_ADDED khác.pdf']],
  ]
  for (const [what, changed, reasons] of forged) t.same(told(judgeSeal(seal, changed, contextFor())), ['invalid', ...reasons], what)
})

t.test('what the axis adds or drops is no difference', async (t) => {
  const { seal, come } = await overTheAxis(await sealed(documentPacket()))
  const [first, second] = come.attachments as [Attachment, Attachment]
  const { header } = come
  t.same(told(judgeSeal(seal, { ...come, header: { ...header, otherInfo: { ...header.otherInfo!, direction: true, pageAmount: 9, promulgationAmount: 9 } } }, contextFor())), ['valid'])
  t.same(told(judgeSeal(seal, { ...come, header: { ...header, traceHeaders: [] } }, contextFor())), ['valid'])
  t.same(told(judgeSeal(seal, { ...come, attachments: [second, { ...first, description: 'khác', contentType: 'application/zip' }] }, contextFor())), ['valid'])
})

t.test('the seal of another document says so', async (t) => {
  const packet = documentPacket()
  const seal = await makeSeal({ ...packet, header: { ...packet.header, documentId: 'H99.04,2026/11/19,14/SNV-VP' } }, sender, NOW)
  t.same(told(judgeSeal(seal, packet, contextFor())), ['invalid', 'SEAL_OTHER_DOCUMENT', 'SEAL_FIELD_CHANGED MessageHeader.DocumentId'])
})

t.test("a seal by another agency's certificate, or by a bad one, proves nothing", async (t) => {
  const packet = documentPacket()
  t.same(told(judgeSeal(await makeSeal(packet, stranger, NOW), packet, contextFor())), ['invalid', 'SIGNER_NOT_AGENCY'])
  const expired = exampleSigner('expired', 'bad')
  t.match(judgeSeal(await makeSeal(packet, expired, NOW), packet, contextFor(expired)), { result: 'invalid', reasons: [{ code: 'CERTIFICATE_EXPIRED' }] })
  t.match(judgeSeal(await makeSeal(packet, sender, NOW), packet, contextFor(sender, { speaksFor: () => 'unknown' })), { result: 'invalid', reasons: [{ code: 'SIGNER_UNKNOWN' }] })
})

t.test('a seal that is absent, unsigned or unreadable is told apart from a false one', async (t) => {
  const packet = documentPacket()
  const seal = await makeSeal(packet, sender, NOW)
  const changed = (change: (text: string) => string) => told(judgeSeal({ ...seal, bytes: Buffer.from(change(seal.bytes.toString())) }, packet, contextFor()))
  t.same(told(judgeSeal(undefined, packet, contextFor())), ['indeterminate', 'SEAL_ABSENT'])
  t.same(changed((text) => text.replace(/<Signature[\s\S]*<\/Signature>/, '')), ['invalid', 'SEAL_UNSIGNED'])
  t.same(changed(() => 'no seal'), ['invalid', 'SEAL_UNREADABLE PACKET_NOT_XML'])
  t.same(changed((text) => text.replace('?>', '?><!DOCTYPE Seal>')), ['invalid', 'SEAL_UNREADABLE PACKET_DOCTYPE'])
  t.same(changed((text) => text.replace('<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"', '<Signature')), ['invalid', 'SIGNATURE_NAMESPACE'])
  t.same(changed((text) => text.replace(/<Signature[\s\S]*<\/Signature>/, '$&$&')), ['invalid', 'SIGNATURE_REPEATED'])
  t.same(changed((text) => text.replace(/<Signature[\s\S]*<\/Signature>/, '<x>$&</x>')), ['invalid', 'SIGNATURE_MISPLACED'])
})

t.test('a seal changed by somebody without the key is invalid, and its words are not repeated', async (t) => {
  const packet = documentPacket()
  const seal = await makeSeal(packet, sender, NOW)
  const text = seal.bytes.toString()
  const judge = (bytes: string, change: Partial<DocumentPacket> = {}) => told(judgeSeal({ ...seal, bytes: Buffer.from(bytes) }, { ...packet, ...change }, contextFor()))
  const subject = { header: { ...packet.header, subject: 'Khác' } }
  t.same(judge(text.replace(packet.header.subject, 'Khác'), subject), ['invalid', 'CONTENT_CHANGED'])
  t.same(judge(text.replace('path="MessageHeader.Subject"', 'path="Tin nhắn của kẻ xấu"'), subject), ['invalid', 'CONTENT_CHANGED'])
  t.same(judge(text.replace(/<SealedAt>[^<]*/, '<SealedAt>2020-01-01T00:00:00Z')), ['invalid', 'CONTENT_CHANGED'])
  t.same(judge(text.replace(/(<Attachment [^>]*\/>)\n/, '')), ['invalid', 'CONTENT_CHANGED'])
})

t.test('any text and any file name can be sealed', async (t) => {
  const packet = documentPacket()
  const odd = `a & b < c > "d" 'e'\n\tf\r\ng   ${'ằ'.normalize('NFD')} 𠀋`
  const { seal, come } = await overTheAxis(await sealed({
    ...packet,
    header: { ...packet.header, subject: odd, toPlaces: [' Như trên; ', odd] },
    attachments: [...packet.attachments, { ...packet.attachments[0]!, contentId: 'odd', name: `odd & 'name' #1.pdf`, originalName: 'x' }],
  }))
  t.same(told(judgeSeal(seal, come, contextFor())), ['valid'])
})

t.test('a long list of differences is cut', async (t) => {
  const packet = documentPacket()
  const places = Array.from({ length: 30 }, (_, index) => `Nơi ${index}`)
  const seal = await makeSeal({ ...packet, header: { ...packet.header, toPlaces: places } }, sender, NOW)
  const { reasons } = judgeSeal(seal, packet, contextFor())
  t.equal(reasons.length, 21)
  t.equal(reasons.at(-1)?.detail, '+ 10')
})

t.test('xmlsec1 accepts a seal', needsXmlsec, async (t) => {
  const { bytes } = await makeSeal(documentPacket(), sender, NOW)
  t.ok(xmlsecAccepts(bytes))
})
