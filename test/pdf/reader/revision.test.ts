import t from 'tap'
import { spawnSync } from 'node:child_process'

import { Budget } from '../../../src/pdf/reader/budget.ts'
import { PdfRef, PdfStream } from '../../../src/pdf/reader/objects.ts'
import { openRevision, revisionEnds } from '../../../src/pdf/reader/revision.ts'
import { strayBytes } from '../../../src/pdf/reader/stray.ts'
import { bytesSource, isPdf } from '../../../src/pdf/source.ts'
import { flate, formsOf, makePdf, pagesOf, pdfWriter, updateOf } from '../../support/pdf.ts'
import { faultOf, objectsOf, open, plain } from './read.ts'

const ends = (pdf: Buffer) => revisionEnds(bytesSource(pdf), new Budget())
const at = (pdf: Buffer, end: number) => openRevision(bytesSource(pdf), end, new Budget())
const value = (pdf: Buffer, number: number, end = pdf.length) => plain(at(pdf, end).get(new PdfRef(number, 0)))
const stray = (pdf: Buffer, end = pdf.length) => strayBytes(at(pdf, end))
const text = (pdf: Buffer, change: (text: string) => string) => Buffer.from(change(pdf.toString('latin1')), 'latin1')

const forms = new Map([
  ['table', makePdf()],
  ['stream', makePdf(pagesOf('Hello'), { xref: 'stream' })],
  ['compressed', makePdf(pagesOf('Hello'), { xref: 'stream', compressed: [1, 2, 3, 4] })],
  ...formsOf(makePdf()),
])

for (const [form, pdf] of forms) {
  t.test(`${form}: a file is read, and each update of it is a revision`, async (t) => {
    t.strictSame(ends(pdf), [pdf.length])
    const { catalog } = open(pdf)
    t.equal(plain(catalog.get('Type') ?? null), '/Catalog')
    t.equal(stray(pdf), undefined)
    const [number] = [...objectsOf(open(pdf)).keys()].sort((one, other) => other - one) as [number]
    const [mine, next] = [number + 1, number + 2]
    const once = updateOf(pdf, { [mine]: '(one)' })
    const twice = updateOf(once, { [mine]: '(two)', [next]: '(new)' }, { xref: 'stream', compressed: [next] })
    const thrice = updateOf(twice, {}, { free: [mine] })
    t.strictSame(ends(thrice), [pdf.length, once.length, twice.length, thrice.length])
    t.strictSame(ends(thrice).map((end) => value(thrice, mine, end)), [null, '(one)', '(two)', null])
    t.strictSame(ends(thrice).map((end) => value(thrice, next, end)), [null, null, '(new)', '(new)'])
    t.strictSame(ends(thrice).map((end) => at(thrice, end).from), [0, pdf.length, once.length, twice.length])
    t.strictSame(ends(thrice).map((end) => at(thrice, end).own.length), [form.startsWith('linearised') ? 2 : 1, 1, 1, 1])
    for (const end of ends(thrice)) t.equal(stray(thrice, end), undefined)
    for (const end of ends(thrice)) t.ok(new Set(objectsOf(at(thrice, end)).keys()).size >= 5)
  })
}

t.test('the version is the header\'s, or the catalog\'s where it is later', async (t) => {
  const versioned = (version: string, catalog: string) => open(makePdf({ ...pagesOf('x'), 1: `<< /Type /Catalog /Pages 2 0 R /Version /${catalog} >>` }, { version })).version
  t.equal(open(makePdf(pagesOf('x'), { version: '1.4' })).version, '1.4')
  t.equal(versioned('1.4', '1.7'), '1.7')
  t.equal(versioned('2.0', '1.7'), '2.0')
})

t.test('Word\'s hybrid files: hidden objects are free in the table, and found in the stream that a second, empty section names', async (t) => {
  const objects = pagesOf('Hello')
  const writer = pdfWriter().raw('%PDF-1.5\r\n%\xb5\xb5\xb5\xb5\r\n').objects(objects)
  const table = writer.length
  const entries = Object.keys(objects).map((number) => `${String(writer.bytes().indexOf(`\n${number} 0 obj`) + 1).padStart(10, '0')} 00000 n\r\n`)
  writer.raw(`xref\r\n0 7\r\n0000000006 65535 f\r\n${entries.join('')}0000000000 65535 f\r\ntrailer\r\n<</Size 7/Root 1 0 R>>\r\nstartxref\r\n${table}\r\n%%EOF\r\n`)
  const first = writer.length
  // Its own section lists only what the table hides; the old one stays in effect
  const hidden = pdfWriter(Buffer.alloc(writer.length)).objectStream(8, { 6: '(hidden)' })
  writer.raw(hidden.bytes().subarray(first))
  writer.list(6, { stream: 8, index: 0 }).list(8, { offset: first })
  const stream = writer.length
  writer.stream(9, { startxref: false, prev: table, size: 10 })
  const second = writer.length
  writer.raw(`xref\r\n0 0\r\ntrailer\r\n<</Size 10/Root 1 0 R/Prev ${table}/XRefStm ${stream}>>\r\nstartxref\r\n${second}\r\n%%EOF`)
  const pdf = writer.bytes()
  t.strictSame(ends(pdf), [first, pdf.length])
  t.equal(value(pdf, 6), '(hidden)')
  t.equal(value(pdf, 6, first), null)
  t.strictSame(ends(pdf).map((end) => stray(pdf, end)), [undefined, undefined])
})

