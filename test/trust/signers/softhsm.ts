/** Tokens of SoftHSM2, each in a folder of its own: a real PKCS#11 module, without a device. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Keys } from '../../../certs-example/issue.ts'

/** Where Debian puts the module. */
export const MODULE = ['/usr/lib/softhsm/libsofthsm2.so', '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so'].find((path) => existsSync(path)) ?? '/usr/lib/softhsm/libsofthsm2.so'

function whyNot (): string | false {
  if (!existsSync(MODULE)) return 'SoftHSM2 is not installed (Debian: softhsm2)'
  try {
    createRequire(import.meta.url).resolve('pkcs11js')
    return !existsSync(join(import.meta.dirname, '../../../node_modules/pkcs11js/build/Release/pkcs11.node')) && 'pkcs11js is not compiled (npm rebuild pkcs11js; needs g++, make, python3 and the headers of Node)'
  } catch {
    return 'pkcs11js is not installed: it could not be compiled (npm ci; needs g++, make, python3 and the headers of Node)'
  }
}

/** Options of a test that needs a token: it is skipped, with the reason, where there can be none. */
export const needsToken = { skip: whyNot() }

export type TestToken = {
  label: string, pin: string
  /** Puts a key into the token. */
  add (keys: Keys, label: string, id: string): void
  /** Takes the token away, as by pulling it out; and puts it in again. */
  pull (): void
  plug (): void
}

/** Makes a token. All tokens of a process share one folder, since the module reads its settings once. */
export function createToken (folder: string, label: string, pin = 'mã-pin-1234'): TestToken {
  const tokens = join(folder, 'tokens')
  mkdirSync(tokens, { recursive: true })
  allowMechanisms(folder, 'ALL')
  process.env['SOFTHSM2_CONF'] = join(folder, 'softhsm2.conf')
  const before = readdirSync(tokens)
  run('--init-token', '--free', '--label', label, '--so-pin', '12345678', '--pin', pin)
  const own = readdirSync(tokens).find((name) => !before.includes(name))!
  return {
    label,
    pin,
    add (keys, name, id) {
      const file = join(folder, `${id}.pem`)
      writeFileSync(file, keys.privateKey.export({ type: 'pkcs8', format: 'pem' }))
      run('--import', file, '--token', label, '--pin', pin, '--label', name, '--id', id)
    },
    pull () { renameSync(join(tokens, own), join(folder, own)) },
    plug () { renameSync(join(folder, own), join(tokens, own)) },
  }
}

/** What the tokens of this folder can do, for modules that are initialised from now on. */
export function allowMechanisms (folder: string, mechanisms: string): void {
  writeFileSync(join(folder, 'softhsm2.conf'), `directories.tokendir = ${join(folder, 'tokens')}\nobjectstore.backend = file\nlog.level = ERROR\nslots.mechanisms = ${mechanisms}\n`)
}

function run (...args: string[]): void {
  const { status, stderr, stdout } = spawnSync('softhsm2-util', args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`softhsm2-util: ${stderr}${stdout}`)
}
