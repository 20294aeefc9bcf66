import { X509Certificate } from 'node:crypto'
import { clearAlarm, openAlarms, raiseAlarm, type AlarmLog } from '../alarms/alarms.ts'
import type { Database, Db } from '../database/database.ts'
import { readToken } from '../trust/time/read.ts'
import { certificatesFromPem, type TrustFolder, type TrustStore } from '../trust/store.ts'
import { alarmsOf, calendarOf, EXPIRY_ALARM, type CertificateUse, type Expiry, type Relied } from './expiry.ts'
import { standingOf, type KeyTerm } from './key-choice.ts'

type Needs = {
  database: Database, trusted: Pick<TrustFolder, 'domains' | 'timeStamping' | 'tls'>, log: AlarmLog, now: () => Date
  /** What connections show to an axis that asks for a certificate over TLS, PEM, its own first. */
  clientCertificates: () => Promise<{ id: string, certificatePem: string }[]>
}

/** The calendar of every certificate that the gateway needs, and the alarms that follow from it. */
export function createExpiries ({ database, trusted, clientCertificates, log, now }: Needs) {
  const pinned = reliedOn(trusted)
  return {
    /** Everything that expires, the next first. */
    async calendar (): Promise<Expiry[]> {
      return calendarOf(await everything(), now())
    },

    /** Once this returns, exactly the alarms that are due are open: whatever was replaced, ended or has become more urgent is cleared. */
    async watch (): Promise<void> {
      const at = now()
      const due = alarmsOf(await everything(), at)
      const isDue = new Set(due.map(({ kind, subject }) => `${kind} ${subject}`))
      const open = await openAlarms(database)
      for (const { kind, subject } of open) if (kind.startsWith(EXPIRY_ALARM) && !isDue.has(`${kind} ${subject}`)) await clearAlarm(database, log, { at, kind, subject })
      for (const alarm of due) await raiseAlarm(database, log, { at, ...alarm })
    },
  }

  async function everything (): Promise<Relied[]> {
    const shown = (await clientCertificates()).map(({ id, certificatePem }): Relied => ({ use: 'tls', whose: id, certificate: certificatesFromPem(certificatePem)[0]! }))
    return [...await findRelied(database, now()), ...await findStampers(database), ...shown, ...pinned]
  }
}

/** The keys we sign with, now and next, and the certificates that partners sign with: those whose link has an end of its own are on their way out already. */
async function findRelied (db: Db, now: Date): Promise<Relied[]> {
  const { rows: keys } = await db.query<KeyTerm & { agencyId: string, whose: string, der: Buffer }>(
    `select s.agency_id as "agencyId", (select max(code) from agency_code where agency_id = s.agency_id) as whose, c.der,
            s.active_from as "activeFrom", s.added_at as "addedAt", s.retired_at as "retiredAt"
       from signer s join certificate c on c.fingerprint = s.fingerprint`)
  const { rows: partners } = await db.query<{ whose: string, der: Buffer }>(
    `select (select max(code) from agency_code where agency_id = l.agency_id) as whose, c.der
       from (select distinct on (fingerprint, agency_id) fingerprint, agency_id, valid_to from certificate_link order by fingerprint, agency_id, id desc) l
       join certificate c on c.fingerprint = l.fingerprint
      where l.valid_to is null and not exists (select from signer s where s.fingerprint = l.fingerprint and s.agency_id = l.agency_id)`)
  const ofAgency = Map.groupBy(keys, ({ agencyId }) => agencyId)
  return [
    ...keys.filter((key) => ['current', 'next'].includes(standingOf(key, ofAgency.get(key.agencyId)!, now))).map((key): Relied => ({ use: 'own', whose: key.whose, certificate: new X509Certificate(key.der) })),
    ...partners.map(({ whose, der }): Relied => ({ use: 'partner', whose, certificate: new X509Certificate(der) })),
  ]
}

/** Whoever signed the last time-stamp: an authority goes on to the next certificate by itself, but its CA may have to be pinned for it. */
async function findStampers (db: Db): Promise<Relied[]> {
  const { rows: [last] } = await db.query<{ token: Buffer }>('select token from stamp_token order by batch_id desc limit 1')
  return (last ? readToken(last.token).certificates : []).filter(({ ca }) => !ca).map((certificate): Relied => ({ use: 'time-stamping', whose: 'authority', certificate }))
}

function reliedOn ({ domains, timeStamping, tls }: Needs['trusted']): Relied[] {
  const all = (store: TrustStore | null, anchor: CertificateUse, intermediate: CertificateUse): Relied[] => store === null ? [] : [
    ...store.anchors.map((certificate): Relied => ({ use: anchor, whose: store.label, certificate })),
    ...store.intermediates.map((certificate): Relied => ({ use: intermediate, whose: store.label, certificate })),
  ]
  return [...domains.flatMap((domain) => all(domain, 'anchor', 'intermediate')), ...all(timeStamping, 'time-stamping', 'time-stamping'), ...all(tls, 'tls', 'tls')]
}
