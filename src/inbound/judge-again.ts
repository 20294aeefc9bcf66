import { clearAlarm, type AlarmLog } from '../alarms/alarms.ts'
import { recordAudit } from '../audit/audit.ts'
import type { Tx } from '../database/database.ts'

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
  for (const { id } of rows) {
    await clearAlarm(tx, log, { at, kind: 'arrival.quarantined', subject: id })
    await recordAudit(tx, { at, actor, action: 'arrival.judged-again', subject: id, detail: {} })
  }
  return [...new Set(rows.map(({ connectionId }) => connectionId))]
}
