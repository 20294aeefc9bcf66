/** What an administrator sets for trust as a whole: the general policy, and how revocation is asked for. */
import Type, { type Static } from 'typebox'
import { Value } from 'typebox/value'
import type { Db, Tx } from '../database/database.ts'
import { TrustPolicy } from './policy.ts'

/** Hosts that certificates of the Cipher Committee name (trust.md 1.3). Those on private networks lead nowhere until `privateNetworks` is on. */
const REVOCATION_HOSTS = ['ca.gov.vn', 'pub.ca.gov.vn', 'ocsp.ca.gov.vn', 'ca.dcs.vn', 'ocsp.ca.dcs.vn', 'ca.btc', 'ocsp.ca.btc', 'ocsp.ca.ptc']

/** Names of a private network in certificates of the Ministry of Finance, and the public hosts that answer for the same CA (trust.md 1.3). */
const REWRITE = { 'ca.btc': 'ca.gov.vn', 'ocsp.ca.btc': 'ocsp.ca.gov.vn', 'ocsp.ca.ptc': 'ocsp.ca.gov.vn' }

const Host = Type.String({ pattern: '^[a-z0-9.-]+(:[0-9]{1,5})?$', maxLength: 260, description: 'A host as a URL has it, in small letters, with its port where that is not the usual one' })

/** What may follow `https://`: a host, perhaps a port, a path; no credentials. */
export const HOST_AND_PATH = '([A-Za-z0-9.-]+|\\[[0-9a-fA-F:.]+\\])(:[0-9]{1,5})?(/[\\x21-\\x7e]*)?'

/** The `trust` section of a set-up. */
export const TrustSettings = Type.Object({
  ...TrustPolicy.properties,
  revocationHosts: Type.Array(Host, { default: REVOCATION_HOSTS, description: 'The only hosts that CRLs and OCSP answers are fetched from, whatever a certificate names' }),
  rewrite: Type.Record(Host, Host, { additionalProperties: Type.Never(), default: REWRITE, description: 'Hosts in certificates that cannot be reached from here, and those to ask instead' }),
  privateNetworks: Type.Boolean({ default: false, description: 'Whether these hosts may be at private addresses' }),
  fetchMinutes: Type.Number({ default: 30, minimum: 1, maximum: 1440, description: 'Time between two questions for a CRL or an OCSP answer; sooner when the last one ends' }),
  timeStamping: Type.Optional(Type.Object({
    url: Type.String({ pattern: `^https?://${HOST_AND_PATH}$`, description: 'The time-stamping authority, asked over HTTP (RFC 3161)' }),
    policy: Type.Optional(Type.String({ pattern: '^[0-2](\\.[0-9]+)+$', description: 'OID of the policy that its tokens must be issued under' })),
    everySeconds: Type.Number({ default: 60, minimum: 0.05, maximum: 86400, description: 'Time between two tokens, each for everything that was sent or judged meanwhile' }),
    alarmMinutes: Type.Number({ default: 240, minimum: 0, maximum: 10080, description: 'How long the authority may be away before a person hears of it' }),
  }, { additionalProperties: false })),
}, { additionalProperties: false })

export type TrustSettings = Static<typeof TrustSettings>

/** What holds until an administrator says otherwise. */
export const DEFAULT_TRUST_SETTINGS: TrustSettings = Value.Default(TrustSettings, {}) as TrustSettings

/** The general policy among the settings, or what a connection makes of it. */
export function policyOf (settings: TrustSettings, own: Partial<TrustPolicy> = {}): TrustPolicy {
  const { missingRevocation, acceptHours, staleHours, sha1Revocation, sha1Before } = { ...settings, ...own }
  return { missingRevocation, acceptHours, staleHours, sha1Revocation, sha1Before }
}

/** What is set now; a setting that an earlier version did not know has its default. */
export async function readTrustSettings (db: Db): Promise<TrustSettings> {
  const { rows: [row] } = await db.query<{ settings: Partial<TrustSettings> }>('select settings from trust_setting')
  return { ...DEFAULT_TRUST_SETTINGS, ...row?.settings }
}

/** Once tx commits, these settings hold: for every gateway on this database within seconds. */
export async function saveTrustSettings (tx: Tx, settings: TrustSettings, at: Date): Promise<void> {
  await tx.query(
    `insert into trust_setting as s (settings, changed_at) values ($1, $2)
     on conflict (only_one) do update set settings = excluded.settings, changed_at = excluded.changed_at where s.settings <> excluded.settings`,
    [JSON.stringify(settings), at])
}
