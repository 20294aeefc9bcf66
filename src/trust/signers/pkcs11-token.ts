/**
 * Signing on tokens, by PKCS#11 v2.40. A session is kept for each key and opened anew after its token was away.
 * A PIN that was wrong is never tried again, and a last try is left to people: tokens lock themselves. A login is the whole token's: while one
 * lasts, the token would take any PIN, so only the PIN it was made with counts. PINs are remembered as hashes.
 */
import { createHash, createHmac, randomBytes } from 'node:crypto'
import type * as Pkcs11 from 'pkcs11js'

import type { AwayCode } from './away.ts'
import { SIGNATURE_ALGORITHM, type Scheme } from './signer.ts'

/** Where a key is: the module's file, the token by its label or slot, the key by its label or its id (hex). */
export type Pkcs11Settings = {
  module: string
  token: { label: string } | { slot: number }
  key: { label: string } | { id: string }
  pin: string
}

export type SignRequest = Scheme & { settings: Pkcs11Settings, data: Uint8Array }
export type SignAnswer = { signature: Uint8Array } | Fault

type Fault = { away: AwayCode, detail?: string }

type Handle = Pkcs11.Handle
type Session = { handle: Handle, slot: Handle, key: Handle, mechanisms: readonly number[], pin: string }

/** Why it cannot sign, where that is clearer than the module's own code. */
class Away extends Error {
  readonly code: AwayCode

  constructor (code: AwayCode) {
    super(code)
    this.code = code
  }
}

// RFC 8017, 9.2, note 1: DigestInfo of SHA-256 up to the digest
const SHA256_INFO = Buffer.from('3031300d060960864801650304020105000420', 'hex')
/** The state of our sessions while nobody is logged in; pkcs11js does not name it. */
const CKS_RO_PUBLIC_SESSION = 0
/** What a token that was away says until it is asked from the beginning; the rest stays as it is. */
const WORTH_ANOTHER_TRY: ReadonlySet<AwayCode> = new Set(['TOKEN_ABSENT', 'TOKEN_FAULT'])
/** Larger than an RSA-4096 signature. */
const LARGEST_SIGNATURE = 1024

export type Tokens = ReturnType<typeof createTokens>

