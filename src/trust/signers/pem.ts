/** Keys as plain PEM text: for examples and tests only, since whoever reads the file can sign. */
import { certificatesFromPem } from '../store.ts'
import { privateKeyFrom, readable, signerFromKey } from './key.ts'
import type { Padding, Signer } from './signer.ts'

/** A signer from an unencrypted private key and its certificate, both PEM; CA certificates may follow. Throws SETUP_INVALID if they do not belong together. */
export function signerFromPem ({ key, certificates, padding }: { key: string, certificates: string, padding?: Padding }): Signer {
  return signerFromKey(privateKeyFrom(key), readable('certificate', () => certificatesFromPem(certificates)), padding)
}
