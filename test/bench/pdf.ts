/**
 * `npm run bench -- pdf`: PDFs of 100 KiB, 5 MiB and 200 MiB (5,000 pages) verified and signed, beside pdfsig in the same run, turn by turn. In our
 * process it goes as in the gateway: a thread examines the bytes, or the file where it is large. Memory is the peak of a fresh process on both sides.
 */
import { spawn, spawnSync } from 'node:child_process'
import { createHash, sign, verify } from 'node:crypto'
import { appendFileSync, closeSync, copyFileSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, statSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { judgePdf } from '../../src/pdf/judge.ts'
import { signPdf } from '../../src/pdf/sign/sign.ts'
import { createPdfWorkers, type PdfWorkers } from '../../src/pdf/workers.ts'
import { signerFromKey } from '../../src/trust/signers/key.ts'
import { writeLargePdf } from '../support/pdf.ts'
import { needsProc, verifyInProcess, writeTrust } from '../support/pdf-process.ts'
import { makeNss, makePdfPki, needsPrograms, type PdfPki } from '../support/signed-pdf.ts'
import { median } from './numbers.ts'

const ROUNDS = 5
/** `times`: so often in one round, so that a round takes long enough to be measured. */
const SIZES = [
  { name: '100 KiB', pages: 3, bytes: 100_000, times: 20, held: true },
  { name: '5 MiB', pages: 15, bytes: 5_200_000, times: 5, held: true },
  { name: '200 MiB', pages: 5000, bytes: 208_000_000, times: 1, held: false },
] as const

/** Of one figure in each round. */
type Series = { median: number, least: number, most: number }
const seriesOf = (values: readonly number[]): Series => ({ median: median(values), least: Math.min(...values), most: Math.max(...values) })

export type PdfFigures = Awaited<ReturnType<typeof measure>>

/** Prints the figures; 1 when a file was not judged valid by both. */
export async function benchPdf (json: boolean): Promise<number> {
  const skip = needsPrograms('pdfsig', 'certutil').skip || needsProc.skip
  if (skip) {
    console.log(skip)
    return 0
  }
  const ends: (() => unknown)[] = []
  try {
    const figures = await measure({ teardown: (end) => { ends.unshift(end) } }, json ? () => {} : (text) => { console.log(text) })
    console.log(json ? JSON.stringify(figures) : describe(figures))
    return figures.sizes.every(({ allValid }) => allValid) ? 0 : 1
  } finally {
    for (const end of ends) await end()
  }
}

async function measure (t: { teardown (end: () => unknown): void }, say: (text: string) => void) {
  const folder = mkdtempSync(join(tmpdir(), 'lienthong-bench-pdf-'))
  t.teardown(() => { rmSync(folder, { recursive: true }) })
  const pki = makePdfPki()
  const nss = makeNss(t, pki)
  const workers = createPdfWorkers({ threads: 1 })
  t.teardown(() => workers[Symbol.asyncDispose]())
  const trust = join(folder, 'trust.json')
  writeTrust(trust, pki)

  say(`Making the files, then ${ROUNDS} rounds of each size …`)
  writeLargePdf(join(folder, 'tiny.pdf'), { pages: 1, bytes: 100 })
  const start = await rounds(() => pdfsig(['-nssdir', nss.folder, join(folder, 'tiny.pdf')]))
  const node = await rounds(() => verifyInProcess())
  const sizes = []
  for (const size of SIZES) sizes.push(await measureSize(size, { folder, trust, pki, nss: nss.folder, workers }))
  return {
    machine: { cores: cpus().length, processor: cpus()[0]!.model.trim(), node: process.version, pdfsig: spawnSync('pdfsig', ['-v'], { encoding: 'utf8' }).stderr.split('\n')[0] ?? '' },
    rounds: ROUNDS, start: { pdfsig: start, node }, sizes,
  }
}

type World = { folder: string, trust: string, pki: PdfPki, nss: string, workers: PdfWorkers }

async function measureSize ({ name, pages, bytes, times, held }: typeof SIZES[number], { folder, trust, pki, nss, workers }: World) {
  const [plain, signed, out] = ['plain.pdf', 'signed.pdf', 'out.pdf'].map((file) => join(folder, file)) as [string, string, string]
  writeLargePdf(plain, { pages, bytes })
  const signer = signerFromKey(pki.agency.keys.privateKey, [pki.agency.certificate, pki.sub.certificate])
  // An attachment is in memory already when it is judged
  const inputOf = (path: string) => held ? { bytes: readFileSync(path) } : { path }
  const input = inputOf(plain)
  const signOurs = async () => {
    const { increment } = await signPdf(input, { as: 'annex', number: '12/QĐ-UBND', time: new Date() }, signer, workers)
    copyFileSync(plain, out)
    appendFileSync(out, increment)
  }
  await signOurs()
  copyFileSync(out, signed)
  let allValid = true
  const signedInput = inputOf(signed)
  const verifyOurs = async () => {
    const { result } = judgePdf(await workers.examine(signedInput), { trust: pki.trust, at: new Date() })
    allValid &&= result === 'valid'
  }
  const series = { verify: [] as number[], process: [] as number[], pdfsig: [] as number[], limit: [] as number[], cpu: [] as number[], pdfsigCpu: [] as number[], sign: [] as number[], pdfsigSign: [] as number[], memory: [] as number[], pdfsigMemory: [] as number[] }
  await verifyOurs()
  for (let round = 0; round < ROUNDS; round++) {
    series.limit.push(await each(times, () => limit(signed, pki)))
    const [own, ended] = [process.cpuUsage(), endedCpuMs()]
    series.verify.push(await each(times, verifyOurs))
    const { user, system } = process.cpuUsage(own)
    series.cpu.push((user + system) / 1000 / times)
    series.pdfsig.push(await each(times, async () => { allValid &&= (await pdfsig(['-nssdir', nss, '-no-ocsp', signed])).output.includes('Signature is Valid.') }))
    series.pdfsigCpu.push((endedCpuMs() - ended) / times)
    series.process.push(await each(Math.min(times, 5), async () => { allValid &&= (await verifyInProcess({ path: signed, trust })).result === 'valid' }))
    series.sign.push(await each(times, signOurs))
    series.pdfsigSign.push(await each(times, async () => { await pdfsig(['-nssdir', nss, '-add-signature', '-new-signature-field-name', 'B', '-nick', 'agency', plain, out]) }))
    series.memory.push((await verifyInProcess({ path: signed, trust })).peakKiB / 1024)
    series.pdfsigMemory.push((await pdfsig(['-nssdir', nss, '-no-ocsp', signed], true)).peakKiB / 1024)
  }
  return { name, bytes: statSync(signed).size, pages, allValid, ...Object.fromEntries(Object.entries(series).map(([key, values]) => [key, seriesOf(values)])) as { [key in keyof typeof series]: Series } }
}

/** Processor time of all children that have ended; Linux counts in hundredths of a second. */
function endedCpuMs (): number {
  const fields = readFileSync('/proc/self/stat', 'utf8').split(') ').at(-1)!.split(' ').map(Number)
  return (fields[13]! + fields[14]!) * 10
}

/** Milliseconds of one, of so many one after the other. */
async function each (times: number, work: () => unknown): Promise<number> {
  const start = performance.now()
  for (let time = 0; time < times; time++) await work()
  return (performance.now() - start) / times
}

async function rounds (work: () => Promise<{ peakKiB: number }>): Promise<{ ms: Series }> {
  const ms: number[] = []
  for (let round = 0; round < ROUNDS; round++) ms.push(await each(5, work))
  return { ms: seriesOf(ms) }
}

/** The least that a verifier must do: SHA-256 of the file, and three RSA signatures: the signer's, and those of his chain. */
function limit (path: string, { agency: { keys } }: PdfPki): void {
  const file = openSync(path, 'r')
  const hash = createHash('sha256')
  const piece = Buffer.allocUnsafe(1024 * 1024)
  for (let length; (length = readSync(file, piece)) > 0;) hash.update(piece.subarray(0, length))
  closeSync(file)
  const digest = hash.digest()
  known ??= { text: digest, value: sign('sha256', digest, keys.privateKey) }
  for (let count = 0; count < 3; count++) verify('sha256', known.text, keys.publicKey, known.value)
}

let known: { text: Buffer, value: Buffer } | undefined

/** Runs pdfsig. Its memory is looked at while it runs, which slows it down a little: not together with time. */
async function pdfsig (args: string[], isWatched = false): Promise<{ output: string, peakKiB: number }> {
  const running = spawn('pdfsig', args, { stdio: ['ignore', 'pipe', 'ignore'] })
  let output = ''
  let peakKiB = 0
  let hasEnded = false
  running.stdout.setEncoding('utf8').on('data', (text: string) => { output += text })
  const ended = new Promise<void>((resolve, reject) => { running.on('close', () => { hasEnded = true; resolve() }).on('error', reject) })
  while (isWatched && !hasEnded) {
    // The kernel's own mark of the highest: the last look tells all
    peakKiB = Math.max(peakKiB, Number(/VmHWM:\s*(\d+)/.exec(statusOf(running.pid!))?.[1] ?? 0))
    await new Promise((resolve) => { setImmediate(resolve) })
  }
  await ended
  return { output, peakKiB }
}

function statusOf (pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8')
  } catch {
    return '' // it has ended
  }
}

