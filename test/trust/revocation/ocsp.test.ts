import t from 'tap'
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import { extendedKeyUsage, keyUsage, pem, type Issued } from '../../../certs-example/issue.ts'
import { contentOf } from '../../../src/trust/asn1/certificate.ts'
import { DerError } from '../../../src/trust/asn1/der.ts'
import { DEFAULT_TRUST_POLICY } from '../../../src/trust/policy.ts'
import { judgeRevocation } from '../../../src/trust/revocation/judge.ts'
import { ocspRequestFor, readOcsp, responseOn, type OcspAnswer } from '../../../src/trust/revocation/ocsp.ts'
import { knownFrom } from '../../../src/trust/revocation/known.ts'
import { fingerprintOf } from '../../../src/trust/verdict.ts'
import { keyPemOf, makeCa, makeLeaf, needsOpenssl, openssl } from '../world.ts'
import { DAY, HOUR, NO_CHECK, after, leaf, makeResponder, ocspOnLeaf, serialOf, sub } from './world.ts'

t.test('an answer is read, and what it says of one certificate found by its issuer and serial', async (t) => {
  const responder = makeResponder()
  const answer = ocspOnLeaf({ digest: 'sha256', revoked: { at: after(-DAY), reason: 4 } }, { signer: responder, certificates: [responder.certificate], by: 'name' })
  t.match(answer, { producedAt: after(-HOUR), responder: { name: contentOf(responder.certificate).subject }, certificates: { length: 1 }, unknown: [] })
  t.match(responseOn(answer, leaf.certificate, sub.certificate), { digest: 'sha256', status: 'revoked', revoked: { at: after(-DAY), reason: 'superseded' }, nextUpdate: after(DAY) })
  t.equal(responseOn(answer, makeLeaf(sub, { name: { CN: 'other' } }).certificate, sub.certificate), undefined)
  t.equal(responseOn(answer, leaf.certificate, makeCa('sub').certificate), undefined, 'a CA of the same name with another key')
})

t.test('what is no successful basic answer is refused', async (t) => {
  t.throws(() => readOcsp(Buffer.from([0x30, 0x03, 0x0a, 0x01, 0x03])), { name: 'DerError', message: /tryLater/ })
  t.throws(() => readOcsp(Buffer.from('<html>')), DerError)
  const { bytes } = ocspOnLeaf()
  for (let cut = 0; cut < bytes.length; cut += 3) t.throws(() => readOcsp(bytes.subarray(0, cut)), DerError)
  t.throws(() => ocspOnLeaf({}, { entries: Array.from({ length: 101 }, () => ({ certificate: leaf.certificate, issuer: sub.certificate, thisUpdate: after(0) })) }), { message: /too many/ })
  t.throws(() => ocspOnLeaf({}, { certificates: Array.from({ length: 9 }, () => sub.certificate) }), { message: /too many/ })
})

t.test('a changed octet anywhere makes an answer unreadable or worthless', async (t) => {
  const { bytes } = ocspOnLeaf()
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes)
    changed[at]! ^= 0x01
    try {
      t.equal(told(readOcsp(changed), [leaf, sub], after(0)), 'missing', `octet ${at}`)
    } catch (error) {
      t.type(error, DerError, `octet ${at}`)
    }
  }
})

t.test('openssl reads the request', needsOpenssl, async (t) => {
  const request = ocspRequestFor(leaf.certificate, sub.certificate)
  const text = openssl(['ocsp', '-reqin', '{in}', '-req_text', '-out', '{out}'], request).toString()
  t.match(text, new RegExp(`Serial Number: ${leaf.certificate.serialNumber}`))
  t.match(text, 'Hash Algorithm: sha1')
  t.notMatch(text, 'Nonce')
})

