/** What is logged, and what never is: keys, query strings, bodies, and what a database error or a refusal quotes of the data. */
import { LogController, type FastifyBaseLogger, type FastifyReply, type FastifyRequest } from 'fastify'
import { Refusal } from '../errors.ts'

/** Where the parts of the gateway write their log lines: fields first, then a sentence. */
export type Log = Pick<FastifyBaseLogger, 'debug' | 'info' | 'warn' | 'error'>

/** `stream` takes whole lines; without it they go to standard output. */
export type LogOptions = { level: string, stream?: { write (line: string): void } }

const SECRET = ['authorization', 'cookie', 'key', 'masterKey', 'password', 'pin', 'secret', 'token']

/** Pino's options, for Fastify to make the logger with. */
export function loggerOptions ({ level, stream }: LogOptions) {
  return {
    level,
    ...(stream && { stream }),
    redact: { paths: [...SECRET, ...SECRET.map((name) => `*.${name}`), 'headers', '*.headers'], censor: '[redacted]' },
    serializers: {
      // the path without its query; no header, no parameter, no body
      req: (request: FastifyRequest) => ({ method: request.method, path: request.url?.split('?', 1)[0] }),
      res: (reply: { statusCode: number }) => ({ statusCode: reply.statusCode }),
      err: describeError,
    },
  }
}

/**
 * Requests are logged at debug: a gateway logs changes of state, and each of those has its own line.
 * Answers that break off half-way keep Fastify's lines.
 */
export class RequestLog extends LogController {
  override incomingRequest () {}
  override routeNotFound () {}
  override requestCompleted (error: Error | null | undefined, request: FastifyRequest, reply: FastifyReply) {
    const fields = { req: request, res: reply, ms: Math.round(reply.elapsedTime) }
    if (error) request.log.info({ ...fields, err: error }, 'answer not delivered')
    else request.log.debug(fields, 'answered')
  }
}

type Described = { type: string, message: string, stack: string, [more: string]: unknown }

function describeError (error: Error & { code?: unknown }): Described {
  const { cause } = error
  return {
    type: error.name,
    message: messageOf(error),
    ...(typeof error.code === 'string' && { code: error.code }),
    stack: (error.stack ?? '').replace(error.message, '').split('\n').filter((line) => /^\s+at /.test(line)).join('\n'), // only frames: above them stands the message
    ...(cause instanceof Error && { cause: describeError(cause) }),
    ...(error instanceof AggregateError && { errors: error.errors.map(describeError) }),
  }
}

/** A refusal's own message goes on with what it is about: a form field of a PDF, a file's name. */
function messageOf (error: Error): string {
  if (error instanceof Refusal) return error.toProblem().titleEn
  return quotesData(error) ? 'data exception' : error.message
}

/** PostgreSQL's class 22 (data exception) puts the offending value into the message. */
function quotesData (error: Error & { code?: unknown, severity?: unknown }): boolean {
  return error.severity !== undefined && typeof error.code === 'string' && error.code.startsWith('22')
}
