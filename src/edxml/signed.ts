/**
 * Signatures anywhere in an XML document, and the digests of whatever they refer to: all of it from one parse by libxml2.
 * Only octets and digests leave this file. What a signature means is judged elsewhere.
 */
import { XmlElement, XmlXPath, type XmlAttribute, type XmlDocument } from 'libxml2-wasm'
import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import { Refusal } from '../errors.ts'
import { lift } from './lift.ts'
import type { Limits } from './limits.ts'
import { toUtf8 } from './open.ts'
import { canonicalOctets, elementsOf, EXCLUSIVE_C14N, moved, withDocument, type CanonicalMethod } from './xml.ts'

/** A way to canonicalise. `prefixes` belong to exclusive C14N alone. */
export type Canonical = { method: CanonicalMethod, comments: boolean, prefixes: readonly string[] }

/** What a Reference asks for: the digest (as node:crypto names it) of the element of an Id, or of the document; with the Signature taken out of it or not. */
export type PartRequest = { id: string | null, enveloped: boolean, canonical: Canonical, hash: string }

/** The digest of canonical octets, and the place they come from: a path of local names, numbered where there are several of one name. */
export type Part = { path: string, digest: Buffer }

/** `absent`: no element has this Id. `ambiguous`: several Ids are this one. `misplaced`: the Signature is to be taken out of what it does not stand in. `excessive`: all parts together are much larger than the document. */
export type PartFault = 'absent' | 'ambiguous' | 'misplaced' | 'excessive'

/** References overlap: the document as a whole, and a part of it that is told apart. Nested ones without end would cost their number times its size. */
const MOST_TIMES_THE_DOCUMENT = 4
const ROOM_FOR_SMALL = 1024 * 1024

/** A Signature in its document. */
export type LocatedSignature = {
  path: string,
  line: number,
  /** The whole element, exclusive canonical. */
  element: Buffer,
  /** SignedInfo, canonical in its place; null when it holds a comment that would be signed, or there is none. */
  signedInfo (canonical: Canonical): Buffer | null,
  /** SignatureValue, canonical in its place: what a time-stamp is over (EN 319 132-1, 5.3). */
  signatureValue (canonical: Canonical): Buffer | null,
  /** Asked once only: the Signature is taken out of its document on the way. */
  parts (requests: readonly PartRequest[]): (Part | PartFault)[],
}

const ALL_SIGNATURES = XmlXPath.compile('//*[local-name()="Signature" and namespace-uri()="http://www.w3.org/2000/09/xmldsig#"]')
const SIGNED_INFO = XmlXPath.compile('*[local-name()="SignedInfo"]')
const SIGNATURE_VALUE = XmlXPath.compile('*[local-name()="SignatureValue"]')
const ALL_IDS = XmlXPath.compile('//@*[local-name()="Id" or local-name()="ID" or local-name()="id"]')

/**
 * Parses strictly, and lets `use` look at the Signature with this number, in document order from 0; undefined when there are not so many.
 * Throws a Refusal PACKET_… for what is no XML, too large or has a DOCTYPE.
 */
export function withSignature<T> (bytes: Uint8Array, number: number, limits: Limits, use: (signature: LocatedSignature | undefined, count: number) => T): T {
  if (bytes.length > limits.packetBytes) throw new Refusal('PACKET_TOO_LARGE', { detail: `more than ${limits.packetBytes} bytes` })
  const { bytes: shaped, understood } = lift(toUtf8(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)), limits, false)
  if (!isUtf8(shaped)) throw new Refusal('PACKET_ENCODING', { detail: 'the bytes are not UTF-8' })
  return withDocument(shaped, (document) => {
    if (!understood) throw new Refusal('PACKET_NOT_XML')
    const signatures = elementsOf(document.root, ALL_SIGNATURES)
    const signature = signatures[number]
    return use(signature && locate(document, signature, shaped.length * MOST_TIMES_THE_DOCUMENT + ROOM_FOR_SMALL), signatures.length)
  })
}