t.test('the answers of a real responder are judged right', needsOpenssl, async (t) => {
  const life = { notBefore: new Date('2020-01-01T00:00:00Z'), notAfter: new Date('2090-01-01T00:00:00Z') }
  const ca = makeCa('CA', undefined, life)
  const [good, revoked, held, unknown] = ['good', 'revoked', 'held', 'unknown'].map((CN) => makeLeaf(ca, { ...life, name: { CN } })) as [Issued, Issued, Issued, Issued]
  const index = [
    ['V', '', good], ['R', '251101120000Z,superseded', revoked], ['R', '251101120000Z,certificateHold', held],
  ].map(([state, at, issued]) => [state, '900101000000Z', at, serialOf(issued as Issued).toString('hex').toUpperCase(), 'unknown', '/CN=x'].join('\t'))
  const purpose = { ...life, name: { CN: 'responder' }, extensions: [keyUsage('digitalSignature'), extendedKeyUsage('1.3.6.1.5.5.7.3.9'), NO_CHECK] }
  const now = new Date()
  const judge = (answer: OcspAnswer, issued: Issued, at = now) => told(answer, [issued, ca], at)

  const cases: [name: string, signer: Issued, expected: string][] = [
    ['the CA itself', ca, 'good'],
    ['a delegated responder', makeLeaf(ca, purpose), 'good'],
    ['a responder of another CA', makeLeaf(makeCa('CA', undefined, life), purpose), 'missing'],
    ['a certificate for something else', makeLeaf(ca, { ...life, extensions: [extendedKeyUsage('1.3.6.1.5.5.7.3.2')] }), 'missing'],
  ]
  for (const [name, signer, expected] of cases) {
    const ask = await startResponder(t, { ca, signer, index })
    const answer = await ask.post(good)
    t.equal(judge(answer, good), expected, name)
    if (expected === 'missing') continue
    t.equal(judge(await ask.get(good), good), 'good', 'by GET')
    t.equal(judge(await ask.post(revoked), revoked), 'revoked')
    t.equal(judge(await ask.post(revoked), revoked, new Date('2025-10-01T00:00:00Z')), 'good', 'before it was revoked')
    t.equal(judge(await ask.post(held), held), 'revoked', 'on hold')
    t.equal(judge(await ask.post(unknown), unknown), 'missing', 'unknown')
    t.equal(judge(answer, revoked), 'missing', 'an answer on another certificate')
    t.equal(judge(answer, good, new Date(answer.producedAt.getTime() + 2 * HOUR)), 'missing', 'expired')
    const tampered = Buffer.from(answer.bytes)
    tampered[tampered.indexOf(serialOf(good)) - 30]! ^= 1
    t.equal(judge(readOcsp(tampered), good), 'missing', 'tampered')
  }
})

/** What is known of the first certificate's revocation from this answer alone, the second one being the pinned root. */
function told (answer: OcspAnswer, [one, issuer]: [Issued, Issued], at: Date): string | undefined {
  const chain = [one.certificate, issuer.certificate]
  const store = { anchors: [issuer.certificate], intermediates: [] }
  return judgeRevocation(chain, knownFrom([], [{ fingerprint: fingerprintOf(one.certificate), answer }]), { at, policy: DEFAULT_TRUST_POLICY, store }).answers[0]?.status
}

/** Starts `openssl ocsp` for a CA: its answers are good for an hour. Gone with the test. */
async function startResponder (t: Tap, { ca, signer, index }: { ca: Issued, signer: Issued, index: string[] }) {
  const folder = t.testdir()
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  const child = spawn('openssl', [
    'ocsp', '-port', '0', '-nmin', '60', '-index', file('index.txt', index.map((line) => `${line}\n`).join('')), '-CA', file('ca.pem', pem('CERTIFICATE', ca.certificate.raw)),
    '-rsigner', file('signer.pem', pem('CERTIFICATE', signer.certificate.raw)), '-rkey', file('signer.key', keyPemOf(signer)),
  ], { stdio: ['ignore', 'pipe', 'ignore'] })
  t.teardown(() => { child.kill() })
  const url = await listening(child.stdout)
  const read = async (response: Response) => readOcsp(new Uint8Array(await response.arrayBuffer()))
  const requestFor = ({ certificate }: Issued) => ocspRequestFor(certificate, ca.certificate)
  return {
    post: async (one: Issued) => read(await fetch(url, { method: 'POST', headers: { 'content-type': 'application/ocsp-request' }, body: new Uint8Array(requestFor(one)) })),
    get: async (one: Issued) => read(await fetch(`${url}/${encodeURIComponent(requestFor(one).toString('base64'))}`)),
  }
}

async function listening (output: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: output })) {
    const [, port] = /^ACCEPT .*:(\d+) PID/.exec(line) ?? []
    if (port) return `http://127.0.0.1:${port}`
  }
  throw new Error('openssl ocsp has ended')
}

type Tap = { testdir (): string, teardown (end: () => void): void }
