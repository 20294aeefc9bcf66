/** The registry of agencies: who exists, under which codes, and which system keeps their mailbox. */
import type { Db, Tx } from '../database/database.ts'
import type { PdfPolicy } from '../pdf/policy.ts'

/** `id` is the agency whatever code it was asked by; two codes of one agency give the same id. */
export type Agency = { id: string, code: string, name: string, source: string, closedOn: string | null, systemId: string | null, canSign: boolean, pdf: PdfPolicy }

/** What an axis, or the set-up, says of one agency. */
export type AgencyEntry = { codes: readonly string[], name: string, mail?: string | undefined }

/** The agencies that have these codes, by code. A code that is missing in the answer is unknown. */
export async function findAgencies (db: Db, codes: readonly string[]): Promise<Map<string, Agency>> {
  const { rows } = await db.query<Agency>({
    name: 'find-agencies',
    text: `select a.id, c.code, a.name, a.source, a.closed_on::text as "closedOn", s.system_id as "systemId",
                  exists (select from signer where agency_id = a.id) as "canSign", coalesce(a.pdf_policy, '{}') as pdf
             from agency_code c
             join agency a on a.id = c.agency_id
             left join system_agency s on s.agency_id = a.id
            where c.code = any($1)`,
    values: [codes],
  })
  return new Map(rows.map((row) => [row.code, row]))
}

/**
 * Adds agencies and the codes they lack; renames those whose name changed. An agency that is known by any of its
 * codes is the same agency. Never removes a code: documents under way still name it.
 */
export async function saveAgencies (tx: Tx, entries: readonly AgencyEntry[], source: string): Promise<{ added: number, changed: number }> {
  // One writer at a time: two that add the same new agency would make it twice.
  await tx.query(`select pg_advisory_xact_lock(hashtext('agency'))`)
  const known = await findAgencies(tx, entries.flatMap((entry) => entry.codes))
  const idByCode = new Map([...known].map(([code, agency]) => [code, agency.id]))
  const fresh = entries.filter((entry) => !entry.codes.some((code) => idByCode.has(code)))
  const { rows: ids } = await tx.query<{ id: string }>(
    `select nextval(pg_get_serial_sequence('agency', 'id')) as id from generate_series(1, $1)`, [fresh.length])
  fresh.forEach((entry, index) => { for (const code of entry.codes) if (!idByCode.has(code)) idByCode.set(code, ids[index]!.id) })
  await tx.query(
    `insert into agency (id, name, mail, source) overriding system value
     select id, name, mail, $4 from unnest($1::bigint[], $2::text[], $3::text[]) as fresh(id, name, mail)`,
    [ids.map((row) => row.id), fresh.map((entry) => entry.name), fresh.map((entry) => entry.mail ?? null), source])

  const codes = entries.flatMap((entry) => {
    const id = entry.codes.map((code) => idByCode.get(code)).find((found) => found !== undefined)!
    return entry.codes.filter((code) => !known.has(code)).map((code) => ({ code, id }))
  })
  await tx.query(
    'insert into agency_code (code, agency_id) select * from unnest($1::text[], $2::bigint[]) on conflict (code) do nothing',
    [codes.map((row) => row.code), codes.map((row) => row.id)])

  // An administrator's name stands: what an axis lists changes only what an axis listed.
  const isRenamed = (agency: Agency | undefined, name: string) => agency !== undefined && agency.source !== 'setup' && agency.name !== name
  const renamed = source === 'setup' ? [] : entries.filter((entry) => entry.codes.some((code) => isRenamed(known.get(code), entry.name)))
  await tx.query(
    `update agency a set name = n.name, updated_at = now()
       from unnest($1::bigint[], $2::text[]) as n(id, name) where a.id = n.id`,
    [renamed.map((entry) => entry.codes.map((code) => idByCode.get(code)).find(Boolean)), renamed.map((entry) => entry.name)])
  return { added: fresh.length, changed: renamed.length }
}

/** What the signatures inside PDF files mean for this agency, where it differs from its connection. */
export async function savePdfPolicy (tx: Tx, agencyId: string, policy: PdfPolicy): Promise<void> {
  await tx.query('update agency set pdf_policy = $2 where id = $1 and pdf_policy is distinct from $2', [agencyId, JSON.stringify(policy)])
}

/** Codes as an axis lists them, with the old spelling beside the new one where it gives both. */
export function entriesFromAxis (items: readonly { code: string, name: string, mail?: string, oldCode?: string }[]): AgencyEntry[] {
  return items.map(({ code, name, mail, oldCode }) => ({
    codes: oldCode && oldCode !== code ? [code, oldCode] : [code],
    name,
    mail,
  }))
}

