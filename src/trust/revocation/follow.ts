/** Which certificates' revocation is followed: those of the stores and of the registry, and whatever a judgement meets that leads to a pinned root. */
import { X509Certificate } from 'node:crypto'
import type { Database } from '../../database/database.ts'
import type { Queue } from '../../queue/queue.ts'
import { contentIfReadable } from '../asn1/certificate.ts'
import { ifReadable } from '../asn1/der.ts'
import { isSignedBy } from '../path/signature.ts'
import { authoritiesIn, type TrustStore } from '../store.ts'
import { fingerprintOf } from '../verdict.ts'
import { pointsOf } from './points.ts'
import { bringForward, noteSeen, registeredUnseen, type Link } from './store.ts'

/** Chains that wait to be written down; more are met again. */
const MOST_WAITING = 1000
/** Certificates that need not be written down again for a day; over this many they are forgotten, and written once more. */
const MOST_KNOWN = 50_000
const DAY_MS = 24 * 60 * 60_000
const MISSING_AGAIN_MS = 60_000
const LONGEST_CHAIN = 8

/** A chain that a judgement has met, signer first, and those of it (fingerprints) whose answer it missed. */
export type Met = { chain: readonly X509Certificate[], missing: readonly string[] }

export function createFollow ({ database, queue, stores, now }: { database: Database, queue: Queue, stores: readonly TrustStore[], now: () => Date }) {
  const pinned = new Map(stores.flatMap(({ anchors }) => anchors).map((anchor) => [fingerprintOf(anchor), anchor]))
  const authorities = authoritiesIn(stores)
  const waiting = new Map<string, Met>()
  /** When a chain or a miss was last written down, by its leaf's or its own fingerprint. */
  const known = new Map<string, number>()
  /** Certificates of the registry that lead to no pinned root, or say in no readable way where their revocation is told. */
  const strange = new Set<string>()

  function isDue (key: string, every: number): boolean {
    const at = now().getTime()
    if ((known.get(key) ?? -Infinity) + every > at) return false
    if (known.size >= MOST_KNOWN) known.clear()
    known.set(key, at)
    return true
  }

  return {
    /** Remembers a chain to be followed. Gives true when there is something to write down. Takes no time: judgements call it. */
    meet ({ chain, missing }: Met): boolean {
      const [leaf] = chain
      if (leaf === undefined || waiting.size >= MOST_WAITING) return false
      const fingerprint = fingerprintOf(leaf)
      const unknown = isDue(fingerprint, DAY_MS)
      const missed = missing.filter((one) => isDue(`missing ${one}`, MISSING_AGAIN_MS))
      if (!unknown && missed.length === 0) return false
      waiting.set(fingerprint, { chain, missing: missed })
      return true
    },

    /** Once this returns, what was met and what is new in the registry is followed. Gives true when something was written. */
    async write (): Promise<boolean> {
      const met = [...waiting.values()]
      for (const der of await registeredUnseen(database, MOST_WAITING, [...strange])) {
        const chain = chainFrom([new X509Certificate(der)])
        if (linksOf(chain).length > 1) met.push({ chain, missing: [] })
        else strange.add(fingerprintOf(chain[0]!))
      }
      const proved = met.map(({ chain, missing }) => ({ links: linksOf(chain), missing })).filter(({ links }) => links.length > 0)
      if (proved.length === 0) {
        forget(met)
        return false
      }
      await database.transaction(async (tx) => {
        // In one order, so that two gateways do not wait for each other
        const links = new Map(proved.flatMap(({ links }) => links).map((link) => [fingerprintOf(link.certificate), link]))
        await noteSeen(tx, [...links].sort(([one], [other]) => one < other ? -1 : 1).map(([, link]) => link), now())
        await bringForward(tx, proved.flatMap(({ missing }) => missing), now())
        await queue.wake(tx, [{ name: 'trust.revocation', data: {}, key: 'sources' }])
      })
      forget(met)
      return true
    },

    /** The CAs that trust starts from: their own revocation is told by the CAs above them. */
    meetStores (): void {
      for (const authority of authorities) {
        const chain = chainFrom([authority])
        if (chain.length > 1) waiting.set(fingerprintOf(authority), { chain, missing: [] })
      }
    },
  }

  /** Only once it is written: what a database that was away did not take waits on. */
  function forget (met: readonly Met[]): void {
    for (const one of met) {
      const key = fingerprintOf(one.chain[0]!)
      if (waiting.get(key) === one) waiting.delete(key)
    }
  }

  /** As far up as the stores lead; the certificate alone where they do not lead to a root. */
  function chainFrom (chain: readonly X509Certificate[]): readonly X509Certificate[] {
    const last = chain.at(-1)!
    if (pinned.has(fingerprintOf(last))) return chain
    const above = chain.length < LONGEST_CHAIN ? authorities.find((candidate) => !chain.includes(candidate) && isIssuedBy(last, candidate)) : undefined
    return above === undefined ? chain.slice(0, 1) : chainFrom([...chain, above])
  }

  /** The chain link by link, or nothing when it is not proved up to a pinned root: a stranger's certificate names no host to ask. */
  function linksOf (chain: readonly X509Certificate[]): Link[] {
    const root = chain.at(-1)
    if (root === undefined || !pinned.has(fingerprintOf(root)) || chain.length > LONGEST_CHAIN) return []
    if (chain.some((certificate, index) => index < chain.length - 1 && !isIssuedBy(certificate, chain[index + 1]!))) return []
    return ifReadable(() => chain.map((certificate, index) => ({ certificate, issuer: chain[index + 1] ?? null, points: pointsOf(certificate) }))) ?? []
  }
}

function isIssuedBy (certificate: X509Certificate, issuer: X509Certificate): boolean {
  const [content, above] = [contentIfReadable(certificate), contentIfReadable(issuer)]
  return content !== undefined && above?.isCa === true && content.issuer === above.subject && isSignedBy(certificate, issuer)
}
