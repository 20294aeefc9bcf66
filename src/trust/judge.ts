/** Judges a certificate as a whole: its path, then the revocation of every certificate on it, at one moment. */
import type { X509Certificate } from 'node:crypto'
import { judgePaths, withHints } from './path/path.ts'
import type { Use } from './path/uses.ts'
import type { TrustPolicy } from './policy.ts'
import { judgeRevocation } from './revocation/judge.ts'
import type { KnownRevocation } from './revocation/known.ts'
import type { TrustStore } from './store.ts'
import { combine, type RevocationAnswer, type Verdict } from './verdict.ts'

/** Everything that trust rests on. What is in it changes in the background; a judgement only looks. */
export type Trust = {
  /** Separate trees: no chain of one passes through another. The first that proves a certificate labels it. */
  domains: readonly TrustStore[]
  /** Whose time-stamp tokens are believed */
  timeStamping: TrustStore | null
  /** The CRLs and OCSP answers that are kept */
  revocation: KnownRevocation
  policy: TrustPolicy
}

/** A verdict on a certificate: the chain it rests on (signer first, root last), the label of its root's domain, and what is known of each certificate's revocation. */
export type CertificateVerdict = Verdict & { chain: X509Certificate[], domain?: string, revocation: RevocationAnswer[] }

/**
 * Whether this certificate could sign documents, or what else it is asked for, at that moment. `hints` are certificates that came along: they may
 * stand between it and a pinned root, and prove nothing by themselves. `waited` is how long ago the document was received, in milliseconds.
 */
export function judgeCertificate (leaf: X509Certificate, hints: readonly X509Certificate[], trust: Trust, at: Date, use: Use = 'documents', waited = 0): CertificateVerdict {
  const proved: CertificateVerdict[] = []
  const failed: CertificateVerdict[] = []
  for (const domain of trust.domains) {
    const store = withHints(domain, hints)
    for (const { chain, ...path } of judgePaths(leaf, store, at, { use })) {
      // RFC 5280, 6.1.3 (a)(3): of a chain that fails anyway, nobody needs to know who was revoked
      if (path.result === 'invalid') {
        failed.push({ ...path, chain, domain: domain.label, revocation: [] })
        continue
      }
      const { answers, ...revocation } = judgeRevocation(chain, trust.revocation, { at, waited, policy: trust.policy, store })
      const verdict = { ...combine(path, revocation), chain, domain: domain.label, revocation: answers }
      if (verdict.result === 'valid' || answers.some(isCompromised)) return verdict
      proved.push(verdict)
    }
  }
  const [best] = [...proved, ...failed.toSorted((one, other) => other.chain.length - one.chain.length)]
  if (best === undefined) throw new Error('there is no trust domain')
  return best
}

/** EN 319 102-1, 5.2.6: another chain is tried where one does not hold, as when a CA's earlier certificate was superseded; but not around a key in wrong hands. */
function isCompromised ({ status, reason = '' }: RevocationAnswer): boolean {
  return status === 'revoked' && ['keyCompromise', 'cACompromise'].includes(reason)
}
