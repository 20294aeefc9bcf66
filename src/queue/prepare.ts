import type { Config } from '../config.ts'
import { startEmbedded } from '../database/embedded.ts'
import { migrate } from '../database/migrate.ts'
import { installQueues } from './install.ts'

/** A database that is ready to be worked with. `stop` ends the embedded server, and does nothing to an external one. */
export type PreparedDatabase = { gatewayUrl: string, stop: () => Promise<void> }

/** Once this returns, the database runs, its tables and queues are those of this version, and the gateway's role may use them. */
export async function prepareDatabase (settings: Config['database']): Promise<PreparedDatabase> {
  const { ownerUrl, gatewayUrl, stop } = settings.kind === 'embedded'
    ? await startEmbedded({ folder: settings.folder })
    : { ownerUrl: settings.ownerUrl, gatewayUrl: settings.url, stop: async () => {} }
  const { username, password } = new URL(gatewayUrl)
  const gatewayRole = decodeURIComponent(username)
  await migrate({ ownerUrl, gatewayRole, ...(password && { gatewayPassword: decodeURIComponent(password) }) })
  await installQueues({ ownerUrl, gatewayRole })
  return { gatewayUrl, stop }
}
