/**
 * Takes in what somebody gave as a CRL or an OCSP answer: read strictly, its signature held against the CAs we know, kept byte for byte. Garbage is not
 * kept. Whether an answer counts at a moment, by which policy, is for judge.ts.
 */
import { createHash, X509Certificate } from 'node:crypto'
import type { Database, Db, Tx } from '../../database/database.ts'
import { contentIfReadable, contentOf } from '../asn1/certificate.ts'
import { DerError } from '../asn1/der.ts'
import { isSignedBy } from '../path/signature.ts'
import { judgeUse } from '../path/uses.ts'
import { authoritiesIn, type TrustStore } from '../store.ts'
import { fingerprintOf } from '../verdict.ts'
import { isSignedByAny } from './answer-signer.ts'
import { readCrl, readCrlFrame, type Crl } from './crl.ts'
import { readOcsp, responseOn, type OcspAnswer, type SingleResponse } from './ocsp.ts'
import { addSources, insertAnswer, issuersNamed, type Standing } from './store.ts'

/** What became of it: kept, and how it stands to what was there; or not, and why, in both languages. */
export type TakenIn =
  | { kind: 'taken', sha256: string, thisUpdate: Date, nextUpdate: Date | null } & Standing
  | { kind: 'rejected', reason: string }

/** Every CA with this (comparable) name that is pinned or stood below one that is. */
export type Authorities = (name: string) => Promise<readonly X509Certificate[]>

/** Those of the stores, and those that were seen below them. */
export function authoritiesOf (db: Db, stores: readonly TrustStore[]): Authorities {
  const pinned = authoritiesIn(stores)
  return async (name) => {
    const seen = await issuersNamed(db, name)
    return [...pinned.filter((authority) => contentIfReadable(authority)?.subject === name), ...seen.map((der) => new X509Certificate(der))]
  }
}

type Origin = { source: string, at: Date }

/** A CA's clock may be ahead of ours by this much; an answer from later than that would stay the newest for as long as its date says. */
const AHEAD_MS = 10 * 60_000

/** A CRL, complete or delta, DER or PEM. The places of its deltas become sources. */
export async function takeInCrl (database: Database, authorities: Authorities, bytes: Buffer, { source, at }: Origin): Promise<TakenIn> {
  // Its entries are walked once it is known whose they are: a stranger's million of them would hold up everything else
  const frame = readable(() => readCrlFrame(bytes))
  if (typeof frame === 'string') return { kind: 'rejected', reason: `không phải CRL · not a CRL: ${frame}` }
  if (!isSignedByAny(frame.signed, await authorities(frame.issuer))) return { kind: 'rejected', reason: `không CA nào đã biết ký CRL này · no CA known here has signed this CRL of ${inOneLine(frame.issuer)}` }
  const crl = readable(() => readCrl(bytes))
  if (typeof crl === 'string') return { kind: 'rejected', reason: `không phải CRL · not a CRL: ${crl}` }
  const { issuer, thisUpdate, nextUpdate = null, number = null } = crl
  if (isAhead(thisUpdate, at)) return { kind: 'rejected', reason: `đồng hồ máy có chậm không? CRL này chưa bắt đầu · is this machine's clock behind? this CRL begins at ${thisUpdate.toISOString()}` }
  const standing = await database.transaction(async (tx) => {
    await addSources(tx, 'crl', crl.deltas.flatMap(({ urls }) => urls), null, at)
    return insertAnswer(tx, { kind: 'crl', bytes: crl.bytes, issuer, certificate: null, scope: scopeOf(crl), number, thisUpdate, nextUpdate, source, at })
  })
  return { kind: 'taken', sha256: crl.sha256, thisUpdate, nextUpdate, ...standing }
}