/** The tokens of one module. `pkcs11js` is given in, since it is optional. */
export function createTokens (pkcs11js: typeof Pkcs11, module: string) {
  const sessions = new Map<string, Session>()
  const wrongPins = new Set<string>()
  const hashKey = randomBytes(32)
  const hashOf = (pin: string) => createHmac('sha256', hashKey).update(pin).digest('hex')
  let api: Pkcs11.PKCS11 | undefined

  return {
    /** Signs, after opening what is not open. Never throws: what the module says comes back as its code, without a word of what it was given. */
    sign (request: SignRequest): SignAnswer {
      const name = JSON.stringify([request.settings.token, request.settings.key])
      // Another PIN is set up: once every key of the token has left the old one, the token logs out, and the new one is tried
      if (sessions.has(name) && sessions.get(name)?.pin !== hashOf(request.settings.pin)) close(name)
      const ways: (() => Session)[] = [
        ...sessions.has(name) ? [() => sessions.get(name)!] : [],
        () => open(request.settings), // the token may have been away and be back
        () => { finalise(); return open(request.settings) }, // some modules see which tokens there are only when they are initialised
      ]
      let fault: Fault = { away: 'TOKEN_FAULT' }
      for (const way of ways) {
        try {
          const session = way()
          sessions.set(name, session)
          return { signature: signIn(session, request) }
        } catch (error) {
          close(name)
          fault = awayFrom(error)
          if (!WORTH_ANOTHER_TRY.has(fault.away)) break
        }
      }
      return fault
    },
  }

  function open ({ token, key, pin }: Pkcs11Settings): Session {
    const loaded = initialise()
    const slot = slotOf(loaded, token)
    const hash = hashOf(pin)
    const pinName = JSON.stringify([token, hash])
    if (wrongPins.has(pinName) || [...sessions.values()].some((session) => session.slot.equals(slot) && session.pin !== hash && isLoggedIn(loaded, session))) throw new Away('PIN_WRONG')
    const { flags } = loaded.C_GetTokenInfo(slot)
    if ((flags & (pkcs11js.CKF_USER_PIN_FINAL_TRY | pkcs11js.CKF_USER_PIN_LOCKED)) !== 0) throw new Away('PIN_LAST_TRY')
    const mechanisms = loaded.C_GetMechanismList(slot)
    const handle = loaded.C_OpenSession(slot, pkcs11js.CKF_SERIAL_SESSION)
    try {
      logIn(loaded, handle, pin, pinName)
      return { handle, slot, key: keyOf(loaded, handle, key), mechanisms, pin: hash }
    } catch (error) {
      quietly(() => loaded.C_CloseSession(handle))
      throw error
    }
  }

  function initialise (): Pkcs11.PKCS11 {
    if (api) return api
    const loading = new pkcs11js.PKCS11()
    try {
      loading.load(module)
    } catch {
      throw new Away('MODULE_ABSENT')
    }
    try {
      loading.C_Initialize({ flags: pkcs11js.CKF_OS_LOCKING_OK })
    } catch (error) {
      if (codeOf(error) !== 'CKR_CRYPTOKI_ALREADY_INITIALIZED') throw error
    }
    return api = loading
  }

  function slotOf (loaded: Pkcs11.PKCS11, token: Pkcs11Settings['token']): Handle {
    const slots = loaded.C_GetSlotList(true)
    const found = 'slot' in token
      ? slots.filter((slot) => slotNumber(slot) === token.slot)
      : slots.filter((slot) => labelOf(loaded, slot) === token.label)
    if (found[0] === undefined || found.length > 1) throw new Away('TOKEN_ABSENT')
    return found[0]
  }

  function logIn (loaded: Pkcs11.PKCS11, handle: Handle, pin: string, pinName: string): void {
    try {
      loaded.C_Login(handle, pkcs11js.CKU_USER, pin)
    } catch (error) {
      const code = codeOf(error)
      if (code === 'CKR_USER_ALREADY_LOGGED_IN') return // by another key's session, with the same PIN
      if (code.startsWith('CKR_PIN_')) {
        wrongPins.add(pinName)
        throw new Away(code === 'CKR_PIN_LOCKED' ? 'PIN_LAST_TRY' : 'PIN_WRONG')
      }
      throw error
    }
  }

  /** False where the token was away meanwhile: its sessions ended then. */
  function isLoggedIn (loaded: Pkcs11.PKCS11, { handle }: Session): boolean {
    try {
      return loaded.C_GetSessionInfo(handle).state !== CKS_RO_PUBLIC_SESSION
    } catch {
      return false
    }
  }

  function keyOf (loaded: Pkcs11.PKCS11, handle: Handle, key: Pkcs11Settings['key']): Handle {
    const name = 'id' in key ? { type: pkcs11js.CKA_ID, value: Buffer.from(key.id, 'hex') } : { type: pkcs11js.CKA_LABEL, value: key.label }
    loaded.C_FindObjectsInit(handle, [{ type: pkcs11js.CKA_CLASS, value: pkcs11js.CKO_PRIVATE_KEY }, name])
    const found = loaded.C_FindObjects(handle, 2)
    loaded.C_FindObjectsFinal(handle)
    if (found[0] === undefined || found.length > 1) throw new Away('KEY_ABSENT')
    return found[0]
  }

  function signIn ({ handle, key, mechanisms }: Session, request: SignRequest): Buffer {
    const loaded = initialise()
    const way = waysOf(request).find(({ mechanism }) => mechanisms.includes(mechanism.mechanism))
    if (!way) throw new Away('MECHANISM_ABSENT')
    loaded.C_SignInit(handle, way.mechanism, key)
    return loaded.C_Sign(handle, Buffer.from(way.input), Buffer.alloc(LARGEST_SIGNATURE))
  }

  /** The digest alone goes to the token, unless the token wants to make it itself. */
  function waysOf ({ algorithm, digest, data }: SignRequest): { mechanism: Pkcs11.Mechanism, input: Uint8Array }[] {
    const hash = createHash(digest).update(data).digest()
    switch (algorithm) {
      case SIGNATURE_ALGORITHM.rsaSha256: return [
        { mechanism: { mechanism: pkcs11js.CKM_RSA_PKCS }, input: Buffer.concat([SHA256_INFO, hash]) },
        { mechanism: { mechanism: pkcs11js.CKM_SHA256_RSA_PKCS }, input: data },
      ]
      case SIGNATURE_ALGORITHM.rsaPssSha256: {
        const parameter = { type: pkcs11js.CK_PARAMS_RSA_PSS, hashAlg: pkcs11js.CKM_SHA256, mgf: pkcs11js.CKG_MGF1_SHA256, saltLen: hash.length }
        return [
          { mechanism: { mechanism: pkcs11js.CKM_RSA_PKCS_PSS, parameter }, input: hash },
          { mechanism: { mechanism: pkcs11js.CKM_SHA256_RSA_PKCS_PSS, parameter }, input: data },
        ]
      }
      case SIGNATURE_ALGORITHM.ecdsaSha256: return [
        { mechanism: { mechanism: pkcs11js.CKM_ECDSA }, input: hash },
        { mechanism: { mechanism: pkcs11js.CKM_ECDSA_SHA256 }, input: data },
      ]
      case SIGNATURE_ALGORITHM.ecdsaSha384: return [
        { mechanism: { mechanism: pkcs11js.CKM_ECDSA }, input: hash },
        { mechanism: { mechanism: pkcs11js.CKM_ECDSA_SHA384 }, input: data },
      ]
    }
  }

  function close (name: string): void {
    const session = sessions.get(name)
    sessions.delete(name)
    if (session) quietly(() => api?.C_CloseSession(session.handle))
  }

  /** Ends every session of the module; those of other tokens are opened again when they are needed. */
  function finalise (): void {
    sessions.clear()
    quietly(() => api?.C_Finalize())
    api = undefined
  }
}

/** A slot's number as the module counts it: pkcs11js gives a CK_SLOT_ID in the machine's byte order. */
function slotNumber (slot: Handle): number {
  return slot.readUInt32LE(0)
}

/** Padded with blanks by PKCS#11; undefined where a token is not well. */
function labelOf (loaded: Pkcs11.PKCS11, slot: Handle): string | undefined {
  try {
    return loaded.C_GetTokenInfo(slot).label.trim()
  } catch {
    return undefined
  }
}

/** What is already gone need not be closed. */
function quietly (act: () => void): void {
  try {
    act()
  } catch {
    // nothing is lost
  }
}

/** The module's own code, `CKR_…`; empty when it is none. */
function codeOf (error: unknown): string {
  return /CKR_[A-Z0-9_]+/.exec(error instanceof Error ? error.message : '')?.[0] ?? ''
}

function awayFrom (error: unknown): Fault {
  if (error instanceof Away) return { away: error.code }
  const code = codeOf(error)
  return { away: code === 'CKR_TOKEN_NOT_PRESENT' || code === 'CKR_DEVICE_REMOVED' ? 'TOKEN_ABSENT' : 'TOKEN_FAULT', ...(code !== '' && { detail: code }) }
}
