/** What a person must hear of: kept until it is cleared, and logged when it starts and when it ends. */
import type { Db } from '../database/database.ts'
import type { Log } from '../http/log.ts'

/** Where alarms are logged. */
export type AlarmLog = Pick<Log, 'info' | 'error'>

/** For a command, which tells its caller itself what it did. */
export const NO_LOG: AlarmLog = { info: () => {}, error: () => {} }

/** `kind` says what is wrong (`connection.credentials`), `subject` with what (the connection's id). No document content; where the text names a file, the log is told without its name (`logged`). */
export type NewAlarm = { at: Date, kind: string, subject: string, vi: string, en: string, logged?: string }

export type Alarm = Omit<NewAlarm, 'logged'> & { id: string }

/** Once this returns, one alarm of this kind is open for this subject. Gives true when it is new; only then it is logged. */
export async function raiseAlarm (db: Db, log: AlarmLog, { at, kind, subject, vi, en, logged = en }: NewAlarm): Promise<boolean> {
  const { rowCount } = await db.query(
    `insert into alarm (at, kind, subject, text_vi, text_en) values ($1, $2, $3, $4, $5)
     on conflict (kind, subject) where cleared_at is null do nothing`,
    [at, kind, subject, vi, en])
  if (rowCount === 0) return false
  log.error({ alarm: kind, subject }, logged)
  return true
}

/** Once this returns, no alarm of this kind is open for this subject. Gives true when one was. */
export async function clearAlarm (db: Db, log: AlarmLog, { at, kind, subject }: { at: Date, kind: string, subject: string }): Promise<boolean> {
  const { rowCount } = await db.query('update alarm set cleared_at = $3 where kind = $1 and subject = $2 and cleared_at is null', [kind, subject, at])
  if (rowCount === 0) return false
  log.info({ alarm: kind, subject }, 'alarm cleared')
  return true
}

/** The alarms that are open, oldest first. */
export async function openAlarms (db: Db): Promise<Alarm[]> {
  const { rows } = await db.query<Alarm>('select id, at, kind, subject, text_vi as vi, text_en as en from alarm where cleared_at is null order by at, id')
  return rows
}
