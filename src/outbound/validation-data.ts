import { createHash } from 'node:crypto'
import { readBlob } from '../blobs/blobs.ts'
import type { Db } from '../database/database.ts'
import type { ValidationData } from '../pdf/sign/request.ts'
import type { Trust } from '../trust/judge.ts'
import { judgeRevocation } from '../trust/revocation/judge.ts'
import { judgeTokenBytes } from '../trust/time/token.ts'
import { certificateOf, detailsOf, type SignatureVerdict } from '../trust/verdict.ts'

/** A CRL of a large CA takes megabytes: more than most documents. */
export const MOST_BYTES = 1024 * 1024

type Chain = Pick<SignatureVerdict, 'chain' | 'revocation'>
type Needs = { database: Db, trust: Trust, meet: (chain: Chain) => void, at: Date }

/** The signature as we have just judged it, its value, and the token over that. */
type Proved = { verdict: SignatureVerdict, signatureValue: Buffer, token: Buffer }

/**
 * What proves a signature and its time-stamp later: both chains, and the answers that say that nobody on them is revoked. While one of these
 * answers is missing, it is asked for.
 */
export async function validationDataFor ({ verdict, signatureValue, token }: Proved, { database, trust, meet, at }: Needs): Promise<ValidationData | 'missing' | 'too large'> {
  const chains: Chain[] = [verdict]
  if (trust.timeStamping) {
    const { chain } = judgeTokenBytes(token, (digest) => createHash(digest).update(signatureValue).digest(), trust.timeStamping)
    const { answers } = judgeRevocation(chain, trust.revocation, { at, policy: trust.policy, store: trust.timeStamping })
    const ofAuthority = { chain: chain.map(detailsOf), revocation: answers }
    meet(ofAuthority)
    chains.push(ofAuthority)
  }
  const answers = chains.flatMap(({ revocation }) => revocation)
  if (answers.some(({ status, evidence }) => status !== 'good' || evidence === undefined)) return 'missing'
  const evidenceOf = async (from: 'crl' | 'ocsp') => {
    const hashes = new Set(answers.filter((answer) => answer.from === from).map(({ evidence }) => evidence!))
    return Promise.all([...hashes].map((hash) => readBlob(database, Buffer.from(hash, 'hex'))))
  }
  const certificates = new Map(chains.flatMap(({ chain }) => chain).map((details) => [details.fingerprint, certificateOf(details)!.raw]))
  const data = { certificates: [...certificates.values()], crls: await evidenceOf('crl'), ocsps: await evidenceOf('ocsp') }
  const size = Object.values(data).flat().reduce((sum, { length }) => sum + length, 0)
  return size > MOST_BYTES ? 'too large' : data
}
