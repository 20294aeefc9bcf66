/**
 * Reads canonical octets into a tree. Canonical XML is the small rest of XML that no two readers understand differently: no declaration,
 * DOCTYPE, comment, CDATA or empty tag, one way to write an attribute, and seven references (C14N 1.0, 1.1). Only libxml2 makes it here;
 * bytes that came from outside are never read by this.
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
  const source = Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength).toString('utf8')
  const open: Open[] = []
  let at = 0
  for (;;) {
    const lt = source.indexOf('<', at)
    const inside = open.at(-1)
    if (lt === -1) throw notCanonical(at)
    if (inside !== undefined && lt > at) inside.element.text += decode(source.slice(at, lt))
    if (source.charCodeAt(lt + 1) === SLASH) {
      const closed = open.pop()
      if (closed === undefined || !source.startsWith(`${closed.qualified}>`, lt + 2)) throw notCanonical(lt)
      if (open.length === 0) return closed.element
      at = lt + closed.qualified.length + 3
    } else {
      const opened = readStartTag(source, lt, inside?.namespaces ?? NO_NAMESPACES)
      inside?.element.children.push(opened.element)
      open.push(opened)
      at = opened.end
    }
  }
}

/** The first child of this name and namespace, or undefined. */
export function childOf (element: Element, name: string, namespace = element.namespace): Element | undefined {
  return element.children.find((child) => child.name === name && child.namespace === namespace)
}

type Namespaces = ReadonlyMap<string, string>

type Open = { element: Element, qualified: string, namespaces: Namespaces, /** Index after the start tag. */ end: number }

const SLASH = 0x2f
const NO_NAMESPACES: Namespaces = new Map([['', ''], ['xml', 'http://www.w3.org/XML/1998/namespace']])
const NO_ATTRIBUTES: Readonly<Record<string, string>> = Object.freeze(Object.create(null) as Record<string, string>)

// Sticky: each is asked about one place only.
const NAME = /[^ <>/!?="&]+/y
const ATTRIBUTE = / ([^ <>/="&]+)="([^"<]*)"/y

function readStartTag (source: string, lt: number, outer: Namespaces): Open {
  NAME.lastIndex = lt + 1
  const qualified = NAME.exec(source)?.[0]
  if (qualified === undefined) throw notCanonical(lt)
  let end = lt + 1 + qualified.length
  let namespaces = outer
  let given: [name: string, value: string][] | null = null
  while (source.charCodeAt(end) !== 0x3e) {
    ATTRIBUTE.lastIndex = end
    const match = ATTRIBUTE.exec(source)
    if (match === null) throw notCanonical(end)
    const [whole, name, value] = match as unknown as [string, string, string]
    end += whole.length
    if (name === 'xmlns') namespaces = new Map(namespaces).set('', decode(value))
    else if (name.startsWith('xmlns:')) namespaces = new Map(namespaces).set(name.slice(6), decode(value))
    else (given ??= []).push([name, decode(value)])
  }
  const colon = qualified.indexOf(':')
  const element: Element = {
    namespace: resolve(namespaces, colon === -1 ? '' : qualified.slice(0, colon)),
    name: colon === -1 ? qualified : qualified.slice(colon + 1),
    attributes: given === null ? NO_ATTRIBUTES : attributesOf(given, namespaces),
    children: [],
    text: '',
  }
  return { element, qualified, namespaces, end: end + 1 }
}

function attributesOf (given: readonly [string, string][], namespaces: Namespaces): Record<string, string> {
  const attributes = Object.create(null) as Record<string, string>
  for (const [name, value] of given) {
    const colon = name.indexOf(':')
    attributes[colon === -1 ? name : `{${resolve(namespaces, name.slice(0, colon))}}${name.slice(colon + 1)}`] = value
  }
  return attributes
}

function resolve (namespaces: Namespaces, prefix: string): string {
  const namespace = namespaces.get(prefix)
  if (namespace === undefined) throw new Error('canonical octets with an undeclared prefix')
  return namespace
}

const REFERENCE = /&(amp|lt|gt|quot|#x9|#xA|#xD);/g
const CHARACTERS: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#x9': '\t', '#xA': '\n', '#xD': '\r' }

function decode (text: string): string {
  return text.includes('&') ? text.replace(REFERENCE, (_, name: string) => CHARACTERS[name] as string) : text
}

function notCanonical (at: number): Error {
  return new Error(`octets are not canonical at ${at}`)
}
