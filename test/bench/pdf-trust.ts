/** What a process of the bench rests its judgement on, as text in a file. */
import { X509Certificate } from 'node:crypto'
import type { Trust } from '../../src/trust/judge.ts'
import { DEFAULT_TRUST_POLICY } from '../../src/trust/policy.ts'
import { readCrl } from '../../src/trust/revocation/crl.ts'
import { knownFrom } from '../../src/trust/revocation/known.ts'

/** Certificates and CRLs, DER in base64. */
export type TrustText = { anchors: string[], intermediates: string[], crls: string[] }

export function trustFrom ({ anchors, intermediates, crls }: TrustText): Trust {
  const bytes = (text: string) => Buffer.from(text, 'base64')
  const certificates = (texts: string[]) => texts.map((text) => new X509Certificate(bytes(text)))
  return {
    domains: [{ label: 'bench', anchors: certificates(anchors), intermediates: certificates(intermediates) }],
    timeStamping: null, policy: DEFAULT_TRUST_POLICY, revocation: knownFrom(crls.map((crl) => readCrl(bytes(crl)))),
  }
}
