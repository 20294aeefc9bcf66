/** Answers kept for Idempotency-Key: the same key and request get the stored answer, the same key with another request is refused. */
import { createHash } from 'node:crypto'
import type { Db, Tx } from '../../database/database.ts'
import { Refusal } from '../../errors.ts'

/** A request as its key knows it. `hash` covers the operation and everything the caller sent, whatever the transfer looked like. */
export type KeyedRequest = { systemId: string, key: string, hash: Buffer }

/** Thrown out of the transaction when the same request was answered meanwhile: nothing of this one stays. */
export class AnsweredMeanwhile extends Error {
  override readonly name = 'AnsweredMeanwhile'
}

/** SHA-256 over parts that cannot run into each other. */
export function hashRequest (...parts: (string | Uint8Array)[]): Buffer {
  const hash = createHash('sha256')
  for (const part of parts) {
    const bytes = typeof part === 'string' ? Buffer.from(part) : part
    hash.update(`${bytes.length}:`).update(bytes)
  }
  return hash.digest()
}

/** The answer this request got before, or null. */
export async function findAnswer<Answer> (db: Db, request: KeyedRequest): Promise<Answer | null> {
  const { rows: [row] } = await db.query<{ hash: Buffer, answer: Answer }>({
    name: 'find-answer',
    text: 'select request_hash as hash, answer from idempotency where system_id = $1 and key = $2',
    values: [request.systemId, request.key],
  })
  if (!row) return null
  if (!row.hash.equals(request.hash)) throw new Refusal('IDEMPOTENCY_KEY_REUSED', { field: 'Idempotency-Key' })
  return row.answer
}

/** Keeps the answer with what the request changed. Waits for a transaction that is about to keep one for the same key. */
export async function keepAnswer (tx: Tx, request: KeyedRequest, answer: object, now: Date): Promise<void> {
  const { rowCount } = await tx.query({
    name: 'keep-answer',
    text: `insert into idempotency (system_id, key, request_hash, answer, created_at) values ($1, $2, $3, $4, $5) on conflict do nothing`,
    values: [request.systemId, request.key, request.hash, JSON.stringify(answer), now],
  })
  if (rowCount === 0) throw new AnsweredMeanwhile()
}

/** Runs `work` once for a keyed request, and gives the stored answer to every other time it comes. */
export async function once<Answer extends object> (db: Db, request: KeyedRequest | null, work: () => Promise<Answer>): Promise<{ answer: Answer, isReplay: boolean }> {
  if (!request) return { answer: await work(), isReplay: false }
  const earlier = await findAnswer<Answer>(db, request)
  if (earlier) return { answer: earlier, isReplay: true }
  try {
    return { answer: await work(), isReplay: false }
  } catch (error) {
    // Also what this one is refused for may be what the other has just done.
    const answer = error instanceof AnsweredMeanwhile || error instanceof Refusal ? await findAnswer<Answer>(db, request) : null
    if (!answer) throw error
    return { answer, isReplay: true }
  }
}
