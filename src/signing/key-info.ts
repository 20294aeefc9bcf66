/** KeyInfo as a hint: it picks certificates, of which the signature value and the path to a pinned root then prove one, or none. */
import type { X509Certificate } from 'node:crypto'
import type { Element } from '../edxml/elements.ts'
import { contentIfReadable } from '../trust/asn1/certificate.ts'
import { XMLDSIG } from './algorithms.ts'
import { readCertificate, type KnownCertificate } from './certificates.ts'
import { decoded, LONGEST_CERTIFICATE, withoutSpace } from './grammar.ts'
import type { SigningFinding } from './reasons.ts'

/** What a KeyInfo says of the signer. */
export type KeyInfo = {
  certificates: KnownCertificate[],
  /** What else tells a certificate from others. Nothing else in KeyInfo is looked at. */
  hints: Hint[],
  /** Whether there is a key without a certificate. */
  bareKey: boolean,
}

type Hint =
  | { kind: 'subject', name: string }
  | { kind: 'issuer and serial', issuer: string, serial: bigint }
  | { kind: 'key id', id: string }
  | { kind: 'key name', name: string }

/** More only costs time. Official chains have three; tools bring others along. */
const MOST_CERTIFICATES = 8

/** These would have the key looked for elsewhere, and are no way to name a certificate. */
const ELSEWHERE: ReadonlySet<string> = new Set(['RetrievalMethod', 'KeyInfoReference', 'EncryptedKey', 'AgreementMethod', 'DerivedKey'])
const BARE: ReadonlySet<string> = new Set(['KeyValue', 'DEREncodedKeyValue', 'PGPData', 'SPKIData'])

/** Reads a KeyInfo, if there is one, or says why it may not be followed. */
export function readKeyInfo (keyInfo: Element | undefined): KeyInfo | SigningFinding {
  const read: KeyInfo = { certificates: [], hints: [], bareKey: false }
  const texts = new Set<string>()
  for (const child of keyInfo?.children ?? []) {
    if (ELSEWHERE.has(child.name)) return { code: 'KEY_INFO_NOT_ALLOWED', detail: child.name }
    if (BARE.has(child.name)) read.bareKey = true
    if (child.namespace !== XMLDSIG) continue
    if (child.name === 'KeyName') read.hints.push({ kind: 'key name', name: comparable(child.text) })
    if (child.name !== 'X509Data') continue
    for (const part of child.children) {
      if (part.namespace !== XMLDSIG) continue
      if (part.name === 'X509Certificate') texts.add(withoutSpace(part.text))
      else read.hints.push(...hintsIn(part))
    }
  }
  if (texts.size > MOST_CERTIFICATES || [...texts].some((text) => text.length > LONGEST_CERTIFICATE)) return { code: 'SIGNATURE_FORM', detail: 'X509Data' }
  for (const text of texts) {
    const certificate = readCertificate(text)
    if (!certificate) return { code: 'SIGNER_CERTIFICATE_UNREADABLE' }
    read.certificates.push(certificate)
  }
  return read
}

/**
 * The certificates that may be the signer's: of those that came along the ones that are no CA's, or all if every one is; if none came, those at
 * hand that a hint fits.
 */
export function candidatesOf ({ certificates, hints, bareKey }: KeyInfo, atHand: readonly X509Certificate[]): KnownCertificate[] | SigningFinding {
  const leaves = certificates.filter(({ certificate }) => !certificate.ca)
  if (certificates.length > 0) return leaves.length > 0 ? leaves : certificates
  const named = atHand.filter((certificate) => hints.some((hint) => fits(hint, certificate)))
  if (named.length > 0) return named.map((certificate) => ({ certificate, key: certificate.publicKey }))
  return { code: bareKey ? 'SIGNER_KEY_BARE' : 'SIGNER_CERTIFICATE_ABSENT' }
}

function hintsIn (part: Element): Hint[] {
  const childText = (name: string) => part.children.find((child) => child.name === name)?.text.trim() ?? ''
  switch (part.name) {
    case 'X509SubjectName': return [{ kind: 'subject', name: comparable(part.text) }]
    case 'X509SKI': return [{ kind: 'key id', id: decoded(part.text)?.toString('hex') ?? '' }]
    case 'X509IssuerSerial': {
      const serial = childText('X509SerialNumber')
      return /^\d{1,60}$/.test(serial) ? [{ kind: 'issuer and serial', issuer: comparable(childText('X509IssuerName')), serial: BigInt(serial) }] : []
    }
    default: return []
  }
}

function fits (hint: Hint, certificate: X509Certificate): boolean {
  switch (hint.kind) {
    case 'subject': return comparable(certificate.subject) === hint.name
    case 'issuer and serial': return BigInt(`0x${certificate.serialNumber}`) === hint.serial && comparable(certificate.issuer) === hint.issuer
    case 'key id': return hint.id !== '' && contentIfReadable(certificate)?.keyId === hint.id
    case 'key name': return comparable(certificate.subject) === hint.name || comparable(certificate.subject).split('\n').includes(`cn=${hint.name}`)
  }
}

/** Names are written in many ways, in either order. This only has to find candidates: what it confuses, the signature value tells apart. */
function comparable (name: string): string {
  return name.split(/(?<!\\)[,\n]/).map((part) => part.trim().replace(/\s*=\s*/, '=').replace(/^(E|email)=/i, 'emailAddress=').toLowerCase()).sort().join('\n')
}
