/** Whose word on revocation is looked at: the CAs that trust starts from, and those that were seen below them. */
import { X509Certificate } from 'node:crypto'
import type { Db } from '../../database/database.ts'
import { contentIfReadable } from '../asn1/certificate.ts'
import type { TrustStore } from '../store.ts'
import { issuersNamed } from './store.ts'
import type { Authorities } from './take-in.ts'

/** Every CA of these stores. */
export function authoritiesIn (stores: readonly TrustStore[]): X509Certificate[] {
  return stores.flatMap(({ anchors, intermediates }) => [...anchors, ...intermediates])
}

/** Every CA of a name, of these stores and of what was seen. */
export function authoritiesOf (db: Db, stores: readonly TrustStore[]): Authorities {
  const pinned = authoritiesIn(stores)
  return async (name) => {
    const seen = await issuersNamed(db, name)
    return [...pinned.filter((authority) => contentIfReadable(authority)?.subject === name), ...seen.map((der) => new X509Certificate(der))]
  }
}
