/**
 * PDFs written byte by byte, for whoever needs to say exactly what stands in a file: objects, cross-reference sections of every form, updates, and all
 * the lies. `makePdf` and `updateOf` do what is usual; `pdfWriter` does what it is told. qpdf makes other forms of the same document.
 */
import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deflateSync } from 'node:zlib'

/** What stands between `obj` and `endobj`; of a stream the entries of its dictionary but Length, and its data. */
export type Body = string | { entries?: string, data: string | Uint8Array }
export type Objects = Record<number, Body>

type Section = {
  /** Entries of the trailer but Size and Prev */
  trailer?: string
  size?: number
  prev?: number
  /** Numbers that become free */
  free?: readonly number[]
  /** What `startxref` says; false writes neither it nor the marker */
  startxref?: number | false
}

const bytesOf = (data: string | Uint8Array): Buffer => typeof data === 'string' ? Buffer.from(data, 'latin1') : Buffer.from(data)

/** A stream's text: `data` behind Flate, with what must stand in its dictionary. */
export function flate (data: string | Uint8Array, entries = ''): Body {
  return { entries: `${entries} /Filter /FlateDecode`, data: deflateSync(bytesOf(data)) }
}

/** Writes a PDF, or behind one, in the order it is told; text is latin1. */
export function pdfWriter (before: Uint8Array = Buffer.alloc(0)) {
  const parts: Buffer[] = [Buffer.from(before)]
  let length = before.length
  /** Of the section that comes next: offset, or stream and index, by number */
  let places = new Map<number, { offset: number, generation: number } | { stream: number, index: number }>()

  const writer = {
    get length () { return length },
    bytes: (): Buffer => Buffer.concat(parts),

    raw (text: string | Uint8Array) {
      const bytes = bytesOf(text)
      parts.push(bytes)
      length += bytes.length
      return writer
    },

    /** Lists an object where something else stands, or nothing. */
    list (number: number, place: { offset: number, generation?: number } | { stream: number, index: number }) {
      places.set(number, 'offset' in place ? { generation: 0, ...place } : place)
      return writer
    },

    object (number: number, body: Body, generation = 0) {
      writer.list(number, { offset: length, generation })
      if (typeof body === 'string') return writer.raw(`${number} ${generation} obj\n${body}\nendobj\n`)
      const data = bytesOf(body.data)
      const entries = body.entries?.includes('/Length ') ? body.entries : `${body.entries ?? ''} /Length ${data.length}`
      return writer.raw(`${number} ${generation} obj\n<<${entries} >>\nstream\n`).raw(data).raw('\nendstream\nendobj\n')
    },

    objects (objects: Objects) {
      for (const [number, body] of Object.entries(objects)) writer.object(Number(number), body)
      return writer
    },

    /** An object stream, and the entries of what is in it. */
    objectStream (number: number, objects: Record<number, string>, entries = '') {
      const texts = Object.values(objects)
      const head = Object.keys(objects).map((inner, index) => `${inner} ${texts.slice(0, index).join(' ').length + Number(index > 0)}`).join(' ')
      Object.keys(objects).forEach((inner, index) => writer.list(Number(inner), { stream: number, index }))
      return writer.object(number, flate(`${head} ${texts.join(' ')}`, `/Type /ObjStm /N ${texts.length} /First ${head.length + 1} ${entries}`))
    },

    /** A table of everything since the last section, its trailer and the marker. */
    table ({ trailer = '/Root 1 0 R', size, prev, free = [], startxref }: Section = {}) {
      const from = length
      const lines = new Map(free.map((number) => [number, '0000000000 00001 f \n']))
      for (const [number, place] of places) if ('offset' in place) lines.set(number, `${pad(place.offset, 10)} ${pad(place.generation, 5)} n \n`)
      if (prev === undefined) lines.set(0, '0000000000 65535 f \n')
      writer.raw('xref\n')
      for (const run of runsOf([...lines.keys()])) writer.raw(`${run[0]} ${run.length}\n${run.map((number) => lines.get(number)).join('')}`)
      writer.raw(`trailer\n<<${trailer} /Size ${size ?? highestOf(lines.keys()) + 1}${prev === undefined ? '' : ` /Prev ${prev}`} >>\n`)
      return marker(from, startxref)
    },

    /** A cross-reference stream of everything since the last section, and the marker. */
    stream (number: number, { trailer = '/Root 1 0 R', size, prev, free = [], startxref }: Section = {}) {
      const from = length
      const rows = new Map(free.map((number) => [number, [0, 0, 1]]))
      for (const [inner, place] of places) rows.set(inner, 'offset' in place ? [1, place.offset, place.generation] : [2, place.stream, place.index])
      rows.set(number, [1, from, 0])
      if (prev === undefined) rows.set(0, [0, 0, 65_535])
      const runs = runsOf([...rows.keys()])
      const data = Buffer.concat(runs.flat().map((number) => {
        const [kind, place, detail] = rows.get(number) as [number, number, number]
        const row = Buffer.alloc(7)
        row.writeUInt8(kind)
        row.writeUInt32BE(place, 1)
        row.writeUInt16BE(detail, 5)
        return row
      }))
      const index = runs.map((run) => `${run[0]} ${run.length}`).join(' ')
      writer.object(number, flate(data, `/Type /XRef /W [1 4 2] /Index [${index}] ${trailer} /Size ${size ?? highestOf(rows.keys()) + 1}${prev === undefined ? '' : ` /Prev ${prev}`}`))
      return marker(from, startxref)
    },
  }

  function marker (from: number, startxref: number | false | undefined) {
    places = new Map()
    return startxref === false ? writer : writer.raw(`startxref\n${startxref ?? from}\n%%EOF\n`)
  }

  return writer
}

