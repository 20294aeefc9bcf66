/** The thread of one PKCS#11 module (its path is the thread's data): answers one request after the other. */
import { parentPort, workerData } from 'node:worker_threads'

import { createTokens, type SignRequest } from './pkcs11-token.ts'

const { default: pkcs11js } = await import('pkcs11js')
const tokens = createTokens(pkcs11js, String(workerData))

parentPort?.on('message', ({ id, request }: { id: number, request: SignRequest }) => {
  parentPort?.postMessage({ id, answer: tokens.sign(request) })
})
