/** The rows of files that the agency signs: what was asked, how far each has come, and what its document waits for. */
import type { Db, Tx } from '../database/database.ts'
import type { DocumentHeader } from '../edxml/packet.ts'
import type { SignatureLevel } from '../pdf/sign/request.ts'
import type { SignedPdf } from '../pdf/sign/sign.ts'
import type { PdfVerdict } from '../pdf/verdict.ts'
import type { AskedFile, FileToSign } from './sign-request.ts'

/** `waiting` for its signature, `signed` and on its way to its level, `finished`: as it leaves. */
export type SigningState = 'waiting' | 'signed' | 'finished'

/** One file of a document. */
export type FileKey = { documentId: string, position: number }

/** One to be worked on; `size` is that of the file as submitted. */
export type ClaimedFile = FileKey & { size: number }

/** A signature made, as far as it has come; `token` is there from B-T on. */
export type SignedFile = Omit<SignedPdf, 'level'> & { level: SignatureLevel, token: Buffer | null }

/** What the steps after the signature need of it, as JSON keeps it: octets in Base64. */
type Work = Pick<SignedFile, 'field' | 'contents'> & { cms: string, signatureValue: string, token: string | null }

/** A file to be signed, or signed. `original` is the blob as submitted. */
export type Signing = FileKey & Pick<FileToSign, 'wanted' | 'over' | 'request'> & {
  name: string, original: Buffer, agencyId: string, agency: string, header: DocumentHeader, levelMinutes: number, attempts: number, reason: string | null
  signed: SignedFile | null, signedAt: Date | null
}

/** Once tx commits, these files of a new document are to be signed, and its deliveries' history says that it waits for that. */
export async function insertSignings (tx: Tx, documentId: string, files: readonly FileToSign[], now: Date): Promise<void> {
  if (files.length === 0) return
  await tx.query(
    `insert into pdf_signing (document_id, position, request, wanted, leader_field, state, next_at)
     select $1, f.position, f.request, f.wanted, f.over, 'waiting', $3 from jsonb_to_recordset($2) as f(position smallint, request jsonb, wanted text, over text)`,
    [documentId, JSON.stringify(files), now])
  await tx.query('update dispatch set has_files = false where document_id = $1', [documentId])
  await noteDocument(tx, documentId, 'waiting', { reason: `${files.length} of its files are to be signed first` }, now)
}

/** Whether exactly these files of the document were asked to be signed, in the same way. */
export async function isAskedAlike (db: Db, documentId: string, files: readonly AskedFile[]): Promise<boolean> {
  const { rows: [row] } = await db.query<{ same: boolean }>(
    `select coalesce((select jsonb_agg(jsonb_build_object('position', position, 'request', request) order by position) from pdf_signing where document_id = $1), '[]') = $2::jsonb as same`,
    [documentId, JSON.stringify(files.map(({ position, request }) => ({ position, request })))])
  return row!.same
}

/**
 * Takes files that are due at this step, for as long as the lease lasts; it is lengthened while somebody works on them. Up to `room.count`, and
 * no further one once they have `room.bytes`.
 */
export async function claimSignings (db: Db, state: SigningState, room: { count: number, bytes: number }, leaseUntil: Date, now: Date): Promise<ClaimedFile[]> {
  if (room.count <= 0 || room.bytes <= 0) return []
  const { rows } = await db.query<FileKey & { size: string }>({
    name: 'claim-signings',
    text: `
      with first as materialized (
        select s.document_id, s.position, s.next_at, f.size from pdf_signing s join document_attachment f using (document_id, position)
         where s.state = $1 and s.next_at <= $2 and (s.lease_until is null or s.lease_until < $2)
         order by s.next_at limit $3 for update of s skip locked
      ), due as (
        select *, sum(size) over (order by next_at, document_id, position) - size as ahead from first
      )
      update pdf_signing s set lease_until = $4 from due where (s.document_id, s.position) = (due.document_id, due.position) and due.ahead < $5
      returning s.document_id as "documentId", s.position, due.size`,
    values: [state, now, room.count, leaseUntil, room.bytes],
  })
  return rows.map(({ size, ...file }) => ({ ...file, size: Number(size) }))
}

/** Those who work on these files go on with it. */
export async function renewLeases (db: Db, files: readonly FileKey[], leaseUntil: Date): Promise<void> {
  await db.query(
    `update pdf_signing s set lease_until = $3 from unnest($1::uuid[], $2::smallint[]) as f(document_id, position)
      where (s.document_id, s.position) = (f.document_id, f.position) and s.lease_until is not null`,
    [files.map(({ documentId }) => documentId), files.map(({ position }) => position), leaseUntil])
}

