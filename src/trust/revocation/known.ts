/** What is known of revocation, read once from the tables: for commands, which end before anything new could come. */
import { readBlob } from '../../blobs/blobs.ts'
import type { Db } from '../../database/database.ts'
import { readCrl } from './crl.ts'
import { createMemory, CRL_VERSIONS, OCSP_VERSIONS } from './memory.ts'
import { readOcsp } from './ocsp.ts'
import { sourceFrom, type RevocationSource } from './source.ts'
import { lastSequence, newestAnswers } from './store.ts'

/** The answers that are kept, and the CRLs of the trust folder, which the gateway may not have taken in yet. */
export async function readKnownRevocation (db: Db, folder: readonly Buffer[]): Promise<RevocationSource> {
  const memory = createMemory()
  const rows = await newestAnswers(db, { crls: CRL_VERSIONS, ocsp: OCSP_VERSIONS, upTo: await lastSequence(db), usedSince: new Date(0) })
  for (const { kind, sha256, scope, certificate } of rows) {
    const bytes = await readBlob(db, Buffer.from(sha256, 'hex'))
    switch (kind) {
      case 'crl': memory.holdCrl(readCrl(bytes), scope); break
      case 'ocsp': memory.holdOcsp(certificate!, readOcsp(bytes)); break
    }
  }
  const added = sourceFrom(folder.map(readCrl))
  return { crls: (issuer) => [...memory.crls(issuer), ...added.crls(issuer)], ocsp: memory.ocsp }
}
