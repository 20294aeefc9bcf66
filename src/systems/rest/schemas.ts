/** What the REST API says of documents and mailboxes: one source for checks, types and the API's description. */
import Type from 'typebox'

const Text = (maxLength: number, description: string) => Type.String({ minLength: 1, maxLength, description })
const Time = (description: string) => Type.String({ format: 'date-time', description })
const Id = Type.String({ format: 'uuid' })

export const IdPath = Type.Object({ id: Id })
export const AttachmentPath = Type.Object({ id: Id, number: Type.Integer({ minimum: 1, maximum: 10_000 }) })
export const MailboxQuery = Type.Object({
  state: Type.Optional(Type.Union([Type.Literal('waiting'), Type.Literal('all')], { default: 'waiting', description: '`all`: also what was acknowledged' })),
  after: Type.Optional(Type.String({ pattern: '^\\d{1,18}$', description: 'Cursor: `next` of the page before; the first page has none' })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 100 })),
})
export const IdempotencyHeader = Type.Object({
  'idempotency-key': Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: 'The same key with the same request gets the same answer, however often it is sent' })),
}, { additionalProperties: true })

export const ReasonSchema = Type.Object({ code: Type.String(), vi: Type.String(), en: Type.String(), clause: Type.String({ description: 'The clause or standard it follows' }), detail: Type.Optional(Type.String()) })
const Certificate = Type.Object({
  subject: Type.String(), issuer: Type.String(), serial: Type.String(), fingerprint: Type.String({ description: 'SHA-256' }), notBefore: Type.String(), notAfter: Type.String(),
})
export const VerdictSchema = Type.Object({
  result: Type.Union([Type.Literal('valid'), Type.Literal('invalid'), Type.Literal('indeterminate')], { description: 'EN 319 102-1' }),
  reasons: Type.Array(ReasonSchema),
  signer: Type.Optional(Certificate),
  domain: Type.Optional(Type.String({ description: 'The trust domain whose root the chain ends at' })),
  chain: Type.Array(Certificate),
  proofTime: Type.Object({ at: Type.String({ description: 'The time it was judged for' }), from: Type.String({ description: 'token, receipt or claim: who vouches for that time' }), by: Type.Optional(Type.String({ description: 'The authority whose token it is' })), claim: Type.Optional(Type.String()) }),
  revocation: Type.Array(Type.Object({
    certificate: Type.String({ description: 'SHA-256' }), status: Type.String({ description: 'good, revoked or missing' }), from: Type.Optional(Type.String()),
    evidence: Type.Optional(Type.String({ description: 'SHA-256 of the CRL or OCSP response' })), thisUpdate: Type.Optional(Type.String()), nextUpdate: Type.Optional(Type.String()), revokedAt: Type.Optional(Type.String()), reason: Type.Optional(Type.String()),
  })),
  policy: Type.Record(Type.String(), Type.Unknown()),
  checked: Type.Array(Type.String()),
})

export const StandingSchema = Type.Union([Type.Literal('valid'), Type.Literal('unsigned'), Type.Literal('undecided'), Type.Literal('invalid')], {
  description: 'valid: every signature holds. unsigned: there is none. undecided: an answer on revocation is missing. invalid: anything else, also a file that cannot be read',
})

export const PdfSchema = Type.Object({
  standing: StandingSchema,
  result: VerdictSchema.properties.result,
  reasons: Type.Array(ReasonSchema),
  signatures: Type.Array(Type.Object({
    ...VerdictSchema.properties,
    shown: Type.Array(Type.Object({ name: Type.String(), vi: Type.String(), en: Type.String(), value: Type.Object({ vi: Type.String(), en: Type.String() }) }), { description: 'What TT 15/2025/TT-BKHCN, art. 6, wants shown of a signature, in both languages' }),
    field: Type.String({ description: 'The form field it stands in' }), kind: Type.String({ description: 'signature, certification or document-time-stamp' }), subFilter: Type.String(),
    level: Type.String({ description: 'EN 319 142-1: B-B, B-T, B-LT, B-LTA; other: no PAdES' }),
    revision: Type.Integer({ description: 'Of the file, from 1' }), coversWholeFile: Type.Boolean(),
    appearance: Type.Optional(Type.Object({ page: Type.Integer(), rect: Type.Array(Type.Number()) })),
    claims: Type.Record(Type.String(), Type.Unknown(), { description: 'What its dictionary says of itself; nobody vouches for it' }),
    later: Type.Array(Type.Object({ revision: Type.Integer(), kind: Type.String(), permitted: Type.Boolean(), detail: Type.Optional(Type.String()) }), { description: 'What was added to the file after it' }),
    speaksForSender: Type.Optional(Type.Boolean({ description: 'Whether the registry knows the certificate as the sending agency\'s; a person\'s own mostly is not' })),
  })),
})

export const Accepted = Type.Object({
  id: Type.String({ description: 'The gateway\'s id of the document' }),
  documentId: Type.String({ description: 'edXML DocumentId' }),
  url: Type.String({ description: 'Where to ask how it is doing' }),
})

