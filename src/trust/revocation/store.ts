/** Revocation's rows: certificates seen, answers, and the sources they are asked of. */
import type { X509Certificate } from 'node:crypto'
import { storeBlobs } from '../../blobs/blobs.ts'
import type { Db, Tx } from '../../database/database.ts'
import { contentOf } from '../asn1/certificate.ts'
import { fingerprintOf } from '../verdict.ts'
import type { Validators } from './fetch.ts'
import type { RevocationPoints } from './points.ts'

export type SourceKind = 'crl' | 'ocsp'

/** A CRL or OCSP answer whose signature held. */
export type NewAnswer = {
  kind: SourceKind, bytes: Buffer, issuer: string, certificate: string | null, scope: string, number: bigint | null,
  thisUpdate: Date, nextUpdate: Date | null, source: string, at: Date
}

/** How an answer stands to those that were there before it. */
export type Standing = { isNew: boolean, isNewest: boolean }

/** Once tx commits, the answer is kept for good. One that is older than another is kept too, and never comes before it. */
export async function insertAnswer (tx: Tx, answer: NewAnswer): Promise<Standing> {
  const { kind, issuer, certificate, scope, number, thisUpdate, nextUpdate, source, at } = answer
  const [blob] = await storeBlobs(tx, [answer.bytes])
  // Sequences in the order of commits: who has read up to one has missed none before it.
  await tx.query(`select pg_advisory_xact_lock(hashtext('revocation_answer'))`)
  const { rows: [standing] } = await tx.query<Standing>(
    `with added as (
       insert into revocation_answer (kind, answer, issuer_name, certificate, scope, number, this_update, next_update, source, fetched_at)
       values ($1, $2, $3, decode($4, 'hex'), $5, $6, $7, $8, $9, $10) on conflict do nothing returning sequence
     )
     select exists (select from added) as "isNew",
            not exists (select from revocation_answer where kind = $1 and issuer_name = $3 and certificate is not distinct from decode($4, 'hex') and scope = $5
                           and (this_update > $7 or number > $6)) as "isNewest"`,
    [kind, blob!.sha256, issuer, certificate, scope, number?.toString() ?? null, thisUpdate, nextUpdate, source, at])
  return standing!
}

/** An answer without its bytes. `certificate`, `sha256`: hex. */
export type AnswerRow = { sequence: string, kind: SourceKind, sha256: string, issuer: string, certificate: string | null, scope: string }

const ANSWER = `a.sequence, a.kind, encode(a.answer, 'hex') as sha256, a.issuer_name as issuer, encode(a.certificate, 'hex') as certificate, a.scope`

/** The newest CRLs of each issuer and scope, and the newest OCSP answers for each certificate that is in use; oldest first. */
export async function newestAnswers (db: Db, { crls, ocsp, upTo, usedSince }: { crls: number, ocsp: number, upTo: string, usedSince: Date }): Promise<AnswerRow[]> {
  const { rows } = await db.query<AnswerRow>(
    `select ${ANSWER} from (
       select sequence, row_number() over (partition by issuer_name, scope order by this_update desc, number desc nulls last, sequence desc) as place
         from revocation_answer where kind = 'crl' and sequence <= $3
     ) newest join revocation_answer a on a.sequence = newest.sequence where newest.place <= $1
     union all
     select ${ANSWER} from certificate_seen c cross join lateral (
       select * from revocation_answer where certificate = c.fingerprint and sequence <= $3 order by this_update desc limit $2
     ) a where ${IN_USE('$4')}
     order by sequence`,
    [crls, ocsp, upTo, usedSince])
  return rows
}

/** What was stored after this sequence, by whichever gateway. */
export async function answersAfter (db: Db, sequence: string, limit: number): Promise<AnswerRow[]> {
  const { rows } = await db.query<AnswerRow>(`select ${ANSWER} from revocation_answer a where a.sequence > $1 order by a.sequence limit $2`, [sequence, limit])
  return rows
}

/** The last sequence that has committed. */
export async function lastSequence (db: Db): Promise<string> {
  const { rows: [row] } = await db.query<{ last: string }>(`select coalesce(max(sequence), 0) as last from revocation_answer`)
  return row!.last
}

/** In use: seen lately, or in the registry, the gateway's own signers among them. `c` is the certificate. */
const IN_USE = (since: string) => `(c.seen_at >= ${since} or exists (select from certificate r where r.fingerprint = c.fingerprint))`

/** A certificate and the CA above it; `issuer` is null for a root. */
export type Link = { certificate: X509Certificate, issuer: X509Certificate | null, points: RevocationPoints }

