/** Public keys that stand in a KeyInfo without a certificate. They prove nobody, so only exams of the arithmetic read them. */
import { createPublicKey, type KeyObject } from 'node:crypto'

import type { Element } from '../../src/edxml/elements.ts'

const CURVES: Record<string, { crv: string, octets: number }> = {
  'urn:oid:1.2.840.10045.3.1.7': { crv: 'P-256', octets: 32 },
  'urn:oid:1.3.132.0.34': { crv: 'P-384', octets: 48 },
  'urn:oid:1.3.132.0.35': { crv: 'P-521', octets: 66 },
}

/** All bare keys in a Signature that can be read. */
export function bareKeysIn (element: Element): KeyObject[] {
  const own = keyFrom(element)
  return [...(own ? [own] : []), ...element.children.flatMap(bareKeysIn)]
}

function keyFrom (element: Element): KeyObject | undefined {
  try {
    switch (element.name) {
      case 'RSAKeyValue': return createPublicKey({ format: 'jwk', key: { kty: 'RSA', n: url(octetsIn(element, 'Modulus')), e: url(octetsIn(element, 'Exponent')) } })
      case 'DEREncodedKeyValue': return createPublicKey({ format: 'der', type: 'spki', key: Buffer.from(element.text, 'base64') })
      case 'ECKeyValue': return pointOn(attributeOf(element, 'NamedCurve', 'URI'), octetsIn(element, 'PublicKey').subarray(1))
      // RFC 4050: coordinates in decimal
      case 'ECDSAKeyValue': {
        const urn = attributeOf(element, 'NamedCurve', 'URN')
        const octets = CURVES[urn]?.octets ?? 0
        return pointOn(urn, Buffer.concat(['X', 'Y'].map((name) => Buffer.from(BigInt(attributeOf(element, name, 'Value')).toString(16).padStart(octets * 2, '0'), 'hex'))))
      }
      default: return undefined
    }
  } catch {
    return undefined
  }
}

function pointOn (urn: string, point: Buffer): KeyObject | undefined {
  const curve = CURVES[urn]
  return curve && createPublicKey({ format: 'jwk', key: { kty: 'EC', crv: curve.crv, x: url(point.subarray(0, curve.octets)), y: url(point.subarray(curve.octets)) } })
}

function within (element: Element, name: string): Element | undefined {
  return element.name === name ? element : element.children.map((child) => within(child, name)).find((found) => found !== undefined)
}

const attributeOf = (element: Element, name: string, attribute: string): string => within(element, name)?.attributes[attribute] ?? ''
const octetsIn = (element: Element, name: string): Buffer => Buffer.from(within(element, name)?.text ?? '', 'base64')
const url = (octets: Buffer): string => octets.toString('base64url')
