/** The files that xml-crypto is tested with: signatures as SAML and WS-* libraries write them, and attacks on verifiers. What upstream holds for bad says so in its name, or is an attack. */
import { runSignatures, type Rules, type SignatureTable } from './xml-signatures.ts'

/** What the cases are read from. */
export const XML_CRYPTO_FILES = ['vectors/xml-crypto'] as const

/** CVE-2025-29774, CVE-2025-29775, and a wrapping by equal Ids; upstream refuses them too, whatever their names say. */
const ATTACKS: ReadonlySet<string> = new Set([
  'saml_multiple_signed_info_nodes.xml', 'saml_wrapped_signed_info_node.xml', 'valid_saml_with_digest_comment.xml', 'valid_saml_signature_wrapping.xml',
])

const WHY: Readonly<Record<string, string>> = {
  'valid_saml_sha256_rsa_mgf1.xml': 'xmlsec1 before 1.3 does not know RSASSA-PSS',
  'windows_store_signature.xml': 'upstream takes the white space between elements out before it verifies; as it lies there its digest is another',
  'valid_saml_withcomments.xml': 'its CanonicalizationMethod was changed after it was signed; upstream only loads it',
}

/** Judges every file by these rules. */
export function runXmlCrypto (rules: Rules): SignatureTable {
  return runSignatures({ title: 'xml-crypto', folder: XML_CRYPTO_FILES[0], rules, isBad: (name) => name.includes('invalid_') || ATTACKS.has(name), why: WHY })
}
