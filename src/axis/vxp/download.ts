/** A packet that comes as a raw stream has no envelope: what is no packet is told by its status, its first bytes, or its end. */
import { BrokenAnswer, type HttpFailure, type HttpStream } from '../../http/client.ts'
import type { Failure, Fetched } from '../connection.ts'
import { judgeStatus, lost, refusal } from './answers.ts'
import { readReply } from './wire.ts'

export type Streaming = { kind: 'streaming', body: AsyncIterable<Buffer> }

/** Looks at the first bytes, then hands the stream on. */
export async function openDownload ({ status, body }: HttpStream): Promise<Streaming | Failure> {
  const chunks = body[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined>
  let failure = judgeStatus('downloadEdoc', status)
  try {
    const first = await chunks.next()
    const head = first.value ?? Buffer.alloc(0)
    if (!failure && status < 300 && looksLikePacket(head)) return { kind: 'streaming', body: handOn(head, chunks, body) }
    failure ??= judgeHead(head, status)
  } catch (error) {
    failure ??= downloadFailed(failureOf(error))
  }
  body.destroy()
  return failure
}

/** The whole packet in memory. */
export async function collect ({ body }: Streaming): Promise<Fetched | Failure> {
  try {
    return { kind: 'fetched', bytes: Buffer.concat(await Array.fromAsync(body)) }
  } catch (error) {
    return downloadFailed(failureOf(error))
  }
}

/** Too large is for good; whatever else breaks a download may be over next time. */
export function downloadFailed ({ kind, reason }: HttpFailure): Failure {
  return kind === 'oversize' ? { kind: 'refused', code: 'TOO_LARGE', reason } : lost('downloadEdoc', reason)
}

function failureOf (error: unknown): HttpFailure {
  if (error instanceof BrokenAnswer) return error.failure
  throw error
}

/** Neither JSON nor a web page nor nothing. What else may stand before a packet's declaration is the reader's to refuse. */
function looksLikePacket (head: Buffer): boolean {
  const start = startOf(head)
  return start !== '' && !/^(?:\{|<!doctype html|<html)/i.test(start)
}

function judgeHead (head: Buffer, status: number): Failure {
  const reply = readReply(head)
  if (reply.kind === 'fail') return refusal('downloadEdoc', reply)
  return lost('downloadEdoc', reply.kind === 'ok' ? 'an answer without a packet' : `HTTP ${status}: ${reply.reason}`)
}

const startOf = (head: Buffer) => head.subarray(0, 200).toString().replace(/^\uFEFF/, '').trimStart()

async function * handOn (head: Buffer, chunks: AsyncIterator<Buffer, undefined>, body: HttpStream['body']): AsyncIterable<Buffer> {
  try {
    yield head
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value
  } finally {
    body.destroy() // a reader who leaves early gives the connection back
  }
}