/** Once tx commits, the certificates of this chain are followed, and new ones have their sources asked at once. */
export async function noteSeen (tx: Tx, links: readonly Link[], at: Date): Promise<void> {
  for (const { certificate, issuer, points } of links) {
    const fingerprint = fingerprintOf(certificate)
    const { issuer: issuerName, serial } = contentOf(certificate)
    await tx.query(
      `insert into certificate_seen as s (fingerprint, der, issuer, issuer_name, serial, first_seen_at, seen_at) values (decode($1, 'hex'), $2, decode($3, 'hex'), $4, $5, $6, $6)
       on conflict (fingerprint) do update set seen_at = excluded.seen_at where s.seen_at < excluded.seen_at`,
      [fingerprint, certificate.raw, issuer && fingerprintOf(issuer), issuerName, serial, at])
    if (issuer === null) continue
    await addSources(tx, 'crl', [...points.crls, ...points.deltas].flatMap(({ urls }) => urls), null, at)
    await addSources(tx, 'ocsp', points.ocsp, fingerprint, at)
  }
}

/** A certificate may name more places than this; they are not asked. */
const MOST_SOURCES = 8
/** As an index takes it; what is no URL at all, in whatever octets, leads nowhere anyway. */
const USABLE_URL = /^[\x21-\x7e]{1,2000}$/

/** Sources that are not known yet are due at once. */
export async function addSources (tx: Tx, kind: SourceKind, urls: readonly string[], certificate: string | null, at: Date): Promise<void> {
  const usable = [...new Set(urls)].filter((url) => USABLE_URL.test(url)).slice(0, MOST_SOURCES)
  if (usable.length === 0) return
  await tx.query(
    `insert into revocation_source (kind, url, certificate, next_at) select $1, url, coalesce(decode($3, 'hex'), ''), $4 from unnest($2::text[]) as url order by url
     on conflict do nothing`, [kind, usable, certificate, at])
}

/** Certificates of the registry that are not followed yet. */
export async function registeredUnseen (db: Db, limit: number, except: readonly string[]): Promise<Buffer[]> {
  const { rows } = await db.query<{ der: Buffer }>(
    `select der from certificate c where not exists (select from certificate_seen s where s.fingerprint = c.fingerprint) and encode(fingerprint, 'hex') <> all($2) limit $1`, [limit, except])
  return rows.map(({ der }) => der)
}

/** A certificate that was seen and the one above it, by its fingerprint (hex). */
export async function findSeen (db: Db, fingerprint: string): Promise<{ der: Buffer, issuer: Buffer } | null> {
  const { rows: [row] } = await db.query<{ der: Buffer, issuer: Buffer }>(
    `select c.der, i.der as issuer from certificate_seen c join certificate_seen i on i.fingerprint = c.issuer where c.fingerprint = decode($1, 'hex')`, [fingerprint])
  return row ?? null
}

/** Certificates seen with one of these serials (hex), and the ones above them. */
export async function seenBySerial (db: Db, serials: readonly string[]): Promise<{ der: Buffer, issuer: Buffer }[]> {
  const { rows } = await db.query<{ der: Buffer, issuer: Buffer }>(
    `select c.der, i.der as issuer from certificate_seen c join certificate_seen i on i.fingerprint = c.issuer where c.serial = any($1)`, [serials])
  return rows
}

/** Every CA that was seen to issue in this name. */
export async function issuersNamed (db: Db, name: string): Promise<Buffer[]> {
  const { rows } = await db.query<{ der: Buffer }>(
    `select distinct i.der from certificate_seen c join certificate_seen i on i.fingerprint = c.issuer where c.issuer_name = $1`, [name])
  return rows.map(({ der }) => der)
}

/** A certificate that was seen, as CRLs name it; `revokedSince` once a person was told. */
export type SeenCertificate = { fingerprint: string, issuer: string, serial: string, revokedSince: Date | null }

/** What was seen under CAs of these names, or is one of these certificates, after a fingerprint: page by page. */
export async function seenUnder (db: Db, { issuers, certificates, after, limit }: { issuers: readonly string[], certificates: readonly string[], after: string, limit: number }): Promise<SeenCertificate[]> {
  const { rows } = await db.query<SeenCertificate>(
    `select encode(fingerprint, 'hex') as fingerprint, issuer_name as issuer, serial, revoked_since as "revokedSince" from certificate_seen c
      where (issuer_name = any($1) or c.fingerprint = any(select decode(one, 'hex') from unnest($2::text[]) as one)) and c.fingerprint > decode($3, 'hex') order by c.fingerprint limit $4`,
    [issuers, certificates, after, limit])
  return rows
}