const Nullable = (schema: Type.TSchema) => Type.Union([schema, Type.Null()])
const Signing = Type.Object({
  as: Type.String({ description: 'document, annex or copy' }),
  state: Type.String({ description: 'waiting: for the signature; signed: on its way to its level; finished: as it leaves' }),
  wanted: Type.String({ description: 'The level that is wanted: B-B, B-T, B-LT' }), level: Nullable(Type.String({ description: 'The level it has' })),
  reason: Nullable(Type.String({ description: 'Why it waits, or went below the level that was wanted' })), signedAt: Nullable(Time('When the agency signed it')),
  size: Nullable(Type.Integer({ description: 'Of the file that leaves' })), sha256: Nullable(Type.String()),
  pdf: Type.Union([PdfSchema, Type.Null()], { description: 'The verdict on the file that leaves' }),
})

export const DocumentSchema = Type.Object({
  id: Id, documentId: Type.String(), sender: Type.String(), bussinessDocType: Type.Integer(), number: Type.String(), notation: Type.String(),
  promulgatedOn: Type.Union([Type.String(), Type.Null()]), subject: Type.String(), submittedAt: Time('When it was durably stored'),
  signature: VerdictSchema,
  attachments: Type.Array(Type.Object({
    number: Type.Integer(), name: Type.String(), mediaType: Type.String(), size: Type.Integer({ description: 'As it was submitted' }), sha256: Type.String(),
    pdf: Type.Union([PdfSchema, Type.Null()], { description: 'The verdict on the signatures in it, as it was submitted; null: it is no PDF' }),
    signing: Type.Union([Signing, Type.Null()], { description: 'The agency\'s signature, where it was asked for' }),
  })),
  deliveries: Type.Array(Type.Object({
    recipient: Type.String({ description: 'Agency code' }),
    state: Type.String({ description: 'waiting, unknown, sent, refused or parked: how the sending stands' }),
    status: Type.Union([Type.String(), Type.Null()], { description: 'The furthest status the recipient reported: 01 … 06' }),
    updatedAt: Time('Last change'),
    history: Type.Array(Type.Object({ at: Time('When'), kind: Type.String(), detail: Type.Record(Type.String(), Type.Unknown()) })),
  })),
})

const entry = {
  id: Id, agencyCode: Type.String({ description: 'The agency of yours that it is addressed to' }),
  state: Type.String({ description: 'waiting or acknowledged' }), status: Type.Union([Type.String(), Type.Null()], { description: 'The last status that went back' }),
  createdAt: Time('When it was put into the mailbox'), acknowledgedAt: Type.Union([Time('When the system took it over'), Type.Null()]),
  senderCode: Type.String(), documentId: Type.String(), bussinessDocType: Type.Integer({ description: '0 new, 1 recall, 2 update, 3 replacement' }),
  number: Type.String(), notation: Type.String(), promulgatedOn: Type.Union([Type.String(), Type.Null()]), subject: Type.String(),
  follows: Type.Union([Id, Type.Null()], { description: 'The agency\'s first item under the same DocumentId (or sender, date, number and notation), which this one updates, recalls or replaces' }),
  pdf: Type.Union([StandingSchema, Type.Null()], { description: 'How the worst of its PDFs stands: anything but valid is a mark; null: it has none' }),
  releasedAt: Type.Union([Time('When a person let it pass'), Type.Null()], { description: 'Set if it had been held for its PDFs' }),
}
export const MailboxPage = Type.Object({
  items: Type.Array(Type.Object(entry)),
  next: Type.Union([Type.String(), Type.Null()], { description: 'Cursor of the next page; null when this is the last: then start again from the beginning' }),
})
export const MailboxItemSchema = Type.Object({
  ...entry,
  header: Type.Record(Type.String(), Type.Unknown(), { description: 'Every field of the packet' }),
  attachments: Type.Array(Type.Object({
    number: Type.Integer(), name: Type.String({ description: 'Safe as a file name' }), originalName: Type.String(), mediaType: Type.String(),
    description: Type.Union([Type.String(), Type.Null()]), size: Type.Integer(), sha256: Type.String(),
    pdf: Type.Union([PdfSchema, Type.Null()], { description: 'The verdict on the signatures in it, as it was received; null: it is no PDF' }),
  })),
  warnings: Type.Array(Type.Record(Type.String(), Type.Unknown())),
  signature: VerdictSchema,
  seal: Type.Union([VerdictSchema, Type.Null()]),
  recheck: Type.Union([
    Type.Object({ state: Type.String({ description: 'waiting, good, revoked or unanswered' }), checkedAt: Type.Union([Time('When it was last looked at'), Type.Null()]) }), Type.Null(),
  ], { description: 'Set if it passed although it was not known whether its signers were revoked, or one of them turned out later to be revoked by then: what has come of it since' }),
})
export const Acknowledged = Type.Object({ id: Id, acknowledgedAt: Time('When it was first acknowledged') })

export const StatusReport = Type.Object({
  code: Type.Union([Type.Literal('02'), Type.Literal('03'), Type.Literal('04'), Type.Literal('05'), Type.Literal('06')]),
  description: Type.Optional(Text(500, 'In words; required with 02')),
  staff: Type.Optional(Type.Object({
    department: Type.Optional(Text(200, 'Unit')), staff: Type.Optional(Text(100, 'Person')), mobile: Type.Optional(Text(20, 'Telephone')), email: Type.Optional(Text(100, 'E-mail')),
  })),
})
export const Reported = Type.Object({ id: Id, code: Type.String(), reportedAt: Time('When it was durably stored') })
