/** The shape of the elements of a Signature, and the values in them. What is not exactly as a grammar has it is never computed with. */
import type { Element } from '../edxml/elements.ts'
import { EXCLUSIVE_C14N, INCLUSIVE_C14N, INCLUSIVE_C14N11, type CanonicalMethod } from '../edxml/xml.ts'
import { XMLDSIG } from './algorithms.ts'

/**
 * By name: attributes and children an element may have; a `#` among the children stands for text, and `null` for any content at all. Elements
 * are of the xmldsig namespace unless the name says otherwise, as `{namespace}name`.
 */
export type Grammar = Readonly<Record<string, { attributes: readonly string[], content: RegExp | null }>>

/** Inclusive C14N hands xml:lang and its kind down to SignedInfo. They mean nothing there. */
const INHERITED = '{http://www.w3.org/XML/1998/namespace}'

/** Base64 of 12 KiB: a certificate with an RSA-4096 key is a sixth of it. */
export const LONGEST_CERTIFICATE = 16_384
/** RSA-8192, the largest key anybody certifies. */
export const LONGEST_SIGNATURE = 1024

/** Path of the first element that is not as the grammar has it, or undefined. */
export function misshapen (element: Element, grammar: Grammar): string | undefined {
  const name = element.namespace === XMLDSIG ? element.name : `{${element.namespace}}${element.name}`
  const rule = Object.hasOwn(grammar, name) ? grammar[name] : undefined
  if (!rule) return element.name
  if (rule.content === null) return undefined
  const content = element.children.map((child) => `${child.name} `).join('') + (element.text.trim() === '' ? '' : '#')
  if (!rule.content.test(content)) return element.name
  if (Object.keys(element.attributes).some((attribute) => !rule.attributes.includes(attribute) && !attribute.startsWith(INHERITED))) return `${element.name}/@*`
  for (const child of element.children) {
    const fault = misshapen(child, grammar)
    if (fault) return `${element.name}/${fault}`
  }
  return undefined
}

const METHODS: readonly CanonicalMethod[] = [EXCLUSIVE_C14N, INCLUSIVE_C14N, INCLUSIVE_C14N11]

/** The canonicalization of this name, or undefined when it is none that is computed. */
export function canonicalMethod (name: string): CanonicalMethod | undefined {
  return METHODS.find((method) => method === name)
}

/** What an element says its algorithm is. */
export const algorithmOf = (element: Element): string => element.attributes['Algorithm'] ?? ''

/** A text without XML's white space. */
export const withoutSpace = (text: string): string => text.replace(/[ \t\r\n]+/g, '')

/** Strict base64: what decodes must encode back to the same text, so no two texts stand for one value. */
export function decoded (text: string): Buffer | undefined {
  const bare = withoutSpace(text)
  const octets = Buffer.from(bare, 'base64')
  return octets.length > 0 && octets.toString('base64') === bare ? octets : undefined
}
