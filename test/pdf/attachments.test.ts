import t from 'tap'
import { createJudgePdfs } from '../../src/pdf/attachments.ts'
import type { ExaminedSignature, PdfExamination } from '../../src/pdf/examination.ts'
import { DEFAULT_TRUST_POLICY } from '../../src/trust/policy.ts'
import { knownFrom } from '../../src/trust/revocation/known.ts'
import { makePdf, pagesOf } from '../support/pdf.ts'

const context = { trust: { domains: [], timeStamping: null, policy: DEFAULT_TRUST_POLICY, revocation: knownFrom([]) }, at: new Date('2026-01-05T08:00:00Z') }
const unsigned: PdfExamination = { kind: 'read', version: '1.7', pages: 1, revisions: 1, signatures: [], material: { certificates: [], crls: [], ocsps: [] } }

/** Judges with these examinations, one after the other, and counts them. */
function judging (...examinations: PdfExamination[]) {
  let examined = 0
  return { judge: createJudgePdfs({ workers: { examine: async () => examinations[examined++] ?? unsigned } }), examined: () => examined }
}
const codes = (verdicts: Awaited<ReturnType<ReturnType<typeof createJudgePdfs>>>) => verdicts.map((verdict) => verdict?.reasons[0]?.code ?? null)

t.test('a PDF is known by its bytes; what only calls itself one is judged as well', async (t) => {
  const { judge, examined } = judging()
  const pdf = makePdf(pagesOf('x'))
  t.same(codes(await judge([{ name: 'a.doc', bytes: pdf }, { name: 'b.PDF', bytes: Buffer.from('x') }, { name: 'c.doc', bytes: Buffer.from('x') }], context)), ['PDF_UNSIGNED', 'PDF_UNSIGNED', null])
  t.equal(examined(), 2)
})

t.test('a document whose files use up all their time together is not looked at any further', async (t) => {
  let examined = 0
  const judge = createJudgePdfs({ workers: { async examine (_input, allowance) { examined++; allowance!.leftMs -= 25_000; return unsigned } } })
  const files = Array.from({ length: 50 }, () => ({ name: 'a.pdf', bytes: Buffer.alloc(0) }))
  t.same(codes(await judge(files, context)), files.map((_, index) => index < 3 ? 'PDF_UNSIGNED' : 'PDF_TOO_COMPLEX'))
  t.equal(examined, 3)
})

t.test('between two signatures of a file others have their turn', async (t) => {
  const signature = (field: string): ExaminedSignature =>
    ({ field, kind: 'signature', subFilter: 'ETSI.CAdES.detached', revision: 1, byteRange: [0, 1, 2, 3], coversWholeFile: true, cms: new Uint8Array(), digests: {}, claims: {}, later: [], findings: [] })
  const { judge } = judging({ ...unsigned, signatures: Array.from({ length: 60 }, (_, index) => signature(`f${index}`)) })
  let turns = 0
  const count = () => { turns++; immediate = setImmediate(count) }
  let immediate = setImmediate(count)
  t.teardown(() => clearImmediate(immediate))
  const [verdict] = await judge([{ name: 'a.pdf', bytes: Buffer.alloc(0) }], context)
  t.equal(verdict?.signatures.length, 60)
  t.ok(turns >= 60, String(turns))
})

t.test('what a stranger has written into a file can be stored', async (t) => {
  const { judge } = judging({
    ...unsigned,
    signatures: [{
      field: 'a\0b', kind: 'signature', subFilter: '\ud800', revision: 1, byteRange: [0, 1, 2, 3], coversWholeFile: true, cms: new Uint8Array(), digests: {}, claims: { name: '\0' }, later: [],
      findings: [{ code: 'PDF_BYTE_RANGE', detail: '\0' }],
    }],
  })
  const [verdict] = await judge([{ name: 'a.pdf', bytes: Buffer.alloc(0) }], context)
  t.notMatch(JSON.stringify(verdict), /\\u0000|\\ud800/)
  t.match(verdict, { signatures: [{ field: 'a\ufffdb', claims: { name: '\ufffd' } }] })
})
