/** What commands on the gateway's database trust: the same as the gateway. */
import { NO_LOG } from '../alarms/alarms.ts'
import type { Config } from '../config.ts'
import type { Database } from '../database/database.ts'
import { EXAMPLE_TRUST_DIR } from '../trust/example.ts'
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