/** When the next file is due at this step, or its lease ends; null when none is. */
export async function nextSigning (db: Db, state: SigningState): Promise<Date | null> {
  const { rows: [row] } = await db.query<{ at: Date | null }>('select min(greatest(next_at, coalesce(lease_until, next_at))) as at from pdf_signing where state = $1', [state])
  return row?.at ?? null
}

/** Everything the next step needs to know. */
export async function loadSigning (db: Db, { documentId, position }: FileKey): Promise<Signing> {
  const { rows: [row] } = await db.query<Omit<Signing, 'signed' | 'over'> & { over: string | null, level: SignatureLevel | null, increment: Buffer | null, work: Work | null }>(
    `select s.document_id as "documentId", s.position, s.request, s.wanted, s.leader_field as over, f.name, f.sha256 as original, d.agency_id as "agencyId", a.name as agency, d.header,
            coalesce((y.policy ->> 'levelMinutes')::float8, 10) as "levelMinutes", s.attempts, s.reason, s.level, s.increment, s.work, s.signed_at as "signedAt"
       from pdf_signing s join document_attachment f using (document_id, position) join document d on d.id = s.document_id join agency a on a.id = d.agency_id join system y on y.id = d.system_id
      where s.document_id = $1 and s.position = $2`,
    [documentId, position])
  const { level, increment, work, over, ...signing } = row!
  return { ...signing, ...over !== null && { over }, signed: level && increment && work && { ...readWork(work), level, increment } }
}

