/**
 * From a signer's certificate to a pinned root (RFC 5280, 6.1), at a given moment.
 * Only certificates of our own store are ever put into the chain, and nothing is fetched.
 * Revocation is judged elsewhere. Name and policy constraints are refused, so none is ever overlooked.
 */
import type { KeyObject, X509Certificate } from 'node:crypto'

import { EXTENSION, KEY_USAGE, contentOf } from '../asn1/certificate.ts'
import type { CertificateContent } from '../asn1/certificate.ts'
import { DerError } from '../asn1/der.ts'
import type { AlgorithmPolicy } from '../algorithms.ts'
import type { TrustStore } from '../store.ts'
import { fingerprintOf, momentForPeople, nameForPeople, verdictFrom } from '../verdict.ts'
import type { Verdict } from '../verdict.ts'
import { PATH_REASONS, type PathFinding } from './reasons.ts'
import { judgeUse } from './uses.ts'
import type { Use } from './uses.ts'

/** A verdict on a path, and the chain it speaks of: the signer first, the root last. */
export type PathVerdict = Verdict & { chain: X509Certificate[] }

/** Signer, sub-CA and root are all that the Cipher Committee has; one more leaves room for a CA between. */
const MAX_CHAIN = 4

const MIN_RSA_BITS = 2048

/** TT 15/2025/TT-BKHCN, appendix I: ECDSA of at least 256 bits. */
const CURVES = new Set(['prime256v1', 'secp384r1'])

const ADMITTED_ALGORITHMS = new Set([
  '1.2.840.113549.1.1.11', '1.2.840.113549.1.1.12', '1.2.840.113549.1.1.13', // RSA with SHA-256, 384, 512
  '1.2.840.10045.4.3.2', '1.2.840.10045.4.3.3', '1.2.840.10045.4.3.4', // ECDSA with SHA-256, 384, 512
])

const SHA1_ALGORITHMS = new Set(['1.2.840.113549.1.1.5', '1.3.14.3.2.29', '1.2.840.10045.4.1', '1.2.840.10040.4.3'])

const MD_ALGORITHMS = new Set(['1.2.840.113549.1.1.2', '1.2.840.113549.1.1.3', '1.2.840.113549.1.1.4'])

/** The first generation (G1) of the Cipher Committee's CA certificates: signed with SHA-1 in 2010–2016, in use until 2030. */
const PINNED_SHA1 = new Set([
  'f7bc89054cec7f12730d7b8cd3eb7955b163835087e5eb873edfb584763b3f90', // root
  '75e969c07ba35c29c72bbc1bfb880f20f3891a619b00b77eb02ca6160736a1fe', // Chính phủ
  'a262cfa489dbbe666f8b89fab832547809874d5a06fa9f7a38fc227ebdf40514', // Bộ Tài chính
  'ecbf8428266c549eb1bfdc2715270d5b9dff3bbbe2d3f0c33e0fd91f70b2d943', // Bộ Công an
  '6e218b3ebc2f31b0d03205c64fd7e8920fb47187d37afcdb4cb2bb4178bf4635', // Đảng
  '3c4281296f92d292cc952295fe41ad7d0b37438ff1d143b56c4642cc1b14bd93', // Bộ Ngoại giao
])

/** Critical extensions that do not stop a path. Any policy is accepted, so certificatePolicies asks for nothing. */
const UNDERSTOOD = new Set<string>(Object.values(EXTENSION))

/** Name constraints, policy constraints, inhibitAnyPolicy: they narrow what may follow, so to skip them, critical or not, would accept too much. */
const UNJUDGED_CONSTRAINTS = new Set(['2.5.29.30', '2.5.29.36', '2.5.29.54'])

/** What a path is asked for. */
export type PathOptions = {
  /** What the first certificate is to be used for; documents by default */
  use?: Use
  /** RFC 5280, 6.1.1 (c), (e), (f), (g); every policy by default */
  policies?: PolicyInputs
  /** What is strong enough; the product's own by default */
  algorithms?: AlgorithmPolicy
}

/** Where the judgement of policies starts. `initial` are the policies that are acceptable, every one when absent. */
export type PolicyInputs = { initial?: readonly string[], requireExplicit?: boolean, inhibitMapping?: boolean, inhibitAny?: boolean }

/** Judges whether this certificate could be used so at that moment, by the anchors and intermediates of the store alone. */
export function judgePath (leaf: X509Certificate, store: Pick<TrustStore, 'anchors' | 'intermediates'>, at: Date, { use = 'documents' }: PathOptions = {}): PathVerdict {
  try {
    const attempts = chainsFrom([leaf], store).map((attempt) => judgeChain(attempt, at, use))
    return attempts.find(({ result }) => result === 'valid') ?? attempts.reduce((best, next) => next.reasons.length < best.reasons.length ? next : best)
  } catch (error) {
    if (!(error instanceof DerError)) throw error
    return { ...verdictFrom(PATH_REASONS, [{ code: 'CERTIFICATE_UNREADABLE', detail: error.message }]), chain: [leaf] }
  }
}

/** A chain that reached an anchor, or the longest part of one that did not and why. */
type Attempt = { chain: X509Certificate[], broken?: PathFinding }

