/** Documents that were held or refused for their PDFs, over HTTP: what is wrong with them, and a person's decision. */
import type { FastifyRequest } from 'fastify'
import Type from 'typebox'
import type { RequireRole } from '../access/http.ts'
import { sendFile } from '../http/file.ts'
import type { HttpServer } from '../http/server.ts'
import type { Decider, Held } from '../inbound/held.ts'
import { shownPdf } from '../systems/rest/pdf.ts'
import { AttachmentPath, IdPath, MailboxItemSchema, ReasonSchema, StandingSchema } from '../systems/rest/schemas.ts'

const tags = ['held']
const { properties: item } = MailboxItemSchema

const HeldQuery = Type.Object({
  state: Type.Optional(Type.Union([Type.Literal('held'), Type.Literal('refused')], { default: 'held', description: 'held: what waits for a decision; refused: what was refused for its PDFs, by the policy or by a person' })),
  after: Type.Optional(Type.String({ pattern: '^\\d{1,18}$', description: 'Cursor: `next` of the page before; the first page has none' })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 20 })),
})
const HeldPage = Type.Object({
  items: Type.Array(Type.Object({
    id: item.id, agencyCode: Type.String({ description: 'For whom it is' }), createdAt: item.createdAt, senderCode: item.senderCode, documentId: item.documentId,
    number: item.number, notation: item.notation, promulgatedOn: item.promulgatedOn, subject: item.subject,
    reason: Type.Object({
      files: Type.Array(Type.Object({ number: Type.Integer({ description: 'Of the attachment' }), name: Type.String(), standing: StandingSchema, reasons: Type.Array(ReasonSchema) })),
    }, { description: 'The files that it is held or was refused for' }),
    attachments: item.attachments, recheck: item.recheck,
    later: Type.Array(Type.Object({ id: item.id, bussinessDocType: item.bussinessDocType, createdAt: item.createdAt }), { description: 'What came for the agency behind it under the same DocumentId: it may be recalled or replaced' }),
    decidedAt: Type.Union([Type.String({ format: 'date-time' }), Type.Null()], { description: 'When a person refused it; null: it waits, or the policy refused it when it came' }),
    decidedBy: Type.Union([Type.String(), Type.Null()], { description: 'Who refused it' }),
  })),
  next: Type.Union([Type.String(), Type.Null()]),
})
const Refused = Type.Object({ reason: Type.String({ minLength: 1, maxLength: 500, description: 'What the sender reads, with status 02' }) })
const Decision = Type.Object({
  id: item.id, state: Type.String({ description: 'waiting (for its system) or acknowledged: it was released; refused' }),
  decidedAt: Type.String({ format: 'date-time' }), decidedBy: Type.String(),
})

type Needs = { requireRole: RequireRole, held: Held }

export function addHeld (http: HttpServer, { requireRole, held }: Needs) {
  const onRequest = requireRole('administrator')

  http.get('/held', { onRequest, schema: { tags, summary: 'Văn bản đến đang giữ lại chờ quyết định, hoặc đã bị từ chối, kèm kết luận · Documents that wait for a decision, or were refused, with the verdicts, oldest first', querystring: HeldQuery, response: { 200: HeldPage } } }, async (request) => {
    const { items, next } = await held.list({ state: request.query.state ?? 'held', after: request.query.after ?? '0', limit: request.query.limit ?? 20 })
    return {
      next, items: items.map(({ attachments, createdAt, decidedAt, ...item }) => ({
        ...item, createdAt: createdAt.toISOString(), decidedAt: decidedAt?.toISOString() ?? null, attachments: attachments.map((file) => ({ ...file, pdf: file.pdf && shownPdf(file.pdf) })),
      })),
    }
  })

  http.get('/held/:id/attachments/:number', { onRequest, schema: { tags, summary: 'Một tệp của văn bản đang giữ lại · One of its files', params: AttachmentPath, produces: ['application/octet-stream'] } },
    async (request, reply) => sendFile(reply, await held.attachment(request.params.id, request.params.number)))

  http.post('/held/:id/release', { onRequest, schema: { tags, summary: 'Cho vào hộp đến của cơ quan nhận · Let it into the mailbox, with its mark', params: IdPath, response: { 200: Decision } } },
    async (request) => shown(await held.release(request.params.id, deciderOf(request))))

  http.post('/held/:id/refuse', { onRequest, schema: { tags, summary: 'Từ chối: trạng thái 02 kèm lý do gửi về bên gửi · Refuse it: status 02 goes back with the reason', params: IdPath, body: Refused, response: { 200: Decision } } },
    async (request) => shown(await held.refuse(request.params.id, request.body.reason, deciderOf(request))))
}

function deciderOf ({ caller }: FastifyRequest): Decider {
  return { name: caller.name, keyId: caller.keyId }
}

function shown ({ decidedAt, ...decided }: Awaited<ReturnType<Held['release']>>) {
  return { ...decided, decidedAt: decidedAt.toISOString() }
}
