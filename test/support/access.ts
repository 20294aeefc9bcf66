/** One system that speaks for one agency, and one person: who calls in tests. */
import { createPersonKey, createSystemKey, type NewApiKey, type PersonRole } from '../../src/access/keys.ts'
import type { Database } from '../../src/database/database.ts'

const at = new Date('2026-01-05T08:00:00Z')

/** Adds a system with an agency of its own, and a key. */
export async function addSystem (database: Database, systemId: string): Promise<NewApiKey & { agencyId: string }> {
  return database.transaction(async (tx) => {
    await tx.query('insert into system (id, name, policy) values ($1, $2, $3)', [systemId, `System ${systemId}`, {}])
    const { rows: [agency] } = await tx.query<{ id: string }>('insert into agency (name, source) values ($1, $2) returning id', [`Agency of ${systemId}`, 'setup'])
    await tx.query('insert into system_agency (agency_id, system_id) values ($1, $2)', [agency!.id, systemId])
    return { ...await createSystemKey(tx, { at, actor: 'setup', systemId }), agencyId: agency!.id }
  })
}

/** Adds a person with a key of this role. */
export async function addPerson (database: Database, personId: string, role: PersonRole): Promise<NewApiKey> {
  return database.transaction(async (tx) => {
    await tx.query('insert into person (id, name) values ($1, $2)', [personId, `Person ${personId}`])
    return createPersonKey(tx, { at, actor: 'setup', personId, role })
  })
}
