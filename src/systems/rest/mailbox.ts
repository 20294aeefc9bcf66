/** The mailbox over HTTP: what waits for a system, its files, and the statuses that go back. */
import { systemOf, type RequireRole } from '../../access/http.ts'
import type { Database, Tx } from '../../database/database.ts'
import { sendFile } from '../../http/file.ts'
import type { HttpServer } from '../../http/server.ts'
import { hashRequest, keepAnswer, once } from './idempotency.ts'
import { shownPdf } from './pdf.ts'
import { Acknowledged, AttachmentPath, IdempotencyHeader, IdPath, MailboxItemSchema, MailboxPage, MailboxQuery, Reported, StatusReport } from './schemas.ts'
import type { Mailbox } from '../../inbound/mailbox.ts'
import type { Report } from '../../lifecycle/report.ts'

type Needs = {
  database: Database, requireRole: RequireRole, mailbox: Mailbox, now: () => Date,
  report: (tx: Tx, report: Report) => Promise<{ id: string, code: string, reportedAt: Date }>,
  onReported: (connectionId: string) => void,
}

const tags = ['mailbox']
/** A row id is a 64-bit number; a page starts after this one. */
const START = '0'

export function addMailbox (http: HttpServer, { database, requireRole, mailbox, now, report, onReported }: Needs) {
  const onRequest = requireRole('system')

  http.get('/mailbox', { onRequest, schema: { tags, summary: 'Văn bản đang chờ hệ thống của bạn · What waits for your system, oldest first', querystring: MailboxQuery, response: { 200: MailboxPage } } }, async (request) => {
    const { state = 'waiting', after = START, limit = 100 } = request.query
    const items = await mailbox.list(systemOf(request), { state, after, limit })
    return { items: items.map(asJson), next: items.length === limit ? items.at(-1)!.sequence : null }
  })

  http.get('/mailbox/:id', { onRequest, schema: { tags, summary: 'Một văn bản đến: các trường, tệp, kết quả kiểm tra chữ ký · One item, with fields, files and verdicts', params: IdPath, response: { 200: MailboxItemSchema } } },
    async (request) => {
      const item = await mailbox.read(systemOf(request), request.params.id)
      return asJson({ ...item, attachments: item.attachments.map(({ pdf, ...attachment }) => ({ ...attachment, pdf: pdf && shownPdf(pdf) })) })
    })

  http.get('/mailbox/:id/packet', { onRequest, schema: { tags, summary: 'Gói tin nguyên bản · The packet as it came, byte for byte', params: IdPath, produces: ['application/xml'] } },
    async (request, reply) => sendFile(reply, await mailbox.packet(systemOf(request), request.params.id)))

  http.get('/mailbox/:id/attachments/:number', { onRequest, schema: { tags, summary: 'Một tệp đính kèm · One attachment, unwrapped', params: AttachmentPath, produces: ['application/octet-stream'] } },
    async (request, reply) => sendFile(reply, await mailbox.attachment(systemOf(request), request.params.id, request.params.number)))

  http.post('/mailbox/:id/ack', { onRequest, schema: { tags, summary: 'Xác nhận đã lấy; trạng thái 01 tự gửi về · Say that your system has taken it over; status 01 goes back by itself', params: IdPath, response: { 200: Acknowledged } } }, async (request) => {
    const { acknowledgedAt } = await mailbox.acknowledge(systemOf(request), request.params.id)
    return { id: request.params.id, acknowledgedAt: acknowledgedAt.toISOString() }
  })

  http.post('/mailbox/:id/statuses', {
    onRequest,
    schema: { tags, summary: 'Báo kết quả xử lý cho bên gửi · Tell the sender what was done with it', params: IdPath, headers: IdempotencyHeader, body: StatusReport, response: { 202: Reported } },
  }, async (request, reply) => {
    const caller = systemOf(request)
    const { id } = request.params
    const { connectionId } = await mailbox.reportable(caller, id)
    const key = request.headers['idempotency-key']
    const keyed = key === undefined ? null : { systemId: caller.systemId, key, hash: hashRequest('status', id, JSON.stringify(request.body)) }
    const { answer, isReplay } = await once(database, keyed, () => database.transaction(async (tx) => {
      const reported = await report(tx, { ...request.body, handOverId: id, reportedBy: caller, automatic: false })
      const answer = { ...reported, reportedAt: reported.reportedAt.toISOString() }
      if (keyed) await keepAnswer(tx, keyed, answer, now())
      return answer
    }))
    if (!isReplay) request.log.info({ handOverId: id, statusId: answer.id }, `lifecycle.report: status ${answer.code} goes back`)
    onReported(connectionId)
    return reply.code(202).header('idempotent-replayed', String(isReplay)).send(answer)
  })
}

/** Dates as they are written in JSON, so that the answer fits its schema. */
type Json<Value> = Value extends Date ? string : Value extends (infer Item)[] ? Json<Item>[] : Value extends object ? { [Key in keyof Value]: Json<Value[Key]> } : Value
function asJson<Value> (value: Value): Json<Value> {
  return JSON.parse(JSON.stringify(value)) as Json<Value>
}
