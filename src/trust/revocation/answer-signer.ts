/** Who signed a CRL or an OCSP answer, and whether they may (RFC 5280, 6.3.3 (f) and (g); RFC 6960, 4.2.2.2). */
import type { KeyObject, X509Certificate } from 'node:crypto'
import { ADMITTED, isAdmitted, isSigned, keyIsAdmitted, type AlgorithmPolicy, type SignedWith } from '../algorithms.ts'
import { KEY_USAGE, contentIfReadable, contentOf, publicKeyOf } from '../asn1/certificate.ts'
import { judgeCertificate } from '../path/chain.ts'
import { judgePath } from '../path/path.ts'
import { isPinnedG1, isSignedBy } from '../path/signature.ts'
import { judgeUse } from '../path/uses.ts'
import type { TrustPolicy } from '../policy.ts'
import type { TrustStore } from '../store.ts'
import { momentForPeople, nameForPeople, type Verdict } from '../verdict.ts'
import type { Crl } from './crl.ts'
import { keyHashOf, type OcspAnswer } from './ocsp.ts'
import { pointsOf } from './points.ts'
import type { RevocationFinding } from './reasons.ts'

/** What a signer is judged by. */
export type SignerContext = {
  /** Where the certificates of CRL issuers are found */
  store: Pick<TrustStore, 'anchors' | 'intermediates'>
  policy: TrustPolicy
  algorithms?: AlgorithmPolicy
  /** The moment that the answer is used for */
  at: Date
  /** When a CA above was revoked, if that was after that moment */
  believedUntil?: Date | undefined
  /** The revocation of a signer's own chain; indeterminate when it is not known, whatever the policy. Never valid for one that is being judged already: nobody vouches for himself. */
  judgeRevocation (chain: readonly X509Certificate[], at: Date): Verdict
}

/** Whoever proved to have signed; what is to be remarked on it. */
export type ProvedSigner = { certificate: X509Certificate, remarks: RevocationFinding[] }

const NO_CHECK = '1.3.6.1.5.5.7.48.1.5'

/** Who signed the CRL on a certificate of this chain (the certificate first, the root last), or why it counts as nobody. */
export function signerOfCrl (crl: Crl, chain: readonly X509Certificate[], context: SignerContext): ProvedSigner | RevocationFinding {
  const candidates = [...chain.slice(1), ...context.store.anchors, ...context.store.intermediates]
  const named = candidates.filter((candidate, index) => mayHaveSigned(crl, candidate) && candidates.findIndex(({ raw }) => raw.equals(candidate.raw)) === index)
  return firstProved(named, (candidate) => {
    const proved = judgeSignature(crl, candidate, isPinnedG1(candidate), crl.thisUpdate, context)
    return 'code' in proved ? proved : judgeCrlSigner(crl, proved, chain, context)
  })
}

/** Who signed the answer on the first certificate of this chain, or why it counts as nobody. */
export function signerOfOcsp (answer: OcspAnswer, chain: readonly X509Certificate[], context: SignerContext): ProvedSigner | RevocationFinding {
  const issuer = chain[1]!
  return firstProved([issuer, ...answer.certificates].filter((candidate) => isResponder(answer, candidate)), (candidate) => {
    const proved = judgeSignature(answer, candidate, isPinnedG1(issuer), answer.producedAt, context)
    return 'code' in proved || candidate === issuer ? proved : judgeResponder(answer, proved, chain.slice(1), context)
  })
}

/** By name, and by key where both name one. */
function mayHaveSigned ({ issuer, issuerKeyId }: Crl, candidate: X509Certificate): boolean {
  const content = contentIfReadable(candidate)
  return content?.subject === issuer && (issuerKeyId === undefined || content.keyId === undefined || issuerKeyId === content.keyId)
}

/** The issuer of the certificate may sign CRLs unless its key usage forbids it; anybody else needs a path of his own, to the same root. */
function judgeCrlSigner (crl: Crl, signer: ProvedSigner, chain: readonly X509Certificate[], context: SignerContext): ProvedSigner | RevocationFinding {
  const { certificate } = signer
  if (chain.slice(1).includes(certificate)) {
    const { keyUsage } = contentOf(certificate)
    return keyUsage === undefined || keyUsage.has(KEY_USAGE.cRLSign) ? signer : unfit(certificate, 'keyUsage')
  }
  const path = judgePath(certificate, context.store, later(crl.thisUpdate, context.at), { use: 'crl', ...(context.algorithms && { algorithms: context.algorithms }) })
  if (path.result !== 'valid') return unfit(certificate, path.reasons[0]?.code ?? '')
  if (path.chain.at(-1)?.fingerprint256 !== chain.at(-1)?.fingerprint256) return unfit(certificate, 'root')
  return withRevocation(signer, path.chain, crl.thisUpdate, context)
}

