/** Files of honest producers say to this reader what they say to qpdf, MuPDF and poppler. */
import t from 'tap'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { Budget } from '../../../src/pdf/reader/budget.ts'
import { PdfName, PdfRef, PdfStream, PdfString, type PdfObject } from '../../../src/pdf/reader/objects.ts'
import { openRevision, revisionEnds } from '../../../src/pdf/reader/revision.ts'
import { strayBytes } from '../../../src/pdf/reader/stray.ts'
import { bytesSource } from '../../../src/pdf/source.ts'
import { formsOf, makePdf, pagesOf, updateOf } from '../../support/pdf.ts'
import { makeBases } from '../../support/signed-pdf-set.ts'
import { objectsOf, open } from './read.ts'

const dir = mkdtempSync(join(tmpdir(), 'lienthong-agreement-'))
t.teardown(() => { rmSync(dir, { recursive: true }) })
const file = join(dir, 'it.pdf')

/** What another program prints of a file; it may warn, but not fail. */
function says (pdf: Buffer, program: string, ...args: string[]): string {
  writeFileSync(file, pdf)
  const { status, stdout, stderr, error } = spawnSync(program, args.map((arg) => arg === '*' ? file : arg), { encoding: 'utf8', maxBuffer: 1 << 28 })
  if (error || (status !== 0 && status !== 3)) throw new Error(`${program}: ${error?.message ?? stderr}`)
  return stdout
}

/** An object as `qpdf --json=2` writes it; strings in hexadecimal digits. */
function asQpdf (object: PdfObject): unknown {
  if (object instanceof PdfName) return `/${object.value}`
  if (object instanceof PdfString) return `b:${object.bytes.toString('hex')}`
  if (object instanceof PdfRef) return `${object.number} ${object.generation} R`
  if (object instanceof PdfStream) return { stream: { dict: asQpdf(object.dict) } }
  if (object instanceof Map) return Object.fromEntries([...object].filter(([, value]) => value !== null).map(([key, value]) => [`/${key}`, asQpdf(value)]))
  return Array.isArray(object) ? object.map((item: PdfObject) => asQpdf(item)) : object
}

/** Strings that qpdf took for text become bytes again. */
function bytewise (value: unknown): unknown {
  if (typeof value === 'string' && value.startsWith('u:')) return [`b:${Buffer.from(value.slice(2), 'latin1').toString('hex')}`, `b:feff${Buffer.from(value.slice(2), 'utf16le').swap16().toString('hex')}`]
  if (Array.isArray(value)) return value.map(bytewise)
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, bytewise(inner)])) : value
}

/** Whether ours is what qpdf says, where a text may be written in two ways. */
function isSame (ours: unknown, theirs: unknown): boolean {
  if (typeof ours === 'string' && Array.isArray(theirs)) return theirs.includes(ours)
  if (typeof ours !== 'object' || ours === null || typeof theirs !== 'object' || theirs === null) return ours === theirs
  const [one, other] = [Object.entries(ours), theirs as Record<string, unknown>]
  return one.length === Object.keys(other).length && one.every(([key, value]) => isSame(value, other[key]))
}

function objectsByQpdf (pdf: Buffer): Map<number, unknown> {
  const { qpdf: [, objects] } = JSON.parse(says(pdf, 'qpdf', '--json=2', '--json-key=qpdf', '--json-stream-data=none', '*')) as { qpdf: [unknown, Record<string, { value?: unknown, stream?: unknown }>] }
  return new Map(Object.entries(objects).flatMap(([key, object]) => {
    const number = /^obj:(\d+) /.exec(key)?.[1]
    return number === undefined ? [] : [[Number(number), bytewise('value' in object ? object.value : object)]]
  }))
}

function pagesByUs (pdf: Buffer): number {
  const { resolve, catalog } = open(pdf)
  const pages = resolve(catalog.get('Pages'))
  return resolve((pages as Map<string, PdfObject>).get('Count')) as number
}

/** Objects that exist for the file's own order, which qpdf leaves out or counts otherwise. */
const isStructure = (object: PdfObject): boolean => object instanceof PdfStream && ['XRef', 'ObjStm'].includes((object.dict.get('Type') as PdfName | undefined)?.value ?? '')

const plain = makePdf({ ...pagesOf('one', 'two'), 20: '<< /R 0.50 /I -3 /S (a\\)b) /H <FEFF1EA1> /N /A#20B /Z null /D << /E [1 2 R 3 0 R] >> >>' })
const files = new Map([...await makeBases(), ...formsOf(plain), ['an update', updateOf(plain, { 20: '(new)', 21: '(newer)' })], ['a compressed update', updateOf(plain, { 20: '(new)', 21: '(newer)' }, { xref: 'stream', compressed: [20, 21] })]])

for (const [name, pdf] of files) {
  t.test(`${name}: every object is what qpdf reads, and the pages are as many as for MuPDF and poppler`, async (t) => {
    const ours = new Map([...objectsOf(open(pdf))].filter(([, object]) => !isStructure(object)))
    const theirs = objectsByQpdf(pdf)
    t.ok(ours.size > 4)
    // A real number is the same however many places it is written with
    const numbers = (value: unknown) => JSON.parse(JSON.stringify(value)) as unknown
    const different = [...ours].filter(([number, object]) => object !== null && !isSame(numbers(asQpdf(object)), numbers(theirs.get(number))))
    t.strictSame(different.map(([number, object]) => ({ number, ours: asQpdf(object), theirs: theirs.get(number) })), [])
    t.equal(pagesByUs(pdf), Number(says(pdf, 'qpdf', '--show-npages', '*')))
    t.equal(pagesByUs(pdf), Number(/^Pages: *(\d+)$/m.exec(says(pdf, 'pdfinfo', '*'))?.[1]))
    t.equal(pagesByUs(pdf), Number(/\/Count (\d+)/.exec(says(pdf, 'mutool', 'show', '*', 'trailer/Root/Pages'))?.[1]))
    t.equal(open(pdf).version, /^PDF version: *([\d.]+)$/m.exec(says(pdf, 'pdfinfo', '*'))?.[1])
  })

  t.test(`${name}: no byte of it is stray`, async (t) => {
    const [source, budget] = [bytesSource(pdf), new Budget()]
    for (const end of revisionEnds(source, budget)) t.equal(strayBytes(openRevision(source, end, budget)), undefined)
  })
}
