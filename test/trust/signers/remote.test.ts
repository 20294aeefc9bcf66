import { createPublicKey, sign } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import t from 'tap'
import type { Test } from 'tap'

import { ecKeys, rsaKeys } from '../../../certs-example/issue.ts'
import { createHttpClient } from '../../../src/http/client.ts'
import { SignerAway } from '../../../src/trust/signers/away.ts'
import { signerFromRemote } from '../../../src/trust/signers/remote.ts'
import { createSigner } from '../../../src/trust/signers/signer.ts'
import { fingerprintOf } from '../../../src/trust/verdict.ts'
import { makeCa, makeLeaf, needsOpenssl } from '../world.ts'
import { signDigest } from './signing-server.ts'

const sub = makeCa('sub')
const DATA = Buffer.from('Công văn số 01')
const SECRET = 'bi-mat-khong-duoc-lo'

const away = (promise: Promise<unknown>) => promise.then(() => null, (error: unknown) => error instanceof SignerAway ? error : Promise.reject(error))

async function serve (t: Test, answer: (question: { digest: string, algorithm: string }, request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => answer(JSON.parse(Buffer.concat(chunks).toString()), request, response))
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => { server.once('listening', resolve) })
  const http = createHttpClient()
  t.teardown(async () => {
    server.closeAllConnections()
    server.close()
    await http[Symbol.asyncDispose]()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/sign`, http }
}

for (const [what, keys, padding] of [['RSA, PKCS#1 v1.5', rsaKeys(2048), 'pkcs1'], ['RSA, PSS', rsaKeys(2048), 'pss'], ['P-256', ecKeys('prime256v1'), 'pkcs1'], ['P-384', ecKeys('secp384r1'), 'pkcs1']] as const) {
  t.test(`a signing server signs a digest (${what})`, needsOpenssl, async (t) => {
    const leaf = makeLeaf(sub, { keys })
    const asked: object[] = []
    const { url, http } = await serve(t, (question, { headers, method }, response) => {
      asked.push({ ...question, authorization: headers.authorization, method })
      response.end(JSON.stringify({ signature: signDigest(keys, question).toString('base64') }))
    })
    const signer = signerFromRemote({ url, secret: SECRET }, { certificate: leaf.certificate, chain: [], padding }, { http })
    t.ok(await signer.sign(DATA))
    t.match(asked, [{ method: 'POST', authorization: `Bearer ${SECRET}`, certificate: fingerprintOf(leaf.certificate), algorithm: signer.algorithm, digestAlgorithm: /^sha/ }])
  })
}

const keys = ecKeys('prime256v1')
const leaf = makeLeaf(sub, { keys })
const identity = { certificate: leaf.certificate, chain: [] }
const HOSTILE: [what: string, code: string, answer: (response: ServerResponse, question: { digest: string, algorithm: string }) => void][] = [
  ['the signature of another key', 'SIGNATURE_WRONG', (response, question) => response.end(JSON.stringify({ signature: signDigest(ecKeys('prime256v1'), question).toString('base64') }))],
  ['the signature of another digest', 'SIGNATURE_WRONG', (response, { algorithm }) => response.end(JSON.stringify({ signature: signDigest(keys, { algorithm, digest: Buffer.alloc(32).toString('base64') }).toString('base64') }))],
  ['an empty signature', 'SIGNATURE_WRONG', (response) => response.end('{"signature":""}')],
  ['a signature that is no text', 'SERVER_ANSWER', (response) => response.end('{"signature":{"toString":1}}')],
  ['null', 'SERVER_ANSWER', (response) => response.end('null')],
  ['no JSON', 'SERVER_ANSWER', (response) => response.end('<html>')],
  ['an answer that is too large', 'SERVER_ANSWER', (response) => response.end(JSON.stringify({ signature: 'A'.repeat(100_000) }))],
  ['a redirect', 'SERVER_ANSWER', (response) => response.writeHead(307, { location: 'http://127.0.0.1:1/' }).end()],
  ['that the secret is wrong', 'SERVER_ANSWER', (response) => response.writeHead(401).end()],
  ['nothing, and hangs up', 'SERVER_AWAY', (response) => response.destroy()],
  ['nothing at all', 'SERVER_AWAY', () => {}],
]

for (const [what, code, answer] of HOSTILE) {
  t.test(`a signing server that answers ${what} delays, and tells no secret`, needsOpenssl, async (t) => {
    const { url, http } = await serve(t, (question, _, response) => answer(response, question))
    const error = await away(signerFromRemote({ url, secret: SECRET }, identity, { http, answerWithin: 300 }).sign(DATA))
    t.equal(error?.code, code)
    t.notMatch(`${error?.message} ${error?.vietnamese} ${error?.stack} ${JSON.stringify(error)}`, SECRET)
  })
}

t.test('a signing server that is away delays', async (t) => {
  await using http = createHttpClient()
  t.match(await away(signerFromRemote({ url: 'http://127.0.0.1:1/', secret: SECRET }, identity, { http }).sign(DATA)), { code: 'SERVER_AWAY' })
})

t.test('no signature leaves that does not fit its certificate, whoever made it', async (t) => {
  const right = createSigner(identity, async (data) => sign('sha256', data, { key: keys.privateKey, dsaEncoding: 'ieee-p1363' }))
  t.ok(createPublicKey(keys.privateKey).equals(leaf.certificate.publicKey))
  t.equal((await right.sign(DATA)).length, 64)
  const der = createSigner(identity, async (data) => sign('sha256', data, keys.privateKey))
  t.match(await away(der.sign(DATA)), { code: 'SIGNATURE_WRONG' }, 'nor one in DER')
})
