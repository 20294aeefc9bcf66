/**
 * Signatures that are none: constants that programs in the field copy from QCVN 102's sample and from the axis' SDK, and empty skeletons.
 * A closed list, and only values: whoever carries one proves nothing, and nobody is accused of forgery for it.
 */
import type { Element } from '../edxml/elements.ts'

const DIGESTS: ReadonlySet<string> = new Set([
  'FwgIqsSYJshUS2+wlOM61L+q7Aw=', // the sample of QCVN 102
  'PrlYKdD8sksgnxFvUVtPIQ0pAqM=', // the sample of the SDK
])

const SIGNATURES = [
  'GbVb8n9+', // both samples
  'FXM4QWgc', // a tool that its users build packets with
]

// Whole, not as a prefix: a real certificate of 1453 octets begins with the same characters
const SAMPLE_CERTIFICATE = 'MIIFqTCCBJG'
const CERTIFICATE_ENDING = /xxxxx=*$/

/** Whether the values in this Signature, of whatever namespace, are known constants or nothing at all. */
export function isPlaceholder (signature: Element): boolean {
  const digests = valuesOf(signature, 'DigestValue')
  const signatures = valuesOf(signature, 'SignatureValue')
  return [...digests, ...signatures].every((value) => value === '') ||
    digests.some((value) => DIGESTS.has(value)) ||
    signatures.some((value) => SIGNATURES.some((beginning) => value.startsWith(beginning))) ||
    valuesOf(signature, 'X509Certificate').some((value) => value === SAMPLE_CERTIFICATE || CERTIFICATE_ENDING.test(value))
}

function valuesOf (element: Element, name: string): string[] {
  const own = element.name === name ? [element.text.replace(/\s+/g, '')] : []
  return [...own, ...element.children.flatMap((child) => valuesOf(child, name))]
}
