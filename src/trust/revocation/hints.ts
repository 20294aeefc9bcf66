/**
 * CRLs and OCSP answers that came along with what is judged: in its signature, or beside it in the same file. Whether one counts is for judge.ts,
 * as with those that are kept; but a stranger's CRL must not stand in the way of a true one of the same name, so that only those get in
 * which an authority has signed.
 */
import type { X509Certificate } from 'node:crypto'
import { contentIfReadable } from '../asn1/certificate.ts'
import { DerError } from '../asn1/der.ts'
import { isSignedByAny } from './answer-signer.ts'
import { readCrl, readCrlFrame, type Crl } from './crl.ts'
import { knownFrom, type KnownRevocation } from './known.ts'
import { readOcsp, type OcspAnswer } from './ocsp.ts'

/** Answers as they came, of which nothing is known yet. */
export type AnswersAlong = { crls: readonly Uint8Array[], ocsps: readonly Uint8Array[] }

/** Each costs the verification of a signature at least; a chain has need of a few. */
const MOST_CRLS = 32
const MOST_OCSPS = 64

/** Those of the answers that can be read, and of the CRLs those that one of these authorities has signed in its own name. `bytesOf` gives one by its SHA-256. */
export type Hints = { known: KnownRevocation, bytesOf (sha256: string): Buffer | undefined }

/** Reads what came along. */
export function readHints ({ crls, ocsps }: AnswersAlong, authorities: readonly X509Certificate[]): Hints {
  const lists = crls.slice(0, MOST_CRLS).flatMap((bytes) => orNothing(() => authentic(bytes, authorities)))
  const answers = ocsps.slice(0, MOST_OCSPS).flatMap((bytes) => orNothing(() => [readOcsp(bytes)]))
  const bytes = new Map([...lists, ...answers].map((one: Crl | OcspAnswer) => [one.sha256, one.bytes]))
  // Nothing tells beforehand which certificates an OCSP answer speaks of
  return { known: { ...knownFrom(lists), ocsp: () => answers }, bytesOf: (sha256) => bytes.get(sha256) }
}

/** What is known, and what came along beside it. */
export function knownTogether (one: KnownRevocation, other: KnownRevocation): KnownRevocation {
  return { crls: (issuer) => [...one.crls(issuer), ...other.crls(issuer)], ocsp: (fingerprint) => [...one.ocsp(fingerprint), ...other.ocsp(fingerprint)] }
}

/** Its entries are walked once it is known whose they are: a stranger's million of them would hold up everything else. */
function authentic (bytes: Uint8Array, authorities: readonly X509Certificate[]): Crl[] {
  const { issuer, signed } = readCrlFrame(bytes)
  return isSignedByAny(signed, authorities.filter((authority) => contentIfReadable(authority)?.subject === issuer)) ? [readCrl(bytes)] : []
}

function orNothing<Read> (read: () => Read[]): Read[] {
  try {
    return read()
  } catch (error) {
    if (error instanceof DerError) return []
    throw error
  }
}
