/** An input for every reason of the table, by which it is brought about. */
import type { Attachment, DocumentPacket } from '../../src/edxml/packet.ts'
import { judgePacketSignature } from '../../src/signing/packet-signature.ts'
import type { SIGNING_REASONS } from '../../src/signing/reasons.ts'
import { judgeSeal, makeSeal } from '../../src/signing/seal.ts'
import type { SignatureContext } from '../../src/signing/xmldsig.ts'
import type { Verdict } from '../../src/trust/verdict.ts'
import { contextFor, documentPacket, NOW, open, packetText, sender, signedText, stranger } from './world.ts'
import { DS, enveloping, judgeOne, MORE, object, old, trustWith, x509, XADES } from './xml-world.ts'

const signed = await signedText()
const document = documentPacket()
const seal = await makeSeal(document, sender, NOW)

/** The signed packet after a change. */
function packet (change: (text: string) => string, context: SignatureContext = contextFor()): Verdict {
  return judgePacketSignature(open(change(signed)), context)
}

/** A signature of the general form, whose SignedInfo is changed before it is signed. */
const xml = (signedInfo: (text: string) => string): Verdict => judgeOne(enveloping({ signedInfo })).verdict

const keyInfo = (content: string): Verdict => judgeOne(enveloping({ keyInfo: `<KeyInfo>${content}</KeyInfo>` })).verdict

/** The document, changed, with its seal, changed. */
function sealed (change: Partial<DocumentPacket> = {}, bytes: Buffer = seal.bytes): Verdict {
  return judgeSeal({ ...seal, bytes }, { ...document, ...change }, contextFor())
}

const [first] = document.attachments as [Attachment]
const header = (change: Partial<DocumentPacket['header']>) => ({ header: { ...document.header, ...change } })
const text = (change: (seal: string) => string): Buffer => Buffer.from(change(seal.bytes.toString()))

