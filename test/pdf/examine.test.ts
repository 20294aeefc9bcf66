/** Whole files, examined: what programs of others signed, in every form that a PDF may have, and what is none. */
import t from 'tap'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { examinePdf } from '../../src/pdf/examine.ts'
import type { PdfExamination } from '../../src/pdf/examination.ts'
import { judgePdf } from '../../src/pdf/judge.ts'
import { bytesSource, fileSource, joinedSource } from '../../src/pdf/source.ts'
import { formsOf, makePdf, pagesOf, qpdf, updateOf, writeLargePdf } from '../support/pdf.ts'
import { makeNss, makePdfPki, needsPrograms, type PdfPki } from '../support/signed-pdf.ts'

const pki: PdfPki = makePdfPki()
const needsAll = needsPrograms('pdfsig', 'certutil', 'qpdf')
const nss = needsAll.skip === false ? makeNss(t, pki) : undefined!

const examined = (pdf: Uint8Array): PdfExamination => examinePdf(bytesSource(pdf))
const verdictOf = (examination: PdfExamination): string => judgePdf(examination, { trust: pki.trust, at: new Date() }).result

t.test('the leader signs, then the agency, in every form that a PDF may have', needsAll, async (t) => {
  const forms = new Map([['as it was written', makePdf(pagesOf('Mot', 'Hai', 'Ba'))], ...formsOf(makePdf(pagesOf('Mot', 'Hai', 'Ba')))])
  for (const [form, pdf] of forms) {
    const signed = nss.sign(nss.sign(pdf, { field: 'Leader', reason: 'Phê duyệt' }), { nick: 'agency', field: 'Agency' })
    const examination = examined(signed)
    t.match(examination, {
      kind: 'read', pages: 3, revisions: 3, signatures: [
        { field: 'Leader', kind: 'signature', subFilter: 'adbe.pkcs7.detached', revision: 2, coversWholeFile: false, findings: [], claims: { reason: 'Phê duyệt' }, later: [{ revision: 3, kind: 'signature', permitted: true }] },
        { field: 'Agency', revision: 3, coversWholeFile: true, findings: [], later: [] },
      ],
    }, form)
    t.equal(verdictOf(examination), 'valid', form)
    const ranges = examination.kind === 'read' ? examination.signatures.map(({ byteRange: [, length, second, rest] }) => [0, length, second, second! + rest!]) : []
    t.strictSame(nss.verify(signed).map(({ ranges, integrity, total }) => ({ ranges, integrity, total })), ranges.map((range, index) => ({ ranges: range, integrity: 'Signature is Valid.', total: index === 1 })), `${form}: pdfsig sees the same`)
  }
})

t.test('what is no PDF, encrypted, broken or cut off anywhere is said, and nothing is thrown', async (t) => {
  const pdf = updateOf(makePdf(), { 9: '<< /Title (x) >>' }, { trailer: '/Root 1 0 R /Info 9 0 R' })
  const codes = (bytes: Uint8Array) => {
    const examination = examined(bytes)
    return examination.kind === 'unreadable' ? examination.findings.map(({ code }) => code) : []
  }
  t.strictSame(codes(Buffer.alloc(0)), ['PDF_BROKEN'])
  t.strictSame(codes(Buffer.from('%PDF-')), ['PDF_BROKEN'])
  t.strictSame(codes(Buffer.alloc(100_000, '%PDF-1.7\n')), ['PDF_BROKEN'])
  for (let length = 0; length < pdf.length - 1; length += 7) t.ok(['PDF_BROKEN', undefined].includes(codes(pdf.subarray(0, length))[0]))
  if (needsPrograms('qpdf').skip === false) t.strictSame(codes(qpdf(makePdf(), '--encrypt', '', 'owner', '256', '--')), ['PDF_ENCRYPTED'], 'also with an empty password')
  const looping = makePdf({ ...pagesOf('x'), 2: '<< /Type /Pages /Kids [2 0 R] /Count 1 >>' })
  t.strictSame(codes(looping), ['PDF_BROKEN'])
})

t.test('a file of 5,000 pages is examined where it lies, and only pieces of it are read', needsAll, async (t) => {
  const [plain, path] = [join(t.testdir(), 'plain.pdf'), join(t.testdirName, 'signed.pdf')]
  writeLargePdf(plain, { pages: 5000, bytes: 30 * 1024 * 1024 })
  const signed = nss.sign(readFileSync(plain))
  rmSync(plain)
  writeFileSync(path, signed)
  using file = fileSource(path)
  let largest = 0
  const source = { size: file.size, read: (from: number, to: number) => { largest = Math.max(largest, to - from); return file.read(from, to) } }
  const examination = examinePdf(source)
  t.match(examination, { pages: 5000, signatures: [{ findings: [], coversWholeFile: true }] })
  t.equal(verdictOf(examination), 'valid')
  t.ok(largest <= 1024 * 1024, `${largest} bytes at once`)
})

t.test('a source with more behind it reads like one', async (t) => {
  const whole = Buffer.from('0123456789')
  const joined = joinedSource(bytesSource(whole.subarray(0, 4)), whole.subarray(4))
  for (let from = 0; from <= 10; from++) for (let to = from; to <= 12; to++) t.equal(joined.read(from, to).toString(), whole.subarray(from, to).toString())
})
