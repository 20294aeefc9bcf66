import { createHash, randomBytes } from 'node:crypto'
import t from 'tap'
import { AsnConvert } from '@peculiar/asn1-schema'
import { SignedData } from '@peculiar/asn1-cms'
import { TSTInfo, TimeStampResp } from '@peculiar/asn1-tsp'

import { readAnswer, readToken } from '../../../src/trust/time/read.ts'
import { nonceFrom, timeStampRequest } from '../../../src/trust/time/request.ts'
import { judgeTokenBytes, type TokenDemands } from '../../../src/trust/time/token.ts'
import { makeCa, needsOpenssl, storeOf } from '../world.ts'
import { POLICIES, makeTsa, type TsaOptions } from './tsa.ts'

const HASH = createHash('sha256').update('a packet').digest()

/** A token of a real authority for HASH, and how it is judged. */
async function setup (t: { teardown (end: () => unknown): void }, options?: TsaOptions) {
  const tsa = makeTsa(t, options)
  const nonce = nonceFrom(randomBytes(8))
  const query = timeStampRequest(HASH, nonce)
  const answer = await tsa.answer(query)
  const token = readAnswer(answer).token!
  const judge = (bytes: Uint8Array = token, demands: TokenDemands = {}, store: Parameters<typeof judgeTokenBytes>[2] = tsa.store, hash = HASH) =>
    judgeTokenBytes(bytes, (digest) => digest === 'sha256' ? hash : undefined, store, demands)
  return { tsa, nonce, query, answer, token, judge }
}

const codesOf = ({ reasons }: { reasons: { code: string }[] }) => reasons.map(({ code }) => code)

t.test("a real authority's token is valid, and says when, by which policy and by which chain", needsOpenssl, async (t) => {
  for (const options of [{ keys: 'rsa' }, { keys: 'ec' }, { keys: 'rsa', digest: 'sha512' }] as const) {
    const from = new Date()
    const { tsa, nonce, answer, query, judge } = await setup(t, options)
    const verdict = judge(undefined, { nonce: nonce.toString('hex'), policy: POLICIES[0], asked: { from, to: new Date() } })
    t.strictSame([verdict.result, verdict.reasons], ['valid', []], JSON.stringify(options))
    t.ok(Math.abs(verdict.genTime!.getTime() - Date.now()) < 60_000)
    t.match(verdict.info, { policy: POLICIES[0], digest: 'sha256', accuracyMs: 1500.1 })
    t.strictSame(verdict.chain.map(({ fingerprint256 }) => fingerprint256), [tsa.own, tsa.sub, tsa.root].map(({ certificate }) => certificate.fingerprint256))
    t.equal(tsa.opensslAccepts(answer, { query }), true, 'openssl agrees')
  }
})

t.test('the first version of the binding, by SHA-1, is remarked upon', needsOpenssl, async (t) => {
  const { judge } = await setup(t, { binding: 'sha1' })
  t.match(judge(), { result: 'valid', reasons: [{ code: 'TOKEN_BINDING_SHA1' }] })
})

t.test('a library reads the same out of a token as we do', needsOpenssl, async (t) => {
  const { answer, token } = await setup(t)
  const read = readToken(token)
  const signed = AsnConvert.parse(AsnConvert.parse(answer, TimeStampResp).timeStampToken!.content, SignedData)
  const info = AsnConvert.parse(signed.encapContentInfo.eContent!.single!.buffer, TSTInfo)
  t.strictSame(
    { genTime: read.info!.genTime, serial: read.info!.serial, nonce: read.info!.nonce, policy: read.info!.policy, hashed: read.info!.hashed.toString('hex'), signature: read.signers[0]!.signature.toString('hex') },
    {
      genTime: info.genTime, serial: Buffer.from(info.serialNumber).toString('hex'), nonce: Buffer.from(info.nonce!).toString('hex'), policy: info.policy,
      hashed: Buffer.from(info.messageImprint.hashedMessage.buffer).toString('hex'), signature: Buffer.from(signed.signerInfos[0]!.signature.buffer).toString('hex'),
    })
})

