/** Files that viewers would repair, or read in different ways: each gives its reason, and nothing else ever happens. */
import t from 'tap'

import { Budget } from '../../../src/pdf/reader/budget.ts'
import { PdfRef } from '../../../src/pdf/reader/objects.ts'
import { openRevision, revisionEnds } from '../../../src/pdf/reader/revision.ts'
import { bytesSource } from '../../../src/pdf/source.ts'
import { flate, formsOf, makePdf, pagesOf, pdfWriter, qpdf, startxrefOf, updateOf, type Objects } from '../../support/pdf.ts'
import { faultOf, readAll } from './read.ts'

const pdf = makePdf()
const start = startxrefOf(pdf)
const compressed = makePdf(pagesOf('Hello'), { xref: 'stream', compressed: [1, 2, 3, 4] })
const text = (change: (text: string) => string, of = pdf) => Buffer.from(change(of.toString('latin1')), 'latin1')
const fault = (pdf: Buffer) => faultOf(() => readAll(pdf))
/** The usual file with other objects; offsets are right. */
const having = (objects: Objects) => makePdf({ ...pagesOf('Hello'), ...objects })
/** As many bytes more or less before the table as it takes to keep its offset. */
const entry = (number: number, line: string) => text((text) => {
  const at = start + 'xref\n0 6\n'.length + 20 * number
  return text.slice(0, at) + line + text.slice(at + 20)
})

function broken (name: string, cases: Record<string, Buffer>): void {
  t.test(name, async (t) => {
    for (const [what, bytes] of Object.entries(cases)) t.match(fault(bytes), /^PDF_BROKEN: ./, what)
  })
}

t.test('the good files are read', async (t) => {
  for (const good of [pdf, compressed, having({}), entry(0, '0000000000 65535 f\r\n')]) t.equal(fault(good), 'read')
})

broken('a header anywhere but at the beginning, or none', {
  'bytes before it': Buffer.concat([Buffer.from('\n'), pdf]), 'a byte order mark': Buffer.concat([Buffer.from('\ufeff'), pdf]), none: text((text) => text.replace('%PDF-1.7', '%PXF-1.7')),
  'a version that is none': text((text) => text.replace('%PDF-1.7', '%PDF-x.7')), 'a version that does not exist': text((text) => text.replace('%PDF-1.7', '%PDF-1.8')), empty: Buffer.alloc(0),
})

broken('an end that does not lead to the cross-reference section', {
  'bytes behind it': Buffer.concat([pdf, Buffer.from('x')]), 'too much whitespace behind it': Buffer.concat([pdf, Buffer.alloc(600)]), 'no marker': text((text) => text.replace('%%EOF', '%%EOG')),
  'no startxref': text((text) => text.replace('startxref', 'startxxxx')), 'startxref 0': text((text) => text.replace(/startxref\n\d+/, 'startxref\n0')), 'startxref of an object': text((text) => text.replace(/startxref\n\d+/, 'startxref\n15')),
  'startxref behind the end': text((text) => text.replace(/startxref\n\d+/, 'startxref\n99999')), 'another file behind it': Buffer.concat([pdf, pdf]),
  'a second marker that leads to the first section': Buffer.concat([pdf, Buffer.from(`startxref\n${start}\n%%EOF\n`)]), 'the middle of a word': text((text) => text.replace(/startxref\n\d+/, `startxref\n${start + 1}`)),
})

