/** Does what the README.txt of an evidence folder says. */
import { execFile, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

export const PROGRAM = resolve(import.meta.dirname, '../../src/cli/lienthong.ts')

function commandOf (folder: string, beginning: string): string {
  const command = readFileSync(join(folder, 'README.txt'), 'utf8').split('\n').map((line) => line.trim()).find((line) => line.startsWith(beginning))
  if (command === undefined) throw new Error(`README.txt has no ${beginning}`)
  return command
}

/** Runs the first command that begins so, in the folder. */
export function run (folder: string, beginning: string): { status: number | null, told: string } {
  const { status, stdout, stderr } = spawnSync('bash', ['-c', commandOf(folder, beginning)], { cwd: folder, encoding: 'utf8' })
  return { status, told: stdout + stderr }
}

/** Runs `lienthong verify` as it is written there, in an empty environment, and gives its JSON. */
export function verify (folder: string, more: string[] = []): Promise<{ code: number, out: string }> {
  const args = commandOf(folder, 'npx lienthong verify').split(' ').slice(2)
  return new Promise((done) => {
    execFile(process.execPath, [PROGRAM, ...args, '--json', ...more], { cwd: folder, env: {} }, (error, out) => { done({ code: error === null ? 0 : Number(error.code), out }) })
  })
}
