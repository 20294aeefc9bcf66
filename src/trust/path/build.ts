/**
 * Finds the chains that may lead from a certificate to a pinned root, over the certificates at hand alone: nothing is fetched.
 * CAs that certify each other make the number of chains grow without bound, and hints come from strangers: so every step is counted.
 */
import type { X509Certificate } from 'node:crypto'

import { contentIfReadable, contentOf } from '../asn1/certificate.ts'
import type { TrustStore } from '../store.ts'
import { nameForPeople } from '../verdict.ts'
import type { PathFinding } from './reasons.ts'
import { isSignedBy } from './signature.ts'

/** A chain that reached a root (the signer first, the root last), or the part of one that did not, and why. */
export type Attempt = { chain: X509Certificate[], broken?: PathFinding }

/** Signer, sub-CA and root are all that official hierarchies have; this leaves room for bridges and renewed keys. */
const MAX_CHAIN = 10

/** Signatures tried and certificates appended, in all. A path of ten certificates takes some twenty. */
const MAX_STEPS = 200

type Search = {
  anchors: readonly X509Certificate[]
  bySubject: Map<string, X509Certificate[]>
  /** What was found for a certificate, since many chains pass through the same one */
  issuers: Map<X509Certificate, X509Certificate[]>
  steps: number
}

/** The chains, one after the other; those through the store's own certificates come first. Unreadable candidates are passed over. Throws DerError if the certificate itself is unreadable. */
export function * chainsFrom (leaf: X509Certificate, { anchors, intermediates }: Pick<TrustStore, 'anchors' | 'intermediates'>): Generator<Attempt> {
  contentOf(leaf)
  if (anchors.some(({ raw }) => raw.equals(leaf.raw))) {
    yield { chain: [leaf] }
    return
  }
  const bySubject = Map.groupBy([...anchors, ...intermediates].filter(contentIfReadable), (candidate) => contentOf(candidate).subject)
  const search: Search = { anchors, bySubject, issuers: new Map(), steps: 0 }
  yield * extend([leaf], search)
  if (search.steps >= MAX_STEPS) yield { chain: [leaf], broken: { code: 'PATH_SEARCH_TOO_WIDE', detail: `> ${MAX_STEPS}` } }
}

function * extend (chain: X509Certificate[], search: Search): Generator<Attempt> {
  const last = chain.at(-1)!
  const issuers = issuersOf(last, search).filter((issuer) => search.anchors.includes(issuer) || !chain.some((link) => isSameEntity(link, issuer)))
  if (search.steps >= MAX_STEPS) return
  if (issuers.length === 0) yield { chain, broken: { code: 'ISSUER_UNKNOWN', detail: nameForPeople(last.issuer) } }
  else if (chain.length === MAX_CHAIN) yield { chain, broken: { code: 'CHAIN_TOO_LONG', detail: `> ${MAX_CHAIN}` } }
  else {
    for (const issuer of issuers) {
      search.steps++
      if (search.anchors.includes(issuer)) yield { chain: [...chain, issuer] }
      else yield * extend([...chain, issuer], search)
    }
  }
}

/** Those that bear the issuer's name and key identifier, and whose key made the signature; where none did, one of them, so that the verdict can say so. */
function issuersOf (certificate: X509Certificate, search: Search): X509Certificate[] {
  const known = search.issuers.get(certificate)
  if (known !== undefined) return known
  const { issuer, issuerKeyId } = contentOf(certificate)
  const named = (search.bySubject.get(issuer) ?? []).filter((candidate) => {
    const { keyId } = contentOf(candidate)
    return issuerKeyId === undefined || keyId === undefined || keyId === issuerKeyId
  })
  const signers = named.filter((candidate) => search.steps++ < MAX_STEPS && isSignedBy(certificate, candidate))
  const found = signers.length > 0 ? signers : named.slice(0, 1)
  search.issuers.set(certificate, found)
  return found
}

/** RFC 4158, 5.2: a chain that passes through one name and key twice says nothing that the shorter one does not. */
function isSameEntity (one: X509Certificate, other: X509Certificate): boolean {
  const [a, b] = [contentOf(one), contentOf(other)]
  return a.subject === b.subject && a.publicKeyInfo.equals(b.publicKeyInfo)
}
