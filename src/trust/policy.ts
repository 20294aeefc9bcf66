/** What the gateway makes of evidence that is missing, late or old: in general, and for one connection. */
import Type, { type Static, type TSchema } from 'typebox'

/** Every part may be set for the whole gateway, and otherwise for a connection. */
export const TrustPolicy = Type.Object({
  missingRevocation: Type.Union([Type.Literal('wait'), Type.Literal('accept'), Type.Literal('refuse')], {
    default: 'wait', description: 'When no CRL or OCSP answer counts: indeterminate and asked again; accepted with a warning and checked later; refused',
  }),
  acceptHours: Type.Number({ default: 24, minimum: 0, maximum: 720, description: 'With `accept`: how long after its receipt a document passes without an answer' }),
  staleHours: Type.Number({ default: 0, minimum: 0, maximum: 720, description: 'How long after its nextUpdate a CRL or OCSP answer still counts, with a remark' }),
  sha1Revocation: Type.Boolean({ default: true, description: 'Whether CRLs and OCSP answers signed with SHA-1 count when they come from the pinned CAs of the first generation (G1)' }),
  sha1Before: Type.Union([Type.String({ format: 'date' }), Type.Null()], { default: null, description: 'A document signed with SHA-1 passes as historical if a time-stamp or our receipt proves it is older than this date' }),
}, { additionalProperties: false })

export type TrustPolicy = Static<typeof TrustPolicy>

/** What one connection sets for itself; the rest is as in general. No defaults: they would stand above what is set in general. */
export const OwnTrustPolicy = Type.Unsafe<Partial<TrustPolicy>>(Type.Object(
  Object.fromEntries(Object.entries<TSchema & { default?: unknown }>(TrustPolicy.properties).map(([name, { default: _, ...property }]) => [name, Type.Optional(property)])),
  { additionalProperties: false, default: {}, description: 'What differs from the set-up\'s `trust`: any of its first five entries' },
))

/** What holds until an administrator says otherwise. */
export const DEFAULT_TRUST_POLICY: TrustPolicy = { missingRevocation: 'wait', acceptHours: 24, staleHours: 0, sha1Revocation: true, sha1Before: null }
