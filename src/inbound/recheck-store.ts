/** Rows of what is looked at again. */
import type { Db, Tx } from '../database/database.ts'
import type { Verdicts } from './arrival.ts'

export type RecheckState = 'waiting' | 'good' | 'revoked' | 'unanswered'

export async function insertRecheck (tx: Tx, { arrivalId, missing, acceptedUntil, nextAt }: { arrivalId: string, missing: readonly string[], acceptedUntil: Date, nextAt: Date }): Promise<void> {
  await tx.query(
    `insert into arrival_recheck (arrival_id, state, missing, accepted_until, next_at) values ($1, 'waiting', $2, $3, least($4::timestamptz, $3)) on conflict do nothing`,
    [arrivalId, missing, acceptedUntil, nextAt])
}

export type DueRecheck = { id: string, state: RecheckState, acceptedUntil: Date, connectionId: string, packet: Buffer, fetchedAt: Date }

/** Takes the one that is most overdue, for `leaseSeconds`. */
export async function claimRecheck (db: Db, now: Date, leaseSeconds: number): Promise<DueRecheck | null> {
  const { rows: [row] } = await db.query<DueRecheck>(
    `update arrival_recheck r set next_at = $1::timestamptz + make_interval(secs => $2)
       from (select arrival_id from arrival_recheck where state in ('waiting', 'unanswered') and next_at <= $1 order by next_at limit 1 for update skip locked) due
       join arrival a on a.id = due.arrival_id
      where r.arrival_id = due.arrival_id
     returning r.arrival_id as id, r.state, r.accepted_until as "acceptedUntil", a.connection_id as "connectionId", a.packet, a.fetched_at as "fetchedAt"`, [now, leaseSeconds])
  return row ?? null
}

export async function nextRecheck (db: Db): Promise<Date | null> {
  const { rows: [row] } = await db.query<{ at: Date | null }>(`select min(next_at) as at from arrival_recheck where state in ('waiting', 'unanswered')`)
  return row?.at ?? null
}

export async function finishRecheck (tx: Tx, id: string, { state, at, nextAt, verdicts }: { state: RecheckState, at: Date, nextAt: Date, verdicts: Verdicts | null }): Promise<void> {
  await tx.query(
    `update arrival_recheck set state = $2, checked_at = $3, next_at = case when $2 = 'waiting' then least($4::timestamptz, accepted_until) else $4 end, verdicts = coalesce($5, verdicts)
      where arrival_id = $1 and state in ('waiting', 'unanswered')`,
    [id, state, at, nextAt, verdicts && JSON.stringify(verdicts)])
}

/** Whom answers are about: these certificates (fingerprints), and whoever CAs of these names have issued. */
type About = { issuers: readonly string[], certificates: readonly string[] }

const SPOKEN_OF = `(select coalesce(array_agg(encode(fingerprint, 'hex')), '{}') from certificate_seen
                     where issuer_name = any($1) or fingerprint = any(select decode(one, 'hex') from unnest($2::text[]) as one))`

/** What passed without one of these answers is due now. */
export async function bringRechecksForward (db: Db, { issuers, certificates }: About, now: Date): Promise<void> {
  await db.query(
    `update arrival_recheck set next_at = $3 where state in ('waiting', 'unanswered') and next_at > $3 and missing && ${SPOKEN_OF}`, [issuers, certificates, now])
}

/** Arrivals that wait to be judged for want of one of these answers are due now. Gives their connections. */
export async function bringArrivalsForward (db: Db, { issuers, certificates }: About, now: Date): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `with forward as (
       update arrival set next_at = $3 where state = 'stored' and next_at > $3 and reason->'missing' ?| ${SPOKEN_OF} returning connection_id
     ) select distinct connection_id as id from forward`, [issuers, certificates, now])
  return rows.map(({ id }) => id)
}

/** One that waits to be judged is due now. */
export async function bringForward (db: Db, id: string, now: Date): Promise<void> {
  await db.query(`update arrival set next_at = $2 where id = $1 and state = 'stored'`, [id, now])
}

/** Its chain has the certificate, and somebody with that chain's key has signed: anybody can copy a certificate. */
const RESTS_ON = (verdict: string) => `(jsonb_path_query_array(${verdict}, '$.chain[*].fingerprint') ? $1 and ${verdict} ? 'signer')`

/** The same of the signatures inside a PDF. */
const PDF_RESTS_ON = `jsonb_path_query_array(pdf, '$.signatures[*] ? (exists (@.signer)).chain[*].fingerprint') ? $1 and pdf is not null`

/** Arrivals that rest on the certificate $1 and were accepted since $2. */
export const ARRIVAL_TOUCHED = `state in ('handed-on', 'duplicate', 'applied', 'unmatched') and fetched_at >= $2 and id in (
  select id from arrival where ${RESTS_ON('signature')} or ${RESTS_ON('seal')}
  union all select arrival_id from arrival_attachment where ${PDF_RESTS_ON})`
/** Documents of our systems that do. */
export const DOCUMENT_TOUCHED = `submitted_at >= $2 and ${RESTS_ON('signature')}`

/** How many packets that rest on this certificate were accepted since then. */
export async function countTouched (db: Db, fingerprint: string, since: Date): Promise<{ arrivals: number, documents: number }> {
  const { rows: [row] } = await db.query<{ arrivals: number, documents: number }>(
    `select (select count(*)::int from arrival where ${ARRIVAL_TOUCHED}) as arrivals, (select count(*)::int from document where ${DOCUMENT_TOUCHED}) as documents`, [fingerprint, since])
  return row!
}

/**
 * Once tx commits, every arrival that rests on this revoked certificate and was accepted since then shows it. The verdict of then stays. One that
 * is still looked at is due now: it is judged with the revocation.
 */
export async function markTouched (tx: Tx, fingerprint: string, since: Date, at: Date): Promise<void> {
  await tx.query(
    `insert into arrival_recheck as r (arrival_id, state, missing, accepted_until, next_at, checked_at)
     select id, 'revoked', '{}', $3::timestamptz, $3, $3 from arrival where ${ARRIVAL_TOUCHED} order by id
     on conflict (arrival_id) do update set state = case r.state when 'good' then 'revoked' else r.state end, next_at = excluded.next_at,
                                            checked_at = case r.state when 'good' then excluded.checked_at else r.checked_at end
      where r.state <> 'revoked'`, [fingerprint, since, at])
}