broken('cross-reference tables that viewers read in different ways', {
  'entries of 19 bytes': text((text) => text.replace(/ n \n/g, ' n\n')), 'another kind': entry(3, '0000000100 00000 x \n'), 'a sign': entry(3, '-000000100 00000 n \n'), 'two spaces': entry(3, '0000000100  0000 n \n'),
  'an object listed twice': text((text) => text.replace('trailer', '3 1\n0000000100 00000 n \ntrailer')), 'objects from 1 on': text((text) => text.replace('xref\n0 6', 'xref\n1 6')), 'more entries than there are': text((text) => text.replace('xref\n0 6', 'xref\n0 7')),
  'fewer entries than there are': text((text) => text.replace('xref\n0 6', 'xref\n0 5')), 'more entries than bytes': text((text) => text.replace('xref\n0 6', 'xref\n0 4000000')), 'a generation too large': entry(3, '0000000100 65536 n \n'),
  'no trailer': text((text) => text.replace('trailer', 'trialer')), 'a trailer that is no dictionary': text((text) => text.replace(/trailer\n<<.*>>/, 'trailer\n[]')), 'no Size': text((text) => text.replace('/Size', '/Sise')),
  'a Size that is too small': text((text) => text.replace('/Size 6', '/Size 5')), 'no Root': text((text) => text.replace('/Root', '/Rot')), 'a direct Root': text((text) => text.replace('/Root 1 0 R', '/Root << /Type /Catalog >>')),
  'a Root that is no catalog': text((text) => text.replace('/Root 1 0 R', '/Root 2 0 R')), 'a Root that is absent': text((text) => text.replace('/Root 1 0 R', '/Root 9 0 R')), 'a Root of another generation': text((text) => text.replace('/Root 1 0 R', '/Root 1 1 R')),
  'a comment in it': text((text) => text.replace('xref\n0 6', 'xref %\n0 6')), 'an object 0': entry(0, '0000000015 00000 n \n'), 'an object at the header': entry(1, '0000000000 00000 n \n'), 'a comment before its number': text((text) => text.replace('xref\n0 6', 'xref\n%\n0 6')),
  'two Roots': text((text) => text.replace('/Root 1 0 R', '/Root 1 0 R /Root 1 0 R')), 'an XRefStm that is none': text((text) => text.replace('/Root', '/XRefStm 15 /Root')), 'an XRefStm that is no offset': text((text) => text.replace('/Root', '/XRefStm /X /Root')),
})

broken('entries that lead elsewhere than to their object', {
  'another object': entry(3, entryOf(4)), 'an offset too low': entry(3, entryOf(3, -2)), 'an offset too high': entry(3, entryOf(3, 1)), 'no offset': entry(3, '0000000000 00000 n \n'), 'behind the end': entry(3, '0000009999 00000 n \n'),
  'another generation': entry(3, entryOf(3).replace('00000 n', '00001 n')),
  'the middle of 16': middleOfNumber(),
})

function entryOf (number: number, more = 0): string {
  return `${String(pdf.indexOf(`\n${number} 0 obj`) + 1 + more).padStart(10, '0')} 00000 n \n`
}

function middleOfNumber (): Buffer {
  const writer = pdfWriter().raw('%PDF-1.7\n').objects({ ...pagesOf('x'), 16: '(sixteen)' })
  return writer.list(6, { offset: writer.bytes().indexOf('16 0 obj') + 1 }).table().bytes()
}

broken('chains that loop, or lead forwards or nowhere', {
  'to itself': updateOf(pdf, {}, { prev: startOfUpdate() }), forwards: text((text) => text.replace('/Size', '/Prev 9999 /Size')), 'to the end': text((text) => text.replace('/Size', '/Prev 99999999 /Size')),
  'to another place': updateOf(pdf, { 6: '(six)' }, { prev: start + 1 }), 'to an object': updateOf(pdf, { 6: '(six)' }, { prev: 15 }), 'a reference': text((text) => text.replace('/Size', '/Prev 5 0 R /Size')), negative: text((text) => text.replace('/Size', '/Prev -1 /Size')),
  'a real number': text((text) => text.replace('/Size', '/Prev 15.0 /Size')), 'a loop of two': loopOfTwo(),
  'a revision that refers behind its end': updateOf(pdfWriter().raw('%PDF-1.7\n').objects(pagesOf('x')).list(6, { offset: 2000 }).table().bytes(), { 7: `(${'x'.repeat(2000)})` }),
  'an older marker that leads elsewhere': updateOf(text((text) => text.replace(/startxref\n\d+/, 'startxref\n15')), {}, { prev: start }),
})

function startOfUpdate (): number { return startxrefOf(updateOf(pdf, {})) }

function loopOfTwo (): Buffer {
  const once = updateOf(pdf, { 6: '(six)' })
  return updateOf(text((text) => text.replace(`/Prev ${start} `, `/Prev ${once.length + 23} `), once), { 7: '(seven)' })
}

