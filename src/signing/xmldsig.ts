/**
 * XML signatures over a whole document: made, and judged by the same narrow form (trust.md 2.3).
 * Everything is computed over libxml2's canonical octets, and whoever reads a signed document reads those.
 */
import { createHash, timingSafeEqual, type X509Certificate } from 'node:crypto'
import type { Opened } from '../edxml/open.ts'
import type { Signer } from '../trust/signers/signer.ts'
import { readElements } from '../edxml/elements.ts'
import { eachOctets } from '../edxml/open.ts'
import { EXCLUSIVE_C14N } from '../edxml/xml.ts'
import { judgeCertificate, type CertificateVerdict, type Trust } from '../trust/judge.ts'
import { detailsOf, fingerprintOf, type CertificateDetails, type SignatureVerdict } from '../trust/verdict.ts'
import { ENVELOPED_SIGNATURE, keyFits, SHA256, signatureFits, XMLDSIG } from './algorithms.ts'
import { readCertificate, type KnownCertificate } from './certificates.ts'
import { conclusionOf } from './conclude.ts'
import { readForm, type FoundSignature, type SignatureForm } from './form.ts'
import { judgeSha1, proveTime, type ProvedTime, type ReceiptContext } from './proof-time.ts'
import { verdictOf, type SigningFinding } from './reasons.ts'

/** What a signature is judged against. */
export type SignatureContext = ReceiptContext & { trust: Trust, speaksFor: SpeaksFor }

/** Whether this certificate (SHA-256, lower-case hex) is one of the agency the document says it is from; if not, what the registry says of it. */
export type SpeaksFor = (fingerprint: string) => boolean | NotSpeaking

/** Registered for no agency; for others only; for this one, but not any more, or not yet, at that moment. */
export type NotSpeaking = 'unknown' | 'other agency' | 'ended' | 'not begun'

/** The steps of a judgement, in their order; a verdict names those that were taken. */
export type Check = 'structure' | 'algorithms' | 'signature value' | 'digest' | 'certificate' | 'agency' | 'fields' | 'attachments'

/** Makes the Signature element for the document whose exclusive canonical octets `feed` gives: enveloped, over the whole. */
export async function makeSignature (feed: (sink: (octets: Uint8Array) => void) => void, signer: Signer): Promise<Buffer> {
  const hash = createHash('sha256')
  feed((octets) => { hash.update(octets) })
  const contents = signedInfoContents(hash.digest('base64'), signer.algorithm)
  // In canonical form SignedInfo declares the namespace that it inherits from Signature
  const value = await signer.sign(Buffer.from(`<SignedInfo xmlns="${XMLDSIG}">${contents}</SignedInfo>`))
  const certificates = [signer.certificate, ...signer.chain]
    .map((certificate) => `<X509Certificate>${certificate.raw.toString('base64')}</X509Certificate>`)
  return Buffer.from(`<Signature xmlns="${XMLDSIG}"><SignedInfo>${contents}</SignedInfo>` +
    `<SignatureValue>${value.toString('base64')}</SignatureValue>` +
    `<KeyInfo><X509Data>${certificates.join('')}</X509Data></KeyInfo></Signature>`)
}

/** Written in canonical form, so the octets that are sent are the octets that are signed. */
function signedInfoContents (digest: string, algorithm: string): string {
  return `<CanonicalizationMethod Algorithm="${EXCLUSIVE_C14N}"></CanonicalizationMethod>` +
    `<SignatureMethod Algorithm="${algorithm}"></SignatureMethod>` +
    '<Reference URI=""><Transforms>' +
    `<Transform Algorithm="${ENVELOPED_SIGNATURE}"></Transform><Transform Algorithm="${EXCLUSIVE_C14N}"></Transform>` +
    `</Transforms><DigestMethod Algorithm="${SHA256}"></DigestMethod><DigestValue>${digest}</DigestValue></Reference>`
}

/** The one signature of a document, found but not judged, or why there is none to judge. */
export function findSignature (opened: Opened): FoundSignature | SigningFinding {
  if (opened.signatureCount === 0) return { code: 'SIGNATURE_ABSENT' }
  if (opened.signatureCount > 1) return { code: 'SIGNATURE_REPEATED' }
  if (!opened.signature) return { code: 'SIGNATURE_MISPLACED' }
  return { signature: opened.signature, element: readElements(opened.signature.element) }
}

