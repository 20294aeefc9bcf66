/** Whether a time-stamp token proves that data existed at a time, and by which pinned root (RFC 3161; RFC 5816). */
import { createHash, type X509Certificate } from 'node:crypto'
import { ADMITTED, DIGESTS, digestNameOf, isAdmitted, type AlgorithmPolicy } from '../algorithms.ts'
import { DerError, TAG, expectTag, oidOf } from '../asn1/der.ts'
import type { CmsSigner } from '../cms/read.ts'
import { ATTRIBUTE, algorithmOf, bindingOf, isEqual, isMadeBy, isNamed, onlyValue } from '../cms/signer.ts'
import { judgePath, withHints } from '../path/path.ts'
import type { TrustStore } from '../store.ts'
import { combine, verdictFrom, type Verdict } from '../verdict.ts'
import { ID_TST_INFO, readToken, type TimeStampInfo, type Token } from './read.ts'
import { TIME_REASONS, type TimeFinding } from './reasons.ts'

/** A verdict on a token: what it says, and the chain it rests on, the authority first, as far as they are known. */
export type TokenVerdict = Verdict & { genTime?: Date, info?: TimeStampInfo, chain: X509Certificate[] }

/** What a token must agree with. */
export type TokenDemands = {
  /** The octets of the INTEGER that was sent, hex */
  nonce?: string
  /** OID of the policy that was asked for */
  policy?: string
  /** When the request left and when its answer came, by our own clock */
  asked?: { from: Date, to: Date }
  /** What is strong enough; the product's own by default */
  algorithms?: AlgorithmPolicy
}

/** The hash of the data under this digest, as node:crypto names it; undefined when it was not asked for under this one. */
export type ImprintOf = (digest: string) => Buffer | undefined

/** Longer than a clock that is kept by NTP is ever wrong, shorter than would matter to anybody. */
const CLOCK_TOLERANCE_MS = 5 * 60 * 1000

/** Reads a token and judges it; whatever the bytes are, the answer is a verdict. */
export function judgeTokenBytes (bytes: Uint8Array, imprintOf: ImprintOf, tsa: TrustStore | null, demands: TokenDemands = {}): TokenVerdict {
  return orUnreadable(() => judgeToken(readToken(bytes), imprintOf, tsa, demands))
}

/** The same for a token over these octets, under whichever digest it says. */
export function judgeTokenOver (bytes: Uint8Array, octets: Buffer, tsa: TrustStore | null): TokenVerdict {
  return judgeTokenBytes(bytes, (digest) => Object.values(DIGESTS).includes(digest) ? createHash(digest).update(octets).digest() : undefined, tsa)
}

/**
 * Judges a token. Valid means: an authority below a pinned anchor of `tsa`, good at genTime and for nothing but time-stamps, signed that this
 * data existed at genTime. Never throws for what a stranger sent.
 */
export function judgeToken (token: Token, imprintOf: ImprintOf, tsa: TrustStore | null, demands: TokenDemands = {}): TokenVerdict {
  return orUnreadable(() => {
    const { info } = token
    if (!info) return { ...found([{ code: 'TOKEN_CONTENT_WRONG', detail: token.contentType }]), chain: [] }
    const [signer, ...others] = token.signers
    if (!signer || others.length > 0) return { ...found([{ code: 'TOKEN_SIGNERS_WRONG', detail: String(token.signers.length) }]), info, chain: [] }
    const algorithms = demands.algorithms ?? ADMITTED
    const certificate = token.certificates.find((candidate) => isNamed(candidate, signer))
    const findings: TimeFinding[] = [...judgeInfo(info, imprintOf, demands, algorithms), ...judgeAttributes(token, signer, algorithms)]
    if (!certificate) return { ...found([...findings, { code: 'TOKEN_CERTIFICATE_ABSENT' }]), info, chain: [] }
    findings.push(...judgeBinding(signer, certificate), ...judgeSignature(signer, certificate, algorithms))
    if (!tsa) return { ...found([...findings, { code: 'TSA_UNKNOWN' }]), info, chain: [certificate] }
    const { chain, ...path } = judgePath(certificate, withHints(tsa, token.certificates), info.genTime, { use: 'time-stamping' })
    return { ...combine(found(findings), path), genTime: info.genTime, info, chain }
  })
}

