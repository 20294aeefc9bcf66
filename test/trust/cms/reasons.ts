/** An input for every reason of the table, by which it is brought about. */
import { createHash } from 'node:crypto'
import { ecKeys } from '../../../certs-example/issue.ts'
import { judgeSignedData, type JudgedSignature, type SignatureDemands } from '../../../src/trust/cms/judge.ts'
import { CMS_REASONS } from '../../../src/trust/cms/reasons.ts'
import { verdictFrom, type Verdict } from '../../../src/trust/verdict.ts'
import { octets, sequence } from '../time/tokens.ts'
import { makeCa, makeLeaf } from '../world.ts'
import { CONTENT, DIGEST, signingCertificateV1, signingCertificateV2, writeMessage, type MessageChange } from './messages.ts'

export const ROOT = makeCa('root')
export const SUB = makeCa('sub', ROOT)
/** A signer as he should be; his key is on P-256. */
export const SIGNER = makeLeaf(SUB, { keys: ecKeys('prime256v1') })
const other = makeLeaf(SUB, { name: { CN: 'other' } })

/** The judgement on these bytes as a signature over CONTENT. */
export function judged (bytes: Uint8Array, demands: Partial<SignatureDemands> = {}): JudgedSignature {
  return judgeSignedData(bytes, { digestOf: (digest) => digest in DIGEST ? createHash(digest).update(CONTENT).digest() : undefined, mustNameCertificate: true, ...demands })
}

/** The codes that a written message brings. */
export function codesOf (change: MessageChange = {}, demands: Partial<SignatureDemands> = {}, signer = SIGNER): string[] {
  return judged(writeMessage(signer, change), demands).findings.map(({ code }) => code)
}

const verdictOn = (change: MessageChange, demands: Partial<SignatureDemands> = {}): Verdict => verdictFrom(CMS_REASONS, judged(writeMessage(SIGNER, change), demands).findings)

export const produces: Record<keyof typeof CMS_REASONS, () => Verdict> = {
  CMS_UNREADABLE: () => verdictFrom(CMS_REASONS, judged(sequence(octets(CONTENT))).findings),
  CMS_CONTENT_WRONG: () => verdictOn({ encapsulated: CONTENT }),
  CMS_SIGNERS_WRONG: () => verdictOn({ signers: 2 }),
  CMS_ATTRIBUTES_ABSENT: () => verdictOn({ attributes: () => null }),
  CMS_ATTRIBUTE_WRONG: () => verdictOn({ attributes: ({ contentType, signingCertificate }) => [contentType, signingCertificate] }),
  CMS_ALGORITHM_NOT_ALLOWED: () => verdictOn({ signatureAlgorithm: writeMd5() }),
  CMS_ALGORITHMS_DIFFER: () => verdictOn({ signatureDigest: 'sha384' }),
  CMS_CERTIFICATE_ABSENT: () => verdictOn({ certificates: [other.certificate.raw] }),
  CMS_CERTIFICATE_UNBOUND: () => verdictOn({ attributes: ({ contentType, messageDigest }) => [contentType, messageDigest] }),
  CMS_CERTIFICATE_UNNAMED: () => verdictOn({ attributes: ({ contentType, messageDigest }) => [contentType, messageDigest] }, { mustNameCertificate: false }),
  CMS_CERTIFICATE_OTHER: () => verdictOn({ attributes: ({ contentType, messageDigest }) => [contentType, messageDigest, signingCertificateV2(other)] }),
  CMS_BINDING_SHA1: () => verdictOn({ attributes: ({ contentType, messageDigest }) => [contentType, messageDigest, signingCertificateV1(SIGNER)] }),
  CMS_SIGNATURE_WRONG: () => verdictOn({ signature: (own) => Buffer.concat([own.subarray(0, -1), Buffer.of(own.at(-1)! ^ 1)]) }),
  CMS_CONTENT_CHANGED: () => verdictOn({ content: Buffer.from('%PDF-1.7\nother') }),
}

/** rsa-md5 */
function writeMd5 (): Buffer {
  return Buffer.from('300d06092a864886f70d0101040500', 'hex')
}
