/** Certificates over HTTP, for administrators: who speaks for whom, changes in bulk, and the calendar of expiries. */
import multipart from '@fastify/multipart'
import type { FastifyRequest } from 'fastify'
import type { RequireRole } from '../access/http.ts'
import { findAgencyNames, listChanges, listLinks, type Change } from '../agencies/change-store.ts'
import type { Expiry } from '../agencies/expiry.ts'
import { momentIn } from '../agencies/mapping.ts'
import { MOST, type UploadedFile } from '../agencies/upload.ts'
import type { Database } from '../database/database.ts'
import { Refusal } from '../errors.ts'
import type { HttpServer } from '../http/server.ts'
import { detailsOf } from '../trust/verdict.ts'
import { countsOf, type Actor, type CertificateChanges, type NewChange } from './certificate-changes.ts'
import { ChangePath, ChangeSchema, ChangesQuery, ChangesSchema, ExpiriesSchema, LinksQuery, LinksSchema } from './schemas.ts'

type Needs = {
  database: Database, requireRole: RequireRole, changes: CertificateChanges,
  expiries: () => Promise<Expiry[]>,
  /** Arrivals of this connection are to be judged again. */
  onJudgeAgain: (connectionId: string) => void,
}

const tags = ['certificates']
/** Parts of one upload; what is more comes as a zip. */
const MOST_PARTS = 200
const FIELDS = ['mapping', 'note', 'overlapUntil']

export async function addCertificates (http: HttpServer, { database, requireRole, changes, expiries, onJudgeAgain }: Needs) {
  await http.register(multipart, { limits: { fileSize: MOST.bytes, files: MOST_PARTS, parts: MOST_PARTS + FIELDS.length, fields: FIELDS.length, fieldSize: 1024 * 1024 } })
  const onRequest = requireRole('administrator')

  http.post('/certificates/changes', {
    onRequest,
    validatorCompiler: () => () => true, // the parts are checked where they are read
    schema: {
      tags,
      summary: 'Tải lên chứng thư số mới hàng loạt và xem khác biệt; chưa thay đổi gì · Upload new certificates in bulk and see the differences; nothing is changed yet',
      body: { content: { 'multipart/form-data': { schema: {
        type: 'object',
        properties: {
          file: { type: 'array', items: { type: 'string', format: 'binary' }, description: 'PEM, DER, P7B, or a ZIP of those' },
          mapping: { type: 'string', description: 'CSV or JSON: certificate (file name or SHA-256), agency, replaces, from, until. Without it owners are proposed' },
          overlapUntil: { type: 'string', description: 'When the certificates that are replaced end; by themselves, if absent' },
          note: { type: 'string', maxLength: 500 },
        },
      } } } },
      response: { 201: ChangeSchema },
    },
  }, async (request, reply) => {
    if (!request.isMultipart()) throw new Refusal('MEDIA_TYPE_UNSUPPORTED')
    const change = await changes.propose(await readParts(request), actorOf(request))
    return reply.code(201).send(shown(change))
  })

  http.get('/certificates/changes', { onRequest, schema: { tags, summary: 'Các đợt thay đổi · Changes, the newest first', querystring: ChangesQuery, response: { 200: ChangesSchema } } },
    async (request) => ({ items: (await listChanges(database, request.query.limit ?? 50)).map(shown) }))

  http.get('/certificates/changes/:id', { onRequest, schema: { tags, summary: 'Một đợt thay đổi, với mọi khác biệt · One change, with every difference', params: ChangePath, response: { 200: ChangeSchema } } },
    async (request) => shown(await changes.read(request.params.id)))

  http.post('/certificates/changes/:id/approve', { onRequest, schema: { tags, summary: 'Duyệt và thực hiện · Approve it, and carry it out', params: ChangePath, response: { 200: ChangeSchema } } }, async (request) => {
    const { change, connectionIds } = await changes.approve(request.params.id, actorOf(request))
    for (const connectionId of connectionIds) onJudgeAgain(connectionId)
    return shown(change)
  })

  http.post('/certificates/changes/:id/rollback', { onRequest, schema: { tags, summary: 'Hoàn tác đúng đợt thay đổi này · Take back exactly this change', params: ChangePath, response: { 200: ChangeSchema } } }, async (request) => {
    const { change, connectionIds } = await changes.rollBack(request.params.id, actorOf(request))
    for (const connectionId of connectionIds) onJudgeAgain(connectionId)
    return shown(change)
  })

  http.get('/certificates', { onRequest, schema: { tags, summary: 'Chứng thư số nào thay mặt cơ quan nào · Which certificate speaks for which agency', querystring: LinksQuery, response: { 200: LinksSchema } } }, async (request) => {
    const { agency: code, history = false } = request.query
    const agency = code === undefined ? null : (await findAgencyNames(database, [code])).get(code)
    if (agency === undefined) return { items: [] }
    const links = await listLinks(database, { agencyId: agency?.id ?? null, history })
    return { items: links.map(({ fingerprint: _, certificate, ...link }) => asJson({ ...link, certificate: detailsOf(certificate) })) }
  })

  http.get('/certificates/expiries', { onRequest, schema: { tags, summary: 'Lịch hết hạn của mọi chứng thư số · When every certificate expires, the next first', response: { 200: ExpiriesSchema } } },
    async () => ({ items: await expiries() }))
}