/** Writes that a person is told of a revocation. False when that was done for this date before. */
export async function markRevoked (tx: Tx, fingerprint: string, since: Date): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update certificate_seen set revoked_since = $2 where fingerprint = decode($1, 'hex') and revoked_since is distinct from $2`, [fingerprint, since])
  return rowCount === 1
}

export type DueSource = { id: string, kind: SourceKind, url: string, certificate: string | null, failures: number, endsAt: Date | null } & Validators

/** Puts off by a day what is due only for certificates that are not in use any more. */
export async function restUnused (db: Db, usedSince: Date, now: Date): Promise<void> {
  await db.query(
    `update revocation_source o set next_at = $2::timestamptz + interval '1 day'
      where o.kind = 'ocsp' and o.next_at <= $2 and not exists (select from certificate_seen c where c.fingerprint = o.certificate and ${IN_USE('$1')})`, [usedSince, now])
}

/** Takes the source that is most overdue, for `leaseSeconds`. */
export async function claimSource (db: Db, kind: SourceKind, { now, leaseSeconds }: { now: Date, leaseSeconds: number }): Promise<DueSource | null> {
  const { rows: [row] } = await db.query<DueSource>({
    name: 'claim-revocation-source',
    text: `
      update revocation_source s set next_at = $2::timestamptz + make_interval(secs => $3)
        from (select id from revocation_source where kind = $1 and next_at <= $2 order by next_at limit 1 for update skip locked) due where s.id = due.id
      returning s.id, s.kind, s.url, nullif(encode(s.certificate, 'hex'), '') as certificate, s.failures, s.etag, s.last_modified as "lastModified", s.ends_at as "endsAt"`,
    values: [kind, now, leaseSeconds],
  })
  return row ?? null
}

/** When the next source is due. */
export async function nextSource (db: Db): Promise<Date | null> {
  const { rows: [row] } = await db.query<{ at: Date | null }>('select min(next_at) as at from revocation_source')
  return row?.at ?? null
}

/** `validators` are null when the server's last answer is still the one we have. */
export type Tried = { outcome: string, detail: string | null, failures: number, nextAt: Date, at: Date, endsAt: Date | null, validators: Validators | null }

/** Writes what came of a try. */
export async function finishSource (db: Db, id: string, { outcome, detail, failures, nextAt, at, endsAt, validators }: Tried): Promise<void> {
  await db.query(
    `update revocation_source set outcome = $2, detail = $3, failures = $4, next_at = $5, tried_at = $6, ends_at = $10,
            etag = case when $7 then $8 else etag end, last_modified = case when $7 then $9 else last_modified end where id = $1`,
    [id, outcome, detail?.slice(0, 500) ?? null, failures, nextAt, at, validators !== null, validators?.etag ?? null, validators?.lastModified ?? null, endsAt])
}

/** A responder that does not answer is not asked about the next certificate right away: each of them would wait as long. */
export async function restResponder (db: Db, url: string, until: Date, now: Date): Promise<void> {
  await db.query(`update revocation_source set next_at = $2 where kind = 'ocsp' and url = $1 and next_at <= $3`, [url, until, now])
}

/** Asks now what has not failed of late: the sources of these certificates, whose answers are missing. */
export async function bringForward (db: Db, certificates: readonly string[], now: Date): Promise<void> {
  await db.query(
    `update revocation_source set next_at = $2 where failures = 0 and next_at > $2 and coalesce(tried_at < $2::timestamptz - interval '1 minute', true)
        and kind = 'ocsp' and certificate = any(select decode(one, 'hex') from unnest($1::text[]) as one)`, [certificates, now])
}

/** A source as a person reads it. */
export type ListedSource = { kind: SourceKind, url: string, asked: number, outcome: string | null, detail: string | null, triedAt: Date | null, failures: number, nextAt: Date }

/** Every place that is asked, one line for each address however many certificates it is asked about: the worst of them. */
export async function listSources (db: Db): Promise<ListedSource[]> {
  const { rows } = await db.query<ListedSource>(
    `select distinct on (kind, url) kind, url, count(*) over (partition by kind, url)::int as asked, outcome, detail, tried_at as "triedAt", failures, next_at as "nextAt"
       from revocation_source order by kind, url, failures desc, tried_at desc nulls last`)
  return rows
}

/** An answer as a person reads it. */
export type ListedAnswer = { kind: SourceKind, sha256: string, issuer: string, number: string | null, thisUpdate: Date, nextUpdate: Date | null, source: string, fetchedAt: Date, versions: number }

/** The newest CRL of each CA and scope, with how many versions of it are kept. */
export async function listCrls (db: Db): Promise<ListedAnswer[]> {
  const { rows } = await db.query<ListedAnswer>(
    `select distinct on (issuer_name, scope) kind, encode(answer, 'hex') as sha256, issuer_name as issuer, number, this_update as "thisUpdate", next_update as "nextUpdate", source, fetched_at as "fetchedAt",
            count(*) over (partition by issuer_name, scope)::int as versions
       from revocation_answer where kind = 'crl' order by issuer_name, scope, this_update desc, number desc nulls last`)
  return rows
}

/** How many OCSP answers are kept, and about how many certificates. */
export async function countOcsp (db: Db): Promise<{ answers: number, certificates: number }> {
  const { rows: [row] } = await db.query<{ answers: number, certificates: number }>(
    `select count(*)::int as answers, count(distinct certificate)::int as certificates from revocation_answer where kind = 'ocsp'`)
  return row!
}
