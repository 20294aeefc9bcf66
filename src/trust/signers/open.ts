/** Every kind of signer: how it is kept, and how it is opened. */
import type { HttpClient } from '../../http/client.ts'
import { privateKeyFrom, signerFromKey } from './key.ts'
import type { Pkcs11Settings } from './pkcs11-token.ts'
import { signerFromPkcs11 } from './pkcs11.ts'
import { signerFromPkcs12 } from './pkcs12.ts'
import { signerFromRemote, type RemoteSettings } from './remote.ts'
import type { Signer, SignerIdentity } from './signer.ts'

/** What reaches a key: kept sealed, since each holds a secret. */
export type KeySettings =
  | { kind: 'pem', keyPem: string }
  | { kind: 'pkcs12', pkcs12Base64: string, password: string }
  | { kind: 'pkcs11' } & Pkcs11Settings
  | { kind: 'remote' } & RemoteSettings

export type SignerKind = KeySettings['kind']

/** The octets to be sealed: for PEM the text itself, for the others their settings as JSON. */
export function packKey ({ kind, ...settings }: KeySettings): Buffer {
  return Buffer.from(kind === 'pem' ? (settings as { keyPem: string }).keyPem : JSON.stringify(settings))
}

/** The settings in unsealed octets. */
export function unpackKey (kind: SignerKind, bytes: Buffer): KeySettings {
  return kind === 'pem' ? { kind, keyPem: bytes.toString() } : { kind, ...JSON.parse(bytes.toString()) as object } as KeySettings
}

/** A signer in the name of this certificate. Throws SETUP_INVALID if a key that is held here does not belong to it; other keys are asked when they sign. */
export function openSigner (settings: KeySettings, identity: SignerIdentity, needs: { http: HttpClient }): Signer {
  const certificates = [identity.certificate, ...identity.chain]
  switch (settings.kind) {
    case 'pem': return signerFromKey(privateKeyFrom(settings.keyPem), certificates, identity.padding)
    case 'pkcs12': {
      const signer = signerFromPkcs12({ bytes: Buffer.from(settings.pkcs12Base64, 'base64'), password: settings.password, ...(identity.padding && { padding: identity.padding }) })
      return { ...signer, chain: signer.chain.length > 0 ? signer.chain : identity.chain }
    }
    case 'pkcs11': return signerFromPkcs11(settings, identity)
    case 'remote': return signerFromRemote(settings, identity, needs)
  }
}