function describe ({ machine, rounds, start, sizes }: PdfFigures): string {
  const number = (value: number) => value >= 100 ? String(Math.round(value)) : value.toPrecision(3)
  const row = (name: string, { median, least, most }: Series, unit = 'ms', more = '') => `  ${name.padEnd(48)}${number(median)} ${unit}   (${number(least)} to ${number(most)})${more}`
  const perSecond = ({ median }: Series) => `   ${number(1000 / median)}/s`
  const ratio = (ours: Series, theirs: Series) => `   ${number(theirs.median / ours.median)} × as fast as pdfsig`
  return [
    `${machine.cores} × ${machine.processor}, Node ${machine.node}, ${machine.pdfsig}`,
    `Medians of ${rounds} rounds, turn by turn, least to most in brackets. "In the gateway": a thread examines, the main thread judges.`,
    '', 'START OF A PROCESS', row('pdfsig, of a PDF without a signature', start.pdfsig.ms), row('Node, which does nothing', start.node.ms),
    ...sizes.flatMap((size) => [
      '', `${size.name}: ${size.bytes.toLocaleString('en')} bytes, ${size.pages.toLocaleString('en')} pages${size.allValid ? '' : '   NOT VALID EVERYWHERE'}`,
      row('limit: SHA-256 and RSA alone', size.limit, 'ms', perSecond(size.limit)),
      row('verify, in the gateway', size.verify, 'ms', perSecond(size.verify) + ratio(size.verify, size.pdfsig)),
      row('verify, a whole process', size.process, 'ms', ratio(size.process, size.pdfsig)),
      row('verify, pdfsig', size.pdfsig, 'ms', perSecond(size.pdfsig)),
      row('processor time to verify, in the gateway', size.cpu, 'ms', `   ${number(size.pdfsigCpu.median / size.cpu.median)} × less than pdfsig`),
      row('processor time to verify, pdfsig', size.pdfsigCpu),
      row('sign, in the gateway, with the copy of the file', size.sign, 'ms', perSecond(size.sign) + ratio(size.sign, size.pdfsigSign)),
      row('sign, pdfsig', size.pdfsigSign, 'ms', perSecond(size.pdfsigSign)),
      row('memory to verify, a whole process', size.memory, 'MiB'),
      row('memory to verify, pdfsig', size.pdfsigMemory, 'MiB'),
    ]),
  ].join('\n')
}
