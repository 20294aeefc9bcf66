/** What commands trust: on the gateway's database, the same as the gateway; on files, what their options name. */
import { NO_LOG } from '../alarms/alarms.ts'
import { environment, loadConfig, type Config } from '../config.ts'
import type { Database } from '../database/database.ts'
import { readTrust, type GivenTrust, type TrustFolders } from '../evidence/trust.ts'
import { EXAMPLE_TRUST_DIR, refuseExample } from '../trust/example.ts'
import type { Trust } from '../trust/judge.ts'
import { readKnownRevocation } from '../trust/revocation/load.ts'
import { policyOf, readTrustSettings } from '../trust/settings.ts'
import { loadTrust, type TrustFolder } from '../trust/store.ts'

/** The trust folder that is set, or that of the example PKI. */
export function loadTrustOf ({ trustDir }: Config): TrustFolder {
  return loadTrust(trustDir ?? EXAMPLE_TRUST_DIR)
}

/** The folder's certificates, every answer on revocation that is kept, and the general policy. */
export async function readTrustOf (database: Database, { domains, timeStamping, crls }: TrustFolder): Promise<Trust> {
  return { domains, timeStamping, revocation: await readKnownRevocation(database, crls, NO_LOG), policy: policyOf(await readTrustSettings(database)) }
}

type Named = Partial<Pick<TrustFolders, 'anchors' | 'intermediates' | 'crls' | 'policy'>> & { 'time-stamping'?: string | undefined }

/** What the options of a command on files name, beside or instead of the trust folder. Throws a Refusal for a file at fault, and a ConfigError where no folder is set that must be. */
export async function readTrustNamed ({ anchors, intermediates, crls, 'time-stamping': timeStamping, policy }: Named): Promise<GivenTrust & { config: Config }> {
  // Such a command opens no secret and no database, so only what concerns trust and size has to be set
  const { LIENTHONG_MODE, TRUST_DIR, MAX_PACKET_MB } = environment
  const config = loadConfig({ LIENTHONG_MODE, MAX_PACKET_MB, TRUST_DIR: anchors ?? TRUST_DIR, MASTER_KEY: Buffer.alloc(32).toString('base64') })
  const given = await readTrust({ folder: config.trustDir ?? EXAMPLE_TRUST_DIR, anchors, intermediates, crls, timeStamping, policy })
  if (config.mode === 'production' && anchors === undefined) refuseExample({ stores: given.trust.domains, signers: [] })
  return { ...given, config }
}

/** What to do about a ConfigError of such a command. */
export const HOW_TO_TRUST = '(or name the roots: --anchors DIR; the example PKI: LIENTHONG_MODE=demo)'
