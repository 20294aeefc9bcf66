/** Answers from files, for networks that cannot reach the CA: held to the same as those that are fetched. */
import { X509Certificate } from 'node:crypto'
import { recordAudit } from '../../audit/audit.ts'
import type { Database } from '../../database/database.ts'
import { DerError } from '../asn1/der.ts'
import type { TrustStore } from '../store.ts'
import { readOcsp } from './ocsp.ts'
import { seenBySerial } from './store.ts'
import { authoritiesOf, takeInCrl, takeInOcsp, type TakenIn } from './take-in.ts'

/** What became of a file, and what was found in it. */
export type Imported = { file: string, found: 'CRL' | 'OCSP' | null } & TakenIn

type Needs = { database: Database, stores: readonly TrustStore[], now: Date, actor: string }

/** Once this returns, the CRL (DER, PEM) or OCSP answer (DER) is kept, and gateways that run see it within seconds; or it says why not. */
export async function importAnswer (file: string, bytes: Buffer, { database, stores, now, actor }: Needs): Promise<Imported> {
  const origin = { source: `file ${file}`, at: now }
  const asked = await certificatesSpokenOf(database, bytes)
  const taken = asked
    ? await takeInOcsp(database, asked, bytes, origin)
    : await takeInCrl(database, authoritiesOf(database, stores), bytes, origin)
  if (taken.kind === 'rejected') return { file, found: null, ...taken }
  const found = asked ? 'OCSP' : 'CRL'
  await database.transaction((tx) => recordAudit(tx, {
    at: now, actor, action: 'revocation.imported', subject: taken.sha256,
    detail: { file, found, isNew: taken.isNew, thisUpdate: taken.thisUpdate.toISOString(), nextUpdate: taken.nextUpdate?.toISOString() ?? null },
  }))
  return { file, found, ...taken }
}

/** Those of our certificates that the answer may be about, with the CAs above them; null when it is no OCSP answer. */
async function certificatesSpokenOf (database: Database, bytes: Buffer) {
  try {
    const serials = readOcsp(bytes).responses.map(({ serial }) => serial)
    return (await seenBySerial(database, serials)).map(({ der, issuer }) => ({ certificate: new X509Certificate(der), issuer: new X509Certificate(issuer) }))
  } catch (error) {
    if (error instanceof DerError) return null
    throw error
  }
}
