/** The HTTP server as every part of the gateway gets it: limits, strict checks, one form of refusal. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import helmet from '@fastify/helmet'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyReply, type FastifyRequest, type RawServerDefault } from 'fastify'
import { v7 as newId } from 'uuid'
import { Refusal } from '../errors.ts'
import { loggerOptions, RequestLog, type LogOptions } from './log.ts'
import { ProblemSchema, sendProblem } from './problem.ts'

/** A server, or one scope of it, whose routes are typed by their TypeBox schemas. */
export type HttpServer = FastifyInstance<RawServerDefault, IncomingMessage, ServerResponse, FastifyBaseLogger, TypeBoxTypeProvider>

/** Lets a request pass, or throws the Refusal that answers it; runs before any of the body is read. */
export type Guard = (request: FastifyRequest, reply: FastifyReply) => Promise<void>

const SECOND = 1000

/**
 * Makes a server with no routes yet. JSON bodies and queries are refused for what their schemas do not name, and nothing
 * but the text of an address is converted; JSON is limited to 1 MiB, and a route that takes more says so.
 */
export async function createHttpServer ({ log }: { log: LogOptions }): Promise<HttpServer> {
  const http: HttpServer = Fastify({
    logger: loggerOptions(log),
    logController: new RequestLog(),
    bodyLimit: 1024 * 1024,
    connectionTimeout: 60 * SECOND,  // a connection on which nothing moves
    requestTimeout: 300 * SECOND,    // 100 MiB at 3 Mbit/s
    routerOptions: { maxParamLength: 200 },
    return503OnClosing: false,       // what still comes on an open connection while stopping is answered, then closed
    genReqId: () => newId(),         // an id that a caller could choose would be worth nothing in the log
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false, useDefaults: true, allErrors: false } },
    frameworkErrors: sendProblem,
    clientErrorHandler: answerBrokenHttp,
  }).withTypeProvider<TypeBoxTypeProvider>()

  http.removeContentTypeParser('text/plain') // no route reads it, and 415 says so better than a schema
  http.addSchema(ProblemSchema)
  http.setErrorHandler(sendProblem)
  http.setNotFoundHandler((request, reply) => sendProblem(new Refusal('NOT_FOUND'), request, reply))
  http.addHook('onRoute', ({ schema }) => {
    closeObjects(schema?.body)
    closeObjects(schema?.querystring)
  })
  http.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id)
    done()
  })
  http.addHook('preValidation', (request, _reply, done) => {
    const { schema } = request.routeOptions
    convertText(schema?.querystring, request.query)
    convertText(schema?.params, request.params)
    done()
  })
  closeUnfinished(http)
  await http.register(helmet, {
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
    strictTransportSecurity: { includeSubDomains: false }, // neighbours under one domain are not ours to decide for
  })
  return http
}

/**
 * Lets close() return although callers keep their connections: those that still send bodies that were refused, which Node counts as busy until
 * the body ends, and those that were busy when it began, which Node then keeps for another request.
 */
function closeUnfinished (http: HttpServer) {
  const unfinished = new Set<Socket>()
  let isClosing = false
  http.addHook('onResponse', ({ raw }, _reply, done) => {
    if (raw.complete === false) { // inject() knows no complete
      unfinished.add(raw.socket)
      raw.once('close', () => unfinished.delete(raw.socket))
    }
    if (isClosing) setImmediate(closeAnswered)
    done()
  })
  http.addHook('preClose', (done) => {
    isClosing = true
    closeAnswered()
    done()
  })

  function closeAnswered () {
    for (const socket of unfinished) socket.destroy()
    http.server.closeIdleConnections()
  }
}

/**
 * Lets the routes of this scope take edXML packets, as Buffers of at most `maxBytes`. Fastify collects them itself: a
 * route that throws while it reads a stream leaves the request open, and close() then never returns.
 */
export function acceptPackets (http: FastifyInstance, maxBytes: number) {
  http.addContentTypeParser(['application/xml', 'text/xml', 'application/edxml+xml'], { parseAs: 'buffer', bodyLimit: maxBytes }, (_request, body, done) => done(null, body))
}

type Node = { [key: string]: unknown }

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null

/** An object schema that does not say otherwise takes no unknown field. The parts of an `allOf` cannot be closed one by one. */
function closeObjects (schema: unknown) {
  if (!isNode(schema)) return
  if (schema['type'] === 'object' && isNode(schema['properties']) && !('additionalProperties' in schema)) schema['additionalProperties'] = false
  for (const [key, part] of Object.entries(schema)) if (key !== 'allOf') closeObjects(part)
}

/** An address holds only text; what its schema calls a number or a truth value is read as one, if it is written as one. */
function convertText (schema: unknown, values: unknown) {
  if (!isNode(schema) || !isNode(schema['properties']) || !isNode(values)) return
  for (const [name, part] of Object.entries(schema['properties'])) {
    const text = values[name]
    if (typeof text !== 'string' || !isNode(part)) continue
    if (part['type'] === 'integer' && /^-?\d{1,15}$/.test(text)) values[name] = Number(text)
    if (part['type'] === 'boolean' && /^(true|false)$/.test(text)) values[name] = text === 'true'
  }
}

/** Answers bytes that are no HTTP request, or one that never ends, where no route and no reply exists. */
function answerBrokenHttp (error: Error & { code?: string }, socket: Socket) {
  if (error.code === 'ECONNRESET' || !socket.writable) return
  const detail = error.code === 'HPE_HEADER_OVERFLOW' ? 'the headers are too large' : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'the request took too long' : 'this is not HTTP'
  const body = JSON.stringify(new Refusal('REQUEST_INVALID', { detail }).toProblem())
  socket.end([
    'HTTP/1.1 400 Bad Request', 'Connection: close', 'Content-Type: application/problem+json; charset=utf-8', `Content-Length: ${Buffer.byteLength(body)}`, '', body,
  ].join('\r\n'))
}