/** An OCSP answer, DER, for each of these certificates that it speaks of. */
export async function takeInOcsp (database: Database, asked: readonly { certificate: X509Certificate, issuer: X509Certificate }[], bytes: Buffer, { source, at }: Origin): Promise<TakenIn> {
  const answer = readable(() => readOcsp(bytes))
  if (typeof answer === 'string') return { kind: 'rejected', reason: `không phải trả lời OCSP · not an OCSP answer: ${answer}` }
  const spoken = asked.flatMap((one) => {
    const single = responseOn(answer, one.certificate, one.issuer)
    return single ? [{ ...one, single }] : []
  })
  const [first] = spoken
  if (first === undefined) return { kind: 'rejected', reason: 'trả lời OCSP không nói về chứng thư số nào đã biết · this OCSP answer speaks of no certificate known here' }
  if (spoken.some(({ issuer }) => !isAnsweredBy(answer, issuer))) return { kind: 'rejected', reason: 'không phải CA hay máy chủ OCSP của CA ký · neither the CA nor a responder of it has signed this OCSP answer' }
  const { status, thisUpdate, nextUpdate = null } = first.single
  if (status === 'unknown') return { kind: 'rejected', reason: 'máy chủ OCSP không biết chứng thư số này · the responder does not know the certificate' }
  const begins = thisUpdate > answer.producedAt ? thisUpdate : answer.producedAt
  if (isAhead(begins, at)) return { kind: 'rejected', reason: `đồng hồ máy có chậm không? trả lời OCSP này chưa bắt đầu · this OCSP answer begins at ${begins.toISOString()}` }
  const standings = await database.transaction((tx) => eachInTurn(spoken, ({ certificate, single }) => insertOcsp(tx, certificate, answer, single, { source, at })))
  return { kind: 'taken', sha256: answer.sha256, thisUpdate, nextUpdate, isNew: standings.some(({ isNew }) => isNew), isNewest: standings.some(({ isNewest }) => isNewest) }
}

function insertOcsp (tx: Tx, certificate: X509Certificate, answer: OcspAnswer, { thisUpdate, nextUpdate }: SingleResponse, { source, at }: Origin): Promise<Standing> {
  return insertAnswer(tx, {
    kind: 'ocsp', bytes: answer.bytes, issuer: contentOf(certificate).issuer, certificate: fingerprintOf(certificate), scope: '', number: null, thisUpdate, nextUpdate: nextUpdate ?? null, source, at,
  })
}

/** A comparable name, by which CRLs and CAs find each other, for people: its values alone, the most specific first. */
export function inOneLine (comparable: string): string {
  const parts = JSON.parse(comparable) as [oid: string, value: string][][]
  return parts.flat().map(([, value]) => value.replace(/^=/, '')).reverse().join(', ').slice(0, 300)
}

/** CRLs of one scope replace each other: those of one key and distribution point, the deltas apart. A CA that renews its key may go on with both. */
function scopeOf ({ scope, baseNumber, issuerKeyId = '' }: Crl): string {
  const place = scope ? createHash('sha256').update(scope.octets).digest('hex').slice(0, 16) : ''
  return [baseNumber === undefined ? 'complete' : 'delta', place, issuerKeyId].join(' ')
}

/** By the CA itself, or by a responder that came along, whom that CA has certified for this: anybody else whom it certified may say nothing. */
function isAnsweredBy ({ signed, certificates }: OcspAnswer, issuer: X509Certificate): boolean {
  return isSignedByAny(signed, [issuer, ...certificates.filter((certificate) => isResponder(certificate) && isSignedBy(certificate, issuer))])
}

function isResponder (certificate: X509Certificate): boolean {
  const content = contentIfReadable(certificate)
  return content !== undefined && judgeUse(content, 'ocsp').length === 0
}

const isAhead = (thisUpdate: Date, at: Date) => thisUpdate.getTime() > at.getTime() + AHEAD_MS

/** What it reads, or why it cannot. */
function readable<T extends object> (read: () => T): T | string {
  try {
    return read()
  } catch (error) {
    if (error instanceof DerError) return error.message
    throw error
  }
}

/** One transaction does one thing at a time. */
async function eachInTurn<Item, Result> (items: readonly Item[], work: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = []
  for (const item of items) results.push(await work(item))
  return results
}
