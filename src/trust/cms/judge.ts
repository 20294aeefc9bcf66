/**
 * Whether one signer's key made a detached signature over a content, and what comes along with it (RFC 5652, 5.6; EN 319 122-1).
 * Stricter than the standard: without signed attributes nothing is signed. Whose certificate it is, and at which time, is for others to judge.
 */
import type { X509Certificate } from 'node:crypto'
import { ADMITTED, digestNameOf, type SignedWith } from '../algorithms.ts'
import { DerError, TAG, childrenOf, expectTag, ifReadable, oidOf, readDer, timeOf, type Der } from '../asn1/der.ts'
import { ID_DATA, MOST_ANSWERS, readSignedData, type CmsSigner, type SignedData } from './read.ts'
import type { CmsFinding } from './reasons.ts'
import { ATTRIBUTE, algorithmOf, bindingOf, isEqual, isMadeBy, isNamed, onlyValue } from './signer.ts'

/** What the signature must agree with. */
export type SignatureDemands = {
  /** The digest of the content under this algorithm, as node:crypto names it */
  digestOf (digest: string): Uint8Array | undefined
  /** Whether the signed attributes must name the certificate, as CAdES does */
  mustNameCertificate: boolean
}

/** What came of it, SHA-1 being for whoever knows the time to judge. `signed` is set once the value proved who signed: anybody can copy a certificate. */
export type JudgedSignature = {
  findings: CmsFinding[]
  signer?: X509Certificate
  signed: boolean
  /** Certificates that came along: hints */
  certificates: X509Certificate[]
  /** Where SHA-1 is used */
  sha1?: string
  /** The octets that time-stamps are over */
  value: Buffer
  /** Time-stamp tokens that came along */
  stamps: Buffer[]
  /** What the signer claims */
  signingTime?: Date
  /** CRLs and OCSP answers that came along: hints */
  crls: Buffer[]
  ocsps: Buffer[]
}

/** Each costs the verification of a signature and a path. */
const MOST_STAMPS = 8

/** RFC 5652, 11; RFC 6211, 2; RFC 5035, 5: at most one instance of each, with one value. */
const ONCE = [ATTRIBUTE.contentType, ATTRIBUTE.messageDigest, ATTRIBUTE.signingTime, ATTRIBUTE.algorithmProtection, ATTRIBUTE.signingCertificate, ATTRIBUTE.signingCertificateV2]

/** Judges the signature in these bytes. Never throws for what a stranger sent. */
export function judgeSignedData (bytes: Uint8Array, demands: SignatureDemands): JudgedSignature {
  try {
    return judge(readSignedData(bytes), demands)
  } catch (error) {
    if (!(error instanceof DerError)) throw error
    return nothing([{ code: 'CMS_UNREADABLE', detail: error.message }])
  }
}

function nothing (findings: CmsFinding[]): JudgedSignature {
  return { findings, signed: false, certificates: [], value: Buffer.alloc(0), stamps: [], crls: [], ocsps: [] }
}

function judge (message: SignedData, demands: SignatureDemands): JudgedSignature {
  const [signer, ...others] = message.signers
  if (!signer || others.length > 0) return nothing([{ code: 'CMS_SIGNERS_WRONG', detail: String(message.signers.length) }])
  if (signer.signedAttributes === undefined) return nothing([{ code: 'CMS_ATTRIBUTES_ABSENT' }])
  const how = algorithmOf(signer)
  const digest = digestNameOf(signer.digestAlgorithm)
  const certificate = message.certificates.find((candidate) => isNamed(candidate, signer))
  const signed = certificate !== undefined && isJudged(how) && isMadeBy(certificate, signer, how)
  const attributes = judgeAttributes(signer)
  const sha1 = sha1In(digest, how)
  const time = onlyValue(signer.attributes, ATTRIBUTE.signingTime)
  return {
    findings: [
      ...judgeContent(message), ...judgeAlgorithms(message, signer, digest, how),
      ...attributes.length > 0 ? attributes : [...judgeDigest(signer, digest, demands), ...judgeBinding(signer, certificate, demands)],
      ...certificate ? [] : [{ code: 'CMS_CERTIFICATE_ABSENT' as const }],
      ...certificate && isJudged(how) && !signed ? [{ code: 'CMS_SIGNATURE_WRONG' as const }] : [],
    ],
    ...(certificate && { signer: certificate }),
    signed,
    certificates: message.certificates.filter((candidate) => candidate !== certificate),
    ...(sha1 !== undefined && { sha1 }),
    value: signer.signature,
    stamps: stampsOf(signer),
    ...(time && { signingTime: timeOf(time) }),
    ...answersOf(message, signer),
  }
}

/** Strong enough, or SHA-1, of which the time decides. Anything else proves nobody. */
function isKnown (digest: string): boolean {
  return ADMITTED.digests.has(digest) || digest === 'sha1'
}

function isJudged (how: SignedWith | { oid: string }): how is SignedWith {
  return 'scheme' in how && isKnown(how.digest)
}

/** The bytes are detached, and plain data: a token or another message that was signed for its own sake is no signature of a file. */
function judgeContent ({ contentType, content }: SignedData): CmsFinding[] {
  return contentType !== ID_DATA || content !== undefined ? [{ code: 'CMS_CONTENT_WRONG', detail: contentType }] : []
}

