/** Judges one chain that reached a root, at one moment (RFC 5280, 6.1.2–6.1.5): every certificate by itself, then what those above say of those below. */
import type { X509Certificate } from 'node:crypto'

import { ADMITTED, type AlgorithmPolicy } from '../algorithms.ts'
import { EXTENSION, KEY_USAGE, contentOf, type CertificateContent } from '../asn1/certificate.ts'
import { momentForPeople, nameForPeople } from '../verdict.ts'
import { judgeNames } from './name-constraints.ts'
import { judgePolicies, type PolicyInputs } from './policies.ts'
import type { PathFinding } from './reasons.ts'
import { isSignedBy, judgeAlgorithm, judgeKey } from './signature.ts'
import { judgeCaPurpose, judgeUse, type Use } from './uses.ts'

/** What a path is asked for. */
export type PathOptions = {
  /** What the first certificate is to be used for; documents by default */
  use?: Use
  /** Every policy by default */
  policies?: PolicyInputs
  /** What is strong enough; the product's own by default */
  algorithms?: AlgorithmPolicy
}

/** The extensions that are weighed here, or by the check of revocation that follows: critical ones do not stop a path. */
const UNDERSTOOD = new Set<string>(Object.values(EXTENSION))

/** What stands against the chain, the signer's own faults first. The root is pinned, and yet held to the same rules. */
export function judgeChain (chain: readonly X509Certificate[], at: Date, options: PathOptions = {}): PathFinding[] {
  const contents = chain.map(contentOf)
  const use = options.use ?? 'documents'
  const unsigned = new Set(chain.filter((certificate, index) => index + 1 < chain.length && !isSignedBy(certificate, chain[index + 1]!)))
  const findings = chain.flatMap((certificate, index) => named(certificate, [
    ...judgeCertificate(certificate, at, options),
    ...(index === 0 ? judgeUse(contents[0]!, use) : judgeIssuer(contents[index]!, contents.slice(1, index), use)),
    // Of an algorithm that is not known nobody can say whether the signature is right
    ...(unsigned.has(certificate) && 'scheme' in contents[index]!.signedWith ? [{ code: 'CHAIN_SIGNATURE_WRONG' as const }] : []),
  ]))
  // What was not signed by those above is not bound by them
  if (unsigned.size > 0) return findings
  return [...findings, ...judgeNamesBelow(chain, contents), ...named(chain[0]!, judgePolicies(contents.toReversed(), options.policies ?? {}))]
}

/** What stands against a certificate, wherever it is in a chain. */
export function judgeCertificate (certificate: X509Certificate, at: Date, { algorithms = ADMITTED }: Pick<PathOptions, 'algorithms'>): PathFinding[] {
  const content = contentOf(certificate)
  return [...judgeValidity(content, at), ...judgeKey(certificate, algorithms), ...judgeAlgorithm(certificate, algorithms), ...judgeExtensions(content)]
}

function judgeValidity ({ notBefore, notAfter }: CertificateContent, at: Date): PathFinding[] {
  // Written so that a date that is none fails
  if (!(at >= notBefore)) return [{ code: 'CERTIFICATE_NOT_YET_VALID', detail: momentForPeople(notBefore) }]
  if (!(at <= notAfter)) return [{ code: 'CERTIFICATE_EXPIRED', detail: momentForPeople(notAfter) }]
  return []
}

function judgeExtensions ({ critical, unknownQualifiers }: CertificateContent): PathFinding[] {
  // RFC 5280, 4.2.1.4: of critical policies the qualifiers must be understood too
  const unknown = [...[...critical].filter((id) => !UNDERSTOOD.has(id)), ...(critical.has(EXTENSION.certificatePolicies) ? unknownQualifiers : [])]
  return unknown.map((id) => ({ code: 'EXTENSION_UNKNOWN', detail: id }))
}

/** `below` are the CAs between this one and the signer. */
function judgeIssuer (content: CertificateContent, below: readonly CertificateContent[], use: Use): PathFinding[] {
  const { isCa, keyUsage, pathLength } = content
  if (!isCa) return [{ code: 'ISSUER_NOT_CA' }]
  const findings: PathFinding[] = []
  // RFC 5280, 4.2.1.3: a CA that certifies others must say so
  if (!keyUsage?.has(KEY_USAGE.keyCertSign)) findings.push({ code: 'CA_KEY_USAGE_WRONG' })
  const counted = below.filter((certificate) => !isSelfIssued(certificate)).length
  if (pathLength !== undefined && counted > pathLength) findings.push({ code: 'PATH_LENGTH_EXCEEDED', detail: `${counted} > ${pathLength}` })
  return [...findings, ...judgeCaPurpose(content, use)]
}

/** RFC 5280, 6.1.3 (b): a CA that certifies a new key of itself is not bound, the signer always is. */
function judgeNamesBelow (chain: readonly X509Certificate[], contents: readonly CertificateContent[]): PathFinding[] {
  return contents.flatMap((content, index) => {
    if (index > 0 && isSelfIssued(content)) return []
    const above = contents.slice(index + 1).flatMap(({ nameConstraints }) => nameConstraints ?? [])
    return named(chain[index]!, judgeNames(content, above))
  })
}

function isSelfIssued ({ subject, issuer }: CertificateContent): boolean {
  return subject === issuer
}

function named (certificate: X509Certificate, findings: PathFinding[]): PathFinding[] {
  const name = nameForPeople(certificate.subject)
  return findings.map(({ code, detail }) => ({ code, detail: detail === undefined ? name : `${name}: ${detail}` }))
}
