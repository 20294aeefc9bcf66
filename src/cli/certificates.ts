import { basename } from 'node:path'
import { parseArgs } from 'node:util'
import { createVault } from '../access/secrets.ts'
import { createCertificateChanges, type Actor } from '../admin/certificate-changes.ts'
import { findAgencyNames, listLinks } from '../agencies/change-store.ts'
import { createExpiries } from '../agencies/expiries.ts'
import { momentIn } from '../agencies/mapping.ts'
import { MOST } from '../agencies/upload.ts'
import { NO_LOG } from '../alarms/alarms.ts'
import { clientCertificatesOf } from '../axis/connections.ts'
import type { Config } from '../config.ts'
import type { Database } from '../database/database.ts'
import { Refusal } from '../errors.ts'
import { readFileUpTo } from '../evidence/files.ts'
import { differences, expiryCalendar, registry } from './certificate-words.ts'
import { withDatabase } from './database.ts'
import { compromisedCommand, testCommand, type Outcome } from './keys.ts'
import { loadTrustOf, readTrustOf } from './trust.ts'

const CERTIFICATES_USAGE = `lienthong certificates COMMAND

  list [--agency CODE] [--history]             which certificate speaks for which agency; --history: and ever did
  upload FILE... [--mapping FILE] [--overlap-until DATE] [--note TEXT]
                                               read PEM, DER, P7B or ZIP files, and show what they would change; nothing is changed yet
  approve ID                                   carry out what upload has shown
  rollback ID                                  take back exactly this change
  expiries                                     when every certificate expires
  test [AGENCY] [--json]                       sign a sample with the present and the next key, and judge it; exit code 1 if one would fail
  compromised FINGERPRINT --since DATE [--revoked DATE] [--json]
                                               retire a key for good, and list what it signed since; of a certificate that is no key of the
                                               gateway's, list what was accepted on its word since; with what to do about each
`

const OPTIONS = {
  agency: { type: 'string' }, history: { type: 'boolean', default: false }, mapping: { type: 'string' }, 'overlap-until': { type: 'string' }, note: { type: 'string' },
  since: { type: 'string' }, revoked: { type: 'string' }, json: { type: 'boolean', default: false },
} as const

type Options = ReturnType<typeof parseArgs<{ options: typeof OPTIONS, allowPositionals: true }>>['values']
type Command = (database: Database, config: Config, rest: string[], options: Options) => Promise<readonly string[] | Outcome>

const ACTOR: Actor = { name: 'lienthong certificates' }

const COMMANDS: Readonly<Record<string, Command>> = {
  async list (database, _config, _rest, { agency: code, history }) {
    const agency = code === undefined ? null : (await findAgencyNames(database, [code])).get(code)
    if (agency === undefined) throw new Refusal('RECIPIENT_UNKNOWN', { field: '--agency' })
    const links = await listLinks(database, { agencyId: agency?.id ?? null, history })
    return registry(links)
  },

  async upload (database, config, files, options) {
    const change = await (await changesOf(database, config)).propose({
      files: await Promise.all(files.map(async (file) => ({ name: basename(file), bytes: await readFileUpTo(file, MOST.bytes) }))),
      ...(options.mapping !== undefined && { mapping: (await readFileUpTo(options.mapping, MOST.bytes)).toString('utf8') }),
      ...(options.note !== undefined && { note: options.note }),
      ...(options['overlap-until'] !== undefined && { overlapUntil: dateOf(options['overlap-until']) }),
    }, ACTOR)
    return [...differences(change), `Xem rồi duyệt · Look, then approve: lienthong certificates approve ${change.id}`]
  },

  async approve (database, config, [id]) {
    const { change } = await (await changesOf(database, config)).approve(changeId(id), ACTOR)
    return [...differences(change), `Đã thực hiện; hoàn tác bằng · It is done; to take it back: lienthong certificates rollback ${change.id}`]
  },

  async rollback (database, config, [id]) {
    await (await changesOf(database, config)).rollBack(changeId(id), ACTOR)
    return ['Đã hoàn tác · It is taken back']
  },

  async expiries (database, config) {
    const calendar = await createExpiries({ database, trusted: loadTrustOf(config), clientCertificates: () => clientCertificatesOf(database, createVault(config.masterKey)), log: NO_LOG, now: () => new Date() }).calendar()
    return expiryCalendar(calendar)
  },

  test: testCommand,

  compromised: compromisedCommand,
}

/** `lienthong certificates …`: the registry of certificates from a shell, as the administrator's API does it. Gives the exit code. */
export async function certificates (args: string[]): Promise<number> {
  const { values, positionals: [name = '', ...rest] } = parseArgs({ args, options: OPTIONS, allowPositionals: true })
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (command === undefined) {
    console.error(CERTIFICATES_USAGE)
    return 2
  }
  const outcome = await withDatabase((database, config) => command(database, config, rest, values))
  const { lines, exitCode } = 'lines' in outcome ? outcome : { lines: outcome, exitCode: 0 }
  for (const line of lines) console.log(line)
  return exitCode
}

async function changesOf (database: Database, config: Config) {
  return createCertificateChanges({ database, trust: await readTrustOf(database, loadTrustOf(config)), log: NO_LOG, now: () => new Date() })
}

function changeId (id: string | undefined): string {
  if (id === undefined || !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) throw new Refusal('CERTIFICATE_CHANGE_NOT_FOUND', { detail: 'its id is what upload has shown' })
  return id
}

function dateOf (text: string): Date {
  const moment = momentIn(text)
  if (Number.isNaN(moment.getTime())) throw new Refusal('REQUEST_INVALID', { field: '--overlap-until', detail: 'a date, as 2026-12-31' })
  return moment
}
