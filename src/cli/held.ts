import { parseArgs } from 'node:util'
import { NO_LOG } from '../alarms/alarms.ts'
import type { Database } from '../database/database.ts'
import { Refusal } from '../errors.ts'
import { briefly } from '../evidence/words.ts'
import { createHeld, type Held, type HeldItem } from '../inbound/held.ts'
import type { RecheckState } from '../inbound/recheck-store.ts'
import { createReport } from '../lifecycle/report.ts'
import { createDispatchStatus } from '../outbound/outbound.ts'
import { openQueue } from '../queue/queue.ts'
import { withDatabase } from './database.ts'
import { minute } from './dates.ts'

const HELD_USAGE = `lienthong held COMMAND

  list                         documents that wait for a person, since a PDF of theirs is unsigned, invalid or undecided
  list --refused               those that were refused for that, by the policy or by a person, and when
  release ID                   let it into the mailbox of its agency, with its mark
  refuse ID --reason TEXT      refuse it: status 02 goes back to its sender with the reason
`

const PAGE = 100
const BY = { name: 'lienthong held', keyId: 'lienthong held' }

type Given = { id: string, reason: string, refused: boolean }

type Command = (held: Held, given: Given) => Promise<readonly string[]>

const COMMANDS: Readonly<Record<string, Command>> = {
  async list (held, { refused }) {
    const state = refused ? 'refused' : 'held'
    const lines: string[] = []
    for (let after: string | null = '0'; after !== null;) {
      const page: Awaited<ReturnType<Held['list']>> = await held.list({ state, after, limit: PAGE })
      lines.push(...page.items.flatMap((item) => [...linesOf(item), ...refused ? [refusedBy(item)] : []]))
      after = page.next
    }
    return lines.length > 0 ? lines : [refused ? 'Không có văn bản nào bị từ chối · Nothing is refused' : 'Không có văn bản nào đang giữ lại · Nothing is held']
  },

  async release (held, { id }) {
    await held.release(id, BY)
    return ['Đã cho vào hộp đến · It is in the mailbox now']
  },

  async refuse (held, { id, reason }) {
    await held.refuse(id, reason, BY)
    return ['Đã từ chối; trạng thái 02 sẽ được gửi về · It is refused; status 02 goes back']
  },
}

/** `lienthong held …`: a person's decision on what was held for its PDFs, from a shell. Gives the exit code. */
export async function held (args: string[]): Promise<number> {
  const { values: { reason = '', refused = false }, positionals: [name = '', id = ''] } = parseArgs({ args, options: { reason: { type: 'string' }, refused: { type: 'boolean' } }, allowPositionals: true })
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (command === undefined) {
    console.error(HELD_USAGE)
    return 2
  }
  if (name !== 'list' && !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) throw new Refusal('HELD_NOT_FOUND', { detail: 'its id is what list shows' })
  for (const line of await withDatabase((database) => onDatabase(database, (held) => command(held, { id, reason, refused })))) console.log(line)
  return 0
}

async function onDatabase<Result> (database: Database, work: (held: Held) => Promise<Result>): Promise<Result> {
  await using queue = await openQueue({ database, onError: () => {} })
  const now = () => new Date()
  const report = createReport({ dispatchStatus: createDispatchStatus(queue), now })
  return await work(createHeld({
    database, now, log: NO_LOG, onReported: () => {}, // a gateway finds the wake-up in the database
    reportRefusedBy: (tx, handOverId, description, reportedBy) => report(tx, { handOverId, code: '02', description, reportedBy, automatic: false }),
  }))
}

/** What has become known of the signers' revocation since it came. */
const SINCE: Readonly<Record<RecheckState, string>> = {
  waiting: 'chưa biết chứng thư số của người ký có bị thu hồi hay không · it is not known yet whether its signers are revoked',
  unanswered: 'chưa biết chứng thư số của người ký có bị thu hồi hay không · it is not known yet whether its signers are revoked',
  good: 'nay đã biết: không chứng thư số nào của người ký bị thu hồi · known by now: none of its signers is revoked',
  revoked: 'NAY ĐÃ BIẾT: chứng thư số của người ký đã bị thu hồi · KNOWN BY NOW: a signer is revoked',
}

function refusedBy ({ createdAt, decidedAt, decidedBy }: HeldItem): string {
  return decidedAt === null ? `  bị từ chối theo chính sách · refused by the policy: ${minute(createdAt)}` : `  bị từ chối bởi · refused by ${decidedBy}: ${minute(decidedAt)}`
}

/** By BussinessDocType. */
const LATER = ['văn bản khác cùng mã · another document under the same id', 'THU HỒI · A RECALL', 'cập nhật · an update', 'thay thế · a replacement']

function linesOf ({ id, agencyCode, createdAt, senderCode, number, notation, promulgatedOn, subject, reason: { files }, recheck, later }: HeldItem): string[] {
  return [
    `${id}  ${minute(createdAt)}  ${senderCode} → ${agencyCode}  ${number}/${notation}${promulgatedOn === null ? '' : ` (${promulgatedOn})`}  ${subject}`,
    ...files.flatMap(({ number, name, reasons }) => [`  ${number}  ${name}`, ...reasons.map((reason) => `     ${briefly(reason)}`)]),
    ...recheck ? [`  ${SINCE[recheck.state]}`] : [],
    ...later.map(({ bussinessDocType, createdAt }) => `  đến sau · came later: ${minute(new Date(createdAt))}  ${LATER[bussinessDocType]}`),
  ]
}
