import t from 'tap'
import { issueCrl } from '../../certs-example/revocation.ts'
import { readBlob } from '../../src/blobs/blobs.ts'
import { createKeepEvidence } from '../../src/evidence/keep.ts'
import { judgePacketSignature } from '../../src/signing/packet-signature.ts'
import type { SignatureVerdict } from '../../src/trust/verdict.ts'
import { STRANGER, SUB, hours, judgedSignature, unaware } from '../pdf/judge-world.ts'
import { createTestDatabase } from '../support/database.ts'
import { contextFor, open, sender, signedText, stranger } from '../signing/world.ts'

t.test('the certificates of a chain are kept under their fingerprints, and cost nothing from the second time on', async (t) => {
  const { database } = await createTestDatabase(t)
  let transactions = 0
  const counting = { ...database, query: database.query, transaction: (<Result>(work: Parameters<typeof database.transaction<Result>>[0]) => { transactions++; return database.transaction(work) }) as typeof database.transaction }
  const keepEvidence = createKeepEvidence({ database: counting })
  const verdict = judgePacketSignature(open(await signedText()), contextFor())
  t.equal(verdict.chain.length, 3)

  await keepEvidence([verdict, null])
  t.equal(transactions, 1)
  for (const { fingerprint } of verdict.chain) t.ok((await readBlob(database, Buffer.from(fingerprint, 'hex'))).length > 0)
  t.strictSame(await readBlob(database, Buffer.from(verdict.chain[0]!.fingerprint, 'hex')), sender.certificate.raw)

  await keepEvidence([judgePacketSignature(open(await signedText()), contextFor()), verdict])
  t.equal(transactions, 1)
  await keepEvidence([judgePacketSignature(open(await signedText(stranger)), contextFor())])
  t.equal(transactions, 2, 'another signer is one more')
  await createKeepEvidence({ database: counting })([verdict])
  t.equal(transactions, 3, 'a process that begins does not know what is kept, and stores nothing twice')
  t.equal((await database.query('select from blob')).rowCount, 4)
})

t.test('an answer on revocation that came along with a PDF is kept, if it counted', async (t) => {
  const { database } = await createTestDatabase(t)
  const span = { thisUpdate: hours(-24), nextUpdate: hours(24) }
  const [counted, stranger] = [issueCrl({ issuer: SUB, ...span }), issueCrl({ issuer: STRANGER, ...span })]
  const verdict = judgedSignature({}, {}, { ...unaware, material: { crls: [counted, stranger] } })
  t.equal(verdict.result, 'valid')
  await createKeepEvidence({ database })([verdict])
  t.strictSame(await readBlob(database, Buffer.from(verdict.revocation[0]!.evidence!, 'hex')), counted)
  t.equal((await database.query('select from blob')).rowCount, 4, 'and three certificates')
})

t.test('a verdict that was read back from where it is kept has nothing to keep', async (t) => {
  const { database } = await createTestDatabase(t)
  const verdict = JSON.parse(JSON.stringify(judgePacketSignature(open(await signedText()), contextFor()))) as SignatureVerdict
  await createKeepEvidence({ database })([verdict])
  t.equal((await database.query('select from blob')).rowCount, 0)
})
