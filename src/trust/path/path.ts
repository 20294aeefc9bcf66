/**
 * From a certificate to a pinned root (RFC 5280, 6.1), at a given moment and for a given use.
 * Only certificates of our own store, and hints put into it, are ever put into the chain: nothing is fetched. Revocation is judged elsewhere.
 */
import type { X509Certificate } from 'node:crypto'

import { contentOf } from '../asn1/certificate.ts'
import { DerError } from '../asn1/der.ts'
import type { TrustStore } from '../store.ts'
import { verdictFrom, type Verdict } from '../verdict.ts'
import { chainsFrom, type Attempt } from './build.ts'
import { judgeCertificate, judgeChain, type PathOptions } from './chain.ts'
import { PATH_REASONS, type PathFinding } from './reasons.ts'
import { judgeUse } from './uses.ts'

/** A verdict on a path, and the chain it speaks of: the signer first, the root last. */
export type PathVerdict = Verdict & { chain: X509Certificate[] }

/** Judges whether this certificate could be used so at that moment, by the anchors and intermediates of the store alone. */
export function judgePath (leaf: X509Certificate, store: Pick<TrustStore, 'anchors' | 'intermediates'>, at: Date, options: PathOptions = {}): PathVerdict {
  const [first] = judgePaths(leaf, store, at, options)
  return first!
}

/** Every path that is valid, one after the other, for whoever asks more of a path; where there is none, one verdict that says why. */
export function * judgePaths (leaf: X509Certificate, store: Pick<TrustStore, 'anchors' | 'intermediates'>, at: Date, options: PathOptions = {}): Generator<PathVerdict> {
  let isProved = false
  try {
    let best: PathVerdict | undefined
    let longest: Attempt | undefined
    for (const attempt of chainsFrom(leaf, store)) {
      if (attempt.broken !== undefined) {
        // A search that was ended says so, whatever it met before
        if (longest === undefined || attempt.chain.length > longest.chain.length || attempt.broken.code === 'PATH_SEARCH_TOO_WIDE') longest = attempt
        continue
      }
      const verdict = conclude(judgeChain(attempt.chain, at, options), attempt.chain)
      if (verdict.result === 'valid') {
        isProved = true
        yield verdict
      }
      best = best === undefined || verdict.reasons.length < best.reasons.length ? verdict : best
    }
    if (isProved) return
    if (best !== undefined) return yield best
    const { chain, broken } = longest!
    yield conclude([broken!, ...judgeCertificate(leaf, at, options), ...judgeUse(contentOf(leaf), options.use ?? 'documents')], chain)
  } catch (error) {
    if (!(error instanceof DerError)) throw error
    if (!isProved) yield conclude([{ code: 'CERTIFICATE_UNREADABLE', detail: error.message }], [leaf])
  }
}

/** The store with certificates that came along, but for those that it has: they may stand between a certificate and a root, and prove nothing by themselves. */
export function withHints (store: TrustStore, hints: readonly X509Certificate[]): TrustStore {
  const known = new Set([...store.anchors, ...store.intermediates].map(({ fingerprint256 }) => fingerprint256))
  return { ...store, intermediates: [...store.intermediates, ...hints.filter(({ fingerprint256 }) => !known.has(fingerprint256))] }
}

function conclude (findings: readonly PathFinding[], chain: X509Certificate[]): PathVerdict {
  return { ...verdictFrom(PATH_REASONS, findings), chain }
}
