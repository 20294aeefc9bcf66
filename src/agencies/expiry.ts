/** When certificates expire, and when a person must hear of it: 60, 30, 7 and 1 days ahead. */
import type { X509Certificate } from 'node:crypto'
import { detailsOf, fingerprintOf, type CertificateDetails } from '../trust/verdict.ts'

/** What the gateway needs it for: to sign; to believe a partner; to believe whom it signed; to believe a time; to believe a server, or be believed by it. */
export type CertificateUse = 'own' | 'partner' | 'anchor' | 'intermediate' | 'time-stamping' | 'tls'

/** A certificate that somebody relies on. `whose` is an agency's code, or a label. */
export type Relied = { use: CertificateUse, whose: string, certificate: X509Certificate }

/** How far ahead a person hears of it, in days. */
const WARNINGS = [60, 30, 7, 1] as const
export type Warning = typeof WARNINGS[number]

/** One entry of the calendar. `warning` is the alarm that is due: the last one stays until the certificate is replaced or ended. */
export type Expiry = { use: CertificateUse, whose: string, certificate: CertificateDetails, daysLeft: number, warning: Warning | null }

const DAY = 24 * 3600 * 1000

/** The calendar, the next to expire first; a certificate needed for several things is named for each. */
export function calendarOf (relied: readonly Relied[], now: Date): Expiry[] {
  return relied
    .toSorted((one, other) => one.certificate.validToDate.getTime() - other.certificate.validToDate.getTime())
    .map(({ use, whose, certificate }) => {
      const daysLeft = Math.floor((certificate.validToDate.getTime() - now.getTime()) / DAY)
      return { use, whose, certificate: detailsOf(certificate), daysLeft, warning: warningFor(certificate.validToDate, now) }
    })
}

/** The most urgent warning whose time has come, or null. */
export function warningFor (notAfter: Date, now: Date): Warning | null {
  const left = notAfter.getTime() - now.getTime()
  return WARNINGS.findLast((days) => left <= days * DAY) ?? null
}

/** An alarm that must be open: one for each certificate and warning. */
export type ExpiryAlarm = { kind: string, subject: string, vi: string, en: string }

/** Every alarm about an expiry has a kind that begins so. */
export const EXPIRY_ALARM = 'certificate.expiry.'

/** The alarms that must be open now; any other of their kind is over. */
export function alarmsOf (relied: readonly Relied[], now: Date): ExpiryAlarm[] {
  return [...Map.groupBy(relied, ({ certificate }) => fingerprintOf(certificate)).values()].flatMap((uses) => {
    const { certificate } = uses[0]!
    const warning = warningFor(certificate.validToDate, now)
    if (warning === null) return []
    const { subject, fingerprint, notAfter } = detailsOf(certificate)
    const isOver = certificate.validToDate <= now
    const [vi, en] = [0, 1].map((language) => [...new Set(uses.map(({ use, whose }) => `${USES[use][language as 0 | 1]} ${whose}`))].join('; '))
    return [{
      kind: `${EXPIRY_ALARM}${warning}`, subject: fingerprint,
      vi: `${URGENCY[warning][0]}: chứng thư số ${subject} (${vi}) ${isOver ? 'đã hết hạn' : 'hết hạn'} ${notAfter}, SHA-256 ${fingerprint}`,
      en: `${URGENCY[warning][1]}: the certificate ${subject} (${en}) ${isOver ? 'has expired' : 'expires'} ${notAfter}, SHA-256 ${fingerprint}`,
    }]
  })
}

const USES: Record<CertificateUse, readonly [vi: string, en: string]> = {
  own: ['ký cho cơ quan', 'signs for the agency'],
  partner: ['của cơ quan', 'of the agency'],
  anchor: ['chứng thư gốc', 'root of'],
  intermediate: ['CA trung gian', 'CA below'],
  'time-stamping': ['cấp dấu thời gian', 'time-stamping:'],
  tls: ['TLS', 'TLS:'],
}

const URGENCY: Record<Warning, readonly [vi: string, en: string]> = {
  60: ['Trong 60 ngày', 'Within 60 days'],
  30: ['Trong 30 ngày, hãy xin cấp mới', 'Within 30 days, ask for the next one'],
  7: ['KHẨN, trong 7 ngày', 'URGENT, within 7 days'],
  1: ['HỎA TỐC, trong 1 ngày hoặc đã hết hạn', 'NOW, within a day or expired'],
}
