/** What a log line says of an error: which one, and where in the gateway; never what a document says. */
import t from 'tap'
import { Refusal } from '../../src/errors.ts'
import { loggerOptions } from '../../src/http/log.ts'

const { err } = loggerOptions({ level: 'info' }).serializers

t.test('of a refusal the log names code and title, not the detail or the field, which may quote a document', (t) => {
  const refusal = new Refusal('PDF_SIGN_FORBIDDEN', { field: 'Ông Nguyễn Văn Mật', detail: 'Đồng ý\n    at mật (kín.ts:1:1)' })
  for (const error of [refusal, new Error('outer', { cause: refusal }), new AggregateError([refusal], 'all'), new Refusal('PDF_SIGN_FILE', {}, { cause: refusal })]) {
    const said = JSON.stringify(err(error))
    t.match(said, /"code":"PDF_SIGN_FORBIDDEN"/)
    t.match(said, /"message":"A signature that the PDF already carries forbids further ones"/)
    t.notMatch(said, /Mật|mật|Đồng ý/)
  }
  const { type, stack } = err(refusal)
  t.equal(type, 'Refusal')
  t.match(stack, /^\s+at .*log\.test\.ts/, 'where it was refused is told')
  t.end()
})

t.test('other errors keep their message', (t) => {
  t.match(err(new TypeError('x is not a function')), { type: 'TypeError', message: 'x is not a function', stack: /^\s+at / })
  t.end()
})
