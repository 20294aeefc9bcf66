/** Which files of a submission the agency signs: in the metadata, or, beside a packet, in the query. */
import Type from 'typebox'
import { Compile } from 'typebox/compile'
import { Refusal } from '../../errors.ts'
import type { SignRequest } from '../../outbound/sign-request.ts'
import { counted, firstFault } from '../../schema-fault.ts'

const strict = { additionalProperties: false }
/** A page of ISO A0 is 3,371 points high; 14,400 is the most that viewers show (ISO 32000-2, annex C). */
const Points = (description: string) => Type.Number({ minimum: 0, maximum: 14_400, description })

const SignedFile = Type.Object({
  file: Type.Union([Type.Integer({ minimum: 1 }), Type.String({ minLength: 1, maxLength: 500 })], { description: 'Its number among the files, from 1, or its name' }),
  as: Type.Union([Type.Literal('document'), Type.Literal('annex'), Type.Literal('copy')], {
    description: 'document: the agency\'s seal over the leader\'s signature; annex, copy: text at the top right of page one (Decree 30/2020/NĐ-CP, appendix I)',
  }),
  form: Type.Optional(Type.Union([Type.Literal('SAO Y'), Type.Literal('SAO LỤC'), Type.Literal('TRÍCH SAO')], { description: 'Of a copy, and only of one' })),
  at: Type.Optional(Type.Object({
    page: Type.Integer({ minimum: 1, maximum: 100_000 }), left: Points('From the page\'s left edge, points'), bottom: Points('From its bottom edge, points'),
  }, { ...strict, description: 'The lower left corner, instead of the prescribed place' })),
  level: Type.Optional(Type.Union([Type.Literal('B-B'), Type.Literal('B-T'), Type.Literal('B-LT')], {
    description: 'PAdES: signed, with a time-stamp, with revocation data. Default B-T where a time-stamping authority is set up, otherwise B-B',
  })),
}, strict)

/** The PDFs that are to carry the agency's signature. */
export const Sign = Type.Array(SignedFile, { minItems: 1, maxItems: 100, description: 'PDFs that the gateway signs with the agency\'s key before they leave' })

/** The same, beside a packet. */
export const SignQuery = Type.Object({ sign: Type.Optional(Type.String({ description: 'Of a packet alone: the same JSON list as `sign` in the metadata, percent-encoded' })) })

const check = Compile(Sign)

/** Reads the query of a packet. */
export function parseSign (query: unknown): SignRequest[] {
  const { sign } = query as { sign?: unknown }
  if (sign === undefined) return []
  let value: unknown
  try {
    value = JSON.parse(String(sign))
  } catch {
    throw new Refusal('REQUEST_INVALID', { field: 'query.sign', detail: 'not JSON' })
  }
  if (check.Check(value)) return value
  const { names, detail } = firstFault(check.Errors(value))
  throw new Refusal('REQUEST_INVALID', { field: counted(['query.sign', ...names]).slice(0, 200), detail })
}
