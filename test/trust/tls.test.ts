/** TLS towards a real server, on pinned roots and with a client certificate. */
import t from 'tap'
import type { Test } from 'tap'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'

import { OID, extendedKeyUsage, pem, type Issued } from '../../certs-example/issue.ts'
import { createHttpClient } from '../../src/http/client.ts'
import { tlsTrust } from '../../src/trust/tls.ts'
import { AT, keyPemOf, makeCa, makeLeaf, needsOpenssl, storeOf, type Change } from './world.ts'
import { name, nameConstraints, subjectAltName } from './path/extensions.ts'

/** OpenSSL tells the time itself. */
const LONG = { notBefore: new Date('2020-01-01T00:00:00Z'), notAfter: new Date('2049-12-31T00:00:00Z') }
const root = makeCa('root', undefined, LONG)
const sub = makeCa('sub', root, LONG)
const stranger = makeCa('stranger', undefined, LONG)
const HERE = subjectAltName(name.dns('localhost'), name.ip(127, 0, 0, 1))
const certificatePem = (...chain: Issued[]) => chain.map(({ certificate }) => pem('CERTIFICATE', certificate.raw)).join('')
const identityOf = (issued: Issued) => ({ certificatePem: certificatePem(issued), keyPem: keyPemOf(issued) })
const server = (issuer: Issued = sub, change: Change = {}) => makeLeaf(issuer, { ...LONG, ...change, extensions: [HERE, ...change.extensions ?? []] })
const STORE = storeOf([root], [sub])

/** A server that demands a client certificate under the root, unless told otherwise; `heard` counts the requests that reached it. */
async function serve (t: Test, issued: Issued, options: ServerOptions = {}) {
  let heard = 0
  const https = createServer({
    cert: certificatePem(issued), key: keyPemOf(issued), ca: certificatePem(root, sub), requestCert: true, rejectUnauthorized: true, ...options,
  }, (_, response) => {
    heard++
    response.end('ok')
  })
  https.on('tlsClientError', () => {})
  https.listen(0, '127.0.0.1')
  await once(https, 'listening')
  t.teardown(() => https.close())
  return { url: new URL(`https://127.0.0.1:${(https.address() as AddressInfo).port}/sendEdoc`), heard: () => heard }
}

async function ask (url: URL, identity?: { certificatePem: string, keyPem: string }, trusted: Parameters<typeof tlsTrust>[0] = { tls: null, domains: [STORE] }, method: 'GET' | 'POST' = 'POST') {
  await using http = createHttpClient({ tls: { ...tlsTrust(trusted, () => AT), ...(identity && { identity }) } })
  return http.request({ method, url, headers: [], ...(method === 'POST' && { body: Buffer.from('hello') }) })
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  t.test(`${version}: a server that asks for a client certificate takes the right one, and a request is written only then`, async (t) => {
    const { url, heard } = await serve(t, server(), { minVersion: version, maxVersion: version })
    t.match(await ask(url, identityOf(makeLeaf(sub, LONG))), { kind: 'answered', status: 200 })
    t.equal(heard(), 1)
    t.match(await ask(url), { kind: 'unreachable', reason: /alert|ECONNRESET|closed/i }, 'none')
    t.match(await ask(url, identityOf(makeLeaf(stranger, LONG))), { kind: 'unreachable', reason: /alert|ECONNRESET|closed/i }, 'one of another root')
    t.equal(heard(), 1)
  })
}

t.test('a server that sends no session ticket is reached too', needsOpenssl, async (t) => {
  const folder = t.testdir()
  const leaf = server()
  writeFileSync(join(folder, 'server.pem'), certificatePem(leaf) + keyPemOf(leaf))
  writeFileSync(join(folder, 'ca.pem'), certificatePem(root, sub))
  const process = spawn('openssl', ['s_server', '-accept', '127.0.0.1:0', '-tls1_3', '-num_tickets', '0', '-cert', join(folder, 'server.pem'), '-CAfile', join(folder, 'ca.pem'), '-Verify', '3', '-verify_return_error', '-www'])
  t.teardown(() => { process.kill() })
  let said = ''
  const url = await new Promise<URL>((resolve) => process.stdout.on('data', (chunk) => {
    said += chunk
    const [, port] = /ACCEPT 127\.0\.0\.1:(\d+)/.exec(said) ?? []
    if (port !== undefined) resolve(new URL(`https://127.0.0.1:${port}/`))
  }))
  t.match(await ask(url, identityOf(makeLeaf(sub, LONG)), undefined, 'GET'), { kind: 'answered', status: 200 })
})

const narrow = makeCa('narrow', root, { ...LONG, extensions: [nameConstraints({ excluded: [name.ip(127, 0, 0, 0, 255, 0, 0, 0)] })] })

const REFUSED: [what: string, certificate: () => Issued, reason: RegExp][] = [
  ['of another root', () => server(stranger), /UNABLE_TO_VERIFY|unable to verify|SELF_SIGNED|issuer/i],
  ['for another host', () => makeLeaf(sub, { ...LONG, extensions: [subjectAltName(name.dns('axis.invalid'))] }), /127\.0\.0\.1/],
  ['for clients', () => server(sub, { extensions: [extendedKeyUsage(OID.clientAuth)] }), /TLS_PURPOSE_WRONG|purpose/i],
  ['under a name its CA may not give', () => server(narrow), /excluded/i],
]

t.test('a server that is not believed is unreachable, with the reason, before a byte of the request is written', async (t) => {
  for (const [what, certificate, reason] of REFUSED) {
    const issued = certificate()
    const { url, heard } = await serve(t, issued, { cert: certificatePem(issued, narrow) })
    t.match(await ask(url, identityOf(makeLeaf(sub, LONG))), { kind: 'unreachable', reason }, `a certificate ${what}`)
    t.equal(heard(), 0)
  }
})

t.test('our own path check decides where OpenSSL would not ask', async (t) => {
  const { url, heard } = await serve(t, server())
  t.match(await ask(url, identityOf(makeLeaf(sub, LONG)), { tls: null, domains: [storeOf([stranger], [root, sub])] }), { kind: 'unreachable', reason: /ISSUER_UNKNOWN/ }, 'a CA that is no anchor')
  t.equal(heard(), 0)
})

t.test('the tls part of the trust folder, where there is one, is believed alone', async (t) => {
  const { url } = await serve(t, server())
  const identity = identityOf(makeLeaf(sub, LONG))
  t.match(await ask(url, identity, { tls: STORE, domains: [storeOf([stranger])] }), { kind: 'answered' })
  t.match(await ask(url, identity, { tls: storeOf([stranger]), domains: [STORE] }), { kind: 'unreachable' })
})
