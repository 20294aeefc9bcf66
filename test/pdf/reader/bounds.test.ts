/** Files made to cost much: bombs are too complex, and large honest files cost little. Counted in bytes and steps, never in time. */
import t from 'tap'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deflateSync } from 'node:zlib'

import { Budget, type Limits } from '../../../src/pdf/reader/budget.ts'
import { PdfRef } from '../../../src/pdf/reader/objects.ts'
import { openRevision, revisionEnds } from '../../../src/pdf/reader/revision.ts'
import { bytesSource, fileSource, type PdfSource } from '../../../src/pdf/source.ts'
import { flate, makePdf, pagesOf, pdfWriter, updateOf, writeLargePdf, type Body, type Objects } from '../../support/pdf.ts'
import { faultOf, open, readAll } from './read.ts'

const MIB = 1024 * 1024

/** The source, and how many bytes were asked of it. */
function counted (source: PdfSource): PdfSource & { read: PdfSource['read'], asked: () => number } {
  let asked = 0
  return {
    size: source.size,
    read (from, to) {
      const bytes = source.read(from, to)
      asked += bytes.length
      return bytes
    },
    asked: () => asked,
  }
}

/** A cross-reference stream's bytes as they are told, behind the usual objects. */
function xrefStream (entries: string, data: Uint8Array): Buffer {
  const writer = pdfWriter().raw('%PDF-1.7\n').objects(pagesOf('x'))
  const from = writer.length
  return writer.object(9, { entries: `/Type /XRef /Root 1 0 R ${entries}`, data }).raw(`startxref\n${from}\n%%EOF\n`).bytes()
}

t.test('bombs are too complex before they go off', async (t) => {
  const layers = (count: number, data: Buffer): Buffer => count === 0 ? data : deflateSync(layers(count - 1, data))
  const filters = (count: number) => `/Filter [${'/FlateDecode '.repeat(count)}]`
  const zeroes = Buffer.alloc(100 * MIB)
  const objectStream = (body: Body) => pdfWriter().raw('%PDF-1.7\n').objects(pagesOf('x')).object(8, body).list(6, { stream: 8, index: 0 }).stream(9).bytes()
  const deep = (depth: number) => makePdf({ ...pagesOf('x'), 6: `${'['.repeat(depth)}${']'.repeat(depth)}` })
  const cases: Record<string, [Buffer, Partial<Limits>?]> = {
    'a cross-reference stream of zeroes': [xrefStream('/W [1 4 2] /Size 10 /Index [0 10] /Filter /FlateDecode', deflateSync(zeroes))],
    'behind three filters': [xrefStream(`/W [1 4 2] /Size 10 /Index [0 10] ${filters(3)}`, layers(3, zeroes))],
    'an object stream of zeroes': [objectStream({ entries: `/Type /ObjStm /N 1 /First 4 ${filters(1)}`, data: layers(1, zeroes) })],
    'an object stream behind two filters': [objectStream({ entries: `/Type /ObjStm /N 1 /First 4 ${filters(2)}`, data: layers(2, zeroes) })],
    'an Index of four millions, in kilobytes': [xrefStream('/W [1 4 2] /Size 5000000 /Index [0 5000000] /Filter /FlateDecode', deflateSync(Buffer.alloc(7 * 5_000_000)))],
    'the highest numbers there are': [xrefStream('/W [1 4 2] /Size 4294967295 /Index [4294967290 2]', Buffer.alloc(14))],
    'nesting': [deep(100)],
    'nesting of a hundred thousand': [deep(100_000)],
    'nesting in the trailer': [pdfWriter().raw('%PDF-1.7\n').objects(pagesOf('x')).table({ trailer: `/Root 1 0 R /X ${'<< /A '.repeat(10_000)}` }).bytes()],
    'a dictionary that is never full': [makePdf({ ...pagesOf('x'), 6: `[${'null '.repeat(1_000_001)}]` })],
    'strings and comments without end': [makePdf({ ...pagesOf('x'), 6: `(${'x'.repeat(70_000)})`, 7: `%${'x'.repeat(70_000)}\n(y)` }), { values: 2_000 }],
    'more updates than there ever are': [manyUpdates(60), { sections: 50 }],
    'more objects than there ever are': [makePdf(), { objects: 3 }],
    'more references than there ever are': [makePdf(), { steps: 3 }],
    'more entries than there ever are': [makePdf(), { entries: 3 }],
  }
  for (const [what, [pdf, limits]] of Object.entries(cases)) t.match(faultOf(() => readAll(pdf, limits)), /^PDF_TOO_COMPLEX/, what)
})

function manyUpdates (count: number): Buffer {
  return Array.from({ length: count }).reduce<Buffer>((pdf, _, index) => updateOf(pdf, { [6 + index]: '(x)' }), makePdf())
}

