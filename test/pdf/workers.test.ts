/** PDFs examined in threads: a thread ends with the file that takes too long, and nothing else does. */
import t from 'tap'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { examinePdf } from '../../src/pdf/examine.ts'
import { bytesSource } from '../../src/pdf/source.ts'
import { createPdfWorkers } from '../../src/pdf/workers.ts'
import { flate, makePdf, pagesOf, spinningPdf } from '../support/pdf.ts'

const TIME = new Date('2026-11-22T00:00:00Z')

const spinning = spinningPdf()

t.test('what comes back from a thread is what the examination says, of bytes and of files', async (t) => {
  const workers = createPdfWorkers({ threads: 1 })
  t.teardown(() => workers[Symbol.asyncDispose]())
  const pdf = makePdf()
  const path = join(t.testdir(), 'a.pdf')
  writeFileSync(path, pdf)
  const larger = Buffer.concat([Buffer.alloc(100), pdf, Buffer.alloc(100)])
  const view = larger.subarray(100, 100 + pdf.length)
  t.strictSame(await workers.examine({ bytes: view }), examinePdf(bytesSource(pdf)))
  t.equal(view.length, pdf.length, 'the caller keeps his bytes')
  t.strictSame(await workers.examine({ path }), examinePdf(bytesSource(pdf)))
  t.match(await workers.examine({ bytes: Buffer.from('%PDF-1.7\nnothing') }), { kind: 'unreadable', findings: [{ code: 'PDF_BROKEN' }] })
})

t.test('a file that takes too long ends its thread, and the others are examined all the same', async (t) => {
  const workers = createPdfWorkers({ threads: 1, limitMs: 1500 })
  t.teardown(() => workers[Symbol.asyncDispose]())
  const others = [workers.examine({ bytes: spinning }), ...[1, 2, 3].map(() => workers.examine({ bytes: makePdf() }))]
  const [spun, ...examined] = await Promise.all(others)
  t.match(spun, { kind: 'unreadable', findings: [{ code: 'PDF_TOO_COMPLEX', detail: 'more than 1500 ms' }] })
  t.strictSame(examined.map(({ kind }) => kind), ['read', 'read', 'read'], 'their time counts from when a thread is free')
  const request = { as: 'document' as const, time: TIME, appearance: makePdf(), reserved: 8192, algorithm: 'sha256' as const, name: undefined, reason: undefined, location: undefined, contact: undefined, field: undefined, at: undefined }
  t.match(await workers.prepareSignature({ bytes: makePdf() }, request), { kind: /prepared|refused/ }, 'files are made ready there too')
})

t.test('files that have their time together are examined while there is some left', async (t) => {
  const workers = createPdfWorkers({ threads: 1 })
  t.teardown(() => workers[Symbol.asyncDispose]())
  const allowance = { leftMs: 1500 }
  t.equal((await workers.examine({ bytes: makePdf() }, allowance)).kind, 'read')
  t.ok(allowance.leftMs > 0 && allowance.leftMs < 1500)
  t.match(await workers.examine({ bytes: spinning }, allowance), { kind: 'unreadable', findings: [{ code: 'PDF_TOO_COMPLEX', detail: /^more than 1\d{3} ms$/ }] })
  t.ok(allowance.leftMs < 20, String(allowance.leftMs)) // timers count in whole milliseconds
})

t.test('many bombs at once leave the threads as they were', async (t) => {
  const workers = createPdfWorkers({ threads: 2 })
  t.teardown(() => workers[Symbol.asyncDispose]())
  const objects = { ...pagesOf('Nổ'), 1: '<< /Type /Catalog /Pages 2 0 R /AcroForm 10 0 R >>' }
  const bomb = Buffer.from(makePdf({ ...objects, 12: flate(Buffer.alloc(80 * 1024 * 1024)) }, { xref: 'stream' }))
  const nested = makePdf({ ...objects, 10: `<< /Fields ${'['.repeat(100_000)} >>` })
  const found = await Promise.all([bomb, nested, bomb, nested, makePdf()].map((bytes) => workers.examine({ bytes })))
  t.equal(found.at(-1)?.kind, 'read')
  t.match(found[1], { kind: 'unreadable' })
})

t.test('a thread that cannot be started is reported, and its file is no fault of the file\'s', async (t) => {
  const tasks = join(t.testdir({ 'broken.ts': `throw new Error('no memory for a thread')` }), 'broken.ts')
  const errors: Error[] = []
  const workers = createPdfWorkers({ threads: 2, tasks, onError: (error) => errors.push(error) })
  t.teardown(() => workers[Symbol.asyncDispose]())
  const results = await Promise.allSettled([1, 2, 3, 4].map(() => workers.examine({ bytes: makePdf() })))
  for (const result of results) t.match(result, { status: 'rejected', reason: { message: /no thread/, cause: { cause: { message: 'no memory for a thread' } } } })
  t.ok(errors.length >= 2 && errors.every(({ message }) => message === 'no memory for a thread'))
})

t.test('once closed, the threads are gone, and nobody waits for one', async (t) => {
  const workers = createPdfWorkers({ threads: 1 })
  await workers.examine({ bytes: makePdf() })
  const running = workers.examine({ bytes: spinning })
  const waiting = workers.examine({ bytes: makePdf() })
  const settled = Promise.allSettled([running, waiting])
  await workers[Symbol.asyncDispose]()
  t.strictSame((await settled).map(({ status }) => status), ['rejected', 'rejected'])
  await t.rejects(workers.examine({ bytes: makePdf() }), /closed/)
  t.strictSame(process.getActiveResourcesInfo().filter((name) => /Worker|MessagePort/.test(name)), [])
})
