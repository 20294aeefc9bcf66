import { existsSync, realpathSync } from 'node:fs'
import { dirname } from 'node:path'
import { parseArgs } from 'node:util'
import { ConfigError } from '../config.ts'
import { Refusal } from '../errors.ts'
import { readFileStart, readFileUpTo } from '../evidence/files.ts'
import { signFile, type FileToSign, type SignedFile } from '../evidence/sign-file.ts'
import { briefly } from '../evidence/words.ts'
import { createHttpClient } from '../http/client.ts'
import { COPY_FORMS, type PdfSignatureRequest, type SignatureLevel } from '../pdf/sign/request.ts'
import { createPdfWorkers } from '../pdf/workers.ts'
import { SignerAway } from '../trust/signers/away.ts'
import { authoritiesIn } from '../trust/store.ts'
import { fingerprintOf, nameForPeople } from '../trust/verdict.ts'
import { inWords } from './refusal.ts'
import { openKey } from './sign-key.ts'
import { HOW_TO_TRUST, readTrustNamed } from './trust.ts'
import { UsageError, usageFault } from './usage.ts'

const SIGN_USAGE = `lienthong sign FILE.pdf --output SIGNED.pdf --key FILE --as document|annex|copy …

  Adds the agency's signature to a PDF (PAdES, EN 319 142-1), placed as Decree 30/2020/NĐ-CP says, behind the file: not one of its bytes changes.
  The signatures that are there already must hold. The result is judged, and is there only if it holds.

  --output FILE          the signed file; it must not be there yet
  --in-place             instead: FILE itself becomes the signed file

  --key FILE             PKCS#12 (.p12, .pfx); or PEM, for examples only
  --password-file FILE   the password of a PKCS#12 file
  --certificate FILE     the certificate of a PEM key (PEM), CAs behind it
  --signer FILE          instead of --key: an entry of "signers" of a set-up (JSON), as for PKCS#11 or a signing server

  --as document          the image of the seal over a third of the leader's visible signature, on its left
  --as annex             an annex in a file of its own: number and symbol, and the signing time, at the top right of page one
  --as copy              an electronic copy: the same place, with its form and the agency's name too
  --image FILE.png       the seal (document): PNG with a transparent ground
  --width-mm NUMBER      its real width (document)
  --over FIELD           the leader's signature; otherwise the last visible one of somebody else that holds
  --number TEXT          number and symbol (annex, copy), like 12/QĐ-UBND
  --form TEXT            SAO Y, SAO LỤC or TRÍCH SAO (copy); SAO Y otherwise
  --agency TEXT          name of the agency (copy)
  --at PAGE,LEFT,BOTTOM  another place: points from the left and bottom edge of the page as it is shown
  --field NAME           an empty signature field of the file that is to be filled
  --name, --reason, --location TEXT    what readers show beside the certificate

  --level B-B|B-T|B-LT   with a time-stamp, and with certificates and revocation data; B-T where --tsa is given, otherwise B-B
  --tsa URL              the time-stamping authority (RFC 3161)
  --time-stamping DIR, --anchors DIR, --intermediates DIR, --crls DIR, --policy FILE, --offline    whom to believe: as for verify

  exit code: 0 signed and valid, 1 a signature does not hold, nothing is written, 2 signed, but not everything about it is known yet,
             3 nothing is signed (options, file or key are at fault, or the authority is away)
`

const text = { type: 'string' } as const
const OPTIONS = {
  output: text, 'in-place': { type: 'boolean' }, key: text, 'password-file': text, certificate: text, signer: text, as: text, image: text, 'width-mm': text, over: text, number: text, form: text, agency: text,
  at: text, field: text, name: text, reason: text, location: text, level: text, tsa: text, 'time-stamping': text, anchors: text, intermediates: text, crls: text, policy: text, offline: { type: 'boolean' },
} as const

type Options = ReturnType<typeof parseArgs<{ options: typeof OPTIONS, allowPositionals: true }>>['values']

const NOT_SIGNED = 3

/** `lienthong sign FILE.pdf`: needs no database. Gives the exit code. */
export async function sign (args: string[]): Promise<number> {
  if (args.length === 0) {
    console.error(SIGN_USAGE)
    return NOT_SIGNED
  }
  try {
    const { values, positionals: [path, ...more] } = parseArgs({ args, options: OPTIONS, allowPositionals: true })
    if (path === undefined || more.length > 0) throw new UsageError('one FILE, please')
    return await signNamed(path, values)
  } catch (error) {
    console.error(told(error))
    return NOT_SIGNED
  }
}

async function signNamed (path: string, options: Options): Promise<number> {
  const output = outputOf(path, options)
  const level = levelOf(options)
  await readFileStart(path, 1) // so that one that is not there is said to be
  const given = await readTrustNamed(options)
  await using http = createHttpClient()
  const signer = await openKey({ ...options, passwordFile: options['password-file'] }, { isReal: given.config.mode === 'production', authorities: authoritiesIn(given.trust.domains), http })
  await using workers = createPdfWorkers({ threads: 1 })
  const file: FileToSign = { path, output, request: await requestOf(options, new Date()), signer, level, tsa: options.tsa ?? null, offline: options.offline ?? false }
  return report(file, await signFile(file, { given, workers, http, now: () => new Date() }).catch((error: unknown) => { throw advised(error, options) }))
}

