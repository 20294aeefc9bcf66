/** Which certificate speaks for which agency, and the keys the gateway signs with. */
import { X509Certificate } from 'node:crypto'
import type { Vault } from '../access/secrets.ts'
import type { Db, Tx } from '../database/database.ts'
import { signerFromPem, type Signer } from '../trust/signers/signer.ts'
import { fingerprintOf } from '../trust/verdict.ts'

/** Records that this certificate speaks for the agency. The subject of an official certificate names no code (trust.md 1.2). */
export async function linkCertificate (tx: Tx, certificate: X509Certificate, agencyId: string): Promise<void> {
  const fingerprint = Buffer.from(fingerprintOf(certificate), 'hex')
  await tx.query('insert into certificate (fingerprint, der) values ($1, $2) on conflict do nothing', [fingerprint, certificate.raw])
  await tx.query('insert into certificate_agency (fingerprint, agency_id) values ($1, $2) on conflict do nothing', [fingerprint, agencyId])
}

/** Fingerprints (hex) of the certificates that speak for the agency with this code. Empty when the registry knows none. */
export async function certificatesOf (db: Db, code: string): Promise<Set<string>> {
  const { rows } = await db.query<{ fingerprint: Buffer }>({
    name: 'certificates-of',
    text: `select ca.fingerprint from agency_code c join certificate_agency ca on ca.agency_id = c.agency_id where c.code = $1`,
    values: [code],
  })
  return new Set(rows.map((row) => row.fingerprint.toString('hex')))
}

/** Keeps an agency's signing key, envelope-encrypted, together with its certificate. Replaces an earlier one; the same stays as it is. */
export async function saveSigner (tx: Tx, vault: Vault, agencyId: string, keyPem: string, certificate: X509Certificate): Promise<void> {
  await linkCertificate(tx, certificate, agencyId)
  const { rows: [known] } = await tx.query<{ sealedKey: Buffer }>('select sealed_key as "sealedKey" from signer where agency_id = $1 and fingerprint = $2', [agencyId, Buffer.from(fingerprintOf(certificate), 'hex')])
  if (known && vault.holds(known.sealedKey, Buffer.from(keyPem), keyContext(agencyId))) return
  await tx.query(
    `insert into signer (agency_id, fingerprint, sealed_key) values ($1, $2, $3)
     on conflict (agency_id) do update set fingerprint = excluded.fingerprint, sealed_key = excluded.sealed_key`,
    [agencyId, Buffer.from(fingerprintOf(certificate), 'hex'), vault.seal(Buffer.from(keyPem), keyContext(agencyId))])
}

export type Signers = ReturnType<typeof createSigners>

/** The gateway's signing keys, opened once and kept while their certificate stays the same. */
export function createSigners ({ database, vault, intermediates }: { database: Db, vault: Vault, intermediates: readonly X509Certificate[] }) {
  const opened = new Map<string, Signer>()
  return {
    /** The signer of an agency, or null when the gateway holds no key for it. */
    async signerOf (agencyId: string): Promise<Signer | null> {
      const { rows: [row] } = await database.query<{ fingerprint: Buffer, der: Buffer, sealedKey: Buffer }>({
        name: 'signer-of',
        text: `select s.fingerprint, c.der, s.sealed_key as "sealedKey"
                 from signer s join certificate c on c.fingerprint = s.fingerprint where s.agency_id = $1`,
        values: [agencyId],
      })
      if (!row) return null
      const key = `${agencyId}:${row.fingerprint.toString('hex')}`
      let signer = opened.get(key)
      if (!signer) {
        const leaf = new X509Certificate(row.der)
        const issuers = intermediates.filter((candidate) => leaf.checkIssued(candidate))
        signer = signerFromPem({
          key: vault.open(row.sealedKey, keyContext(agencyId)).toString(),
          certificates: [leaf, ...issuers].map((certificate) => certificate.toString()).join('\n'),
        })
        opened.set(key, signer)
      }
      return signer
    },
    /** Every certificate the gateway signs with: examples among them keep a production gateway from starting. */
    async certificates (): Promise<X509Certificate[]> {
      const { rows } = await database.query<{ der: Buffer }>('select c.der from signer s join certificate c on c.fingerprint = s.fingerprint')
      return rows.map((row) => new X509Certificate(row.der))
    },
  }
}

const keyContext = (agencyId: string) => `signer/${agencyId}`
