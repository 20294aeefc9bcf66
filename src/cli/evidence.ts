import { resolve } from 'node:path'
import { Refusal } from '../errors.ts'
import { writeBundle } from '../evidence/bundle.ts'
import { withDatabase } from './database.ts'
import { loadTrustOf } from './trust.ts'

/** `lienthong evidence ID --out DIR`: all that a verdict rests on, in a folder. Exit code 1 when some of it is not kept. */
export async function exportEvidence ([id]: string[], out: string | undefined): Promise<number> {
  if (id === undefined || out === undefined) throw new Refusal('REQUEST_INVALID', { detail: 'evidence ID --out DIR' })
  const folder = resolve(out)
  const { item, missing } = await withDatabase((database, config) => writeBundle({ database, trusted: loadTrustOf(config), id, folder }))
  console.log(`Đã ghi chứng cứ của ${item.kind} ${item.id} · The evidence is in ${folder}; README.txt says how to check it`)
  for (const hash of missing) console.error(`Không còn lưu · not kept: SHA-256 ${hash}`)
  return missing.length === 0 ? 0 : 1
}