/** Where no signature of a leader is found, a person can say which it is, or name the place. */
function advised (error: unknown, { as, at }: Options): unknown {
  if (!(error instanceof Refusal) || error.code !== 'PDF_SIGN_PLACE' || as !== 'document' || at !== undefined) return error
  return new Refusal(error.code, { ...error.fault, detail: `${error.fault.detail}: --over FIELD, hoặc · or --at PAGE,LEFT,BOTTOM` }, { cause: error })
}

function outputOf (path: string, { output, 'in-place': inPlace = false }: Options): string {
  if ((output === undefined) !== inPlace) throw new UsageError('either --output FILE or --in-place')
  if (output !== undefined && existsSync(output)) throw new UsageError(`${output} đã có · is there already`)
  if (output !== undefined && !existsSync(dirname(output))) throw new UsageError(`không có thư mục · there is no folder ${dirname(output)}`)
  return output ?? (existsSync(path) ? realpathSync(path) : path)
}

function levelOf ({ level, tsa }: Options): SignatureLevel {
  const wanted = level ?? (tsa === undefined ? 'B-B' : 'B-T')
  if (wanted !== 'B-B' && wanted !== 'B-T' && wanted !== 'B-LT') throw new UsageError('--level B-B, B-T or B-LT')
  if ((tsa === undefined) !== (wanted === 'B-B')) throw new UsageError('--level B-T and B-LT need --tsa URL, and B-B asks nobody')
  return wanted
}

async function requestOf (options: Options, time: Date): Promise<PdfSignatureRequest> {
  const { as, over, field, name, reason, location } = options
  const common = { time, at: placeOf(options.at), field, name, reason, location }
  const needed = (option: 'image' | 'width-mm' | 'number' | 'agency'): string => options[option]?.trim() || usage(`--as ${as} needs --${option}`)
  switch (as) {
    case 'document': return { as, ...common, over, image: { png: await readFileUpTo(needed('image'), LARGEST_IMAGE), widthMm: Number(needed('width-mm')) } }
    case 'annex': return { as, ...common, number: needed('number') }
    case 'copy': return { as, ...common, number: needed('number'), agency: needed('agency'), form: formOf(options.form) }
    default: return usage('--as document, annex or copy')
  }
}

function formOf (form = COPY_FORMS[0] as string): string {
  return COPY_FORMS.find((known) => known === form.normalize()) ?? usage(`--form ${COPY_FORMS.join(', ')}`)
}

const LARGEST_IMAGE = 8 * 1024 * 1024

function placeOf (at: string | undefined): PdfSignatureRequest['at'] {
  if (at === undefined) return undefined
  const [page, left, bottom, ...more] = at.split(',').map(Number) as [number, number, number]
  return more.length === 0 && [page, left, bottom].every(Number.isFinite) ? { page, left, bottom } : usage('--at PAGE,LEFT,BOTTOM')
}

function report ({ path, output, signer, request }: FileToSign, signed: SignedFile): number {
  const found = 'verdict' in signed ? signed.verdict.reasons.map((reason) => `  ${briefly(reason)}`) : []
  switch (signed.kind) {
    case 'signed': {
      const { result, signatures } = signed.verdict
      const { field, appearance, level } = signed.signature
      console.log([
        `Đã ký · Signed: ${output}`,
        `  ${nameForPeople(signer.certificate.subject)} (SHA-256 ${fingerprintOf(signer.certificate)})`,
        `  PAdES ${level}, trường chữ ký · field ${field}, ${request.as}${appearance ? `, trang · page ${appearance.page}` : ''}`,
        `  kiểm tra lại · judged again: ${result === 'valid' ? 'hợp lệ · valid' : 'chưa đủ căn cứ · indeterminate'}, ${signatures.length} chữ ký · signatures`,
        ...found,
      ].join('\n'))
      return result === 'valid' ? 0 : 2
    }
    case 'refused':
      console.error([`Không ký: tệp đã có chữ ký không hợp lệ · Not signed: a signature in the file does not hold: ${path}`, ...found].join('\n'))
      return 1
    case 'unfit':
      console.error([`Không ghi tệp: chữ ký vừa tạo không được chấp nhận · Nothing is written: the file would not be valid: ${path}`, ...found].join('\n'))
      return 1
    case 'incomplete':
      console.error(`Không ghi tệp: chỉ đạt mức ${signed.level} · Nothing is written: only level ${signed.level} was reached: ${signed.reason}`)
      return NOT_SIGNED
  }
}

function usage (message: string): never {
  throw new UsageError(message)
}

function told (error: unknown): string {
  const { code = '', message, stack } = error as NodeJS.ErrnoException
  if (error instanceof Refusal) return inWords(error.toProblem())
  const fault = usageFault(error, 'sign')
  if (fault !== null) return fault
  if (error instanceof ConfigError) return `${message}\n  ${HOW_TO_TRUST}`
  if (error instanceof SignerAway) return `Chưa dùng được khóa ký · The key cannot be used now: ${error.vietnamese} · ${message}`
  return ['ENOENT', 'EACCES', 'EISDIR', 'EEXIST', 'ENOSPC'].includes(code) ? message : stack ?? message
}