/** Every part that can be malformed is read inside; what is not a fault of the bytes flies. */
function orUnreadable (judge: () => TokenVerdict): TokenVerdict {
  try {
    return judge()
  } catch (error) {
    if (!(error instanceof DerError)) throw error
    return { ...found([{ code: 'TOKEN_UNREADABLE', detail: error.message }]), chain: [] }
  }
}

function found (findings: readonly TimeFinding[]): Verdict {
  return verdictFrom(TIME_REASONS, findings)
}

function judgeInfo (info: TimeStampInfo, imprintOf: ImprintOf, { nonce, policy, asked }: TokenDemands, { digests }: AlgorithmPolicy): TimeFinding[] {
  const findings: TimeFinding[] = []
  const isStrong = digests.has(info.digest)
  if (!isStrong) findings.push({ code: 'TOKEN_ALGORITHM_NOT_ALLOWED', detail: `messageImprint: ${info.digest}` })
  const imprint = isStrong ? imprintOf(info.digest) : undefined
  if (isStrong && !(imprint && isEqual(imprint, info.hashed))) findings.push({ code: 'TOKEN_IMPRINT_WRONG' })
  if (nonce !== undefined && info.nonce !== nonce) findings.push({ code: 'TOKEN_NONCE_WRONG' })
  if (policy !== undefined && info.policy !== policy) findings.push({ code: 'TOKEN_POLICY_WRONG', detail: info.policy })
  if (asked && !isBetween(info, asked)) findings.push({ code: 'TOKEN_TIME_WRONG', detail: `${info.genTime.toISOString()}; ${asked.from.toISOString()}/${asked.to.toISOString()}` })
  if (info.hasCriticalExtension) findings.push({ code: 'TOKEN_EXTENSION_UNKNOWN' })
  return findings
}

function isBetween ({ genTime, accuracyMs = 0 }: TimeStampInfo, { from, to }: { from: Date, to: Date }): boolean {
  const tolerance = CLOCK_TOLERANCE_MS + accuracyMs
  return genTime.getTime() >= from.getTime() - tolerance && genTime.getTime() <= to.getTime() + tolerance
}

/** RFC 5652, 11: each attribute once, with one value; what was signed is the attributes, and they name the content. */
function judgeAttributes ({ content }: Token, signer: CmsSigner, { digests }: AlgorithmPolicy): TimeFinding[] {
  const type = onlyValue(signer.attributes, ATTRIBUTE.contentType)
  const digestValue = onlyValue(signer.attributes, ATTRIBUTE.messageDigest)
  const findings: TimeFinding[] = []
  if (!type || oidOf(type) !== ID_TST_INFO) findings.push({ code: 'TOKEN_ATTRIBUTE_WRONG', detail: 'content-type' })
  const digest = digestNameOf(signer.digestAlgorithm)
  if (!digests.has(digest)) return [...findings, { code: 'TOKEN_ALGORITHM_NOT_ALLOWED', detail: digest }]
  if (!digestValue) return [...findings, { code: 'TOKEN_ATTRIBUTE_WRONG', detail: 'message-digest' }]
  const { content: expected } = expectTag(digestValue, TAG.octetString)
  if (!isEqual(createHash(digest).update(content).digest(), expected)) findings.push({ code: 'TOKEN_CONTENT_CHANGED' })
  return findings
}

/** RFC 5816, 2.2.1: the signed attributes name the certificate by its hash, or another with the same key could be put in its place. */
function judgeBinding (signer: CmsSigner, certificate: X509Certificate): TimeFinding[] {
  const binding = bindingOf(signer, certificate)
  switch (binding.kind) {
    case 'absent': return [{ code: 'TOKEN_CERTIFICATE_UNBOUND', detail: 'signing-certificate' }]
    case 'other': return [{ code: 'TOKEN_CERTIFICATE_UNBOUND', detail: binding.digest }]
    case 'bound': return binding.digest === 'sha1' ? [{ code: 'TOKEN_BINDING_SHA1' }] : []
  }
}

function judgeSignature (signer: CmsSigner, certificate: X509Certificate, algorithms: AlgorithmPolicy): TimeFinding[] {
  const how = algorithmOf(signer)
  if (!isAdmitted(how, algorithms)) return [{ code: 'TOKEN_ALGORITHM_NOT_ALLOWED', detail: 'digest' in how ? String(how.digest) : how.oid }]
  return isMadeBy(certificate, signer, how) ? [] : [{ code: 'TOKEN_SIGNATURE_WRONG' }]
}
