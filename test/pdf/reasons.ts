/** An input for every reason of the table, by which it is brought about. */
import { examinePdf } from '../../src/pdf/examine.ts'
import { judgePdf } from '../../src/pdf/judge.ts'
import type { PDF_REASONS } from '../../src/pdf/reasons.ts'
import { bytesSource } from '../../src/pdf/source.ts'
import type { PdfVerdict } from '../../src/pdf/verdict.ts'
import { agency, judge, sign, signedDecision } from './attacks/world.ts'
import { flate, makePdf, pagesOf, qpdf, updateOf } from '../support/pdf.ts'
import { writeMessage } from '../trust/cms/messages.ts'
import { LEADER, context, signedPdf, type PdfChange } from './judge-world.ts'

/** What a whole file is worth. */
const judged = (pdf: Buffer): PdfVerdict => judgePdf(examinePdf(bytesSource(pdf)), context)

/** A file that the leader signed, but for the change. */
const signed = (change: PdfChange = {}): Buffer => signedPdf((content) => writeMessage(LEADER, { content }), change)

const plain = makePdf(pagesOf('Hello'))

export const produces: Record<keyof typeof PDF_REASONS, () => PdfVerdict | Promise<PdfVerdict>> = {
  PDF_UNSIGNED: () => judged(plain),
  PDF_ENCRYPTED: () => judged(qpdf(plain, '--encrypt', 'user', 'owner', '256', '--')),
  PDF_BROKEN: () => judged(plain.subarray(0, plain.length - 100)),
  PDF_TOO_COMPLEX: () => judged(makePdf({ ...pagesOf('Hello'), 2: '<< /Type /Pages /Kids [4 0 R] /Count 1 /X '.concat('['.repeat(10_000), ']'.repeat(10_000), ' >>') })),
  PDF_SIGNATURE_FORM: () => judged(signed({ entries: '/SubFilter /ETSI.CAdES.detached' })),
  PDF_SIGNATURE_KIND: () => judged(signed({ entries: '/Filter /Adobe.PPKLite /SubFilter /adbe.pkcs7.sha1' })),
  PDF_FIELD_UNLISTED: () => judged(signed({ fields: '[]' })),
  PDF_BYTE_RANGE: () => judged(signed({ range: ([, length, second, rest]) => [0, length!, second!, rest! - 5] })),
  PDF_SIGNATURE_COVERS: async () => judge((await sign(await signedDecision(), { signer: agency, name: 'Agency', rect: '0 200 400 300', shows: '1 g 0 0 400 100 re f' })).bytes),
  PDF_CHANGED_AFTER_SIGNING: () => judged(updateOf(signed(), { 5: flate('BT /F1 24 Tf 72 720 Td (Paid) Tj ET') })),
  PDF_EXTENDED_AFTER_SIGNING: () => judged(updateOf(signed(), { 20: '<< /Title (Hello) >>' }, { trailer: '/Root 1 0 R /Info 20 0 R' })),
}
