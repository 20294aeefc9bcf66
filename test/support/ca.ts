/** A CA of two levels with a real CRL server and a real OCSP responder (`openssl ocsp`) on loopback, under the addresses that official certificates name. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { authorityInfoAccess, crlDistributionPoint, extendedKeyUsage, keyUsage, pem } from '../../certs-example/issue.ts'
import type { Issued } from '../../certs-example/issue.ts'
import { issueCrl, type CrlOptions } from '../../certs-example/revocation.ts'
import { contentOf } from '../../src/trust/asn1/certificate.ts'
import { keyPemOf, makeCa, makeLeaf } from '../trust/world.ts'

type Teardown = { teardown (end: () => unknown): void }
type Answer = (response: ServerResponse, asked: { path: string, headers: NodeJS.Dict<string | string[]> }) => void

const SPAN = { notBefore: new Date('2020-01-01T00:00:00Z'), notAfter: new Date('2090-01-01T00:00:00Z') }
const HOUR = 3_600_000
const CRL_URL = 'http://ca.gov.vn/pki/pub/crl/sub.crl'

export type Leaf = Issued & { serial: Buffer, pem: string, keyPem: string }

/** Once this returns, the CA answers; nobody is revoked. Gone with the test. */
export async function startCa (t: Teardown) {
  const root = makeCa('Gốc thử nghiệm', undefined, SPAN)
  const sub = makeCa('CA thử nghiệm', root, { ...SPAN, extensions: [crlDistributionPoint('http://ca.gov.vn/pki/pub/crl/root.crl')] })
  const folder = mkdtempSync(join(tmpdir(), 'lienthong-ca-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  for (const part of ['anchors', 'intermediates', 'crls']) mkdirSync(join(folder, 'trust', part), { recursive: true })
  writeFileSync(join(folder, 'trust/anchors/root.pem'), pem('CERTIFICATE', root.certificate.raw))
  writeFileSync(join(folder, 'trust/intermediates/sub.pem'), pem('CERTIFICATE', sub.certificate.raw))

  let number = 1
  let revoked: { serial: Buffer, at: Date }[] = []
  const crl = (change: Partial<CrlOptions> = {}) => issueCrl({
    issuer: sub, number: ++number, thisUpdate: new Date(Date.now() - HOUR), nextUpdate: new Date(Date.now() + 40 * 24 * HOUR), entries: revoked.map(({ serial, at }) => ({ serial, at, reason: 1 })), ...change,
  })
  const serveCrl = (bytes: Buffer): Answer => (response) => { response.end(bytes) }
  const asked: string[] = []
  let answer: Answer = serveCrl(crl())
  const rootCrl = issueCrl({ issuer: root, thisUpdate: new Date(Date.now() - HOUR), nextUpdate: new Date(Date.now() + 40 * 24 * HOUR) })
  const server = createServer((request, response) => {
    response.on('error', () => {})
    if (request.url === '/pki/pub/crl/root.crl') return void response.end(rootCrl)
    asked.push(request.url ?? '')
    answer(response, { path: request.url ?? '', headers: request.headers })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => { server.closeAllConnections(); server.close() })
  const { port } = server.address() as AddressInfo

  let leaves = 0
  return {
    trustDir: join(folder, 'trust'),
    sub,
    asked,
    /** The CRLs as `openssl` or a person would have them. */
    crl,
    rootCrl,
    /** The set-up's section that leads the official addresses here. */
    settings: (ocspPort = port) => ({ privateNetworks: true, revocationHosts: [`127.0.0.1:${port}`, `127.0.0.1:${ocspPort}`], rewrite: { 'ca.gov.vn': `127.0.0.1:${port}`, 'ocsp.ca.gov.vn': `127.0.0.1:${ocspPort}` } }),
    /** From now on the CRL server answers so. */
    answer (how: Answer) { answer = how },
    /** The server gives out a new CRL with all that is revoked. */
    publish (change: Partial<CrlOptions> = {}) { answer = serveCrl(crl(change)) },
    revoke (leaf: Leaf, at = new Date(Date.now() - HOUR)) { revoked = [...revoked, { serial: leaf.serial, at }] },
    /** Nobody is revoked any more. */
    unrevoke () { revoked = [] },
    /** A signer's certificate whose revocation is told by CRL, by OCSP, or by both. */
    issue (told: ('crl' | 'ocsp')[] = ['crl']): Leaf {
      const issued = makeLeaf(sub, {
        name: { CN: `Cơ quan ${++leaves}` }, ...SPAN,
        extensions: [
          ...told.includes('crl') ? [crlDistributionPoint(CRL_URL)] : [],
          ...told.includes('ocsp') ? [authorityInfoAccess({ caIssuers: 'http://ca.gov.vn/sub.crt', ocsp: 'http://ocsp.ca.gov.vn/' })] : [],
        ],
      })
      return { ...issued, serial: Buffer.from(contentOf(issued.certificate).serial, 'hex'), pem: pem('CERTIFICATE', issued.certificate.raw), keyPem: keyPemOf(issued) }
    },
    /** Starts `openssl ocsp` with a responder that the CA delegated to. Gives its port. */
    async startResponder (good: readonly Leaf[], bad: readonly { leaf: Leaf, at: Date }[] = []): Promise<number> {
      const own = makeLeaf(sub, { name: { CN: 'OCSP' }, ...SPAN, extensions: [keyUsage('digitalSignature'), extendedKeyUsage('1.3.6.1.5.5.7.3.9'), { id: '1.3.6.1.5.5.7.48.1.5', value: Buffer.from([5, 0]) }] })
      const line = (leaf: Leaf, state: string, at = '') => [state, '900101000000Z', at, leaf.serial.toString('hex').toUpperCase(), 'unknown', `/CN=${leaf.serial.toString('hex')}`].join('\t')
      const utc = (date: Date) => `${date.toISOString().slice(2, 19).replace(/[-T:]/g, '')}Z`
      const file = (name: string, text: string) => { writeFileSync(join(folder, name), text); return join(folder, name) }
      const index = file('index.txt', [...good.map((leaf) => line(leaf, 'V')), ...bad.map(({ leaf, at }) => line(leaf, 'R', `${utc(at)},keyCompromise`))].map((text) => `${text}\n`).join(''))
      const child = spawn('openssl', [
        'ocsp', '-port', '0', '-index', index, '-CA', file('sub.pem', pem('CERTIFICATE', sub.certificate.raw)), '-rsigner', file('ocsp.pem', pem('CERTIFICATE', own.certificate.raw)),
        '-rkey', file('ocsp.key', keyPemOf(own)), '-nmin', '60',
      ], { stdio: ['ignore', 'pipe', 'ignore'] })
      t.teardown(() => { child.kill() })
      for await (const line of createInterface({ input: child.stdout })) {
        const [, found] = /^ACCEPT .*:(\d+) PID/.exec(line) ?? []
        if (found) return Number(found)
      }
      throw new Error('openssl ocsp has ended')
    },
  }
}
