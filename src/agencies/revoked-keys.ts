/** Own keys whose certificate its CA has revoked: what they sign is refused by whoever looks, so a person has to act. */
import { clearAlarm, raiseAlarm, type AlarmLog } from '../alarms/alarms.ts'
import type { Db } from '../database/database.ts'
import type { RevokedCertificate } from '../trust/revocation/revocation.ts'

const KIND = 'signer.revoked'

type Needs = { database: Db, log: AlarmLog, now: () => Date }

/** Passes on what turns out revoked, or revoked since another date; of our own keys among it an alarm tells. */
export function createTellOwnKeys ({ database, log, now }: Needs) {
  return async function * tellOwnKeys (revoked: AsyncIterable<RevokedCertificate>): AsyncGenerator<RevokedCertificate> {
    for await (const one of revoked) {
      await clearRevokedKey(database, log, one.fingerprint, now()) // it may name another date
      await tellRevokedKey(database, log, one, now())
      yield one
    }
  }
}

/** Once this returns, an alarm tells of this certificate, if a key of ours that is not retired has it, with the command that shows what it has signed. */
export async function tellRevokedKey (db: Db, log: AlarmLog, { fingerprint, since }: { fingerprint: string, since: Date }, at: Date): Promise<void> {
  const { rows } = await db.query<{ name: string }>(
    'select a.name from signer s join agency a on a.id = s.agency_id where s.fingerprint = $1 and s.retired_at is null order by a.name', [Buffer.from(fingerprint, 'hex')])
  if (rows.length === 0) return
  const names = rows.map(({ name }) => name).join(', ')
  const date = since.toISOString()
  const command = `lienthong certificates compromised ${fingerprint} --since ${date} --revoked ${date}`
  await raiseAlarm(db, log, {
    at, kind: KIND, subject: fingerprint,
    vi: `Chứng thư số của khóa mà gateway dùng để ký cho ${names} đã bị thu hồi hoặc tạm dừng từ ${date}; gateway không ký bằng khóa này. Nếu không dùng lại nữa, ngừng hẳn và xem đã ký những gì: ${command}`,
    en: `The certificate that the gateway signs with for ${names} is revoked or suspended since ${date}, and its key does not sign. If it will not come back, retire it for good and see what it signed: ${command}`,
  })
}

/** Once this returns, no alarm asks for this key to be retired: it is. */
export async function clearRevokedKey (db: Db, log: AlarmLog, fingerprint: string, at: Date): Promise<void> {
  await clearAlarm(db, log, { at, kind: KIND, subject: fingerprint })
}
