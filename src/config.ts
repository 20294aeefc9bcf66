/** The settings: everything the gateway takes from its environment, read once, at the start. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import envSchema from 'env-schema'
import Type, { type Static } from 'typebox'

const MODES = ['production', 'demo', 'test'] as const
const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
const POSTGRES_URL = '^postgres(ql)?://.+'

/** The one source of names, defaults, checks and meanings. */
const Environment = Type.Object({
  LIENTHONG_MODE: Type.Enum(MODES, { default: 'production', description: 'How it is run: production, demo or test. Example keys are accepted in demo and test only.' }),
  HOST: Type.String({ default: '127.0.0.1', description: 'Address to listen on; `0.0.0.0` for every network.' }),
  PORT: Type.Integer({ default: 8080, minimum: 0, maximum: 65535, description: 'Port to listen on; 0 takes a free one.' }),
  DATABASE_URL: Type.Optional(Type.String({ pattern: POSTGRES_URL, description: 'PostgreSQL, as the role that the gateway runs with. Needs DATABASE_OWNER_URL; without both, the embedded PostgreSQL is started.' })),
  DATABASE_OWNER_URL: Type.Optional(Type.String({ pattern: POSTGRES_URL, description: 'The same database, as the role that owns the tables and migrates them.' })),
  DATABASE_CONNECTIONS: Type.Integer({ default: 16, minimum: 4, maximum: 500, description: 'The most connections to PostgreSQL at one time.' }),
  DATA_DIR: Type.String({ default: './data', description: 'Folder of the embedded PostgreSQL.' }),
  MASTER_KEY: Type.Optional(Type.String({ description: 'Base64 of 32 random bytes (`openssl rand -base64 32`); encrypts the secrets kept in the database. Required in production, here or as a file.' })),
  MASTER_KEY_FILE: Type.Optional(Type.String({ description: 'A file that holds the master key, instead of MASTER_KEY.' })),
  TRUST_DIR: Type.Optional(Type.String({ description: 'Folder with `anchors/` and `intermediates/`, and more (docs/tin-cay.md): the certificates that trust starts from. Required in production; elsewhere the example PKI.' })),
  MAX_PACKET_MB: Type.Integer({ default: 100, minimum: 1, maximum: 2000, description: 'The largest packet, in MiB, that is taken from a system or fetched from an axis.' }),
  SHUTDOWN_SECONDS: Type.Integer({ default: 8, minimum: 1, maximum: 600, description: 'How long work in progress may take to end after a signal to stop. Docker kills after 10.' }),
  LOG_LEVEL: Type.Enum(LOG_LEVELS, { default: 'info', description: 'Least severe line that is logged: fatal, error, warn, info, debug, trace or silent.' }),
})

/** Variables by name, as the process has them. */
export type Environment = Readonly<Record<string, string | undefined>>

/** The variables of this process. Nothing else reads them. */
export const environment: Environment = process.env

/** Who may do what: example keys and an open API page need `demo` or `test`. */
export type Mode = typeof MODES[number]

/** What the gateway is told from outside, checked. */
export type Config = {
  mode: Mode
  host: string
  port: number
  database:
    | { kind: 'external', url: string, ownerUrl: string }
    | { kind: 'embedded', folder: string }
  databaseConnections: number
  masterKey: Buffer
  /** Folder with anchors/ and intermediates/; null means the example PKI, and is never so in production. */
  trustDir: string | null
  maxPacketBytes: number
  shutdownMs: number
  logLevel: typeof LOG_LEVELS[number]
}

/** Every setting with its default and meaning, for the README and for who asks the program. */
export const SETTINGS: readonly { name: string, default: string | null, meaning: string }[] =
  Object.entries(Environment.properties).map(([name, schema]) => {
    const { default: value, description = '' } = schema as { default?: string | number, description?: string }
    return { name, default: value === undefined ? null : String(value), meaning: description }
  })

