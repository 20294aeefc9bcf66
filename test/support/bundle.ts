/** Does what the README.txt of an evidence folder says. */
import { execFile, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

export const PROGRAM = resolve(import.meta.dirname, '../../src/cli/lienthong.ts')

function commandsOf (folder: string, beginning: string): string[] {
  const commands = readFileSync(join(folder, 'README.txt'), 'utf8').split('\n').map((line) => line.trim()).filter((line) => line.startsWith(beginning))
  if (commands.length === 0) throw new Error(`README.txt has no ${beginning}`)
  return commands
}

/** Runs every command that begins so, in the folder. */
export function runAll (folder: string, beginning: string): { status: number | null, told: string }[] {
  return commandsOf(folder, beginning).map((command) => {
    const { status, stdout, stderr } = spawnSync('bash', ['-c', command], { cwd: folder, encoding: 'utf8' })
    return { status, told: stdout + stderr }
  })
}

/** Runs `lienthong verify` of this file as it is written there, in an empty environment, and gives its JSON. */
export function verify (folder: string, more: string[] = [], file = 'packet.edxml'): Promise<{ code: number, out: string }> {
  const [place] = commandsOf(folder, 'E=')
  const [command] = commandsOf(folder, `npx --no-install lienthong verify "$E/${file}"`)
  const script = `${place}\nnpx () { shift 2; "$NODE" "$PROGRAM" "$@"; }\n${command} --json ${more.join(' ')}`
  return new Promise((done) => {
    execFile('/bin/bash', ['-c', script], { env: { NODE: process.execPath, PROGRAM } }, (error, out) => { done({ code: error === null ? 0 : Number(error.code), out }) })
  })
}
