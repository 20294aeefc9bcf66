import t from 'tap'
import { heldText, refusalText, rulePdfs, worstStanding, type JudgedPdf } from '../../src/inbound/pdf-ruling.ts'
import type { PdfStanding } from '../../src/pdf/policy.ts'
import type { PdfVerdict } from '../../src/pdf/verdict.ts'

const reason = (code: string) => ({ code, vi: `vì ${code}`, en: `for ${code}`, clause: '' })
const VERDICTS: Record<PdfStanding, PdfVerdict> = {
  valid: { result: 'valid', reasons: [], signatures: [] },
  unsigned: { result: 'indeterminate', reasons: [reason('PDF_UNSIGNED')], signatures: [] },
  undecided: { result: 'indeterminate', reasons: [reason('REVOCATION_UNKNOWN')], signatures: [{ revocation: [{ certificate: 'ab', status: 'missing' }] }] as unknown as PdfVerdict['signatures'] },
  invalid: { result: 'invalid', reasons: [reason('PDF_CHANGED_AFTER_SIGNING')], signatures: [] },
}
const pdfs = (...standings: PdfStanding[]): JudgedPdf[] => standings.map((standing, index) => ({ number: index + 1, name: `${index + 1}.pdf`, sha256: '', verdict: VERDICTS[standing] }))

t.test('by itself a PDF without a signature passes with a mark, an invalid one waits for a person, an undecided one for the answer', async (t) => {
  t.same([[], ['valid'], ['unsigned'], ['undecided'], ['invalid']].map((standings) => rulePdfs(pdfs(...standings as PdfStanding[]), {}, {}).kind), ['mark', 'mark', 'mark', 'wait', 'hold'])
})

t.test('the strictest rule decides, and names the files that it is for', async (t) => {
  const all = pdfs('unsigned', 'undecided', 'invalid', 'invalid')
  t.match(rulePdfs(all, {}, {}), { kind: 'hold', faults: [{ number: 3, standing: 'invalid' }, { number: 4 }] })
  t.match(rulePdfs(all, { in: { unsigned: 'refuse' } }, {}), { kind: 'refuse', faults: [{ number: 1, standing: 'unsigned', reasons: [{ code: 'PDF_UNSIGNED' }] }] })
  t.match(rulePdfs(all, { in: { unsigned: 'refuse', invalid: 'mark' } }, { in: { unsigned: 'mark' } }), { kind: 'wait', faults: [{ number: 2 }] }, 'the agency\'s goes before the connection\'s, entry by entry')
})

t.test('a list shows how the worst of the files stands', async (t) => {
  t.same([worstStanding([]), worstStanding(pdfs('valid', 'unsigned')), worstStanding(pdfs('invalid', 'undecided')), worstStanding(pdfs('valid'))], [null, 'unsigned', 'invalid', 'valid'])
})

t.test('a person and the sender read which file it is, and why; a status has room for it', async (t) => {
  const { faults } = rulePdfs(pdfs('invalid'), {}, {})
  t.equal(refusalText(faults), 'Từ chối tiếp nhận: tệp 1 “1.pdf”: vì PDF_CHANGED_AFTER_SIGNING (PDF_CHANGED_AFTER_SIGNING)')
  t.match(heldText(faults, 'H90.27'), { vi: /H90\.27 .*tệp 1 “1\.pdf”: vì PDF_CHANGED/, en: /H90\.27 .*file 1 “1\.pdf”: for PDF_CHANGED/, logged: /: file 1 PDF_CHANGED_AFTER_SIGNING$/ })
  t.notMatch(heldText(faults, 'H90.27').logged, '1.pdf', 'a name is content')
  t.equal(refusalText(Array.from({ length: 100 }, () => faults).flat()).length, 500)
})
