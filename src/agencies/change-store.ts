/** Rows of the registry of certificates: what was ever said of each, and the changes that were proposed. */
import { X509Certificate } from 'node:crypto'
import type { Db, Tx } from '../database/database.ts'
import type { AgencyName, Entry, LinkToWrite, Registered } from './proposal.ts'
import type { Unreadable } from './upload.ts'

/**
 * proposed ── approved by a person ──▶ approved ── taken back by a person ──▶ rolled-back
 */
export type ChangeState = 'proposed' | 'approved' | 'rolled-back'

/** An upload, what it would change, and what became of it. */
export type Change = {
  id: string, state: ChangeState, note: string | null, entries: Entry[], unreadable: Unreadable[],
  proposedAt: Date, proposedBy: string, approvedAt: Date | null, approvedBy: string | null, rolledBackAt: Date | null, rolledBackBy: string | null,
}

const CHANGE = `id, state, note, entries, unreadable, proposed_at as "proposedAt", proposed_by as "proposedBy", approved_at as "approvedAt", approved_by as "approvedBy",
                rolled_back_at as "rolledBackAt", rolled_back_by as "rolledBackBy"`

/** An agency has several codes: the one of Decision 20/2020 sorts behind the digits of the old one. */
const AGENCY = `l.agency_id::text as "agencyId", (select max(code) from agency_code where agency_id = l.agency_id) as code, a.name`

/** One link as a person sees it, with who said so. */
export type LinkView = {
  fingerprint: string, agency: AgencyName, validFrom: Date | null, validTo: Date | null, source: string, changeId: string | null, approvedBy: string, approvedAt: Date,
  certificate: X509Certificate,
}

type LinkRow = Omit<LinkView, 'certificate' | 'agency'> & { link: string, der: Buffer, agencyId: string, code: string, name: string }

/** The newest row of every certificate and agency; or, for `history`, every row there ever was, in their order. For one agency, or for all. */
async function readLinks (db: Db, { agencyId = null, history = false }: { agencyId?: string | null, history?: boolean }): Promise<LinkRow[]> {
  const { rows } = await db.query<LinkRow>(
    `select ${history ? '' : 'distinct on (l.fingerprint, l.agency_id)'} l.id as link, encode(l.fingerprint, 'hex') as fingerprint, c.der, ${AGENCY},
            l.valid_from as "validFrom", l.valid_to as "validTo", l.source, l.change_id as "changeId", l.approved_by as "approvedBy", l.approved_at as "approvedAt"
       from certificate_link l join certificate c on c.fingerprint = l.fingerprint join agency a on a.id = l.agency_id
      where $1::bigint is null or l.agency_id = $1
      order by ${history ? 'l.id' : 'l.fingerprint, l.agency_id, l.id desc'}`, [agencyId])
  return rows
}

const agencyOf = ({ agencyId, code, name }: LinkRow): AgencyName => ({ id: agencyId, code, name })

/** What the registry says now, for a proposal to be weighed against. */
export async function findRegistered (db: Db): Promise<Registered[]> {
  const rows = await readLinks(db, {})
  return rows.map((row) => ({ link: row.link, certificate: new X509Certificate(row.der), agency: agencyOf(row), validFrom: row.validFrom, validTo: row.validTo }))
}

/** The registry for a person to read. What was taken back stands in its history alone. */
export async function listLinks (db: Db, how: { agencyId?: string | null, history?: boolean }): Promise<LinkView[]> {
  const rows = await readLinks(db, how)
  const neverSpoke = ({ validFrom, validTo }: LinkRow) => validFrom !== null && validFrom.getTime() === validTo?.getTime()
  return rows.filter((row) => how.history === true || !neverSpoke(row)).map(({ link: _, der, agencyId, code, name, ...row }) => ({ ...row, agency: { id: agencyId, code, name }, certificate: new X509Certificate(der) }))
}

/** The agencies with these codes, by the code they were asked for; each is shown by its newer one. */
export async function findAgencyNames (db: Db, codes: readonly string[]): Promise<Map<string, AgencyName>> {
  const { rows } = await db.query<{ asked: string } & AgencyName>(`select c.code as asked, a.id, (select max(code) from agency_code where agency_id = a.id) as code, a.name from agency_code c join agency a on a.id = c.agency_id where c.code = any($1)`, [codes])
  return new Map(rows.map(({ asked, ...agency }) => [asked, agency]))
}

export async function insertChange (tx: Tx, { id, note, entries, unreadable, proposedAt, proposedBy }: Pick<Change, 'id' | 'note' | 'entries' | 'unreadable' | 'proposedAt' | 'proposedBy'>): Promise<void> {
  await tx.query('insert into certificate_change (id, state, note, entries, unreadable, proposed_at, proposed_by) values ($1, $2, $3, $4, $5, $6, $7)',
    [id, 'proposed', note, JSON.stringify(entries), JSON.stringify(unreadable), proposedAt, proposedBy])
}

