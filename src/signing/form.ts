/**
 * The one form of signature that is verified: a Reference to the whole document, enveloped, with the certificate beside it.
 * Structure before arithmetic: what is not exactly of this form is never computed with.
 */
import type { Element } from '../edxml/elements.ts'
import type { Opened } from '../edxml/open.ts'
import { readElements } from '../edxml/elements.ts'
import { INCLUSIVE_C14N } from '../edxml/xml.ts'
import { digestAlgorithm, ENVELOPED_SIGNATURE, isSha1, signatureAlgorithm, whyRefused, type DigestAlgorithm, type SignatureAlgorithm } from './algorithms.ts'
import { algorithmOf, canonicalMethod, decoded, LONGEST_CERTIFICATE, LONGEST_SIGNATURE, misshapen, withoutSpace, type Grammar } from './grammar.ts'
import type { Stamp } from './proof-time.ts'
import type { SigningFinding } from './reasons.ts'
import { signatureTimeStamps, TIME_STAMP_GRAMMAR, XADES } from './xades.ts'

/** A signature as it stands in a document; `element` is the whole of it. */
export type FoundSignature = { signature: NonNullable<Opened['signature']>, element: Element }

/** What a signature of the right form says. Nothing in it is proved yet. */
export type SignatureForm = {
  /** Canonical SignedInfo: what the signature value is computed over, and where every value below but the last two was read. */
  signedInfo: Buffer,
  algorithm: SignatureAlgorithm,
  digest: DigestAlgorithm,
  digestValue: Buffer,
  signatureValue: Buffer,
  /** DER, base64 without white space, in the order they came. */
  certificates: string[],
  /** The name of the first algorithm of its own that uses SHA-1. */
  sha1: string | undefined,
  /** A time-stamp over the signature value, with the octets it is over. */
  stamp: Stamp | undefined,
}

