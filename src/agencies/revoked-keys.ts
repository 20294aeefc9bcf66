/** Own keys whose certificate its CA has revoked: what they sign is refused by whoever looks, so a person has to act. */
import { clearAlarm, raiseAlarm, type AlarmLog } from '../alarms/alarms.ts'
import type { Db } from '../database/database.ts'
import type { RevokedCertificate } from '../trust/revocation/revocation.ts'

const KIND = 'signer.revoked'

/** Passes on what turns out revoked; of our own keys among it an alarm tells, with the command that shows what they have signed. */
export function createTellOwnKeys ({ database, log, now }: { database: Db, log: AlarmLog, now: () => Date }) {
  return async function * tellOwnKeys (revoked: AsyncIterable<RevokedCertificate>): AsyncGenerator<RevokedCertificate> {
    for await (const one of revoked) {
      const { rows } = await database.query<{ name: string }>(
        'select a.name from signer s join agency a on a.id = s.agency_id where s.fingerprint = $1 and s.retired_at is null order by a.name', [Buffer.from(one.fingerprint, 'hex')])
      if (rows.length > 0) {
        const names = rows.map(({ name }) => name).join(', ')
        const since = one.since.toISOString()
        const command = `lienthong certificates compromised ${one.fingerprint} --since ${since} --revoked ${since}`
        await raiseAlarm(database, log, {
          at: now(), kind: KIND, subject: one.fingerprint,
          vi: `Chứng thư số mà gateway dùng để ký cho ${names} đã bị thu hồi từ ${since}. Ngừng dùng và xem đã ký những gì: ${command}`,
          en: `The certificate that the gateway signs with for ${names} is revoked since ${since}. To retire it and see what it signed: ${command}`,
        })
      }
      yield one
    }
  }
}

/** Once this returns, no alarm asks for this key to be retired: it is. */
export async function clearRevokedKey (db: Db, log: AlarmLog, fingerprint: string, at: Date): Promise<void> {
  await clearAlarm(db, log, { at, kind: KIND, subject: fingerprint })
}
