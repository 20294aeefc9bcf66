import t from 'tap'

import { needsPdfPrograms, runPdfExam } from '../exam/pdf.ts'

t.test('signed PDFs of five programs and altered copies: nothing wrong is accepted, nothing right is refused, and each disagreement with pdfsig and mutool is explained', needsPdfPrograms, async (t) => {
  t.setTimeout(240_000)
  const { files, opinions, unmet } = await runPdfExam(t)
  t.strictSame(unmet, [])
  t.ok(files.length > 300, `${files.length} files`)
  t.ok(opinions.filter(({ judge }) => judge === 'pdfsig').length > 350, 'as many signatures are judged by pdfsig')
})
