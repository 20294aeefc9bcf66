/** Text strings and dates as PDFs write them. */
import t from 'tap'
import { PdfName, PdfString } from '../../../src/pdf/reader/objects.ts'
import { dateOf, textOf } from '../../../src/pdf/reader/text.ts'

const text = (...octets: number[]): string | undefined => textOf(new PdfString(Buffer.from(octets)))
const date = (written: string): string | undefined => dateOf(new PdfString(Buffer.from(written, 'latin1')))?.toISOString()

t.test('a text string is UTF-16, UTF-8 or PDFDocEncoding, as its first octets say', async (t) => {
  t.equal(text(0xfe, 0xff, 0x00, 0x4b, 0x00, 0xfd, 0x20, 0xab), 'Ký₫')
  t.equal(text(...Buffer.from('\ufeffPhê duyệt')), 'Phê duyệt')
  t.equal(text(...Buffer.from('Phe duyet', 'latin1')), 'Phe duyet')
  t.equal(text(0x80, 0x85, 0x8d, 0x96, 0xa0, 0xe9, 0x18), '•–“Œ€é˘')
  t.equal(text(0xfe, 0xff, 0x00, 0x1b, 0x00, 0x76, 0x00, 0x69, 0x00, 0x1b, 0x00, 0x4b), 'K', 'a language that is named inside is no text')
})

t.test('what cannot be text becomes none, or a mark, and is cut off where nobody reads on', async (t) => {
  t.equal(text(0x7f, 0x9f, 0xad), '\ufffd\ufffd\ufffd')
  t.equal(text(0xfe, 0xff, 0xd8, 0x00), '\ufffd')
  t.equal(text(...Buffer.alloc(100_000, 'a'))?.length, 1000)
  t.equal(textOf(new PdfName('Sig')), undefined)
  t.equal(textOf(undefined), undefined)
})

t.test('a date is a moment, in its zone or else in GMT', async (t) => {
  t.equal(date("D:20261122101458+07'00'"), '2026-11-22T03:14:58.000Z')
  t.equal(date("D:20261122101458+07'00"), '2026-11-22T03:14:58.000Z')
  t.equal(date('D:20261122101458-0330'), '2026-11-22T13:44:58.000Z')
  t.equal(date('D:20261122101458Z'), '2026-11-22T10:14:58.000Z')
  t.equal(date("D:20261122101458Z00'00'"), '2026-11-22T10:14:58.000Z')
  t.equal(date('D:20261122101458'), '2026-11-22T10:14:58.000Z')
  t.equal(date('D:202611'), '2026-11-01T00:00:00.000Z')
})

t.test('what is no date, or a day that does not exist, is none', async (t) => {
  for (const written of ['', '20261122101458', 'D:2026-11-22', 'D:20260230000000Z', 'D:20261122251458', 'D:20261322', 'D:20261122101458+25', 'D:00000000', 'D:20261122101458+07:00']) t.equal(date(written), undefined, written)
})
