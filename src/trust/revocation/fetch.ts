/** Asks one source, once: with a cap on size and time, without following anyone elsewhere. What comes back is not judged here. */
import type { HttpAnswer, HttpClient, HttpFailure } from '../../http/client.ts'

/** How much and how long. */
export type FetchLimits = { bytes: number, answerMs: number, finishMs: number }

/** A CRL of 800,000 entries has about 32 MiB; most have far below one. */
export const CRL_LIMITS: FetchLimits = { bytes: 32 << 20, answerMs: 20_000, finishMs: 120_000 }
/** An OCSP answer with its responder's certificates has 2 to 8 KiB. */
export const OCSP_LIMITS: FetchLimits = { bytes: 64 << 10, answerMs: 10_000, finishMs: 15_000 }

/** RFC 5019, 5: only requests of at most 255 octets, encoded, are sent by GET, so that caches can answer them. */
const MOST_BY_GET = 255

/** What a server said of its last answer, to be told it when asked again (RFC 9110, 13). */
export type Validators = { etag: string | null, lastModified: string | null }

/** Why there is no answer. `outcome` is kept with the source. */
export type FetchFailure = { kind: 'failed', outcome: 'unreachable' | 'broken' | 'too-large' | 'refused', detail: string }

export type Fetched = { kind: 'fetched', bytes: Buffer, validators: Validators } | { kind: 'unchanged' } | FetchFailure

/** Asks for a CRL, once, until `signal` says to stop; `unchanged` when the server says that it is the one it gave before. */
export async function fetchCrl (http: HttpClient, url: URL, { etag, lastModified }: Validators, limits = CRL_LIMITS, signal?: AbortSignal): Promise<Fetched> {
  const headers: [string, string][] = [['accept', 'application/pkix-crl, */*']]
  if (etag !== null) headers.push(['if-none-match', etag])
  if (lastModified !== null) headers.push(['if-modified-since', lastModified])
  return read(await http.request({ method: 'GET', url, headers, ...within(limits, signal) }))
}

/** Asks an OCSP responder, by GET where the request is short. A responder that knows no GET is asked by POST (RFC 6960, A.1). */
export async function fetchOcsp (http: HttpClient, url: URL, request: Buffer, limits = OCSP_LIMITS, signal?: AbortSignal): Promise<Fetched> {
  const encoded = encodeURIComponent(request.toString('base64'))
  if (encoded.length <= MOST_BY_GET) {
    const byGet = new URL(url)
    byGet.pathname = `${url.pathname.replace(/\/$/, '')}/${encoded}`
    const answer = read(await http.request({ method: 'GET', url: byGet, headers: [['accept', OCSP_RESPONSE]], ...within(limits, signal) }))
    if (answer.kind !== 'failed' || answer.outcome !== 'refused') return answer
  }
  return read(await http.request({ method: 'POST', url, headers: [['accept', OCSP_RESPONSE], ['content-type', 'application/ocsp-request']], body: request, ...within(limits, signal) }))
}

const OCSP_RESPONSE = 'application/ocsp-response'

function within ({ bytes, answerMs, finishMs }: FetchLimits, signal: AbortSignal | undefined) {
  return { maxAnswer: bytes, answerWithin: answerMs, finishWithin: finishMs, ...signal && { signal } }
}

function read (answer: HttpAnswer | HttpFailure): Fetched {
  switch (answer.kind) {
    case 'unreachable': return { kind: 'failed', outcome: 'unreachable', detail: answer.reason }
    case 'unknown': return { kind: 'failed', outcome: 'broken', detail: answer.reason }
    case 'oversize': return { kind: 'failed', outcome: 'too-large', detail: answer.reason }
    case 'answered': {
      if (answer.status === 304) return { kind: 'unchanged' }
      // A redirect too: it would lead past the list of hosts
      if (answer.status !== 200) return { kind: 'failed', outcome: 'refused', detail: `HTTP ${answer.status}` }
      return { kind: 'fetched', bytes: answer.body, validators: { etag: header(answer, 'etag'), lastModified: header(answer, 'last-modified') } }
    }
  }
}

/** A validator that is sent back: none of ours, so nothing but visible characters, and not long. */
function header ({ headers }: HttpAnswer, name: string): string | null {
  const value = headers[name]
  return typeof value === 'string' && /^[\x20-\x7e]{1,200}$/.test(value) ? value : null
}