function chainsFrom (chain: X509Certificate[], store: Pick<TrustStore, 'anchors' | 'intermediates'>): Attempt[] {
  const last = chain.at(-1)!
  const anchors = issuersOf(last, store.anchors)
  const intermediates = issuersOf(last, store.intermediates).filter((issuer) => !chain.some((link) => link.raw.equals(issuer.raw)))
  if (anchors.length === 0 && intermediates.length === 0) {
    return [{ chain, broken: { code: 'ISSUER_UNKNOWN', detail: nameForPeople(last.issuer) } }]
  }
  if (chain.length === MAX_CHAIN) return [{ chain, broken: { code: 'CHAIN_TOO_LONG', detail: `> ${MAX_CHAIN}` } }]
  return [
    ...anchors.map((anchor) => ({ chain: [...chain, anchor] })),
    ...intermediates.flatMap((issuer) => chainsFrom([...chain, issuer], store)),
  ]
}

/** Those that bear the issuer's name and key identifier; among several, those whose key really made the signature. */
function issuersOf (certificate: X509Certificate, candidates: readonly X509Certificate[]): X509Certificate[] {
  const { issuer, issuerKeyId } = contentOf(certificate)
  const named = candidates.filter((candidate) => {
    const { subject, keyId } = contentOf(candidate)
    return subject === issuer && (issuerKeyId === undefined || keyId === undefined || keyId === issuerKeyId)
  })
  if (named.length < 2) return named
  const signers = named.filter((candidate) => isSignedBy(certificate, candidate))
  return signers.length > 0 ? signers : named
}

function judgeChain ({ chain, broken }: Attempt, at: Date, use: Use): PathVerdict {
  const findings: PathFinding[] = chain.flatMap((certificate, index) => {
    const content = contentOf(certificate)
    const found = [
      ...judgeValidity(certificate, at),
      ...judgeKey(certificate),
      ...judgeAlgorithm(certificate, content),
      ...judgeExtensions(content),
      ...(index === 0 ? judgeUse(content, use) : judgeIssuer(content, chain.slice(1, index))),
    ]
    const issuer = chain[index + 1]
    if (issuer !== undefined && !isSignedBy(certificate, issuer)) found.push({ code: 'CHAIN_SIGNATURE_WRONG' })
    const name = nameForPeople(certificate.subject)
    return found.map(({ code, detail }) => ({ code, detail: detail === undefined ? name : `${name}: ${detail}` }))
  })
  return { ...verdictFrom(PATH_REASONS, broken === undefined ? findings : [broken, ...findings]), chain }
}

function judgeValidity (certificate: X509Certificate, at: Date): PathFinding[] {
  // Written so that a date that is none fails
  if (!(at >= certificate.validFromDate)) return [{ code: 'CERTIFICATE_NOT_YET_VALID', detail: momentForPeople(certificate.validFromDate) }]
  if (!(at <= certificate.validToDate)) return [{ code: 'CERTIFICATE_EXPIRED', detail: momentForPeople(certificate.validToDate) }]
  return []
}

function judgeKey (certificate: X509Certificate): PathFinding[] {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = keyOf(certificate) ?? {}
  if (type === 'rsa' && (details?.modulusLength ?? 0) >= MIN_RSA_BITS && (details?.publicExponent ?? 0n) >= 3n) return []
  if (type === 'ec' && CURVES.has(details?.namedCurve ?? '')) return []
  return [{ code: 'KEY_WEAK', detail: [type ?? 'unreadable', details?.modulusLength ?? details?.namedCurve].filter(Boolean).join(' ') }]
}

function judgeAlgorithm (certificate: X509Certificate, { signedWith }: CertificateContent): PathFinding[] {
  if (ADMITTED_ALGORITHMS.has(signedWith)) return []
  if (SHA1_ALGORITHMS.has(signedWith)) return [{ code: PINNED_SHA1.has(fingerprintOf(certificate)) ? 'DIGEST_SHA1_PINNED' : 'DIGEST_WEAK', detail: 'SHA-1' }]
  if (MD_ALGORITHMS.has(signedWith)) return [{ code: 'DIGEST_WEAK', detail: 'MD2, MD4, MD5' }]
  return [{ code: 'ALGORITHM_NOT_ADMITTED', detail: signedWith }]
}

function judgeExtensions ({ extensions, critical }: CertificateContent): PathFinding[] {
  return extensions
    .filter((id) => UNJUDGED_CONSTRAINTS.has(id) || (critical.has(id) && !UNDERSTOOD.has(id)))
    .map((id) => ({ code: 'EXTENSION_UNKNOWN', detail: id }))
}

/** `below` are the CAs between this one and the signer. */
function judgeIssuer ({ isCa, keyUsage, pathLength }: CertificateContent, below: readonly X509Certificate[]): PathFinding[] {
  if (!isCa) return [{ code: 'ISSUER_NOT_CA' }]
  const findings: PathFinding[] = []
  // RFC 5280, 4.2.1.3: a CA that certifies others must say so
  if (!keyUsage?.has(KEY_USAGE.keyCertSign)) findings.push({ code: 'CA_KEY_USAGE_WRONG' })
  const counted = below.filter((certificate) => contentOf(certificate).subject !== contentOf(certificate).issuer).length
  if (pathLength !== undefined && counted > pathLength) findings.push({ code: 'PATH_LENGTH_EXCEEDED', detail: `${counted} > ${pathLength}` })
  return findings
}

function isSignedBy (certificate: X509Certificate, issuer: X509Certificate): boolean {
  const key = keyOf(issuer)
  return key !== undefined && certificate.verify(key)
}

/** Node reads the key only when asked, and throws if it cannot. */
function keyOf (certificate: X509Certificate): KeyObject | undefined {
  try {
    return certificate.publicKey
  } catch {
    return undefined
  }
}