/** A delegated responder: certified for this by the CA itself, with the very key that certified the certificate in question. */
function judgeResponder (answer: OcspAnswer, signer: ProvedSigner, chainOfIssuer: readonly X509Certificate[], context: SignerContext): ProvedSigner | RevocationFinding {
  const { certificate } = signer
  const [issuer] = chainOfIssuer
  if (contentOf(certificate).issuer !== contentOf(issuer!).subject || !isSignedBy(certificate, issuer!)) return unfit(certificate, 'issuer')
  // The path of the CA itself is part of what is being judged
  const [fault] = [...judgeCertificate(certificate, later(answer.producedAt, context.at), context.algorithms ? { algorithms: context.algorithms } : {}), ...judgeUse(contentOf(certificate), 'ocsp')]
  if (fault !== undefined) return unfit(certificate, fault.code)
  // RFC 6960, 4.2.2.2.1: the CA vouches for its responder as long as the certificate lives; or it names no place to ask, and then only what is known counts
  if (contentOf(certificate).extensions.has(NO_CHECK)) return signer
  const { crls, ocsp } = pointsOf(certificate)
  return withRevocation(signer, [certificate, ...chainOfIssuer], answer.producedAt, context, crls.length + ocsp.length === 0)
}

/** A key in wrong hands may sign with an old date: what counts is whether its certificate was good when its word is used. */
const later = (signedAt: Date, usedAt: Date): Date => usedAt > signedAt ? usedAt : signedAt

function withRevocation (signer: ProvedSigner, chain: readonly X509Certificate[], signedAt: Date, { at, judgeRevocation }: SignerContext, mayBeUnknown = false): ProvedSigner | RevocationFinding {
  const { result, reasons } = judgeRevocation(chain, later(signedAt, at))
  return result === 'valid' || (result === 'indeterminate' && mayBeUnknown) ? signer : unfit(signer.certificate, reasons[0]?.code ?? '')
}

/** Whether this certificate's key made the signature, while the certificate lived and the CAs above it were to be believed. */
function judgeSignature (answer: Crl | OcspAnswer, certificate: X509Certificate, isOfG1: boolean, signedAt: Date, { policy, algorithms = ADMITTED, believedUntil }: SignerContext): ProvedSigner | RevocationFinding {
  const how = howSigned(answer, isOfG1, { policy, algorithms })
  if ('code' in how) return how
  const detail = nameForPeople(certificate.subject)
  const key = publicKeyOf(certificate)
  if (key === undefined || !keyIsAdmitted(key, algorithms)) return { code: 'ANSWER_KEY_WEAK', detail }
  if (!isSignedByKey(answer, how, certificate, key)) return { code: 'ANSWER_SIGNATURE_WRONG', detail: `${detail}, ${momentForPeople(signedAt)}` }
  if (signedAt > contentOf(certificate).notAfter) return unfit(certificate, 'CERTIFICATE_EXPIRED')
  if (believedUntil && signedAt >= believedUntil) return unfit(certificate, `CERTIFICATE_REVOKED_LATER ${momentForPeople(believedUntil)}`)
  return { certificate, remarks: !isAdmitted(how, algorithms) ? [{ code: 'ANSWER_SHA1_PINNED', detail }] : [] }
}

/** The algorithm that signed the answer, or why it does not count. SHA-1 does where the answer is one of a pinned G1 CA, if the policy says so. */
export function howSigned ({ signed }: Crl | OcspAnswer, isOfG1: boolean, { policy, algorithms = ADMITTED }: Pick<SignerContext, 'policy' | 'algorithms'>): SignedWith | RevocationFinding {
  const how = signed.with
  if (!('digest' in how)) return { code: 'ANSWER_ALGORITHM_NOT_ADMITTED', detail: how.oid }
  const { digest } = how
  const byException = isOfG1 && policy.sha1Revocation && digest === 'sha1'
  return byException || isAdmitted(how, algorithms) ? how : { code: 'ANSWER_DIGEST_WEAK', detail: digest }
}

const signatures = new WeakMap<Crl | OcspAnswer, Map<string, boolean>>()

/** Computed once: a CRL of megabytes is asked for with every document. */
function isSignedByKey (answer: Crl | OcspAnswer, how: SignedWith, { fingerprint256 }: X509Certificate, key: KeyObject): boolean {
  const known = signatures.get(answer) ?? new Map<string, boolean>()
  signatures.set(answer, known)
  const signed = known.get(fingerprint256) ?? isSigned(answer.signed.octets, how, answer.signed.value, key)
  known.set(fingerprint256, signed)
  return signed
}

/** Whether one of these certificates' keys made the signature of a CRL or an OCSP answer, whether or not it may. */
export function isSignedByAny ({ octets, with: how, value }: Crl['signed'], signers: readonly X509Certificate[]): boolean {
  return 'digest' in how && signers.some((signer) => {
    const key = publicKeyOf(signer)
    return key !== undefined && isSigned(octets, how, value, key)
  })
}

function isResponder ({ responder }: OcspAnswer, candidate: X509Certificate): boolean {
  return 'name' in responder ? contentOf(candidate).subject === responder.name : keyHashOf(candidate, 'sha1').toString('hex') === responder.key
}

function firstProved (candidates: readonly X509Certificate[], judge: (candidate: X509Certificate) => ProvedSigner | RevocationFinding): ProvedSigner | RevocationFinding {
  let finding: RevocationFinding = { code: 'ANSWER_SIGNER_UNKNOWN' }
  for (const candidate of candidates) {
    const judged = judge(candidate)
    if (!('code' in judged)) return judged
    finding = judged
  }
  return finding
}

function unfit (certificate: X509Certificate, why: string): RevocationFinding {
  return { code: 'ANSWER_SIGNER_UNFIT', detail: `${nameForPeople(certificate.subject)}: ${why}` }
}
