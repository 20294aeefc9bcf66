/** The one place where an error becomes an answer: RFC 9457 problem details, Vietnamese first. */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import Type from 'typebox'
import { Refusal, type Fault, type Problem } from '../errors.ts'

/** How every refused request is answered; the API's description refers to it by this id. */
export const ProblemSchema = Type.Object({
  type: Type.String({ description: 'URN of the kind of refusal' }),
  status: Type.Integer({ description: 'HTTP status' }),
  code: Type.String({ description: 'Stable code of the refusal, for programs' }),
  title: Type.String({ description: 'What is wrong, in Vietnamese' }),
  titleEn: Type.String({ description: 'What is wrong, in English' }),
  field: Type.Optional(Type.String({ description: 'The exact JSON field, parameter or XML element' })),
  line: Type.Optional(Type.Integer({ description: 'Line of the packet, from 1' })),
  detail: Type.Optional(Type.String({ description: 'More about the fault; never content of a document' })),
  instance: Type.String({ description: 'URN with the id of this request, to be named when asking for help' }),
}, { $id: 'Problem', additionalProperties: false, description: 'RFC 9457 problem details' })

/** Answers with the problem that `error` is. What is not the caller's fault is logged, and told to no one but by its id. */
export function sendProblem (error: Error, request: FastifyRequest, reply: FastifyReply) {
  const refusal = refusalOf(error)
  if (refusal === null) request.log.error({ err: error, req: request }, 'request failed')
  else request.log.info({ req: request, code: refusal.code, field: refusal.fault.field }, 'request refused')
  if (refusal?.status === 401) reply.header('www-authenticate', 'Bearer realm="lienthong"')

  const problem: Problem = refusal?.toProblem() ?? INTERNAL
  return reply.code(problem.status).header('x-request-id', request.id).type('application/problem+json')
    .send(JSON.stringify({ ...problem, instance: `urn:lienthong:request:${request.id}` }))
}

const INTERNAL: Problem = {
  type: 'urn:lienthong:failure:INTERNAL',
  status: 500,
  code: 'INTERNAL',
  title: 'Gateway gặp lỗi; hãy gửi lại sau',
  titleEn: 'The gateway failed; try again later',
}

/** The caller's fault that an error stands for, or null when it is none. */
function refusalOf (error: Error): Refusal | null {
  if (error instanceof Refusal) return error
  const { code, statusCode = 500, validation, validationContext } = error as Partial<FastifyError>
  // Another library's error may carry the status of somebody else's answer: only Fastify's own are about this request.
  if (!code?.startsWith('FST_') || statusCode >= 500) return null
  if (validation?.[0]) return new Refusal('REQUEST_INVALID', faultOf(validation[0], validationContext ?? 'body'))
  switch (statusCode) {
    case 404: return new Refusal('NOT_FOUND')
    case 406: // what @fastify/multipart says of any other body
    case 415: return new Refusal('MEDIA_TYPE_UNSUPPORTED')
    case 413: return new Refusal('REQUEST_TOO_LARGE')
  }
  const detail = FRAMEWORK_FAULTS[code]
  return new Refusal('REQUEST_INVALID', detail === undefined ? {} : { detail })
}

/** Own words, since the framework's quote what the caller sent. */
const FRAMEWORK_FAULTS: Record<string, string> = {
  FST_ERR_BAD_URL: 'the address is not a valid URL',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'the body is empty',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'the body is not as long as Content-Length says',
  FST_ERR_CTP_INVALID_JSON_BODY: 'the body is not valid JSON',
  FST_ERR_MAX_PARAM_LENGTH: 'the address is too long',
  FST_INVALID_JSON_FIELD_ERROR: 'a part is not valid JSON',
  FST_MP_PREMATURE_CLOSE: 'the body ends too early',
  FST_PROTO_VIOLATION: 'a part has a name that is not allowed',
}

type ValidationFault = NonNullable<FastifyError['validation']>[number]

/** `recipients[0].code` for a body; `query.limit`, `path.id` and `header.idempotency-key` for the rest. */
function faultOf ({ keyword, instancePath, params, message }: ValidationFault, context: string): Fault {
  const names = instancePath.split('/').slice(1).map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'))
  const last = params['missingProperty'] ?? params['additionalProperty'] ?? params['propertyName']
  if (typeof last === 'string') names.push(last)
  const prefix = PREFIXES[context]
  const field = (prefix === undefined ? names : [prefix, ...names]).reduce((path, name) => /^\d+$/.test(name) ? `${path}[${name}]` : path ? `${path}.${name}` : name, '')
  return {
    ...(field && { field: field.slice(0, 200) }), // a caller may name a field of any length
    detail: keyword === 'enum' ? `must be one of ${(params['allowedValues'] as unknown[]).join(', ')}` : message ?? keyword,
  }
}

const PREFIXES: Record<string, string> = { querystring: 'query', params: 'path', headers: 'header' }
