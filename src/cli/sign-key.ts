/** The key that `sign` signs with: a file of its own, or what a set-up says of one. */
import { readFile } from 'node:fs/promises'
import type { X509Certificate } from 'node:crypto'
import { readKey } from '../admin/key.ts'
import { parseSetup } from '../admin/setup.ts'
import { Refusal } from '../errors.ts'
import { readFileUpTo, unreadable } from '../evidence/files.ts'
import type { HttpClient } from '../http/client.ts'
import { openSigner } from '../trust/signers/open.ts'
import type { Signer } from '../trust/signers/signer.ts'

/** `key`: PKCS#12, or PEM beside its `certificate`. `signer`: an entry of a set-up's signers (JSON), as for PKCS#11 or a signing server. */
export type KeyOptions = { key?: string | undefined, certificate?: string | undefined, passwordFile?: string | undefined, signer?: string | undefined }

const LARGEST = 1024 * 1024

/** Opens the key. `authorities` are CAs of which those above its certificate go along. Where the gateway is real, plain keys and examples are refused. */
export async function openKey (options: KeyOptions, { isReal, authorities, http }: { isReal: boolean, authorities: readonly X509Certificate[], http: HttpClient }): Promise<Signer> {
  const entry = options.signer === undefined ? await entryOf(options) : await entryIn(options.signer)
  const { signers: [setup] } = parseSetup(JSON.stringify({ signers: [{ agency: '-', ...entry }] }))
  const { certificate, settings, padding } = await readKey(setup!, isReal)
  return openSigner(settings, { certificate, chain: chainAbove(certificate, authorities), ...(padding && { padding }) }, { http })
}

async function entryIn (path: string): Promise<object> {
  const text = (await readFileUpTo(path, LARGEST)).toString('utf8')
  try {
    return JSON.parse(text) as object
  } catch {
    // What the parser says of the text may quote a password
    throw new Refusal('FILE_UNREADABLE', { detail: `${path}: not JSON` })
  }
}

async function entryOf ({ key, certificate, passwordFile }: KeyOptions): Promise<object> {
  if (key === undefined) throw new Refusal('SETUP_INVALID', { detail: 'which key? --key FILE, or --signer FILE' })
  const bytes = await readFileUpTo(key, LARGEST)
  if (bytes.includes('-----BEGIN')) {
    const text = certificate === undefined ? bytes : await readFileUpTo(certificate, LARGEST)
    return { keyPem: KEY.exec(bytes.toString('latin1'))?.[0] ?? '', certificatePem: text.toString('latin1').replace(KEY, '') }
  }
  const password = passwordFile === undefined ? '' : (await readFile(passwordFile, 'utf8').catch((error: NodeJS.ErrnoException) => { throw unreadable(passwordFile, error) })).replace(/\r?\n$/, '')
  return { pkcs12Base64: bytes.toString('base64'), password }
}

const KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]+-----END [A-Z ]*PRIVATE KEY-----\s*/

function chainAbove (certificate: X509Certificate, authorities: readonly X509Certificate[]): X509Certificate[] {
  const above = authorities.find((authority) => certificate.checkIssued(authority) && !authority.checkIssued(authority))
  return above === undefined ? [] : [above, ...chainAbove(above, authorities.filter((other) => other !== above))]
}
