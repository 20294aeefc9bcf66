/** PKCS#12 files, as the Cipher Committee delivers software certificates: node-forge unwraps them, node:crypto reads and uses what is inside. */
import { X509Certificate } from 'node:crypto'

import forge from 'node-forge'

import { Refusal } from '../../errors.ts'
import { privateKeyFrom, readable, signerFromKey } from './key.ts'
import type { Padding, Signer } from './signer.ts'

/** A signer from a PKCS#12 file. Throws SETUP_INVALID if the file or its password is wrong, or key and certificate do not belong together. */
export function signerFromPkcs12 ({ bytes, password, padding }: { bytes: Uint8Array, password: string, padding?: Padding }): Signer {
  const bags = opened(bytes, password)
  const { certBag, keyBag, pkcs8ShroudedKeyBag } = forge.pki.oids
  const keys = bags.filter(({ type }) => type === keyBag || type === pkcs8ShroudedKeyBag)
  const [keyOnly, ...others] = keys
  if (keyOnly === undefined || others.length > 0) throw new Refusal('SETUP_INVALID', { detail: `a PKCS#12 file must hold one private key, not ${keys.length}` })
  return signerFromKey(
    privateKeyFrom({ key: readable('private key', () => keyDer(keyOnly)), format: 'der', type: 'pkcs8' }),
    readable('certificate', () => bags.filter(({ type }) => type === certBag).map((bag) => new X509Certificate(certificateDer(bag)))),
    padding,
  )
}

/** The cause stays out of the message, as everywhere with keys. */
function opened (bytes: Uint8Array, password: string): forge.pkcs12.Bag[] {
  try {
    return unwrap(bytes, password)
  } catch {
    throw new Refusal('SETUP_INVALID', { detail: 'mật khẩu sai, hoặc không phải tệp PKCS#12 · the PKCS#12 file or its password is wrong' })
  }
}

function unwrap (bytes: Uint8Array, password: string): forge.pkcs12.Bag[] {
  const read = (file: forge.asn1.Asn1, text: string) => forge.pkcs12.pkcs12FromAsn1(file, text).safeContents.flatMap(({ safeBags }) => safeBags)
  const file = forge.asn1.fromDer(Buffer.from(bytes).toString('latin1'))
  try {
    return read(file, password)
  } catch (error) {
    const utf8 = forge.util.encodeUtf8(password)
    if (utf8 === password || !Array.isArray(file.value)) throw error
    // The MAC takes the password in UTF-16, PBES2 in UTF-8, and forge has one for both: an accented one opens such a file only
    // with the MAC left out. What the MAC would tell, the key's match with its certificate tells as well
    return read({ ...file, value: file.value.slice(0, 2) }, utf8)
  }
}

/** Forge reads RSA keys into an object of its own and leaves others as they are. */
function keyDer ({ key, asn1 }: forge.pkcs12.Bag): Buffer {
  return derOf(key ? forge.pki.wrapRsaPrivateKey(forge.pki.privateKeyToAsn1(key)) : asn1)
}

function certificateDer ({ cert, asn1 }: forge.pkcs12.Bag): Buffer {
  return derOf(cert ? forge.pki.certificateToAsn1(cert) : asn1)
}

function derOf (asn1: forge.asn1.Asn1): Buffer {
  return Buffer.from(forge.asn1.toDer(asn1).getBytes(), 'latin1')
}
