/** What a Reference says is signed, in the forms that stay within one document (XMLDSig 1.1, 4.4.3). */
import type { Element } from '../edxml/elements.ts'
import type { Canonical, PartRequest } from '../edxml/signed.ts'
import { EXCLUSIVE_C14N, INCLUSIVE_C14N, INCLUSIVE_C14N11 } from '../edxml/xml.ts'
import { digestAlgorithm, ENVELOPED_SIGNATURE, whyRefused, XMLDSIG } from './algorithms.ts'
import { algorithmOf, canonicalMethod, decoded } from './grammar.ts'
import type { SigningFinding } from './reasons.ts'

/** A Reference: whose canonical octets must have this digest. */
export type Reference = { uri: string, request: PartRequest, digestValue: Buffer }

/** As many prefixes as a document may have in force (edxml/limits.ts): libxml2 compares each of them at each element. */
const MOST_PREFIXES = 32

const WITH_COMMENTS: Readonly<Record<string, Canonical['method']>> = {
  [`${EXCLUSIVE_C14N}WithComments`]: EXCLUSIVE_C14N,
  [`${INCLUSIVE_C14N}#WithComments`]: INCLUSIVE_C14N,
  [`${INCLUSIVE_C14N11}#WithComments`]: INCLUSIVE_C14N11,
}

/** Reads a Reference that has its children in order, or says why what it refers to is not computed. */
export function readReference (reference: Element): Reference | SigningFinding {
  const { URI: uri, Type: type } = reference.attributes
  if (type === `${XMLDSIG}Manifest`) return { code: 'MANIFEST_NOT_ALLOWED' }
  const target = targetOf(uri)
  if ('code' in target) return target
  const transforms = reference.children[0]?.name === 'Transforms' ? reference.children[0].children : []
  const way = wayOf(transforms)
  if ('code' in way) return way
  const [digestMethod, digestText] = reference.children.slice(-2) as [Element, Element]
  const digest = digestAlgorithm(algorithmOf(digestMethod))
  if (!digest) return whyRefused(algorithmOf(digestMethod))
  const digestValue = decoded(digestText.text)
  if (digestValue?.length !== digest.length) return { code: 'SIGNATURE_ENCODING', detail: 'DigestValue' }
  const { canonical, enveloped } = way
  // XMLDSig 4.4.3.3: without an XPointer comments are no part of what is referred to, whatever the canonicalization
  return { uri: uri ?? '', request: { id: target.id, enveloped, canonical: { ...canonical, comments: canonical.comments && target.comments }, hash: digest.hash }, digestValue }
}

/** How this element, a CanonicalizationMethod or a Transform, canonicalises; undefined if it is none of the three methods. */
export function canonicalOf (element: Element): Canonical | undefined {
  const name = algorithmOf(element)
  const method = canonicalMethod(name) ?? (Object.hasOwn(WITH_COMMENTS, name) ? WITH_COMMENTS[name] : undefined)
  if (!method) return undefined
  const comments = method !== name
  if (element.children.length === 0) return { method, comments, prefixes: [] }
  const [list, more] = element.children
  if (method !== EXCLUSIVE_C14N || more || list?.name !== 'InclusiveNamespaces' || list.namespace !== EXCLUSIVE_C14N) return undefined
  const prefixes = (list.attributes['PrefixList'] ?? '').split(/[ \t\r\n]+/).filter((prefix) => prefix !== '')
  return prefixes.length > MOST_PREFIXES ? undefined : { method, comments, prefixes }
}

/** trust.md 2.3, rule 8: nothing a message names is ever fetched. */
function targetOf (uri: string | undefined): { id: string | null, comments: boolean } | SigningFinding {
  if (uri === undefined) return { code: 'REFERENCE_EXTERNAL', detail: 'no URI' }
  if (uri === '') return { id: null, comments: false }
  if (!uri.startsWith('#')) return { code: 'REFERENCE_EXTERNAL', detail: uri }
  if (uri === '#xpointer(/)') return { id: null, comments: true }
  const pointer = /^#xpointer\(id\((?:'([^']+)'|"([^"]+)")\)\)$/.exec(uri)
  if (pointer) return { id: (pointer[1] ?? pointer[2]) as string, comments: true }
  return /^#[^%()]+$/.test(uri) ? { id: uri.slice(1), comments: false } : { code: 'REFERENCE_POINTER', detail: uri }
}

/** At most the enveloped-signature transform, then at most one canonicalization. XMLDSig 4.4.3.2: without one it is C14N 1.0. */
function wayOf (transforms: readonly Element[]): { enveloped: boolean, canonical: Canonical } | SigningFinding {
  const enveloped = transforms[0] !== undefined && algorithmOf(transforms[0]) === ENVELOPED_SIGNATURE
  const [canonicalization, more] = transforms.slice(enveloped ? 1 : 0)
  if (canonicalization === undefined) return { enveloped, canonical: { method: INCLUSIVE_C14N, comments: false, prefixes: [] } }
  const canonical = canonicalOf(canonicalization)
  if (!canonical) return { code: 'TRANSFORM_NOT_ALLOWED', detail: algorithmOf(canonicalization) }
  return more ? { code: 'TRANSFORM_NOT_ALLOWED', detail: algorithmOf(more) } : { enveloped, canonical }
}