const pad = (number: number, width: number): string => String(number).padStart(width, '0')

const highestOf = (numbers: Iterable<number>): number => [...numbers].reduce((highest, number) => Math.max(highest, number), 0)

function runsOf (numbers: readonly number[]): number[][] {
  return numbers.toSorted((one, other) => one - other).reduce<number[][]>((runs, number) => {
    if (runs.at(-1)?.at(-1) === number - 1) runs.at(-1)!.push(number)
    else runs.push([number])
    return runs
  }, [])
}

/** Where the last section of a file begins. */
export function startxrefOf (pdf: Uint8Array): number {
  const text = Buffer.from(pdf).toString('latin1')
  return Number(/startxref\s+(\d+)/.exec(text.slice(text.lastIndexOf('startxref')))?.[1])
}

/** A document of one page for each text: catalog 1, pages 2, font 3, then page and content in turn. */
export function pagesOf (...texts: string[]): Objects {
  const kids = texts.map((_, index) => `${4 + 2 * index} 0 R`)
  const objects: Objects = {
    1: '<< /Type /Catalog /Pages 2 0 R >>',
    2: `<< /Type /Pages /Kids [${kids.join(' ')}] /Count ${kids.length} >>`,
    3: '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>',
  }
  texts.forEach((text, index) => {
    objects[4 + 2 * index] = `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> /Contents ${5 + 2 * index} 0 R >>`
    objects[5 + 2 * index] = { data: `BT /F1 24 Tf 72 720 Td (${text}) Tj ET` }
  })
  return objects
}

export type XrefForm = 'table' | 'stream'
type Form = {
  xref?: XrefForm
  /** Numbers that go into an object stream; with `stream` only */
  compressed?: readonly number[]
}

/** A whole file with these objects; object 1 is its catalog. */
export function makePdf (objects: Objects = pagesOf('Hello'), { version = '1.7', trailer, ...form }: Form & { version?: string, trailer?: string } = {}): Buffer {
  return written(pdfWriter().raw(`%PDF-${version}\n%\xe2\xe3\xcf\xd3\n`), objects, form, trailer === undefined ? {} : { trailer })
}

/** The file with an incremental update behind it. Root, Info and ID are taken over, Prev and Size are right, unless something else is said. */
export function updateOf (pdf: Uint8Array, objects: Objects, { trailer, size, prev, free, startxref, ...form }: Form & Section = {}): Buffer {
  const at = startxrefOf(pdf)
  const text = Buffer.from(pdf).toString('latin1', at)
  const before = text.slice(text.search(/trailer|obj/))
  const kept = /\/Root\s+\d+ \d+ R/.exec(before)?.[0] + [/\/Info\s+\d+ \d+ R/, /\/ID\s*\[[^\]]*\]/].map((pattern) => ` ${pattern.exec(before)?.[0] ?? ''}`).join('')
  const oldSize = Number(/\/Size\s+(\d+)/.exec(before)?.[1])
  return written(pdfWriter(pdf).raw(Buffer.from(pdf).at(-1) === 0x0a ? '' : '\n'), objects, form, {
    trailer: trailer ?? kept, prev: prev ?? at, ...(free && { free }), ...(startxref !== undefined && { startxref }),
  }, oldSize, size)
}

function written (writer: ReturnType<typeof pdfWriter>, objects: Objects, { xref = 'table', compressed = [] }: Form, section: Section, oldSize = 0, size?: number): Buffer {
  const inside = compressed.filter((number) => typeof objects[number] === 'string')
  let next = Math.max(oldSize, ...Object.keys(objects).map((number) => Number(number) + 1))
  for (const [number, body] of Object.entries(objects)) if (!inside.includes(Number(number))) writer.object(Number(number), body)
  if (inside.length > 0) writer.objectStream(next++, Object.fromEntries(inside.map((number) => [number, objects[number] as string])))
  if (xref === 'table') return writer.table({ ...section, size: size ?? next }).bytes()
  return writer.stream(next, { ...section, size: size ?? next + 1 }).bytes()
}

