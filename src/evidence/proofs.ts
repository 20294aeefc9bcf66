/** What proves a PDF's signature later, gathered from the answers at hand (EN 319 142-1, 5.4). */
import { createHash } from 'node:crypto'
import type { ValidationData } from '../pdf/sign/request.ts'
import { contentOf } from '../trust/asn1/certificate.ts'
import type { Trust } from '../trust/judge.ts'
import { judgeRevocation } from '../trust/revocation/judge.ts'
import { judgeTokenBytes } from '../trust/time/token.ts'
import { certificateOf, detailsOf, evidenceOf, type SignatureVerdict } from '../trust/verdict.ts'

/** A chain, and what is known of its revocation. */
export type Chain = Pick<SignatureVerdict, 'chain' | 'revocation'>

/** The chain of a time-stamping authority, by its token over this signature value. */
export function chainOfToken ({ token, signatureValue }: { token: Buffer, signatureValue: Buffer }, { timeStamping, revocation, policy }: Trust, at: Date): Chain {
  const { chain } = judgeTokenBytes(token, (digest) => createHash(digest).update(signatureValue).digest(), timeStamping)
  const { answers } = timeStamping ? judgeRevocation(chain, revocation, { at, policy, store: timeStamping }) : { answers: [] }
  return { chain: chain.map(detailsOf), revocation: answers }
}

/** The certificates of these chains, and the answers that say that nobody on them is revoked. Null while one of them is missing. */
export function validationDataOf (chains: readonly Chain[], { revocation: known }: Trust): ValidationData | null {
  const certificates = new Map(chains.flatMap(({ chain }) => chain).map((details) => [details.fingerprint, certificateOf(details)!]))
  const answers = chains.flatMap(({ revocation }) => revocation)
  if (answers.some(({ status, evidence }) => status !== 'good' || evidence === undefined)) return null
  const wanted = new Set(answers.map(({ evidence }) => evidence))
  const bytesOf = (kept: readonly { sha256: string, bytes: Buffer }[], from: 'crl' | 'ocsp') => {
    const cameAlong = answers.flatMap((answer) => answer.from === from && evidenceOf(answer) ? [[answer.evidence!, evidenceOf(answer)!] as const] : [])
    return [...new Map([...kept.filter(({ sha256 }) => wanted.has(sha256)).map(({ sha256, bytes }) => [sha256, bytes] as const), ...cameAlong]).values()]
  }
  return {
    certificates: [...certificates.values()].map(({ raw }) => raw),
    crls: bytesOf([...certificates.values()].flatMap((certificate) => known.crls(contentOf(certificate).subject)), 'crl'),
    ocsps: bytesOf([...certificates.keys()].flatMap((fingerprint) => known.ocsp(fingerprint)), 'ocsp'),
  }
}