t.test('a token for other data, another request or another policy is refused', needsOpenssl, async (t) => {
  const { judge, answer, tsa } = await setup(t)
  const other = createHash('sha256').update('another packet').digest()
  t.strictSame(codesOf(judge(undefined, {}, undefined, other)), ['TOKEN_IMPRINT_WRONG'])
  t.equal(tsa.opensslAccepts(answer, { hash: other }), false, 'openssl agrees')
  t.equal(tsa.opensslAccepts(answer, { hash: HASH }), true)
  t.strictSame(codesOf(judge(undefined, { nonce: nonceFrom(randomBytes(8)).toString('hex') })), ['TOKEN_NONCE_WRONG'])
  t.strictSame(codesOf(judge(undefined, { policy: POLICIES[1] })), ['TOKEN_POLICY_WRONG'])
})

t.test('a token from another day than it was asked for is refused, and one whose clock differs a little is not', needsOpenssl, async (t) => {
  const { judge } = await setup(t)
  const asked = (ahead: number) => ({ asked: { from: new Date(Date.now() + ahead), to: new Date(Date.now() + ahead) } })
  for (const minutes of [-4, 0, 4]) t.equal(judge(undefined, asked(minutes * 60_000)).result, 'valid', `${minutes} min`)
  for (const minutes of [-1440, -7, 7, 1440]) t.strictSame(codesOf(judge(undefined, asked(minutes * 60_000))), ['TOKEN_TIME_WRONG'], `${minutes} min`)
})

t.test('a token is believed below our own anchors for time-stamping only', needsOpenssl, async (t) => {
  const { judge, tsa } = await setup(t)
  t.strictSame(codesOf(judge(undefined, {}, storeOf([makeCa('TSA root')]))), ['ISSUER_UNKNOWN'])
  t.match(judge(undefined, {}, null), { result: 'indeterminate', reasons: [{ code: 'TSA_UNKNOWN' }], genTime: undefined })
  t.equal(judge(undefined, {}, storeOf([tsa.root])).result, 'valid', 'the CA between came along with the token, and proves nothing by itself')
})

t.test("an authority's certificate that is good for other things too, or whose time is over, is refused", needsOpenssl, async (t) => {
  const expired = await setup(t, { certificate: { notAfter: new Date('2021-01-01T00:00:00Z') } })
  t.strictSame(codesOf(expired.judge()), ['CERTIFICATE_EXPIRED'])
  t.equal(expired.tsa.opensslAccepts(expired.answer, { query: expired.query }), false, 'openssl agrees')
})

t.test('no token is valid with any octet changed in what is signed, and none crashes anything', needsOpenssl, async (t) => {
  const { token, judge } = await setup(t, { keys: 'ec' })
  const outcomes = { valid: 0, invalid: 0, indeterminate: 0 }
  const valid: number[] = []
  for (let at = 0; at < token.length; at++) {
    const changed = Buffer.from(token)
    changed[at] = changed[at]! ^ (1 << (at % 8))
    const { result } = judge(changed)
    outcomes[result]++
    if (result === 'valid') valid.push(at)
  }
  t.ok(outcomes.invalid > token.length / 2, JSON.stringify(outcomes))
  // What nobody signed may change: version numbers, the list of digests, a CA's certificate that our own store holds too
  const { content, signers: [signer] } = readToken(token)
  const parts = [content, signer!.signedAttributes!.subarray(1), signer!.signature].map((part) => ({ from: token.indexOf(part), to: token.indexOf(part) + part.length }))
  t.ok(parts.every(({ from }) => from > 0))
  t.strictSame(valid.filter((at) => parts.some(({ from, to }) => at >= from && at < to)), [])
  for (const length of [0, 1, 10, token.length - 1]) t.strictSame(codesOf(judge(token.subarray(0, length))), ['TOKEN_UNREADABLE'], `${length} octets`)
  t.strictSame(codesOf(judge(Buffer.concat([token, Buffer.of(0)]))), ['TOKEN_UNREADABLE'], 'nor with anything behind it')
})
