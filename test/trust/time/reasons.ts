/** An input for every reason of the table, by which it is brought about. */
import { createHash } from 'node:crypto'
import { DEFAULT_LIMITS } from '../../../src/edxml/limits.ts'
import { assemble, writePacket } from '../../../src/edxml/write.ts'
import { judgeFile } from '../../../src/evidence/judge.ts'
import { proveTime } from '../../../src/signing/proof-time.ts'
import { makeSeal } from '../../../src/signing/seal.ts'
import { DEFAULT_TRUST_POLICY } from '../../../src/trust/policy.ts'
import type { Verdict } from '../../../src/trust/verdict.ts'
import { judgeClaim } from '../../../src/trust/time/claim.ts'
import { judgeAnswer } from '../../../src/trust/time/client.ts'
import type { TIME_REASONS } from '../../../src/trust/time/reasons.ts'
import { judgeTokenBytes, type TokenDemands } from '../../../src/trust/time/token.ts'
import { documentPacket, NOW, sender, trust as exampleTrust } from '../../signing/world.ts'
import { makeCa, makeLeaf, storeOf } from '../world.ts'
import { HASH, attribute, octets, oid, sequence, writeAnswer, writeToken, type TokenChange } from './tokens.ts'
import { TIME_STAMPING_PURPOSE } from './tsa.ts'

const root = makeCa('TSA root')
/** An authority as it should be; its key is on P-256. */
export const TSA = makeLeaf(root, { extensions: [TIME_STAMPING_PURPOSE] })
export const STORE = storeOf([root])

/** The verdict on a written token. */
export function judged (change: TokenChange = {}, demands: TokenDemands = {}, store: typeof STORE | null = STORE) {
  return judgeTokenBytes(writeToken(TSA, change), (digest) => digest === 'sha256' ? HASH : undefined, store, demands)
}

function answered (bytes: Buffer): Verdict {
  const outcome = judgeAnswer(bytes, HASH, STORE, {})
  if (outcome.kind !== 'useless') throw new Error(`the answer is ${outcome.kind}`)
  return outcome.verdict
}

const at = new Date('2026-06-01T00:00:00Z')
/** Its certificate has expired by the time that it is judged; its seal claims a day before. */
const document = documentPacket()
const sealed = assemble(await writePacket({ ...document, attachments: [...document.attachments, await makeSeal(document, sender, NOW)] }), null)

const hours = (count: number) => new Date(at.getTime() + count * 3_600_000)
const SHA1_BINDING = attribute('1.2.840.113549.1.9.16.2.12', sequence(sequence(sequence(octets(Buffer.from(TSA.certificate.fingerprint.replaceAll(':', ''), 'hex'))))))

export const produces: Record<keyof typeof TIME_REASONS, () => Verdict | Promise<Verdict>> = {
  TSA_ANSWER_UNREADABLE: () => answered(Buffer.from('<html>')),
  TSA_REFUSED: () => answered(writeAnswer(2, undefined, 'no', 0)),
  TOKEN_UNREADABLE: () => answered(writeAnswer(0, sequence())),
  TOKEN_CONTENT_WRONG: () => judged({ contentType: '1.2.840.113549.1.7.1' }),
  TOKEN_SIGNERS_WRONG: () => judged({ signers: 2 }),
  TOKEN_ATTRIBUTE_WRONG: () => judged({ attributes: ({ contentType, signingCertificate }) => [contentType, signingCertificate] }),
  TOKEN_EXTENSION_UNKNOWN: () => judged({ extension: 'critical' }),
  TOKEN_CERTIFICATE_ABSENT: () => judged({ certificates: [] }),
  TOKEN_CERTIFICATE_UNBOUND: () => judged({ attributes: ({ contentType, messageDigest }) => [contentType, messageDigest] }),
  TOKEN_BINDING_SHA1: () => judged({ attributes: ({ contentType, messageDigest }) => [contentType, messageDigest, SHA1_BINDING] }),
  TOKEN_ALGORITHM_NOT_ALLOWED: () => judged({ signatureAlgorithm: sequence(oid('1.2.840.10045.4.1')) }),
  TOKEN_CONTENT_CHANGED: () => judged({ attributes: ({ contentType, signingCertificate }) => [contentType, attribute('1.2.840.113549.1.9.4', octets(HASH)), signingCertificate] }),
  TOKEN_SIGNATURE_WRONG: () => judged({ signature: (own) => Buffer.concat([own.subarray(0, -1), Buffer.of(own.at(-1)! ^ 1)]) }),
  TSA_UNKNOWN: () => judged({}, {}, null),
  TOKEN_IMPRINT_WRONG: () => judged({ hash: Buffer.alloc(32) }),
  TOKEN_NONCE_WRONG: () => judged({}, { nonce: '4000000000000000' }),
  TOKEN_POLICY_WRONG: () => judged({}, { policy: '1.2.3' }),
  TOKEN_TIME_WRONG: () => judged({}, { asked: { from: hours(1), to: hours(1) } }),
  TOKEN_LATER: () => proveTime([{ token: writeToken(TSA, { hash: createHash('sha256').update('x').digest() }), octets: Buffer.from('x') }], { trust: { timeStamping: STORE, policy: DEFAULT_TRUST_POLICY }, at: hours(-1) }).verdict,
  CLAIM_AFTER_PROOF: () => judgeClaim(hours(24), at),
  CLAIM_LOCAL_TIME: () => judgeClaim(hours(7), at),
  TIME_UNPROVED: async () => (await judgeFile(sealed, { trust: exampleTrust, at: new Date('2045-06-01T00:00:00Z'), isNow: true, limits: DEFAULT_LIMITS, registered: null })).verdict,
}
