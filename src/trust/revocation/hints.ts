/**
 * CRLs and OCSP answers that came along with what is judged: in its signature, or beside it in the same file. Whether one counts is for judge.ts,
 * as with those that are kept; but a stranger's CRL must not stand in the way of a true one of the same name, so that only those get in
 * which an authority has signed.
 */
import type { X509Certificate } from 'node:crypto'
import { contentIfReadable } from '../asn1/certificate.ts'
import { ifReadable } from '../asn1/der.ts'
import { isSignedByAny } from './answer-signer.ts'
import { readCrl, readCrlFrame, type Crl } from './crl.ts'
import { knownFrom, type KnownRevocation } from './known.ts'
import { readOcsp } from './ocsp.ts'

/** Answers as they came, of which nothing is known yet. */
export type AnswersAlong = { crls: readonly Uint8Array[], ocsps: readonly Uint8Array[] }

/** Each costs the verification of a signature at least; a chain has need of a few. */
const MOST_CRLS = 32
const MOST_OCSPS = 64

/**
 * What came along with all that is judged together, read once. `known` are the answers that can be read, without the CRLs that none of these
 * authorities has signed in its own name; `bytesOf` gives one that was known by its SHA-256.
 */
export type Hints = { isEmpty: boolean, known (authorities: readonly X509Certificate[]): KnownRevocation, bytesOf (sha256: string): Buffer | undefined }

/** Reads what came along. */
export function readHints ({ crls, ocsps }: AnswersAlong): Hints {
  const answers = ocsps.slice(0, MOST_OCSPS).flatMap((bytes) => ifReadable(() => readOcsp(bytes)) ?? [])
  const lists = crls.slice(0, MOST_CRLS).flatMap((bytes) => ifReadable(() => createList(bytes)) ?? [])
  const bytes = new Map(answers.map((answer) => [answer.sha256, answer.bytes]))
  return {
    isEmpty: answers.length + lists.length === 0,
    known (authorities) {
      const authentic = lists.flatMap((list) => list.ifSignedBy(authorities))
      for (const crl of authentic) bytes.set(crl.sha256, crl.bytes)
      // Nothing tells beforehand which certificates an OCSP answer speaks of
      return { ...knownFrom(authentic), ocsp: () => answers }
    },
    bytesOf: (sha256) => bytes.get(sha256),
  }
}

/** What is known, and what came along beside it. */
export function knownTogether (one: KnownRevocation, other: KnownRevocation): KnownRevocation {
  return { crls: (issuer) => [...one.crls(issuer), ...other.crls(issuer)], ocsp: (fingerprint) => [...one.ocsp(fingerprint), ...other.ocsp(fingerprint)] }
}

/** One CRL. Its entries are walked once it is known whose they are, as a stranger's million of them would hold up everything else; and each authority is asked once. */
function createList (bytes: Uint8Array) {
  const { issuer, signed } = readCrlFrame(bytes)
  const asked = new Map<string, boolean>()
  let read: Crl[] | undefined
  const isSignedBy = (authority: X509Certificate) => {
    const known = asked.get(authority.fingerprint256) ?? (contentIfReadable(authority)?.subject === issuer && isSignedByAny(signed, [authority]))
    asked.set(authority.fingerprint256, known)
    return known
  }
  return { ifSignedBy: (authorities: readonly X509Certificate[]): Crl[] => authorities.some(isSignedBy) ? read ??= [bytes].flatMap((one) => ifReadable(() => readCrl(one)) ?? []) : [] }
}
