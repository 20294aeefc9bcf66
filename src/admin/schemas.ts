/** What the administrator's API says of certificates: one source for checks, types and the API's description. */
import Type from 'typebox'

const Id = Type.String({ format: 'uuid' })
const Time = (description: string) => Type.String({ format: 'date-time', description })
const Nullable = (schema: Type.TSchema) => Type.Union([schema, Type.Null()])

export const ChangePath = Type.Object({ id: Id })
export const ChangesQuery = Type.Object({ limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 50 })) })
export const LinksQuery = Type.Object({
  agency: Type.Optional(Type.String({ minLength: 1, maxLength: 35, pattern: '^[^\\u0000]*$', description: 'Agency code' })),
  history: Type.Optional(Type.Boolean({ default: false, description: 'Every word ever said, oldest first, instead of what holds now' })),
})

const Certificate = Type.Object({
  subject: Type.String(), issuer: Type.String(), serial: Type.String(), fingerprint: Type.String({ description: 'SHA-256' }), notBefore: Type.String(), notAfter: Type.String(),
})
const Agency = Type.Object({ code: Type.String(), name: Type.String() })
const Reason = Type.Object({ code: Type.String(), vi: Type.String(), en: Type.String(), clause: Type.String(), detail: Type.Optional(Type.String()) })

const Entry = Type.Object({
  outcome: Type.String({ description: 'added, replaced, ended: what approval does; unchanged, unknown-issuer, not-trusted, needs-agency, ca: what it leaves alone' }),
  certificate: Certificate,
  file: Nullable(Type.String({ description: 'Where it was found; null for one that was registered before' })),
  agency: Nullable(Agency),
  foundBy: Nullable(Type.String({ description: 'mapping; or proposed by: same name, same key, same mail; registered' })),
  replaces: Type.Array(Type.Object({ certificate: Certificate, until: Type.String({ description: 'Until then the old certificate still speaks' }) })),
  expiry: Nullable(Type.String({ description: 'expired, or expiring within 60 days' })),
  reasons: Type.Array(Reason),
})

const summary = {
  id: Id, state: Type.String({ description: 'proposed, approved or rolled-back' }), note: Nullable(Type.String()),
  counts: Type.Record(Type.String(), Type.Integer(), { description: 'Entries by outcome; expiring and unreadable beside them' }),
  proposedAt: Time('When it was uploaded'), proposedBy: Type.String(),
  approvedAt: Nullable(Time('When it was approved')), approvedBy: Nullable(Type.String()),
  rolledBackAt: Nullable(Time('When it was taken back')), rolledBackBy: Nullable(Type.String()),
}
export const ChangesSchema = Type.Object({ items: Type.Array(Type.Object(summary)) })
export const ChangeSchema = Type.Object({
  ...summary,
  entries: Type.Array(Entry),
  unreadable: Type.Array(Type.Object({ file: Type.String(), code: Type.String(), vi: Type.String(), en: Type.String(), detail: Type.Optional(Type.String()) })),
})

export const LinksSchema = Type.Object({
  items: Type.Array(Type.Object({
    agency: Agency, certificate: Certificate,
    validFrom: Nullable(Time('Since when it speaks for the agency; null: as long as the certificate itself')),
    validTo: Nullable(Time('Until when; null: as long as the certificate itself; equal to validFrom: never, it was taken back')),
    source: Type.String({ description: 'setup, upload or rollback' }), changeId: Nullable(Id), approvedBy: Type.String(), approvedAt: Time('When'),
  })),
})

export const ExpiriesSchema = Type.Object({
  items: Type.Array(Type.Object({
    use: Type.String({ description: 'own, partner, anchor, intermediate, time-stamping or tls' }), whose: Type.String({ description: 'Agency code, or label of the trust domain' }),
    certificate: Certificate, daysLeft: Type.Integer({ description: 'Negative: since when it has expired' }),
    warning: Nullable(Type.Integer({ description: '60, 30, 7 or 1: the alarm that is due' })),
  })),
})
