import { createPersonKey, createSystemKey, type PersonRole } from '../access/keys.ts'
import { Refusal } from '../errors.ts'
import { withDatabase } from './database.ts'

const ROLES: readonly string[] = ['administrator', 'operator', 'monitor'] satisfies PersonRole[]

/** `lienthong key system ID` and `lienthong key person ID ROLE`: the key is shown once, and kept only as a hash. */
export async function makeKey ([holder, id, role]: string[]): Promise<void> {
  const forPerson = holder === 'person' && role !== undefined && ROLES.includes(role)
  if (id === undefined || !(holder === 'system' || forPerson)) {
    throw new Refusal('SETUP_INVALID', { detail: 'key system ID, or key person ID administrator|operator|monitor' })
  }
  const key = await withDatabase((database) => database.transaction(async (tx) => {
    const { rowCount } = await tx.query(forPerson ? 'select from person where id = $1' : 'select from system where id = $1', [id])
    if (rowCount === 0) throw new Refusal('SETUP_INVALID', { detail: `no ${holder} has the id ${id}` })
    const made = { at: new Date(), actor: 'lienthong key' }
    return forPerson ? createPersonKey(tx, { ...made, personId: id, role: role as PersonRole }) : createSystemKey(tx, { ...made, systemId: id })
  }))
  console.log(key.text)
}
