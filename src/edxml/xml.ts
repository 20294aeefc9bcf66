import { ParseOption, XmlC14NMode, XmlDocument, XmlError, XmlLibError, XmlXPath } from 'libxml2-wasm'
import type { C14NOptions, XmlElement, XmlNode } from 'libxml2-wasm'
import { Refusal } from '../errors.ts'

/**
 * Parses and canonicalises with libxml2: the one reading of a packet that counts. Only octets leave this file.
 */

export const EXCLUSIVE_C14N = 'http://www.w3.org/2001/10/xml-exc-c14n#'
export const INCLUSIVE_C14N = 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315'
export const INCLUSIVE_C14N11 = 'http://www.w3.org/2006/12/xml-c14n11'

export type CanonicalMethod = typeof EXCLUSIVE_C14N | typeof INCLUSIVE_C14N | typeof INCLUSIVE_C14N11

const MODES = {
  [EXCLUSIVE_C14N]: XmlC14NMode.XML_C14N_EXCLUSIVE_1_0,
  [INCLUSIVE_C14N]: XmlC14NMode.XML_C14N_1_0,
  [INCLUSIVE_C14N11]: XmlC14NMode.XML_C14N_1_1,
}

/** A signature, taken out of its document. */
export type SplitSignature = {
  namespace: string,
  /** Canonical by its own CanonicalizationMethod; null when there is not exactly one SignedInfo with a known method. */
  signedInfo: Buffer | null,
  /** The whole element, exclusive canonical. */
  element: Buffer,
  /** SignatureValue, canonical in the way its first time-stamp says (EN 319 132-1, 5.3); null without one, or with a method that is not known. */
  stampedValue: Buffer | null,
  line: number,
}

/** A document and its signature, apart. */
export type Split = {
  method: CanonicalMethod,
  /** The document without the signature, canonical by `method`. */
  octets: Buffer,
  signature: SplitSignature | null,
  /** How many elements named Signature there are in all, in any namespace. */
  signatureCount: number,
}

/**
 * Parses once, takes the one Signature that is a child of the element at the path of local names `signatureAt` out, and canonicalises both.
 * Without a signature there the content is exclusive canonical; with one it is canonical in the way that its first Reference says.
 */
export function splitSignature (bytes: Uint8Array, signatureAt: readonly string[]): Split {
  return withDocument(bytes, (document) => {
    const signatures = mayHold(bytes, 'Signature') ? elementsOf(document.root, ALL_SIGNATURES) : []
    const inPlace = signatures.filter((signature) => isAt(signature, signatureAt))
    const [signature] = inPlace
    if (signature === undefined || inPlace.length > 1) {
      return { method: EXCLUSIVE_C14N, octets: canonicalOctets(document, EXCLUSIVE_C14N, null), signature: null, signatureCount: signatures.length }
    }
    const [method, prefixes] = referenceMethod(signature)
    const split = takeOut(signature)
    return { method, octets: canonicalOctets(document, method, prefixes), signature: split, signatureCount: signatures.length }
  })
}

/** The whole document, canonical. */
export function canonicalise (bytes: Uint8Array, method: CanonicalMethod): Buffer {
  return withDocument(bytes, (document) => canonicalOctets(document, method, null))
}

// libxml2 refuses texts above 10 MB, and a depth above 256, unless told otherwise.
const HUGE_FROM = 10_000_000

const STRICT = ParseOption.XML_PARSE_NO_XXE | ParseOption.XML_PARSE_NONET | ParseOption.XML_PARSE_BIG_LINES

/** Parses strictly, once, and lets `use` look at the tree: it is gone afterwards. */
export function withDocument<T> (bytes: Uint8Array, use: (document: XmlDocument) => T): T {
  using document = parse(bytes)
  if (document.dtd !== null) throw new Refusal('PACKET_DOCTYPE')
  if (mayHold(bytes, '<?') && document.eval(INSTRUCTIONS) !== 0) throw new Refusal('PACKET_INSTRUCTION')
  return use(document)
}

function parse (bytes: Uint8Array): XmlDocument {
  const option = bytes.length > HUGE_FROM ? STRICT | ParseOption.XML_PARSE_HUGE : STRICT
  try {
    return XmlDocument.fromBuffer(bytes, { encoding: 'utf-8', option })
  } catch (error) {
    if (!(error instanceof XmlLibError)) throw error
    const fault = error.details.find(({ level }) => level > 1)
    const message = fault?.message.trim() ?? ''
    const code = message.startsWith('Extra content') ? 'PACKET_TRAILING_CONTENT' : 'PACKET_NOT_XML'
    throw new Refusal(code, { ...fault === undefined ? {} : { line: fault.line }, detail: message }, { cause: error })
  }
}

function mayHold (bytes: Uint8Array, text: string): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(text, 0, 'latin1')
}

// Compiled once and kept as long as the process lives.
const INSTRUCTIONS = XmlXPath.compile('count(//processing-instruction())')
const ALL_SIGNATURES = XmlXPath.compile('//*[local-name()="Signature"]')
const SIGNED_INFOS = XmlXPath.compile('*[local-name()="SignedInfo"]')
const METHODS = XmlXPath.compile('*[local-name()="CanonicalizationMethod"]')
const SIGNATURE_VALUES = XmlXPath.compile('*[local-name()="SignatureValue"]')
const TIME_STAMPS = XmlXPath.compile('*[local-name()="Object"]//*[local-name()="SignatureTimeStamp"]')
const TRANSFORMS = XmlXPath.compile('*[local-name()="SignedInfo"]/*[local-name()="Reference"][1]/*[local-name()="Transforms"]/*[local-name()="Transform"]')
const PREFIX_LIST = XmlXPath.compile('string(*[local-name()="InclusiveNamespaces"]/@PrefixList)')
const ALGORITHM = XmlXPath.compile('string(@Algorithm)')

