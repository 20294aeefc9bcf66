import { readBlob } from '../blobs/blobs.ts'
import type { Db } from '../database/database.ts'
import { chainOfToken, proofsOf, type Chain } from '../pdf/sign/proofs.ts'
import type { ValidationData } from '../pdf/sign/request.ts'
import type { Trust } from '../trust/judge.ts'
import type { SignatureVerdict } from '../trust/verdict.ts'

/** A CRL of a large CA takes megabytes: more than most documents. */
export const MOST_BYTES = 1024 * 1024

type Needs = { database: Db, trust: Trust, meet: (chain: Chain) => void, at: Date }

/** The signature as we have just judged it, its value, and the token over that. */
type Proved = { verdict: SignatureVerdict, signatureValue: Buffer, token: Buffer }

/**
 * What proves a signature and its time-stamp later: both chains, and the answers that say that nobody on them is revoked. While one of these
 * answers is missing, it is asked for.
 */
export async function validationDataFor ({ verdict, signatureValue, token }: Proved, { database, trust, meet, at }: Needs): Promise<ValidationData | 'missing' | 'too large'> {
  const ofAuthority = chainOfToken({ token, signatureValue }, trust, at)
  meet(ofAuthority)
  const proofs = proofsOf([verdict, ofAuthority])
  if (!proofs) return 'missing'
  const kept = (hashes: readonly string[]) => Promise.all(hashes.map((hash) => readBlob(database, Buffer.from(hash, 'hex'))))
  const data = { certificates: proofs.certificates.map(({ raw }) => raw), crls: await kept(proofs.crls), ocsps: await kept(proofs.ocsps) }
  const size = Object.values(data).flat().reduce((sum, { length }) => sum + length, 0)
  return size > MOST_BYTES ? 'too large' : data
}
