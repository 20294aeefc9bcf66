import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** Third-party samples and vectors: read from here, never copied into the repository. */
export const SHARED_DIR = process.env.SHARED_DIR ?? join(import.meta.dirname, '../../../shared')

/** Where a piece of the shared data lies. */
export function shared (path: string): string {
  return join(SHARED_DIR, path)
}

/** Options of a test that reads these shared files: it is skipped, with the reason, where one is absent. */
export function needsShared (...paths: string[]): { skip: string | false } {
  const missing = paths.filter((path) => !existsSync(shared(path)))
  return { skip: missing.length > 0 && `SHARED_DIR has no ${missing.join(', ')}` }
}
