import { X509Certificate } from 'node:crypto'
import type { Vault } from '../access/secrets.ts'
import { parseAgencyCode } from '../agencies/code.ts'
import { linkCertificate } from '../agencies/certificates.ts'
import { findAgencies, saveAgencies, savePdfPolicy } from '../agencies/registry.ts'
import { checkSealImage, saveSeal } from '../agencies/seals.ts'
import { saveSigner } from '../agencies/signers.ts'
import { NO_LOG, type AlarmLog } from '../alarms/alarms.ts'
import { recordAudit } from '../audit/audit.ts'
import type { Database, Tx } from '../database/database.ts'
import { Refusal } from '../errors.ts'
import { judgeAgain, type ApprovedSigner } from '../inbound/judge-again.ts'
import { saveTrustSettings } from '../trust/settings.ts'
import { fingerprintOf } from '../trust/verdict.ts'
import { checkClientCertificate, saveConnection } from './connection.ts'
import { readKey } from './key.ts'
import type { Setup } from './setup.ts'

/** `isReal`: outside demo and test, where keys of the example PKI are refused. */
type Needs = { database: Database, vault: Vault, now: Date, actor: string, isReal?: boolean, log?: AlarmLog }

/** Brings the gateway to what the set-up says, all of it or nothing. What it does not name stays as it is; said twice, it changes nothing. */
export async function applySetup (setup: Setup, { database, vault, now, actor, isReal = false, log = NO_LOG }: Needs): Promise<void> {
  const approval = { approvedBy: actor, approvedAt: now }
  await database.transaction(async (tx) => {
    await saveAgencies(tx, setup.agencies.map(({ codes, name, mail }, index) => ({ codes: codes.map((code, at) => valid(`agencies.${index}.codes.${at}`, () => parseAgencyCode(code, ''))), name, mail })), 'setup')
    const agencyId = await idsOf(tx, setup)
    for (const [index, { codes, pdf, seal }] of setup.agencies.entries()) {
      const [id, ...others] = new Set(codes.map((code) => agencyId(code.trim(), `agencies.${index}.codes`)))
      if (others.length > 0) throw new Refusal('SETUP_INVALID', { field: `agencies.${index}.codes`, detail: `these codes belong to ${others.length + 1} agencies (${[id, ...others].join(', ')})` })
      if (id !== undefined && pdf) await savePdfPolicy(tx, id, pdf)
      if (id !== undefined && seal) {
        const png = Buffer.from(seal.pngBase64, 'base64')
        valid(`agencies.${index}.seal.pngBase64`, () => checkSealImage(png))
        await saveSeal(tx, id, { png, widthMm: seal.widthMm })
      }
    }

    for (const [index, connection] of setup.connections.entries()) {
      valid(`connections.${index}.clientCertificate`, () => checkClientCertificate(connection, isReal))
      await saveConnection(tx, vault, connection, now)
    }
    for (const { id, name, policy } of setup.systems) {
      await tx.query(
        `insert into system (id, name, policy, created_at) values ($1, $2, $3, $4)
         on conflict (id) do update set name = excluded.name, policy = excluded.policy where (system.name, system.policy) is distinct from (excluded.name, excluded.policy)`,
        [id, name, JSON.stringify(policy), now])
    }
    await saveSpeakers(tx, setup.systems, agencyId)
    const signers: ApprovedSigner[] = []
    for (const [index, { agency, pem }] of setup.certificates.entries()) {
      const certificate = valid(`certificates.${index}.pem`, () => new X509Certificate(pem))
      const id = agencyId(agency, `certificates.${index}.agency`)
      if (await linkCertificate(tx, certificate, id, approval)) signers.push({ fingerprint: fingerprintOf(certificate), agencyId: id })
    }
    if (signers.length > 0) await judgeAgain(tx, log, { signers, at: now, actor })
    for (const [index, signer] of setup.signers.entries()) {
      const id = agencyId(signer.agency, `signers.${index}.agency`)
      const key = await readKey(signer, isReal).catch((error: unknown) => valid(`signers.${index}`, () => { throw error }))
      await linkCertificate(tx, key.certificate, id, approval)
      await saveSigner(tx, vault, { agencyId: id, ...key }, now)
    }
    for (const { id, name } of setup.persons) {
      await tx.query('insert into person (id, name, created_at) values ($1, $2, $3) on conflict (id) do update set name = excluded.name where person.name <> excluded.name', [id, name, now])
    }
    const { trust, ...lists } = setup
    if (trust) await saveTrustSettings(tx, trust, now)
    const counts = { ...Object.fromEntries(Object.entries(lists).map(([part, entries]) => [part, entries.length])), ...trust && { trust: 1 } }
    await recordAudit(tx, { at: now, actor, action: 'setup.applied', subject: 'gateway', detail: counts })
  })
}

/** Each system speaks for the agencies it names, and for no other; an agency that moves takes its mailbox along. */
async function saveSpeakers (tx: Tx, systems: Setup['systems'], agencyId: (code: string, field: string) => string): Promise<void> {
  const speakers = new Map<string, string>()
  for (const [index, { id, agencies }] of systems.entries()) {
    for (const [at, code] of agencies.entries()) {
      const field = `systems.${index}.agencies.${at}`
      const agency = agencyId(code, field)
      if (speakers.has(agency) && speakers.get(agency) !== id) throw new Refusal('SETUP_INVALID', { field, detail: `${speakers.get(agency)} speaks for this agency already` })
      speakers.set(agency, id)
    }
  }
  await tx.query('delete from system_agency where system_id = any($1) and agency_id <> all($2::bigint[])', [systems.map(({ id }) => id), [...speakers.keys()]])
  await tx.query(
    `insert into system_agency as s (agency_id, system_id) select * from unnest($1::bigint[], $2::text[])
     on conflict (agency_id) do update set system_id = excluded.system_id where s.system_id <> excluded.system_id`,
    [[...speakers.keys()], [...speakers.values()]])
}

/** The agency of each code that the set-up names outside its own list; one that is unknown refuses the whole. */
async function idsOf (tx: Tx, setup: Setup): Promise<(code: string, field: string) => string> {
  const codes = [...setup.agencies.flatMap((agency) => agency.codes.map((code) => code.trim())), ...setup.systems.flatMap(({ agencies }) => agencies), ...setup.certificates.map(({ agency }) => agency), ...setup.signers.map(({ agency }) => agency)]
  const agencies = await findAgencies(tx, codes)
  return (code, field) => {
    const agency = agencies.get(code)
    if (!agency) throw new Refusal('SETUP_INVALID', { field, detail: `no agency has the code ${code}` })
    return agency.id
  }
}

/** What `read` gives, or a refusal that names the field. */
function valid<Value> (field: string, read: () => Value): Value {
  try {
    return read()
  } catch (error) {
    throw new Refusal('SETUP_INVALID', { field, detail: error instanceof Refusal ? error.fault.detail ?? error.code : 'cannot be read' })
  }
}