/** What came out of the steps of a judgement, before anything is concluded from it. */
export type Examination = {
  checked: Check[],
  findings: SigningFinding[],
  certificate?: CertificateVerdict,
  /** The proof time, once tokens and claims were judged. */
  time?: ProvedTime,
  /** Set once the signature value proved who signed: anybody can copy a certificate. */
  signer?: CertificateDetails,
}

/** Takes the signature that was found through every step. Without findings: this agency's certificate signed exactly `opened.content` and its slots. */
export function examineSignature (opened: Opened, found: FoundSignature, context: SignatureContext): Examination {
  const form = readForm(opened, found)
  if ('code' in form) return { checked: ['structure'], findings: [form] }
  const signer = readSigner(form)
  if ('code' in signer) return { checked: ['structure', 'algorithms'], findings: [signer] }

  const time = proveTime(form.stamp ? [form.stamp] : [], context)
  const sha1 = judgeSha1(form.sha1, time, context)
  if (sha1.some(({ code }) => code === 'ALGORITHM_SHA1')) return { checked: ['structure', 'algorithms'], findings: sha1, time }
  const { certificate, key } = signer.leaf
  const findings: SigningFinding[] = []
  const signed = signatureFits(form.algorithm, key, form.signedInfo, form.signatureValue)
  if (!signed) findings.push({ code: 'SIGNATURE_VALUE_WRONG' })
  if (!timingSafeEqual(digestOf(opened, form), form.digestValue)) findings.push({ code: 'CONTENT_CHANGED' })
  const judged = judgeCertificate(certificate, signer.others, context.trust, time.at, 'documents', context.waited)
  findings.push(...identity(context.speaksFor(fingerprintOf(certificate))))
  return {
    checked: ['structure', 'algorithms', 'signature value', 'digest', 'certificate', 'agency'],
    findings: [...findings, ...sha1], certificate: judged, time, ...(signed && { signer: detailsOf(certificate) }),
  }
}

/** trust.md 2.3, rule 5: the certificate's owner must be who the packet says it is from. */
function identity (speaks: boolean | NotSpeaking): SigningFinding[] {
  switch (speaks) {
    case true: return []
    case false: return [{ code: 'SIGNER_NOT_AGENCY' }]
    case 'unknown': return [{ code: 'SIGNER_UNKNOWN' }]
    case 'other agency': return [{ code: 'SIGNER_NOT_AGENCY', detail: 'it is registered for another agency' }]
    case 'ended': return [{ code: 'SIGNER_NOT_AGENCY', detail: 'it does not speak for the agency any more' }]
    case 'not begun': return [{ code: 'SIGNER_NOT_AGENCY', detail: 'it does not speak for the agency yet' }]
  }
}

/** The verdict that an examination ends in. */
export function conclude (context: ReceiptContext, { findings, ...steps }: Examination): SignatureVerdict {
  return conclusionOf(context, { ...steps, own: verdictOf(findings) })
}

/** A verdict of these findings, for this time. */
export function verdict (context: ReceiptContext, checked: Check[], findings: readonly SigningFinding[], certificate?: CertificateVerdict, time?: ProvedTime): SignatureVerdict {
  return conclusionOf(context, { checked, own: verdictOf(findings), certificate, time })
}

/** KeyInfo is a hint: it picks a certificate, which is then proved by its path and by the registry, or not at all. */
function readSigner (form: SignatureForm): { leaf: KnownCertificate, others: X509Certificate[] } | SigningFinding {
  const certificates: KnownCertificate[] = []
  for (const text of new Set(form.certificates)) {
    const certificate = readCertificate(text)
    if (!certificate) return { code: 'SIGNER_CERTIFICATE_UNREADABLE' }
    certificates.push(certificate)
  }
  const [leaf, ...more] = certificates.filter(({ certificate }) => !certificate.ca)
  if (!leaf || more.length > 0) return { code: 'SIGNER_CERTIFICATE_AMBIGUOUS' }
  if (!keyFits(leaf.key, form.algorithm)) return { code: 'SIGNER_KEY_UNFIT' }
  return { leaf, others: certificates.filter((one) => one !== leaf).map(({ certificate }) => certificate) }
}

function digestOf (opened: Opened, { digest }: SignatureForm): Buffer {
  const hash = createHash(digest.hash)
  eachOctets(opened, (octets) => { hash.update(octets) })
  return hash.digest()
}