t.test('a hybrid section that places an object in its table and its stream is broken', async (t) => {
  const hybrid = (listed: boolean, same: boolean) => {
    const writer = pdfWriter().raw('%PDF-1.5\n').objects(pagesOf('x'))
    const offset = writer.length
    writer.raw('6 0 obj\n(table)\nendobj\n')
    const other = same ? offset : writer.length
    writer.raw('6 0 obj\n(stream)\nendobj\n').list(6, { offset: other })
    const stream = writer.length
    const old = pdfWriter(writer.bytes()).list(6, { offset: other }).stream(7, { startxref: false, size: 8 }).bytes()
    const all = pdfWriter(old)
    for (const number of [1, 2, 3, 4, 5]) all.list(number, { offset: old.indexOf(`\n${number} 0 obj`) + 1 })
    if (listed) all.list(6, { offset })
    return all.table({ trailer: `/Root 1 0 R /XRefStm ${stream}`, size: 8, ...(!listed && { free: [6] }) }).bytes()
  }
  t.equal(value(hybrid(false, false), 6), '(stream)')
  t.equal(value(hybrid(true, true), 6), '(table)')
  t.match(faultOf(() => open(hybrid(true, false))), /^PDF_BROKEN: object 6, which a hybrid section places twice/)
})

t.test('the habits of producers: line ends, spaces, and what stands behind the marker', async (t) => {
  const pdf = makePdf()
  for (const [what, changed] of Object.entries({
    'no end of line at the end': pdf.subarray(0, -1), 'spaces and lines at the end': Buffer.concat([pdf, Buffer.from(' \r\n\n\0')]),
    'CRLF in the entries': text(pdf, (text) => text.replace(/ ([nf]) \n/g, ' $1\r\n')), 'CR in the entries': text(pdf, (text) => text.replace(/ ([nf]) \n/g, ' $1 \r')),
    'a space behind the count': text(pdf, (text) => text.replace('xref\n0 6\n', 'xref \n0 6 \n')), 'a comment before startxref': text(pdf, (text) => text.replace('startxref\n', '%producer-5.5\nstartxref\n')),
    'startxref with spaces': text(pdf, (text) => text.replace(/startxref\n(\d+)\n/, 'startxref \n $1 \r\n')), 'the trailer in one line': text(pdf, (text) => text.replace('trailer\n', 'trailer')),
    'a free list that goes nowhere': text(pdf, (text) => text.replace('0000000000 65535 f', '0000000000 65536 f')),
  })) {
    t.strictSame(ends(changed), [changed.length], what)
    t.equal(objectsOf(open(changed)).size, 5, what)
    t.equal(stray(changed), undefined, what)
  }
})

t.test('updates may follow a marker without an end of line, with one, or with more', async (t) => {
  const pdf = makePdf().subarray(0, -1)
  for (const between of ['', '\n', '\r\n', '\r', '\n\n\n']) {
    const start = Buffer.concat([pdf, Buffer.from(between)])
    const updated = pdfWriter(start).object(1, '<< /Type /Catalog /Pages 2 0 R /X 1 >>').table({ prev: Number(/startxref\n(\d+)/.exec(pdf.toString('latin1'))?.[1]), size: 6 }).bytes()
    t.equal(at(updated, ends(updated)[0]!).own[0]?.eof, pdf.length)
    t.strictSame(ends(updated), [pdf.length + Math.min(between.length, between === '\r\n' ? 2 : 1), updated.length], JSON.stringify(between))
    t.equal(stray(updated), undefined)
    for (const end of ends(updated)) t.equal(objectsOf(at(updated, end)).size, 5)
  }
})

t.test('a Prev and a startxref that lead to one section, with or without the whitespace before it, are the same', async (t) => {
  const early = text(makePdf(), (text) => text.replace('\nxref\n', '\n\nxref\n'))
  const section = early.indexOf('\nxref\n')
  for (const prev of [section, section + 1]) t.equal(ends(updateOf(early, { 20: '(new)' }, { prev })).length, 2)
  t.match(faultOf(() => ends(updateOf(early, { 20: '(new)' }, { prev: section + 2 }))), /^PDF_BROKEN/)
})

