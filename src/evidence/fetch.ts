/**
 * Asks CAs for what a verdict misses, once: the hosts that are allowed alone, without redirects, no private address unless it is configured so,
 * with caps on size and time. What comes back is judged like any other file.
 */
import { createHttpClient } from '../http/client.ts'
import { isPublicAddress } from '../http/addresses.ts'
import { ifReadable } from '../trust/asn1/der.ts'
import { CRL_LIMITS, fetchCrl, fetchOcsp, OCSP_LIMITS, type Fetched } from '../trust/revocation/fetch.ts'
import { ocspRequestFor } from '../trust/revocation/ocsp.ts'
import { pointsOf } from '../trust/revocation/points.ts'
import { targetOf } from '../trust/revocation/sources.ts'
import type { TrustSettings } from '../trust/settings.ts'
import { certificateOf, type SignatureVerdict } from '../trust/verdict.ts'

/** A person waits for it. */
const ANSWER_MS = 10_000
const LIMITS = { crl: { ...CRL_LIMITS, answerMs: ANSWER_MS, finishMs: 60_000 }, ocsp: OCSP_LIMITS }
/** What a certificate of a stranger may have us ask. */
const MOST_QUESTIONS = 8

const NOTHING_KNOWN = { etag: null, lastModified: null }

/** The answers that came, of those that these verdicts miss. Nothing when none is missing, or nobody may be asked. */
export async function fetchMissing (verdicts: readonly Pick<SignatureVerdict, 'chain' | 'revocation'>[], settings: TrustSettings): Promise<Buffer[]> {
  const questions = new Map(verdicts.flatMap((verdict) => questionsOf(verdict, settings)))
  if (questions.size === 0) return []
  await using http = createHttpClient({ connectWithin: ANSWER_MS / 2, mayReach: (address) => settings.privateNetworks || isPublicAddress(address) })
  const asked = [...questions.values()].slice(0, MOST_QUESTIONS).map(({ url, request }): Promise<Fetched> =>
    request ? fetchOcsp(http, url, request, LIMITS.ocsp) : fetchCrl(http, url, NOTHING_KNOWN, LIMITS.crl))
  return (await Promise.all(asked)).flatMap((fetched) => fetched.kind === 'fetched' ? [fetched.bytes] : [])
}

const NO_POINTS = { crls: [], deltas: [], ocsp: [] }

type Question = { url: URL, request?: Buffer }

function questionsOf ({ chain, revocation }: Pick<SignatureVerdict, 'chain' | 'revocation'>, settings: TrustSettings): [key: string, Question][] {
  const missing = new Set(revocation.filter(({ status }) => status === 'missing').map(({ certificate }) => certificate))
  return chain.flatMap((details, index) => {
    const [certificate, issuer] = [certificateOf(details), chain[index + 1] && certificateOf(chain[index + 1]!)]
    if (!missing.has(details.fingerprint) || !certificate || !issuer) return []
    const allowed = (text: string) => {
      const target = targetOf(text, settings)
      return target.kind === 'allowed' ? [target.url] : []
    }
    const { crls, deltas, ocsp } = ifReadable(() => pointsOf(certificate)) ?? NO_POINTS
    return [
      ...ocsp.flatMap(allowed).map((url): [string, Question] => [`${url.href} ${details.fingerprint}`, { url, request: ocspRequestFor(certificate, issuer) }]),
      ...[...crls, ...deltas].flatMap(({ urls }) => urls).flatMap(allowed).map((url): [string, Question] => [url.href, { url }]),
    ]
  })
}
