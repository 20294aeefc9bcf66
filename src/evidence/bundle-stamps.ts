/** What a time-stamping authority proved of a judgement, written so that `openssl ts` and a few lines of any program can check it. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Db } from '../database/database.ts'
import { hashOfVerdict, stampedText } from '../trust/time/stamp.ts'
import { evidenceOf } from '../trust/time/stamped.ts'
import type { Verdict } from '../trust/verdict.ts'

/** A verdict, and the SHA-256 of the packet or the file that it is on. */
export type Stamped = { verdict: Verdict, of: Buffer | null }

/** A stamped verdict: the canonical JSON of it and of its packet's SHA-256, whose own SHA-256 stands in a Merkle tree (RFC 9162) under `root`, which the token is over. */
export type WrittenStamp = { verdict: string, hash: string, index: number, size: number, path: string[], root: string, token: string, genTime: Date }

/**
 * Writes `stamps/`: each token (DER), each verdict that one is about as the very octets that were hashed, and `stamps.json`, which joins them.
 * Writes nothing where nothing is stamped yet.
 */
export async function writeStamps (database: Db, { subject, stamped: items, folder }: { subject: string, stamped: readonly Stamped[], folder: string }): Promise<WrittenStamp[]> {
  const byHash = new Map(items.map((item) => [hashOfVerdict(item.verdict, item.of).toString('hex'), item]))
  const stamped = (await evidenceOf(database, { kind: 'verdict', subject })).flatMap(({ hash, evidence }) => {
    const item = byHash.get(hash.toString('hex'))
    return evidence && item ? [{ ...evidence, ...item }] : []
  })
  if (stamped.length === 0) return []
  await mkdir(join(folder, 'stamps'))
  const written: WrittenStamp[] = []
  for (const { hash, proof, root, token, genTime, verdict, of } of stamped) {
    const names = { verdict: `${hash.toString('hex')}.json`, token: `${root.toString('hex')}.tst` }
    await writeFile(join(folder, 'stamps', names.verdict), stampedText(verdict, of))
    await writeFile(join(folder, 'stamps', names.token), token)
    written.push({ ...names, hash: hash.toString('hex'), index: proof.index, size: proof.size, path: proof.path.map((node) => node.toString('hex')), root: root.toString('hex'), genTime })
  }
  await writeFile(join(folder, 'stamps', 'stamps.json'), `${JSON.stringify(written, null, 2)}\n`)
  return written
}
