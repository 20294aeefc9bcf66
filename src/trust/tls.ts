/** TLS servers, believed by our own pinned roots alone: those of `tls/` in the trust folder, or the domains' where there is no such part. */
import { X509Certificate } from 'node:crypto'

import { judgePath, withHints } from './path/path.ts'
import { authoritiesIn, type TrustFolder, type TrustStore } from './store.ts'

/** What a way out over TLS rests on; the caller adds who we are. */
export type TlsTrust = { authorities: string[], judgeServer: (chain: readonly Buffer[]) => string | null }

/** Whom servers are believed from. `judgeServer` takes a chain in DER, the server's certificate first, and gives what stands against it, or null. */
export function tlsTrust ({ tls, domains }: Pick<TrustFolder, 'tls' | 'domains'>, now: () => Date): TlsTrust {
  const stores = tls === null ? domains : [tls]
  return {
    authorities: authoritiesIn(stores).map(String),
    judgeServer: (chain) => judgeTlsServer(chain, stores, now()),
  }
}

/** Judges the path of a server's certificate, with whatever certificates it sent along. Its host name is for TLS itself to compare. */
function judgeTlsServer (chain: readonly Buffer[], stores: readonly TrustStore[], at: Date): string | null {
  const [server, ...sent] = chain.map((der) => new X509Certificate(der))
  if (server === undefined) return 'the server showed no certificate'
  const verdicts = stores.map((store) => judgePath(server, withHints(store, sent), at, { use: 'tls-server' }))
  if (verdicts.some(({ result }) => result === 'valid')) return null
  const { reasons } = verdicts.reduce((best, next) => next.chain.length > best.chain.length ? next : best)
  return reasons.map(({ code, en, detail }) => `${code}: ${en}${detail === undefined ? '' : ` (${detail})`}`).join('; ')
}
