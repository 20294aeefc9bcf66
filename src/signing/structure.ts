/**
 * The general form of an XML signature, wherever it stands in its document: enveloped, enveloping, or beside what it signs. It is for people
 * who want to know what a file is worth; packets and seals are judged by the narrow form (form.ts) alone.
 */
import { readElements, type Element } from '../edxml/elements.ts'
import type { LocatedSignature } from '../edxml/signed.ts'
import { isSha1, signatureAlgorithm, whyRefused, XMLDSIG, type SignatureAlgorithm } from './algorithms.ts'
import { algorithmOf, decoded, LONGEST_SIGNATURE, misshapen, type Grammar } from './grammar.ts'
import { readKeyInfo, type KeyInfo } from './key-info.ts'
import type { SigningFinding } from './reasons.ts'
import { canonicalOf, readReference, type Reference } from './references.ts'

/** What a signature of the general form says. Nothing in it is proved yet. */
export type XmlSignatureForm = {
  /** Canonical SignedInfo: what the signature value is computed over, and where algorithm and references were read. */
  signedInfo: Buffer,
  algorithm: SignatureAlgorithm,
  references: Reference[],
  signatureValue: Buffer,
  keyInfo: KeyInfo,
  /** The Object elements. Only what a Reference covers of them is signed. */
  objects: Element[],
  /** The name of the first algorithm of its own that uses SHA-1. */
  sha1: string | undefined,
}

const GRAMMAR: Grammar = {
  Signature: { attributes: ['Id'], content: /^SignedInfo SignatureValue (KeyInfo )?(Object )*$/ },
  // Apache Santuario's secure validation takes as many
  SignedInfo: { attributes: ['Id'], content: /^CanonicalizationMethod SignatureMethod (Reference ){1,30}$/ },
  Reference: { attributes: ['Id', 'URI', 'Type'], content: /^(Transforms )?DigestMethod DigestValue $/ },
  Transforms: { attributes: [], content: /^(Transform )+$/ },
  DigestMethod: { attributes: ['Algorithm'], content: /^$/ },
  DigestValue: { attributes: [], content: /^#$/ },
  SignatureValue: { attributes: ['Id'], content: /^#$/ },
  // These are read with their algorithm, which tells more than that a child is strange
  CanonicalizationMethod: { attributes: [], content: null },
  SignatureMethod: { attributes: [], content: null },
  Transform: { attributes: [], content: null },
  KeyInfo: { attributes: [], content: null },
  Object: { attributes: [], content: null },
}

/** XMLDSig 1.1, 6.4.3: r and s side by side, each as long as the order of the curve: P-256, P-384, P-521. */
const ECDSA_LENGTHS: ReadonlySet<number> = new Set([64, 96, 132])

/** Reads a signature, or says why it is not of a form that is verified. */
export function readStructure (located: LocatedSignature): XmlSignatureForm | SigningFinding {
  const element = readElements(located.element)
  const outer = misshapen(element, GRAMMAR)
  if (outer) return { code: 'SIGNATURE_FORM', detail: outer }
  const [info, value, ...rest] = element.children as [Element, Element, ...Element[]]
  const [method] = info.children as [Element]
  const canonical = canonicalOf(method)
  if (!canonical) return { code: 'CANONICALIZATION_NOT_ALLOWED', detail: algorithmOf(method) }
  const octets = located.signedInfo(canonical)
  if (!octets) return { code: 'SIGNATURE_FORM', detail: 'SignedInfo/comment()' }
  // What was signed is read from the octets that were signed
  const signedInfo = readElements(octets)
  const inner = misshapen(signedInfo, GRAMMAR)
  if (inner) return { code: 'SIGNATURE_FORM', detail: inner }
  const [, signatureMethod, ...referenceElements] = signedInfo.children as [Element, Element, ...Element[]]
  const algorithm = signatureAlgorithm(algorithmOf(signatureMethod))
  if (!algorithm) return whyRefused(algorithmOf(signatureMethod))
  if (signatureMethod.children.length > 0) return { code: 'SIGNATURE_FORM', detail: 'SignatureMethod' }

  const objects = rest.filter(({ name }) => name === 'Object')
  if (objects.some(holdsManifest)) return { code: 'MANIFEST_NOT_ALLOWED' }
  const references: Reference[] = []
  for (const one of referenceElements) {
    const reference = readReference(one)
    if ('code' in reference) return reference
    references.push(reference)
  }
  const signatureValue = decoded(value.text)
  if (!signatureValue || signatureValue.length > LONGEST_SIGNATURE || (algorithm.scheme === 'ecdsa' && !ECDSA_LENGTHS.has(signatureValue.length))) return { code: 'SIGNATURE_ENCODING', detail: 'SignatureValue' }
  const keyInfo = readKeyInfo(rest.find(({ name }) => name === 'KeyInfo'))
  if ('code' in keyInfo) return keyInfo
  const names = [signatureMethod, ...referenceElements.map((one) => one.children.at(-2) as Element)].map(algorithmOf)
  return { signedInfo: octets, algorithm, references, signatureValue, keyInfo, objects, sha1: names.find(isSha1) }
}

/** A Manifest's references are nobody's to check (XMLDSig 5.1): it would look as if what they name were signed. */
function holdsManifest (element: Element): boolean {
  return (element.name === 'Manifest' && element.namespace === XMLDSIG) || element.children.some(holdsManifest)
}
