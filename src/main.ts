/** `npm start`: the gateway alone, from the environment, until a signal. */
import { readFileSync } from 'node:fs'
import closeWithGrace from 'close-with-grace'
import { ConfigError, loadConfig } from './config.ts'
import { inWords } from './cli/refusal.ts'
import { Refusal } from './errors.ts'
import { createGateway } from './gateway.ts'

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }

try {
  const config = loadConfig()
  const gateway = await createGateway(config, version)
  const address = await gateway.start()
  // Only now: until the gateway has started, whatever ends it must not end with 0.
  closeWithGrace({ delay: config.shutdownMs, logger: gateway.http.log }, async () => { await gateway[Symbol.asyncDispose]() })
  process.send?.(address) // to whoever has started it with a channel
} catch (error) {
  // What a person at the terminal can mend is said in one text; the rest is a fault of ours and shows where.
  if (error instanceof Refusal) console.error(inWords(error.toProblem()))
  else if (error instanceof ConfigError) console.error(error.message)
  else console.error(error)
  process.exitCode = 1
}
