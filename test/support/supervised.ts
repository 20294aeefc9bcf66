import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { resolve } from 'node:path'
import { environment } from '../../src/config.ts'

/** A gateway in a process of its own, which can be killed and is then started again. */
export function superviseGateway (port: number, env: Record<string, string>) {
  let child: ChildProcess
  let kills = 0
  let isStopping = false
  const start = () => {
    child = spawn(process.execPath, [resolve(import.meta.dirname, '../../src/main.ts')], {
      env: { PATH: environment['PATH'], LIENTHONG_MODE: 'test', LOG_LEVEL: 'warn', PORT: String(port), ...env }, stdio: ['ignore', 'inherit', 'inherit'],
    })
    child.once('exit', () => { if (!isStopping) start() })
  }
  start()
  return {
    kill: () => { kills++; child.kill('SIGKILL') },
    get kills () { return kills },
    async stop () {
      isStopping = true
      child.kill('SIGTERM')
      await once(child, 'exit')
    },
  }
}

/** A port that nobody listens on. */
export async function freePort (): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}
