/** The load: a system that submits packets over HTTP with keep-alive, and an eye on the recipient's mailbox. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Database } from '../../src/database/database.ts'
import { createHttpClient, type HttpClient } from '../../src/http/client.ts'
import type { MailboxEntry } from '../../src/inbound/mailbox.ts'
import type { Prepared } from './packets.ts'
import { POLL_SECONDS, type World } from './world.ts'

/** A recipient who has got nothing new for this long will get nothing more. */
const GIVE_UP_MS = 30_000

/** `acceptMs`: of each packet; the others from the first packet's submission to the last one's 202 and to its hand-over. */
export type Load = { acceptMs: number[], allAcceptedMs: number, handedOverMs: number }

/** Submits the packets, so many at once, and returns when the last is in the mailbox, or nothing more comes. */
export async function runLoad (world: World, url: string, packets: readonly Prepared[], concurrency: number): Promise<Load> {
  const mailbox = await watchMailbox(world.database)
  await using client = createHttpClient({ connections: concurrency })
  const acceptMs: number[] = []
  const waiting = packets.values()
  const began = performance.now()
  const submitting = Promise.all(Array.from({ length: concurrency }, async () => {
    for (const packet of waiting) acceptMs.push(await submit(client, url, world.keys.sender, packet))
  })).then(() => performance.now())
  const [acceptedAt, handedOverAt] = await Promise.all([submitting, mailbox.until(packets.length, 20)])
  return { acceptMs, allAcceptedMs: acceptedAt - began, handedOverMs: handedOverAt - began }
}

/** One packet at a time. `steps` are the gateway's own times for them, in ms. */
export type Idle = { acceptMs: number[], handedOverMs: number[], steps: Step[] }

/** Submits each packet when the one before is in the mailbox and the gateway has been idle for a while. */
export async function runIdle (world: World, url: string, packets: readonly Prepared[]): Promise<Idle> {
  const mailbox = await watchMailbox(world.database)
  await using client = createHttpClient({ connections: 1 })
  const idle: Idle = { acceptMs: [], handedOverMs: [], steps: [] }
  for (const [index, packet] of packets.entries()) {
    await pause(Math.random() * POLL_SECONDS * 2000) // not in step with the polling
    const began = performance.now()
    idle.acceptMs.push(await submit(client, url, world.keys.sender, packet))
    idle.handedOverMs.push(await mailbox.until(index + 1, 1) - began)
    if (performance.now() > began + GIVE_UP_MS) break // this one is missing, and the count at the end will say so
  }
  idle.steps = await stepsOf(world.database, packets)
  return idle
}

async function submit (client: HttpClient, url: string, key: string, { documentId, bytes }: Prepared): Promise<number> {
  const began = performance.now()
  const answer = await client.request({
    method: 'POST',
    url: new URL('/v1/documents', url),
    headers: [['authorization', `Bearer ${key}`], ['content-type', 'application/xml'], ['idempotency-key', documentId]],
    body: bytes,
  })
  if (answer.kind !== 'answered') throw new Error(`${documentId}: ${answer.reason}`)
  if (answer.status !== 202) throw new Error(`${documentId}: ${answer.status} ${answer.body}`)
  return performance.now() - began
}

/** Looks into the database and not through the gateway, which would have to work for it. */
async function watchMailbox (database: Database) {
  const look = async (after: string) => (await database.query<{ count: number, last: string }>(
    'select count(*)::int as count, coalesce(max(sequence), $1) as last from hand_over where sequence > $1', [after])).rows[0]!
  let { last } = await look('0')
  let seen = 0
  return {
    /** The moment at which `wanted` hand-overs since the beginning are seen, or the last of fewer. */
    async until (wanted: number, everyMs: number): Promise<number> {
      let at = performance.now()
      for (;;) {
        const found = await look(last)
        if (found.count > 0) at = performance.now()
        seen += found.count
        last = found.last
        if (seen >= wanted || performance.now() > at + GIVE_UP_MS) return at
        await pause(everyMs)
      }
    },
  }
}

/** Moments in a document's life: taken in, sealed and signed, taken by the axis, fetched from it, judged and put into the mailbox. */
type Step = { accepted: Date, signed: Date, sent: Date, fetched: Date, judged: Date }

async function stepsOf (database: Database, packets: readonly Prepared[]): Promise<Step[]> {
  const { rows } = await database.query<Step>(`
    select d.submitted_at as accepted, t.started_at as signed, t.ended_at as sent, a.fetched_at as fetched, a.judged_at as judged
      from document d join dispatch s on s.document_id = d.id join attempt t on t.dispatch_id = s.id
      join arrival a on a.kind = 'document' and a.document_id = d.document_id
     where d.document_id = any($1)`, [packets.map(({ documentId }) => documentId)])
  return rows
}

/** How often each document stands in the recipient's mailbox, as the recipient sees it. */
export async function readMailbox (url: string, key: string): Promise<Map<string, number>> {
  const found = new Map<string, number>()
  for (let after: string | null = '0'; after !== null;) {
    const answer: Response = await fetch(`${url}/v1/mailbox?state=all&limit=500&after=${after}`, { headers: { authorization: `Bearer ${key}` } })
    if (!answer.ok) throw new Error(`the mailbox cannot be read: ${answer.status} ${await answer.text()}`)
    const { items, next } = await answer.json() as { items: MailboxEntry[], next: string | null }
    for (const { documentId } of items) found.set(documentId, (found.get(documentId) ?? 0) + 1)
    after = next
  }
  return found
}