t.test('bytes of an update that belong to nothing are found', async (t) => {
  const pdf = makePdf()
  const update = (before: string, between = '') => pdfWriter(pdf).raw(before).object(6, '(six)').raw(between).table({ prev: Number(/startxref\n(\d+)/.exec(pdf.toString('latin1'))?.[1]), size: 8 }).bytes()
  const found = (updated: Buffer) => {
    const gap = stray(updated)
    return gap && updated.toString('latin1', gap.from, gap.to)
  }
  t.equal(found(update('% a comment\n \r\n')), undefined)
  t.equal(found(update('stray ')), 'stray ')
  t.equal(found(update('', '7 0 obj\n(orphan)\nendobj\n')), '7 0 obj\n(orphan)\nendobj\n')
  t.equal(found(update('', 'x\n')), 'x\n')
  const first = updateOf(pdf, { 6: '(skipped)' })
  t.match(found(updateOf(first, { 7: '(seven)' }, { prev: Number(/startxref\n(\d+)/.exec(pdf.toString('latin1'))?.[1]) })), /^6 0 obj/, 'a revision that the chain passes over')
})

t.test('what looks like an object inside of an update\'s stream, string or comment is stray: poppler shows it when some reference leads nowhere', async (t) => {
  const page = (annots: string) => `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> /Contents 5 0 R /Annots ${annots} >>`
  const evil = '\n5 0 obj\n<< /Length 34 >>\nstream\nBT /F1 24 Tf 72 720 Td (EVIL) Tj ET\nendstream\nendobj\n'
  const decoy = (annots: string) => updateOf(makePdf({ ...pagesOf('GOOD'), 4: page(annots) }), { 20: { data: evil } })
  const shown = (pdf: Buffer) => spawnSync('pdftotext', ['-', '-'], { input: pdf, encoding: 'utf8' }).stdout.trim()
  t.strictSame([shown(decoy('[]')), shown(decoy('99 0 R'))], ['GOOD', 'EVIL'])
  const found = (pdf: Buffer) => pdf.toString('latin1', stray(pdf)?.from, stray(pdf)?.to)
  t.equal(found(decoy('99 0 R')), '5 0 obj')
  t.equal(found(updateOf(makePdf(), { 20: '(5\r0  obj)' })), '5\r0  obj')
  t.equal(found(updateOf(makePdf(), { 20: '% 15 0 obj\n(x)' })), '15 0 obj')
  t.equal(found(updateOf(makePdf(), { 20: '(trailer << /Root 20 0 R >>)' })), 'trailer')
  const large = updateOf(makePdf(), { 20: { data: 'x'.repeat(3_000_000) + evil } }, { xref: 'stream' })
  t.equal(found(large), '5 0 obj')
  t.equal(found(updateOf(makePdf(), { 20: { data: `5${' '.repeat(2_000_000)}0 obj` } })).length, 2_000_006)
  t.equal(stray(updateOf(makePdf(), { 20: '(no object, 5 obj, trailer, trailers <<)' })), undefined)
})

t.test('an update that places objects at the same bytes, or inside of another, is found', async (t) => {
  const pdf = makePdf()
  const prev = Number(/startxref\n(\d+)/.exec(pdf.toString('latin1'))?.[1])
  const inside = pdfWriter(pdf).object(6, { data: '\n7 0 obj\n(seven)\nendobj\n' })
  const seven = inside.bytes().indexOf('7 0 obj')
  const updated = inside.list(7, { offset: seven }).table({ prev, size: 8 }).bytes()
  t.equal(value(updated, 7), '(seven)')
  t.ok(stray(updated))
  const twice = pdfWriter(pdf).object(6, '(six)').list(7, { offset: pdf.length }).table({ prev, size: 8 }).bytes()
  t.match(faultOf(() => stray(twice)), /^PDF_BROKEN: object \d, where another stands/)
})

t.test('an object whose stream has its length in another object is read in each revision with that revision\'s', async (t) => {
  const pdf = makePdf({ ...pagesOf('x'), 5: { entries: '/Length 6 0 R', data: 'short\nendstream\nendobj\nlong' }, 6: '5' })
  const updated = updateOf(pdf, { 6: '27' })
  const budget = new Budget()
  const data = (end: number) => {
    const revision = openRevision(bytesSource(updated), end, budget)
    const stream = revision.get(new PdfRef(5, 0))
    return stream instanceof PdfStream ? revision.data(stream).toString() : undefined
  }
  t.strictSame([data(pdf.length), data(updated.length), data(pdf.length)], ['short', 'short\nendstream\nendobj\nlong', 'short'])
})

t.test('streams in an object stream\'s file are decoded when somebody asks', async (t) => {
  const pdf = makePdf({ ...pagesOf('x'), 5: flate('the content') }, { xref: 'stream', compressed: [1, 2, 3, 4] })
  const revision = open(pdf)
  t.equal(revision.data(revision.get(new PdfRef(5, 0)) as PdfStream).toString(), 'the content')
})

t.test('a PDF is known by its bytes, wherever in the first 1,024 its header stands', async (t) => {
  t.ok(isPdf(makePdf()))
  t.ok(isPdf(Buffer.concat([Buffer.alloc(1019), Buffer.from('%PDF-')])))
  t.notOk(isPdf(Buffer.concat([Buffer.alloc(1020), Buffer.from('%PDF-')])))
  t.notOk(isPdf(Buffer.from('PK')))
})
