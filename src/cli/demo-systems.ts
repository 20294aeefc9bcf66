/** The two agencies' document management systems, as the demo plays them: REST clients with a key each. */
import type { MailboxEntry, MailboxItem } from '../inbound/mailbox.ts'
import type { DocumentView } from '../outbound/view.ts'
import type { Problem } from '../errors.ts'
import { inWords } from './refusal.ts'

/** JSON has no dates: what the API calls one is text here. */
type Json<Value> = Value extends Date ? string : Value extends (infer Item)[] ? Json<Item>[] : Value extends object ? { [Key in keyof Value]: Json<Value[Key]> } : Value

export type SystemClient = ReturnType<typeof createSystemClient>

/** Thrown when the gateway refuses: for the demo, the end. */
export class Refused extends Error {
  readonly problem: Problem
  constructor (problem: Problem) {
    super(inWords(problem))
    this.problem = problem
  }
}

/** A system that goes on asking while the gateway is being started again. */
export function createSystemClient (url: string, key: string) {
  async function ask (path: string, init: RequestInit = {}): Promise<Response> {
    for (;;) {
      const answer = await fetch(`${url}/v1${path}`, { ...init, headers: { ...init.headers as Record<string, string>, authorization: `Bearer ${key}` } }).catch(() => null)
      if (answer?.ok) return answer
      if (answer && answer.status < 500) throw new Refused(await answer.json() as Problem)
      await new Promise((resolve) => { setTimeout(resolve, 200) })
    }
  }
  const json = async <Answer>(path: string, init?: RequestInit) => await (await ask(path, init)).json() as Json<Answer>
  const post = <Answer>(path: string, body?: object, idempotencyKey?: string) => json<Answer>(path, {
    method: 'POST',
    ...body && { body: JSON.stringify(body) },
    headers: { ...body && { 'content-type': 'application/json' }, ...idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey } },
  })

  return {
    /** Sends a packet; safe to repeat, since the key is the same. */
    submit: (packet: Uint8Array, idempotencyKey: string) => json<{ id: string, documentId: string }>('/documents', {
      method: 'POST', body: packet as Uint8Array<ArrayBuffer>, headers: { 'content-type': 'application/xml', 'idempotency-key': idempotencyKey },
    }),
    document: (id: string) => json<DocumentView>(`/documents/${id}`),
    /** Every page of it. */
    async mailbox (state: 'waiting' | 'all') {
      const items: Json<MailboxEntry>[] = []
      for (let after: string | null = '0'; after !== null;) {
        const page: Json<{ items: MailboxEntry[], next: string | null }> = await json(`/mailbox?state=${state}&limit=500&after=${after}`)
        items.push(...page.items)
        after = page.next
      }
      return items
    },
    item: (id: string) => json<MailboxItem>(`/mailbox/${id}`),
    attachment: async (id: string, number: number) => Buffer.from(await (await ask(`/mailbox/${id}/attachments/${number}`)).arrayBuffer()),
    acknowledge: (id: string) => post<object>(`/mailbox/${id}/ack`),
    report: (id: string, code: string, description: string) => post<object>(`/mailbox/${id}/statuses`, { code, description }, `demo-${id}-${code}`),
  }
}
