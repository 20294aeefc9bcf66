/**
 * The one way out over HTTP. A request is written at most once: nothing is sent again, no redirect is followed,
 * and every outcome says whether the other side may have taken the request.
 */
import { lookup } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { Readable } from 'node:stream'
import { Agent, errors, type Dispatcher } from 'undici'
import { tlsConnector, type TlsOptions } from './tls.ts'

export type HttpRequest = {
  method: 'GET' | 'POST'
  url: URL
  headers: readonly (readonly [name: string, value: string])[]
  body?: Uint8Array
  /** How long the answer's head may take once the request is on its way, in milliseconds. */
  answerWithin?: number
  /** How long the whole exchange may take, waiting for a free connection included, in milliseconds. */
  finishWithin?: number
  /** An answer with a larger body is dropped. */
  maxAnswer?: number
  /** Once it is aborted, the answer is not waited for any more. */
  signal?: AbortSignal
}

export type HttpHead = { kind: 'answered', status: number, headers: Record<string, string | string[] | undefined> }

export type HttpFailure =
  /** Certain: not one byte of the request was written. */
  | { kind: 'unreachable', reason: string }
  /** The request, or part of it, was written, and no whole answer came. */
  | { kind: 'unknown', reason: string }
  /** An answer came, and is larger than allowed. */
  | { kind: 'oversize', reason: string }

export type HttpAnswer = HttpHead & { body: Buffer }

/** An answer whose body is still to come. Reading it throws a BrokenAnswer when it breaks off, is late, or grows too large. */
export type HttpStream = HttpHead & { body: Readable }

/** Why a body that had begun does not end. */
export class BrokenAnswer extends Error {
  override readonly name = 'BrokenAnswer'
  readonly failure: HttpFailure

  constructor (failure: HttpFailure) {
    super(failure.reason)
    this.failure = failure
  }
}

export interface HttpClient extends AsyncDisposable {
  /** Sends a request once and reads the whole answer. */
  request (request: HttpRequest): Promise<HttpAnswer | HttpFailure>
  /** Sends a request once and gives the answer's body as it comes. An unread body holds its connection. */
  stream (request: HttpRequest): Promise<HttpStream | HttpFailure>
}

export type HttpClientOptions = {
  /** Connections per origin: 10 is what the axis' own SDK opens (`maxConnection`). */
  connections?: number
  /** In milliseconds, the name look-up and the TLS handshake included. */
  connectWithin?: number
  /**
   * How long an unused connection is kept, in milliseconds. Shorter than the 5 s after which the most impatient of usual
   * servers closes (Node's own; Tomcat waits 20 s), so that a request seldom meets a connection that is being closed.
   */
  keepIdle?: number
  /**
   * Whether an address may be connected to. Asked of the very address that is connected to, after the name is resolved: a name
   * that resolves differently a moment later changes nothing. Absent: every one.
   */
  mayReach?: (address: string) => boolean
  /** Whom TLS servers are believed from, and who we are. Absent: whoever Node's own list knows, and nobody. */
  tls?: TlsOptions
}

const SECOND = 1_000
const MEBIBYTE = 1 << 20
const DEFAULTS = { answerWithin: 30 * SECOND, finishWithin: 60 * SECOND, maxAnswer: 64 * MEBIBYTE }

/** Opens a client. Disposing of it lets the requests under way finish. */
export function createHttpClient ({ connections = 10, connectWithin = 10 * SECOND, keepIdle = 4 * SECOND, mayReach, tls }: HttpClientOptions = {}): HttpClient {
  const connect = { timeout: connectWithin, ...mayReach && { lookup: lookupWithin(mayReach) } }
  const agent = new Agent({
    connections,
    pipelining: 1, // behind a lost request no second one may hang, whose fate is unknown too
    allowH2: false, // a broken HTTP/2 session takes all its requests with it, written or not
    connect: tls ? tlsConnector(tls, { ...connect, allowH2: false }) : connect,
    keepAliveTimeout: keepIdle,
    maxResponseSize: -1, // counted here, per request
  })

  return {
    async request (request) {
      return new Promise((resolve, reject) => {
        let head: HttpHead
        const body = growingBuffer()
        exchange(agent, mayReach, request, {
          start: (answered) => { head = answered },
          data: body.append,
          end: () => resolve({ ...head, body: body.whole() }),
          fail: resolve,
          bug: reject,
        })
      })
    },

    async stream (request) {
      return new Promise((resolve, reject) => {
        let body: Readable | undefined
        exchange(agent, mayReach, request, {
          start (head, controller) {
            body = new Readable({
              read: () => controller.resume(),
              destroy (error, done) {
                controller.abort(error ?? new Error('the reader left'))
                done(error)
              },
            })
            body.on('error', () => {}) // a break before anyone reads is told to the reader, and ends no process
            resolve({ ...head, body })
          },
          data (chunk, controller) { if (!body?.push(chunk)) controller.pause() },
          end: () => { body?.push(null) },
          fail (failure) { body ? body.destroy(new BrokenAnswer(failure)) : resolve(failure) },
          bug: reject,
        })
      })
    },

    [Symbol.asyncDispose]: () => agent.close(),
  }
}

