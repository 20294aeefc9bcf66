import { createHash } from 'node:crypto'
import t from 'tap'
import { attachmentDigests, identityOf, survivingFields } from '../../src/edxml/identity.ts'
import { SEAL_NAME } from '../../src/edxml/packet.ts'
import type { Attachment, DocumentHeader, DocumentPacket } from '../../src/edxml/packet.ts'
import { FULL_DOCUMENT } from './full.ts'
import { PDF } from './packets.ts'

const identity = (packet: DocumentPacket) => identityOf(packet).toString('hex')
const withHeader = (header: Partial<DocumentHeader>): DocumentPacket => ({ ...FULL_DOCUMENT, header: { ...FULL_DOCUMENT.header, ...header } })
const [first, second] = FULL_DOCUMENT.attachments as [Attachment, Attachment]
const withFiles = (...attachments: Attachment[]): DocumentPacket => ({ ...FULL_DOCUMENT, attachments })
const { otherInfo, bussiness, to } = FULL_DOCUMENT.header

t.test('what the axis changes does not change the identity', async (t) => {
  const same = {
    'trace headers': withHeader({ traceHeaders: [] }),
    'Direction': withHeader({ otherInfo: { ...otherInfo, direction: false } }),
    'PageAmount and PromulgationAmount': withHeader({ otherInfo: { ...otherInfo, pageAmount: 1, promulgationAmount: 1 } }),
    'the order of recipients': withHeader({ to: to.toReversed() }),
    'blanks and line ends': withHeader({ subject: ` ${FULL_DOCUMENT.header.subject.replace('\r\n', '\n')}\n` }),
    'an empty value': withHeader({ toPlaces: ['', ...FULL_DOCUMENT.header.toPlaces], responseFor: [{}, ...FULL_DOCUMENT.header.responseFor] }),
    'Description, ContentId and ContentType': withFiles({ ...first, contentId: 'x', contentType: 'y', description: 'z' }, second),
    'the order of attachments': withFiles(second, first),
    'the seal': withFiles(first, second, { ...first, name: SEAL_NAME }),
    'warnings': { ...FULL_DOCUMENT, warnings: [{ code: 'DATE_FORM', field: 'x' }] } satisfies DocumentPacket,
  }
  for (const [name, packet] of Object.entries(same)) t.equal(identity(packet), identity(FULL_DOCUMENT), name)
})

t.test('a document without Bussiness is a new one', async (t) => {
  const { bussiness: _, ...header } = FULL_DOCUMENT.header
  t.equal(identity({ ...FULL_DOCUMENT, header }), identity(withHeader({ bussiness: { bussinessDocType: 0, replacementInfos: [] } })))
})

t.test('everything else changes it', async (t) => {
  const others = {
    'the kind': withHeader({ bussiness: { ...bussiness, bussinessDocType: 2 } }),
    'the subject': withHeader({ subject: 'x' }),
    'a recipient': withHeader({ to: to.slice(1) }),
    'a recipient\'s name': withHeader({ to: [{ ...to[0], organName: 'x' } as typeof to[0] & object, ...to.slice(1)] }),
    'the date': withHeader({ promulgationInfo: { ...FULL_DOCUMENT.header.promulgationInfo, promulgationDate: '2026-11-21' } }),
    'a value moved to the next field': withHeader({ code: { codeNumber: '12U', codeNotation: 'BND-VX' } }),
    'places in another order': withHeader({ toPlaces: FULL_DOCUMENT.header.toPlaces.toReversed() }),
    'a byte of an attachment': withFiles({ ...first, bytes: Buffer.from(`${PDF.toString('latin1')}\n`, 'latin1') }, second),
    'the name of an attachment': withFiles({ ...first, name: 'b.pdf' }, second),
    'a missing attachment': withFiles(first),
    'an attachment twice': withFiles(first, first, second),
    'names exchanged': withFiles({ ...first, name: second.name }, { ...second, name: first.name }),
  }
  const seen = new Set([identity(FULL_DOCUMENT)])
  for (const [name, packet] of Object.entries(others)) {
    t.notOk(seen.has(identity(packet)), name)
    seen.add(identity(packet))
  }
})

t.test('fields and digests are listed by their names', async (t) => {
  const fields = new Map(survivingFields(FULL_DOCUMENT))
  t.equal(fields.get('MessageHeader.To[1].OrganId'), '000.00.00.G22')
  t.equal(fields.get('MessageHeader.DocumentType.Type'), '2')
  t.equal(fields.get('TraceHeaderList.Bussiness.BussinessDocType'), '3')
  t.notOk([...fields.keys()].some((path) => /Direction|Amount|TraceHeader[[.]|Description/.test(path)))
  t.strictSame(attachmentDigests(withFiles(first)), [{ name: first.name, size: PDF.length, sha256: createHash('sha256').update(PDF).digest('hex') }])
})
