/** Where an answer may be asked for, and when again. A URL stands in a certificate, so it is a stranger's: it leads only where an administrator lets it. */
import type { TrustSettings } from '../settings.ts'

/** Where to ask, or why nobody is asked. */
export type Target = { kind: 'allowed', url: URL } | { kind: 'forbidden', reason: string }

/** The address that a certificate's URL stands for here: http(s), without credentials, rewritten, and on a host of the list. */
export function targetOf (text: string, { revocationHosts, rewrite }: Pick<TrustSettings, 'revocationHosts' | 'rewrite'>): Target {
  const url = URL.parse(text)
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) return { kind: 'forbidden', reason: 'not an http address' }
  if (url.username !== '' || url.password !== '') return { kind: 'forbidden', reason: 'the address has credentials in it' }
  url.hash = ''
  const instead = ownEntry(rewrite, url.host) ?? ownEntry(rewrite, url.hostname)
  if (instead !== undefined) {
    url.port = '' // a host without a port would keep the old one
    url.host = instead
  }
  if (revocationHosts.includes(url.host)) return { kind: 'allowed', url }
  return { kind: 'forbidden', reason: `${url.host} is not in trust.revocationHosts` }
}

/** The first pause after a failure; each further one is twice as long, up to the usual interval. */
const FIRST_PAUSE_MS = 60_000

/** When to ask again: after the usual interval, or when the answer ends; sooner, and later and later, after `failures` in a row. */
export function nextTry ({ now, failures, nextUpdate, fetchMinutes }: { now: Date, failures: number, nextUpdate: Date | null, fetchMinutes: number }): Date {
  const interval = fetchMinutes * 60_000
  const pause = failures > 0
    ? Math.min(FIRST_PAUSE_MS * 2 ** Math.min(failures - 1, 20), interval)
    : Math.min(interval, Math.max(nextUpdate ? nextUpdate.getTime() - now.getTime() : interval, FIRST_PAUSE_MS))
  return new Date(now.getTime() + pause)
}

/** What an object has by itself: `constructor` is no host that somebody rewrote. */
function ownEntry (table: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined
}