async function readParts (request: FastifyRequest): Promise<NewChange> {
  const files: UploadedFile[] = []
  const fields = new Map<string, string>()
  let room = MOST.bytes
  try {
    for await (const part of request.parts()) {
      if (part.type === 'file') {
        const bytes = await part.toBuffer()
        room -= bytes.length
        if (room < 0) throw new Refusal('REQUEST_TOO_LARGE')
        files.push({ name: part.filename ?? '', bytes })
      }
      else if (!FIELDS.includes(part.fieldname)) throw new Refusal('REQUEST_INVALID', { field: part.fieldname.slice(0, 100), detail: 'unknown part' })
      else fields.set(part.fieldname, typeof part.value === 'string' ? part.value : JSON.stringify(part.value)) // a part of type application/json comes parsed
    }
  } catch (error) {
    if (error instanceof Refusal || String((error as { code?: unknown }).code).startsWith('FST_')) throw error
    throw new Refusal('REQUEST_INVALID', { detail: 'the multipart body cannot be read' }, { cause: error })
  }
  const [mapping, note, until] = FIELDS.map((field) => fields.get(field)?.trim() || undefined)
  if (note !== undefined && (note.length > 500 || note.includes('\0'))) throw new Refusal('REQUEST_INVALID', { field: 'note', detail: 'at most 500 characters, and none of them NUL' })
  const overlapUntil = until === undefined ? undefined : momentIn(until)
  if (overlapUntil && Number.isNaN(overlapUntil.getTime())) throw new Refusal('REQUEST_INVALID', { field: 'overlapUntil', detail: 'a date, as 2026-12-31' })
  return { files, ...(mapping !== undefined && { mapping }), ...(note !== undefined && { note }), ...(overlapUntil && { overlapUntil }) }
}

function actorOf ({ caller }: FastifyRequest): Actor {
  return { name: caller.name, key: caller.keyId }
}

/** A change as it is answered: with its numbers, and dates as they are written in JSON. */
function shown (change: Change) {
  const expiring = change.entries.filter(({ expiry }) => expiry !== null).length
  return asJson({ ...change, counts: { ...countsOf(change.entries), expiring, unreadable: change.unreadable.length } })
}

type Json<Value> = Value extends Date ? string : Value extends (infer Item)[] ? Json<Item>[] : Value extends object ? { [Key in keyof Value]: Json<Value[Key]> } : Value
function asJson<Value> (value: Value): Json<Value> {
  return JSON.parse(JSON.stringify(value)) as Json<Value>
}
