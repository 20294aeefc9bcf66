import type { Db } from '../database/database.ts'
import { acceptedRemedyFor, type AcceptedPacket, type AcceptedRemedy } from './accepted-remedy.ts'
import type { HandOverState } from './store.ts'
import { ARRIVAL_TOUCHED, DOCUMENT_TOUCHED } from './recheck-store.ts'

/** `promulgatedOn` is the day that the document bears. A status has no number, notation, subject or items. */
export type Accepted = Omit<AcceptedPacket, 'items'> & {
  id: string, acceptedAt: Date, sender: string, number: string | null, notation: string | null, subject: string | null, promulgatedOn: string | null
  items: { id: string, agency: string, state: HandOverState, status: string | null }[]
  remedy: AcceptedRemedy
}

const STAMPED_AT = (id: string) => `
  (select min(k.gen_time) from stamp_leaf l join stamp_token k on k.batch_id = l.batch_id where l.subject = ${id}::text and l.kind = 'verdict' and k.verdict ->> 'result' = 'valid') as "stampedAt"`

/**
 * Every arrival and every document of our systems that was accepted since then and rests on this certificate, be it the signer's or a CA's, with
 * what to do about each; oldest first. `revokedAt`: since when the certificate is revoked, if it is. Changes nothing.
 */
export async function listAccepted (db: Db, { fingerprint, since, revokedAt = null }: { fingerprint: string, since: Date, revokedAt?: Date | null }): Promise<Accepted[]> {
  const { rows } = await db.query<Omit<Accepted, 'remedy'>>(
    `select id, kind, state, fetched_at as "acceptedAt", sender_code as sender, number, notation, subject, promulgated_on::text as "promulgatedOn", ${STAMPED_AT('arrival.id')},
            coalesce((select jsonb_agg(jsonb_build_object('id', h.id, 'agency', h.agency_code, 'state', h.state, 'status', h.status) order by h.agency_code)
                        from hand_over h where h.arrival_id = arrival.id), '[]') as items
       from arrival where ${ARRIVAL_TOUCHED}
     union all
     select id, 'submitted', 'submitted', submitted_at, sender_code, number, notation, subject, promulgated_on::text, ${STAMPED_AT('document.id')}, '[]'
       from document where ${DOCUMENT_TOUCHED}
      order by "acceptedAt", id`,
    [fingerprint, since])
  return rows.map((row) => ({ ...row, remedy: acceptedRemedyFor(row, revokedAt) }))
}

/** Whether the gateway has ever met this certificate. */
export async function isMet (db: Db, fingerprint: string): Promise<boolean> {
  const { rows: [row] } = await db.query<{ isMet: boolean }>(
    `select exists (select from certificate where fingerprint = $1) or exists (select from certificate_seen where fingerprint = $1) as "isMet"`, [Buffer.from(fingerprint, 'hex')])
  return row!.isMet
}
