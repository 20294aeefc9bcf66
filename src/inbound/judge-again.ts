import { certificatesOf, lockLinks } from '../agencies/certificates.ts'
import { clearAlarm, type AlarmLog } from '../alarms/alarms.ts'
import { recordAudit } from '../audit/audit.ts'
import type { Database, Tx } from '../database/database.ts'

/** A certificate (SHA-256, lower-case hex) that has just been approved for an agency. */
export type ApprovedSigner = { fingerprint: string, agencyId: string }

/**
 * Once tx commits, every arrival that these agencies sent and that is in quarantine since its signer was not registered for them will be judged
 * again, as if it had just been fetched. Gives the connections it came over.
 */
export async function judgeAgain (tx: Tx, log: AlarmLog, { signers, at, actor }: { signers: readonly ApprovedSigner[], at: Date, actor: string }): Promise<string[]> {
  const { rows } = await tx.query<{ id: string, connectionId: string }>(
    `update arrival a set state = 'stored', next_at = $3, lease_until = null, attempts = 0, reason = null
       from unnest($1::text[], $2::bigint[]) as s(fingerprint, agency_id) join agency_code c on c.agency_id = s.agency_id
      where a.state = 'quarantined' and a.sender_code = c.code
        and a.reason->'reasons'->0->>'code' in ('SIGNER_UNKNOWN', 'SIGNER_NOT_AGENCY')
        and (case a.reason->>'code' when 'SEAL' then a.seal else a.signature end)->'signer'->>'fingerprint' = s.fingerprint
     returning a.id, a.connection_id as "connectionId"`,
    [signers.map(({ fingerprint }) => fingerprint), signers.map(({ agencyId }) => agencyId), at])
  for (const { id } of rows) await tellReopened(tx, log, { id, at, actor })
  return [...new Set(rows.map(({ connectionId }) => connectionId))]
}

/**
 * An approval that commits while an arrival is being judged does not find it in quarantine yet: so the arrival looks for the approval, after it
 * is in quarantine. The lock lets one of the two see the other. Once for each arrival: `attempts` says that it was.
 */
export async function lookForApproval (database: Database, log: AlarmLog, { id, sender, fingerprint, receivedAt, at }: { id: string, sender: string, fingerprint: string, receivedAt: Date, at: Date }): Promise<void> {
  await database.transaction(async (tx) => {
    await lockLinks(tx)
    if ((await certificatesOf(tx, sender, receivedAt)).get(fingerprint) !== true) return
    const { rowCount } = await tx.query(`update arrival set state = 'stored', next_at = $2, lease_until = null, attempts = 1, reason = null where id = $1 and state = 'quarantined'`, [id, at])
    if (rowCount === 1) await tellReopened(tx, log, { id, at, actor: 'inbound.verify' })
  })
}

async function tellReopened (tx: Tx, log: AlarmLog, { id, at, actor }: { id: string, at: Date, actor: string }): Promise<void> {
  await clearAlarm(tx, log, { at, kind: 'arrival.quarantined', subject: id })
  await recordAudit(tx, { at, actor, action: 'arrival.judged-again', subject: id, detail: {} })
}
