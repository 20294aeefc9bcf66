import t from 'tap'
import { refuseUnfit } from '../../src/outbound/refuse-unfit.ts'
import { pdfVerdictFrom } from '../../src/pdf/reasons.ts'
import type { PdfVerdict } from '../../src/pdf/verdict.ts'

const attachments = ['a.pdf', 'b.pdf'].map((name, index) => ({ contentId: String(index + 1), name, originalName: name, contentType: 'application/pdf', bytes: Buffer.alloc(0) }))
const valid: PdfVerdict = { result: 'valid', reasons: [], signatures: [] }
const unsigned: PdfVerdict = { ...pdfVerdictFrom([{ code: 'PDF_UNSIGNED' }]), signatures: [] }
const broken: PdfVerdict = { ...pdfVerdictFrom([{ code: 'PDF_BROKEN', detail: 'xref' }]), signatures: [] }
const outgoing = { attachments, agency: {}, connections: [{}], toSign: new Set<number>() }
const refuse = { out: { unsigned: 'refuse', invalid: 'refuse' } } as const
const mark = { out: { unsigned: 'mark', invalid: 'mark' } } as const

t.test('without a policy what is unsigned leaves, and what cannot be judged is refused with its first reason', async (t) => {
  t.doesNotThrow(() => refuseUnfit([valid, unsigned], outgoing))
  t.doesNotThrow(() => refuseUnfit([null, null], outgoing))
  t.throws(() => refuseUnfit([unsigned, broken], outgoing), { code: 'ATTACHMENT_PDF_INVALID', fault: { field: 'Attachment[2]', detail: /^b\.pdf: PDF_BROKEN: .* · .*: xref$/ } })
})

t.test('the strictest of several connections counts, and the agency\'s own policy before them', async (t) => {
  t.throws(() => refuseUnfit([unsigned], { ...outgoing, connections: [mark, refuse] }), { code: 'ATTACHMENT_PDF_UNSIGNED' })
  t.doesNotThrow(() => refuseUnfit([unsigned, broken], { ...outgoing, connections: [mark, mark] }))
  t.doesNotThrow(() => refuseUnfit([unsigned, broken], { ...outgoing, connections: [mark, refuse], agency: mark }))
  t.throws(() => refuseUnfit([unsigned], { ...outgoing, connections: [mark], agency: refuse }), { code: 'ATTACHMENT_PDF_UNSIGNED' })
})

t.test('a file to be signed is not unsigned; the agency\'s signature is put on nothing that is invalid', async (t) => {
  const toSign = new Set([1])
  t.doesNotThrow(() => refuseUnfit([unsigned], { ...outgoing, toSign, agency: refuse }))
  t.throws(() => refuseUnfit([broken], { ...outgoing, toSign, agency: mark }), { code: 'ATTACHMENT_PDF_INVALID' })
})
