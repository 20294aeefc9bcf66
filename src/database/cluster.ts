/** The files of an embedded PostgreSQL: its data, its passwords and its log, made once and owned by the user the server runs as. */
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { chmod, chown, mkdir, mkdtemp, open, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { canReach, chooseUser, findPrograms, run, SHARED_FOLDER, type Programs, type User } from './programs.ts'

/** The database's owner: whom initdb makes. */
export const OWNER = 'lienthong_owner'

export type Cluster = { home: string, data: string, user: User, programs: Programs, passwords: { owner: string, gateway: string } }

/**
 * Opens the cluster of this folder; makes it when there is none. It is `postgres` in the folder; root, when the folder is closed
 * to the user the server has to run as, keeps it in /var/lib/lienthong, and `postgres` is a link.
 */
export async function openCluster (folder: string, options: { sync: boolean }): Promise<Cluster> {
  const isRoot = process.getuid?.() === 0
  if (await mkdir(folder, { recursive: true }) !== undefined && isRoot) await chmod(folder, 0o755) // whatever the umask is
  const place = join(folder, 'postgres')
  const existing = existsSync(place) ? statSync(place) : undefined
  if (existing && process.getuid && !isRoot && existing.uid !== process.getuid()) {
    throw new Error(`${place} belongs to the user with the id ${existing.uid}: start as this user`)
  }
  const user = existing && isRoot ? { uid: existing.uid, gid: existing.gid } : chooseUser()
  const programs = await findPrograms(user)
  if (!existing) await createCluster(folder, place, user, programs, options.sync)

  const home = realpathSync(place)
  const data = join(home, 'data')
  const major = readFileSync(join(data, 'PG_VERSION'), 'utf8').trim()
  if (major !== programs.major) throw new Error(`${data} was made by PostgreSQL ${major}, and this is ${programs.major}: dump it with the old one, restore it with the new one`)
  return { home, data, user, programs, passwords: JSON.parse(await readFile(join(home, 'passwords.json'), 'utf8')) }
}

/** Made aside and put in place at once: a killed process leaves no half of one, and of two processes that make one, one wins. */
async function createCluster (folder: string, place: string, user: User, programs: Programs, sync: boolean): Promise<void> {
  const elsewhere = user !== undefined && !canReach(user, folder)
  if (elsewhere) {
    await mkdir(SHARED_FOLDER, { recursive: true })
    await chmod(SHARED_FOLDER, 0o755)
  }
  const home = await mkdtemp(join(elsewhere ? SHARED_FOLDER : folder, 'postgres-'))
  const passwords = { owner: randomBytes(24).toString('base64url'), gateway: randomBytes(24).toString('base64url') }
  const files = { 'passwords.json': JSON.stringify(passwords), 'owner-password': passwords.owner }
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(home, name), content, { mode: 0o600 })
    if (user) await chown(join(home, name), user.uid, user.gid)
  }
  if (user) await chown(home, user.uid, user.gid)
  await run(programs.initdb, [
    '--pgdata', join(home, 'data'), '--username', OWNER, '--pwfile', join(home, 'owner-password'), '--auth', 'scram-sha-256',
    // The builtin C.UTF-8 is the same on every machine and knows Vietnamese capitals; the system's locales may be missing.
    '--encoding', 'UTF8', '--locale', 'C', '--locale-provider', 'builtin', '--builtin-locale', 'C.UTF-8', '--data-checksums',
    ...sync ? [] : ['--no-sync'],
  ], user)
  await rm(join(home, 'owner-password'))
  try {
    await (elsewhere ? symlink(home, place) : rename(home, place))
  } catch (error) {
    await rm(home, { recursive: true })
    if (!['EEXIST', 'ENOTEMPTY'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error // else: the other process has won
  }
  if (process.platform === 'win32') return
  const entry = await open(folder, 'r') // the cluster's name must be on the disk before its first commit is
  await entry.sync().finally(() => entry.close())
}
