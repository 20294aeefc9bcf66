/** A process that uses the embedded PostgreSQL of the folder it is given, until it is told to stop. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { startEmbedded } from '../../src/database/embedded.ts'

export type EmbeddedProcess = {
  ownerUrl: string
  gatewayUrl: string
  attached: boolean
  /** Lets it stop the server, if it is the last, and end. */
  stop (): Promise<void>
  /** kill -9. */
  kill (): Promise<void>
}

/** Starts the process; returns when its server is ready. */
export async function startEmbeddedProcess (folder: string, how: { settings?: Record<string, string>, env?: NodeJS.ProcessEnv, uid?: number, gid?: number } = {}): Promise<EmbeddedProcess> {
  const { settings = {}, env, ...user } = how
  // env -i also takes away what tap adds: it makes every node write into its own folder, which another user may not.
  const variables = Object.entries({ PATH: process.env['PATH'], ...env }).map(([name, value]) => `${name}=${value}`)
  const child = spawn('env', ['-i', ...variables, process.execPath, import.meta.filename, folder, JSON.stringify(settings)], { ...user, cwd: '/', stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  const [line] = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    ended.then(([code]) => { throw new Error(`The process has ended with ${code}`) }),
  ])
  return {
    ...JSON.parse(line),
    async stop () { child.stdin.end(); await ended },
    async kill () { child.kill('SIGKILL'); await ended },
  }
}

if (import.meta.main) {
  process.umask(0o077)
  const { stop, ...server } = await startEmbedded({ folder: process.argv[2]!, settings: JSON.parse(process.argv[3]!) })
  console.log(JSON.stringify(server))
  process.stdin.on('end', () => { void stop() }).resume()
}
