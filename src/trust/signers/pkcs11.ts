/**
 * Keys in a token or HSM, through its PKCS#11 module. PKCS#11 calls block: a signature takes a USB token up to a second, logging in to an HSM
 * whose network is away half a minute. So each module has a thread of its own, which makes its calls one after the other, and whoever waits
 * for it waits only so long. Only the end of the process waits for a call that hangs, until the service manager kills it; nothing is lost then.
 * PKCS#11 v2.40 initialises a module once a process: the threads are the process', not the gateway's.
 */
import { Worker } from 'node:worker_threads'

import { Refusal } from '../../errors.ts'
import { SignerAway } from './away.ts'
import type { Pkcs11Settings, SignAnswer, SignRequest } from './pkcs11-token.ts'
import { createSigner, type Signer, type SignerIdentity } from './signer.ts'

/** Longer than the slowest token takes, shorter than the lease of a dispatch. */
const ANSWER_WITHIN = 15_000

type Thread = { sign (request: SignRequest): Promise<Buffer> }

const threads = new Map<string, Thread>()

/** A signer whose key stays on its token. Nothing is asked of the token before the first signature. */
export function signerFromPkcs11 (settings: Pkcs11Settings, identity: SignerIdentity, { answerWithin = ANSWER_WITHIN } = {}): Signer {
  return createSigner(identity, (data, scheme) => {
    let thread = threads.get(settings.module)
    if (!thread) threads.set(settings.module, thread = startThread(settings.module, answerWithin))
    return thread.sign({ settings, ...scheme, data })
  })
}

/** Throws SETUP_INVALID where the optional package pkcs11js is not there: it is compiled when it is installed. */
export async function requirePkcs11 (): Promise<void> {
  try {
    await import('pkcs11js')
  } catch {
    throw new Refusal('SETUP_INVALID', {
      detail: 'chưa cài pkcs11js (cần g++, make, python3 khi chạy npm ci) / pkcs11js is not installed: npm ci compiles it where g++, make and python3 are',
    })
  }
}

function startThread (module: string, answerWithin: number): Thread {
  const worker = new Worker(new URL('./pkcs11-worker.ts', import.meta.url), { workerData: module })
  const waiting = new Map<number, PromiseWithResolvers<Buffer>>()
  let last = 0
  let overdue = 0 // answers that nobody waits for any more: until they come, the module hangs
  worker.unref()

  worker.on('message', ({ id, answer }: { id: number, answer: SignAnswer }) => {
    const asked = settle(id)
    if (!asked) overdue--
    else if ('signature' in answer) asked.resolve(Buffer.from(answer.signature))
    else asked.reject(new SignerAway(answer.away, { detail: answer.detail }))
  })
  // pkcs11js is not there, or the module took its thread down; the next signature starts another
  const end = () => {
    if (threads.get(module) === thread) threads.delete(module)
    for (const id of waiting.keys()) settle(id)?.reject(new SignerAway('MODULE_ABSENT'))
  }
  worker.on('error', end)
  worker.on('exit', end)

  function settle (id: number): PromiseWithResolvers<Buffer> | undefined {
    const asked = waiting.get(id)
    waiting.delete(id)
    if (waiting.size === 0) worker.unref()
    return asked
  }

  const thread: Thread = {
    async sign (request) {
      if (overdue > 0) throw new SignerAway('TOO_SLOW')
      const id = ++last
      const asked = Promise.withResolvers<Buffer>()
      waiting.set(id, asked)
      worker.ref() // the process stays while a signature is awaited
      const timer = setTimeout(() => {
        overdue++
        settle(id)?.reject(new SignerAway('TOO_SLOW'))
      }, answerWithin)
      try {
        worker.postMessage({ id, request })
        return await asked.promise
      } finally {
        clearTimeout(timer)
      }
    },
  }
  return thread
}
