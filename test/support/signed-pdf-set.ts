/** A set of signed PDFs by several independent programs, and by ours, over documents of several producers, and copies of them that were altered. Made anew in every run. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import PDFDocument from 'pdfkit'

import { signPdf } from '../../src/pdf/sign/sign.ts'
import { createPdfWorkers } from '../../src/pdf/workers.ts'
import { signerFromKey } from '../../src/trust/signers/key.ts'
import { makeNss, needsPrograms, p12Of, signWithMutool, signWithSignpdf, type PdfPki } from './signed-pdf.ts'

/** A signed file and who made it. */
export type SignedFile = { name: string, bytes: Buffer }

const JARS = ['pdfbox2', 'fontbox2', 'xmpbox', 'itext5', 'bcprov', 'bcpkix', 'bcutil', 'commons-logging'].map((name) => `/usr/share/java/${name}.jar`)

/** The whole set. Java starts once; what it can make is listed in SignedPdfs.java. */
export async function makeSignedSet (t: { teardown (end: () => unknown): void }, pki: PdfPki): Promise<SignedFile[]> {
  const bases = await makeBases()
  const base = (name: string) => bases.get(name)!
  const nss = makeNss(t, pki)
  const [leader, ofAscii] = [p12Of(pki.leader, [pki.sub], 'leader'), p12Of(pki.ofAscii, [pki.asciiSub], 'leader')]
  const signedByNss = nss.sign(base('pdfkit'), { reason: 'Phê duyệt' })
  const files = [
    ...[...bases].map(([name, bytes]) => ({ name: `nss on ${name}`, bytes: nss.sign(bytes) })),
    { name: 'nss leader and agency', bytes: nss.sign(signedByNss, { nick: 'agency', field: 'Agency' }) },
    { name: 'nss empty field', bytes: nss.sign(base('empty field'), { into: 'S1' }) },
    { name: 'mutool empty field', bytes: signWithMutool(base('empty field'), leader, EMPTY_FIELD) },
    { name: 'signpdf pkcs7', bytes: await signWithSignpdf(base('pdfkit'), ofAscii) },
    { name: 'signpdf cades', bytes: await signWithSignpdf(base('pdfkit'), ofAscii, { subFilter: 'ETSI.CAdES.detached', rect: [350, 600, 500, 650] }) },
    { name: 'signpdf under a CA with a Vietnamese name', bytes: await signWithSignpdf(base('pdfkit'), leader) },
    ...makeWithJava(pki, bases),
  ]
  const others = ['nss on pdfkit', 'signpdf pkcs7', 'pdfbox cades', 'pdfbox certified P2, filled', 'itext long-term'].map((name) => files.find((file) => file.name === name)!)
  return [...files, ...await makeWithOurs(pki, [...[...bases].map(([name, bytes]) => ({ name: `ours on ${name}`, bytes })), ...others.map(({ name, bytes }) => ({ name: `ours behind ${name}`, bytes }))])]
}

/** Signed by the gateway itself, alone or behind others. */
async function makeWithOurs ({ agency, sub }: PdfPki, files: readonly SignedFile[]): Promise<SignedFile[]> {
  await using workers = createPdfWorkers({ threads: 1 })
  const signer = signerFromKey(agency.keys.privateKey, [agency.certificate, sub.certificate])
  const made: SignedFile[] = []
  for (const { name, bytes } of files) {
    const { increment } = await signPdf({ bytes }, { as: 'annex', number: '12/QĐ-UBND', time: new Date() }, signer, workers)
    made.push({ name, bytes: Buffer.concat([bytes, increment]) })
  }
  return made
}

