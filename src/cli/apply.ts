import { readFile } from 'node:fs/promises'
import { createVault } from '../access/secrets.ts'
import { applySetup } from '../admin/apply.ts'
import { parseSetup } from '../admin/setup.ts'
import { Refusal } from '../errors.ts'
import { withDatabase } from './database.ts'

/** `lienthong apply FILE`: all of the set-up, or nothing of it. */
export async function apply ([file]: string[]): Promise<void> {
  if (file === undefined) throw new Refusal('SETUP_INVALID', { detail: 'which file?' })
  const setup = parseSetup(await readFile(file, 'utf8'))
  await withDatabase((database, config) => applySetup(setup, { database, vault: createVault(config.masterKey), now: new Date(), actor: 'lienthong apply', isReal: config.mode === 'production' }))
  console.log('Đã áp dụng cấu hình · The set-up is applied')
}
