/** The set-up of a gateway as one JSON text: agencies, connections, systems, certificates, signers, persons. */
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { Value } from 'typebox/value'
import { ConnectionPolicy } from '../axis/connections.ts'
import { Refusal } from '../errors.ts'
import { TrustSettings } from '../trust/settings.ts'

const strict = { additionalProperties: false }
const Name = Type.String({ minLength: 1, maxLength: 500 })
const Slug = Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,62}$', description: 'Small letters, digits and hyphens' })
const Code = Type.String({ minLength: 1, maxLength: 35, description: 'Agency code' })
const Pem = Type.String({ pattern: '-----BEGIN' })

export const Setup = Type.Object({
  agencies: Type.Array(Type.Object({ codes: Type.Array(Code, { minItems: 1 }), name: Name, mail: Type.Optional(Type.String()) }, strict), { default: [] }),
  connections: Type.Array(Type.Object({
    id: Slug, protocol: Type.Literal('vxp'), baseUrl: Type.String({ pattern: '^https?://' }), systemId: Type.String({ minLength: 1 }), secret: Type.String({ minLength: 1 }),
    policy: Type.Object(ConnectionPolicy.properties, { ...strict, default: {} }),
  }, strict), { default: [] }),
  systems: Type.Array(Type.Object({
    id: Slug, name: Name, agencies: Type.Array(Code, { minItems: 1 }),
    policy: Type.Object({ packetSignature: Type.Union([Type.Literal('required'), Type.Literal('wanted'), Type.Literal('ignored')], { default: 'wanted' }) }, { ...strict, default: {} }),
  }, strict), { default: [] }),
  certificates: Type.Array(Type.Object({ agency: Code, pem: Pem }, strict), { default: [], description: 'Which certificate speaks for which agency' }),
  signers: Type.Array(Type.Object({ agency: Code, keyPem: Pem, certificatePem: Pem }, strict), { default: [], description: 'Keys the gateway signs with' }),
  persons: Type.Array(Type.Object({ id: Slug, name: Name }, strict), { default: [] }),
  trust: Type.Optional(TrustSettings),
}, strict)

export type Setup = Static<typeof Setup>

const check = Compile(Setup)

/** Reads a set-up, with every default filled in, or refuses it, naming the first field that is wrong. */
export function parseSetup (json: string): Setup {
  let value: unknown
  try {
    value = Value.Default(Setup, JSON.parse(json))
  } catch (error) {
    throw new Refusal('SETUP_INVALID', { detail: 'not JSON' }, { cause: error })
  }
  if (check.Check(value)) return value
  const { keyword, instancePath, params, message } = check.Errors(value)[0] as SchemaFault
  const field = [...instancePath.split('/').slice(1), ...params.requiredProperties?.slice(0, 1) ?? []].join('.')
  throw new Refusal('SETUP_INVALID', { field, detail: keyword === 'boolean' ? 'there is no such field' : message })
}

type SchemaFault = { keyword: string, instancePath: string, params: { requiredProperties?: string[] }, message: string }