broken('streams whose length does not lead to endstream', {
  'too short': having({ 5: { entries: '/Length 4', data: 'content' } }), 'too long': having({ 5: { entries: '/Length 9', data: 'content' } }), 'behind the end': having({ 5: { entries: '/Length 99999', data: 'content' } }),
  negative: having({ 5: { entries: '/Length -1', data: 'content' } }), 'no number': having({ 5: { entries: '/Length /X', data: 'content' } }), 'a real number': having({ 5: { entries: '/Length 7.0', data: 'content' } }), absent: having({ 5: { entries: '/Length null', data: 'content' } }),
  'of itself': having({ 5: { entries: '/Length 5 0 R', data: 'content' } }), 'of each other': having({ 5: { entries: '/Length 6 0 R', data: 'content' }, 6: { entries: '/Length 5 0 R', data: 'content' } }), 'an object that is absent': having({ 5: { entries: '/Length 99 0 R', data: 'content' } }),
  'an object that is only a reference': having({ 6: '5 0 R' }), 'an object that refers to itself': having({ 5: { entries: '/Length 6 0 R', data: 'content' }, 6: '6 0 R' }), 'a carriage return alone': having({ 5: '<< /Length 1 >> stream\rx\nendstream' }), 'no dictionary': having({ 5: '[ /Length 1 ] stream\nx\nendstream' }),
  'no endobj': text((text) => text.replace('endstream\nendobj', 'endstream\nendxxx')), 'something behind it': having({ 5: '<< >> (x)' }),
})

broken('object streams that are none', {
  'two objects of one number': objectStream('1 0 1 3', '(a (b)', 2), 'not in order': objectStream('6 4 7 0', '(a) (b)', 2), 'less than its N': objectStream('6 0', '(a)', 2), 'more than one object in a place': objectStream('6 0', '(a) (b)', 1),
  'another number': objectStream('7 0', '(a)', 1), 'a stream in it': objectStream('6 0', '<< /Length 1 >> stream\nx\nendstream', 1), 'an offset behind its end': objectStream('6 99', '(a)', 1), 'a First behind its end': objectStream('6 0', '(a)', 1, '/First 99'),
  'an N that is none': objectStream('6 0', '(a)', 1, '/N -1'), 'no Type': objectStream('6 0', '(a)', 1, '/Type /Other'), 'an index behind its N': objectStream('6 0', '(a)', 1, '', { stream: 8, index: 1 }), 'an index of another object': objectStream('7 0 6 4', '(a) (b)', 2),
  'in itself': inside({ 8: { stream: 8, index: 0 } }), 'in another object stream': inside({ 8: { stream: 9, index: 0 }, 9: { stream: 8, index: 0 } }), 'in no stream at all': inside({ 6: { stream: 1, index: 0 } }), 'in one that is absent': inside({ 6: { stream: 77, index: 0 } }),
  'behind a filter that is in it': objectStream('6 0', '/FlateDecode', 1, '/Filter 6 0 R'),
  'another generation': makePdf({ ...pagesOf('x'), 1: '<< /Type /Catalog /Pages 2 0 R /Version 2 1 R >>' }, { xref: 'stream', compressed: [2] }),
})

function objectStream (head: string, body: string, count: number, entries = '', place = { stream: 8, index: 0 }): Buffer {
  const usual = ['/Type /ObjStm', `/N ${count}`, `/First ${head.length + 1}`].filter((entry) => entries.split(' ')[0] !== entry.split(' ')[0])
  const all = [...usual, entries].join(' ')
  const stream = all.includes('/Filter') ? { entries: all, data: `${head} ${body}` } : flate(`${head} ${body}`, all)
  return pdfWriter().raw('%PDF-1.7\n').objects(pagesOf('x')).object(8, stream).list(6, place).stream(9).bytes()
}

function inside (places: Record<number, { stream: number, index: number }>): Buffer {
  const writer = pdfWriter().raw('%PDF-1.7\n').objects(pagesOf('x')).objectStream(8, { 6: '(a)' })
  for (const [number, place] of Object.entries(places)) writer.list(Number(number), place)
  return writer.stream(10).bytes()
}