/** Unsigned documents of several producers, by name. */
export async function makeBases (): Promise<Map<string, Buffer>> {
  const pdfkit = await makeWithPdfkit()
  return inFolder((folder) => {
    const path = (name: string) => join(folder, name)
    const made = (name: string, program: string, args: string[]) => {
      const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8', cwd: folder, timeout: 120_000 })
      // qpdf ends with 3 when it only warns
      if (error || (status !== 0 && !(program === 'qpdf' && status === 3))) throw new Error(`${program}: ${error?.message ?? ''}${stderr}`)
      return [name, readFileSync(path('out.pdf'))] as const
    }
    writeFileSync(path('in.pdf'), pdfkit)
    writeFileSync(path('in.html'), '<!doctype html><meta charset="utf-8"><h1>Quyết định</h1><p>Căn cứ Luật Tổ chức chính quyền địa phương</p>')
    return new Map<string, Buffer>([
      ['pdfkit', pdfkit],
      ['empty field', makeWithEmptyField()],
      made('ghostscript', 'gs', ['-q', '-sDEVICE=pdfwrite', '-o', 'out.pdf', '-c', '/Helvetica 20 selectfont 80 700 moveto (Quyet dinh) show showpage']),
      made('qpdf linearised', 'qpdf', ['--linearize', 'in.pdf', 'out.pdf']),
      made('qpdf object streams', 'qpdf', ['--object-streams=generate', 'in.pdf', 'out.pdf']),
      made('qpdf linearised object streams', 'qpdf', ['--linearize', '--object-streams=generate', 'in.pdf', 'out.pdf']),
      made('qpdf 1.4', 'qpdf', ['--object-streams=disable', '--force-version=1.4', 'in.pdf', 'out.pdf']),
      made('qpdf 2.0', 'qpdf', ['--force-version=2.0', 'in.pdf', 'out.pdf']),
      made('mutool', 'mutool', ['clean', '-gggg', '-z', 'in.pdf', 'out.pdf']),
      // No Debian package that the tests ask for
      ...needsPrograms('chromium').skip ? [] : [made('chromium', 'chromium', ['--headless', '--no-sandbox', '--disable-gpu', `--user-data-dir=${path('profile')}`, `--print-to-pdf=${path('out.pdf')}`, '--no-pdf-header-footer', path('in.html')])],
    ])
  })
}

async function makeWithPdfkit (): Promise<Buffer> {
  const document = new PDFDocument({ size: 'A4', info: { Title: 'Quyet dinh' } })
  const chunks: Buffer[] = []
  document.on('data', (chunk: Buffer) => chunks.push(chunk))
  const ended = new Promise((resolve) => { document.on('end', resolve) })
  document.fontSize(20).text('QUYET DINH').fontSize(12).text('So tien: 1 000 000 VND').addPage().text('Noi nhan')
  document.end()
  await ended
  return Buffer.concat(chunks)
}

/** Object number of the field in the document below. */
const EMPTY_FIELD = 6

/** A document that waits for a signature in its field S1, written by hand. */
function makeWithEmptyField (): Buffer {
  const content = 'BT /F 20 Tf 100 700 Td (Quyet dinh) Tj ET'
  const objects = [
    `<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[${EMPTY_FIELD} 0 R]/SigFlags 1>>>>`, '<</Type/Pages/Kids[3 0 R]/Count 1>>',
    `<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F 5 0 R>>>>/Contents 4 0 R/Annots[${EMPTY_FIELD} 0 R]>>`,
    `<</Length ${content.length}>>\nstream\n${content}\nendstream`, '<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>',
    '<</Type/Annot/Subtype/Widget/FT/Sig/T(S1)/Rect[100 100 300 160]/P 3 0 R/F 132>>',
  ]
  let text = '%PDF-1.7\n%\xe2\xe3\xcf\xd3\n'
  const offsets = objects.map((object, index) => {
    const offset = text.length
    text += `${index + 1} 0 obj\n${object}\nendobj\n`
    return offset
  })
  const xref = text.length
  text += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('')}`
  return Buffer.from(`${text}trailer\n<</Size ${objects.length + 1}/Root 1 0 R>>\nstartxref\n${xref}\n%%EOF\n`, 'latin1')
}

function makeWithJava (pki: PdfPki, bases: ReadonlyMap<string, Buffer>): SignedFile[] {
  return inFolder((folder) => {
    for (const part of ['base', 'out']) mkdirSync(join(folder, part))
    for (const [name, bytes] of bases) writeFileSync(join(folder, 'base', `${name}.pdf`), bytes)
    for (const [index, crl] of pki.crls.entries()) writeFileSync(join(folder, `${index}.crl`), crl)
    for (const name of ['leader', 'agency', 'ec', 'tsa'] as const) writeFileSync(join(folder, `${name}.p12`), p12Of(pki[name], name === 'tsa' ? [] : [pki.sub], name))
    const { status, stderr, error } = spawnSync('java', ['-Xmx512m', '-XX:TieredStopAtLevel=1', '-cp', JARS.join(':'), join(import.meta.dirname, 'SignedPdfs.java'), folder], { encoding: 'utf8' })
    if (status !== 0) throw new Error(`java: ${error?.message ?? ''}${stderr}`)
    return readdirSync(join(folder, 'out')).sort().map((file) => ({ name: file.replace(/\.pdf$/, ''), bytes: readFileSync(join(folder, 'out', file)) }))
  })
}

function inFolder<T> (use: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'lienthong-pdf-set-'))
  try {
    return use(folder)
  } finally {
    rmSync(folder, { recursive: true, maxRetries: 5 })
  }
}
