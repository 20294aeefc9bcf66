import { basename } from 'node:path'
import { Refusal } from '../errors.ts'
import { LARGEST_EVIDENCE, readFileUpTo } from '../evidence/files.ts'
import { crlsIn } from '../trust/revocation/crl.ts'
import { importAnswer, type Imported } from '../trust/revocation/import.ts'
import { countOcsp, listCrls, listSources, type ListedSource } from '../trust/revocation/store.ts'
import { inOneLine } from '../trust/revocation/take-in.ts'
import { storesOf } from '../trust/store.ts'
import { withDatabase } from './database.ts'
import { minute } from './dates.ts'
import { rowsOf } from './table.ts'
import { loadTrustOf } from './trust.ts'

/** `lienthong revocation import FILE…` and `lienthong revocation list`. */
export async function revocation ([what, ...files]: string[]): Promise<number> {
  if (what === 'list' && files.length === 0) return list()
  if (what === 'import' && files.length > 0) return importFiles(files)
  throw new Refusal('SETUP_INVALID', { detail: 'revocation import FILE…, or revocation list' })
}

/** What can be taken is taken, file by file. Exit code 1 when one could not be. */
async function importFiles (files: readonly string[]): Promise<number> {
  const contents: { name: string, bytes: Buffer }[] = []
  for (const file of files) contents.push({ name: basename(file), bytes: await readFileUpTo(file, LARGEST_EVIDENCE) }) // all are there before the first is taken
  return withDatabase(async (database, config) => {
    const stores = storesOf(loadTrustOf(config))
    let code = 0
    for (const { name, bytes } of contents) {
      for (const answer of crlsIn(bytes)) {
        const imported = await importAnswer(name, answer, { database, stores, now: new Date(), actor: 'lienthong revocation import' })
        if (imported.kind === 'rejected') code = 1
        console.log(inWords(imported))
      }
    }
    return code
  })
}

function inWords (imported: Imported): string {
  if (imported.kind === 'rejected') return `${imported.file}: không nhận · not taken: ${imported.reason}`
  const { file, found, thisUpdate, nextUpdate, isNew, isNewest, sha256 } = imported
  const standing = isNew ? isNewest ? 'mới nhất · the newest' : 'cũ hơn bản đã có · older than one that is here' : 'đã có · here already'
  return `${file}: đã nhận · taken: ${found} ${date(thisUpdate)} – ${date(nextUpdate)}, ${standing}, SHA-256 ${sha256}`
}

async function list (): Promise<number> {
  await withDatabase(async (database) => {
    const [sources, crls, ocsp] = [await listSources(database), await listCrls(database), await countOcsp(database)]
    console.log('Nguồn (giờ Việt Nam) · Sources (Vietnamese time)')
    show(rowsOf(['', 'URL', 'hỏi về · asks of', 'lần trước · last', 'lần tới · next', 'lỗi · failures', 'kết quả · outcome'], sources.map((one) =>
      [one.kind.toUpperCase(), one.url, one.kind === 'ocsp' ? String(one.asked) : '', date(one.triedAt), date(one.nextAt), String(one.failures), outcomeOf(one)])))
    console.log('\nCRL mới nhất · The newest CRLs')
    show(rowsOf(['nơi cấp · issuer', 'số · number', 'thisUpdate', 'nextUpdate', 'lấy lúc · fetched', 'từ · from', 'số bản · versions'], crls.map((one) =>
      [inOneLine(one.issuer), one.number ?? '', date(one.thisUpdate), date(one.nextUpdate), date(one.fetchedAt), one.source, String(one.versions)])))
    console.log(`\nOCSP: ${ocsp.answers} câu trả lời về ${ocsp.certificates} chứng thư số · ${ocsp.answers} answers about ${ocsp.certificates} certificates`)
  })
  return 0
}

/** The codes are those of the table. */
const OUTCOMES: Readonly<Record<string, string>> = {
  stored: 'đã lưu · stored', unchanged: 'không đổi · unchanged', older: 'cũ hơn bản đã có · older', ended: 'đã hết hạn · ended', rejected: 'không nhận · rejected', forbidden: 'không được phép hỏi · forbidden',
  unknown: 'không rõ CA · unknown', unreachable: 'không tới được · unreachable', broken: 'đứt quãng · broken', 'too-large': 'quá lớn · too-large', refused: 'bị từ chối · refused',
}

function outcomeOf ({ outcome, detail }: ListedSource): string {
  return outcome === null ? 'chưa hỏi · not asked yet' : [OUTCOMES[outcome] ?? outcome, detail].filter(Boolean).join(': ')
}

function show (lines: readonly string[]): void {
  for (const line of lines) console.log(line)
}

function date (moment: Date | null): string {
  return moment ? minute(moment) : '–'
}
