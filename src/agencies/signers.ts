/** The keys the gateway signs with: an agency has one, or several with the moments they begin. */
import { X509Certificate } from 'node:crypto'
import type { Vault } from '../access/secrets.ts'
import type { Db, Tx } from '../database/database.ts'
import { Refusal } from '../errors.ts'
import type { HttpClient } from '../http/client.ts'
import type { Log } from '../http/log.ts'
import type { Trust } from '../trust/judge.ts'
import { SignerAway } from '../trust/signers/away.ts'
import { openSigner, packKey, unpackKey, type KeySettings, type SignerKind } from '../trust/signers/open.ts'
import type { Padding, Signer } from '../trust/signers/signer.ts'
import { fingerprintOf } from '../trust/verdict.ts'
import { currentKey, signingKey, type KeyTerm } from './key-choice.ts'
import { createKeyWorth } from './key-worth.ts'
import { createSignerWatch } from './signer-watch.ts'

/** A key to be kept: what reaches it, and when it begins; at once where `from` is absent. */
export type NewKey = { agencyId: string, certificate: X509Certificate, settings: KeySettings, padding: Padding, from?: Date }

/**
 * Keeps an agency's key, what reaches it envelope-encrypted. The agency's other keys stay: the one that begins last signs. Said again, it
 * changes nothing but what is said otherwise, or is to begin at once and has not; a key that is retired stays so.
 */
export async function saveSigner (tx: Tx, vault: Vault, { agencyId, certificate, settings, padding, from }: NewKey, now: Date): Promise<void> {
  const fingerprint = Buffer.from(fingerprintOf(certificate), 'hex')
  const packed = packKey(settings)
  const { rows } = await tx.query<{ fingerprint: Buffer, sealedKey: Buffer, kind: SignerKind }>('select fingerprint, sealed_key as "sealedKey", kind from signer where agency_id = $1', [agencyId])
  const known = rows.find((row) => row.fingerprint.equals(fingerprint))
  const isSame = known?.kind === settings.kind && vault.holds(known.sealedKey, packed, keyContext(agencyId))
  await tx.query(
    `insert into signer as s (agency_id, fingerprint, sealed_key, kind, padding, active_from, added_at) values ($1, $2, $3, $4, $5, $6, $7)
     on conflict (agency_id, fingerprint) do update set sealed_key = excluded.sealed_key, kind = excluded.kind, padding = excluded.padding, active_from = ${BEGINS}
      where (s.sealed_key, s.kind, s.padding, s.active_from) is distinct from (excluded.sealed_key, excluded.kind, excluded.padding, ${BEGINS})`,
    // An agency's first key has always been its key; a later one takes over when it comes
    [agencyId, fingerprint, isSame ? known.sealedKey : vault.seal(packed, keyContext(agencyId)), settings.kind, padding, from ?? (rows.length > 0 ? now : null), now, from ?? null])
}

/** When a key that is kept already begins: at the date that is said now ($8), or else at once ($7), unless it has begun. */
const BEGINS = 'coalesce($8, case when s.active_from > $7 then $7 else s.active_from end)'

/** Once tx commits, the key signs nothing any more, for any agency. Gives whose it was, and whether each of them has another. */
export async function retireKey (tx: Tx, fingerprint: string, reason: 'compromised' | 'revoked', now: Date): Promise<{ agencies: string[], hasOtherKey: boolean }> {
  const bytes = Buffer.from(fingerprint, 'hex')
  await tx.query('update signer set retired_at = coalesce(retired_at, $2), retired_reason = $3 where fingerprint = $1', [bytes, now, reason])
  const { rows } = await tx.query<{ name: string, hasOther: boolean }>(
    `select a.name, exists (select from signer o where o.agency_id = s.agency_id and o.retired_at is null and (o.active_from is null or o.active_from <= $2)) as "hasOther"
       from signer s join agency a on a.id = s.agency_id where s.fingerprint = $1 order by a.name`, [bytes, now])
  return { agencies: rows.map(({ name }) => name), hasOtherKey: rows.every(({ hasOther }) => hasOther) }
}

/** What is told of a key to people: never what reaches it. */
export type KeyView = KeyTerm & { agencyId: string, agency: string, name: string, fingerprint: string, certificate: X509Certificate, kind: SignerKind, padding: Padding, retiredReason: string | null }

/** The keys of an agency by any of its codes, or of all agencies. */
export async function listKeys (db: Db, code?: string): Promise<KeyView[]> {
  const { rows } = await db.query<Omit<KeyView, 'certificate' | 'fingerprint'> & { der: Buffer }>(
    `select s.agency_id as "agencyId", (select min(c.code) from agency_code c where c.agency_id = s.agency_id) as agency, a.name, d.der, s.kind, s.padding,
            s.active_from as "activeFrom", s.added_at as "addedAt", s.retired_at as "retiredAt", s.retired_reason as "retiredReason"
       from signer s join agency a on a.id = s.agency_id join certificate d on d.fingerprint = s.fingerprint
      where $1::text is null or s.agency_id in (select agency_id from agency_code where code = $1)
      order by a.name, s.agency_id, s.active_from nulls first, s.added_at`,
    [code ?? null])
  return rows.map(({ der, ...row }) => {
    const certificate = new X509Certificate(der)
    return { ...row, certificate, fingerprint: fingerprintOf(certificate) }
  })
}

