/** The CRLs and OCSP answers that a judgement may look at. */
import type { Crl } from './crl.ts'
import type { OcspAnswer } from './ocsp.ts'

/** Everything kept that could count, at once and from memory: a judgement never waits for a network. */
export type KnownRevocation = {
  /** All CRLs signed in this name (comparable, as `contentOf(certificate).subject`), of every age, complete and delta */
  crls (issuer: string): readonly Crl[]
  /** All answers to a question about the certificate with this SHA-256 (lower-case hex) */
  ocsp (fingerprint: string): readonly OcspAnswer[]
}

/** Exactly these, and nothing else. */
export function knownFrom (crls: readonly Crl[], ocsp: readonly { fingerprint: string, answer: OcspAnswer }[] = []): KnownRevocation {
  const byIssuer = Map.groupBy(crls, ({ issuer }) => issuer)
  const byFingerprint = Map.groupBy(ocsp, ({ fingerprint }) => fingerprint)
  return {
    crls: (issuer) => byIssuer.get(issuer) ?? [],
    ocsp: (fingerprint) => (byFingerprint.get(fingerprint) ?? []).map(({ answer }) => answer),
  }
}