/** The elements that a path finds from here. */
export function elementsOf (node: XmlNode, path: XmlXPath): XmlElement[] {
  return node.find(path) as XmlElement[]
}

function isAt (node: XmlElement, path: readonly string[]): boolean {
  let parent = node.parent
  for (const name of path.toReversed()) {
    if (parent === null || parent.name !== name) return false
    parent = parent.parent
  }
  return parent === null
}

function isMethod (algorithm: string): algorithm is CanonicalMethod {
  return Object.hasOwn(MODES, algorithm)
}

type Method = [CanonicalMethod, prefixes: string[] | null]

const MOST_PREFIXES = 32

function methodOf (element: XmlElement): Method | null {
  const algorithm = element.eval(ALGORITHM) as string
  if (!isMethod(algorithm)) return null
  if (algorithm !== EXCLUSIVE_C14N) return [algorithm, null]
  const list = (element.eval(PREFIX_LIST) as string).split(/\s+/).filter((prefix) => prefix !== '')
  // More prefixes than a packet may have in force are no honest list, and libxml2 would compare each of them at each element.
  if (list.length > MOST_PREFIXES) return null
  return [algorithm, list.length === 0 ? null : list]
}

/** How the signature's first Reference canonicalises. XMLDSig 4.4.3.2: a node-set is digested by C14N 1.0 if no Transform says otherwise. */
function referenceMethod (signature: XmlElement): Method {
  for (const transform of elementsOf(signature, TRANSFORMS)) {
    const method = methodOf(transform)
    if (method !== null) return method
  }
  return [INCLUSIVE_C14N, null]
}

function takeOut (signature: XmlElement): SplitSignature {
  const { line, namespaceUri: namespace } = signature
  const [info, second] = elementsOf(signature, SIGNED_INFOS)
  const [canonicalization, further] = info === undefined ? [] : elementsOf(info, METHODS)
  const method = second !== undefined || canonicalization === undefined || further !== undefined ? null : methodOf(canonicalization)
  // Whatever depends on what surrounds SignedInfo is canonicalised where it stands; the rest is faster alone.
  const inPlace = info !== undefined && method !== null && (method[0] !== EXCLUSIVE_C14N || method[1] !== null)
    ? canonicalOctets(info, ...method)
    : null
  const stampedValue = stamped(signature)
  using alone = moved(signature)
  const element = canonicalOctets(alone, EXCLUSIVE_C14N, null)
  if (inPlace !== null || info === undefined || method === null) return { namespace, signedInfo: inPlace, element, stampedValue, line }
  using infoAlone = moved(info)
  return { namespace, signedInfo: canonicalOctets(infoAlone, EXCLUSIVE_C14N, null), element, stampedValue, line }
}

function stamped (signature: XmlElement): Buffer | null {
  const [stamp] = elementsOf(signature, TIME_STAMPS)
  const [value] = elementsOf(signature, SIGNATURE_VALUES)
  if (stamp === undefined || value === undefined) return null
  const [given] = elementsOf(stamp, METHODS)
  const method: Method | null = given === undefined ? [INCLUSIVE_C14N, null] : methodOf(given)
  return method && canonicalOctets(signature.doc, ...method, { nodeSet: new Set([value]) })
}

/** The element becomes the root of a document of its own, and is gone from the one it was in. Its namespaces stay those of its old place. */
export function moved (element: XmlElement): XmlDocument {
  const alone = XmlDocument.create()
  alone.root = element
  return alone
}

type Canonicalisable = { canonicalize (handler: ReturnType<typeof collector>['handler'], options: C14NOptions): void }

/** Canonical octets of a document or of an element in its place. Throws a Refusal if they have no canonical form. */
export function canonicalOctets (node: Canonicalisable, method: CanonicalMethod, prefixes: readonly string[] | null, more: Pick<C14NOptions, 'withComments' | 'nodeSet'> = {}): Buffer {
  const { handler, octets } = collector()
  try {
    node.canonicalize(handler, { mode: MODES[method], ...prefixes === null ? {} : { inclusiveNamespacePrefixes: [...prefixes] }, ...more })
  } catch (error) {
    // C14N 1.0, 1.3: what declares a relative namespace has no canonical form. Parsed XML gives no other reason.
    if (error instanceof XmlError) throw new Refusal('PACKET_NAMESPACE', { detail: 'a namespace is not an absolute URI' }, { cause: error })
    throw error
  }
  return octets()
}

function collector () {
  const parts: Buffer[] = []
  const handler = {
    // What is handed over is a window on libxml2's memory, and is written again.
    write: (part: Uint8Array): number => { parts.push(Buffer.from(part)); return part.byteLength },
    close: (): boolean => true,
  }
  return { handler, octets: (): Buffer => parts.length === 1 ? parts[0] as Buffer : Buffer.concat(parts) }
}
