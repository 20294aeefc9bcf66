/** A document as a system describes it in JSON, beside its files: the packet's own fields under their edXML names. */
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Attachment, DocumentHeader, DocumentPacket } from '../../edxml/packet.ts'
import { Refusal } from '../../errors.ts'
import { counted, firstFault } from '../../schema-fault.ts'
import { Sign } from './sign-request.ts'

const text = (maxLength: number, description?: string) => Type.String({ minLength: 1, maxLength, pattern: '\\S', ...(description && { description }) })
const day = (description: string) => Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$', description: `${description}, yyyy-MM-dd` })
const strict = { additionalProperties: false }

const OrganSchema = Type.Object({
  organId: Type.String({ pattern: '^\\S{1,35}$', description: 'Agency code' }), organizationInCharge: Type.Optional(text(500)), organName: Type.Optional(text(200)), organAdd: Type.Optional(text(500)),
  email: Type.Optional(text(100)), telephone: Type.Optional(text(20)), fax: Type.Optional(text(20)), website: Type.Optional(text(100)),
}, strict)

// Lengths: Decree 30/2020, appendix VI, and what other hubs check (axis.md 1.7).
export const Metadata = Type.Object({
  from: OrganSchema,
  to: Type.Array(OrganSchema, { minItems: 1, maxItems: 5000 }),
  documentId: Type.Optional(Type.String({ minLength: 1, maxLength: 255, pattern: '^\\S(.*\\S)?$', description: 'Default: agency code, date, number/notation' })),
  code: Type.Object({ codeNumber: text(11), codeNotation: text(30) }, strict),
  promulgationInfo: Type.Object({ place: Type.Optional(text(50)), promulgationDate: day('Date of issue') }, strict),
  documentType: Type.Object({ type: Type.Optional(Type.Integer()), typeDetail: Type.Optional(Type.Integer()), typeName: text(100, 'Such as "Công văn"') }, strict),
  subject: text(500),
  content: Type.Optional(text(500)),
  signerInfo: Type.Optional(Type.Object({ competence: Type.Optional(text(100)), position: Type.Optional(text(100)), fullName: Type.Optional(text(50)) }, strict)),
  dueDate: Type.Optional(day('To be answered by')),
  otherInfo: Type.Optional(Type.Object({
    priority: Type.Optional(Type.Integer({ minimum: 0, maximum: 4, description: '0 ordinary, 1 urgent, 2 very urgent, 3 express, 4 express at a set hour' })),
    sphereOfPromulgation: Type.Optional(text(100)), typerNotation: Type.Optional(text(10)),
    promulgationAmount: Type.Optional(Type.Integer({ minimum: 0 })), pageAmount: Type.Optional(Type.Integer({ minimum: 0 })),
    direction: Type.Optional(Type.Boolean()), appendixes: Type.Optional(Type.Array(text(500))),
  }, strict)),
  responseFor: Type.Optional(Type.Array(Type.Object({
    organId: Type.Optional(text(35)), code: Type.Optional(text(50)), documentId: Type.Optional(text(255)), promulgationDate: Type.Optional(day('Date of the document answered')),
  }, strict))),
  steeringType: Type.Optional(Type.Integer()),
  toPlaces: Type.Optional(Type.Array(text(1000))),
  sign: Type.Optional(Sign),
}, { ...strict, $id: 'DocumentMetadata', description: 'Part `metadata` of a multipart submission; each file is a part of its own, with a file name' })

const check = Compile(Metadata)

/** A file that came with the metadata. */
export type SubmittedFile = { name: string, mediaType: string, bytes: Buffer }

/** Reads the JSON text of the metadata, or refuses it, naming the field. */
export function parseMetadata (json: string): Static<typeof Metadata> {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    throw new Refusal('REQUEST_INVALID', { field: 'metadata', detail: 'not JSON' })
  }
  if (check.Check(value)) return value
  const { names, detail } = firstFault(check.Errors(value))
  throw new Refusal('REQUEST_INVALID', { field: counted(['metadata', ...names]).slice(0, 200), detail })
}

/** The document packet that metadata and files make. */
export function packetFrom (metadata: Static<typeof Metadata>, attachments: Attachment[]): DocumentPacket {
  const { documentId, otherInfo, responseFor, toPlaces, sign: _, ...fields } = metadata
  const header: DocumentHeader = {
    ...fields,
    // The convention of Decision 28/2018, art. 10.2b, as the SDK's samples write it.
    documentId: documentId ?? `${fields.from.organId},${fields.promulgationInfo.promulgationDate.replaceAll('-', '/')},${fields.code.codeNumber}/${fields.code.codeNotation}`,
    ...(otherInfo && { otherInfo: { appendixes: [], ...otherInfo } }),
    responseFor: responseFor ?? [],
    responseForTask: [],
    toPlaces: toPlaces ?? [],
    traceHeaders: [],
  }
  return { kind: 'document', header, attachments, warnings: [] }
}