function judgeAlgorithms ({ digests }: SignedData, signer: CmsSigner, digest: string, how: SignedWith | { oid: string }): CmsFinding[] {
  const named = [digest, 'scheme' in how ? how.digest : how.oid]
  const refused = named.find((name) => !isKnown(name))
  if (refused !== undefined) return [{ code: 'CMS_ALGORITHM_NOT_ALLOWED', detail: refused }]
  const findings: CmsFinding[] = []
  if (named[0] !== named[1] || !digests.includes(digest)) findings.push({ code: 'CMS_ALGORITHMS_DIFFER', detail: [...named, ...digests].join(', ') })
  const protection = onlyValue(signer.attributes, ATTRIBUTE.algorithmProtection)
  if (protection && !isProtected(protection, signer)) findings.push({ code: 'CMS_ALGORITHMS_DIFFER', detail: 'cms-algorithm-protection' })
  return findings
}

/** RFC 6211, 2: what the attribute names is what is used. */
function isProtected (protection: Der, { digestAlgorithm, signatureAlgorithm }: CmsSigner): boolean {
  const [digest, signature, ...others] = childrenOf(protection)
  return others.length === 0 && signature?.tag === 0xa1 && comparable(digest?.content) === comparable(digestAlgorithm.content) && comparable(signature.content) === comparable(signatureAlgorithm.content)
}

/** RFC 5754, 2: parameters that are NULL, and none at all, mean the same. */
function comparable (algorithm: Buffer | undefined): string | undefined {
  return algorithm?.toString('hex').replace(/0500$/, '')
}

function judgeAttributes ({ attributes }: CmsSigner): CmsFinding[] {
  const repeated = ONCE.find((type) => attributes.some((attribute) => attribute.type === type) && onlyValue(attributes, type) === undefined)
  if (repeated !== undefined) return [{ code: 'CMS_ATTRIBUTE_WRONG', detail: repeated }]
  const type = onlyValue(attributes, ATTRIBUTE.contentType)
  // RFC 5652, 11.1: the type of what is signed, which judgeContent wants to be plain data
  if (type === undefined || oidOf(type) !== ID_DATA) return [{ code: 'CMS_ATTRIBUTE_WRONG', detail: 'content-type' }]
  return onlyValue(attributes, ATTRIBUTE.messageDigest) === undefined ? [{ code: 'CMS_ATTRIBUTE_WRONG', detail: 'message-digest' }] : []
}

function judgeDigest ({ attributes }: CmsSigner, digest: string, { digestOf }: SignatureDemands): CmsFinding[] {
  const { content } = expectTag(onlyValue(attributes, ATTRIBUTE.messageDigest), TAG.octetString)
  const computed = digestOf(digest)
  return computed && isEqual(computed, content) ? [] : [{ code: 'CMS_CONTENT_CHANGED' }]
}

function judgeBinding (signer: CmsSigner, certificate: X509Certificate | undefined, { mustNameCertificate }: SignatureDemands): CmsFinding[] {
  if (certificate === undefined) return []
  const binding = bindingOf(signer, certificate)
  switch (binding.kind) {
    case 'absent': return [{ code: mustNameCertificate ? 'CMS_CERTIFICATE_UNBOUND' : 'CMS_CERTIFICATE_UNNAMED' }]
    case 'other': return [{ code: 'CMS_CERTIFICATE_OTHER', detail: binding.digest }]
    case 'bound': return binding.digest === 'sha1' ? [{ code: 'CMS_BINDING_SHA1' }] : []
  }
}

function sha1In (digest: string, how: SignedWith | { oid: string }): string | undefined {
  const places = [digest === 'sha1' ? 'digestAlgorithm' : '', 'scheme' in how && how.digest === 'sha1' ? 'signatureAlgorithm' : ''].filter((place) => place !== '')
  return places.length > 0 ? places.join(', ') : undefined
}

function stampsOf ({ unsignedAttributes }: CmsSigner): Buffer[] {
  const stamps = unsignedAttributes.filter(({ type }) => type === ATTRIBUTE.signatureTimeStamp).flatMap(({ values }) => values)
  if (stamps.length > MOST_STAMPS) throw new DerError(`more than ${MOST_STAMPS} time-stamps`)
  return stamps.map(({ raw }) => raw)
}

/** Beside the message's own CRLs, what Adobe's attribute holds (ISO 32000-2, 12.8.3.3.2): CRLs and OCSP answers. One that cannot be read is as good as absent. */
function answersOf ({ crls, ocsps }: SignedData, { attributes, unsignedAttributes }: CmsSigner): { crls: Buffer[], ocsps: Buffer[] } {
  const values = [...attributes, ...unsignedAttributes].filter(({ type }) => type === ATTRIBUTE.revocationInfoArchival).flatMap(({ values }) => values)
  const archived = values.flatMap((value) => ifReadable(() => childrenOf(value, TAG.sequence, MOST_ANSWERS)) ?? [])
  const inside = (tag: number) => archived.filter((field) => field.tag === tag).flatMap(({ content }) => ifReadable(() => childrenOf(readDer(content, TAG.sequence), TAG.sequence, MOST_ANSWERS)) ?? [])
  return { crls: [...crls, ...inside(0xa0).map(({ raw }) => raw)], ocsps: [...ocsps, ...inside(0xa1).map(({ raw }) => raw)] }
}
