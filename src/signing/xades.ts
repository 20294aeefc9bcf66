/** What XAdES puts into the Object of a signature (EN 319 132-1): time-stamps over its value, and what the signer says of time and certificate. */
import { createHash, timingSafeEqual, type X509Certificate } from 'node:crypto'
import type { Element } from '../edxml/elements.ts'
import type { Canonical } from '../edxml/signed.ts'
import { INCLUSIVE_C14N } from '../edxml/xml.ts'
import { digestAlgorithm, XMLDSIG } from './algorithms.ts'
import { algorithmOf, decoded, misshapen, type Grammar } from './grammar.ts'
import type { SigningFinding } from './reasons.ts'
import { canonicalOf } from './references.ts'

export const XADES = 'http://uri.etsi.org/01903/v1.3.2#'

/** A token over SignatureValue, and how that is canonicalised for it. */
export type SignatureTimeStamp = { token: Buffer, canonical: Canonical }

/** The one unsigned property that is read, in the form in which every library writes it. Nothing that the signature covers stands there. */
export const TIME_STAMP_GRAMMAR: Grammar = {
  [`{${XADES}}UnsignedProperties`]: { attributes: ['Id'], content: /^UnsignedSignatureProperties $/ },
  [`{${XADES}}UnsignedSignatureProperties`]: { attributes: ['Id'], content: /^SignatureTimeStamp $/ },
  [`{${XADES}}SignatureTimeStamp`]: { attributes: ['Id'], content: /^(CanonicalizationMethod )?EncapsulatedTimeStamp $/ },
  [`{${XADES}}EncapsulatedTimeStamp`]: { attributes: ['Id', 'Encoding'], content: /^#$/ },
}

/** A token has its authority's chain in it, and none is this large. Base64. */
const LONGEST_TOKEN = 128 * 1024
/** A signature is stamped once, and again by whoever archives it; each costs a path. */
const MOST_STAMPS = 5

/** The time-stamps over the value of a signature, from its Objects, or why one of them is not read. */
export function signatureTimeStamps (objects: readonly Element[]): SignatureTimeStamp[] | SigningFinding {
  const elements = at(objects, ['QualifyingProperties', 'UnsignedProperties', 'UnsignedSignatureProperties', 'SignatureTimeStamp'])
  if (elements.length > MOST_STAMPS) return { code: 'SIGNATURE_FORM', detail: 'SignatureTimeStamp' }
  const stamps: SignatureTimeStamp[] = []
  for (const element of elements) {
    const fault = misshapen(element, { ...TIME_STAMP_GRAMMAR, CanonicalizationMethod: { attributes: ['Algorithm'], content: null } })
    if (fault) return { code: 'SIGNATURE_FORM', detail: fault }
    const [first, second] = element.children as [Element, Element?]
    // EN 319 132-1, 4.5: without a method it is canonicalised as XMLDSig does by default
    const canonical: Canonical | undefined = second ? canonicalOf(first) : { method: INCLUSIVE_C14N, comments: false, prefixes: [] }
    if (!canonical) return { code: 'CANONICALIZATION_NOT_ALLOWED', detail: algorithmOf(first) }
    const text = (second ?? first).text
    const token = text.length > LONGEST_TOKEN ? undefined : decoded(text)
    if (!token) return { code: 'SIGNATURE_ENCODING', detail: 'EncapsulatedTimeStamp' }
    stamps.push({ token, canonical })
  }
  return stamps
}

/**
 * When the signer says that it signed, where that is signed: in XAdES' signed properties, or in a SignatureProperty in whatever namespace, as
 * official tools write it in the xmldsig one (trust.md 1.3). `covered` are the Ids that the References name.
 */
export function claimedTime (objects: readonly Element[], covered: ReadonlySet<string>): Date | undefined {
  const times = [
    ...at(objects, ['QualifyingProperties', 'SignedProperties', 'SignedSignatureProperties', 'SigningTime'], covered),
    ...signatureProperties(objects, covered).flatMap(({ children }) => children.filter(({ name }) => name === 'SigningTime')),
  ]
  return times.map(({ text }) => momentOf(text.trim())).find((time) => time !== undefined)
}

/** Whether the signed properties name this certificate as the signer's, if they name any: nobody can then put another with the same key in its place. */
export function namesCertificate (objects: readonly Element[], covered: ReadonlySet<string>, certificate: X509Certificate): boolean {
  const path = (name: string) => at(objects, ['QualifyingProperties', 'SignedProperties', 'SignedSignatureProperties', name], covered)
  return [...path('SigningCertificateV2'), ...path('SigningCertificate')].every((signing) => {
    // SHA-1 will do here: it only tells apart certificates of one key, which a root below must have issued anyway. EN 319 132-1, 5.2.2: the first is the signer's, the others may be those of its chain
    const [method, value] = signing.children[0]?.children.find(({ name }) => name === 'CertDigest')?.children ?? []
    const digest = method && digestAlgorithm(algorithmOf(method))
    const expected = value && decoded(value.text)
    return digest !== undefined && expected?.length === digest.length && timingSafeEqual(createHash(digest.hash).update(certificate.raw).digest(), expected)
  })
}

/** XAdES elements at this path below the Objects; with `covered`, only those that stand in an element of one of these Ids, or are it. */
function at (objects: readonly Element[], path: readonly string[], covered?: ReadonlySet<string>): Element[] {
  let found = objects.map((element) => ({ element, signed: covered === undefined || isCovered(element, covered) }))
  for (const name of path) {
    found = found.flatMap(({ element, signed }) => element.children.filter((child) => child.name === name && child.namespace === XADES)
      .map((child) => ({ element: child, signed: signed || isCovered(child, covered as ReadonlySet<string>) })))
  }
  return found.filter(({ signed }) => signed).map(({ element }) => element)
}

function signatureProperties (objects: readonly Element[], covered: ReadonlySet<string>): Element[] {
  const search = (element: Element, signed: boolean): Element[] => {
    const isSigned = signed || isCovered(element, covered)
    return [...isSigned && element.name === 'SignatureProperty' && element.namespace === XMLDSIG ? [element] : [], ...element.children.flatMap((child) => search(child, isSigned))]
  }
  return objects.flatMap((element) => search(element, false))
}

/** Whether the element has one of these Ids. */
export const isCovered = ({ attributes }: Element, covered: ReadonlySet<string>): boolean =>
  ['Id', 'ID', 'id', '{http://www.w3.org/XML/1998/namespace}id'].some((name) => covered.has(attributes[name] ?? ''))

/** xsd:dateTime. Tools that write no zone mean Vietnam's, the only one there is. */
function momentOf (text: string): Date | undefined {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?)(Z|[+-]\d\d:\d\d)?$/.exec(text)
  const time = match ? new Date(`${match[1]}${match[2] ?? '+07:00'}`) : undefined
  return time && !Number.isNaN(time.getTime()) ? time : undefined
}
