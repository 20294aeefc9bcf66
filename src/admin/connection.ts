/** A connection as the set-up names it: read, and saved with its secrets sealed. */
import type { Vault } from '../access/secrets.ts'
import { clientCertificateContext, connectionContext, resumeConnection, type ClientCertificate } from '../axis/connections.ts'
import type { Tx } from '../database/database.ts'
import { Refusal } from '../errors.ts'
import { refuseExample } from '../trust/example.ts'
import { privateKeyFrom, readable } from '../trust/signers/key.ts'
import { certificatesFromPem } from '../trust/store.ts'
import type { Setup } from './setup.ts'

type ConnectionSetup = Setup['connections'][number]

/** Refuses a client certificate whose key is another's, one for a connection without TLS, and, where the gateway is real, one of the example PKI. */
export function checkClientCertificate ({ baseUrl, clientCertificate }: ConnectionSetup, isReal: boolean): void {
  if (clientCertificate === undefined) return
  if (!baseUrl.startsWith('https:')) throw new Refusal('SETUP_INVALID', { detail: 'a client certificate is shown over https only' })
  const key = privateKeyFrom(clientCertificate.keyPem)
  const [certificate, ...chain] = readable('certificate', () => certificatesFromPem(clientCertificate.certificatePem))
  if (!certificate?.checkPrivateKey(key)) throw new Refusal('SETUP_INVALID', { detail: 'the private key does not belong to the first certificate' })
  if (isReal) refuseExample({ stores: [], signers: [{ certificate, chain }] })
}

/** Saves a connection, and lets work go on over it if wrong credentials had paused it. What is the same as before is not sealed anew. */
export async function saveConnection (tx: Tx, vault: Vault, { id, protocol, baseUrl, systemId, secret, clientCertificate, policy }: ConnectionSetup, now: Date): Promise<void> {
  const { rows: [known] } = await tx.query<{ sealedSecret: Buffer, sealedCertificate: Buffer | null }>(
    'select sealed_secret as "sealedSecret", sealed_client_certificate as "sealedCertificate" from connection where id = $1', [id])
  const seal = (plain: Buffer, context: string, sealed: Buffer | null | undefined) => sealed && vault.holds(sealed, plain, context) ? sealed : vault.seal(plain, context)
  await tx.query(
    `insert into connection as c (id, protocol, base_url, system_id, sealed_secret, sealed_client_certificate, policy, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8)
     on conflict (id) do update set protocol = excluded.protocol, base_url = excluded.base_url, system_id = excluded.system_id,
                                    sealed_secret = excluded.sealed_secret, sealed_client_certificate = excluded.sealed_client_certificate, policy = excluded.policy
      where (c.protocol, c.base_url, c.system_id, c.sealed_secret, c.sealed_client_certificate, c.policy)
         is distinct from (excluded.protocol, excluded.base_url, excluded.system_id, excluded.sealed_secret, excluded.sealed_client_certificate, excluded.policy)`,
    [id, protocol, baseUrl, systemId, seal(Buffer.from(secret), connectionContext(id), known?.sealedSecret),
      clientCertificate ? seal(plainOf(clientCertificate), clientCertificateContext(id), known?.sealedCertificate) : null, JSON.stringify(policy), now])
  await resumeConnection(tx, id, now)
}

function plainOf ({ certificatePem, keyPem }: ClientCertificate): Buffer {
  return Buffer.from(JSON.stringify({ certificatePem, keyPem }))
}
