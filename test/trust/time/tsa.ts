/** A real time-stamping authority: `openssl ts` behind an HTTP server on loopback; and one that lies, as a stranger could. */
import { execFile, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { OID, ecKeys, extendedKeyUsage, pem, rsaKeys, type Issued } from '../../../certs-example/issue.ts'
import type { TrustStore } from '../../../src/trust/store.ts'
import { makeCa, makeLeaf, storeOf, type Change } from '../world.ts'

type Teardown = { teardown (end: () => unknown): void }

/** The policies that the authority issues under: the first unless another is asked for. */
export const POLICIES = ['1.2.3.4.1', '1.2.3.4.5.6'] as const

/** Valid for as long as anybody may run these tests. */
const SPAN = { notBefore: new Date('2020-01-01T00:00:00Z'), notAfter: new Date('2090-01-01T00:00:00Z') }

/** The purpose of an authority's certificate: this alone, critical. */
export const TIME_STAMPING_PURPOSE = { ...extendedKeyUsage(OID.timeStamping), critical: true }

export type TsaOptions = {
  keys?: 'rsa' | 'ec'
  /** What is different in its certificate */
  certificate?: Change
  /** ESSCertID's digest: sha1 for its first version */
  binding?: 'sha1' | 'sha256'
  digest?: 'sha1' | 'sha256' | 'sha384' | 'sha512'
}

/** An authority that signs: its root, its certificate, and answers to requests. Gone with the test. */
export function makeTsa (t: Teardown, { keys = 'rsa', certificate, binding = 'sha256', digest = 'sha256' }: TsaOptions = {}) {
  const newKeys = () => keys === 'rsa' ? rsaKeys(2048) : ecKeys('prime256v1')
  const root = makeCa('TSA root', undefined, { keys: ecKeys('prime256v1'), ...SPAN })
  const sub = makeCa('TSA CA', root, { keys: ecKeys('prime256v1'), ...SPAN })
  const own = makeLeaf(sub, { keys: newKeys(), ...SPAN, ...certificate, extensions: certificate?.extensions ?? [TIME_STAMPING_PURPOSE] })
  const folder = mkdtempSync(join(tmpdir(), 'lienthong-tsa-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = (name: string, content: string | Buffer) => {
    writeFileSync(join(folder, name), content)
    return join(folder, name)
  }
  const pemOf = ({ certificate }: Issued) => pem('CERTIFICATE', certificate.raw)
  file('key.pem', own.keys.privateKey.export({ type: 'pkcs8', format: 'pem' }))
  file('tsa.pem', pemOf(own))
  file('root.pem', pemOf(root))
  file('chain.pem', pemOf(sub))
  file('serial', '01')
  const config = file('tsa.cnf', [
    '[tsa]', 'default_tsa = authority', '[authority]', `serial = ${join(folder, 'serial')}`, `signer_cert = ${join(folder, 'tsa.pem')}`, `certs = ${join(folder, 'chain.pem')}`,
    `signer_key = ${join(folder, 'key.pem')}`, `signer_digest = ${digest}`, `default_policy = ${POLICIES[0]}`, `other_policies = ${POLICIES[1]}`,
    'digests = sha1, sha256, sha384, sha512', 'accuracy = secs:1, millisecs:500, microsecs:100', 'clock_precision_digits = 3', 'ordering = yes', 'ess_cert_id_chain = no', `ess_cert_id_alg = ${binding}`,
  ].join('\n'))
  const run = promisify(execFile)
  let number = 0
  let last: Promise<unknown> = Promise.resolve()

  return {
    root, sub, own, folder,
    store: { ...storeOf([root], [sub]), label: 'time-stamping' } satisfies TrustStore,
    /** Answers a request, one after the other, as openssl counts its serial numbers in a file. */
    async answer (query: Buffer): Promise<Buffer> {
      const name = `${++number}`
      const answered = last.then(async () => {
        await run('openssl', ['ts', '-reply', '-config', config, '-queryfile', file(`${name}.tsq`, query), '-out', join(folder, `${name}.tsr`)])
        return readFileSync(join(folder, `${name}.tsr`))
      })
      last = answered.catch(() => {})
      return answered
    },
    /** Whether `openssl ts -verify` accepts an answer to this request, or for this hash; with `-token_in`, a token alone. */
    opensslAccepts (answer: Buffer, asked: { query: Buffer } | { hash: Buffer }, options: string[] = []): boolean {
      const against = 'query' in asked ? ['-queryfile', file('verify.tsq', asked.query)] : ['-digest', asked.hash.toString('hex')]
      return spawnSync('openssl', ['ts', '-verify', ...options, '-in', file('verify.tsr', answer), ...against, '-CAfile', join(folder, 'root.pem'), '-untrusted', join(folder, 'chain.pem')]).status === 0
    },
  }
}

export type Tsa = ReturnType<typeof makeTsa>

/** What a server does with a request; by default it answers as the authority does. */
export type Answering = (query: Buffer, response: ServerResponse, request: IncomingMessage) => void | Promise<void>

/** Serves an authority over HTTP. `answering` may be replaced at any time; `queries` are all that came. Closed with the test. */
export async function serveTsa (t: Teardown, tsa: Pick<Tsa, 'answer'>) {
  const honest: Answering = async (query, response) => reply(response, await tsa.answer(query))
  const state = { answering: honest, honest, queries: [] as Buffer[], atOnce: 0, most: 0, url: '' }
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => { chunks.push(chunk) })
    request.on('end', () => {
      const query = Buffer.concat(chunks)
      state.queries.push(query)
      state.most = Math.max(state.most, ++state.atOnce)
      response.on('close', () => { state.atOnce-- })
      void state.answering(query, response, request)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  state.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return state
}

/** Sends a time-stamp answer. */
export function reply (response: ServerResponse, answer: Buffer): void {
  response.writeHead(200, { 'content-type': 'application/timestamp-reply' }).end(answer)
}
