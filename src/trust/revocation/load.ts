/** What is known of revocation, read from the tables: all of it for commands, which end before anything new could come; what is new for a gateway that runs. */
import { readBlob } from '../../blobs/blobs.ts'
import type { Db } from '../../database/database.ts'
import type { Log } from '../../http/log.ts'
import { DerError } from '../asn1/der.ts'
import { readCrl } from './crl.ts'
import { createMemory, CRL_VERSIONS, OCSP_VERSIONS, type RevocationMemory } from './memory.ts'
import { readOcsp } from './ocsp.ts'
import { knownFrom, type KnownRevocation } from './known.ts'
import { lastSequence, newestAnswers, type AnswerRow } from './store.ts'

/** The answers that are kept, and the CRLs of the trust folder, which the gateway may not have taken in yet. */
export async function readKnownRevocation (db: Db, folder: readonly Buffer[], log: Pick<Log, 'error'>): Promise<KnownRevocation> {
  const memory = createMemory()
  await holdStored(db, memory, await newestAnswers(db, { crls: CRL_VERSIONS, ocsp: OCSP_VERSIONS, upTo: await lastSequence(db), usedSince: new Date(0) }), log)
  const added = knownFrom(folder.map(readCrl))
  return { crls: (issuer) => [...memory.crls(issuer), ...added.crls(issuer)], ocsp: memory.ocsp }
}

/** Once this returns, these answers are held, but for those that cannot be read any more. */
export async function holdStored (db: Db, memory: RevocationMemory, rows: readonly AnswerRow[], log: Pick<Log, 'error'>): Promise<void> {
  for (const { kind, sha256, scope, certificate } of rows) {
    const bytes = await readBlob(db, Buffer.from(sha256, 'hex'))
    try {
      switch (kind) {
        case 'crl': memory.holdCrl(readCrl(bytes), scope); break
        case 'ocsp': memory.holdOcsp(certificate!, readOcsp(bytes)); break
      }
    } catch (error) {
      // Taken in by a version that read less strictly: it counts for nothing, and stops nobody
      if (!(error instanceof DerError)) throw error
      log.error({ err: error, sha256 }, 'trust.revocation: a stored answer cannot be read')
    }
  }
}
