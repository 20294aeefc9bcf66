/**
 * xmlsec's collection of XML signatures: its own, and those of Merlin Hughes, Phaos, Sun and the W3C's interoperability tests. Everything that uses
 * only what we allow must be right, the rest is refused for a named reason. `-bad-` in a name means that upstream says no.
 */
import { runSignatures, type Rules, type SignatureTable } from './xml-signatures.ts'

/** What the cases are read from. */
export const XMLSEC_FILES = ['vectors/xmlsec'] as const

const PSS = 'xmlsec1 before 1.3 does not know RSASSA-PSS'

/** Where we and upstream, or we and xmlsec1, do not agree, and no reason code explains it. */
const WHY: Readonly<Record<string, string>> = {
  'aleksey-xmldsig-01/enveloped-ecdsa-java-bug.xml': 'r and s shorter than the order of the curve, as a bug in Java wrote them, and xmlsec1 takes them; XMLDSig 1.1, 6.4.3 wants them padded',
  'aleksey-xmldsig-01/enveloping-sha256-ecdsa-sha256_padded.xml': 'r and s of 33 octets; XMLDSig 1.1, 6.4.3 wants 32 for P-256. xmlsec1 takes it from 1.3 on',
  'aleksey-xmldsig-01/enveloping-sha512-ecdsa-sha512-with-asn1.xml': 'r and s in DER, as only xmlsec1 from 1.3 on takes them; XMLDSig 1.1, 6.4.3 wants them side by side',
  'aleksey-xmldsig-01/enveloping-rsa-pss-sha256.xml': PSS,
  'aleksey-xmldsig-01/enveloping-rsa-pss-sha384.xml': PSS,
  'aleksey-xmldsig-01/enveloping-rsa-pss-sha512.xml': PSS,
}

/** Judges every file by these rules. */
export function runXmlsec (rules: Rules): SignatureTable {
  return runSignatures({ title: 'xmlsec', folder: XMLSEC_FILES[0], rules, isBad: (name) => name.includes('-bad-'), why: WHY })
}