export async function findChange (db: Db, id: string): Promise<Change | null> {
  const { rows: [row] } = await db.query<Change>(`select ${CHANGE} from certificate_change where id = $1`, [id])
  return row ?? null
}

/** The newest changes first. */
export async function listChanges (db: Db, limit: number): Promise<Change[]> {
  const { rows } = await db.query<Change>(`select ${CHANGE} from certificate_change order by proposed_at desc, id desc limit $1`, [limit])
  return rows
}

/** Gives false when the change was not at that step any more. */
export async function markChange (tx: Tx, id: string, to: 'approved' | 'rolled-back', { by, at }: { by: string, at: Date }): Promise<boolean> {
  const { rowCount } = to === 'approved'
    ? await tx.query(`update certificate_change set state = 'approved', approved_at = $2, approved_by = $3 where id = $1 and state = 'proposed'`, [id, at, by])
    : await tx.query(`update certificate_change set state = 'rolled-back', rolled_back_at = $2, rolled_back_by = $3 where id = $1 and state = 'approved'`, [id, at, by])
  return rowCount === 1
}

/** Of these rows, those whose basis is not the newest any more. */
export async function findStale (tx: Tx, writes: readonly LinkToWrite[]): Promise<string[]> {
  const { rows } = await tx.query<{ fingerprint: string }>(
    `select w.fingerprint from jsonb_to_recordset($1) as w(fingerprint text, "agencyId" bigint, basis bigint)
      where w.basis is distinct from (select max(id) from certificate_link l where l.fingerprint = decode(w.fingerprint, 'hex') and l.agency_id = w."agencyId")`,
    [JSON.stringify(writes)])
  return rows.map(({ fingerprint }) => fingerprint)
}

/** Says of each certificate and agency what holds from now on. */
export async function writeLinks (tx: Tx, writes: readonly LinkToWrite[], { changeId, by, at }: { changeId: string, by: string, at: Date }): Promise<void> {
  await tx.query(
    `insert into certificate_link (fingerprint, agency_id, valid_from, valid_to, source, change_id, approved_by, approved_at)
     select decode(w.fingerprint, 'hex'), w."agencyId", w."validFrom", w."validTo", 'upload', $2, $3, $4
       from jsonb_to_recordset($1) as w(fingerprint text, "agencyId" bigint, "validFrom" timestamptz, "validTo" timestamptz)`,
    [JSON.stringify(writes), changeId, by, at])
}

/** Certificates that a later change, or the set-up, has said something of; changes that were rolled back themselves do not count. */
export async function findFollowed (tx: Tx, changeId: string): Promise<string[]> {
  const { rows } = await tx.query<{ fingerprint: string }>(
    `select distinct encode(mine.fingerprint, 'hex') as fingerprint
       from certificate_link mine join certificate_link later on later.fingerprint = mine.fingerprint and later.agency_id = mine.agency_id and later.id > mine.id
       left join certificate_change other on other.id = later.change_id
      where mine.change_id = $1 and later.change_id is distinct from $1 and other.state is distinct from 'rolled-back'`, [changeId])
  return rows.map(({ fingerprint }) => fingerprint)
}

/** Says of everything that the change touched what was said before it; of what was unknown then, that it never spoke. Gives what was known. */
export async function restoreLinks (tx: Tx, changeId: string, { by, at }: { by: string, at: Date }): Promise<Pick<LinkToWrite, 'fingerprint' | 'agencyId'>[]> {
  const { rows } = await tx.query<Pick<LinkToWrite, 'fingerprint' | 'agencyId'> & { isKnown: boolean }>(
    `insert into certificate_link (fingerprint, agency_id, valid_from, valid_to, source, change_id, approved_by, approved_at)
     select mine.fingerprint, mine.agency_id, case when before.id is null then $3 else before.valid_from end, case when before.id is null then $3 else before.valid_to end, 'rollback', $1, $2, $3
       from certificate_link mine left join lateral (
         select l.id, l.valid_from, l.valid_to from certificate_link l left join certificate_change other on other.id = l.change_id
          where l.fingerprint = mine.fingerprint and l.agency_id = mine.agency_id and l.id < mine.id and other.state is distinct from 'rolled-back'
          order by l.id desc limit 1
       ) before on true
      where mine.change_id = $1 and mine.source = 'upload'
     returning encode(fingerprint, 'hex') as fingerprint, agency_id as "agencyId", (valid_from = valid_to) is not true as "isKnown"`, [changeId, by, at])
  return rows.filter(({ isKnown }) => isKnown).map(({ fingerprint, agencyId }) => ({ fingerprint, agencyId }))
}
