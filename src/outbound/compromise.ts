import { clearRevokedKey } from '../agencies/revoked-keys.ts'
import { retireKey } from '../agencies/signers.ts'
import { NO_LOG } from '../alarms/alarms.ts'
import { recordAudit } from '../audit/audit.ts'
import type { Database, Db, Tx } from '../database/database.ts'
import { Refusal } from '../errors.ts'
import { remedyFor, type Remedy, type SignedPacket } from './remedy.ts'
import { lockSigned, signAnew } from './signing-store.ts'

/** `since`: from when on the key was not in safe hands. `revokedAt`: since when its certificate is revoked, if it is. */
type Compromise = { database: Database, fingerprint: string, since: Date, revokedAt?: Date, now: Date, actor: string }

export type SignedDispatch = SignedPacket & {
  id: string, documentId: string | null, code: string, signedAt: Date
  recipients: { code: string, state: string, status: string | null }[]
  remedy: Remedy
}

/** `signedAgain` counts the packets that will leave with another signature, `filesSignedAgain` the PDFs. */
export type CompromiseReport = { fingerprint: string, agencies: string[], hasOtherKey: boolean, signedAgain: number, filesSignedAgain: number, dispatches: SignedDispatch[] }

/**
 * Once this returns, the key signs nothing any more, what it signed and has not left will be signed anew, and everything else it signed since
 * is listed with what to do about it. May be said again: what was under way has its outcome then.
 */
export async function handleCompromise ({ database, fingerprint, since, revokedAt, now, actor }: Compromise): Promise<CompromiseReport> {
  const { agencies, hasOtherKey } = await database.transaction(async (tx) => {
    const retired = await retireKey(tx, fingerprint, revokedAt ? 'revoked' : 'compromised', now)
    if (retired.agencies.length === 0) throw new Refusal('SETUP_INVALID', { detail: `the gateway has no key with the certificate ${fingerprint}` })
    await clearRevokedKey(tx, NO_LOG, fingerprint, now)
    await recordAudit(tx, { at: now, actor, action: 'key.retired', subject: fingerprint, detail: { since: since.toISOString(), revokedAt: revokedAt?.toISOString() ?? null } })
    return retired
  })
  // An attempt that began before the key was retired is recorded before this is had; one that begins later sees that it is
  await database.transaction(async (tx) => { await tx.query('lock table dispatch in share mode') })
  return database.transaction(async (tx) => {
    await lockSigned(tx, fingerprint) // documents before dispatches, as whoever sends them locks them
    const signed = await signedBy(tx, fingerprint, since)
    const dispatches = signed.map((dispatch) => ({ ...dispatch, remedy: remedyFor(dispatch, revokedAt ?? null) }))
    const again = dispatches.filter(({ remedy }) => remedy === 'sign-again').map(({ id }) => id)
    const signedAgain = await dropPackets(tx, again, fingerprint, now)
    return { fingerprint, agencies, hasOtherKey, signedAgain, filesSignedAgain: await signAnew(tx, { fingerprint }, now), dispatches }
  })
}

/** What the key signed since then, the packet or a PDF in it, and what it signed earlier that still waits: a recipient would judge it today. */
async function signedBy (db: Db, fingerprint: string, since: Date): Promise<Omit<SignedDispatch, 'remedy'>[]> {
  const { rows } = await db.query<Omit<SignedDispatch, 'remedy'>>(
    `select d.id, d.state, coalesce(case when d.signed_by = $1 then d.signed_at end, f.signed_at) as "signedAt", case when d.document_id is null then 'status' else 'document' end as kind, o.document_id as "documentId",
            coalesce(o.number || '/' || o.notation, t.code) as code,
            exists (select from attempt a where a.dispatch_id = d.id and (a.outcome is null or a.outcome = 'unknown')) as "mayHaveLeft",
            (select min(k.gen_time) from stamp_leaf l join stamp_token k on k.batch_id = l.batch_id
              where l.subject = d.id::text and l.kind = 'dispatch' and l.hash = d.packet and k.verdict ->> 'result' = 'valid') as "stampedAt",
            case when d.document_id is null then jsonb_build_array(jsonb_build_object('code', t.packet_fields #>> '{responseFor,organId}', 'state', d.state, 'status', null))
                 else (select jsonb_agg(jsonb_build_object('code', r.recipient_code, 'state', r.state, 'status', r.status) order by r.recipient_code) from delivery r where r.dispatch_id = d.id) end as recipients
       from dispatch d left join document o on o.id = d.document_id left join status t on t.id = d.status_id
            left join lateral (select max(signed_at) as signed_at from pdf_signing where document_id = d.document_id and signed_by = $1) f on true
      where (d.signed_by = $1 and (d.signed_at >= $2 or d.state <> 'sent')) or f.signed_at >= $2 or (f.signed_at is not null and d.state <> 'sent')
      order by "signedAt", d.sequence`,
    [Buffer.from(fingerprint, 'hex'), since])
  return rows
}

/** Takes packets that have not left away, so that they are made anew. Those that began to leave meanwhile stay. Gives how many it took. */
async function dropPackets (tx: Tx, ids: readonly string[], fingerprint: string, now: Date): Promise<number> {
  const { rowCount } = await tx.query(
    `with dropped as (
       update dispatch set packet = null, signed_by = null, signed_at = null, updated_at = $3
        where id = any($1) and state in ('waiting', 'refused', 'parked') and signed_by = $2 returning id
     ), history as (
       insert into delivery_event (delivery_id, at, kind, detail)
       select r.id, $3, 'unsigned', jsonb_build_object('certificate', encode($2, 'hex')) from delivery r join dropped on dropped.id = r.dispatch_id
     )
     select from dropped`,
    [ids, Buffer.from(fingerprint, 'hex'), now])
  return rowCount ?? 0
}