/** Keeps the signature of a file, once: false when another gateway's is there already, or the key was retired meanwhile. */
export async function saveSignature (tx: Tx, { documentId, position }: FileKey, signed: SignedFile, signedBy: Buffer, now: Date): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update pdf_signing set state = 'signed', level = $3, increment = $4, work = $5, signed_by = $6, signed_at = $7, next_at = $7, lease_until = null, attempts = 0, reason = null
      where document_id = $1 and position = $2 and state = 'waiting' and not exists (select from signer where fingerprint = $6 and retired_at is not null)`,
    [documentId, position, signed.level, signed.increment, workOf(signed), signedBy, now])
  return rowCount === 1
}

/** Whether it is still the very signature that somebody worked on: it may have been dropped, and another made, meanwhile. */
const IS_SAME = `work ->> 'signatureValue' = $3`
const sameness = ({ signatureValue }: Pick<SignedFile, 'signatureValue'>) => signatureValue.toString('base64')

/** Keeps what a signature has come to, unless it has come there already. */
export async function saveLevel (db: Db, { documentId, position }: FileKey, from: SignatureLevel, signed: SignedFile): Promise<boolean> {
  const { rowCount } = await db.query(
    `update pdf_signing set level = $5, increment = $6, work = $7, attempts = 0, reason = null where document_id = $1 and position = $2 and state = 'signed' and ${IS_SAME} and level = $4`,
    [documentId, position, sameness(signed), from, signed.level, signed.increment, workOf(signed)])
  return rowCount === 1
}

/** What leaves, and our own verdict on it. */
type Finished = { signed: SignedFile, sha256: Buffer, verdict: PdfVerdict, reason: string | null }

/** Once tx commits, the file is as it leaves. Gives the connections of the document when it was the last that it waited for. */
export async function finishSigning (tx: Tx, { documentId, position }: FileKey, { signed, sha256, verdict, reason }: Finished, now: Date): Promise<{ connectionIds: string[] } | null> {
  // One after the other: the last of two files that are finished at once must see the other
  await tx.query('select from document where id = $1 for update', [documentId])
  const { rowCount } = await tx.query(
    `update pdf_signing set state = 'finished', sha256 = $4, verdict = $5, lease_until = null, reason = $6 where document_id = $1 and position = $2 and state = 'signed' and ${IS_SAME}`,
    [documentId, position, sameness(signed), sha256, JSON.stringify(verdict), reason])
  if (rowCount !== 1) return null
  const { rows } = await tx.query<{ connectionId: string }>(
    `update dispatch set has_files = true, next_at = $2, lease_until = null, updated_at = $2 where document_id = $1 and not has_files
        and not exists (select from pdf_signing where document_id = $1 and state <> 'finished') returning connection_id as "connectionId"`, [documentId, now])
  return { connectionIds: rows.map(({ connectionId }) => connectionId) }
}

/** Puts a file back, to be looked at later; the history of its document says why, once. False for one that is finished. */
export async function postponeSigning (tx: Tx, { documentId, position }: FileKey, until: Date, reason: string, now: Date): Promise<boolean> {
  const { rows: [before] } = await tx.query<{ reason: string | null }>(`select reason from pdf_signing where document_id = $1 and position = $2 and state <> 'finished' for update`, [documentId, position])
  if (!before) return false
  await tx.query('update pdf_signing set next_at = $3, lease_until = null, attempts = attempts + 1, reason = $4 where document_id = $1 and position = $2', [documentId, position, until, reason])
  if (before.reason !== reason) await noteDocument(tx, documentId, 'waiting', { attachment: position, reason }, now)
  return true
}

/** Takes a signature away that must not leave: the file waits for another one. */
export async function dropSignature (db: Db, { documentId, position }: FileKey, signed: SignedFile): Promise<void> {
  await db.query(
    `update pdf_signing set state = 'waiting', level = null, increment = null, work = null, signed_by = null, signed_at = null
      where document_id = $1 and position = $2 and state = 'signed' and ${IS_SAME}`, [documentId, position, sameness(signed)])
}

/**
 * Once tx commits, the files that this certificate signed wait for another signature, and what was made of them is dropped: where nothing of their
 * document can have left, since all recipients get the same bytes. Gives how many files that are.
 */
export async function signAnew (tx: Tx, { fingerprint, documentId = null }: { fingerprint: string, documentId?: string | null }, now: Date): Promise<number> {
  const certificate = Buffer.from(fingerprint, 'hex')
  const documents = await lockSigned(tx, fingerprint, documentId)
  const { rowCount } = await tx.query(
    `with spoilt as (
       update pdf_signing s set state = 'waiting', level = null, increment = null, work = null, signed_by = null, signed_at = null, sha256 = null, verdict = null,
                                next_at = $3, lease_until = null, attempts = 0, reason = 'its key is not safe any more'
        where s.signed_by = $1 and s.document_id = any($2)
          and not exists (select from dispatch d where d.document_id = s.document_id and (d.state in ('sending', 'unknown', 'sent')
                                                       or exists (select from attempt a where a.dispatch_id = d.id and (a.outcome is null or a.outcome = 'unknown'))))
       returning s.document_id, s.position
     ), dropped as (
       update dispatch set has_files = false, packet = null, signed_by = null, signed_at = null, updated_at = $3 where document_id in (select document_id from spoilt)
     ), history as (
       insert into delivery_event (delivery_id, at, kind, detail)
       select r.id, $3, 'file-unsigned', jsonb_build_object('attachment', spoilt.position, 'certificate', encode($1, 'hex')) from spoilt join delivery r using (document_id)
     )
     select from spoilt`,
    [certificate, documents, now])
  return rowCount ?? 0
}

/** Once this returns, no dispatch of these documents begins to leave until tx ends: those with files that this certificate signed. */
export async function lockSigned (tx: Tx, fingerprint: string, documentId: string | null = null): Promise<string[]> {
  const { rows } = await tx.query<{ id: string }>(
    `select id from document where id in (select document_id from pdf_signing where signed_by = $1) and ($2::uuid is null or id = $2) order by id for update`, [Buffer.from(fingerprint, 'hex'), documentId])
  return rows.map(({ id }) => id)
}

/** Whether the signed files of a document are still these (SHA-256, lower-case hex, in their order). Until tx ends they stay so. */
export async function areStill (tx: Tx, documentId: string, files: readonly string[]): Promise<boolean> {
  await tx.query('select from document where id = $1 for share', [documentId])
  const { rows: [row] } = await tx.query<{ files: (string | null)[] | null }>(
    `select array_agg(encode(sha256, 'hex') order by position) as files from pdf_signing where document_id = $1`, [documentId])
  return JSON.stringify(row!.files) === JSON.stringify(files)
}

/** Adds a line to the history of every delivery of a document. */
export async function noteDocument (db: Db, documentId: string, kind: string, detail: Record<string, unknown>, now: Date): Promise<void> {
  await db.query('insert into delivery_event (delivery_id, at, kind, detail) select id, $2, $3, $4 from delivery where document_id = $1', [documentId, now, kind, JSON.stringify(detail)])
}

function workOf ({ field, contents, cms, signatureValue, token }: SignedFile): string {
  return JSON.stringify({ field, contents, cms: cms.toString('base64'), signatureValue: signatureValue.toString('base64'), token: token && token.toString('base64') } satisfies Work)
}

function readWork ({ field, contents, cms, signatureValue, token }: Work): Omit<SignedFile, 'level' | 'increment'> {
  const octets = (text: string) => Buffer.from(text, 'base64')
  return { field, contents, cms: octets(cms), signatureValue: octets(signatureValue), token: token === null ? null : octets(token) }
}
