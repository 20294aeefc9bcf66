import t from 'tap'
import { deflateSync } from 'node:zlib'

import { Budget } from '../../../src/pdf/reader/budget.ts'
import { decodeData } from '../../../src/pdf/reader/filters.ts'
import { Lexer } from '../../../src/pdf/reader/lexer.ts'
import type { PdfDict } from '../../../src/pdf/reader/objects.ts'
import { bytesSource } from '../../../src/pdf/source.ts'
import { makePdf, pagesOf, qpdf } from '../../support/pdf.ts'
import { faultOf, objectsOf, open } from './read.ts'

function decode (raw: string | Uint8Array, entries: string, budget = new Budget()): string {
  const dict = new Lexer(bytesSource(Buffer.from(`<<${entries}>>`)), 0, entries.length + 4, budget).object() as PdfDict
  return decodeData(Buffer.from(raw as string, 'latin1'), dict, (object) => object ?? null, budget).toString('latin1')
}

t.test('the filters of the standard decode what it shows', async (t) => {
  t.equal(decode('data', ''), 'data')
  t.equal(decode(deflateSync('data'), '/Filter /FlateDecode'), 'data')
  t.equal(decode('48 65 6C6c6F 7>', '/Filter /ASCIIHexDecode'), 'Hellop')
  t.equal(decode('87cURD]i,"Ebo80~>', '/Filter [/ASCII85Decode]'), 'Hello World!')
  t.strictSame([decode('87cURDZ~>', '/Filter /ASCII85Decode'), decode('87cURD]f~>', '/Filter /ASCII85Decode'), decode('', '/Filter /ASCII85Decode')], ['Hello', 'Hello ', ''])
  t.equal(decode('z87cUR~>', '/Filter [/ASCII85Decode]'), '\0\0\0\0Hell')
  t.equal(decode('\x02abc\xfed\x80ignored', '/Filter /RunLengthDecode'), 'abcddd')
  t.equal(decode(Buffer.from('800b6050220c0c8501', 'hex'), '/Filter /LZWDecode'), '-----A---B', 'the example of 7.4.4.2')
  t.equal(decode(Buffer.from(deflateSync('data').toString('hex')), '/Filter [/ASCIIHexDecode /FlateDecode] /DecodeParms [null null]'), 'data')
})

t.test('predictors are undone', async (t) => {
  const png = (...rows: number[][]) => deflateSync(Buffer.from(rows.flat()))
  const parms = (predictor: number, rest = '') => `/Filter /FlateDecode /DecodeParms << /Predictor ${predictor} /Columns 4 ${rest} >>`
  const rows = png([0, 1, 2, 3, 4], [1, 1, 1, 1, 1], [2, 1, 1, 1, 1], [3, 1, 1, 1, 1], [4, 1, 1, 1, 1])
  t.strictSame([...Buffer.from(decode(rows, parms(12)), 'latin1')], [1, 2, 3, 4, 1, 2, 3, 4, 2, 3, 4, 5, 2, 3, 4, 5, 3, 4, 5, 6])
  t.strictSame([...Buffer.from(decode(deflateSync(Buffer.from([1, 1, 1, 1, 5, 250, 250, 1])), parms(2)), 'latin1')], [1, 2, 3, 4, 5, 255, 249, 250])
  t.strictSame([...Buffer.from(decode(deflateSync(Buffer.from([1, 1, 2, 2, 1, 1, 2, 2])), parms(2, '/Colors 2').replace('Columns 4', 'Columns 2')), 'latin1')], [1, 1, 3, 3, 1, 1, 3, 3])
  for (const wrong of [parms(3), parms(16), parms(12, '/Colors 0'), parms(12, '/BitsPerComponent 3'), parms(12).replace('Columns 4', 'Columns 1.5'), parms(2, '/BitsPerComponent 1')]) t.match(faultOf(() => decode(rows, wrong)), /^PDF_BROKEN/, wrong)
  t.match(faultOf(() => decode(png([5, 1, 2, 3, 4]), parms(12))), /^PDF_BROKEN: a PNG predictor/)
})

t.test('data that do not decode, or are a picture\'s, are a fault', async (t) => {
  const good = deflateSync('data'.repeat(100))
  for (const [what, raw, entries] of [
    ['cut off', good.subarray(0, -5), '/Filter /FlateDecode'], ['no zlib', 'data', '/Filter /FlateDecode'], ['a wrong checksum', Buffer.concat([good.subarray(0, -1), Buffer.of(good.at(-1)! ^ 1)]), '/Filter /FlateDecode'],
    ['no hex', '4x', '/Filter /ASCIIHexDecode'], ['no base 85', '\x7f', '/Filter /ASCII85Decode'], ['base 85 out of range', 'uuuuu', '/Filter /ASCII85Decode'], ['one digit', '!', '/Filter /ASCII85Decode'],
    ['runs cut off', '\x05ab', '/Filter /RunLengthDecode'], ['LZW', '\xff\xff', '/Filter /LZWDecode'], ['a picture', 'x', '/Filter /DCTDecode'], ['a filter of no name', 'x', '/Filter 1'],
    ['parameters that are none', good, '/Filter /FlateDecode /DecodeParms 1'], ['another file', 'x', '/F (other.pdf)'], ['encryption', 'x', '/Filter /Crypt'],
  ] as const) t.match(faultOf(() => decode(raw, entries)), /^PDF_BROKEN/, what)
})

t.test('data that grow over the limits are too complex, however the filters are nested', async (t) => {
  const bomb = (layers: number, size: number): Buffer => layers === 0 ? Buffer.alloc(size) : deflateSync(bomb(layers - 1, size))
  const flate = (layers: number) => `/Filter [${'/FlateDecode '.repeat(layers)}]`
  const budget = () => new Budget({ stream: 1_000_000, inflated: 3_500_000 })
  t.match(faultOf(() => decode(bomb(1, 1_000_001), flate(1), budget())), /^PDF_TOO_COMPLEX/)
  t.match(faultOf(() => decode(bomb(3, 50_000_000), flate(3), budget())), /^PDF_TOO_COMPLEX/)
  t.match(faultOf(() => decode('x', flate(9))), /^PDF_TOO_COMPLEX: 9 filters/)
  t.match(faultOf(() => decode('z'.repeat(300_000), '/Filter /ASCII85Decode', budget())), /^PDF_TOO_COMPLEX/)
  t.match(faultOf(() => decode('\x81a'.repeat(10_000), '/Filter /RunLengthDecode', budget())), /^PDF_TOO_COMPLEX/)
  const all = budget()
  const four = () => { for (let count = 0; count < 4; count++) decode(bomb(1, 900_000), flate(1), all) }
  t.match(faultOf(four), /^PDF_TOO_COMPLEX/)
})

t.test('what qpdf compresses is what it was', async (t) => {
  const [streamsOf, pdf] = [(pdf: Buffer) => {
    const revision = open(pdf)
    return [...objectsOf(revision).values()].flatMap((object) => object !== null && typeof object === 'object' && 'from' in object && object.dict.get('Type') === undefined ? [revision.data(object).toString('latin1').trim()] : [])
  }, makePdf(pagesOf('one', 'two', 'three'))]
  t.strictSame(streamsOf(qpdf(pdf, '--recompress-flate', '--compress-streams=y', '--object-streams=disable')), streamsOf(pdf))
  t.equal(streamsOf(pdf).length, 3)
})