const GRAMMAR: Grammar = {
  Signature: { attributes: ['Id'], content: /^SignedInfo SignatureValue (KeyInfo )?(Object )?$/ },
  SignedInfo: { attributes: ['Id'], content: /^CanonicalizationMethod SignatureMethod Reference $/ },
  CanonicalizationMethod: { attributes: ['Algorithm'], content: /^$/ },
  SignatureMethod: { attributes: ['Algorithm'], content: /^$/ },
  Reference: { attributes: ['Id', 'URI'], content: /^Transforms DigestMethod DigestValue $/ },
  Transforms: { attributes: [], content: /^Transform (Transform )?$/ },
  Transform: { attributes: ['Algorithm'], content: /^$/ },
  DigestMethod: { attributes: ['Algorithm'], content: /^$/ },
  DigestValue: { attributes: [], content: /^#$/ },
  SignatureValue: { attributes: ['Id'], content: /^#$/ },
  KeyInfo: { attributes: ['Id'], content: /^(KeyName |KeyValue )*(X509Data (KeyName |KeyValue )*)?$/ },
  KeyName: { attributes: [], content: /^#?$/ },
  X509Data: { attributes: [], content: /^((X509IssuerSerial|X509SKI|X509SubjectName|X509Certificate|X509CRL) )*$/ },
  X509Certificate: { attributes: [], content: /^#?$/ },
  // Beside the certificate these say nothing that is used, so what is in them does not matter
  KeyValue: { attributes: [], content: null },
  X509IssuerSerial: { attributes: [], content: null },
  X509SKI: { attributes: [], content: null },
  X509SubjectName: { attributes: [], content: null },
  X509CRL: { attributes: [], content: null },
  // One time-stamp over SignatureValue, which was made after the signature and is no part of what it covers; no other Object
  Object: { attributes: ['Id'], content: /^QualifyingProperties $/ },
  [`{${XADES}}QualifyingProperties`]: { attributes: ['Id', 'Target'], content: /^UnsignedProperties $/ },
  ...TIME_STAMP_GRAMMAR,
}

/** The signer's, its CA's and the root's, and one to spare; more only costs time. */
const MOST_CERTIFICATES = 4

/** Reads a signature in the xmldsig namespace, or says why it is not of the form that is verified. */
export function readForm (opened: Opened, { signature, element }: FoundSignature): SignatureForm | SigningFinding {
  const outer = misshapen(element, GRAMMAR)
  if (outer) return { code: 'SIGNATURE_FORM', detail: outer }
  // SignedInfo may be in any of the three canonical forms, but only its own octets tell what was signed
  if (!signature.signedInfo) return { code: 'CANONICALIZATION_NOT_ALLOWED' }
  const signedInfo = readElements(signature.signedInfo)
  const inner = misshapen(signedInfo, GRAMMAR)
  if (inner || signedInfo.name !== 'SignedInfo') return { code: 'SIGNATURE_FORM', detail: inner ?? signedInfo.name }

  const [canonicalization, method, reference] = signedInfo.children as [Element, Element, Element]
  const [transforms, digestMethod, digestText] = reference.children as [Element, Element, Element]
  if (!canonicalMethod(algorithmOf(canonicalization))) return { code: 'CANONICALIZATION_NOT_ALLOWED', detail: algorithmOf(canonicalization) }
  const whole = coversWhole(opened, reference, transforms)
  if (whole) return whole

  const algorithm = signatureAlgorithm(algorithmOf(method))
  if (!algorithm) return whyRefused(algorithmOf(method))
  const digest = digestAlgorithm(algorithmOf(digestMethod))
  if (!digest) return whyRefused(algorithmOf(digestMethod))

  const digestValue = decoded(digestText.text)
  if (digestValue?.length !== digest.length) return { code: 'SIGNATURE_ENCODING', detail: 'DigestValue' }
  const [, valueElement, keyInfo] = element.children as [Element, Element, Element?]
  const signatureValue = decoded(valueElement.text)
  if (!signatureValue || signatureValue.length > LONGEST_SIGNATURE) return { code: 'SIGNATURE_ENCODING', detail: 'SignatureValue' }

  const certificates = (keyInfo?.children ?? []).flatMap((child) => child.name === 'X509Data' ? child.children : [])
    .filter((child) => child.name === 'X509Certificate').map((child) => withoutSpace(child.text))
  if (certificates.length === 0) return { code: 'SIGNER_CERTIFICATE_ABSENT' }
  if (certificates.length > MOST_CERTIFICATES || certificates.some((text) => text.length > LONGEST_CERTIFICATE)) return { code: 'SIGNATURE_FORM', detail: 'X509Data' }
  const stamp = readStamp(signature, element)
  if (stamp && 'code' in stamp) return stamp
  const sha1 = [method, digestMethod].map(algorithmOf).find(isSha1)
  return { signedInfo: signature.signedInfo, algorithm, digest, digestValue, signatureValue, certificates, sha1, stamp }
}

function readStamp ({ stampedValue }: FoundSignature['signature'], element: Element): Stamp | SigningFinding | undefined {
  const stamps = signatureTimeStamps(element.children.filter(({ name }) => name === 'Object'))
  if ('code' in stamps) return stamps
  const [stamp] = stamps
  if (!stamp) return undefined
  return stampedValue ? { token: stamp.token, octets: stampedValue } : { code: 'CANONICALIZATION_NOT_ALLOWED', detail: 'SignatureTimeStamp' }
}

/** Exactly one Reference, to the document itself, through the enveloped-signature transform and at most one canonicalization. */
function coversWhole (opened: Opened, reference: Element, transforms: Element): SigningFinding | undefined {
  if (reference.attributes['URI'] !== '') return { code: 'SIGNATURE_NOT_WHOLE', detail: 'Reference/@URI' }
  const [enveloped, canonical] = transforms.children.map(algorithmOf)
  if (enveloped !== ENVELOPED_SIGNATURE) return { code: 'SIGNATURE_NOT_WHOLE', detail: enveloped ?? '' }
  // XMLDSig 4.4.3.2: a node-set that no transform turns into octets is canonicalized by inclusive C14N 1.0
  const method = canonicalMethod(canonical ?? INCLUSIVE_C14N)
  if (!method) return { code: 'CANONICALIZATION_NOT_ALLOWED', detail: canonical ?? '' }
  return method === opened.content.method ? undefined : { code: 'SIGNATURE_FORM', detail: 'Transforms' }
}
