/** Keys that this process holds itself: node:crypto signs with them. */
import { createPrivateKey, sign, type KeyObject, type X509Certificate } from 'node:crypto'

import { Refusal } from '../../errors.ts'
import { createSigner, optionsFor, type Padding, type Signer } from './signer.ts'

/** A signer from a private key and a pile of certificates, its own among them. Throws SETUP_INVALID if it belongs to none. */
export function signerFromKey (key: KeyObject, certificates: readonly X509Certificate[], padding: Padding = 'pkcs1'): Signer {
  const certificate = certificates.find((candidate) => candidate.checkPrivateKey(key))
  if (certificate === undefined) throw new Refusal('SETUP_INVALID', { detail: 'the private key belongs to none of the certificates' })
  // With a callback the work is done on the thread pool: an RSA-3072 signature takes 3 ms
  return createSigner({ certificate, chain: certificates.filter((other) => other !== certificate), padding }, (data, { algorithm, digest }) => new Promise((resolve, reject) => {
    sign(digest, data, { key, ...optionsFor(algorithm) }, (error, signature) => error === null ? resolve(signature) : reject(error))
  }))
}

/** A private key, unencrypted. */
export function privateKeyFrom (key: Parameters<typeof createPrivateKey>[0]): KeyObject {
  return readable('private key', () => createPrivateKey(key))
}

/** What `read` gives, or SETUP_INVALID. The cause stays out of the message: what a library says of a key file may quote it. */
export function readable<T> (what: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof Refusal) throw error
    throw new Refusal('SETUP_INVALID', { detail: `the ${what} cannot be read` })
  }
}
