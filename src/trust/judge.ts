/** Judges a certificate as a whole: its path, then the revocation of every certificate on it, at one moment. */
import type { X509Certificate } from 'node:crypto'
import { judgePath } from './path/path.ts'
import type { Use } from './path/uses.ts'
import type { TrustPolicy } from './policy.ts'
import type { TrustStore } from './store.ts'
import type { RevocationAnswer, Verdict } from './verdict.ts'

/** Everything that trust rests on. What is in it changes in the background; a judgement only looks. */
export type Trust = {
  /** Separate trees: no chain of one passes through another. The first that proves a certificate labels it. */
  domains: readonly TrustStore[]
  /** Whose time-stamp tokens are believed */
  timeStamping: TrustStore | null
  policy: TrustPolicy
}

/** A verdict on a certificate: the chain it rests on (signer first, root last), the label of its root's domain, and what is known of each certificate's revocation. */
export type CertificateVerdict = Verdict & { chain: X509Certificate[], domain?: string, revocation: RevocationAnswer[] }

/**
 * Whether this certificate could sign documents, or what else it is asked for, at that moment. `hints` are certificates that came along: they may stand between it and a pinned
 * root, and prove nothing by themselves.
 */
export function judgeCertificate (leaf: X509Certificate, hints: readonly X509Certificate[], trust: Trust, at: Date, use: Use = 'documents'): CertificateVerdict {
  const verdicts = trust.domains.map((domain) => ({ ...judgePath(leaf, withHints(domain, hints), at, { use }), domain: domain.label, revocation: [] }))
  const best = verdicts.find(({ result }) => result === 'valid') ?? verdicts.toSorted((one, other) => other.chain.length - one.chain.length)[0]
  if (best === undefined) throw new Error('there is no trust domain')
  return best
}

/** Those that the store has would be tried twice. */
function withHints (store: TrustStore, hints: readonly X509Certificate[]): TrustStore {
  const known = [...store.anchors, ...store.intermediates]
  return { ...store, intermediates: [...store.intermediates, ...hints.filter((hint) => !known.some(({ fingerprint256 }) => fingerprint256 === hint.fingerprint256))] }
}