/** One buffer for all that comes: a list of chunks of one octet each would take a hundred times what they hold. */
function growingBuffer (): { append (chunk: Buffer): void, whole (): Buffer } {
  let room = Buffer.alloc(0)
  let size = 0
  return {
    append (chunk) {
      const needed = size + chunk.length
      if (needed > room.length) room = Buffer.concat([room.subarray(0, size)], Math.max(needed, 2 * room.length))
      size += chunk.copy(room, size)
    },
    whole: () => room.subarray(0, size),
  }
}

type Receiver = {
  start (head: HttpHead, controller: Dispatcher.DispatchController): void
  data (chunk: Buffer, controller: Dispatcher.DispatchController): void
  end (): void
  fail (failure: HttpFailure): void
  bug (error: Error): void
}

/**
 * One exchange on the dispatcher itself, since only that tells when a request meets its connection: `onRequestStart`
 * comes right before the first byte is written. What fails earlier was provably not sent. A kept connection that the
 * other side has closed is noticed before that moment, and the request waits for a new one; if the two cross, the
 * outcome is unknown.
 */
function exchange (agent: Agent, mayReach: HttpClientOptions['mayReach'], request: HttpRequest, receiver: Receiver) {
  const { answerWithin, finishWithin, maxAnswer, signal } = { ...DEFAULTS, ...request }
  const literal = request.url.hostname.replace(/^\[|\]$/g, '')
  // An address in the URL itself is never looked up, so it is asked about here
  if (mayReach && isIP(literal) && !mayReach(literal)) return receiver.fail({ kind: 'unreachable', reason: outOfReach(literal) })
  let controller: Dispatcher.DispatchController | undefined
  let settled = false
  let received = 0

  const settle = (report: () => void) => {
    if (settled) return
    settled = true
    clearTimeout(deadline)
    signal?.removeEventListener('abort', onAbort)
    report()
  }
  const giveUp = (kind: 'unknown' | 'oversize', reason: string) => {
    settle(() => receiver.fail(controller ? { kind, reason } : { kind: 'unreachable', reason }))
    controller?.abort(new Error(reason))
  }
  const onAbort = () => giveUp('unknown', 'not waited for any more')
  const deadline = setTimeout(() => giveUp('unknown', `not finished within ${finishWithin} ms`), finishWithin)
  if (signal?.aborted) return onAbort()
  signal?.addEventListener('abort', onAbort)

  agent.dispatch({
    origin: request.url.origin,
    path: request.url.pathname + request.url.search,
    method: request.method,
    headers: request.headers.flat(),
    body: request.body ?? null,
    idempotent: false,
    headersTimeout: answerWithin,
    bodyTimeout: answerWithin,
  }, {
    onRequestStart (started) {
      // Aborted here, before its first byte, a request that was given up while it waited is never written.
      if (settled) return started.abort(new Error('given up'))
      controller = started
    },
    onResponseStart (started, status, headers) {
      if (status < 200 || settled) return
      if (Number(headers['content-length']) > maxAnswer) return giveUp('oversize', `an answer of ${headers['content-length']} bytes`)
      receiver.start({ kind: 'answered', status, headers }, started)
    },
    onResponseData (started, chunk) {
      received += chunk.length
      if (received > maxAnswer) return giveUp('oversize', `an answer of more than ${maxAnswer} bytes`)
      if (!settled) receiver.data(chunk, started)
    },
    onResponseEnd () { settle(() => receiver.end()) },
    onResponseError (_, error) {
      settle(() => {
        if (error instanceof errors.InvalidArgumentError) receiver.bug(error)
        else receiver.fail({ kind: controller ? 'unknown' : 'unreachable', reason: reasonOf(error) })
      })
    },
  })
}

/** Looks a name up and leaves out the addresses that may not be reached; without any left, it fails. */
function lookupWithin (mayReach: (address: string) => boolean): LookupFunction {
  return (hostname, options, done) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return done(error, [])
      const [first, ...others] = addresses.filter(({ address }) => mayReach(address))
      if (first === undefined) return done(new Error(outOfReach(hostname)), [])
      if (options.all) done(null, [first, ...others])
      else done(null, first.address, first.family)
    })
  }
}

const outOfReach = (host: string) => `${host} is at an address that may not be reached from here`

function reasonOf (error: Error): string {
  // With several addresses to try, the reasons are inside.
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join('; ')
  const code = 'code' in error && typeof error.code === 'string' && !error.message.includes(error.code) ? `${error.code}: ` : ''
  return code + error.message
}
