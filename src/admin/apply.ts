import { X509Certificate } from 'node:crypto'
import type { Vault } from '../access/secrets.ts'
import { parseAgencyCode } from '../agencies/code.ts'
import { linkCertificate, saveSigner } from '../agencies/certificates.ts'
import { findAgencies, saveAgencies } from '../agencies/registry.ts'
import { recordAudit } from '../audit/audit.ts'
import { connectionContext } from '../axis/connections.ts'
import type { Database, Tx } from '../database/database.ts'
import { Refusal } from '../errors.ts'
import { signerFromPem } from '../trust/signer.ts'
import type { Setup } from './setup.ts'

type Needs = { database: Database, vault: Vault, now: Date, actor: string }

/** Brings the gateway to what the set-up says, all of it or nothing. What it does not name stays as it is; said twice, it changes nothing. */
export async function applySetup (setup: Setup, { database, vault, now, actor }: Needs): Promise<void> {
  await database.transaction(async (tx) => {
    await saveAgencies(tx, setup.agencies.map(({ codes, name, mail }) => ({ codes: codes.map((code) => parseAgencyCode(code, 'agencies.codes')), name, mail })), 'setup')
    const agencyId = await idsOf(tx, setup)

    for (const { id, protocol, baseUrl, systemId, secret, policy } of setup.connections) {
      await tx.query(
        `insert into connection (id, protocol, base_url, system_id, sealed_secret, policy, created_at) values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (id) do update set protocol = excluded.protocol, base_url = excluded.base_url, system_id = excluded.system_id,
                                        sealed_secret = excluded.sealed_secret, policy = excluded.policy`,
        [id, protocol, baseUrl, systemId, vault.seal(Buffer.from(secret), connectionContext(id)), JSON.stringify(policy), now])
    }
    for (const { id, name, agencies, policy } of setup.systems) {
      await tx.query(
        `insert into system (id, name, policy, created_at) values ($1, $2, $3, $4) on conflict (id) do update set name = excluded.name, policy = excluded.policy`,
        [id, name, JSON.stringify(policy), now])
      for (const code of agencies) {
        await tx.query(
          'insert into system_agency (agency_id, system_id) values ($1, $2) on conflict (agency_id) do update set system_id = excluded.system_id',
          [agencyId(code), id])
      }
    }
    for (const { agency, pem } of setup.certificates) await linkCertificate(tx, new X509Certificate(pem), agencyId(agency))
    for (const { agency, keyPem, certificatePem } of setup.signers) {
      const { certificate } = signerFromPem({ key: keyPem, certificates: certificatePem }) // refuses a key that does not belong to its certificate
      await saveSigner(tx, vault, agencyId(agency), keyPem, certificate)
    }
    for (const { id, name } of setup.persons) {
      await tx.query('insert into person (id, name, created_at) values ($1, $2, $3) on conflict (id) do update set name = excluded.name', [id, name, now])
    }
    const counts = Object.fromEntries(Object.entries(setup).map(([part, entries]) => [part, entries.length]))
    await recordAudit(tx, { at: now, actor, action: 'setup.applied', subject: 'gateway', detail: counts })
  })
}

/** The agency of each code that the set-up names outside its own list; one that is unknown refuses the whole. */
async function idsOf (tx: Tx, setup: Setup): Promise<(code: string) => string> {
  const codes = [...setup.systems.flatMap(({ agencies }) => agencies), ...setup.certificates.map(({ agency }) => agency), ...setup.signers.map(({ agency }) => agency)]
  const agencies = await findAgencies(tx, codes)
  return (code) => {
    const agency = agencies.get(code)
    if (!agency) throw new Refusal('SETUP_INVALID', { detail: `no agency has the code ${code}` })
    return agency.id
  }
}
