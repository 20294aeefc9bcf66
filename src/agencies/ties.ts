/** What ties certificates of one owner to each other, looked up instead of compared: a registry holds thousands, and an upload brings thousands more. */
import type { X509Certificate } from 'node:crypto'
import { contentOf } from '../trust/asn1/certificate.ts'
import { fingerprintOf } from '../trust/verdict.ts'

/** What makes one certificate the next of the same owner, the strongest first. */
export type Tie = 'same name' | 'same key' | 'same mail'

/** A certificate, and what is registered of it. */
type Owned = { certificate: X509Certificate, agency: { id: string } }

/** The registry, to be looked up by what a certificate or a line of a mapping names. */
export type Ties<One extends Owned> = {
  /** Everything that is registered of this certificate */
  of (fingerprint: string): readonly One[]
  /** What is registered of this certificate for this agency */
  between (fingerprint: string, agencyId: string): One | undefined
  /** What speaks for this agency */
  speakersFor (agencyId: string): readonly One[]
  /** What speaks by an older certificate that this one is tied to, each by its strongest tie */
  before (certificate: X509Certificate): Map<One, Tie>
}

/** Reads every certificate once. Only those that speak are replaced by others. */
export function tiesOf<One extends Owned> (registered: readonly One[], speaks: (one: One) => boolean): Ties<One> {
  const byFingerprint = Map.groupBy(registered, ({ certificate }) => fingerprintOf(certificate))
  const byPair = new Map(registered.map((one) => [`${fingerprintOf(one.certificate)} ${one.agency.id}`, one]))
  const speakers = registered.filter(speaks)
  const byAgency = Map.groupBy(speakers, ({ agency }) => agency.id)
  const byMark = new Map<string, One[]>()
  for (const one of speakers) for (const [, mark] of marksOf(one.certificate)) add(byMark, mark, one)

  return {
    of: (fingerprint) => byFingerprint.get(fingerprint) ?? [],
    between: (fingerprint, agencyId) => byPair.get(`${fingerprint} ${agencyId}`),
    speakersFor: (agencyId) => byAgency.get(agencyId) ?? [],
    before (certificate) {
      const found = new Map<One, Tie>()
      for (const [tie, mark] of marksOf(certificate)) {
        for (const one of byMark.get(mark) ?? []) if (!found.has(one) && contentOf(one.certificate).notBefore < contentOf(certificate).notBefore) found.set(one, tie)
      }
      return found
    },
  }
}

/** Adds to the list under this key. */
export function add<Key, Value> (lists: Map<Key, Value[]>, key: Key, value: Value): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [value])
  else list.push(value)
}

/** Two certificates are tied when a mark of theirs is the same. A mail address alone would tie those of different CAs. */
function marksOf (certificate: X509Certificate): [Tie, mark: string][] {
  const { subject, issuer, publicKeyInfo } = contentOf(certificate)
  const mail = mailOf(certificate)
  return [['same name', `name ${subject}`], ['same key', `key ${publicKeyInfo.toString('base64')}`], ...mail === undefined ? [] : [['same mail', `mail ${mail} ${issuer}`] satisfies [Tie, string]]]
}

function mailOf ({ subjectAltName }: X509Certificate): string | undefined {
  return /(?:^|, )email:([^,"]+)(?:,|$)/.exec(subjectAltName ?? '')?.[1]?.toLowerCase()
}
