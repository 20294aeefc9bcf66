import { XMLParser } from 'fast-xml-parser'

/**
 * Reads canonical octets into a tree. Canonical XML is the small rest of XML that no two parsers understand differently: no
 * declaration, DOCTYPE, comment, CDATA or empty tag, and six references. Bytes that came from outside are never read here.
 */

export type Element = {
  namespace: string,
  /** Without its prefix. */
  name: string,
  /** By name; those in a namespace under `{namespace}name`. Namespace declarations are not among them. */
  attributes: Readonly<Record<string, string>>,
  children: Element[],
  /** The element's own text, its parts joined where children stand between them. */
  text: string,
}

/** Reads the canonical octets of a document or an element. */
export function readElements (octets: Uint8Array): Element {
  const text = Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength).toString('utf8')
  const [root] = PARSER.parse(text) as Parsed[]
  if (root === undefined) throw new Error('canonical octets without an element')
  return toElement(root, NO_NAMESPACES)
}

/** The one element of this name and namespace among the children, or undefined. */
export function childOf (element: Element, name: string, namespace = element.namespace): Element | undefined {
  return element.children.find((child) => child.name === name && child.namespace === namespace)
}

type Parsed = { [name: string]: Parsed[] | string | Record<string, string> }

const ATTRIBUTES = ':@'
const TEXT = '#text'

const PARSER = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  trimValues: false,
  parseTagValue: false,
  parseAttributeValue: false,
  processEntities: false,
  maxNestedTags: 2048,
})

type Namespaces = ReadonlyMap<string, string>

const NO_NAMESPACES: Namespaces = new Map([['', ''], ['xml', 'http://www.w3.org/XML/1998/namespace']])

function toElement (parsed: Parsed, outer: Namespaces): Element {
  let qualified = ''
  for (const key in parsed) if (key !== ATTRIBUTES) qualified = key
  const given = parsed[ATTRIBUTES] as Record<string, string> | undefined
  const namespaces = given === undefined ? outer : declared(given, outer)
  const [prefix, name] = parts(qualified)
  const element: Element = {
    namespace: resolve(namespaces, prefix),
    name,
    attributes: given === undefined ? NO_ATTRIBUTES : attributes(given, namespaces),
    children: [],
    text: '',
  }
  for (const child of parsed[qualified] as Parsed[]) {
    const text = child[TEXT]
    if (typeof text === 'string') element.text += decode(text)
    else element.children.push(toElement(child, namespaces))
  }
  return element
}

function declared (given: Record<string, string>, outer: Namespaces): Namespaces {
  let inner: Map<string, string> | null = null
  for (const key of Object.keys(given)) {
    if (!key.startsWith('@xmlns')) continue
    inner ??= new Map(outer)
    inner.set(key === '@xmlns' ? '' : key.slice('@xmlns:'.length), decode(given[key] as string))
  }
  return inner ?? outer
}

const NO_ATTRIBUTES: Readonly<Record<string, string>> = Object.freeze(Object.create(null) as Record<string, string>)

function attributes (given: Record<string, string>, namespaces: Namespaces): Record<string, string> {
  const found = Object.create(null) as Record<string, string>
  for (const key of Object.keys(given)) {
    if (key === '@xmlns' || key.startsWith('@xmlns:')) continue
    const [prefix, name] = parts(key.slice(1))
    found[prefix === '' ? name : `{${resolve(namespaces, prefix)}}${name}`] = decode(given[key] as string)
  }
  return found
}

function parts (qualified: string): [prefix: string, name: string] {
  const colon = qualified.indexOf(':')
  return colon === -1 ? ['', qualified] : [qualified.slice(0, colon), qualified.slice(colon + 1)]
}

function resolve (namespaces: Namespaces, prefix: string): string {
  const namespace = namespaces.get(prefix)
  if (namespace === undefined) throw new Error(`canonical octets with an undeclared prefix ${prefix}`)
  return namespace
}

const CHARACTERS: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#x9': '\t', '#xA': '\n', '#xD': '\r' }

/** The references that canonical XML writes (C14N 1.0, 2.3). */
function decode (text: string): string {
  return text.includes('&') ? text.replace(/&(amp|lt|gt|quot|#x9|#xA|#xD);/g, (_, name: string) => CHARACTERS[name] as string) : text
}