t.test('a claim costs nothing: what a file says of its size is held against its bytes first', async (t) => {
  const budget = new Budget()
  const huge = makePdf().toString('latin1').replace('xref\n0 6', 'xref\n0 4000000')
  t.match(faultOf(() => revisionEnds(bytesSource(Buffer.from(huge, 'latin1')), budget)), /^PDF_BROKEN/)
  t.match(faultOf(() => revisionEnds(bytesSource(xrefStream('/W [1 4 2] /Size 4000000', Buffer.alloc(7))), budget)), /^PDF_BROKEN/)
  t.strictSame(budget.spent.entries, 0)
  t.equal(open(makePdf(pagesOf('x'), { trailer: '/Root 1 0 R /X 1' }).subarray(), {}).entry(4_000_000), undefined)
})

t.test('many updates cost what they add, not what was there before', async (t) => {
  const [once, twice] = [readAll(manyUpdates(50)), readAll(manyUpdates(100))]
  t.ok(once.spent.entries < 2 * 55, 'each section is read once for all revisions')
  t.ok(twice.spent.objects < 2 * once.spent.objects + 300, 'an object is parsed once for all revisions')
})

t.test('objects that refer to each other in rings are read one by one', async (t) => {
  const pdf = makePdf({ ...pagesOf('x'), 6: '[7 0 R 6 0 R]', 7: '<< /A 6 0 R >>' })
  const revision = open(pdf)
  t.ok(revision.resolve(new PdfRef(6, 0)))
  t.ok(revision.resolve(new PdfRef(7, 0)))
})

t.test('a file with a million objects is opened with a few bytes for each', async (t) => {
  const count = 1_000_000
  const lines = Buffer.alloc(20 * count)
  const objects = Buffer.alloc(24 * count, 0x20)
  for (let index = 0; index < count; index++) {
    objects.write(`${index + 6} 0 obj 1 endobj`, 24 * index)
    lines.write(`${String(100_000 + 24 * index).padStart(10, '0')} 00000 n \n`, 20 * index)
  }
  const head = pdfWriter().raw('%PDF-1.7\n').objects(pagesOf('x'))
  const first = [1, 2, 3, 4, 5].map((number) => `${String(head.bytes().indexOf(`\n${number} 0 obj`) + 1).padStart(10, '0')} 00000 n \n`).join('')
  head.raw(' '.repeat(100_000 - head.length)).raw(objects)
  const start = head.length
  const pdf = head.raw(`xref\n0 ${count + 6}\n0000000000 65535 f \n${first}`).raw(lines).raw(`trailer\n<< /Root 1 0 R /Size ${count + 6} >>\nstartxref\n${start}\n%%EOF\n`).bytes()
  const before = process.memoryUsage()
  const revision = open(pdf)
  const { arrayBuffers, heapUsed } = process.memoryUsage()
  t.ok(arrayBuffers - before.arrayBuffers + heapUsed - before.heapUsed < 250 * MIB)
  t.equal([...revision.numbers()].length, count + 5)
  t.match(revision.entry(count), { kind: 'at', offset: 100_000 + 24 * (count - 6) })
})

t.test('a file of 200 MB, and one of 5,000 pages, are read through small windows', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'lienthong-large-'))
  t.teardown(() => { rmSync(dir, { recursive: true }) })
  for (const [name, pages, bytes] of [['large', 40, 200 * MIB], ['long', 5_000, 20 * MIB]] as const) {
    const path = join(dir, name)
    writeLargePdf(path, { pages, bytes })
    t.ok(statSync(path).size > 0.99 * bytes)
    using file = fileSource(path)
    const source = counted(file)
    const budget = new Budget()
    const before = process.memoryUsage()
    t.strictSame(revisionEnds(source, budget), [file.size])
    const revision = openRevision(source, file.size, budget)
    for (const number of revision.numbers()) revision.get(new PdfRef(number, 0))
    const { arrayBuffers, heapUsed } = process.memoryUsage()
    t.ok(arrayBuffers - before.arrayBuffers < 32 * MIB, `${name}: buffers`)
    t.ok(heapUsed - before.heapUsed < 64 * MIB, `${name}: heap`)
    t.ok(source.asked() < 5000 * 3 * pages + MIB, `${name}: ${source.asked()} bytes read`)
    t.ok(budget.spent.values < 60 * pages + 1000, `${name}: ${budget.spent.values} values`)
  }
})

t.test('what is kept of objects and object streams is bounded, and still found', async (t) => {
  const texts = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [100 + index, `(${'x'.repeat(100_000)})`]))
  t.ok(readAll(makePdf({ ...pagesOf('x'), ...texts })).objects.size <= MIB)
  const usual = pdfWriter().raw('%PDF-1.7\n').objects({ ...pagesOf('x'), 5: flate('x') })
  const streams = Array.from({ length: 10 }, (_, index) => index).reduce((writer, index) => writer.objectStream(200 + index, { [300 + index]: `(${'x'.repeat(5 * MIB)})` }), usual)
  t.ok(readAll(streams.stream(400).bytes()).objectStreams.size <= 16 * MIB)
  const packed = makePdf(Object.fromEntries([...Object.entries(pagesOf('x')), ...Array.from({ length: 1_000 }, (_, index) => [100 + index, '(x)'])]) as Objects, { xref: 'stream', compressed: Array.from({ length: 1_000 }, (_, index) => 100 + index) })
  t.ok(readAll(packed).spent.inflated < 100_000, 'an object stream is decoded once for all its objects')
})
