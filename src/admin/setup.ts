/** The set-up of a gateway as one JSON text: agencies, connections, systems, certificates, signers, persons. */
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { Value } from 'typebox/value'
import { ConnectionPolicy } from '../axis/connections.ts'
import { Refusal } from '../errors.ts'
import { firstFault } from '../schema-fault.ts'
import { PdfPolicy } from '../pdf/policy.ts'
import { HOST_AND_PATH, TrustSettings } from '../trust/settings.ts'

const strict = { additionalProperties: false }
const Name = Type.String({ minLength: 1, maxLength: 500 })
const Slug = Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,62}$', description: 'Small letters, digits and hyphens' })
const Code = Type.String({ minLength: 1, maxLength: 35, description: 'Agency code' })
const Pem = Type.String({ pattern: '-----BEGIN' })

const Label = Type.String({ minLength: 1, maxLength: 255 })
/** What may stand in a header of HTTP. */
const Secret = Type.String({ pattern: '^[\\x21-\\x7e]+$' })

/** One key: how it is reached, the agency it signs for, and the moment it takes over. */
export const SignerSetup = Type.Object({
  agency: Code,
  from: Type.Optional(Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}(T[0-9:.]+(Z|[+-]\\d{2}:\\d{2}))?$', description: 'When it takes over from the agency\'s earlier key; a day begins at midnight in Vietnam. Absent: at once; a key that has begun keeps its date' })),
  padding: Type.Union([Type.Literal('pkcs1'), Type.Literal('pss')], { default: 'pkcs1', description: 'How RSA keys sign: PKCS#1 v1.5, or PSS (TT 15/2025, appendix I)' }),
  certificatePem: Type.Optional(Pem),
  keyPem: Type.Optional(Type.String({ pattern: '-----BEGIN', description: 'An unencrypted key: for examples, refused in production' })),
  pkcs12Base64: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9+/\\s]+=*\\s*$', description: 'A PKCS#12 file, which brings its certificate along' })),
  password: Type.Optional(Type.String({ description: 'Of the PKCS#12 file' })),
  pkcs11: Type.Optional(Type.Object({
    module: Type.String({ pattern: '^/', description: 'File of the PKCS#11 module' }),
    token: Type.Union([Type.Object({ label: Label }, strict), Type.Object({ slot: Type.Integer({ minimum: 0 }) }, strict)]),
    key: Type.Union([Type.Object({ label: Label }, strict), Type.Object({ id: Type.String({ pattern: '^([0-9a-fA-F]{2})+$', description: 'Hex' }) }, strict)]),
    pin: Type.String({ minLength: 1, maxLength: 255 }),
  }, strict)),
  remote: Type.Optional(Type.Object({
    url: Type.String({ pattern: `^(https://|http://(?=(127\\.0\\.0\\.1|localhost|\\[::1\\])[:/]))${HOST_AND_PATH}$`, description: 'HTTPS, or HTTP on this machine; what is sent there: src/trust/signers/remote.ts' }),
    secret: Secret,
  }, strict)),
}, strict)

/** Without a default: an agency that a set-up names without it keeps what it has. */
const AgencyPdfPolicy = Type.Object(PdfPolicy.properties, { ...strict, description: 'What the signatures inside PDF files mean for this agency, where it differs from its connection; {}: nowhere. Absent: as before' })

const Seal = Type.Object({
  pngBase64: Type.String({ minLength: 1, maxLength: 1_000_000, pattern: '^[A-Za-z0-9+/\\s]+=*\\s*$', description: 'A PNG with an alpha channel and a transparent ground' }),
  widthMm: Type.Number({ minimum: 10, maximum: 60, description: 'Its real width, millimetres' }),
}, { ...strict, description: 'The image of the agency\'s seal, which its signature on a document shows (Decree 30/2020/NĐ-CP, appendix I). Absent: as before' })

export const Setup = Type.Object({
  agencies: Type.Array(Type.Object({ codes: Type.Array(Code, { minItems: 1 }), name: Name, mail: Type.Optional(Type.String()), pdf: Type.Optional(AgencyPdfPolicy), seal: Type.Optional(Seal) }, strict), { default: [] }),
  connections: Type.Array(Type.Object({
    id: Slug, protocol: Type.Literal('vxp'), baseUrl: Type.String({ pattern: '^https?://' }), systemId: Type.String({ minLength: 1 }), secret: Type.String({ minLength: 1 }),
    clientCertificate: Type.Optional(Type.Object({ certificatePem: Pem, keyPem: Pem }, { ...strict, description: 'What is shown to an axis that asks for a certificate over https: it first, CAs after it' })),
    policy: Type.Object(ConnectionPolicy.properties, { ...strict, default: {} }),
  }, strict), { default: [] }),
  systems: Type.Array(Type.Object({
    id: Slug, name: Name, agencies: Type.Array(Code, { minItems: 1 }),
    policy: Type.Object({
      packetSignature: Type.Union([Type.Literal('required'), Type.Literal('wanted'), Type.Literal('ignored')], { default: 'wanted' }),
      levelMinutes: Type.Number({ default: 10, minimum: 0, maximum: 1440, description: 'How long a document waits, once its PDFs are signed, for their time-stamps and revocation data; then it goes with what they have' }),
    }, { ...strict, default: {} }),
  }, strict), { default: [] }),
  certificates: Type.Array(Type.Object({ agency: Code, pem: Pem }, strict), { default: [], description: 'Which certificate speaks for which agency' }),
  signers: Type.Array(SignerSetup, { default: [], description: 'Keys the gateway signs with: each is one of keyPem, pkcs12Base64, pkcs11, remote' }),
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
  const { names, detail } = firstFault(check.Errors(value))
  throw new Refusal('SETUP_INVALID', { field: names.join('.'), detail })
}
