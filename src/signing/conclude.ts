/** The verdict on one signature, put together from what its steps gave. Whatever kind of signature it is, it says the same. */
import type { CertificateVerdict } from '../trust/judge.ts'
import { combine, detailsOf, type CertificateDetails, type SignatureVerdict, type Verdict } from '../trust/verdict.ts'
import { proveTime, type ProvedTime, type ReceiptContext } from './proof-time.ts'

/** What the steps of a judgement gave. */
export type Steps = {
  checked: string[]
  /** What was found in the signature itself */
  own: Verdict
  certificate?: CertificateVerdict | undefined
  /** The proof time, once tokens and claims were judged */
  time?: ProvedTime | undefined
  /** Set once the signature value proved who signed: anybody can copy a certificate */
  signer?: CertificateDetails | undefined
}

/** The worst step decides, and its reasons stand first. */
export function conclusionOf (context: ReceiptContext, { checked, own, certificate, time = proveTime([], context), signer }: Steps): SignatureVerdict {
  return {
    ...combine(certificate ? combine(own, certificate) : own, time.verdict),
    ...(certificate?.domain !== undefined && { domain: certificate.domain }),
    chain: certificate?.chain.map(detailsOf) ?? [],
    proofTime: time.proofTime,
    revocation: certificate?.revocation ?? [],
    policy: context.trust.policy,
    checked,
    ...(signer && { signer }),
  }
}
