import t from 'tap'

import { Budget } from '../../../src/pdf/reader/budget.ts'
import { Lexer } from '../../../src/pdf/reader/lexer.ts'
import type { PdfString } from '../../../src/pdf/reader/objects.ts'
import { bytesSource } from '../../../src/pdf/source.ts'
import { faultOf, plain } from './read.ts'

const lexer = (text: string) => new Lexer(bytesSource(Buffer.from(text, 'latin1')), 0, text.length, new Budget())
const object = (text: string) => lexer(text).object()
const value = (text: string) => plain(object(text))

t.test('numbers are integers and reals as they are written', async (t) => {
  for (const [text, number] of Object.entries({ 1: 1, '-17': -17, '+17': 17, '4.': 4, '.5': 0.5, '-.002': -0.002, '007': 7, '34.5': 34.5 })) t.equal(value(text), number, text)
  for (const wrong of ['--5', '1-2', '1.2.3', '.', '+', '-', '1e5', '0x10', '9007199254740993', '12abc', `${'1'.repeat(300)}.0`]) t.match(faultOf(() => value(wrong)), /^PDF_BROKEN/, wrong)
})

t.test('names are decoded, and must be decodable', async (t) => {
  for (const [text, name] of Object.entries({ '/Name1': 'Name1', '/A;Name_With-Various***Characters?': 'A;Name_With-Various***Characters?', '/': '', '/A#42': 'AB', '/Lime#20Green': 'Lime Green', '/a#23b': 'a#b' })) t.equal(value(text), `/${name}`, text)
  for (const wrong of ['/a#', '/a#4', '/a#zz', '/a#00', '/a\vb', '/a\x01']) t.match(faultOf(() => value(wrong)), /^PDF_BROKEN/, wrong)
})

t.test('literal strings: parentheses in pairs, escapes, octal digits, lines that are continued, and every end of line as one', async (t) => {
  const strings = {
    '(a (b) c)': 'a (b) c', '(\\(\\)\\\\)': '()\\', '(\\n\\r\\t\\b\\f\\q)': '\n\r\t\b\fq', '(\\053\\53\\0053\\7)': '++\x053\x07', '(\\400)': '\0',
    '(a\\\nb\\\r\nc\\\rd)': 'abcd', '(a\r\nb\rc\nd)': 'a\nb\nc\nd', '()': '', '(%not a comment)': '%not a comment',
  }
  for (const [text, string] of Object.entries(strings)) t.equal(value(text), `(${string})`, JSON.stringify(text))
  for (const wrong of ['(a', '(a(b)', '(a\\)']) t.match(faultOf(() => value(wrong)), /^PDF_BROKEN: a string without its end/, wrong)
})

t.test('hexadecimal strings, also with whitespace and an odd digit', async (t) => {
  for (const [text, string] of Object.entries({ '<48656C6c6f>': 'Hello', '<48 65\n6c>': 'Hel', '<901FA>': '\x90\x1f\xa0', '<>': '' })) t.equal(value(text), `(${string})`, text)
  for (const wrong of ['<48', '<4x>', '<48(>']) t.match(faultOf(() => value(wrong)), /^PDF_BROKEN/, wrong)
})

t.test('a string knows where its token stands in the file', async (t) => {
  const [hex, literal] = object('  [ <00 ff> (a\\)) ]') as PdfString[]
  t.strictSame(hex?.span, { from: 4, to: 11, isHex: true })
  t.strictSame(literal?.span, { from: 12, to: 17, isHex: false })
})

t.test('arrays, dictionaries, references and comments', async (t) => {
  t.strictSame(value('[1 2 R 3 0 R 4 5 6 0]'), ['1 2 R', '3 0 R', 4, 5, 6, 0])
  t.strictSame(value('[1%one\r2 % two 3\n 0 R]'), [1, '2 0 R'])
  t.strictSame(value('<</A/B/C(d)/E<0a>/F[null true false]/G<</H 1 0 R>>/I 1 /J 0>>'), { A: '/B', C: '(d)', E: '(\n)', F: [null, true, false], G: { H: '1 0 R' }, I: 1, J: 0 })
  t.equal(value('12 0'), 12)
  t.equal(value('12 65535 R'), '12 65535 R')
  for (const wrong of ['[1 2', '<</A 1', '<</A>>', '<<1 2>>', '<</A 1/A 2>>', '<</A 1/#41 2>>', '[1 0 RX]', ']', '>>', '{}', 'nulls', 'True', '', '12 65536 R']) t.match(faultOf(() => value(wrong)), /^PDF_BROKEN/, wrong)
})

t.test('where the standard wants an integer, a real is none', async (t) => {
  for (const wrong of ['<</Length 10.0>>', '<</Prev 1.>>', '<</ByteRange [0 1.0 2 3]>>']) t.match(faultOf(() => value(wrong)), /^PDF_BROKEN: an entry \w+ that is no integer/, wrong)
  t.strictSame(value('<</Rect [0.0 1.0] /Length 10>>'), { Rect: [0, 1], Length: 10 })
})

t.test('an object is no deeper, longer or fuller than the limits', async (t) => {
  t.match(faultOf(() => value('['.repeat(100_000))), /^PDF_TOO_COMPLEX: depth/)
  t.match(faultOf(() => value('<</A'.repeat(100_000))), /^PDF_TOO_COMPLEX: depth/)
  t.match(faultOf(() => value(`[${'0 '.repeat(1_000_001)}]`)), /^PDF_TOO_COMPLEX: valuesInObject/)
  t.match(faultOf(() => value('5000000 0 R')), /^PDF_TOO_COMPLEX: number/)
  const text = `(${'a'.repeat(100)})`
  t.match(faultOf(() => new Lexer(bytesSource(Buffer.from(text)), 0, text.length, new Budget({ token: 99 })).object()), /^PDF_TOO_COMPLEX: token/)
})

t.test('tokens lie across windows of the source', async (t) => {
  const text = `[${'(0123456789) /Name 12345 67 0 R '.repeat(20_000)}]`
  const source = { size: text.length, read: (from: number, to: number) => Buffer.from(text.slice(Math.max(0, from), to), 'latin1') }
  const items = new Lexer(source, 0, text.length, new Budget()).object() as PdfString[]
  t.equal(items.length, 80_000)
  t.ok(items.every((item, index) => plain(item) === ['(0123456789)', '/Name', 12345, '67 0 R'][index % 4]))
})
