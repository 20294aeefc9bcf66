import { X509Certificate } from 'node:crypto'
import type { Db } from '../database/database.ts'
import type { Log } from '../http/log.ts'
import { judgeCertificate, type Trust } from '../trust/judge.ts'
import type { KeyWorth } from './key-choice.ts'
import { tellRevokedKey } from './revoked-keys.ts'

/** Without news, a certificate is judged again this often: it may expire, or be revoked from a day on. */
const AGAIN_MS = 5 * 60_000

type Needs = { database: Db, trust: Trust, now: () => Date, log: Log }

/** What the certificates of the gateway's keys are worth, for every document: mostly a look into memory. Nobody is asked for an answer. */
export function createKeyWorth ({ database, trust, now, log }: Needs) {
  const certificates = new Map<string, X509Certificate>()
  const judged = new Map<string, { worth: KeyWorth, until: number }>()

  return {
    /** By fingerprint (hex). */
    async worthOf (fingerprints: readonly string[]): Promise<Map<string, KeyWorth>> {
      const at = now()
      const due = fingerprints.filter((one) => (judged.get(one)?.until ?? 0) <= at.getTime())
      await read(due.filter((one) => !certificates.has(one)))
      for (const fingerprint of due) {
        const certificate = certificates.get(fingerprint)
        if (!certificate) continue
        const { worth, since } = judge(certificate, trust, at)
        if (since) await tellRevokedKey(database, log, { fingerprint, since }, at) // also of a key that is set up after its revocation was news
        judged.set(fingerprint, { worth, until: at.getTime() + AGAIN_MS })
      }
      return new Map(fingerprints.map((one) => [one, judged.get(one)?.worth ?? 'good']))
    },

    /** News of revocation have come: the next look judges again. */
    forget (): void {
      judged.clear()
    },
  }

  async function read (fingerprints: readonly string[]): Promise<void> {
    if (fingerprints.length === 0) return
    const { rows } = await database.query<{ fingerprint: string, der: Buffer }>(
      `select encode(fingerprint, 'hex') as fingerprint, der from certificate where fingerprint = any(select decode(one, 'hex') from unnest($1::text[]) as one)`, [fingerprints])
    for (const { fingerprint, der } of rows) certificates.set(fingerprint, new X509Certificate(der))
  }
}

/** A CA does not tell for ever of what has expired: the last word on it is that of its last day. */
function judge (certificate: X509Certificate, { domains, timeStamping, revocation, policy }: Trust, now: Date): { worth: KeyWorth, since?: Date } {
  const isExpired = certificate.validToDate < now
  // What is missing is no fault of the key, whatever the policy says of documents
  const trust: Trust = { domains, timeStamping, revocation, policy: { ...policy, missingRevocation: 'wait' } }
  const judged = judgeCertificate(certificate, [], trust, isExpired ? certificate.validToDate : now)
  const revoked = judged.revocation.filter(({ status }) => status === 'revoked').map(({ revokedAt }) => new Date(revokedAt ?? now)).toSorted((one, other) => one.getTime() - other.getTime())
  if (revoked[0]) return { worth: 'revoked', since: revoked[0] }
  return { worth: isExpired || judged.result === 'invalid' ? 'invalid' : 'good' }
}
