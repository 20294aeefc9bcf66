/** The range of a signature is honest, or the signature is not valid: it leaves out nothing but its own value. */
import t from 'tap'
import { examinePdf } from '../../../src/pdf/examine.ts'
import type { ExaminedSignature } from '../../../src/pdf/examination.ts'
import { bytesSource } from '../../../src/pdf/source.ts'
import { updateOf } from '../../support/pdf.ts'
import { writeMessage } from '../../trust/cms/messages.ts'
import { LEADER, signedPdf, type PdfChange } from '../judge-world.ts'

const signed = (change: PdfChange = {}): Buffer => signedPdf((content) => writeMessage(LEADER, { content }), change)

function examined (pdf: Buffer): ExaminedSignature[] {
  const examination = examinePdf(bytesSource(pdf))
  return examination.kind === 'read' ? examination.signatures : []
}

/** What is found wrong with the range of the file's one signature. */
function fault (pdf: Buffer): string | undefined {
  const signatures = examined(pdf)
  t.equal(signatures.length, 1)
  return signatures[0]?.findings.find(({ code }) => code === 'PDF_BYTE_RANGE')?.detail
}

t.test('a range that leaves out the signature alone, up to the end of its revision, is honest', async (t) => {
  t.match(examined(signed()), [{ findings: [], coversWholeFile: true, byteRange: { length: 4 }, digests: { sha256: { length: 32 } } }])
  t.equal(fault(signed({ range: ([from, length, second, rest]) => [from!, length!, second!, rest! - 1] })), undefined, 'whose the last end of line is does not matter')
})

t.test('a signature covers the whole file only if nothing but an end of line stands behind its range', async (t) => {
  const whole = (pdf: Buffer) => examined(pdf).map(({ findings, coversWholeFile }) => [findings.length, coversWholeFile])
  const shorter = ([from, length, second, rest]: number[]) => [from!, length!, second!, rest! - 1]
  t.strictSame(whole(signed({ range: shorter })), [[0, true]], 'the end of line of its own marker')
  t.strictSame(whole(Buffer.concat([signed(), Buffer.from('\r\n')])), [[0, true]])
  for (const behind of ['\0'.repeat(10), ' ', '\n\n', '\n\r']) t.strictSame(whole(Buffer.concat([signed(), Buffer.from(behind)])), [[0, false]], JSON.stringify(behind))
  t.strictSame(whole(Buffer.concat([signed({ range: shorter }), Buffer.from('\n')])), [[0, false]], 'two ends of line')
})

t.test('a range with anything else left out, or with more, is none', async (t) => {
  const ranges: Record<string, (own: number[]) => number[]> = {
    'begins at 10': ([, length, second, rest]) => [10, length! - 10, second!, rest!],
    'leaves out': ([, length, second, rest]) => [0, length! - 20, second!, rest!],
    'leaves out ': ([, length, second, rest]) => [0, length!, second! + 20, rest! - 20],
    'leaves out  ': ([, length, second, rest]) => [0, length! + 10, second!, rest!],
    'leaves out   ': ([, length, second, rest]) => [0, length! + 1, second! - 1, rest! + 1],
    'ends at': ([, length, second, rest]) => [0, length!, second!, rest! - 20],
    'ends at ': ([, length, second, rest]) => [0, length!, second!, rest! + 5],
    'not four integers': ([, length, second]) => [0, length!, second!],
    'not four integers ': ([, length, second, rest]) => [0, length!, second!, rest! - 10, 0, 0],
    'not four integers  ': ([, length, second, rest]) => [-1, length!, second!, rest!],
  }
  for (const [expected, range] of Object.entries(ranges)) {
    const [signature] = examined(signed({ range }))
    t.match(signature?.findings, [{ code: 'PDF_BYTE_RANGE', detail: new RegExp(`^${expected.trim()}`) }], expected)
    t.strictSame(signature?.digests, {}, 'and nothing of it is hashed')
  }
})

t.test('a range without a number to it, or one that another object gives, is none', async (t) => {
  const own = /\/ByteRange \[[^\]]*\]/
  for (const written of ['/ByteRange 20 0 R', '/ByteRange (0 1 2 3)', '/ByteRange [0 20 0 R 5 6]', '/X [0 1 2 3]']) {
    const pdf = signed({ more: { 20: '[0 1 2 3]' } })
    const text = pdf.toString('latin1')
    t.match(fault(Buffer.from(text.replace(own, (found) => written.padEnd(found.length)), 'latin1')), /^not four integers/, written)
  }
})

t.test('Contents that stand elsewhere, or are no hexadecimal string, are not what the range leaves out', async (t) => {
  const pdf = signed().toString('latin1')
  const literal = pdf.replace(/\/Contents <([0-9a-f]+)>/, (_, digits: string) => `/Contents (${digits})`)
  t.match(fault(Buffer.from(literal, 'latin1')), /^Contents is no hexadecimal string/)
  const single = pdf.replace(/0(0*>)/, '\0$1')
  t.match(fault(Buffer.from(single, 'latin1')), /^Contents holds more than its digits/, 'not even one space for the last digit')
  const spaced = pdf.replace(/(\/Contents <[0-9a-f]{100})00/, '$1  ').replace(/0000(0*>)/, '00 \n$1')
  t.match(fault(Buffer.from(spaced, 'latin1')), /^Contents holds more than its digits/)
})

t.test('a signature that came into a field only later covers no revision of its own', async (t) => {
  const hidden = signed({ fields: '[]', more: { 4: '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R >>' } })
  t.strictSame(examined(hidden), [])
  const shown = updateOf(hidden, { 1: '<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [7 0 R] /SigFlags 3 >> >>' })
  t.match(fault(shown), /^ends at \d+, while the revision of the signature ends at/)
})

t.test('something else than zeros behind the message is no padding, and a message must be there', async (t) => {
  const pdf = signed().toString('latin1')
  const stuffed = Buffer.from(pdf.replace(/00>/, '01>'), 'latin1')
  t.match(examined(stuffed), [{ findings: [{ code: 'PDF_SIGNATURE_FORM', detail: /^Contents: something else/ }] }])
  const empty = signedPdf(() => Buffer.alloc(0))
  t.match(examined(empty), [{ findings: [{ code: 'PDF_SIGNATURE_FORM', detail: 'Contents: no message' }], cms: { length: 0 } }])
})