function locate (document: XmlDocument, signature: XmlElement, room: number): LocatedSignature {
  const whole = ({ method, comments, prefixes }: Canonical, nodeSet?: Set<XmlElement>) =>
    canonicalOctets(document, method, prefixes.length === 0 ? null : prefixes, { withComments: comments, ...nodeSet && { nodeSet } })
  const inPlace = (element: XmlElement, canonical: Canonical) => whole(canonical, new Set([element]))
  const child = (path: XmlXPath, canonical: Canonical): Buffer | null => {
    const [element] = elementsOf(signature, path)
    if (element === undefined) return null
    const octets = inPlace(element, canonical)
    return canonical.comments && !octets.equals(inPlace(element, { ...canonical, comments: false })) ? null : octets
  }
  return {
    path: pathOf(signature),
    line: signature.line,
    element: canonicalOctets(document, EXCLUSIVE_C14N, null, { nodeSet: new Set([signature]) }),
    signedInfo: (canonical) => child(SIGNED_INFO, canonical),
    signatureValue: (canonical) => child(SIGNATURE_VALUE, canonical),
    parts (requests) {
      const byId = idsOf(document)
      const targets = requests.map(({ id, enveloped }) => targetOf(document, signature, id, enveloped, byId))
      const partsOf = (wanted: boolean) => requests.map(({ enveloped, canonical, hash }, index): Part | PartFault | null => {
        const target = targets[index] as Target
        if (typeof target === 'string') return target
        if (enveloped !== wanted) return null
        if (room < 0) return 'excessive'
        const octets = target.element === null ? whole(canonical) : inPlace(target.element, canonical)
        room -= octets.length
        return { path: target.path, digest: createHash(hash).update(octets).digest() }
      })
      const untouched = partsOf(false)
      if (!untouched.includes(null)) return untouched as (Part | PartFault)[]
      using _ = moved(signature)
      const apart = partsOf(true)
      return untouched.map((part, index) => part ?? apart[index] as Part)
    },
  }
}

/** An element, or null for the document as a whole. */
type Target = { element: XmlElement | null, path: string } | PartFault

function targetOf (document: XmlDocument, signature: XmlElement, id: string | null, enveloped: boolean, byId: ReadonlyMap<string, XmlElement[]>): Target {
  const [element, second] = id === null ? [null] : byId.get(id) ?? []
  if (element === undefined) return 'absent'
  if (second !== undefined) return 'ambiguous'
  // XMLDSig 6.6.4: the transform removes the Signature that contains it. What stands inside that Signature, it would remove as a whole
  if (enveloped && !isInside(signature, element ?? document.root)) return 'misplaced'
  return { element, path: element === null ? '/' : pathOf(element) }
}

function isInside (inner: XmlElement, outer: XmlElement): boolean {
  for (let parent = inner.parent; parent !== null; parent = parent.parent) if (parent.isSameNode(outer)) return true
  return false
}

/** Without a DTD nothing tells which attributes are Ids: all that anybody takes for one count, so that no two readers find two elements. */
function idsOf (document: XmlDocument): Map<string, XmlElement[]> {
  const byId = new Map<string, XmlElement[]>()
  for (const attribute of document.find(ALL_IDS) as XmlAttribute[]) {
    const { value, parent } = attribute
    const holders = byId.get(value)
    if (holders) holders.push(parent as XmlElement)
    else byId.set(value, [parent as XmlElement])
  }
  return byId
}

function pathOf (element: XmlElement): string {
  const steps: string[] = []
  for (let at: XmlElement | null = element; at !== null; at = at.parent) steps.unshift(stepOf(at))
  return `/${steps.join('/')}`
}

function stepOf (element: XmlElement): string {
  const { name } = element
  if (element.parent === null) return name
  const isSame = (node: typeof element.prev): boolean => node instanceof XmlElement && node.name === name
  let before = 0
  for (let node = element.prev; node !== null; node = node.prev) if (isSame(node)) before++
  let others = before
  for (let node = element.next; node !== null && others === 0; node = node.next) if (isSame(node)) others++
  return others === 0 ? name : `${name}[${before + 1}]`
}
