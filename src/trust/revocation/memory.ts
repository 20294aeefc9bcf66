/** The answers that judgements look at, in memory. Bounded: the tables hold everything, this holds what is newest. */
import type { Crl } from './crl.ts'
import type { OcspAnswer } from './ocsp.ts'
import type { KnownRevocation } from './known.ts'

/** Versions of one CRL, and of the OCSP answers for one certificate: the newest tells of the past too, earlier ones only of what it dropped. */
export const CRL_VERSIONS = 4
export const OCSP_VERSIONS = 2

/** At most so many bytes of CRLs are held, and of OCSP answers (some 15,000 of 2 KiB). Read, they take two to three times as much. */
const MOST_BYTES = { crl: 64 << 20, ocsp: 32 << 20 }

type HeldCrl = { crl: Crl, scope: string }

export type RevocationMemory = KnownRevocation & {
  /** Holds a CRL; `scope` says which others it replaces. */
  holdCrl (crl: Crl, scope: string): void
  /** Holds an answer about the certificate with this fingerprint (hex). */
  holdOcsp (fingerprint: string, answer: OcspAnswer): void
}

/** An empty memory. What comes in over the bounds drives out the oldest, and of CRLs first those that newer ones have replaced. */
export function createMemory (most = MOST_BYTES): RevocationMemory {
  let held: HeldCrl[] = []
  let byIssuer = new Map<string, Crl[]>()
  const ocsp = new Map<string, OcspAnswer[]>() // those of whom we heard last stand last
  let ocspBytes = 0

  function keepNewest (): void {
    held.sort((one, other) => isNewer(one.crl, other.crl))
    const places = new Map<string, number>()
    const ranked = held.map((one) => {
      const key = `${one.crl.issuer} ${one.scope}`
      const place = places.get(key) ?? 0
      places.set(key, place + 1)
      return { one, place }
    })
    let bytes = 0
    held = ranked.filter(({ place }) => place < CRL_VERSIONS).sort((a, b) => a.place - b.place).filter(({ one }) => (bytes += one.crl.bytes.length) <= most.crl)
      .map(({ one }) => one).sort((one, other) => isNewer(one.crl, other.crl))
    byIssuer = Map.groupBy(held.map(({ crl }) => crl), ({ issuer }) => issuer)
  }

  return {
    crls: (issuer) => byIssuer.get(issuer) ?? [],
    ocsp: (fingerprint) => ocsp.get(fingerprint) ?? [],

    holdCrl (crl, scope) {
      if (held.some((one) => one.crl.sha256 === crl.sha256)) return
      held.push({ crl, scope })
      keepNewest()
    },

    holdOcsp (fingerprint, answer) {
      const known = ocsp.get(fingerprint) ?? []
      if (known.some(({ sha256 }) => sha256 === answer.sha256)) return
      const kept = [answer, ...known].sort((one, other) => other.producedAt.getTime() - one.producedAt.getTime()).slice(0, OCSP_VERSIONS)
      ocsp.delete(fingerprint)
      ocsp.set(fingerprint, kept)
      ocspBytes += bytesOf(kept) - bytesOf(known)
      for (const [oldest, answers] of ocsp) {
        if (ocspBytes <= most.ocsp) break
        ocsp.delete(oldest)
        ocspBytes -= bytesOf(answers)
      }
    },
  }
}

/** Newest first: by date, then by number. */
function isNewer (one: Crl, other: Crl): number {
  return other.thisUpdate.getTime() - one.thisUpdate.getTime() || Number((other.number ?? 0n) - (one.number ?? 0n))
}

const bytesOf = (answers: readonly OcspAnswer[]) => answers.reduce((sum, { bytes }) => sum + bytes.length, 0)
