import t from 'tap'
import { decodeBase64, encodeBase64, isPlainBase64 } from '../../src/edxml/base64.ts'

const bytes = (length: number) => Buffer.from(Array.from({ length }, (_, index) => (index * 7919) % 256))

t.test('bytes of every length come back as they were, on one line or wrapped', async (t) => {
  for (const length of [0, 1, 2, 3, 4, 57, 58, 59, 1000, 400_000, 400_001, 400_002]) {
    const text = encodeBase64(bytes(length))
    t.equal(text.toString(), bytes(length).toString('base64'))
    t.ok(decodeBase64(text)?.equals(bytes(length)), `${length} bytes`)
    const wrapped = Buffer.from(text.toString().replace(/.{1,76}/g, '\t $&\r\n'))
    t.ok(decodeBase64(wrapped)?.equals(bytes(length)), `${length} bytes, wrapped`)
  }
})

t.test('carriage returns that came as references are blanks too, but then the text is not plain', async (t) => {
  const text = Buffer.from('aGVs&#xD;\nbG8=&#xD;\n')
  t.equal(decodeBase64(text)?.toString(), 'hello')
  t.notOk(isPlainBase64(text))
})

t.test('what is not base64 is nothing', async (t) => {
  for (const text of ['a', 'ab', 'abc', 'abcde', 'ab=', 'a===', '====', '=abc', 'ab=c', 'ab==abcd', 'ab-_', 'ab.d', 'ab&d', 'abc\u00ff', 'abc\0', 'ab==cd==', 'a=b=', '${file}']) {
    t.equal(decodeBase64(Buffer.from(text, 'latin1')), null, JSON.stringify(text))
  }
})

t.test('no random text is judged otherwise than by the letter of the alphabet', async (t) => {
  const letters = 'ABab01+/'
  const others = '==\n \r\t-_.;\u00ff\0'
  let seed = 1
  const random = (below: number) => { seed = (seed * 48271) % 2147483647; return seed % below }
  const pick = (from: string) => from[random(from.length)] as string
  for (let round = 0; round < 20_000; round++) {
    const text = Array.from({ length: random(14) }, () => pick(random(10) < 8 ? letters : others)).join('')
    const compact = text.replace(/[ \t\r\n]/g, '')
    const expected = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(compact) ? Buffer.from(compact, 'base64') : null
    const decoded = decodeBase64(Buffer.from(text, 'latin1'))
    if (expected === null ? decoded !== null : !decoded?.equals(expected)) t.fail(JSON.stringify(text))
  }
})