/** What qpdf makes of a PDF with these options. */
export function qpdf (pdf: Uint8Array, ...options: string[]): Buffer {
  const dir = mkdtempSync(join(tmpdir(), 'lienthong-qpdf-'))
  try {
    const file = join(dir, 'in.pdf')
    writeFileSync(file, pdf)
    return execFileSync('qpdf', [...options, '--warning-exit-0', file, '-'], { stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 1024 * 1024 * 1024 })
  } finally {
    rmSync(dir, { recursive: true })
  }
}

/** The same document in the forms and versions that a PDF may have, by their names. */
export function formsOf (pdf: Uint8Array): Map<string, Buffer> {
  return new Map([
    ['linearised', qpdf(pdf, '--linearize', '--object-streams=disable')],
    ['object streams', qpdf(pdf, '--object-streams=generate')],
    ['linearised with object streams', qpdf(pdf, '--linearize', '--object-streams=generate')],
    ...['1.4', '1.5', '1.6', '1.7', '2.0'].map((version) => [`version ${version}`, qpdf(pdf, `--force-version=${version}`, `--object-streams=${version === '1.4' ? 'disable' : 'generate'}`)] as [string, Buffer]),
  ])
}

/** Writes a file of so many pages and about so many bytes, of which only a page is ever in memory; what fills it are pictures. */
export function writeLargePdf (path: string, { pages, bytes }: { pages: number, bytes: number }): void {
  const file = openSync(path, 'w')
  const offsets: number[] = []
  let at = 0
  const write = (text: string | Buffer): void => { at += writeSync(file, bytesOf(text)) }
  const object = (number: number, body: string | Buffer[]): void => {
    offsets[number] = at
    write(`${number} 0 obj\n`)
    for (const part of typeof body === 'string' ? [Buffer.from(body)] : body) write(part)
    write('\nendobj\n')
  }
  const stream = (number: number, entries: string, data: Buffer): void => {
    object(number, [Buffer.from(`<<${entries} /Length ${data.length} >>\nstream\n`), data, Buffer.from('\nendstream')])
  }
  const side = Math.max(1, Math.floor(Math.sqrt(bytes / pages)))
  const picture = Buffer.alloc(side * side, 'a picture')
  const nodes = Math.ceil(pages / 100)
  const page = (index: number): number => 4 + nodes + 3 * index
  write('%PDF-1.7\n%\xe2\xe3\xcf\xd3\n')
  object(1, '<< /Type /Catalog /Pages 2 0 R >>')
  object(2, `<< /Type /Pages /Count ${pages} /Kids [${Array.from({ length: nodes }, (_, node) => `${4 + node} 0 R`).join(' ')}] >>`)
  object(3, '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>')
  for (let node = 0; node < nodes; node++) {
    const kids = Array.from({ length: Math.min(100, pages - 100 * node) }, (_, index) => `${page(100 * node + index)} 0 R`)
    object(4 + node, `<< /Type /Pages /Parent 2 0 R /Count ${kids.length} /Kids [${kids.join(' ')}] >>`)
  }
  for (let index = 0; index < pages; index++) {
    const number = page(index)
    const resources = `/Resources << /Font << /F1 3 0 R >> /XObject << /I ${number + 2} 0 R >> >>`
    object(number, `<< /Type /Page /Parent ${4 + Math.floor(index / 100)} 0 R /MediaBox [0 0 595 842] ${resources} /Contents ${number + 1} 0 R >>`)
    stream(number + 1, '', Buffer.from(`q 400 0 0 400 72 200 cm /I Do Q BT /F1 24 Tf 72 720 Td (Page ${index + 1}) Tj ET`))
    stream(number + 2, `/Type /XObject /Subtype /Image /Width ${side} /Height ${side} /ColorSpace /DeviceGray /BitsPerComponent 8`, picture)
  }
  const start = at
  write(`xref\n0 ${offsets.length}\n0000000000 65535 f \n`)
  for (let number = 1; number < offsets.length; number++) write(`${pad(offsets[number]!, 10)} 00000 n \n`)
  write(`trailer\n<< /Root 1 0 R /Size ${offsets.length} >>\nstartxref\n${start}\n%%EOF\n`)
  closeSync(file)
}

/** Some 10 KB that keep a reader busy for seconds: an annotation that stands on its page a million times, with a line of fields above it. */
export function spinningPdf (text = 'Quay'): Buffer {
  const objects = pagesOf(text)
  objects[4] = '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Annots 10 0 R >>'
  for (let field = 20; field < 45; field++) objects[field] = `<< /Parent ${field + 1} 0 R >>`
  objects[45] = '<< /FT /Tx >>'
  objects[10] = `[${'20 0 R '.repeat(900_000)}]`
  return makePdf(objects, { xref: 'stream', compressed: [10] })
}
