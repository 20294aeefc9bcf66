/** What a time-stamping authority proved of a judgement, written so that `openssl ts` and a few lines of any program can check it. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Db } from '../database/database.ts'
import { hashOfVerdict, stampedText } from '../trust/time/stamp.ts'
import { evidenceOf } from '../trust/time/stamped.ts'
import type { SignatureVerdict } from '../trust/verdict.ts'

/** A stamped verdict: the canonical JSON of it and of its packet's SHA-256, whose own SHA-256 stands in a Merkle tree (RFC 9162) under `root`, which the token is over. */
export type WrittenStamp = { verdict: string, hash: string, index: number, size: number, path: string[], root: string, token: string, genTime: Date }

/**
 * Writes `stamps/`: each token (DER), each verdict that one is about as the very octets that were hashed, and `stamps.json`, which joins them.
 * Writes nothing where nothing is stamped yet.
 */
export async function writeStamps (database: Db, { subject, packet, verdicts, folder }: { subject: string, packet: Buffer | null, verdicts: readonly SignatureVerdict[], folder: string }): Promise<WrittenStamp[]> {
  const byHash = new Map(verdicts.map((verdict) => [hashOfVerdict(verdict, packet).toString('hex'), verdict]))
  const stamped = (await evidenceOf(database, { kind: 'verdict', subject })).flatMap(({ hash, evidence }) => {
    const verdict = byHash.get(hash.toString('hex'))
    return evidence && verdict ? [{ ...evidence, verdict }] : []
  })
  if (stamped.length === 0) return []
  await mkdir(join(folder, 'stamps'))
  const written: WrittenStamp[] = []
  for (const { hash, proof, root, token, genTime, verdict } of stamped) {
    const names = { verdict: `${hash.toString('hex')}.json`, token: `${root.toString('hex')}.tst` }
    await writeFile(join(folder, 'stamps', names.verdict), stampedText(verdict, packet))
    await writeFile(join(folder, 'stamps', names.token), token)
    written.push({ ...names, hash: hash.toString('hex'), index: proof.index, size: proof.size, path: proof.path.map((node) => node.toString('hex')), root: root.toString('hex'), genTime })
  }
  await writeFile(join(folder, 'stamps', 'stamps.json'), `${JSON.stringify(written, null, 2)}\n`)
  return written
}
