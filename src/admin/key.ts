/** A key as the set-up names it, read and tried as far as that goes without its token or server. */
import { existsSync } from 'node:fs'
import { momentIn } from '../agencies/mapping.ts'
import type { NewKey } from '../agencies/signers.ts'
import { Refusal } from '../errors.ts'
import { createHttpClient } from '../http/client.ts'
import { refuseExample } from '../trust/example.ts'
import { readable } from '../trust/signers/key.ts'
import { openSigner, type KeySettings } from '../trust/signers/open.ts'
import { signerFromPem } from '../trust/signers/pem.ts'
import { requirePkcs11 } from '../trust/signers/pkcs11.ts'
import { signerFromPkcs12 } from '../trust/signers/pkcs12.ts'
import type { Signer } from '../trust/signers/signer.ts'
import { certificatesFromPem } from '../trust/store.ts'
import type { Setup } from './setup.ts'

type SignerSetup = Setup['signers'][number]

/**
 * Refuses a key that does not belong to its certificate, one that signs no documents, and, where the gateway is real, examples and plain PEM.
 * `lienthong certificates test` asks the token or server.
 */
export async function readKey (setup: SignerSetup, isReal: boolean): Promise<Omit<NewKey, 'agencyId'>> {
  const settings = settingsOf(setup)
  if (isReal && settings.kind === 'pem') refuse('khóa PEM không mã hóa chỉ dùng cho ví dụ / a plain PEM key is for examples only: use PKCS#12, PKCS#11 or a signing server')
  if (settings.kind === 'pkcs11') {
    await requirePkcs11()
    if (!existsSync(settings.module)) refuse(`there is no PKCS#11 module ${settings.module}`)
  }
  const signer = await signerOf(setup, settings)
  if (isReal) refuseExample({ stores: [], signers: [signer] })
  const from = momentOf(setup.from)
  return { certificate: signer.certificate, settings, padding: setup.padding, ...(from && { from }) }
}

function settingsOf ({ keyPem, pkcs12Base64, password, pkcs11, remote, certificatePem }: SignerSetup): KeySettings {
  const kinds: KeySettings[] = [
    ...keyPem === undefined ? [] : [{ kind: 'pem' as const, keyPem }],
    ...pkcs12Base64 === undefined ? [] : [{ kind: 'pkcs12' as const, pkcs12Base64, password: password ?? '' }],
    ...pkcs11 === undefined ? [] : [{ kind: 'pkcs11' as const, ...pkcs11 }],
    ...remote === undefined ? [] : [{ kind: 'remote' as const, ...remote }],
  ]
  const [settings, ...others] = kinds
  if (settings === undefined || others.length > 0) return refuse('a signer has exactly one of keyPem, pkcs12Base64, pkcs11, remote')
  if (password !== undefined && settings.kind !== 'pkcs12') return refuse('a password belongs to pkcs12Base64')
  if ((certificatePem === undefined) !== (settings.kind === 'pkcs12')) {
    return refuse(settings.kind === 'pkcs12' ? 'a PKCS#12 file brings its certificate along: leave certificatePem out' : 'certificatePem is missing')
  }
  return settings
}

async function signerOf ({ certificatePem = '', padding }: SignerSetup, settings: KeySettings): Promise<Signer> {
  switch (settings.kind) {
    case 'pem': return signerFromPem({ key: settings.keyPem, certificates: certificatePem, padding })
    case 'pkcs12': return signerFromPkcs12({ bytes: Buffer.from(settings.pkcs12Base64, 'base64'), password: settings.password, padding })
    case 'pkcs11':
    case 'remote': {
      const certificates = readable('certificate', () => certificatesFromPem(certificatePem))
      const [certificate, ...others] = certificates.filter(({ ca }) => !ca)
      if (!certificate || others.length > 0) return refuse('certificatePem names one certificate that signs, and CAs')
      await using http = createHttpClient() // nothing is asked yet
      return openSigner(settings, { certificate, chain: [], padding }, { http })
    }
  }
}

function momentOf (text: string | undefined): Date | undefined {
  if (text === undefined) return undefined
  const moment = momentIn(text)
  return Number.isNaN(moment.getTime()) ? refuse(`from: ${text} is no date`) : moment
}

function refuse (detail: string): never {
  throw new Refusal('SETUP_INVALID', { detail })
}
