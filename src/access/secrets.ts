/**
 * Envelope encryption of the secrets that must be read again: each is sealed with a data key of its own, and the data
 * key with the master key, so that a new master key only has to seal the data keys anew.
 *
 *   1 version | 8 id of the master key | 12 nonce | 32 data key, sealed | 16 tag | 12 nonce | secret, sealed | 16 tag
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

/** `context` says what the secret is and whose (`connection/national`): sealed for one, it opens for no other. */
export type Vault = {
  seal (plain: Uint8Array, context: string): Buffer
  /** Throws when the secret was sealed with another master key, for another context, or was changed. */
  open (sealed: Uint8Array, context: string): Buffer
  /** Whether `sealed` opens, and is this secret: then it need not be sealed again. */
  holds (sealed: Uint8Array, plain: Uint8Array, context: string): boolean
}

const VERSION = 1
const NONCE = 12
const TAG = 16
const KEY = 32
const HEADER = 1 + 8
const WRAPPED = NONCE + KEY + TAG

/** Makes a vault from a master key of 32 random bytes. */
export function createVault (masterKey: Buffer): Vault {
  if (masterKey.length !== KEY) throw new Error('a master key has 32 bytes')
  const wrappingKey = derive(masterKey, 'lienthong vault: data keys', KEY)
  const header = Buffer.concat([Buffer.of(VERSION), derive(masterKey, 'lienthong vault: key id', 8)])
  const bound = (context: string) => Buffer.concat([header, Buffer.from(context)])

  function open (sealed: Uint8Array, context: string): Buffer {
    const bytes = Buffer.from(sealed)
    if (!bytes.subarray(0, HEADER).equals(header)) throw new Error('this secret was sealed with another master key')
    const dataKey = decrypt(wrappingKey, bytes.subarray(HEADER, HEADER + WRAPPED), bound(context))
    return decrypt(dataKey, bytes.subarray(HEADER + WRAPPED), bound(context))
  }

  return {
    seal (plain, context) {
      const dataKey = randomBytes(KEY)
      return Buffer.concat([header, encrypt(wrappingKey, dataKey, bound(context)), encrypt(dataKey, plain, bound(context))])
    },
    open,
    holds (sealed, plain, context) {
      try {
        return open(sealed, context).equals(plain)
      } catch {
        return false
      }
    },
  }
}

/** The master key itself encrypts nothing, and its id does not help to find it. */
function derive (masterKey: Buffer, purpose: string, length: number): Buffer {
  return Buffer.from(hkdfSync('sha256', masterKey, '', purpose, length))
}

function encrypt (key: Buffer, plain: Uint8Array, bound: Buffer): Buffer {
  const nonce = randomBytes(NONCE)
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG }).setAAD(bound)
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

function decrypt (key: Buffer, sealed: Buffer, bound: Buffer): Buffer {
  if (sealed.length < NONCE + TAG) throw new Error('this sealed secret is cut short')
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE), { authTagLength: TAG }).setAAD(bound)
  decipher.setAuthTag(sealed.subarray(-TAG))
  return Buffer.concat([decipher.update(sealed.subarray(NONCE, -TAG)), decipher.final()])
}