/** Thrown at whoever starts the program; the message lists every fault, and no value, since values may be secrets. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly faults: readonly string[]

  constructor (faults: readonly string[]) {
    super(['The settings are not valid:', ...faults].join('\n  '))
    this.faults = faults
  }
}

/** Reads and checks the settings. Throws a ConfigError that names all that is wrong, not only the first. */
export function loadConfig (env: Environment = environment): Config {
  const faults: string[] = []
  const given = Object.fromEntries(Object.entries(env).filter(([name, value]) => Object.hasOwn(Environment.properties, name) && value !== '')) // compose files pass what is not set as ''
  const settings = check(given, faults)
  const production = (given['LIENTHONG_MODE'] ?? 'production') === 'production'

  if ((given['DATABASE_URL'] === undefined) !== (given['DATABASE_OWNER_URL'] === undefined)) faults.push('DATABASE_URL and DATABASE_OWNER_URL must be given together')
  if (production && given['TRUST_DIR'] === undefined) faults.push('TRUST_DIR is required in production')
  const masterKey = readMasterKey(given, production, faults)

  if (settings === null || masterKey === null || faults.length > 0) throw new ConfigError(faults)
  const { DATABASE_URL: url, DATABASE_OWNER_URL: ownerUrl } = settings
  return {
    mode: settings.LIENTHONG_MODE,
    host: settings.HOST,
    port: settings.PORT,
    database: url !== undefined && ownerUrl !== undefined ? { kind: 'external', url, ownerUrl } : { kind: 'embedded', folder: settings.DATA_DIR },
    databaseConnections: settings.DATABASE_CONNECTIONS,
    masterKey,
    trustDir: settings.TRUST_DIR ?? null,
    maxPacketBytes: settings.MAX_PACKET_MB * 1024 * 1024,
    shutdownMs: settings.SHUTDOWN_SECONDS * 1000,
    logLevel: settings.LOG_LEVEL,
  }
}

type SchemaFault = { instancePath: string, keyword: string, message?: string, params: Record<string, unknown> }

function check (given: Environment, faults: string[]): Static<typeof Environment> | null {
  try {
    return envSchema<Static<typeof Environment>>({ schema: structuredClone(Environment), data: { ...given }, env: false })
  } catch (error) {
    const { errors } = error as { errors?: SchemaFault[] }
    if (errors === undefined) throw error
    faults.push(...errors.map(({ instancePath, keyword, message, params }) => {
      const name = instancePath.slice(1)
      if (keyword === 'enum') return `${name} must be one of ${(params['allowedValues'] as string[]).join(', ')}`
      if (keyword === 'pattern') return `${name} must be a PostgreSQL address (postgres://…)`
      return `${name} ${message}`
    }))
    return null
  }
}

/** The same in every demo, so that a demo started again reads what the one before it sealed. Protects nothing. */
const EXAMPLE_MASTER_KEY = createHash('sha256').update('lienthong: example master key').digest()

function readMasterKey (given: Environment, production: boolean, faults: string[]): Buffer | null {
  const { MASTER_KEY: text, MASTER_KEY_FILE: file } = given
  if (text !== undefined && file !== undefined) {
    faults.push('MASTER_KEY and MASTER_KEY_FILE must not both be given')
    return null
  }
  if (text !== undefined) return decodeMasterKey('MASTER_KEY', text, faults)
  if (file !== undefined) {
    try {
      return decodeMasterKey('MASTER_KEY_FILE', readFileSync(file, 'utf8'), faults)
    } catch (error) {
      faults.push(`MASTER_KEY_FILE cannot be read (${(error as NodeJS.ErrnoException).code})`)
      return null
    }
  }
  if (!production) return EXAMPLE_MASTER_KEY
  faults.push('MASTER_KEY (or MASTER_KEY_FILE) is required in production')
  return null
}

function decodeMasterKey (name: string, text: string, faults: string[]): Buffer | null {
  const key = Buffer.from(text.trim(), 'base64')
  // decoding is lenient, so the text is compared with what its bytes encode to
  if (key.length === 32 && key.toString('base64') === text.trim()) return key
  faults.push(`${name} must be the base64 of 32 bytes`)
  return null
}