type Needs = { database: Db, vault: Vault, http: HttpClient, intermediates: readonly X509Certificate[] }

/** Opens a key that is kept. Rejects with SignerAway where it cannot be opened: that is ours to mend, and no document's fault. */
export function createOpenKey ({ database, vault, http, intermediates }: Needs) {
  return async function openKey (agencyId: string, fingerprint: string): Promise<Signer> {
    const { rows: [row] } = await database.query<{ der: Buffer, sealedKey: Buffer, kind: SignerKind, padding: Padding }>({
      name: 'open-key',
      text: `select c.der, s.sealed_key as "sealedKey", s.kind, s.padding from signer s join certificate c on c.fingerprint = s.fingerprint
              where s.agency_id = $1 and s.fingerprint = $2`,
      values: [agencyId, Buffer.from(fingerprint, 'hex')],
    })
    try {
      if (!row) throw new Refusal('SETUP_INVALID', { detail: 'no such key' })
      const certificate = new X509Certificate(row.der)
      const chain = intermediates.filter((candidate) => certificate.checkIssued(candidate))
      return openSigner(unpackKey(row.kind, vault.open(row.sealedKey, keyContext(agencyId))), { certificate, chain, padding: row.padding }, { http })
    } catch (error) {
      throw new SignerAway('KEY_UNREADABLE', { detail: error instanceof Refusal ? error.fault.detail : undefined })
    }
  }
}

export type Signers = ReturnType<typeof createSigners>

/** The keys as the gateway signs with them: picked by the time and by what is known of their revocation, opened once, watched. */
export function createSigners (needs: Needs & { trust: Trust, now: () => Date, log: Log }) {
  const { database, now } = needs
  const { worthOf, forget } = createKeyWorth(needs)
  const watch = createSignerWatch(needs)
  const openKey = createOpenKey(needs)
  const opened = new Map<string, Signer>()
  return {
    /** The signer of an agency at this moment, or null when the gateway has never had a key for it. Rejects with SignerAway when it cannot sign now. */
    async signerOf (agencyId: string): Promise<Signer | null> {
      const { rows } = await database.query<KeyTerm & { fingerprint: string, version: string }>({
        name: 'signer-of',
        text: `select encode(fingerprint, 'hex') as fingerprint, xmin::text as version, active_from as "activeFrom", added_at as "addedAt", retired_at as "retiredAt" from signer where agency_id = $1`,
        values: [agencyId],
      })
      if (rows.length === 0) return null
      const current = currentKey(rows, now())
      if (!current) return watch.tell(agencyId, NONE, new SignerAway('NO_KEY_NOW'))
      const worth = await worthOf(rows.map(({ fingerprint }) => fingerprint))
      const key = signingKey(rows, ({ fingerprint }) => worth.get(fingerprint)!, now())
      watch.refuseResting(agencyId, (key ?? current).fingerprint)
      if (!key) return watch.tell(agencyId, current.fingerprint, new SignerAway('KEY_REVOKED'))
      const name = `${agencyId}/${key.fingerprint}/${key.version}`
      let signer = opened.get(name)
      if (!signer) {
        try {
          signer = watch.watch(await openKey(agencyId, key.fingerprint), agencyId, key.fingerprint)
        } catch (error) {
          return error instanceof SignerAway ? watch.tell(agencyId, key.fingerprint, error) : Promise.reject(error)
        }
        opened.set(name, signer)
      }
      return signer
    },
    /** Whether the certificate that has signed a packet is known to be revoked by now: whoever gets the packet refuses it. */
    async isRevoked (signedBy: Buffer): Promise<boolean> {
      const fingerprint = signedBy.toString('hex')
      return (await worthOf([fingerprint])).get(fingerprint) === 'revoked'
    },
    /** News of revocation have come: they count for the next signature. */
    hear: forget,
    /** Every certificate the gateway signs with: examples among them keep a production gateway from starting. */
    async certificates (): Promise<X509Certificate[]> {
      const { rows } = await database.query<{ der: Buffer }>('select c.der from signer s join certificate c on c.fingerprint = s.fingerprint')
      return rows.map((row) => new X509Certificate(row.der))
    },
  }
}

/** Stands for the key that an agency does not have now. */
const NONE = 'none'

/** What the settings of a key are sealed for: they open for no other agency. */
const keyContext = (agencyId: string) => `signer/${agencyId}`
