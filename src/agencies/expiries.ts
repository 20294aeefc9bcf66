import { X509Certificate } from 'node:crypto'
import { clearAlarm, openAlarms, raiseAlarm, type AlarmLog } from '../alarms/alarms.ts'
import type { Database, Db } from '../database/database.ts'
import type { TrustFolder, TrustStore } from '../trust/store.ts'
import { alarmsOf, calendarOf, EXPIRY_ALARM, type CertificateUse, type Expiry, type Relied } from './expiry.ts'

type Needs = { database: Database, trusted: Pick<TrustFolder, 'domains' | 'timeStamping' | 'tls'>, log: AlarmLog, now: () => Date }

export type Expiries = ReturnType<typeof createExpiries>

/** The calendar of every certificate that the gateway needs, and the alarms that follow from it. */
export function createExpiries ({ database, trusted, log, now }: Needs) {
  const pinned = reliedOn(trusted)
  return {
    /** Everything that expires, the next first. */
    async calendar (): Promise<Expiry[]> {
      return calendarOf([...await findRelied(database), ...pinned], now())
    },

    /** Once this returns, exactly the alarms that are due are open: whatever was replaced, ended or has become more urgent is cleared. */
    async watch (): Promise<void> {
      const at = now()
      const due = alarmsOf([...await findRelied(database), ...pinned], at)
      const isDue = new Set(due.map(({ kind, subject }) => `${kind} ${subject}`))
      const open = await openAlarms(database)
      for (const { kind, subject } of open) if (kind.startsWith(EXPIRY_ALARM) && !isDue.has(`${kind} ${subject}`)) await clearAlarm(database, log, { at, kind, subject })
      for (const alarm of due) await raiseAlarm(database, log, { at, ...alarm })
    },
  }
}

/** The keys we sign with, and the certificates that partners sign with: those whose link has an end of its own are on their way out already. */
async function findRelied (db: Db): Promise<Relied[]> {
  const { rows } = await db.query<{ use: 'own' | 'partner', whose: string, der: Buffer }>(
    `with newest as (select distinct on (fingerprint, agency_id) fingerprint, agency_id, valid_to from certificate_link order by fingerprint, agency_id, id desc),
          relied as (
            select 'own' as use, fingerprint, agency_id from signer
            union all select 'partner', n.fingerprint, n.agency_id from newest n
             where n.valid_to is null and not exists (select from signer s where s.fingerprint = n.fingerprint and s.agency_id = n.agency_id)
          )
     select r.use, (select max(code) from agency_code where agency_id = r.agency_id) as whose, c.der from relied r join certificate c on c.fingerprint = r.fingerprint`)
  return rows.map(({ use, whose, der }) => ({ use, whose, certificate: new X509Certificate(der) }))
}

function reliedOn ({ domains, timeStamping, tls }: Needs['trusted']): Relied[] {
  const all = (store: TrustStore | null, anchor: CertificateUse, intermediate: CertificateUse): Relied[] => store === null ? [] : [
    ...store.anchors.map((certificate): Relied => ({ use: anchor, whose: store.label, certificate })),
    ...store.intermediates.map((certificate): Relied => ({ use: intermediate, whose: store.label, certificate })),
  ]
  return [...domains.flatMap((domain) => all(domain, 'anchor', 'intermediate')), ...all(timeStamping, 'time-stamping', 'time-stamping'), ...all(tls, 'tls', 'tls')]
}
