/** Documents over HTTP: a system hands one over to be sent, and asks how it is doing. */
import multipart from '@fastify/multipart'
import type { FastifyRequest } from 'fastify'
import { systemOf, type RequireRole } from '../../access/http.ts'
import type { SystemCaller } from '../../access/keys.ts'
import type { Database } from '../../database/database.ts'
import type { Limits } from '../../edxml/limits.ts'
import { Refusal } from '../../errors.ts'
import { sendFile } from '../../http/file.ts'
import { acceptPackets, type HttpServer } from '../../http/server.ts'
import { documentFile, viewDocument } from '../../outbound/view.ts'
import type { PdfVerdict } from '../../pdf/verdict.ts'
import type { Submission, Submit } from '../../outbound/submit.ts'
import { hashRequest, keepAnswer, once } from './idempotency.ts'
import { Metadata, type SubmittedFile } from './metadata.ts'
import { shownPdf } from './pdf.ts'
import { Accepted, AttachmentPath, DocumentSchema, IdempotencyHeader, IdPath } from './schemas.ts'
import { parseSign, SignQuery } from './sign-request.ts'
import type { Submissions } from './submissions.ts'

type Needs = { database: Database, requireRole: RequireRole, submit: Submit, submissions: Submissions, limits: Limits, now: () => Date }

/** What a submission says, and the parts that make two submissions the same request. */
type Read = { submission: Submission, parts: (string | Uint8Array)[] }

const tags = ['documents']

export async function addDocuments (http: HttpServer, { database, requireRole, submit, submissions, limits, now }: Needs) {
  await http.register(multipart, { limits: { fileSize: limits.packetBytes, files: limits.attachments, parts: limits.attachments + 1, fields: 1, fieldSize: 8 * 1024 * 1024 } })
  acceptPackets(http, limits.packetBytes)
  const onRequest = requireRole('system')

  http.post('/documents', {
    onRequest,
    validatorCompiler: () => () => true, // two kinds of body, neither of them JSON: each is checked where it is read
    schema: {
      tags,
      summary: 'Nộp văn bản để ký và gửi · Hand over a document to be signed and sent: an edXML packet, or metadata with files',
      headers: IdempotencyHeader,
      querystring: SignQuery,
      body: {
        content: {
          'application/xml': { schema: { type: 'string', description: 'An edXML document packet (QCVN 102)' } },
          'multipart/form-data': {
            schema: { type: 'object', required: ['metadata'], properties: { metadata: Metadata, file: { type: 'array', items: { type: 'string', format: 'binary' } } } },
          },
        },
      },
      response: { 202: Accepted },
    },
  }, async (request, reply) => {
    const caller = systemOf(request)
    const { submission, parts } = request.isMultipart() ? await readParts(request, caller) : await readBody(request, caller)
    const key = request.headers['idempotency-key']
    if (key !== undefined && (Array.isArray(key) || key.length < 1 || key.length > 200)) throw new Refusal('REQUEST_INVALID', { field: 'header.idempotency-key', detail: '1 to 200 characters' })
    const keyed = key === undefined ? null : { systemId: caller.systemId, key, hash: hashRequest('document', ...parts) }
    const { answer, isReplay } = await once(database, keyed, async () => {
      const toAnswer = ({ id, documentId }: { id: string, documentId: string }) => ({ id, documentId, url: `/v1/documents/${id}` })
      return toAnswer(await submit(submission, async (tx, accepted) => { if (keyed) await keepAnswer(tx, keyed, toAnswer(accepted), now()) }))
    })
    return reply.code(202).header('idempotent-replayed', String(isReplay)).send(answer)
  })

  http.get('/documents/:id', { onRequest, schema: { tags, summary: 'Văn bản đang ở đâu với từng nơi nhận · Where a document stands with every recipient, and how it got there', params: IdPath, response: { 200: DocumentSchema } } },
    async (request) => {
      const { attachments, ...document } = await viewDocument(database, systemOf(request), request.params.id)
      const shown = (pdf: PdfVerdict | null) => pdf && shownPdf(pdf)
      return JSON.parse(JSON.stringify({
        ...document, attachments: attachments.map(({ pdf, signing, ...file }) => ({ ...file, pdf: shown(pdf), signing: signing && { ...signing, pdf: shown(signing.pdf) } })),
      }))
    })

  http.get('/documents/:id/attachments/:number', { onRequest, schema: { tags, summary: 'Một tệp như được gửi đi, có chữ ký của cơ quan nếu đã yêu cầu · One file as it leaves, signed by the agency where that was asked for', params: AttachmentPath, produces: ['application/octet-stream'] } },
    async (request, reply) => sendFile(reply, await documentFile(database, systemOf(request), request.params.id, request.params.number)))

  async function readBody (request: FastifyRequest, caller: SystemCaller): Promise<Read> {
    if (!Buffer.isBuffer(request.body)) throw new Refusal('MEDIA_TYPE_UNSUPPORTED')
    const sign = parseSign(request.query)
    return { submission: await submissions.fromPacket(caller, request.body, sign), parts: [request.body, ...sign.length > 0 ? [JSON.stringify(sign)] : []] }
  }

  async function readParts (request: FastifyRequest, caller: SystemCaller): Promise<Read> {
    if (parseSign(request.query).length > 0) throw new Refusal('REQUEST_INVALID', { field: 'query.sign', detail: 'beside metadata it stands in the metadata' })
    let json: string | undefined
    let room = limits.packetBytes
    const files: SubmittedFile[] = []
    for await (const part of partsOf(request)) {
      if (part.type === 'file') {
        const bytes = await part.toBuffer().catch(refuseBroken)
        room -= bytes.length
        if (room < 0) throw new Refusal('REQUEST_TOO_LARGE')
        files.push({ name: part.filename ?? '', mediaType: part.mimetype, bytes })
      }
      else if (part.fieldname === 'metadata') json = typeof part.value === 'string' ? part.value : JSON.stringify(part.value) // a part of type application/json comes parsed
      else throw new Refusal('REQUEST_INVALID', { field: part.fieldname.slice(0, 100), detail: 'unknown part' })
    }
    if (json === undefined) throw new Refusal('REQUEST_INVALID', { field: 'metadata', detail: 'this part is missing' })
    const nameless = files.findIndex((file) => file.name === '')
    if (nameless >= 0) throw new Refusal('REQUEST_INVALID', { field: `file[${nameless + 1}]`, detail: 'a file needs a name' })

    return {
      submission: await submissions.fromMetadata(caller, json, files),
      parts: [json, ...files.flatMap(({ name, bytes }) => [name, bytes])],
    }
  }
}

async function * partsOf (request: FastifyRequest) {
  try {
    yield * request.parts()
  } catch (error) {
    refuseBroken(error)
  }
}

/** A body that is cut off, or has no boundary, is its sender's fault; the parser throws plain errors for that. */
function refuseBroken (error: unknown): never {
  if (error instanceof Refusal || String((error as { code?: unknown }).code).startsWith('FST_')) throw error
  throw new Refusal('REQUEST_INVALID', { detail: 'the multipart body cannot be read' }, { cause: error })
}