broken('cross-reference streams that are none', {
  'no W': xrefStream('/Index [0 1]'), 'a W of two': xrefStream('/W [1 2]'), 'a W of nothing': xrefStream('/W [0 0 0]'), 'a negative W': xrefStream('/W [1 -2 1]'), 'a wide W': xrefStream('/W [1 8 1]'), 'an Index of three': xrefStream('/W [1 4 2] /Index [0 1 2]'),
  'an Index longer than its data': xrefStream('/W [1 4 2] /Index [0 4000000]'), 'an object listed twice': xrefStream('/W [1 4 2] /Index [0 1 0 1]'), 'a reference': xrefStream('/W 3 0 R'), 'an entry of another kind': xrefStream('/W [1 4 2] /Index [0 1]', '\x03'),
  'a length elsewhere': xrefStream('/W [1 4 2] /Index [0 1] /Length 3 0 R'), 'another type': xrefStream('/W [1 4 2] /Index [0 1]', '\0', '/Other'), 'no Flate': xrefStream('/W [1 4 2] /Index [0 1] /Filter /FlateDecode'), 'no Index and no Size': xrefStream('/W [1 4 2]'),
})

function xrefStream (entries: string, first = '\0', type = '/XRef'): Buffer {
  const writer = pdfWriter().raw('%PDF-1.7\n').objects(pagesOf('x'))
  const from = writer.length
  return writer.object(6, { entries: `/Type ${type} ${entries} /Root 1 0 R`, data: `${first}${'\0'.repeat(13)}` }).raw(`startxref\n${from}\n%%EOF\n`).bytes()
}

broken('a linearised file whose length is right and whose first section is another', {
  'a decoy behind the dictionary': decoyLinearised(),
})

/** Viewers that believe the dictionary would start at the section behind it, others at the last `startxref`. */
function decoyLinearised (): Buffer {
  const make = (length: number) => {
    const head = pdfWriter().raw('%PDF-1.7\n').object(9, `<< /Linearized 1 /L ${String(length).padStart(10, '0')} >>`)
    const decoy = pdfWriter(head.bytes()).object(1, '<< /Type /Catalog /Pages 2 0 R /Decoy true >>').table({ size: 10 }).bytes()
    return pdfWriter(decoy).objects(pagesOf('x')).table({ size: 10 }).bytes()
  }
  return make(make(0).length)
}

t.test('encrypted files say so, of whatever kind', async (t) => {
  for (const bits of ['40', '128', '256']) {
    const options = bits === '256' ? [] : ['--allow-weak-crypto']
    t.match(fault(qpdf(pdf, ...options, '--encrypt', '', 'owner', bits, '--')), /^PDF_ENCRYPTED/, bits)
    if (bits === '256') t.match(fault(qpdf(pdf, '--object-streams=generate', '--encrypt', 'user', 'owner', bits, '--')), /^PDF_ENCRYPTED/)
  }
  const encrypted = text((text) => text.replace('/Root', '/Encrypt 3 0 R /Root'))
  t.match(fault(updateOf(encrypted, { 6: '(six)' })), /^PDF_ENCRYPTED/, 'also by an older trailer')
})

t.test('a file cut off at any byte is broken or, before its line end, read', async (t) => {
  for (const [form, bytes] of [['table', pdf], ['compressed', compressed], ...formsOf(pdf), ['updated', updateOf(compressed, { 1: '<< /Type /Catalog /Pages 2 0 R /X 1 >>' })]] as [string, Buffer][]) {
    const [source, budget] = [bytesSource(bytes), new Budget()]
    const ends = new Set(revisionEnds(source, budget).flatMap((end) => [end, end - 1]))
    const odd = Array.from({ length: bytes.length + 1 }, (_, length) => length).filter((length) => fault(bytes.subarray(0, length)).startsWith('PDF_BROKEN') === ends.has(length))
    t.strictSame(odd, [], form)
  }
})

t.test('a file is never read behind the end of its revision', async (t) => {
  const updated = updateOf(pdf, { 5: '(five)' })
  for (let end = 0; end <= pdf.length; end++) {
    const outcome = faultOf(() => openRevision(bytesSource(updated), end, new Budget()).get(new PdfRef(5, 0)))
    t.equal(outcome.startsWith('PDF_BROKEN'), end < pdf.length - 1, `${end}`)
  }
})
