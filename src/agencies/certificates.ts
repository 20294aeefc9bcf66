/** Which certificate speaks for which agency, since when and until when. */
import { X509Certificate } from 'node:crypto'
import type { Db, Tx } from '../database/database.ts'
import type { PdfVerdict } from '../pdf/verdict.ts'
import type { NotSpeaking, SpeaksFor } from '../signing/xmldsig.ts'
import { fingerprintOf } from '../trust/verdict.ts'

/** Who said so, and when. */
export type Approval = { approvedBy: string, approvedAt: Date }

/**
 * Records, for the set-up, that this certificate speaks for the agency: its subject names no code (trust.md 1.2). What the registry has said of
 * the two before stands, unless it was taken back. Gives true when the link is new.
 */
export async function linkCertificate (tx: Tx, certificate: X509Certificate, agencyId: string, { approvedBy, approvedAt }: Approval): Promise<boolean> {
  await keepCertificates(tx, [certificate])
  await lockLinks(tx)
  const { rowCount } = await tx.query(
    `insert into certificate_link (fingerprint, agency_id, source, approved_by, approved_at)
     select $1, $2, 'setup', $3, $4
      where not exists (select from (select valid_from, valid_to from certificate_link where fingerprint = $1 and agency_id = $2 order by id desc limit 1) newest
                         where (valid_from = valid_to) is not true)`,
    [bytesOf(certificate), agencyId, approvedBy, approvedAt])
  return rowCount === 1
}

/** Keeps certificates by their fingerprint; that alone says nothing of whom they speak for. */
export async function keepCertificates (tx: Tx, certificates: readonly X509Certificate[]): Promise<void> {
  await tx.query('insert into certificate (fingerprint, der) select * from unnest($1::bytea[], $2::bytea[]) on conflict do nothing', [certificates.map(bytesOf), certificates.map(({ raw }) => raw)])
}

/** Those of these certificates that are kept. */
export async function readCertificates (db: Db, fingerprints: readonly string[]): Promise<X509Certificate[]> {
  const { rows } = await db.query<{ der: Buffer }>('select der from certificate where fingerprint = any($1)', [fingerprints.map((fingerprint) => Buffer.from(fingerprint, 'hex'))])
  return rows.map(({ der }) => new X509Certificate(der))
}

/** Once this returns, nobody else changes links until tx ends: the newest one counts. */
export async function lockLinks (tx: Tx): Promise<void> {
  await tx.query(`select pg_advisory_xact_lock(hashtext('certificate_link'))`)
}

/** Fingerprints (lower-case hex) of every certificate that was ever linked to the agency with this code, and whether it speaks for it at that moment. */
export async function certificatesOf (db: Db, code: string, at: Date): Promise<Map<string, true | NotSpeaking>> {
  const { rows } = await db.query<Link>({
    name: 'certificates-of',
    text: `select distinct on (l.fingerprint) l.fingerprint, l.valid_from as "validFrom", l.valid_to as "validTo"
             from agency_code c join certificate_link l on l.agency_id = c.agency_id where c.code = $1 order by l.fingerprint, l.id desc`,
    values: [code],
  })
  return new Map(rows.map((link) => [link.fingerprint.toString('hex'), standingOf(link, at)]))
}

/**
 * Judges with what the registry says of the agency's certificates at that moment. When it is asked about another one that is registered for
 * somebody else, it judges again, so that the verdict says so.
 */
export async function judgeBySpeakers<Judged> (db: Db, { code, at }: { code: string, at: Date }, judge: (speaksFor: SpeaksFor) => Judged | Promise<Judged>): Promise<Judged> {
  const speakers = await certificatesOf(db, code, at)
  const strangers: string[] = []
  const judged = await judge((fingerprint) => {
    const speaks = speakers.get(fingerprint) ?? 'unknown'
    if (speaks === 'unknown') strangers.push(fingerprint)
    return speaks
  })
  if (strangers.length === 0) return judged
  const { rows } = await db.query<{ fingerprint: Buffer }>('select distinct fingerprint from certificate_link where fingerprint = any($1)', [strangers.map((fingerprint) => Buffer.from(fingerprint, 'hex'))])
  const others = new Set(rows.map(({ fingerprint }) => fingerprint.toString('hex')))
  return others.size === 0 ? judged : judge((fingerprint) => speakers.get(fingerprint) ?? (others.has(fingerprint) ? 'other agency' : 'unknown'))
}

/**
 * Says of each signature inside these PDFs whether its certificate speaks for the agency at that moment. A leader signs with a certificate of
 * their own: that the registry does not know it takes nothing from the signature.
 */
export async function sayWhoSpeaks (db: Db, { code, at }: { code: string, at: Date }, verdicts: readonly (PdfVerdict | null)[]): Promise<(PdfVerdict | null)[]> {
  if (!verdicts.some((verdict) => verdict && verdict.signatures.length > 0)) return [...verdicts]
  const speakers = await certificatesOf(db, code, at)
  return verdicts.map((verdict) => verdict && {
    ...verdict,
    signatures: verdict.signatures.map((signature) => signature.kind === 'document-time-stamp' || !signature.signer
      ? signature
      : { ...signature, speaksForSender: speakers.get(signature.signer.fingerprint) === true }),
  })
}

type Link = { fingerprint: Buffer, validFrom: Date | null, validTo: Date | null }

/** Without dates of its own a link lasts as long as the certificate, which the path check looks after. One that was taken back never was. */
function standingOf ({ validFrom, validTo }: Link, at: Date): true | NotSpeaking {
  if (validFrom !== null && validFrom.getTime() === validTo?.getTime()) return 'unknown'
  if (validFrom !== null && at < validFrom) return 'not begun'
  return validTo !== null && at >= validTo ? 'ended' : true
}

function bytesOf (certificate: X509Certificate): Buffer {
  return Buffer.from(fingerprintOf(certificate), 'hex')
}
