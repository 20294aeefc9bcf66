/** Which certificates and answers prove a PDF's signature later (EN 319 142-1, 5.4). Their bytes are for whoever keeps them. */
import type { X509Certificate } from 'node:crypto'
import type { Trust } from '../../trust/judge.ts'
import { judgeRevocation } from '../../trust/revocation/judge.ts'
import { judgeTokenOver } from '../../trust/time/token.ts'
import { certificateOf, detailsOf, type SignatureVerdict } from '../../trust/verdict.ts'

/** A chain, and what is known of its revocation. */
export type Chain = Pick<SignatureVerdict, 'chain' | 'revocation'>

/** The chain of a time-stamping authority, by its token over this signature value; none where none is trusted. */
export function chainOfToken ({ token, signatureValue }: { token: Buffer, signatureValue: Buffer }, { timeStamping, revocation, policy }: Trust, at: Date): Chain {
  if (!timeStamping) return { chain: [], revocation: [] }
  const { chain } = judgeTokenOver(token, signatureValue, timeStamping)
  const { answers } = judgeRevocation(chain, revocation, { at, policy, store: timeStamping })
  return { chain: chain.map(detailsOf), revocation: answers }
}

/** The certificates of these chains, and by their SHA-256 the answers that say that nobody on them is revoked. Null while one of them is missing. */
export function proofsOf (chains: readonly Chain[]): { certificates: X509Certificate[], crls: string[], ocsps: string[] } | null {
  const answers = chains.flatMap(({ revocation }) => revocation)
  if (answers.some(({ status, evidence }) => status !== 'good' || evidence === undefined)) return null
  const hashesOf = (kind: 'crl' | 'ocsp') => [...new Set(answers.filter(({ from }) => from === kind).map(({ evidence }) => evidence!))]
  const certificates = new Map(chains.flatMap(({ chain }) => chain).map((details) => [details.fingerprint, certificateOf(details)!]))
  return { certificates: [...certificates.values()], crls: hashesOf('crl'), ocsps: hashesOf('ocsp') }
}