export const produces: Record<keyof typeof SIGNING_REASONS, () => Verdict | Promise<Verdict>> = {
  SIGNATURE_ABSENT: () => judgePacketSignature(open(packetText('')), contextFor()),
  SIGNATURE_PLACEHOLDER: () => packet((text) => text.replace(/(<DigestValue>)[^<]*/, '$1FwgIqsSYJshUS2+wlOM61L+q7Aw=')),
  SIGNATURE_REWRITTEN: () => packet((text) => text.replace(`<Signature xmlns="${DS}"`, '<Signature')),
  SIGNATURE_REPEATED: () => packet((text) => text.replace('</edXML:edXMLBody>', '<Signature/>$&')),
  SIGNATURE_MISPLACED: () => packet((text) => text.replace(/<Signature .*<\/Signature>/s, '').replace('</edXML:edXMLBody>', '<Signature/>$&')),
  SIGNATURE_NAMESPACE: () => packet((text) => text.replace(`<Signature xmlns="${DS}"`, '<Signature xmlns="urn:x"')),
  SIGNATURE_FORM: () => packet((text) => text.replace('</KeyInfo>', '</KeyInfo><Object/>')),
  SIGNATURE_NOT_WHOLE: () => packet((text) => text.replace('URI=""', 'URI="#it"')),
  SIGNATURE_ENCODING: () => packet((text) => text.replace(/(<SignatureValue>)./, '$1*')),
  REFERENCE_EXTERNAL: () => xml((text) => text.replace('#it', 'http://attacker.example/')),
  REFERENCE_POINTER: () => xml((text) => text.replace('#it', '#xpointer(//x)')),
  REFERENCE_ABSENT: () => xml((text) => text.replace('#it', '#other')),
  REFERENCE_AMBIGUOUS: () => judgeOne(`<r><x Id="it"/>${enveloping()}</r>`).verdict,
  REFERENCE_MISPLACED: () => xml((text) => text.replace('<DigestMethod', `<Transforms><Transform Algorithm="${DS}enveloped-signature"></Transform></Transforms>$&`)),
  TRANSFORM_NOT_ALLOWED: () => xml((text) => text.replace('<DigestMethod', '<Transforms><Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"></Transform></Transforms>$&')),
  MANIFEST_NOT_ALLOWED: () => judgeOne(enveloping({ objects: [object('<Manifest></Manifest>')] })).verdict,
  SIGNATURE_COVERS_PARTS: () => judgeOne(enveloping()).verdict,
  SIGNATURE_COVERS_ITSELF: () => judgeOne(`<r><forged/>${enveloping()}</r>`).verdict,
  CANONICALIZATION_NOT_ALLOWED: () => packet((text) => text.replace(/(CanonicalizationMethod Algorithm=")[^"]*/, '$1urn:x')),
  ALGORITHM_SHA1: () => judgeOne(enveloping({ hash: 'sha1', signer: old })).verdict,
  ALGORITHM_SHA1_HISTORICAL: () => judgeOne(enveloping({ hash: 'sha1', signer: old }), { at: new Date('2015-06-01'), trust: trustWith({ sha1Before: '2017-01-01' }) }).verdict,
  ALGORITHM_HMAC: () => packet((text) => text.replace(/[^"]*rsa-sha256/, `${MORE}hmac-sha256`)),
  ALGORITHM_NOT_ALLOWED: () => packet((text) => text.replace(/[^"]*rsa-sha256/, `${MORE}rsa-md5`)),
  SIGNER_KEY_UNFIT: () => packet((text) => text.replace(/[^"]*rsa-sha256/, `${MORE}ecdsa-sha256`)),
  SIGNER_CERTIFICATE_ABSENT: () => packet((text) => text.replace(/<KeyInfo>.*<\/KeyInfo>/, '')),
  SIGNER_CERTIFICATE_UNREADABLE: () => packet((text) => text.replace(/(<X509Certificate>)[^<]*/, '$1AAAA')),
  SIGNER_CERTIFICATE_AMBIGUOUS: () => packet((text) => text.replace('<X509Certificate>', `<X509Certificate>${stranger.certificate.raw.toString('base64')}</X509Certificate>$&`)),
  SIGNER_CERTIFICATE_OTHER: () => judgeOne(enveloping({ objects: [object(`<xades:QualifyingProperties xmlns:xades="${XADES}"><xades:SignedProperties><xades:SignedSignatureProperties><xades:SigningCertificateV2></xades:SigningCertificateV2></xades:SignedSignatureProperties></xades:SignedProperties></xades:QualifyingProperties>`)] })).verdict,
  SIGNER_KEY_BARE: () => keyInfo('<KeyValue><RSAKeyValue></RSAKeyValue></KeyValue>'),
  KEY_INFO_NOT_ALLOWED: () => keyInfo('<RetrievalMethod URI="http://attacker.example/key"></RetrievalMethod>'),
  SIGNER_NOT_AGENCY: () => packet((text) => text, contextFor(stranger)),
  SIGNER_UNKNOWN: () => packet((text) => text, contextFor(sender, { speaksFor: () => 'unknown' })),
  SIGNATURE_VALUE_WRONG: () => judgeOne(enveloping({ keyInfo: x509(old) })).verdict,
  CONTENT_CHANGED: () => packet((text) => text.replace('H99.09', 'H99.10')),
  SEAL_ABSENT: () => judgeSeal(undefined, document, contextFor()),
  SEAL_UNREADABLE: () => sealed({}, Buffer.from('no seal')),
  SEAL_UNSIGNED: () => sealed({}, text((seal) => seal.replace(/<Signature .*<\/Signature>/s, ''))),
  SEAL_OTHER_DOCUMENT: () => sealed(header({ documentId: 'another' })),
  SEAL_FIELD_CHANGED: () => sealed(header({ subject: 'V/v chuyển tiền' })),
  SEAL_ATTACHMENT_CHANGED: () => sealed({ attachments: [{ ...first, bytes: Buffer.from('%PDF-1.7\nhai') }, ...document.attachments.slice(1)] }),
  SEAL_ATTACHMENT_MISSING: () => sealed({ attachments: document.attachments.slice(1) }),
  SEAL_ATTACHMENT_ADDED: () => sealed({ attachments: [...document.attachments, { ...first, name: 'thêm.pdf' }] }),
}
